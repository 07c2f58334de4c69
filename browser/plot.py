"""Pictures for cells, as SVG and without any download: `heatmap` of a matrix, `lines` of series.

In a cell the picture appears below the output. Anywhere else nothing is shown or written by itself: both return a
`Figure`, which a notebook shows and which `save` writes to a file. Text takes the colour of its page, and nothing is
told by colour alone: larger values are darker, and each series has its own dashes.
"""

import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

WIDTH = 360  # of a picture, in CSS pixels: a phone shows it in its full size
HEIGHT = 170  # of the ground of `lines`
LINE = 16  # of text, whose letters are FONT high
FONT = 12
LARGEST = 64  # rows or columns of a heat-map
LONGEST = 2000  # points of a series
SHADES = [(247, 251, 255), (107, 174, 214), (8, 48, 107)]  # of small, middle and large values
STEPS = 32
FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML
# Each colour has a contrast of 3:1 and more with the ground of code in both colour schemes.
STYLES = [("#3b7dd8", ""), ("#c4620a", "7 4"), ("#2b8a57", "2 4"), ("#b0559e", "9 3 2 3"), ("#a67c00", "4 2")]


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes:
        svg: The document.
        alt: What it shows, in words.
    """

    svg: str
    alt: str

    def __repr__(self) -> str:
        return f"<Figure: {self.alt}>"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")


def heatmap(
    values: Any,
    *,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    rows: Sequence[object] | None = None,
    columns: Sequence[object] | None = None,
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw a matrix, row 0 on top, the larger the darker; numbers stand in the squares where there is room.

    Args:
        values: (R, C), a tensor, an array or nested lists, at most 64 x 64. NaN and infinities leave a square empty.
        title: Above the picture.
        xlabel: What the columns are.
        ylabel: What the rows are.
        rows: R labels; default: 0, 1, ...
        columns: C labels; default: 0, 1, ...
        alt: What the picture shows, for those who cannot see it; default: title, size and range.
        key: A picture takes the place of the one that was shown with the same key, so that a loop draws one that moves.

    Raises:
        ValueError: It is no matrix, too large, without a finite value, or the labels are too few or too many.
    """
    matrix = [_floats(row) for row in _listed(values)]
    height, width = len(matrix), len(matrix[0]) if matrix else 0
    if not (0 < height <= LARGEST and 0 < width <= LARGEST) or any(len(row) != width for row in matrix):
        raise ValueError(f"heatmap takes R x C values, each from 1 to {LARGEST}; these are {height} x {width}")
    low, high = _range(matrix)
    side = min(40.0, 300 / width, 400 / height)
    row_names, column_names = _names(rows, height), _names(columns, width)
    left = max(map(_extent, row_names)) + 6
    aslant = columns is not None and max(map(_extent, column_names)) > side - 4

    picture = _Picture(title, f"{ylabel} ↓" if ylabel else "")
    top = picture.y = picture.y + (0.7 * max(map(_extent, column_names)) + FONT if aslant else LINE)
    for row in range(0, height, _every(FONT / side)):
        picture.text(left - 5, top + (row + 0.5) * side + 4, row_names[row], "end")
    apart = FONT if aslant else _extent(column_names[-1]) + 4
    for column in range(0, width, _every(apart / side)):
        x, y = left + (column + 0.5) * side, top - 5
        turn = f' transform="rotate(-45 {_n(x)} {_n(y)})"' if aslant else ""
        picture.text(x, y, column_names[column], "start" if aslant else "middle", turn)

    squares: list[str] = [""] * STEPS  # one path for each shade: few elements, however many values
    cells = [(left + c * side, top + r * side, value) for r, row in enumerate(matrix) for c, value in enumerate(row)]
    for x, y, value in cells:
        if math.isfinite(value):
            squares[_step(value, low, high)] += f"M{_n(x)} {_n(y)}h{_n(side)}v{_n(side)}h-{_n(side)}z"
    for step, path in enumerate(squares):
        if path:
            picture.add(f'<path d="{path}" fill="rgb{_shade(step)}" shape-rendering="crispEdges"/>')
    picture.add(
        f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(width * side)}" height="{_n(height * side)}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.5"/>'
    )
    form = "{:z.0f}" if all(value.is_integer() or not math.isfinite(value) for _, _, value in cells) else "{:z.2f}"
    if max(_extent(form.format(value)) for _, _, value in cells) < side:
        for x, y, value in cells:
            ink = _ink(_shade(_step(value, low, high))) if math.isfinite(value) else "currentColor"
            picture.text(x + side / 2, y + side / 2 + 4, form.format(value), "middle", f' fill="{ink}"')

    picture.width = max(picture.width, left + width * side + (0.7 * _extent(column_names[-1]) if aslant else 1))
    picture.y += height * side + 2
    if xlabel:
        picture.line(left, f"{xlabel} →")
    picture.scale(left, low, high)
    what = f"{title or 'heat-map'}: {height} x {width} values from {low:.4g} to {high:.4g}"
    return picture.done(alt or what, key)


def lines(
    series: Any,
    *,
    x: Any = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw one or more series of values as lines.

    Args:
        series: (N,) values, or up to five such series by name; at most 2,000 points each; NaN and infinities are
            gaps.
        x: (N,) places on the x-axis, for all series; default: 0, 1, ...
        title: Above the picture.
        xlabel: What x is.
        ylabel: What the values are.
        alt: What the picture shows, for those who cannot see it; default: title, names and ranges.
        key: A picture takes the place of the one that was shown with the same key, so that a loop draws one that grows.

    Raises:
        ValueError: No or too many series or points, lengths that differ, or no finite value.
    """
    given = series if isinstance(series, Mapping) else {"": series}
    named = {str(name): _floats(values) for name, values in given.items()}
    if not 0 < len(named) <= len(STYLES):
        raise ValueError(f"lines takes from 1 to {len(STYLES)} series, got {len(named)}")
    places = _floats(x) if x is not None else [float(n) for n in range(max(map(len, named.values())))]
    for name, values in named.items():
        if len(values) > LONGEST:
            raise ValueError(f"lines takes at most {LONGEST} points, got {len(values)}: thin them out, as in y[::10]")
        if x is not None and len(values) != len(places):
            raise ValueError(f"{name or 'the series'} has {len(values)} values and x has {len(places)}")
    lowest, highest = _range(named.values())
    marks = _ticks(lowest, highest)
    low, high = min(lowest, marks[0]), max(highest, marks[-1])
    first, last = _range([places])

    picture = _Picture(title, "")
    if named.keys() != {""}:
        picture.legend(named)
    if ylabel:
        picture.line(0, f"{ylabel} ↑")
    left, top = max(_extent(_number(mark)) for mark in marks) + 6, picture.y + 6
    wide = WIDTH - left - max(14.0, _extent(_number(last)) / 2)

    def across(value: float) -> float:
        return left + wide * ((value - first) / (last - first) if last > first else 0.5)

    def down(value: float) -> float:
        return top + HEIGHT * (1 - (value - low) / (high - low))

    for mark in marks:
        picture.add(f'<path d="M{_n(left)} {_n(down(mark))}h{_n(wide)}" stroke="currentColor" stroke-opacity="0.2"/>')
        picture.text(left - 5, down(mark) + 4, _number(mark), "end")
    for mark in (mark for mark in _ticks(first, last) if first <= mark <= last):
        picture.add(f'<path d="M{_n(across(mark))} {_n(top + HEIGHT)}v4" stroke="currentColor"/>')
        picture.text(across(mark), top + HEIGHT + LINE, _number(mark), "middle")
    picture.add(f'<path d="M{_n(left)} {_n(top)}v{HEIGHT}h{_n(wide)}" fill="none" stroke="currentColor"/>')
    for style, values in zip(STYLES, named.values(), strict=False):
        points = [(across(a), down(b)) if math.isfinite(a + b) else None for a, b in zip(places, values, strict=False)]
        picture.add(f'<path d="{_path(points)}" fill="none" {_stroke(*style)}/>')
        for before, point, after in zip([None, *points], points, [*points[1:], None], strict=False):
            if point and not before and not after:  # alone between gaps: a dot, to be seen
                picture.add(f'<circle cx="{_n(point[0])}" cy="{_n(point[1])}" r="4" fill="{style[0]}"/>')
    picture.y = top + HEIGHT + LINE + 4
    if xlabel:
        picture.line(left, f"{xlabel} →")
    what = ", ".join(filter(None, named)) or "one line"
    alt = (
        alt
        or f"{title or 'lines'}: {what}; x from {first:.4g} to {last:.4g}, values from {lowest:.4g} to {highest:.4g}"
    )
    return picture.done(alt, key)


class _Picture:
    """An SVG that grows downwards from `y`."""

    def __init__(self, title: str, below: str) -> None:
        self.parts: list[str] = []
        self.width, self.y = float(WIDTH), 0.0
        if title:
            self.line(0, title, ' font-weight="bold"')
        if below:
            self.line(0, below)

    def add(self, part: str) -> None:
        self.parts.append(part)

    def text(self, x: float, y: float, text: str, anchor: str = "start", more: str = "") -> None:
        self.add(f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{more}>{_escaped(text)}</text>')

    def line(self, x: float, text: str, more: str = "") -> None:
        """A line of text below everything so far."""
        self.text(x, self.y + FONT + 1, text, more=more)
        self.width = max(self.width, x + _extent(text) * (1.1 if more else 1))
        self.y += LINE

    def legend(self, names: Mapping[str, object]) -> None:
        """Names of series, each after a piece of its line."""
        x = 0.0
        for style, name in zip(STYLES, names, strict=False):
            if x and x + 36 + _extent(name) > WIDTH:
                x, self.y = 0.0, self.y + LINE
            self.add(f'<path d="M{_n(x + 1)} {_n(self.y + 8)}h28" {_stroke(*style)}/>')
            self.text(x + 34, self.y + FONT + 1, name)
            x += 34 + _extent(name) + 14
            self.width = max(self.width, x - 14)
        self.y += LINE

    def scale(self, x: float, low: float, high: float) -> None:
        """Which shade is which value."""
        self.text(x, self.y + LINE, f"{low:.3g}")
        x = round(x + _extent(f"{low:.3g}")) + 5
        for step in range(STEPS if high > low else 1):
            at = _n(x + 4 * step)
            self.add(f'<rect x="{at}" y="{_n(self.y + 6)}" width="4" height="12" fill="rgb{_shade(step)}"/>')
        if high > low:
            self.text(x + 4 * STEPS + 5, self.y + LINE, f"{high:.3g}")
        self.y += LINE + 6

    def done(self, alt: str, key: str = "") -> Figure:
        """The figure, shown if there is a cell to show it."""
        if not re.fullmatch(r"[\w-]*", key):
            raise ValueError(f"key {key!r} is not of letters, digits, - and _")
        width, height = math.ceil(self.width), math.ceil(self.y) + 2
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        )
        named = f' data-key="{key}"' if key else ""
        style = (
            f'font-family="sans-serif" font-size="{FONT}" fill="currentColor" role="img" aria-label="{_escaped(alt)}"'
        )
        figure = Figure(f"{head}{named} {style}>\n" + "\n".join(self.parts) + "\n</svg>\n", alt)
        if show := getattr(sys.stdout, "show_figure", None):  # of run_cell.py
            show(figure.svg, figure.alt)
        return figure


def _listed(values: Any) -> list[Any]:
    """Tensors and arrays as lists."""
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _floats(values: Any) -> list[float]:
    return [float(value) for value in _listed(values)]


def _range(rows: Iterable[Sequence[float]]) -> tuple[float, float]:
    """The least and the largest finite value."""
    finite = [value for row in rows for value in row if math.isfinite(value)]
    if not finite:
        raise ValueError("there is no finite value to draw")
    return min(finite), max(finite)


def _names(given: Sequence[object] | None, count: int) -> list[str]:
    names = [str(name) for name in (range(count) if given is None else given)]
    if len(names) != count:
        raise ValueError(f"{len(names)} labels for {count} rows or columns")
    return names


def _extent(text: str) -> float:
    """About how wide a text is drawn; no letter is wider than this takes it to be."""
    return FONT * sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.6 for letter in text)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... and 0.5, 0.2, ... that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _every(least: float) -> int:
    """One label in how many has room."""
    return round(_round_step(max(1.0, least)))


def _ticks(low: float, high: float) -> list[float]:
    """Up to seven round numbers around a range; the outer ones do not lie inside it."""
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size + 1e-300:  # the same, but for rounding
        low, high = low - (size / 2 or 0.5), high + (size / 2 or 0.5)
    step = _round_step((high - low) / 5)
    return [n * step for n in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)]


def _n(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 1):g}"


def _number(value: float) -> str:
    """A value beside an axis."""
    return f"{value:.6g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.3g}"


def _step(value: float, low: float, high: float) -> int:
    return round((value - low) / (high - low) * (STEPS - 1)) if high > low else 0


def _shade(step: int) -> tuple[int, ...]:
    """Red, green and blue."""
    place = 2 * step / (STEPS - 1)
    start, end = SHADES[:2] if place < 1 else SHADES[1:]
    return tuple(round(a + (b - a) * (place % 1 if place < 2 else 1)) for a, b in zip(start, end, strict=True))


def _ink(shade: tuple[int, ...]) -> str:
    """Black or white, whichever is read more easily on a shade."""
    linear = [(part / 255) ** 2.2 for part in shade]
    return "black" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.18 else "white"


def _stroke(colour: str, dashes: str) -> str:
    return f'stroke="{colour}" stroke-width="2" stroke-linecap="butt" stroke-dasharray="{dashes or "none"}"'


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """Lines through the points between gaps; a point alone becomes a short dash."""
    runs = [[point for point in run if point] for whole, run in groupby(points, bool) if whole]
    drawn = (run if len(run) > 1 else [*run, (run[0][0] + 2, run[0][1])] for run in runs)
    return "".join("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in run) for run in drawn)


def _escaped(text: str) -> str:
    """Text for XML; a character that it forbids would cost the whole picture."""
    return escape(FORBIDDEN.sub("\ufffd", text))
