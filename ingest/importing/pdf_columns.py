"""Where the lines of a PDF end: at the right edge of their column, which pages of one column share."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ingest.importing.pdf_lines import STARTS, Line, first_word

LEAST = 4  # lines of a column
NARROWEST = 14  # letters: what is less wide is a list


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
        for block in _blocks(on_page):
            right = max(line.x1 for line in block)
            if _is_wrapped(block, right) and right < edges[id(block[0])] + block[0].size:
                edges |= dict.fromkeys(map(id, block), right)
                width = right - min(line.x0 for line in block)
                beside = [line for line in on_page if line.x0 > right and line.x1 < line.x0 + width * 1.05]
                edges |= {id(line): min(edges[id(line)], line.x0 + width) for line in beside}
    return edges


def by_columns(lines: list[Line]) -> list[Line]:
    """Lines of a page, those of columns one column after the other, between what goes across them."""
    columns = _columns(lines) if lines else []
    inside = {id(line) for column in columns for line in column}
    if not columns:
        return lines
    ordered: list[Line] = []
    above = math.inf
    for across in [*sorted((line for line in lines if id(line) not in inside), key=lambda line: -line.y), None]:
        below = across.y if across else -math.inf
        for column in columns:
            ordered += sorted((line for line in column if below < line.y <= above), key=lambda line: -line.y)
        ordered += [across] if across else []
        above = below
    return ordered


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines of one size right below each other, whose left edges differ by no more than a first line is set in."""
    block: list[Line] = []
    for line in lines:
        near = block and block[-1].size == line.size and 0 < block[-1].y - line.y < 2.2 * line.size
        if block and not (near and abs(line.x0 - min(each.x0 for each in block[-9:])) < 3 * line.size):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _is_wrapped(block: Sequence[Line], right: float) -> bool:
    """Whether lines end where the next one's first word had no room: a paragraph, in a column however narrow."""
    size = block[0].size
    pairs = [(above, line) for above, line in pairwise(block) if not STARTS.match(line.text)]
    full = sum(above.x1 + first_word(line) > right - 0.3 * size for above, line in pairs)
    width = right - min(line.x0 for line in block)
    least = LEAST - 1 if width < 2 * NARROWEST * size else LEAST - 2
    return width > NARROWEST * size and full >= least and full * 5 >= len(pairs) * 4


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
