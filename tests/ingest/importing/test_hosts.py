"""Documents as hosts' programs write them: the kinds in which inputs that nobody had tried failed."""

import io
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.importing.convert import convert_content
from ingest.importing.document import as_talk, tell_kind
from ingest.importing.html import FoundPictures
from ingest.importing.mathematics import Math, tex
from ingest.importing.omml import omml_tex
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.plain import plain
from ingest.questions.collected import parse_collection
from tests.ingest.importing.test_kinds import mi, node, run, web, word
from tests.ingest.importing.word import make_docx, paragraph, relation


def read(text):
    questions, unplaced, _ = parse_collection(Source("faq.md", text))
    return [(q.title, [a.text.strip() for a in q.answers]) for q in questions], [block.text for block in unplaced]


# --- collections: boxes, tables, interviews


def test_what_is_folded_is_a_question_by_its_title():
    text = (
        "# 题\n\n## 组\n\n<details>\n<summary><b>1. 甲是什么？</b></summary>\n\n子\n\n</details>\n"
        "<details><summary>2. 介绍一下乙</summary>\n<p>丑</p>\n</details>\n\n<details>\n"
        "<summary>3. Explain `topk`.</summary>\nyes\n</details>\n"
    )
    said, unplaced = read(text)
    assert said == [("甲是什么？", ["子"]), ("介绍一下乙", ["丑"]), ("Explain `topk`.", ["yes"])]
    assert unplaced == ["# 题", "## 组"]


def test_boxes_of_mkdocs_and_docusaurus_are_titles_with_their_text():
    box = '??? question "甲为什么？"\n\n    子\n\n    ```python\n    # 注\n    if a:\n        b\n    ```\n\n'
    text = f'{box}???+ question "乙要多大？"\n    丑\n\n!!! question "丙有用吗？"\n    寅\n\n:::tip 小心\n卯\n:::\n'
    said, _ = read(text)
    assert [title for title, _ in said] == ["甲为什么？", "乙要多大？", "丙有用吗？"]
    assert said[0][1] == ["子\n\n```python\n# 注\nif a:\n    b\n```"]
    assert said[2][1] == ["寅\n\n**小心**\n卯"]
    assert plain(plain(text)) == plain(text) and plain(text).count("\n") == text.count("\n")


def test_a_box_of_obsidian_is_no_quotation():
    said, _ = read("> **Q1：甲为什么？**\n> 子\n> - 丑\n\n> **Q2：乙呢？**\n> 寅\n")
    assert said == [("甲为什么？", ["子\n- 丑"]), ("乙呢？", ["寅"])]
    assert read("## 甲为什么？\n\n> 引文\n")[0] == [("甲为什么？", ["> 引文"])]


def test_rows_of_a_table_that_asks_are_questions():
    text = (
        "# 百问\n\n引言\n\n| 序号 | 问题 | 参考答案 | 出处 |\n|:-:|---|---|---|\n"
        "| 1 | 甲为什么？ | `a \\| b`，[丙](https://a.example/) | 群友 |\n| 2 | 乙和丁的区别 | 寅 | |\n"
        "| 3 | 没人答的 | | |\n后记\n"
    )
    said, unplaced = read(text)
    assert said == [
        ("甲为什么？", ["`a | b`，[丙](https://a.example/)\n\n出处：群友"]),
        ("乙和丁的区别", ["寅"]),
        ("没人答的", []),
    ]
    assert unplaced[0] == "# 百问\n\n引言" and unplaced[-1] == "后记" and len(unplaced) == 3
    assert read("| 模型 | 参数 |\n|---|---|\n| 甲 | 7B |\n")[0] == []


def test_an_interviewer_asks_and_who_is_asked_answers():
    text = (
        "**面试官**：介绍一下甲\n\n**我**：子。\n丑\n\n**面试官：** 好的，我们继续。\n\n"
        "**面试官：** 乙快在哪里？\n\n**我：** 寅\n"
    )
    said, _ = read(text)
    assert [title for title, _ in said] == ["介绍一下甲", "乙快在哪里？"]
    assert said[0][1] == ["子。\n丑\n\n**面试官：** 好的，我们继续。"] and said[1][1] == ["寅"]
    assert read("面试官：甲是什么？\n候选人：子\n")[0] == [("甲是什么？", ["子"])]


def test_an_answer_may_be_marked_by_a_bold_word_with_a_full_stop():
    assert read("### Question 1. Why?\n\n**Answer.** Because.\n")[0] == [("Why?", ["Because."])]


def test_a_fold_that_says_answer_marks_one():
    text = "### 1、甲为什么？\n\n<details>\n<summary>查看答案</summary>\n\n子\n\n</details>\n\n### 2、说说乙\n\n"
    said, _ = read(f"{text}<details><summary><b>点击展开答案</b></summary>\n丑\n</details>\n\n### 3、什么是丙\n\n寅\n")
    assert said == [("甲为什么？", ["子"]), ("说说乙", ["丑"]), ("什么是丙", ["寅"])]


def test_properties_of_logseq_are_for_programs():
    text = "- Q: 甲为什么？\n  collapsed:: true\n  id:: 64f0a1b2-1111\n\t- A: 子\n\t- 丑\n- Q: 乙？\n\t- A: 寅\n"
    made = convert_content(text.encode(), ".md", FoundPictures())
    assert "::" not in made.text and made.census.missing == 0
    assert [title for title, _ in read(made.text)[0]] == ["甲为什么？", "乙？"]


# --- notes


@pytest.mark.parametrize(
    "head",
    [
        "编号: 302\n时间: 2026-11-21 20:00\n主持人: 羡鱼、阿木",
        "- **编号**：302\n- **时间：** 2026-11-21 20:00\n- 主持人：羡鱼、阿木",
        "| 编号 | 302 |\n|---|---|\n| 时间 | 2026-11-21 20:00 |\n| **主持人** | 羡鱼、阿木 |",
        "🔢 编号: 302\n⏰ 时间: 2026-11-21 20:00\n\n👤 主持人: 羡鱼、阿木",
    ],
)
def test_fields_of_an_export_have_no_brackets(head):
    source = as_talk(Source("x.md", f"# OpenLLM Talk 302\n\n{head}\n\n## Free Talk\n\nQ1：甲？\n\nA1：编辑：乙\n"))
    talk, _ = parse_note(source)
    assert (talk.number, talk.hosts, str(talk.date)) == ("302", ("羡鱼", "阿木"), "2026-11-21")
    assert talk.unplaced == () and talk.questions[0].answers[0].text.strip() == "编辑：乙"


# --- pages


def test_signs_that_link_a_heading_to_itself_go():
    assert web('<h1 id="a">甲为什么？<a class="anchor-link" href="#a">¶</a></h1>') == "# 甲为什么？"
    assert web('<h2><a href="#b">乙</a></h2>') == "## 乙"


def test_code_has_no_label_and_no_button():
    page = (
        '<pre><div><div>python</div><div><button>Copy code</button></div><div><code class="language-python">'
        "<span>x</span> = 1\nprint(x)</code></div></div></pre>"
    )
    written = convert_content(f"<body>{page}".encode(), ".html", FoundPictures())
    assert (written.text, written.census.missing) == ("```python\nx = 1\nprint(x)\n```\n", 0)
    assert written.told == ["a button: 'Copy code'", "the label of a block of code: 'python'"]
    assert web("<div><code>a = 1\nb = 2</code></div>") == "```\na = 1\nb = 2\n```"
    assert web("<pre>甲 <code>x</code> 乙</pre>") == "```\n甲 x 乙\n```"


def test_what_is_folded_on_a_page_has_a_bold_title():
    assert web("<details><summary>甲 <i>乙</i></summary><p>丙</p></details>") == "**甲 乙**\n\n丙"


@pytest.mark.parametrize("drawn", ["", '<span class="katex-html">2nd</span>'])
def test_a_formula_that_is_said_twice_is_not_missing_once(drawn):
    page = (
        '<p>每层 <span class="katex"><span class="katex-mathml"><math><semantics><mrow><mn>2</mn><mi>n</mi></mrow>'
        '<annotation encoding="application/x-tex">2 n_{\\text{layers}}</annotation></semantics></math></span>'
        + drawn
        + "</span>"
    )
    written = convert_content(page.encode(), ".html", FoundPictures())
    assert "$2 n_{\\text{layers}}$" in written.text and written.census.missing == 0


# --- Word


def test_faces_of_letters_and_names_of_functions_stay():
    face = node("r", node("rPr", node("scr", val="double-struck")), node("t", text="E"))
    named = node(
        "func", node("fName", node("limLow", node("e", run("argmax")), node("lim", run("θ")))), node("e", run("p"))
    )

    assert omml_tex(node("oMath", face)) == r"\mathbb{E}"
    assert omml_tex(node("oMath", named)) == r"\underset{θ}{\mathrm{argmax}} p"
    assert tex(Math("mi", text="L", attributes={"mathvariant": "script"})) == r"\mathcal{L}"
    assert tex(mi("x")) == "x"


def test_words_of_charts_and_diagrams_are_kept_and_said():
    space = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    data = f"<dgm:dataModel xmlns:dgm='d' {space}><a:p><a:r><a:t>预训练</a:t></a:r></a:p></dgm:dataModel>"
    graphic = (
        f'<w:r><w:drawing><a:graphic {space}><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/diagram">'
        "<dgm:relIds xmlns:dgm='d' r:dm='rd1' r:lo='rd9'/></a:graphicData></a:graphic></w:drawing></w:r>"
    )
    made = word(
        paragraph("前文", graphic),
        relations=relation("rd1", "diagramData", "diagrams/data1.xml"),
        parts={"word/diagrams/data1.xml": data, "word/diagrams/drawing1.xml": data.replace("dgm", "dsp")},
    )
    assert "前文\n\n预训练" in made.text and made.census.missing == 0
    assert made.told == ["a SmartArt diagram; its words are kept"]


# --- PDF


def printed(pages, edge=8):
    """A PDF as a browser prints one: day, title, address and number around each page."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    sheet = Canvas(out, pagesize=(595, 842), invariant=True)
    for number, lines in enumerate(pages, 1):
        sheet.setFont("STSong-Light", edge)
        for x, y, text in (
            (40, 820, "2026/11/29 20:31"),
            (300, 820, "某页的题"),
            (40, 20, "https://example.org/talk/303"),
            (540, 20, f"{number}/{len(pages)}"),
        ):
            sheet.drawString(x, y, text)
        sheet.setFont("STSong-Light", 11)
        for at, text in enumerate(lines):
            sheet.drawString(60, 770 - 26 * at, text)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def test_what_a_browser_prints_around_two_pages_is_no_text():
    above = ["正文的一行，有足够的字，比一页边上的字还多。", "又一行，也有足够的字。", "还有一行，一样长。"]
    pages = [
        [*above, *above, "A1：权重之外，主要是键值缓存，它随着长度线性地增长，批越"],
        ["大越多。—阿木", "", *above, *above],
    ]
    made = convert_content(printed(pages), ".pdf", FoundPictures())
    assert "批越大越多。—阿木" in made.text
    assert not re.search("2026/11/29|某页的题|example.org|[12]/2", made.text)
    assert "某页的题" in "".join(made.told) and made.census.missing == 0
    large = convert_content(printed(pages, 11), ".pdf", FoundPictures())
    assert large.text.count("某页的题") == 2  # as large as the text: two pages prove nothing


# --- whatever they are made of

WEB = [
    "<p>{}</p>",
    "<div>{}<br>{}</div>",
    "<h2>{}<a href='#x'>¶</a></h2>",
    "<ul><li>{}<li>{}</ul>",
    "<pre>{}\n{}</pre>",
    "<pre><div>{}</div><code>{}\n{}</code></pre>",
    "<table><tr><td>{}<td rowspan=2>{}<tr><td>{}</table>",
    "<details><summary>{}</summary>{}</details>",
    "<button>{}</button>",
    "<span style='display:none'>{}</span>",
    "<math><mfrac><mi>{}</mi><mi>{}</mi></mfrac></math>",
    "<svg><text>{}</text></svg>",
    "<ruby>{}<rt>{}</rt></ruby>",
    "<iframe title='x'>{}</iframe>",
    "<a href='https://a.example/{}'><div>{}</div></a>",
    "<!-- x --><b>{}</b><i>{}</i>",
    "<noscript>{}</noscript>",
    "<p>{}<sup>{}</sup>",
    "<script>var x</script><blockquote>{}</blockquote>",
]
RUN = "<w:r><w:t>{}</w:t></w:r>"
WORD = [
    f"<w:p>{RUN}</w:p>",
    f"<w:p><w:pPr><w:outlineLvl w:val='1'/></w:pPr>{RUN}</w:p>",
    f"<w:p><w:ins>{RUN}</w:ins>{RUN}</w:p>",
    f"<w:tbl><w:tr><w:tc><w:p>{RUN}</w:p></w:tc><w:tc><w:p>{RUN}</w:p></w:tc></w:tr></w:tbl>",
    f"<w:sdt><w:sdtContent><w:p>{RUN}</w:p></w:sdtContent></w:sdt>",
    "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{}</w:t></w:r></w:p>",
    f"<w:p><w:fldSimple w:instr='REF x'>{RUN}</w:fldSimple></w:p>",
    f"<w:p><w:smartTag>{RUN}</w:smartTag><w:hyperlink>{RUN}</w:hyperlink></w:p>",
    "<w:p><m:oMath><m:r><m:t>{}</m:t></m:r></m:oMath></w:p>",
    f"<w:p><w:r><w:pict><w:txbxContent><w:p>{RUN}</w:p></w:txbxContent></w:pict></w:r></w:p>",
    "<w:p><w:r><w:ruby><w:rt><w:r><w:t>{}</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>{}</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
    f"<w:p><w:unknown>{RUN}</w:unknown></w:p>",
    "<w:p><w:r><w:rPr><w:rFonts w:ascii='Consolas'/></w:rPr><w:t>{}</w:t></w:r></w:p>",
]
TEXT = [
    "# {}",
    "{}",
    "- {}",
    "> [!note]- {}",
    "<details><summary>{}</summary>",
    '??? note "{}"',
    "    {}",
    ":::tip {}",
    ":::",
    "| {} | {} |",
    "|---|---|",
    "<b>{}</b> <font color=red>{}</font>",
    "%% {} %%",
    "<!-- {} -->",
    "```{}",
    "```",
    "=={}==",
    "[[x|{}]]",
    "![[{}]]",
    "$$",
    "{}",
    "",
    "<br>{}",
    "<kbd>{}</kbd>",
    "[{}]: https://a.example/{}",
    "{} ^blockid",
    "===",
]


@pytest.mark.parametrize(
    ("kind", "forms"), [(".html", WEB), (".docx", WORD), (".md", TEXT)], ids=["html", "docx", "md"]
)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_word_is_in_the_text_or_something_is_said(kind, forms, data):
    chosen = data.draw(st.lists(st.sampled_from(forms), min_size=1, max_size=12))
    count = itertools.count()
    body = "\n".join(re.sub(r"\{\}", lambda _: f"wort{next(count)}x", form) for form in chosen)
    words = [f"wort{at}x" for at in range(next(count))]
    content = make_docx(body) if kind == ".docx" else body.encode()
    made = convert_content(content, kind, FoundPictures())
    bare = re.sub(r"[$^_{}*\\]", "", made.text)
    gone = [name for name in words if name not in bare]
    said = made.told + made.left_out + made.faults
    assert not gone or said or made.census.missing, (gone, made.text)
    if not said:
        assert made.census.missing == 0, (made.census, made.text)


def test_a_collection_of_tables_is_told_from_an_article():
    text = "# 整理\n\n| 问题 | 答案 |\n|--|--|\n| 甲 | 子 |\n| 乙 | 丑 |\n"
    told = tell_kind(Source("x.md", text))
    assert told.name == "questions" and [question.title for question in told.questions] == ["甲", "乙"]
