"""What a PDF draws to set text apart: the dots before items, and the rules of tables that have no grid."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.importing.pdf_inline import linked
from ingest.importing.pdf_lines import Glyph, Line
from ingest.importing.pdf_tables import faces, is_headed, write_table

Box = tuple[float, float, float, float]
DOTS = 300  # more of them are a plot
RULES = 3


def with_dots(lines: Sequence[Line], boxes: Sequence[Box]) -> None:
    """Put a bullet before each line that has a dot drawn before it, as browsers draw those of lists."""
    dots = [box for box in boxes if 1 < box[2] - box[0] < 10 and abs((box[2] - box[0]) - (box[3] - box[1])) < 1]
    if len(dots) > DOTS:
        return
    for line in lines:
        for dot in dots if line.kind == "text" and not line.mono else ():
            near = 0 < line.x0 - dot[2] < 1.6 * line.size and dot[2] - dot[0] < 0.7 * line.size
            if near and line.y < (dot[1] + dot[3]) / 2 < line.y + line.size:
                line.glyphs.insert(0, Glyph("• ", dot[0], dot[2], "", line.size, line.y))
                break


def with_ruled_tables(found: list[Line], boxes: Sequence[Box]) -> list[Line]:
    """Lines of a page, of which those between three rules or more of one width are a table."""
    out = list(found)
    for (x0, bottom, x1, top), cuts in _between_rules(boxes):
        inside = [
            line
            for line in out
            if line.kind == "text" and bottom - 2 < line.y < top and line.x0 > x0 - 6 and line.x1 < x1 + 6
        ]
        inside += _head(out, (x0, bottom, x1, top), _table(inside, cuts))
        if table := _table(inside, cuts):
            gone = set(map(id, inside))
            at = next(at for at, line in enumerate(out) if id(line) in gone)
            out[at:at] = [table]
            out = [line for line in out if id(line) not in gone]
    return out


def _head(lines: Sequence[Line], box: Box, table: Line | None) -> list[Line]:
    """The cells right above the first rule of a table, as many as it has columns, each over its own."""
    x0, _, x1, top = box
    above = [line for line in lines if line.kind == "text" and line.x0 > x0 - 6 and line.x1 < x1 + 6]
    cells = sorted((line for line in above if top - 2 < line.y < top + 1.6 * line.size), key=lambda line: line.x0)
    if (
        table is None
        or len(cells) != len(table.columns)
        or max(line.y for line in cells) - min(line.y for line in cells) > 2
    ):
        return []
    ends = [*table.columns[1:], x1 + 6]
    over = all(line.x1 < end for line, end in zip(cells, ends, strict=True))
    return cells if over and all(line.x1 > left for line, left in zip(cells, table.columns, strict=True)) else []


def _between_rules(boxes: Sequence[Box]) -> Iterator[tuple[Box, list[float]]]:
    """What lies between rules of one place and width, and where they are cut, as cells draw theirs in pieces."""
    rows: dict[int, list[Box]] = defaultdict(list)
    for box in boxes:
        if box[3] - box[1] < 3 < box[2] - box[0]:
            rows[round(box[1])].append(box)
    wide: dict[tuple[int, int], list[list[Box]]] = defaultdict(list)
    for parts in rows.values():
        parts.sort()
        if all(right[0] - left[2] < 3 for left, right in pairwise(parts)):
            wide[round(parts[0][0] / 3), round(parts[-1][2] / 3)].append(parts)
    for rules in wide.values():
        if len(rules) >= RULES and rules[0][-1][2] - rules[0][0][0] > 30:
            ys = [parts[0][1] for parts in rules]
            cuts = [part[0] for part in max(rules, key=len)[1:]]
            yield (rules[0][0][0], min(ys), rules[0][-1][2], max(ys)), cuts


def _table(lines: Sequence[Line], cuts: Sequence[float]) -> Line | None:
    """Lines between rules as a table; None where they stand in no columns."""
    rows: list[list[Line]] = []
    for line in sorted((cell for line in lines for cell in _cells(line, cuts)), key=lambda line: (-line.y, line.x0)):
        if rows and abs(rows[-1][0].y - line.y) < 0.4 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    width = max(map(len, rows), default=0)
    full = [sorted(row, key=lambda cell: cell.x0) for row in rows if len(row) == width]
    if width < 2 or len(full) < 2:
        return None
    columns = [(min(row[at].x0 for row in full), max(row[at].x1 for row in full)) for at in range(width)]
    if any(right[0] < left[1] for left, right in pairwise(columns)):
        return None
    cells: dict[tuple[int, int], str] = {}
    number = -1
    for row in rows:
        places = [_column(cell, columns) for cell in row]
        if number < 0 or 0 in places or len(row) * 2 > width:  # else the lines above go on
            number += 1
        for cell, at in zip(row, places, strict=True):
            cells[number, at] = f"{cells.get((number, at), '')} {linked(cell.glyphs)}".strip()
    first = rows[0][0]
    done = write_table(cells, width, number + 1)
    table = Line([], first.page, columns[0][0], columns[-1][1], first.y + first.size, 0, kind="table", done=done)
    table.columns = tuple(left for left, _ in columns)
    table.headed = is_headed([faces(glyph for cell in row for glyph in cell.glyphs) for row in rows])
    return table


def _column(cell: Line, columns: Sequence[tuple[float, float]]) -> int:
    """The column that a cell shares most of its width with, or else stands nearest to."""
    return max(range(len(columns)), key=lambda at: min(cell.x1, columns[at][1]) - max(cell.x0, columns[at][0]))


def _cells(line: Line, cuts: Sequence[float]) -> list[Line]:
    """A line cut where the rules are, or where it has wide gaps."""
    parts: list[list[Glyph]] = [[]]
    end = None
    for glyph in line.glyphs:
        if glyph.text.strip():
            cut = any((end or glyph.x0) - 1 < x < glyph.x1 - 1 for x in cuts)
            if end is not None and (cut or glyph.x0 - end > 0.55 * line.size):
                parts.append([])
            end = glyph.x1
        parts[-1].append(glyph)
    shown = [[glyph for glyph in part if glyph.text.strip()] for part in parts]
    return [
        replace(line, glyphs=part, x0=inked[0].x0, x1=inked[-1].x1)
        for part, inked in zip(parts, shown, strict=True)
        if inked
    ]
