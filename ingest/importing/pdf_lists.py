"""Items of a PDF's lists in each other, as far as they are set in."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.importing.pdf_lines import Line

ITEM = re.compile(r"(?:-|\d{1,3}[.)]) ")


@dataclass(frozen=True, slots=True)
class _Item:
    """An open item: where its words begin on the page, and by how many blanks what is in it is set in."""

    words: float
    blanks: int


def nested(parts: Iterable[tuple[Line, str]]) -> Iterator[str]:
    """Paragraphs, each with its first line: an item whose mark is no further left than the words above is in them."""
    open_items: list[_Item] = []
    above: Line | None = None
    for line, part in parts:
        mark = ITEM.match(part)
        if not mark or line.done or (above and above.page == line.page and line.y > above.y):  # in the next column
            open_items = []
        if mark and not line.done:
            x, words = _places(line)
            while open_items and x < open_items[-1].words - 0.5 * line.size:
                open_items.pop()
            blanks = open_items[-1].blanks if open_items else 0
            open_items.append(_Item(words, blanks + len(mark[0])))
            part = " " * blanks + part
        above = line
        yield part


def _places(line: Line) -> tuple[float, float]:
    """Where the mark of an item begins, and where its words do."""
    inked = [glyph for glyph in line.glyphs if glyph.text.strip()]
    marked = re.match(r"\s*(?:\d{1,3}[.)]|\S)\s*", "".join(glyph.text for glyph in line.glyphs))
    rest = marked.end() if marked else 0
    for glyph in line.glyphs:
        if rest <= 0:
            return inked[0].x0, glyph.x0
        rest -= len(glyph.text)
    return inked[0].x0, line.x1
