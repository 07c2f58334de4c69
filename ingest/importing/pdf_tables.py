"""Ruled grids of a PDF's page as tables."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.importing.pdf_inline import linked
from ingest.importing.pdf_lines import Glyph, Line
from ingest.markup import CJK

Box = tuple[float, float, float, float]
Place = tuple[int, int]  # row and column
EDGE = 0.15  # of a page's height


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled grid.

    Attributes:
        columns: The x of its columns.
        rows: The y of its rows, from the top.
        merged: What cells above or left a cell is of.
        cut: Whether its first row and its last one are open, as where a page ends.
    """

    columns: list[float]
    rows: list[float]
    merged: dict[Place, Place] = field(default_factory=dict)
    cut: tuple[bool, bool] = (False, False)


@dataclass(slots=True)
class Cells:
    """A ruled grid and what stands in it: of each cell its glyphs, and of each row whether its letters are bold."""

    grid: Grid
    glyphs: dict[Place, list[Glyph]] = field(default_factory=lambda: defaultdict(list))
    bold: dict[int, set[bool]] = field(default_factory=lambda: defaultdict(set))

    def add(self, place: Place, glyphs: Sequence[Glyph]) -> None:
        """A line of a cell."""
        self.glyphs[place] += [*glyphs, Glyph(" ", 0, 0, glyphs[-1].uri)]
        self.bold[place[0]] |= faces(glyphs)

    def line(self, page: int) -> Line:
        """The table."""
        columns, rows = self.grid.columns, self.grid.rows
        cells = {place: linked(glyphs) for place, glyphs in self.glyphs.items()}
        used = {row for row, _ in cells}
        first = int(self.grid.cut[0] and 0 not in used)
        last = len(rows) - 2 - int(self.grid.cut[1] and len(rows) - 2 not in used)
        table = Line([], page, columns[0], columns[-1], rows[first], 0, kind="table", columns=tuple(columns))
        shown = {(row - first, column): text for (row, column), text in cells.items()}
        table.done = write_table(shown, len(columns) - 1, last - first + 1)
        table.headed = is_headed([self.bold[row] for row in range(first, last + 1)])
        table.cut = (self.grid.cut[0] and not first, self.grid.cut[1] and last == len(rows) - 2)
        return table


def faces(glyphs: Iterable[Glyph]) -> set[bool]:
    """Whether letters are bold: all, none, or some."""
    return {glyph.bold for glyph in glyphs if glyph.text.strip()}


def is_headed(rows: Sequence[set[bool]]) -> bool:
    """Whether the letters of the first row are bold and those of the others are not."""
    return rows[0] == {True} and any(False in row for row in rows[1:])


def edges_of(box: Box, stroked: bool) -> list[Box]:
    """What is drawn, and of a box with its outline, such as a cell's, the four edges."""
    x0, y0, x1, y1 = box
    if not stroked or min(x1 - x0, y1 - y0) < 8:
        return [box]
    return [box, (x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)]


def find_grids(boxes: Sequence[Box], height: float) -> list[Grid]:
    """Ruled grids of at least two columns and two rows, or one at the edge of a page of a height."""
    rules = [box for box in dict.fromkeys(boxes) if (box[2] - box[0] < 3) != (box[3] - box[1] < 3)]
    if len(rules) > 1000:  # a drawing; comparing all with all would take minutes
        return []
    groups: list[list[Box]] = []
    for rule in rules:
        near = [group for group in groups if any(_touch(rule, other) for other in group)]
        groups = [group for group in groups if group not in near] + [
            [rule, *(other for group in near for other in group)]
        ]
    grids = []
    for group in groups:
        columns = _marks(mark for box in group if box[2] - box[0] < 3 for mark in [(box[0] + box[2]) / 2])
        rows = _marks(mark for box in group if box[3] - box[1] < 3 for mark in [(box[1] + box[3]) / 2])
        if len(columns) < 3 or not rows:
            continue
        standing = [box for box in group if box[2] - box[0] < 3]
        bottom, top = _end(standing, 1, columns), _end(standing, 3, columns)
        cut = (top - rows[-1] > 6, rows[0] - bottom > 6)
        rows = [*([bottom] if cut[1] else []), *rows, *([top] if cut[0] else [])][::-1]
        at_edge = rows[-1] < height * EDGE or rows[0] > height * (1 - EDGE)
        if len(rows) >= (2 if at_edge else 3):
            grids.append(Grid(columns, rows, _merged(group, columns, rows), cut))
    return grids


def _end(standing: Sequence[Box], side: int, columns: Sequence[float]) -> float:
    """How far down (`side` 1) or up (3) the upright rules of a grid reach, as most of its columns have one."""
    farthest = max if side == 3 else min
    ends = [
        farthest((box[side] for box in standing if abs((box[0] + box[2]) / 2 - x) < 5), default=float("nan"))
        for x in columns
    ]
    return statistics.median(end for end in ends if end == end)


def _merged(rules: Sequence[Box], columns: Sequence[float], rows: Sequence[float]) -> dict[Place, Place]:
    """Cells that no rule parts from the one left of them or above; none where most rows have no rules inside."""

    def parted(at: float, middle: float, way: int) -> bool:
        """Whether a rule crosses a place: an upright one (`way` 0) at an x, a level one (1) at a y."""
        return any(
            box[way + 2] - box[way] < 3
            and abs((box[way] + box[way + 2]) / 2 - at) < 3
            and box[1 - way] - 2 < middle < box[3 - way] + 2
            for box in rules
        )

    lying = [(above + below) / 2 for above, below in pairwise(rows)]
    standing = [(left + right) / 2 for left, right in pairwise(columns)]
    left = {(row, at) for row, y in enumerate(lying) for at in range(1, len(standing)) if not parted(columns[at], y, 0)}
    above = {(row, at) for row in range(1, len(lying)) for at, x in enumerate(standing) if not parted(rows[row], x, 1)}
    found: dict[Place, Place] = {}
    for place in sorted(left | above):
        row, at = place
        near = (row, at - 1) if place in left else (row - 1, at)
        found[place] = found.get(near, near)
    return found if len(found) * 2 <= len(lying) * len(standing) else {}


def _touch(one: Box, other: Box) -> bool:
    return one[0] - 2 <= other[2] and other[0] - 2 <= one[2] and one[1] - 2 <= other[3] and other[1] - 2 <= one[3]


def _marks(values: Iterable[float]) -> list[float]:
    marks: list[float] = []
    for value in sorted(values):
        if not marks or value - marks[-1] > 4:
            marks.append(value)
    return marks


def cell_at(tables: Sequence[Cells], x: float, y: float) -> tuple[int, Place] | None:
    """The table and its row and column at a point of the page; None outside of all tables."""
    for at, table in enumerate(tables):
        columns, rows = table.grid.columns, table.grid.rows
        if columns[0] < x < columns[-1] and rows[-1] < y < rows[0]:
            place = (sum(y < row for row in rows) - 1, sum(x > column for column in columns) - 1)
            return at, table.grid.merged.get(place, place)
    return None


def write_table(cells: dict[tuple[int, int], str], columns: int, rows: int) -> str:
    """Cells of Markdown as a table, its first row the head."""

    def cell(row: int, column: int) -> str:
        text = re.sub(r"\s+", " ", cells.get((row, column), "")).strip()
        return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", text).replace("|", "\\|")

    lines = ["| " + " | ".join(cell(row, column) for column in range(columns)) + " |" for row in range(rows)]
    return "\n".join((lines[0], "|" + " --- |" * columns, *lines[1:]))
