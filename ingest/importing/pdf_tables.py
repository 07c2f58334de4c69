"""Ruled grids of a PDF's page as tables."""

import re
from collections.abc import Iterable, Sequence

from ingest.markup import CJK


def find_grids(boxes: Sequence[tuple[float, float, float, float]]) -> list[tuple[list[float], list[float]]]:
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


def cell_at(
    tables: Sequence[tuple[list[float], list[float]]], x: float, y: float
) -> tuple[int, tuple[int, int]] | None:
    """The table and its row and column at a point of the page; None outside of all tables."""
    for at, (columns, rows) in enumerate(tables):
        if columns[0] < x < columns[-1] and rows[-1] < y < rows[0]:
            return at, (sum(y < row for row in rows) - 1, sum(x > column for column in columns) - 1)
    return None


def write_table(cells: dict[tuple[int, int], str], columns: int, rows: int) -> str:
    """A table of Markdown, its first row the head."""

    def cell(row: int, column: int) -> str:
        text = re.sub(r"\s+", " ", cells.get((row, column), "")).strip()
        return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", text).replace("|", "\\|")

    lines = ["| " + " | ".join(cell(row, column) for column in range(columns)) + " |" for row in range(rows)]
    return "\n".join((lines[0], "|" + " --- |" * columns, *lines[1:]))
