"""What a PDF only shows by places: tables without a grid, and indexes that are raised or lowered."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.importing.pdf_inline import linked
from ingest.importing.pdf_lines import WIDE, Glyph, Line
from ingest.importing.pdf_tables import faces, is_headed, write_table

CELL = 24  # letters: in columns of text, lines are longer
ROWS = 3


def with_indexes(glyphs: list[Glyph], size: float, base: float) -> list[Glyph]:
    """Glyphs in which `10` with a raised `5` is the formula `$10^5$`, and a raised number behind Chinese is `[5]`."""
    out = list(glyphs)
    at = 0
    while at < len(out):
        end = at
        while (
            end < len(out) and _mark(out[end], size, base) and _mark(out[end], size, base) == _mark(out[at], size, base)
        ):
            end += 1
        if end == at or at == 0:
            at += 1
            continue
        text = "".join(glyph.text for glyph in out[at:end])
        start = at
        while (
            start
            and re.fullmatch(r"[A-Za-z0-9.\u0370-\u03ff)]", out[start - 1].text)
            and not _mark(out[start - 1], size, base)
        ):
            start -= 1
            if not out[start].text.isdigit() and out[start].text != ".":
                break
        if re.fullmatch(r"[-+−\w]{1,12}", text) and not WIDE.search(text):
            mark = "^" if _mark(out[at], size, base) == 1 else "_"
            index = text if len(text) == 1 else f"{{{text}}}"
            if start < at:
                out[start] = replace(out[start], text=f"${out[start].text}")
                out[at:end] = [replace(out[at], text=f"{mark}{index}$", x1=out[end - 1].x1, size=size)]
            elif text.isdigit() and mark == "^":
                out[at:end] = [replace(out[at], text=f"[{text}]", x1=out[end - 1].x1, size=size)]
            else:
                out[at:end] = [replace(out[at], text=f"${{}}{mark}{index}$", x1=out[end - 1].x1, size=size)]
            end = at + 1
        at = end
    return out


def _mark(glyph: Glyph, size: float, base: float) -> int:
    """1 for a raised glyph, -1 for a lowered one, 0 for one of the line."""
    if not glyph.text.strip() or not glyph.size or glyph.size > size * 0.88 or WIDE.match(glyph.text):
        return 0
    middle = glyph.y + glyph.size / 2 - base
    if middle > size * 0.58:
        return 1
    return -1 if middle < size * 0.42 else 0


def with_loose_tables(found: list[Line]) -> list[Line]:
    """Lines of a page, of which those that stand in rows and columns are tables."""
    rows: list[list[Line]] = []
    for line in sorted((line for line in found if line.kind == "text" and not line.mono), key=lambda line: -line.y):
        if rows and abs(rows[-1][0].y - line.y) < 0.4 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.x0)
    taken: dict[int, Line] = {}
    at = 0
    while at < len(rows):
        end = _table_end(rows, at)
        if end - at >= ROWS:
            table = _table(rows[at:end])
            taken |= {id(line): table for row in rows[at:end] for line in row}
            at = end
        else:
            at += 1
    tables = {id(table): table for table in taken.values()}
    return [line for line in found if id(line) not in taken] + list(tables.values())


def _table_end(rows: Sequence[Sequence[Line]], at: int) -> int:
    """Where a table that begins at a row ends; `at` where none does."""
    head = rows[at]
    if len(head) < 2 or len(head) > 12:
        return at
    end = at + 1
    while end < len(rows):
        row = rows[end]
        near = rows[end - 1][0].y - row[0].y < 3.2 * row[0].size
        if not near or len(row) < 2 or not all(_column(line, head) is not None for line in row):
            break
        end += 1
    cells = [line for row in rows[at:end] for line in row]
    apart = min((right.x0 - left.x1 for row in rows[at:end] for left, right in pairwise(row)), default=0)
    short = statistics.mean(len(line.text) for line in cells) <= CELL
    return end if short and apart > head[0].size * 0.8 else at


def _column(line: Line, head: Sequence[Line]) -> int | None:
    """The column whose left edge, right edge or middle a cell shares."""
    middle = (line.x0 + line.x1) / 2
    for at, cell in enumerate(head):
        shared = (cell.x0 - line.x0, cell.x1 - line.x1, (cell.x0 + cell.x1) / 2 - middle)
        if min(map(abs, shared)) < 4:
            return at
    return None


def _table(rows: Sequence[Sequence[Line]]) -> Line:
    head = rows[0]
    cells: dict[tuple[int, int], str] = {}
    for number, row in enumerate(rows):
        for line in row:
            place = (number, _column(line, head) or 0)
            cells[place] = f"{cells.get(place, '')} {linked(line.glyphs)}".strip()
    done = write_table(cells, len(head), len(rows))
    first = head[0]
    top, right = first.y + first.size, max(line.x1 for line in head)
    table = Line([], first.page, first.x0, right, top, 0, kind="table", done=done)
    table.columns = tuple(line.x0 for line in head)
    table.headed = is_headed([faces(glyph for line in row for glyph in line.glyphs) for row in rows])
    return table
