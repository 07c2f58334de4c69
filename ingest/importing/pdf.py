"""PDF to Markdown. A PDF knows glyphs and places; paragraphs, headings, links and code are read off the places.

- A line goes on in the next where the next line's first word had no room left in it.
- Sizes above that of the body are headings, a typewriter face is code, a ruled grid is a table.
- Lines in the margins that count the pages, or come back page after page, are furniture: left out, and said to be.
"""

import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import (
    LAParams,
    LTChar,
    LTContainer,
    LTCurve,
    LTImage,
    LTPage,
    LTTextBox,
    LTTextGroup,
    LTTextGroupLRTB,
    LTTextLine,
)
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import resolve1

from ingest.importing.addresses import real_address
from ingest.importing.escape import escape
from ingest.importing.pdf_columns import by_columns
from ingest.importing.pdf_footnotes import without_footnotes
from ingest.importing.pdf_furniture import OUTER, Page, without_furniture
from ingest.importing.pdf_lines import WIDE, Glyph, Line
from ingest.importing.pdf_loose import with_indexes, with_loose_tables
from ingest.importing.pdf_notes import notes_of
from ingest.importing.pdf_pictures import picture_file
from ingest.importing.pdf_ruled import with_dots, with_ruled_tables
from ingest.importing.pdf_tables import Cells, Place, cell_at, edges_of, find_grids
from ingest.importing.pdf_text import lines_to_markdown
from ingest.importing.pdf_turned import with_whole_tables
from ingest.importing.radicals import mend_radicals
from ingest.importing.signs import dingbat

MONO = re.compile(r"mono|courier|consolas|menlo|fixed|typewriter|source ?code", re.IGNORECASE)
BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
CID = re.compile(r"\(cid:\d+\)")
UNREADABLE = "□"
MANY_BOXES = 250


@dataclass(slots=True)
class ReadPdf:
    """What a PDF became.

    Attributes:
        text: Markdown.
        pictures: Their bytes by name.
        left_out: Pictures that are in no form that a page may show.
        seen: Every character of every page, a piece for each line.
        told: What was left out on purpose, in words.
        dropped: Its texts.
        faults: What could not be read, in words.
        unread: How many characters have no text.
        comments: How many comments lie on the pages.
        bare: Numbers of the pages that are pictures and nothing else.
    """

    text: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    bare: list[int] = field(default_factory=list)
    unread: int = 0
    comments: int = 0


class _Laid(LTPage):
    """A page whose boxes are put into order by their places where there are too many to compare each with each."""

    def group_textboxes(self, laparams: LAParams, boxes: Sequence[LTTextBox]) -> list[LTTextGroup]:
        if len(boxes) <= MANY_BOXES:
            return list(super().group_textboxes(laparams, boxes))
        return [LTTextGroupLRTB(boxes)]


class _Device(PDFPageAggregator):
    def begin_page(self, page: PDFPage, ctm: tuple[float, float, float, float, float, float]) -> None:
        super().begin_page(page, ctm)
        laid = self.cur_item
        assert isinstance(laid, LTPage)
        self.cur_item = _Laid(laid.pageid, laid.bbox, laid.rotate)


def pdf_to_markdown(content: bytes, folder: str) -> ReadPdf:
    """Read a PDF.

    Args:
        content: The file.
        folder: What links to pictures begin with.

    Raises:
        Exception: Whatever pdfminer raises over a file that is no PDF, is locked, or is damaged.
    """
    read = ReadPdf()
    manager = PDFResourceManager()
    device = _Device(manager, laparams=LAParams(all_texts=True))
    interpreter = PDFPageInterpreter(manager, device)
    pages: list[Page] = []
    for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content)), 1):
        interpreter.process_page(page)
        laid = device.get_result()
        pages.append(_read_page(laid, number, page, folder, read))
        _take_census(laid, number, bool(pages[-1].pictures), read)
    without_furniture(pages, read.told, read.dropped)
    if read.comments:
        read.told.append("a comment beside the text" + f" ({read.comments})" * (read.comments > 1))
    which = f"page{'s' * (len(read.bare) > 1)} {', '.join(map(str, read.bare[:10]))}{' …' * (len(read.bare) > 10)}"
    if len(read.bare) * 2 >= len(pages) and read.bare:
        ocr = "read it with OCR first, such as `ocrmypdf -l chi_sim in.pdf out.pdf`"
        read.faults.append(f"{which} of {len(pages)}: a picture without text, as of a scanner; {ocr}")
    elif read.bare:  # a poster at the end
        read.told.append(f"{which}: a picture without text; what it says stays in the picture")
    read.unread = sum(text.count(UNREADABLE) for text in read.seen)
    if read.unread:
        whole = sum(len("".join(text.split())) for text in read.seen)
        read.faults.insert(
            0,
            f"{read.unread} of {whole} characters have no text, where □ stands now: the fonts lack a Unicode map;"
            " export it again, or read it with OCR",
        )
    notes = without_footnotes(pages)
    with_whole_tables(pages, read.told, read.dropped)
    read.text = lines_to_markdown([*(line for page in pages for line in page.lines), *notes])
    return read


def _take_census(laid: LTPage, number: int, pictured: bool, read: ReadPdf) -> None:
    """Count a page's characters, apart from how its lines are read."""
    letters = odd = 0
    sample = ""
    for item in _walk(laid):
        if isinstance(item, LTTextLine):
            piece = "".join(map(_drawn, item))
            shown = CID.sub(UNREADABLE, piece)
            letters += len(shown.split())
            if UNREADABLE in shown:
                odd, sample = odd + shown.count(UNREADABLE), sample or " ".join(shown.split())[:40]
            read.seen.append(shown)
        elif isinstance(item, LTChar):
            read.seen.append(CID.sub(UNREADABLE, _drawn(item)))
    if odd:
        read.faults.append(f"{odd} characters of page {number} have no text: {sample!r}")
    if not letters and pictured:
        read.bare.append(number)


def _read_page(layout: LTPage, number: int, source: PDFPage, folder: str, read: ReadPdf) -> Page:
    page = Page(layout.height, links=list(_links(source)))
    found: list[Line] = []
    shapes = [item for item in _walk(layout) if isinstance(item, LTCurve)]
    drawn = [shape.bbox for shape in shapes]
    few = len(shapes) < MANY_BOXES
    edges = [edge for shape in shapes for edge in edges_of(shape.bbox, shape.stroke and few)]
    tables = [Cells(grid) for grid in find_grids(edges, layout.height)]
    page.rules = [(box[0], box[2], box[1]) for box in drawn if box[3] - box[1] < 3 < box[2] - box[0]]
    for item in _walk(layout):
        if isinstance(item, LTTextLine):
            found += _line(item, number, page, tables)
        elif isinstance(item, LTImage):
            page.pictures += 1
            name = f"{len(read.pictures) + 1}"
            if picture := picture_file(item):
                read.pictures[f"{name}.{picture[0]}"] = picture[1]
                done = f"![图 {name}]({folder}/{name}.{picture[0]})"
                found.append(Line([], number, item.x0, item.x1, item.y1, 0, kind="picture", done=done))
            else:
                read.left_out.append(f"a picture on page {number}")
    found += [table.line(number) for table in tables if table.glyphs]
    cells = [glyph for table in tables for glyphs in table.glyphs.values() for glyph in glyphs]
    used = {glyph.uri for glyph in (*cells, *(glyph for line in found for glyph in line.glyphs))}
    for box, uri in page.links:  # over a picture, or over nothing
        if uri not in used:
            used.add(uri)
            found.append(Line([], number, box[0], box[2], box[1], 0, kind="picture", done=f"<{uri}>"))
    for note in notes_of(source):
        if note.comment:
            read.comments += 1
            read.dropped.append(note.text)
        else:
            read.seen.append(note.text)
            x0, y0, x1, _ = note.box
            found.append(Line([], number, x0, x1, y0, 0, kind="picture", done=escape(note.text)))
    with_dots(found, drawn)
    page.lines = _in_reading_order(with_loose_tables(with_ruled_tables(found, drawn)), page.height)
    return page


def _in_reading_order(found: list[Line], height: float) -> list[Line]:
    """Text as pdfminer ordered it (it knows columns); blocks go before the first line that is lower than they are."""
    lines = [line for line in found if line.kind == "text"]
    body = sorted((line for line in lines if height * OUTER < line.y < height * (1 - OUTER)), key=lambda line: -line.y)
    if not any(below.y + below.size * 0.7 > above.y for above, below in pairwise(body)):
        lines.sort(key=lambda line: -line.y)  # nothing stands beside anything: items of lists are no columns
    else:
        lines = by_columns(lines)
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
                yield (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), real_address(target)


def _line(item: LTTextLine, number: int, page: Page, tables: Sequence[Cells]) -> list[Line]:
    """One line of text, without what lies in a table's cells: that goes there."""
    parts: dict[tuple[int, Place] | None, list[Glyph]] = defaultdict(list)
    mono = shown = narrow = 0
    begins = False  # whether its first letter is of a typewriter
    place: tuple[int, Place] | None = None
    for char in item:
        text = _mend(_drawn(char))
        if isinstance(char, LTChar):
            x, y = (char.x0 + char.x1) / 2, (char.y0 + char.y1) / 2
            place = cell_at(tables, x, y)
            uri = next((uri for box, uri in page.links if box[0] <= x <= box[2] and box[1] <= y <= box[3]), "")
            bold = BOLD.search(char.fontname) is not None
            parts[place].append(Glyph(text, char.x0, char.x1, uri, char.size, char.y0, bold))
            if text.strip() and not place:
                typed = bool(MONO.search(char.fontname))
                begins = typed if not shown else begins
                shown += 1
                narrow += not WIDE.match(text)
                mono += typed
        elif glyphs := parts[place]:
            glyphs.append(Glyph(" ", glyphs[-1].x1, glyphs[-1].x1, glyphs[-1].uri))
    lines = []
    for place, glyphs in parts.items():
        sizes = Counter(round(glyph.size, 1) for glyph in glyphs if glyph.text.strip() and glyph.size)
        if not sizes:
            continue
        size = sizes.most_common(1)[0][0]
        glyphs = with_indexes(glyphs, size, item.y0)
        if place:
            tables[place[0]].add(place[1], glyphs)
            continue
        inked = [glyph for glyph in glyphs if glyph.text.strip()]
        line = Line(glyphs, number, inked[0].x0, inked[-1].x1, item.y0, size, mono * 10 >= shown * 9)
        line.typed = mono / shown if begins and mono >= narrow else 0
        lines.append(line)
    return lines


def _drawn(char: Any) -> str:
    """What a character shows, which a font of signs draws in the place of a letter."""
    text = str(char.get_text())
    signs = isinstance(char, LTChar) and len(text) == 1 and "dingbats" in char.fontname.lower()
    return dingbat(ord(text)) if signs else text


def _mend(text: str) -> str:
    """Ligatures and radicals as the letters they stand for; no control characters, no soft hyphens."""
    if len(text) == 1 and "\ufb00" <= text <= "\ufb06":
        return unicodedata.normalize("NFKC", text)
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\xad\ufeff\u200b]", "", mend_radicals(CID.sub(UNREADABLE, text)))
