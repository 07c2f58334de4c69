"""PDF to Markdown. A PDF knows glyphs and places; paragraphs, headings, links and code are read off the places.

- A line goes on in the next where the next line's first word had no room left in it.
- Sizes above that of the body are headings, a typewriter face is code, a ruled grid is a table.
- Lines in the margins that are numbers, or come back page after page, are furniture and left out.
"""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTContainer, LTCurve, LTImage, LTPage, LTTextLine
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import resolve1

from ingest.importing.pdf_pictures import picture_file
from ingest.importing.pdf_tables import cell_at, find_grids, write_table
from ingest.importing.pdf_text import Glyph, Line, lines_to_markdown

MONO = re.compile(r"mono|courier|consolas|menlo|fixed|typewriter|source ?code", re.IGNORECASE)
PAGE_NUMBER = re.compile(r"\W*(?:第|page)?\s*\d{1,4}\s*(?:页)?\s*(?:(?:/|of|共)\s*\d{1,4}\s*页?)?\W*", re.IGNORECASE)


@dataclass(slots=True)
class _Page:
    height: float
    lines: list[Line] = field(default_factory=list)
    links: list[tuple[tuple[float, ...], str]] = field(default_factory=list)


def pdf_to_markdown(content: bytes, folder: str) -> tuple[str, dict[str, bytes], list[str]]:
    """Read a PDF.

    Args:
        content: The file.
        folder: What links to pictures begin with.

    Returns:
        Markdown, pictures by name, and what had to be left out.

    Raises:
        Exception: Whatever pdfminer raises over a file that is no PDF, is locked, or is damaged.
    """
    pictures: dict[str, bytes] = {}
    left_out: list[str] = []
    lines: list[Line] = []
    manager = PDFResourceManager()
    device = PDFPageAggregator(manager, laparams=LAParams())
    interpreter = PDFPageInterpreter(manager, device)
    pages: list[_Page] = []
    for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content)), 1):
        interpreter.process_page(page)
        pages.append(_read_page(device.get_result(), number, page, folder, pictures, left_out))
    for read in _without_furniture(pages):
        lines += read.lines
    return lines_to_markdown(lines), pictures, left_out


def _read_page(
    layout: LTPage, number: int, source: PDFPage, folder: str, pictures: dict[str, bytes], left_out: list[str]
) -> _Page:
    page = _Page(layout.height, links=list(_links(source)))
    found: list[Line] = []
    used: set[str] = set()
    tables = find_grids([item.bbox for item in _walk(layout) if isinstance(item, LTCurve)])
    cells: dict[int, dict[tuple[int, int], str]] = {at: {} for at in range(len(tables))}
    for item in _walk(layout):
        if isinstance(item, LTTextLine):
            found += _line(item, number, page, tables, cells)
        elif isinstance(item, LTImage):
            name = f"{len(pictures) + 1}"
            if picture := picture_file(item):
                pictures[f"{name}.{picture[0]}"] = picture[1]
                done = f"![图 {name}]({folder}/{name}.{picture[0]})"
                found.append(Line([], number, item.x0, item.x1, item.y1, 0, kind="picture", done=done))
            else:
                left_out.append(f"a picture on page {number}")
    for at, (columns, rows) in enumerate(tables):
        if cells[at]:
            done = write_table(cells[at], len(columns) - 1, len(rows) - 1)
            found.append(Line([], number, columns[0], columns[-1], rows[0], 0, kind="table", done=done))
    used |= {glyph.uri for line in found for glyph in line.glyphs} | {
        uri for _, uri in page.links if any(uri in line.done for line in found)
    }
    for box, uri in page.links:  # over a picture, or over nothing
        if uri not in used:
            used.add(uri)
            found.append(Line([], number, box[0], box[2], box[1], 0, kind="picture", done=f"<{uri}>"))
    page.lines = _in_reading_order(found)
    return page


def _in_reading_order(found: list[Line]) -> list[Line]:
    """Text as pdfminer ordered it (it knows columns); blocks go before the first line that is lower than they are."""
    lines = [line for line in found if line.kind == "text"]
    for block in sorted((line for line in found if line.kind != "text"), key=lambda line: -line.y):
        at = next((at for at, line in enumerate(lines) if line.y <= block.y), len(lines))
        while at < len(lines) and lines[at].kind != "text" and lines[at].y > block.y:
            at += 1
        lines.insert(at, block)
    return lines


def _walk(item: Any) -> Iterator[Any]:
    if isinstance(item, LTTextLine) or not isinstance(item, LTContainer):
        yield item
        return
    for child in item:
        yield from _walk(child)


def _links(page: PDFPage) -> Iterator[tuple[tuple[float, ...], str]]:
    """Where each link to the web lies, and its target."""
    for reference in resolve1(page.annots) or []:
        note = resolve1(reference)
        action = resolve1(note.get("A")) if isinstance(note, dict) else None
        uri = resolve1(action.get("URI")) if isinstance(action, dict) else None
        box = resolve1(note.get("Rect")) if uri else None
        if isinstance(uri, bytes) and isinstance(box, list) and len(box) == 4:
            x0, y0, x1, y1 = (float(resolve1(value)) for value in box)
            target = uri.decode("utf-8", "replace").strip().replace(" ", "%20")
            if re.match(r"(https?://|mailto:)", target, re.IGNORECASE):
                yield (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), target


def _line(
    item: LTTextLine,
    number: int,
    page: _Page,
    tables: Sequence[tuple[list[float], list[float]]],
    cells: dict[int, dict[tuple[int, int], str]],
) -> list[Line]:
    """One line of text, without what lies in a table's cells: that goes to `cells`."""
    glyphs: list[Glyph] = []
    sizes: list[float] = []
    mono = shown = 0
    place: tuple[int, tuple[int, int]] | None = None
    for char in item:
        text = _mend(char.get_text())
        if isinstance(char, LTChar):
            x, y = (char.x0 + char.x1) / 2, (char.y0 + char.y1) / 2
            place = cell_at(tables, x, y)
            uri = next((uri for box, uri in page.links if box[0] <= x <= box[2] and box[1] <= y <= box[3]), "")
            if not place:
                glyphs.append(Glyph(text, char.x0, char.x1, uri))
                if text.strip():
                    sizes.append(round(char.size, 1))
                    shown += 1
                    mono += bool(MONO.search(char.fontname))
        elif not place and glyphs:
            glyphs.append(Glyph(" ", glyphs[-1].x1, glyphs[-1].x1, glyphs[-1].uri))
        if place:
            cell = cells[place[0]]
            cell[place[1]] = cell.get(place[1], "") + (text if text.strip() else " ")
    if not sizes:
        if place:
            cells[place[0]][place[1]] += " "
        return []
    inked = [glyph for glyph in glyphs if glyph.text.strip()]
    size = Counter(sizes).most_common(1)[0][0]
    return [Line(glyphs, number, inked[0].x0, inked[-1].x1, item.y0, size, mono * 10 >= shown * 9)]


def _mend(text: str) -> str:
    """Ligatures and radicals as the letters they stand for; no control characters, no soft hyphens."""
    if len(text) == 1 and ("\ufb00" <= text <= "\ufb06" or "\u2e80" <= text <= "\u2fdf"):
        return unicodedata.normalize("NFKC", text)
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\xad\ufeff\u200b]|\\(cid:\\d+\\)", "", text)


def _without_furniture(pages: Sequence[_Page]) -> Iterator[_Page]:
    """Pages without numbers and repeated lines in their upper and lower tenth."""

    def margin(page: _Page, line: Line) -> bool:
        return line.kind == "text" and (line.y < page.height * 0.1 or line.y > page.height * 0.9)

    def shape(line: Line) -> str:
        return re.sub(r"\d+", "0", line.text)

    seen = Counter(name for page in pages for name in {shape(line) for line in page.lines if margin(page, line)})
    often = {name for name, count in seen.items() if count >= 3 and count * 2 > len(pages)}
    for page in pages:
        heights = [line.y for line in page.lines if line.kind == "text"]
        outermost = (min(heights), max(heights)) if heights and len(pages) > 1 else ()
        page.lines = [
            line
            for line in page.lines
            if not margin(page, line)
            or not (shape(line) in often or (line.y in outermost and PAGE_NUMBER.fullmatch(line.text)))
        ]
        yield page
