"""PDF to Markdown. A PDF knows glyphs and places; paragraphs, headings, links and code are read off the places.

- A line goes on in the next where the next line's first word had no room left in it.
- Sizes above that of the body are headings, a typewriter face is code, a ruled grid is a table.
- Lines in the margins that are numbers, or come back page after page, are furniture and left out.
"""

import io
import re
import statistics
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTContainer, LTCurve, LTImage, LTPage, LTTextLine
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import resolve1

from ingest.markup import CJK

WIDE = re.compile(f"[{CJK}]")
FULL_WIDTH = re.compile("[\u3000-\u303f\uff00-\uff65—…]")
BULLET = re.compile("^\\s*[\ue000-\uf8ff•●○▪■◦‣∙·]\\s*")
STARTS = re.compile(r"\s*(?:【|[QqAaＱＡ]\s*\d{0,3}\s*[:：]|答案?[:：]|\d{1,2}[.、)）]|https?://)")
ENDS_SENTENCE = re.compile(r"[。？！?!；;：:.…]$")
OPEN_URL = re.compile(r"https?://[\w\-./?=&%#~+:@!$*,;]*$", re.ASCII)
URL_REST = re.compile(r"[\w\-./?=&%#~+:@!$*,;]+", re.ASCII)
MONO = re.compile(r"mono|courier|consolas|menlo|fixed|typewriter|source ?code", re.IGNORECASE)
PAGE_NUMBER = re.compile(r"\W*(?:第|page)?\s*\d{1,4}\s*(?:页)?\s*(?:(?:/|of|共)\s*\d{1,4}\s*页?)?\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Glyph:
    text: str
    x0: float
    x1: float
    uri: str


@dataclass(slots=True)
class _Line:
    """One line of text, or a block that is done (`kind` "table" or "picture")."""

    glyphs: list[_Glyph]
    page: int
    x0: float
    x1: float
    y: float
    size: float
    mono: bool = False
    kind: str = "text"
    done: str = ""

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.done or "".join(glyph.text for glyph in self.glyphs).strip()


@dataclass(slots=True)
class _Page:
    height: float
    lines: list[_Line] = field(default_factory=list)
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
    lines: list[_Line] = []
    manager = PDFResourceManager()
    device = PDFPageAggregator(manager, laparams=LAParams())
    interpreter = PDFPageInterpreter(manager, device)
    pages: list[_Page] = []
    for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content)), 1):
        interpreter.process_page(page)
        pages.append(_read_page(device.get_result(), number, page, folder, pictures, left_out))
    for read in _without_furniture(pages):
        lines += read.lines
    return _markdown(lines), pictures, left_out


def _read_page(
    layout: LTPage, number: int, source: PDFPage, folder: str, pictures: dict[str, bytes], left_out: list[str]
) -> _Page:
    page = _Page(layout.height, links=list(_links(source)))
    found: list[_Line] = []
    used: set[str] = set()
    tables = _grids([item.bbox for item in _walk(layout) if isinstance(item, LTCurve)])
    cells: dict[int, dict[tuple[int, int], str]] = {at: {} for at in range(len(tables))}
    for item in _walk(layout):
        if isinstance(item, LTTextLine):
            found += _line(item, number, page, tables, cells)
        elif isinstance(item, LTImage):
            name = f"{len(pictures) + 1}"
            if picture := _picture(item):
                pictures[f"{name}.{picture[0]}"] = picture[1]
                done = f"![图 {name}]({folder}/{name}.{picture[0]})"
                found.append(_Line([], number, item.x0, item.x1, item.y1, 0, kind="picture", done=done))
            else:
                left_out.append(f"a picture on page {number}")
    for at, (columns, rows) in enumerate(tables):
        if cells[at]:
            done = _table(cells[at], len(columns) - 1, len(rows) - 1)
            found.append(_Line([], number, columns[0], columns[-1], rows[0], 0, kind="table", done=done))
    used |= {glyph.uri for line in found for glyph in line.glyphs} | {
        uri for _, uri in page.links if any(uri in line.done for line in found)
    }
    for box, uri in page.links:  # over a picture, or over nothing
        if uri not in used:
            used.add(uri)
            found.append(_Line([], number, box[0], box[2], box[1], 0, kind="picture", done=f"<{uri}>"))
    page.lines = _in_reading_order(found)
    return page


def _in_reading_order(found: list[_Line]) -> list[_Line]:
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
) -> list[_Line]:
    """One line of text, without what lies in a table's cells: that goes to `cells`."""
    glyphs: list[_Glyph] = []
    sizes: list[float] = []
    mono = shown = 0
    place: tuple[int, tuple[int, int]] | None = None
    for char in item:
        text = _mend(char.get_text())
        if isinstance(char, LTChar):
            x, y = (char.x0 + char.x1) / 2, (char.y0 + char.y1) / 2
            place = _cell(tables, x, y)
            uri = next((uri for box, uri in page.links if box[0] <= x <= box[2] and box[1] <= y <= box[3]), "")
            if not place:
                glyphs.append(_Glyph(text, char.x0, char.x1, uri))
                if text.strip():
                    sizes.append(round(char.size, 1))
                    shown += 1
                    mono += bool(MONO.search(char.fontname))
        elif not place and glyphs:
            glyphs.append(_Glyph(" ", glyphs[-1].x1, glyphs[-1].x1, glyphs[-1].uri))
        if place:
            cell = cells[place[0]]
            cell[place[1]] = cell.get(place[1], "") + (text if text.strip() else " ")
    if not sizes:
        if place:
            cells[place[0]][place[1]] += " "
        return []
    inked = [glyph for glyph in glyphs if glyph.text.strip()]
    size = Counter(sizes).most_common(1)[0][0]
    return [_Line(glyphs, number, inked[0].x0, inked[-1].x1, item.y0, size, mono * 10 >= shown * 9)]


def _mend(text: str) -> str:
    """Ligatures and radicals as the letters they stand for; no control characters, no soft hyphens."""
    if len(text) == 1 and ("\ufb00" <= text <= "\ufb06" or "\u2e80" <= text <= "\u2fdf"):
        return unicodedata.normalize("NFKC", text)
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\xad\ufeff\u200b]|\\(cid:\\d+\\)", "", text)


def _without_furniture(pages: Sequence[_Page]) -> Iterator[_Page]:
    """Pages without numbers and repeated lines in their upper and lower tenth."""

    def margin(page: _Page, line: _Line) -> bool:
        return line.kind == "text" and (line.y < page.height * 0.1 or line.y > page.height * 0.9)

    def shape(line: _Line) -> str:
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


def _markdown(lines: Sequence[_Line]) -> str:
    text = [line for line in lines if line.kind == "text"]
    if not text:
        return "\n\n".join(line.done for line in lines)
    weights: Counter[float] = Counter()
    for line in text:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0]
    level = _levels(text, body)
    ends = sorted(line.x1 for line in text if line.size <= body * 1.15)
    right = statistics.median(ends[-max(1, len(ends) // 5) :])
    parts: list[str] = []
    group: list[_Line] = []
    for line in lines:
        dashed = (
            line.text.startswith("- ") and group and group[0].text.startswith("- ")
        )  # a list, no torn `某文 - 知乎`
        if group and (dashed or not _goes_on(group[-1], line, level, right)):
            parts.append(_part(group, level))
            group = []
        group.append(line)
    return "\n\n".join(part for part in (*parts, _part(group, level)) if part)


def _levels(lines: Iterable[_Line], body: float) -> dict[float, int]:
    """Heading level by size. A largest size that comes once is the title's; else headings begin at 2."""
    sizes = Counter(line.size for line in lines if line.size > body * 1.15 and not line.mono and len(line.text) <= 80)
    ordered = sorted(sizes, reverse=True)
    first = 1 if ordered and sizes[ordered[0]] == 1 else 2
    return {size: min(6, first + at) for at, size in enumerate(ordered)}


def _goes_on(above: _Line, line: _Line, level: dict[float, int], right: float) -> bool:
    """Whether a line goes on in the next one."""
    if above.kind != "text" or line.kind != "text" or above.mono != line.mono:
        return False
    if above.mono:
        return True
    if level.get(above.size, 0) != level.get(line.size, 0) or abs(above.size - line.size) > 1.5:
        return False
    if BULLET.match(line.text):
        return False
    gap = above.y - line.y
    if above.page == line.page and not 0 < gap < 3.2 * above.size:
        return False
    if OPEN_URL.search(above.text) and (rest := URL_REST.match(line.text)) and not line.text.startswith("http"):
        known = next((glyph.uri for glyph in reversed(above.glyphs) if glyph.uri), "")
        written = OPEN_URL.search(above.text)[0]  # type: ignore[index]
        if known.startswith(written + rest[0][:4]) or (not known and above.x1 > right - 2 * above.size):
            return True
    if STARTS.match(line.text) or (level.get(line.size) and above.x1 < right - 2 * above.size):
        return False
    if ENDS_SENTENCE.search(above.text) and above.page == line.page and gap > 1.9 * above.size:
        return False
    return above.x1 + _first_word(line) > right - 0.3 * above.size


def _first_word(line: _Line) -> float:
    """Width of what cannot be torn from a line's beginning."""
    inked = [glyph for glyph in line.glyphs if glyph.text]
    start = next(at for at, glyph in enumerate(inked) if glyph.text.strip())
    end = start + 1
    if not WIDE.match(inked[start].text):
        while end < len(inked) and inked[end].text.strip() and not WIDE.match(inked[end].text):
            end += 1
    while end < len(inked) and re.match("[，。；：！？、）】》」』]", inked[end].text):
        end += 1
    return inked[end - 1].x1 - inked[start].x0


def _part(lines: Sequence[_Line], level: dict[float, int]) -> str:
    first = lines[0]
    if first.done:
        return first.done
    if first.mono:
        left = min(line.glyphs[0].x0 for line in lines)
        width = statistics.median(glyph.x1 - glyph.x0 for line in lines for glyph in line.glyphs if glyph.text.strip())
        shown = []
        for line in lines:
            indent = " " * round((line.glyphs[0].x0 - left) / (width or 1))
            shown.append((indent + "".join(glyph.text for glyph in line.glyphs)).rstrip())
        fence = "```" if not any("```" in line for line in shown) else "`````"
        return "\n".join((fence, *shown, fence))
    text = _linked([glyph for line in _joined(lines) for glyph in line])
    if BULLET.match(text):
        return "- " + re.sub("[\ue000-\uf8ff]", "", BULLET.sub("", text)).strip()
    text = re.sub("[\ue000-\uf8ff]", "", text).strip()
    if first.size in level and len(text) <= 120:
        return f"{'#' * level[first.size]} {text}"
    return text


def _joined(lines: Sequence[_Line]) -> Iterator[list[_Glyph]]:
    """Lines with what stands between them: a blank, but none in Chinese, after a hyphen, or inside an address."""
    before = ""
    for line in lines:
        glyphs = line.glyphs
        after = line.text
        if before:
            cut = OPEN_URL.search(before) and URL_REST.match(after)
            chinese = WIDE.match(before[-1]) and WIDE.match(after[0])
            full_width = re.search("[\u3000-\u303f\uff00-\uff65—…]$", before) or re.match(
                "[\u3000-\u303f\uff00-\uff65—…]", after
            )
            hyphen = re.search(r"[-—–]$", before) and not re.search(r"\s-$", before)
            if not (cut or chinese or full_width or hyphen):
                same = glyphs[0].uri
                yield [_Glyph(" ", 0, 0, same)]
        start = next(at for at, glyph in enumerate(glyphs) if glyph.text.strip())
        end = max(at for at, glyph in enumerate(glyphs) if glyph.text.strip())
        yield glyphs[start : end + 1]
        before = line.text


def _linked(glyphs: Sequence[_Glyph]) -> str:
    """Text with its links: bare where the text is the address, `[text](address)` elsewhere."""
    out: list[str] = []
    at = 0
    while at < len(glyphs):
        end = at
        while end < len(glyphs) and glyphs[end].uri == glyphs[at].uri:
            end += 1
        raw = "".join(glyph.text for glyph in glyphs[at:end])
        text = re.sub(r"\s+", " ", raw)
        label = text.strip()
        if not glyphs[at].uri or not label:
            out.append(text)
        else:
            out.append(" " * text.startswith(" ") + _link(label, glyphs[at].uri) + " " * text.endswith(" "))
        at = end
    return re.sub(r"[ \t]+", " ", "".join(out))


def _link(label: str, uri: str) -> str:
    bare = re.sub(r"^https?://|/$", "", label.replace(" ", ""))
    if bare == re.sub(r"^(?:https?://|mailto:)|/$", "", uri):
        return uri if label.startswith("http") else f"[{label}]({uri})"
    if re.match(r"https?://", label):  # an address and what the rectangle covers beside it
        written = re.match(r"\S+?(?=[\s\u2e80-\uffff]|$)", label)
        if written and uri.startswith(written[0].rstrip("/")):
            return f"{uri} {label[written.end() :].strip()}".strip()
    label = label.replace("[", "\\[").replace("]", "\\]")
    target = uri.replace("(", "%28").replace(")", "%29")
    return f"[{label}]({target})"


def _grids(boxes: Sequence[tuple[float, float, float, float]]) -> list[tuple[list[float], list[float]]]:
    """Ruled grids of at least two rows and two columns: the x of their columns, the y of their rows from the top."""
    rules = [box for box in boxes if (box[2] - box[0] < 3) != (box[3] - box[1] < 3)]
    if len(rules) > 1000:  # a drawing; comparing all with all would take minutes
        return []
    groups: list[list[tuple[float, float, float, float]]] = []
    for rule in rules:
        near = [group for group in groups if any(_touch(rule, other) for other in group)]
        groups = [group for group in groups if group not in near] + [
            [rule, *(other for group in near for other in group)]
        ]
    grids = []
    for group in groups:
        columns = _marks(mark for box in group if box[2] - box[0] < 3 for mark in [(box[0] + box[2]) / 2])
        rows = _marks(mark for box in group if box[3] - box[1] < 3 for mark in [(box[1] + box[3]) / 2])
        if len(columns) >= 3 and len(rows) >= 3:
            grids.append((columns, rows[::-1]))
    return grids


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] - 2 <= other[2] and other[0] - 2 <= one[2] and one[1] - 2 <= other[3] and other[1] - 2 <= one[3]


def _marks(values: Iterable[float]) -> list[float]:
    marks: list[float] = []
    for value in sorted(values):
        if not marks or value - marks[-1] > 4:
            marks.append(value)
    return marks


def _cell(tables: Sequence[tuple[list[float], list[float]]], x: float, y: float) -> tuple[int, tuple[int, int]] | None:
    for at, (columns, rows) in enumerate(tables):
        if columns[0] < x < columns[-1] and rows[-1] < y < rows[0]:
            return at, (sum(y < row for row in rows) - 1, sum(x > column for column in columns) - 1)
    return None


def _table(cells: dict[tuple[int, int], str], columns: int, rows: int) -> str:
    def cell(row: int, column: int) -> str:
        text = re.sub(r"\s+", " ", cells.get((row, column), "")).strip()
        return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", text).replace("|", "\\|")

    lines = ["| " + " | ".join(cell(row, column) for column in range(columns)) + " |" for row in range(rows)]
    return "\n".join((lines[0], "|" + " --- |" * columns, *lines[1:]))


def _picture(image: LTImage) -> tuple[str, bytes] | None:
    """A picture as a file: JPEG as it is, plain grey or RGB samples as PNG; None for anything else."""
    stream = image.stream
    names = [str(getattr(name, "name", name)) for name, _ in stream.get_filters()]
    if names and names[-1] in ("DCTDecode", "DCT"):
        content = stream.get_data() if len(names) > 1 else stream.get_rawdata()
        return ("jpg", content) if content and content.startswith(b"\xff\xd8") else None
    width, height = image.srcsize
    if image.bits != 8 or not (width and height):
        return None
    samples = stream.get_data()
    channels = len(samples) // (width * height)
    if channels not in (1, 3) or len(samples) != channels * width * height:
        return None
    space = " ".join(map(str, image.colorspace))
    if "Indexed" in space or "Lab" in space:
        return None
    return "png", _png(width, height, channels, samples)


def _png(width: int, height: int, channels: int, samples: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = width * channels
    rows = b"".join(b"\0" + samples[at : at + row] for at in range(0, len(samples), row))
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
