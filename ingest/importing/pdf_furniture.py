"""Headers, footers and page numbers of a PDF, told from text that only stands at the edge of its page."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.importing.pdf_lines import STARTS, Line

ROMAN = re.compile(r"\W*(?=[ivxl])(x{0,3}|xl|l)(ix|iv|v?i{0,3})\W*", re.IGNORECASE)
PRINTED = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[,，]? +(?:[上下]午)?\d{1,2}:\d{2}")  # when a browser printed it
NUMBER = re.compile(r"\W*(?:第|page)?\s*(\d{1,4})\s*(?:页)?\s*(?:(?:/|of|共)\s*\d{1,4}\s*页?)?\W*", re.IGNORECASE)
ONLY = re.compile(r"\W*(?:第|page)?\s*1\s*页?\s*(?:/|of|共)\s*1\s*页?\W*", re.IGNORECASE)  # of a single page
OUTER = 0.1  # of a page's height, above and below


@dataclass(slots=True)
class Page:
    """A page as it was read."""

    height: float
    lines: list[Line] = field(default_factory=list)
    links: list[tuple[tuple[float, ...], str]] = field(default_factory=list)
    pictures: int = 0
    rules: list[tuple[float, float, float]] = field(default_factory=list)  # left, right and height of what is drawn


def without_furniture(pages: Sequence[Page], told: list[str], dropped: list[str]) -> None:
    """Take headers, footers and page numbers out of the pages, and tell which."""
    margins = [(at, line) for at, page in enumerate(pages) for line in page.lines if _in_margin(page, line)]
    found = {id(line) for line in (*_numbers(margins), *_repeated(pages, margins), *_printed(pages, margins))}
    names: Counter[str] = Counter()
    for page in pages:
        for line in page.lines:
            if id(line) in found:
                shape = re.sub(r"\d+", "N", line.text)[:40]
                names["page numbers" if _number(line.text) is not None else f"a header or footer: {shape!r}"] += 1
                dropped.append(line.text)
        page.lines = [line for line in page.lines if id(line) not in found]
    told += [f"{name} ({count})" for name, count in names.items()]


def _in_margin(page: Page, line: Line) -> bool:
    return line.kind == "text" and (line.y < page.height * OUTER or line.y > page.height * (1 - OUTER))


def _numbers(margins: Sequence[tuple[int, Line]]) -> Iterator[Line]:
    """Numbers that count the pages: nearly all of one place, one more on each page."""
    places: dict[tuple[int, int], list[tuple[int, Line]]] = defaultdict(list)
    for at, line in margins:
        if (number := _number(line.text)) is not None:
            places[round(line.y / 6), number - at].append((at, line))
    best: dict[int, list[tuple[int, Line]]] = {}
    for (y, _), lines in places.items():
        if len(lines) > len(best.get(y, [])):
            best[y] = lines
    for lines in best.values():
        if len({at for at, _ in lines}) > 1:
            yield from (line for _, line in lines)


def _number(text: str) -> int | None:
    """The number of a page, in digits or as small Roman ones."""
    if match := NUMBER.fullmatch(text):
        return int(match[1])
    if match := ROMAN.fullmatch(text):
        tens = {"xl": 40, "l": 50}.get(match[1].lower(), 10 * len(match[1]))
        ones = match[2].lower()
        return tens + {"iv": 4, "ix": 9}.get(ones, 5 * ones.count("v") + ones.count("i"))
    return None


def _printed(pages: Sequence[Page], margins: Sequence[tuple[int, Line]]) -> Iterator[Line]:
    """What a browser prints around a single page: the day and the title above, the address and `1/1` below."""
    if len(pages) != 1:
        return
    yield from (line for _, line in margins if ONLY.fullmatch(line.text))
    dates = [line for _, line in margins if line.y > pages[0].height / 2 and PRINTED.match(line.text)]
    counts = [line for _, line in margins if line.y < pages[0].height / 2 and re.fullmatch("1/1", line.text)]
    for mark in (*dates, *counts) if dates and counts else ():
        yield from (line for _, line in margins if abs(line.y - mark.y) < 3)


def _repeated(pages: Sequence[Page], margins: Sequence[tuple[int, Line]]) -> Iterator[Line]:
    """Lines that come back at one place of most pages; their digits may only count the pages, and they stand apart."""
    sizes: Counter[float] = Counter()
    for line in (line for page in pages for line in page.lines if line.kind == "text"):
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0
    gap = statistics.median(_gaps(pages) or [0])
    same: dict[tuple[str, int], list[tuple[int, Line]]] = defaultdict(list)
    for at, line in margins:
        printed = line.text.startswith("http") and line.size < body * 0.95  # a page's own address
        if (printed or not STARTS.match(line.text)) and line.size <= body * 1.15:
            digits = [int(number) - at for number in re.findall(r"\d{1,6}", line.text)]
            same[line.text, round(line.y / 6)].append((at, line))
            if digits:  # the one that counts is told by what it is more than the page
                for start in set(digits):
                    shape = re.sub(r"\d+", "0", line.text)
                    same[f"{shape}|{start}", round(line.y / 6)].append((at, line))
    for lines in same.values():
        count = len({at for at, _ in lines})
        few = count == 2 and len(pages) == 2  # of so few pages what is small and set apart, as browsers print it
        sides = {at % 2 for at, _ in lines}
        facing = len(sides) == 1 and 2 <= count and len(range(min(sides), len(pages), 2)) < count * 2
        if not few and not facing and (count < 3 or count * 2 <= len(pages)):
            continue
        if (few or (facing and count < 3)) and any(line.size >= body * 0.95 for _, line in lines):
            continue
        if all(line.size < body * 0.95 or _stands_apart(pages[at], line, gap) for at, line in lines):
            yield from (line for _, line in lines)


def _gaps(pages: Sequence[Page]) -> list[float]:
    heights = [sorted({round(line.y) for line in page.lines if line.kind == "text"}) for page in pages]
    return [above - below for ys in heights for below, above in pairwise(ys)]


def _stands_apart(page: Page, line: Line, gap: float) -> bool:
    near = [abs(other.y - line.y) for other in page.lines if other is not line and abs(other.y - line.y) > 2]
    return not near or min(near) > 1.8 * gap
