"""The lines of a .docx: runs with their marks and links, fields, pictures, formulas, notes.

What is not known here is entered, not skipped: its words stay. What is skipped is named in `SKIPPED` or told.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from ingest.importing.docx_charts import chart_table
from ingest.importing.docx_html import Paragraph, Run
from ingest.importing.docx_package import Element, Package, child, name_of, said, within
from ingest.importing.docx_styles import Style, has_mono, is_on, read_styles
from ingest.importing.omml import Omml, omml_tex
from ingest.importing.signs import sign

# What is no text of the document: properties, deleted text, and marks of places.
SKIPPED = set(
    "pPr rPr sectPr tblPr tblGrid trPr tcPr del moveFrom delText delInstrText instrText bookmarkStart bookmarkEnd"
    " proofErr lastRenderedPageBreak softHyphen sdtPr sdtEndPr fldChar footnoteRef endnoteRef annotationRef separator"
    " continuationSeparator Fallback rt docPr cNvSpPr cNvPr commentRangeStart commentRangeEnd rubyPr posOffset align"
    " pctWidth pctHeight".split()
)
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CHARTS = {"chart": "a chart", "diagram": "a SmartArt diagram"}


class Lines:
    """Reads the lines of a document; what holds blocks, such as a text box, is read by who reads blocks.

    Attributes:
        package: The parts of the document.
        place: Gives the place of a picture by its bytes and kind.
        told: What is left out on purpose, in words, counted.
        dropped: Its texts.
        part: Name of the part that is being read.
    """

    def __init__(self, package: Package, place: Callable[[bytes, str], str]) -> None:
        self.package, self.place = package, place
        self.styles = read_styles(package)
        self.style = Style()  # of the paragraph that is being read
        self.told: Counter[str] = Counter()
        self.dropped: list[str] = []
        self.part = package.main
        self.floats: list[Paragraph] = []  # text boxes of the paragraph that is being read
        self.notes: list[tuple[str, str]] = []  # the kind and id of each footnote, as they come
        self._fields: list[list[str]] = []  # of each open field its instruction, and "shown" behind it

    def blocks(self, parent: Element) -> Iterator[Paragraph]:
        """Paragraphs and tables."""
        raise NotImplementedError

    def runs(self, parent: Element, link: str = "") -> Iterator[Run]:
        """The pieces of a line."""
        for element in parent:
            name = name_of(element)
            if name == "r":
                yield from self._run(element, link)
            elif name in ("oMath", "oMathPara"):
                yield Run(self.formula(element, name == "oMathPara"), (), "", 1)
            elif name == "hyperlink":
                target = self.package.relations(self.part).get(said(element, "id"), ("", "", False))
                yield from self.runs(element, target[1] if target[2] else link)
            elif name == "fldSimple":
                yield from self.runs(element, _target(said(element, "instr")) or link)
            elif name == "sdt":
                ticked = child(element, "sdtPr", "checkbox", "checked")
                if child(element, "sdtPr", "checkbox") is not None:
                    yield Run("[x] " if is_on(ticked) else "[ ] ")
                    self.dropped.append(text_of(element))
                else:
                    yield from self.runs(element, link)
            elif name not in SKIPPED:
                yield from self.runs(element, link)

    def _run(self, run: Element, link: str) -> Iterator[Run]:
        properties = child(run, "rPr")
        named = child(properties, "rStyle")
        style = self.styles.get(said(named, "val"), Style()) if named is not None else Style()
        code = has_mono(properties) or style.code
        switches = style.switches | {name_of(each): is_on(each) for each in within(properties)}
        marks = tuple(_marks(switches, properties))
        link = link or next(
            (target for field in reversed(self._fields) if field[-1] == "shown" and (target := _target(field[0]))), ""
        )
        if switches.get("vanish", self.style.switches.get("vanish", False)):
            if hidden := text_of(run):
                self.told[f"hidden text: {hidden[:30]!r}"] += 1
                self.dropped.append(hidden)
            return
        for text, done in [*self._pieces(run), ("", "")]:
            if text or done or code:
                shown = done or html.escape(text)
                yield Run(shown, marks, link, len(text.strip()) + bool(done), code)

    def _pieces(self, run: Element) -> Iterator[tuple[str, str]]:
        """What a run holds: plain text, or HTML that is done."""
        for element in run:
            name = name_of(element)
            if name == "t":
                yield element.text or "", ""
            elif name == "tab":
                yield "\t", ""
            elif name in ("br", "cr"):
                if said(element, "type") not in ("page", "column"):
                    yield "", "<br>"
            elif name == "noBreakHyphen":
                yield "-", ""
            elif name == "sym":
                yield self._symbol(element), ""
            elif name == "fldChar":
                yield self._field(element), ""
            elif name == "instrText":
                if self._fields and self._fields[-1][-1] != "shown":
                    self._fields[-1][0] += element.text or ""
            elif name in ("footnoteReference", "endnoteReference"):
                self.notes.append((name.removesuffix("Reference"), said(element, "id")))
                yield "", f'<note name="{len(self.notes)}"></note>'
            elif name == "ruby":
                base, above = (text_of(child(element, part)) for part in ("rubyBase", "rt"))
                yield f"{base}（{above}）" if above else base, ""
            elif name == "AlternateContent":
                choices = list(self._pieces(choice)) if (choice := child(element, "Choice")) is not None else []
                if not choices and not self.floats and (other := child(element, "Fallback")) is not None:
                    choices = list(self._pieces(other))
                yield from choices
            elif name in ("drawing", "pict", "object"):
                yield "", self._drawing(element)
            elif name not in SKIPPED:
                yield from self._pieces(element)

    def _symbol(self, element: Element) -> str:
        code, font = said(element, "char").upper(), said(element, "font")
        shown = sign(int(code, 16), font) if re.fullmatch("[0-9A-F]{1,4}", code) else ""
        if not shown:
            self.told[f"a sign of the font {font}"] += 1
        return shown

    def _field(self, element: Element) -> str:
        """Begin, divide or end a field; a box to tick is its own result."""
        kind = said(element, "fldCharType")
        if kind == "begin":
            self._fields.append(["", ""])
            box = child(element, "ffData", "checkBox")
            ticked = child(box, "checked")
            ticked = ticked if ticked is not None else child(box, "default")
            return "" if box is None else "[x] " if is_on(ticked) else "[ ] "
        if kind == "separate" and self._fields:
            self._fields[-1][-1] = "shown"
        elif kind == "end" and self._fields:
            self._fields.pop()
        return ""

    def _drawing(self, element: Element) -> str:
        """The pictures of a drawing; its text boxes wait until the paragraph ends."""
        found = []
        described = next(
            (said(each, "descr") or said(each, "title") for each in element.iter() if name_of(each) == "docPr"), ""
        )
        away = {
            id(inner)
            for each in element.iter()
            if name_of(each) in ("txbxContent", "Fallback")
            for inner in each.iter()
            if inner is not each
        }
        for each in element.iter():
            name = name_of(each)
            if id(each) in away:
                continue
            if name == "txbxContent":
                outer, self.floats = self.floats, []
                inside = list(self.blocks(each))
                self.floats = [*outer, *inside]
            elif name == "textpath" and (words := said(each, "string").strip()):
                self.floats.append(Paragraph([Run(html.escape(words), (), "", len(words))]))
            elif name in ("blip", "imagedata"):
                found.append(
                    self._picture(
                        said(each, "embed") or said(each, "id") or said(each, "link"), described or said(each, "title")
                    )
                )
            elif name == "graphicData" and (kind := CHARTS.get(said(each, "uri").rpartition("/")[2])):
                self.told[f"{kind}{': ' + repr(described) if described else ''}; its words are kept"] += 1
                self.floats += self._words(each)
        return "".join(found)

    def _words(self, graphic: Element) -> Iterator[Paragraph]:
        """What is written in a chart or diagram, which lies in a part of its own."""
        names = [value for each in graphic.iter() for key, value in each.attrib.items() if key.startswith(f"{{{R}")]
        parts = [self.package.relations(self.part).get(name, ("", "", True)) for name in names]
        for kind, target, outside in parts:
            root = None if outside or kind not in ("chart", "chartEx", "diagramData") else self.package.xml(target)
            if root is not None and (figures := chart_table(root)):
                yield Paragraph([], raw=figures)
            for paragraph in root.iter() if root is not None else ():
                if name_of(paragraph) == "p" and (words := text_of(paragraph)):
                    yield Paragraph([Run(html.escape(words), (), "", len(words))])

    def _picture(self, name: str, described: str) -> str:
        _, target, outside = self.package.relations(self.part).get(name, ("", "", False))
        if outside and re.match("https?://", target):
            return f'<img alt="{html.escape(described)}" src="{html.escape(target)}">'
        content = None if outside else self.package.content(target)
        if content is None:
            self.told[f"a picture that is not in the document{f' ({target or name})'}"] += 1
            place = ""
        else:
            place = self.place(content, target.rpartition(".")[2] or "unknown kind")
        shown = f"[图片：{described}]" if described else ""
        return f'<img alt="{html.escape(described)}" src="{place}">' if place else html.escape(shown)

    def formula(self, element: Element, display: bool) -> str:
        """A formula as `<tex>`."""
        formulas = (
            [each for each in element.iter() if name_of(each) == "oMath"] if name_of(element) != "oMath" else [element]
        )
        mark = ' display="1"' if display else ""
        return "".join(f"<tex{mark}>{html.escape(omml_tex(_omml(each)))}</tex>" for each in formulas)


def text_of(element: Element | None) -> str:
    return (
        "".join(each.text or "" for each in element.iter() if name_of(each) == "t").strip()
        if element is not None
        else ""
    )


def _omml(element: Element) -> Omml:
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    return Omml(
        name_of(element),
        [_omml(each) for each in element if name_of(each)],
        element.text or "" if name_of(element) == "t" else "",
        attributes,
    )


def _target(instruction: str) -> str:
    """The address in a field's instruction: `HYPERLINK "https://…" \\l "part"`, as some write it without quotes."""
    match = re.match(
        r'\s*HYPERLINK\s+(?:(\\l)\s+)?(?:"([^"]*)"|(\S+))(?:.*?\\l\s+"([^"]*)")?', instruction, re.IGNORECASE
    )
    if not match or match[1]:
        return ""
    address = (match[2] if match[2] is not None else match[3] or "").strip()
    return f"{address}#{match[4]}" if match[4] and address and "#" not in address else address


def _marks(switches: Mapping[str, bool], properties: Element | None) -> Iterator[str]:
    if switches.get("b"):
        yield "strong"
    if switches.get("i"):
        yield "em"
    if switches.get("strike") or switches.get("dstrike"):
        yield "del"
    raised = child(properties, "vertAlign")
    if raised is not None and said(raised, "val") in ("superscript", "subscript"):
        yield said(raised, "val")[:3]
