"""Where the lines of a PDF end: at the right edge of their column, which pages of one column share."""

import statistics
from collections import defaultdict
from collections.abc import Sequence

from ingest.importing.pdf_lines import Line

LEAST = 4  # lines of a column


def right_edges(lines: Sequence[Line], body: float) -> dict[int, float]:
    """By a line's id, how far a full line reaches where it stands."""
    text = [line for line in lines if line.kind == "text"]
    plain = [line for line in text if line.size <= body * 1.15]
    whole = _full(plain)
    edges = dict.fromkeys(map(id, text), whole)
    pages: dict[int, list[Line]] = defaultdict(list)
    for line in plain:
        pages[line.page].append(line)
    for on_page in pages.values():
        for column in _columns(on_page):
            edges |= dict.fromkeys(map(id, column), _full(column))
    return edges


def _full(lines: Sequence[Line]) -> float:
    ends = sorted(line.x1 for line in lines)
    return statistics.median(ends[-max(1, len(ends) // 5) :]) if ends else 0


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """The columns of a page that has two or more side by side, from left to right; none of a page of one."""
    left = min(line.x0 for line in lines)
    starts = sorted({round(line.x0) for line in lines if line.x0 > left + 8 * line.size})
    best: tuple[list[Line], list[Line]] = ([], [])
    for start in starts:
        right = [line for line in lines if line.x0 > start - 2]
        if len(right) < LEAST:
            break
        top, bottom = max(line.y for line in right), min(line.y for line in right)
        beside = [line for line in lines if line.x1 < start and bottom - 2 * line.size < line.y < top + 2 * line.size]
        crossing = [line for line in lines if line.x0 <= start - 2 and line.x1 >= start and bottom < line.y < top]
        full = [line for line in beside if line.x1 > start - 4 * line.size]
        if (
            len(beside) >= LEAST
            and len(full) * 2 > len(beside)
            and len(crossing) * 4 < len(right)
            and len(right) > len(best[1])
        ):
            best = (beside, right)
    if not best[0]:
        return []
    more = _columns(best[1])
    return [best[0], *(more or [best[1]])]
