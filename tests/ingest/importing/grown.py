"""Documents grown from any bytes: each chooses what comes next, so that most of what fuzzing tries is well formed."""

import html

from tests.ingest.importing.word import NAMES, make_docx, relation

TEXTS = [
    "甲",
    "Q1：乙？",
    "A1：丙",
    "x",
    " ",
    "1. ",
    "【编号】：101",
    "# 注",
    "**",
    "$",
    "|",
    "https://a.example/b",
    "\\",
    "`",
]
WORD = (  # what holds words, and among it what says how they look
    "p p p p r r r tbl tr tc ins hyperlink fldSimple sdt sdtContent drawing pict txbxContent AlternateContent Choice"
    " Fallback oMath oMathPara f num den sSup sSub sSubSup sPre e sup sub rad deg nary m mr func fName limLow lim d"
    " eqArr acc bar groupChr ruby rt rubyBase graphicData moveFrom moveTo smartTag del unknown pPr rPr tcPr"
).split()
WORD_LEAVES = (
    "gridSpan vMerge fldChar instrText checkbox checked naryPr chr begChr endChr footnoteReference altChunk numPr numId"
    " ilvl outlineLvl pStyle rStyle sym br tab b i vertAlign vanish rFonts blip imagedata textpath chart del gridBefore"
).split()
COUNTS = (
    "abstractNum num lvl style numPr numFmt lvlText start abstractNumId lvlOverride startOverride name basedOn numId"
    " ilvl rPr pPr b vanish outlineLvl"
).split()
WORD_SAID = "val id embed type fldCharType instr char font ascii uri string ilvl numId abstractNumId styleId".split()
HTML = (
    "p div span b i a img ul ol li table tr td th pre code h1 h2 h3 br hr sup sub math mfrac mi mn msup mrow semantics"
    " annotation script style details summary blockquote input ruby rt rp svg text iframe video noscript template dl dt"
    " dd q del figure section button title body head form select option textarea"
).split()
HTML_SAID = "href src data-src class style id name type display start colspan rowspan alt aria-hidden hidden".split()
SAID = (
    '|0|1|2|-1|99999999999999999999|begin|separate|end|on|HYPERLINK "https://a.example/"|F0FC|Wingdings|Consolas'
    "|restart|superscript|decimal|chineseCounting|%1.%2.|Q%1：|c1|#c1|https://a.example/x|data:image/png;base64,AA=="
    "|katex katex-mathml|katex-html|math/tex|block|display:none|mso-list:l0 level2|lst-kix_a-1|checkbox|½|x"
).split("|")
LINES = (
    "# 题|## Free Talk|Q1：甲？|A1：乙|- 丙|  - 丁|1. 戊？|> 己|> [!note]- 庚|```|    辛|$$|| a | b ||---|---|<details>"
    "|<summary>壬</summary>|</details>|![](x.png)|[^1]: 癸|子[^1]|<!--|-->|%%|:::|??? note|===|---|【编号】：101|+++"
    "|[x]: y|![[a]]|**问：** 丑|**答**：寅||<b>|—阿木"
).split("|")
PAINT = (
    "0 {0} Td|({1}) Tj|{0} 0 Td|/F1 {2} Tf|{0} {0} {2} 1 re S|{0} {0} m {0} {2} l S|1 0 0 1 {0} {2} Tm|<00{2}> Tj|T*"
    "|({1}) '|0 1 -1 0 {0} {0} Tm|/F2 9 Tf|{2} Ts|ET BT|q 2 0 0 2 0 0 cm|Q|{0} Tc"
).split("|")


class Choices:
    """Bytes, each used once; what is chosen when none is left is the first."""

    def __init__(self, content):
        self.left = list(content)[::-1]

    def one(self, of):
        return of[self.left.pop() % len(of)] if self.left else of[0]


def _tree(choices, names, attributes, leaves=(), prefix="", most=400, text="{}"):
    """Elements in each other, closed as they were opened."""
    out, opened = [], []
    while choices.left and len(out) < most:
        step = choices.one(range(6))
        if step in (0, 5) and opened:
            out.append(f"</{opened.pop()}>")
        elif step == 1:
            out.append(text.format(html.escape(choices.one(TEXTS))))
        else:
            name = prefix + choices.one(leaves if step == 4 and leaves else names)
            said = {choices.one(attributes): choices.one(SAID) for _ in range(step % 5 - 2)}
            shown = "".join(f' {prefix}{key}="{html.escape(value)}"' for key, value in said.items())
            if step == 4 and leaves:
                out.append(f"<{name}{shown}/>")
            else:
                opened.append(name)
                out.append(f"<{name}{shown}>")
    return "".join([*out, *(f"</{name}>" for name in reversed(opened))])


def _docx(choices):
    run = "<w:r><w:t>{}</w:t></w:r>"
    numbering, styles = (_tree(choices, COUNTS, WORD_SAID, COUNTS, "w:", 40) for _ in range(2))
    body, notes = (_tree(choices, WORD, WORD_SAID, WORD_LEAVES, "w:", most, run) for most in (300, 60))
    named = relation("c1", "aFChunk", "c.html") + relation("1", "footnotes", "footnotes.xml")
    parts = {
        "word/c.html": f"<p>{choices.one(TEXTS)}<b>",
        "word/styles.xml": f"<w:styles {NAMES}>{styles}</w:styles>",
        "word/footnotes.xml": f"<w:footnotes {NAMES}>{notes}</w:footnotes>",
    }
    return make_docx(body, named, numbering, parts)


def _pdf(choices):
    pages = []
    for _ in range(choices.one(range(1, 4))):
        drawn = [choices.one(PAINT) for _ in range(choices.one(range(60)))]
        filled = [each.format(choices.one(range(900)), choices.one("Q1: a?|A1: b|- c|1. d|e".split("|")),
                              choices.one(range(1, 40))) for each in drawn]  # fmt: skip
        pages.append("BT /F1 11 Tf 60 700 Td " + "\n".join(filled) + " ET")
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for at, text in enumerate(pages):
        note = "<</Subtype/Link/Rect[60 0 400 700]/A<</URI(https://a.example/)>>>>" * choices.one(range(2))
        fonts = "<</Font<</F1 3 0 R/F2<</Type/Font/Subtype/Type1/BaseFont/Courier-Bold>>>>>>"
        shown = f"/MediaBox[0 0 595 842]/Contents {5 + 2 * at} 0 R/Resources{fonts}/Annots[{note}]"
        objects += [
            f"<</Type/Page/Parent 2 0 R{shown}>>",
            f"<</Length {len(text)}>>stream\n{text}\nendstream",
        ]
    whole = "".join(f"{at} 0 obj\n{said}\nendobj\n" for at, said in enumerate(objects, 1))
    return f"%PDF-1.4\n{whole}trailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n".encode()


def grow(kind, content):
    """A document of a kind, or the bytes themselves where nothing grows."""
    choices = Choices(content)
    if kind == ".docx":
        return _docx(choices)
    if kind == ".pdf":
        return _pdf(choices)
    if kind == ".html":
        return _tree(choices, HTML, HTML_SAID).encode()
    lines = []
    while choices.left:
        lines.append(choices.one(LINES) + choices.one(["", "", *TEXTS]))
    return "\n".join(lines).encode()
