"""A .docx as HTML, which is then written as Markdown: what Word shows, with structure where Word keeps it.

What is not known here is entered, not skipped: its words stay. What is skipped is named in `SKIPPED` or told.
"""

import contextlib
import html
import re
from collections.abc import Callable, Iterator
from email import policy
from email.parser import BytesParser
from xml.etree import ElementTree

from ingest.importing.decode import CannotConvert, decode
from ingest.importing.docx_html import Paragraph, Run, html_of
from ingest.importing.docx_lines import SKIPPED, Lines, text_of
from ingest.importing.docx_package import DEEPEST, Element, Package, Parts, child, name_of, open_package, said, within
from ingest.importing.docx_styles import Style, has_mono, heading, list_of, read_lists
from ingest.importing.html import Written, to_markdown
from ingest.invisible import unescape
from ingest.limits import number_in

AWAY = ("moveFrom", "Fallback", "del")
WORD = ("docx", "docm", "dotx", "dotm")
# Of a page inside: what is not shown, and its text. What begins again ends what began.
UNSHOWN = re.compile(r"<(style|script|head)\b(?:(?!<\1\b).)*?</\1\s*>|<[^<>]*>", re.DOTALL)
BODY = re.compile(r"<body\b(?:(?!<body\b)[^>])*>(.*?)(?:</body\s*>|$)", re.DOTALL | re.IGNORECASE)
PAGES = ("mht", "mhtml", "eml", "htm", "html", "xhtml", "txt")


def _is_away(element: Element) -> bool:
    """Whether an element is no text any more: deleted, moved elsewhere, or a copy for old programs."""
    return name_of(element) in AWAY or (name_of(element) == "tr" and child(element, "trPr", "del") is not None)


def docx_to_markdown(content: bytes, unpack: Callable[[bytes], Parts], place: Callable[[bytes, str], str]) -> Written:
    """Read a .docx.

    Args:
        content: The file.
        unpack: Gives the parts of a zip.
        place: Gives the place of a picture by its bytes and kind; "" where it is left out.

    Raises:
        CannotConvert: It is none, or is damaged.
    """
    try:
        package = open_package(content, unpack)
        reader = _Reader(package, place)
        page = reader.page()
        written = to_markdown(page, lambda sources: sources[0])
        written.seen = list(_seen(package))
    except CannotConvert:
        raise
    except (ElementTree.ParseError, ValueError) as error:
        raise CannotConvert(f"it is a damaged .docx: {type(error).__name__} {error}".strip()) from error
    written.reasons += [f"{what} ({count})" if count > 1 else what for what, count in reader.told.items()]
    written.dropped += reader.dropped
    return written


def _seen(package: Package) -> Iterator[str]:
    """Every text of every part, deleted ones and copies for old programs excepted; of parts that are pages, theirs."""
    for root in package.texts():
        away = {id(inner) for each in root.iter() if _is_away(each) for inner in each.iter()}
        figures = set()  # of a chart, in which each series has the same names of its categories
        for element in root.iter():
            name = name_of(element)
            shown = said(element, "string") if name == "textpath" else element.text if name in ("t", "v") else ""
            if shown and id(element) not in away and shown not in figures:
                yield shown
                figures |= {shown} if name == "v" else set()
    for name in package.related(package.main, "aFChunk"):
        if _ending(name) in PAGES:
            page = _decoded(package.content(name) or b"", name)
            yield from UNSHOWN.sub("\n", unescape(page)).split("\n")
        elif _ending(name) in WORD and (inner := package.inside(name)):
            yield from _seen(inner)


def _decoded(content: bytes, name: str) -> str:
    """The text of a part in another form: of a page that was sent as a mail, its body."""
    if name.lower().endswith((".mht", ".mhtml", ".eml")) or content.lstrip()[:13].lower() == b"mime-version:":
        part = BytesParser(policy=policy.default).parsebytes(content.lstrip()).get_body(("html", "plain"))
        return str(part.get_content()) if part else ""
    return decode(content)[0]


class _Reader(Lines):
    def __init__(self, package: Package, place: Callable[[bytes, str], str]) -> None:
        super().__init__(package, place)
        self.lists = read_lists(package)
        self._below: list[str] = []  # footnotes of documents inside of this one

    def page(self) -> str:
        """The document's HTML."""
        return self._text() + "".join((*self._footnotes(), *self._below))

    def _text(self) -> str:
        """The document's HTML without its footnotes."""
        root = self.package.xml(self.part)
        body = child(root, "body")
        if body is None:
            raise CannotConvert("its text is missing")
        page = html_of(self.blocks(body))
        self._tell_around()
        return page

    def _tell_around(self) -> None:
        """Comments, headers and footers, which stay behind."""
        for kind, what in (("comments", "a comment"), ("header", "a header"), ("footer", "a footer")):
            for name in self.package.related(self.package.main, kind):
                root = self.package.xml(name)
                units = (
                    [each for each in root if name_of(each) == "comment"]
                    if kind == "comments" and root is not None
                    else [root]
                )
                for unit in units:
                    if text := text_of(unit):
                        self.told[f"{what} beside the text" if kind == "comments" else f"{what}: {text[:30]!r}"] += 1
                        self.dropped.append(text)

    def _footnotes(self) -> Iterator[str]:
        found: dict[tuple[str, str], tuple[str, Element]] = {}
        for kind in ("footnote", "endnote"):
            for part in self.package.related(self.package.main, f"{kind}s"):
                root = self.package.xml(part)
                found |= {(kind, said(note, "id")): (part, note) for note in within(root) if name_of(note) == kind}
        for number, place in enumerate(self.notes, 1):
            if place in found:
                self.part, note = found.pop(place)
                yield f'<div data-note="{number}">{html_of(self.blocks(note))}</div>'
        for _, note in found.values():
            if text := text_of(note):
                self.told[f"a footnote that nothing refers to: {text[:30]!r}"] += 1
                self.dropped.append(text)

    # --- blocks

    def blocks(self, parent: Element) -> Iterator[Paragraph]:
        """Paragraphs and tables, whatever they stand in; words outside of paragraphs make one."""
        waiting: list[Run] = []  # of a paragraph whose end was deleted
        for element in parent:
            name = name_of(element)
            if name == "p":
                paragraph = self._paragraph(element)
                paragraph.runs[:0] = waiting
                waiting = paragraph.runs if _joins_next(element) else []
                if not waiting:
                    yield paragraph
                floats, self.floats = self.floats, []
                yield from floats
            elif name == "tbl":
                yield Paragraph([], raw=self._table(element))
            elif name == "altChunk":
                yield Paragraph([], raw=self._chunk(element))
            elif name in ("oMathPara", "oMath"):
                yield Paragraph([Run(self.formula(element, True))])
            elif name not in SKIPPED and name != "r":
                yield from self.blocks(element)
        if waiting:
            yield Paragraph(waiting)

    def _paragraph(self, element: Element) -> Paragraph:
        properties = child(element, "pPr")
        named = child(properties, "pStyle")
        style = self.styles.get(said(named, "val"), Style()) if named is not None else Style()
        self.style, outer = style, self.style
        outline = child(properties, "outlineLvl")
        level = heading(said(outline, "val")) if outline is not None and style.level >= 0 else style.level
        number = list_of(properties) or style.number
        label = self.lists.label(*number) if number else None
        if label and child(properties, "numPr") is None:
            label.level = max(label.level, style.depth)
        runs = list(self.runs(element))
        self.style = outer
        letters = sum(run.letters for run in runs)
        mono = sum(run.letters for run in runs if run.code)
        blank = not letters and (has_mono(child(properties, "rPr")) or any(run.code for run in runs))
        if style.code or (letters and mono == letters) or blank:
            return Paragraph(runs, "pre")
        if level:
            runs = [
                Run(run.html, tuple(mark for mark in run.marks if mark != "strong"), run.link, run.letters)
                for run in runs
            ]
        tag = f"h{max(level, 1)}" if level and letters else "blockquote" if style.quote else "p"
        return Paragraph(runs, tag, label if letters else None)

    def _table(self, table: Element) -> str:
        rows: list[str] = []
        for row in _inside(table, "tr"):
            cells, column = [], 0
            if child(row, "trPr", "del") is not None:
                continue
            before = child(row, "trPr", "gridBefore")
            if before is not None:
                cells += ["<td></td>"] * min(number_in(said(before, "val")), 50)
                column = len(cells)
            for cell in _inside(row, "tc"):
                span, merged = child(cell, "tcPr", "gridSpan"), child(cell, "tcPr", "vMerge")
                across = min(number_in(said(span, "val"), 1), 50) if span is not None else 1
                goes_on = merged is not None and said(merged, "val") != "restart"
                words = "" if goes_on else html_of(self.blocks(cell))
                cells.append(f"<td>{words}</td>" + "<td></td>" * (across - 1))
                column += across
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table>{''.join(rows)}</table>"

    def _chunk(self, element: Element) -> str:
        """A whole text in another form, which some editors put into a .docx that is otherwise empty."""
        _, target, outside = self.package.relations(self.part).get(said(element, "id"), ("", "", True))
        content = None if outside else self.package.content(target)
        if content is None:
            self.told["a part whose text is missing"] += 1
            return ""
        ending = _ending(target)
        if ending in WORD and (inner := self.package.inside(target)):
            with contextlib.suppress(CannotConvert, ElementTree.ParseError):
                return self._document(inner)
        if ending not in PAGES:
            deep = f", or lies in {DEEPEST} others" if ending in WORD else ""
            self.told[f"a part of the text in a form that cannot be read (.{ending}{deep})"] += 1
            return ""
        text = _decoded(content, target)
        return f"<div>{html.escape(text)}</div>" if ending == "txt" or "<" not in text else _body_of(text)

    def _document(self, package: Package) -> str:
        """A .docx inside of this one; its footnotes are counted on, and stand with the others at the end."""
        inner = _Reader(package, self.place)
        inner.notes = [("", "")] * len(self.notes)  # of others, which are found in no part of it
        page = inner._text()
        self._below += [*inner._footnotes(), *inner._below]
        self.notes += [("", "")] * (len(inner.notes) - len(self.notes))
        self.told += inner.told
        self.dropped += inner.dropped
        return f"<div>{page}</div>"


def _ending(name: str) -> str:
    return name.lower().rpartition(".")[2]


def _joins_next(paragraph: Element) -> bool:
    return any(child(paragraph, "pPr", "rPr", name) is not None for name in ("del", "moveFrom"))


def _inside(parent: Element, name: str) -> Iterator[Element]:
    """Rows of a table, or cells of a row, also those in a content control."""
    for element in parent:
        if name_of(element) == name:
            yield element
        elif name_of(element) in ("sdt", "sdtContent", "customXml", "ins", "smartTag"):
            yield from _inside(element, name)


def _body_of(page: str) -> str:
    """A page's own text, so that a second `<html>` stands in no other."""
    body = BODY.search(page)
    return f"<div>{body[1] if body else page}</div>"
