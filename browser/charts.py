"""Pictures of what language models compute, beside those of `plot.py`: bars, matrices, dials, tokens, timelines, trees.

As there, a picture appears below the output of a cell and nowhere else by itself. One with a `key` takes the place of
the one that was shown with the same key. Colours come as classes (`wp-run` and so on) with a plain value beside them,
so that a page's style sheet fits them to its scheme; what a colour says, a text or a shape says too.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from browser.plot import FONT, LINE, STEPS, WIDTH, Figure, _extent, _floats, _listed, _n, _names, _Picture

# `run` is what counts, `quiet` what was left out, `other` to `fifth` further series, `bad` what goes wrong.
COLOURS = {
    "run": "#c2410c",
    "quiet": "#b9c0cf",
    "other": "#2f5fb3",
    "third": "#2b8a57",
    "fourth": "#8b5fbf",
    "fifth": "#a67c00",
    "bad": "#b3261e",
}
SERIES = ("run", "other", "third", "fourth", "fifth", "quiet")
LARGEST = 64  # rows and columns of a matrix, rows of bars, letters of other things


def bars(
    values: Any,
    *,
    labels: Sequence[object],
    shown: Sequence[str] | None = None,
    kept: Sequence[bool] | None = None,
    marks: Any = None,
    limits: Mapping[str, float] | None = None,
    top: float | None = None,
    title: str = "",
    note: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw a bar for each value, below one another; for series by name, their bars end to end.

    Args:
        values: (N,) values, or such by name, which are stacked. Negative ones go left; no series may mix with them.
        labels: N labels, on the left.
        shown: N texts on the right; default: the sums.
        kept: (N,) which rows count; the others are pale and struck through.
        marks: (N,) places of a line across each bar, to compare it with.
        limits: Lines through all rows, with their names above.
        top: Value of the right end; default: the largest.
        title: Above the picture.
        note: Below the title, small.
        alt: What the picture shows; default: labels and values.
        key: See above.

    Raises:
        ValueError: Lengths differ, or there are too many rows or series.
    """
    series = {str(k): _floats(v) for k, v in values.items()} if isinstance(values, Mapping) else {"": _floats(values)}
    names = [str(label) for label in labels]
    if not 0 < len(names) <= LARGEST or any(len(row) != len(names) for row in series.values()):
        raise ValueError(f"bars takes as many values as labels, 1 to {LARGEST}; got {len(names)} labels")
    if len(series) > len(SERIES):
        raise ValueError(f"bars takes at most {len(SERIES)} series, got {len(series)}")
    sums = [math.fsum(row[at] for row in series.values()) for at in range(len(names))]
    texts = list(shown) if shown is not None else [f"{value:.3g}" for value in sums]
    ticks = _floats(marks) if marks is not None else []
    low = min(0.0, *sums, *ticks)
    high = top if top is not None else max(0.0, *sums, *ticks, *(limits or {}).values())
    left, right = max(map(_extent, names)) + 8, max(map(_extent, texts)) + 8
    wide, row = WIDTH - left - right, 20.0

    def across(value: float) -> float:
        return left + wide * (min(max(value, low), high) - low) / ((high - low) or 1.0)

    picture = _begin(title, note)
    if series.keys() != {""}:
        _legend(picture, dict(zip(series, SERIES, strict=False)))
    if limits:
        _limits(picture, limits, across, row * len(names))
    for at, name in enumerate(names):
        y, counts = picture.y + row * at, kept is None or bool(kept[at])
        quiet = "" if counts else ' class="wp-faint" fill-opacity="0.7"'
        picture.text(left - 6, y + 14, name, "end", quiet)
        start = 0.0
        for colour, of in zip(SERIES, series.values(), strict=False):
            a, b = sorted((across(start), across(start + of[at])))
            start += of[at]
            thick = max(b - a, 1.0 if of[at] else 0.0)
            shape = f'<rect x="{_n(a)}" y="{_n(y + 4)}" width="{_n(thick)}" height="12" rx="2"'
            picture.add(f"{shape} {_filled(colour if counts else 'quiet')}/>")
        if marks is not None:
            picture.add(f'<path d="M{_n(across(ticks[at]))} {_n(y + 1)}v18" stroke="currentColor" stroke-width="2"/>')
        picture.text(WIDTH, y + 14, texts[at], "end", quiet)
        if not counts:
            picture.add(
                f'<path d="M{_n(left - 4 - _extent(name))} {_n(y + 10)}h{_n(_extent(name))}" {_line("quiet")}/>'
            )
    if low < 0:
        picture.add(f'<path d="M{_n(across(0))} {_n(picture.y)}v{_n(row * len(names))}" {_line("quiet")}/>')
    picture.y += row * len(names)
    said = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    return picture.done(alt or f"{title or 'bars'}: {said}", key)


def matrix(
    values: Any,
    *,
    rows: Sequence[object] | None = None,
    columns: Sequence[object] | None = None,
    numbers: bool | None = None,
    largest: float | None = None,
    pick: tuple[str, int] | None = None,
    picked: int | None = None,
    title: str = "",
    note: str = "",
    side: float = 0,
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw a matrix as squares: orange above zero, blue below, the fainter the smaller.

    Args:
        values: (R, C), at most 64 x 64. NaN and infinities leave a crossed square: masked.
        rows: R labels; default: none.
        columns: C labels; default: none.
        numbers: Whether numbers stand in the squares; default: where there is room.
        largest: Which size is the full colour; default: the largest one there is.
        pick: Name of a control that takes a row's number when the reader points at it, and the number of the first.
        picked: The row that is framed.
        title: Above the picture.
        note: Below the title, small.
        side: Of a square; default: what fits.
        alt: What the picture shows; default: title, size and range.
        key: See above.

    Raises:
        ValueError: It is no matrix, too large, or the labels are too few or too many.
    """
    grid = [_floats(row) for row in _listed(values)]
    height, width = len(grid), len(grid[0]) if grid else 0
    if not (0 < height <= LARGEST and 0 < width <= LARGEST) or any(len(row) != width for row in grid):
        raise ValueError(f"matrix takes R x C values, each from 1 to {LARGEST}; these are {height} x {width}")
    finite = [value for row in grid for value in row if math.isfinite(value)]
    size = largest or max(map(abs, finite), default=0.0) or 1.0
    row_names, column_names = (_names(rows, height) if rows else []), (_names(columns, width) if columns else [])
    left = max(map(_extent, row_names)) + 6 if rows else 0.0
    side = side or min(34.0, (WIDTH - left - 4) / width)
    picture = _begin(title, note, max(left + width * side + 1, _extent(note)))
    if columns:
        aslant = max(map(_extent, column_names)) > side - 2
        picture.y += 0.7 * max(map(_extent, column_names)) + FONT if aslant else LINE
        for at, name in enumerate(column_names):
            x, y = left + (at + 0.5) * side, picture.y - 5
            turn = f' transform="rotate(-45 {_n(x)} {_n(y)})"' if aslant else ""
            picture.text(x, y, name, "start" if aslant else "middle", turn)
            if aslant:
                picture.width = max(picture.width, x + 0.7 * _extent(name))
    top = picture.y
    for at, name in enumerate(row_names):
        picture.text(left - 5, top + (at + 0.5) * side + 4, name, "end", ' font-weight="bold"' if at == picked else "")
    _squares(picture, grid, (left, top, side), size)
    text = (lambda value: f"{value:.2f}".replace("0.", ".", 1)) if size < 10 else (lambda value: f"{value:.0f}")
    if numbers or (numbers is None and side >= 26):
        for r, row in enumerate(grid):
            for c, value in enumerate(row):
                if math.isfinite(value) and abs(value) >= 0.005 * size:
                    bold = ' class="wp-on" font-size="10"' if abs(value) > 0.6 * size else ' font-size="10"'
                    picture.text(left + (c + 0.5) * side, top + (r + 0.5) * side + 4, text(value), "middle", bold)
    frame = f'<rect x="{_n(left)}" y="{{}}" width="{_n(width * side)}" height="{{}}" fill="{{}}" {{}}/>'
    picture.add(frame.format(_n(top), _n(height * side), "none", 'stroke="currentColor" stroke-opacity="0.3"'))
    if picked is not None:
        bold = 'stroke="currentColor" stroke-width="2"'
        picture.add(frame.format(_n(top + picked * side), _n(side), "none", bold))
    if pick:  # over all else, to be pointed at
        for at in range(height):
            picture.add(_target(pick, at, top + at * side, left + width * side, side))
    picture.y += height * side + 2
    picture.width = max(picture.width, left + width * side + 1)
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    said = f"{title or 'matrix'}: {height} x {width}, {low:.3g} to {high:.3g}"
    return picture.done(alt or said, key)


def arcs(
    tokens: Sequence[str],
    weights: Any,
    row: int,
    *,
    pick: tuple[str, int] | None = None,
    title: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw what one token looks at: a line to every other, the thicker the larger its weight.

    Args:
        tokens: N words.
        weights: (N,) of the row, which sum to 1.
        row: Which token looks.
        pick: As in `matrix`, for the tokens.
        title: Above the picture.
        alt: What the picture shows; default: words and weights.
        key: See above.
    """
    sizes = _floats(weights)
    picture = _begin(title, "")
    step = 22.0
    top = picture.y
    left = 10 + max(map(_extent, tokens))
    right = WIDTH - 50 - max(map(_extent, tokens))
    for at, (word, size) in enumerate(zip(tokens, sizes, strict=True)):
        y = top + step * (at + 0.5)
        here = top + step * (row + 0.5)
        if size >= 0.005:
            middle = _n((left + right) / 2)
            bend = f"M{_n(left)} {_n(here)}C{middle} {_n(here)} {middle} {_n(y)} {_n(right)} {_n(y)}"
            thick = f'stroke-width="{_n(0.6 + 11 * size)}" stroke-opacity="{_n(0.25 + 0.7 * size)}"'
            picture.add(f'<path d="{bend}" fill="none" {_line("run")} {thick}/>')
        seen = ' font-weight="bold"' if at == row else ' class="wp-faint" fill-opacity="0.75"'
        picture.text(left - 6, y + 4, word, "end", seen)
        picture.text(right + 6, y + 4, word, more=' font-weight="bold"' if size == max(sizes) else "")
        picture.text(WIDTH, y + 4, f"{100 * size:.0f}%", "end")
        if pick:
            picture.add(_target(pick, at, top + step * at, left, step))
    picture.y += step * len(tokens)
    said = ", ".join(f"{word} {100 * size:.0f}%" for word, size in zip(tokens, sizes, strict=True))
    return picture.done(alt or f"{tokens[row]} → {said}", key)


def dial(
    angles: Mapping[str, Any],
    *,
    labels: Sequence[str],
    texts: Sequence[str] | None = None,
    title: str = "",
    note: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw clocks, each with a hand for every name.

    Args:
        angles: (N,) radians counter-clockwise from the right, by name; at most 3 names.
        labels: N texts below the clocks.
        texts: N texts inside, below the centre.
        title: Above the picture.
        note: Below the title, small.
        alt: What the picture shows; default: names and angles in turns.
        key: See above.
    """
    hands = {str(name): _floats(of) for name, of in angles.items()}
    picture = _begin(title, note)
    _legend(picture, dict(zip(hands, SERIES, strict=False)))
    across = min(4, len(labels))
    cell, radius = WIDTH / across, min(38.0, WIDTH / across / 2 - 6)
    for at, label in enumerate(labels):
        x, y = cell * (at % across + 0.5), picture.y + (2 * radius + 26) * (at // across) + radius + 4
        ring = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="none" stroke="currentColor"'
        picture.add(f'{ring} stroke-opacity="0.35"/>')
        both = [of[at] for of in hands.values()]
        if len(both) > 1:
            picture.add(_sector(x, y, radius * 0.45, both[0], both[1]))
        for colour, angle in zip(SERIES, both, strict=False):
            dx, dy = 0.9 * radius * math.cos(angle), -0.9 * radius * math.sin(angle)
            end = f'<circle cx="{_n(x + dx)}" cy="{_n(y + dy)}" r="3" {_filled(colour)}/>'
            picture.add(f'<path d="M{_n(x)} {_n(y)}l{_n(dx)} {_n(dy)}" {_line(colour)} stroke-width="2.5"/>{end}')
        picture.text(x, y + radius + 15, label, "middle", ' font-size="11"')
        if texts:
            picture.text(x, y + radius * 0.55, texts[at], "middle", ' font-size="10" class="wp-faint"')
    picture.y += (2 * radius + 26) * math.ceil(len(labels) / across) + 4
    turns = "; ".join(
        f"{name}: " + ", ".join(f"{angle / math.tau % 1:.2f}" for angle in of) for name, of in hands.items()
    )
    return picture.done(alt or f"{title or 'dials'}: {turns}", key)


def tokens(
    pieces: Sequence[str],
    *,
    notes: Sequence[str] | None = None,
    marked: Sequence[bool] | None = None,
    title: str = "",
    note: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw a text as its tokens, boxes in turn of two tints.

    Args:
        pieces: The tokens; blanks are shown as ␣, line ends as ⏎.
        notes: A small text below each.
        marked: Which have a frame.
        title: Above the picture.
        note: Below the title, small.
        alt: What the picture shows; default: the tokens between bars.
        key: See above.
    """
    picture = _begin(title, note)
    x, tall = 0.0, 36.0 if notes else 24.0
    for at, piece in enumerate(pieces):
        text = piece.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
        wide = max(_extent(text), 0.8 * _extent(notes[at]) if notes else 0) + 8
        if x and x + wide > WIDTH:
            x, picture.y = 0.0, picture.y + tall + 4
        colour = ("run", "other")[at % 2]
        shape = f'<rect x="{_n(x)}" y="{_n(picture.y)}" width="{_n(wide)}" height="22" rx="3"'
        frame = ' stroke="currentColor" stroke-width="2"' if marked and marked[at] else ""
        picture.add(f'{shape} {_filled(colour)} fill-opacity="0.22"{frame}/>')
        picture.text(x + wide / 2, picture.y + 15, text, "middle")
        if notes:
            picture.text(x + wide / 2, picture.y + 33, notes[at], "middle", ' font-size="9" class="wp-faint"')
        x += wide + 3
    picture.y += tall + 2
    return picture.done(alt or f"{title or 'tokens'}: {' | '.join(pieces)}", key)


def timeline(
    rows: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    *,
    names: Mapping[str, str] | None = None,
    title: str = "",
    note: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw what happened in turn: rows of boxes, each in the colour of its state.

    Args:
        rows: A label and boxes of each row; a box is its text and its state, a name of `COLOURS`; `quiet` ones are
            struck through.
        names: What the states are, for a legend.
        title: Above the picture.
        note: Below the title, small.
        alt: What the picture shows; default: the texts.
        key: See above.
    """
    picture = _begin(title, note)
    if names:
        _legend(picture, {text: state for state, text in names.items()})
    left = max((_extent(label) for label, _ in rows), default=0.0) + 6
    most = max((len(boxes) for _, boxes in rows), default=1)
    widest = max((_extent(text) for _, boxes in rows for text, _ in boxes), default=10.0) + 8
    wide = min(max(widest, 18.0), (WIDTH - left) / max(most, 1) - 2)
    for label, boxes in rows:
        picture.text(left - 6, picture.y + 15, label, "end", ' font-size="11"')
        for at, (text, state) in enumerate(boxes):
            x = left + at * (wide + 2)
            shape = f'<rect x="{_n(x)}" y="{_n(picture.y)}" width="{_n(wide)}" height="21" rx="3"'
            picture.add(f'{shape} {_filled(state)} fill-opacity="{0.35 if state == "quiet" else 0.28}"/>')
            fits = 1.15 * wide / max(_extent(text), 1.0)  # letters are narrower than `_extent` takes them to be
            smaller = f' font-size="{_n(FONT * fits)}"' if fits < 1 else ""
            picture.text(x + wide / 2, picture.y + 15, text, "middle", smaller)
            if state == "quiet":
                picture.add(
                    f'<path d="M{_n(x + 3)} {_n(picture.y + 11)}h{_n(wide - 6)}" {_line("bad")} stroke-width="1.5"/>'
                )
        picture.y += 25
    said = "; ".join(f"{label} {' '.join(text for text, _ in boxes)}" for label, boxes in rows)
    return picture.done(alt or f"{title or 'timeline'}: {said}", key)


def tree(
    levels: Sequence[Sequence[tuple[str, int, str, bool]]],
    *,
    title: str = "",
    note: str = "",
    alt: str = "",
    key: str = "",
) -> Figure:
    """Draw a tree from left to right.

    Args:
        levels: Nodes of each level: text, number of the parent in the level before, small text, whether it was kept.
        title: Above the picture.
        note: Below the title, small.
        alt: What the picture shows; default: the texts kept.
        key: See above.
    """
    picture = _begin(title, note)
    most = max((len(level) for level in levels), default=1)
    wide, tall = WIDTH / max(len(levels), 1), max(30.0, 34.0)
    box = wide - 14
    top = picture.y

    def place(level: int, at: int) -> tuple[float, float]:
        return wide * level, top + tall * (at + (most - len(levels[level])) / 2)

    for number, level in enumerate(levels):
        for at, (text, parent, small, kept) in enumerate(level):
            x, y = place(number, at)
            if number:
                px, py = place(number - 1, parent)
                a, b = px + box, x
                c, start, end = _n((a + b) / 2), _n(py + 14), _n(y + 14)
                bend = f"M{_n(a)} {start}C{c} {start} {c} {end} {_n(b)} {end}"
                picture.add(f'<path d="{bend}" fill="none" {_line("run" if kept else "quiet")} stroke-width="1.5"/>')
            shape = f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(box)}" height="28" rx="4"'
            dashed = "" if kept else ' stroke-dasharray="3 2"'
            colour = "run" if kept else "quiet"
            picture.add(f'{shape} {_filled(colour)} fill-opacity="0.16"/>{shape} fill="none" {_line(colour)}{dashed}/>')
            quiet = "" if kept else ' class="wp-faint" fill-opacity="0.7"'
            picture.text(x + box / 2, y + 13, text, "middle", quiet)
            picture.text(x + box / 2, y + 24, small, "middle", ' font-size="9" class="wp-faint"')
    picture.y += tall * most
    kept_texts = " / ".join(" ".join(text for text, _, _, kept in level if kept) for level in levels)
    return picture.done(alt or f"{title or 'tree'}: {kept_texts}", key)


def _target(pick: tuple[str, int], at: int, y: float, width: float, height: float) -> str:
    """A row that gives its number to a control where the reader points at it."""
    shape = f'<rect x="0" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="#fff" fill-opacity="0"'
    return f'{shape} data-pick="{escape(pick[0])}:{pick[1] + at}"/>'


def _begin(title: str, note: str, width: float = WIDTH) -> _Picture:
    picture = _Picture("", "")
    picture.width = width
    if title:
        picture.line(0, title, ' font-weight="bold"')
    if note:
        picture.text(0, picture.y + FONT, note, more=' font-size="11" class="wp-faint"')
        picture.y += LINE
    if title or note:
        picture.y += 4
    return picture


def _legend(picture: _Picture, names: Mapping[str, str]) -> None:
    x = 0.0
    for name, colour in names.items():
        if x and x + 16 + _extent(name) > WIDTH:
            x, picture.y = 0.0, picture.y + LINE
        picture.add(f'<rect x="{_n(x)}" y="{_n(picture.y + 3)}" width="10" height="10" rx="2" {_filled(colour)}/>')
        picture.text(x + 14, picture.y + FONT, name, more=' font-size="11"')
        x += 14 + _extent(name) + 10
    picture.y += LINE + 4


def _limits(picture: _Picture, limits: Mapping[str, float], across: Any, tall: float) -> None:
    picture.y += LINE
    for name, value in limits.items():
        x = across(value)
        picture.text(min(x, WIDTH - _extent(name) / 2), picture.y - 3, name, "middle", ' font-size="10"')
        picture.add(f'<path d="M{_n(x)} {_n(picture.y)}v{_n(tall)}" stroke="currentColor" stroke-dasharray="4 3"/>')


def _squares(picture: _Picture, grid: list[list[float]], place: tuple[float, float, float], size: float) -> None:
    """One path for each shade: few elements, however many values."""
    left, top, side = place
    across, wide, full = [_n(left + c * side) for c in range(len(grid[0]))], _n(side), STEPS - 1
    paths: dict[int, list[str]] = {}  # by shade, negative for values below zero
    crossed: list[str] = []
    for r, row in enumerate(grid):
        y = _n(top + r * side)
        for x, value in zip(across, row, strict=True):
            if not math.isfinite(value):
                crossed.append(f"M{x} {y}l{wide} {wide}")
            elif shade := round(max(-1.0, min(value / size, 1.0)) * full):
                paths.setdefault(shade, []).append(f"M{x} {y}h{wide}v{wide}h-{wide}z")
    for shade, path in sorted(paths.items()):
        strength = f'fill-opacity="{0.04 + 0.96 * abs(shade) / full:.2f}" shape-rendering="crispEdges"'
        picture.add(f'<path d="{"".join(path)}" {_filled("run" if shade > 0 else "other")} {strength}/>')
    if crossed:
        picture.add(f'<path d="{"".join(crossed)}" fill="none" {_line("quiet")}/>')


def _sector(x: float, y: float, radius: float, start: float, end: float) -> str:
    """The angle between two hands, the short way round."""
    turn = (end - start + math.pi) % math.tau - math.pi
    ax, ay = x + radius * math.cos(start), y - radius * math.sin(start)
    bx, by = x + radius * math.cos(end), y - radius * math.sin(end)
    arc = f"M{_n(x)} {_n(y)}L{_n(ax)} {_n(ay)}A{_n(radius)} {_n(radius)} 0 0 {0 if turn > 0 else 1} {_n(bx)} {_n(by)}z"
    return f'<path d="{arc}" {_filled("third")} fill-opacity="0.3"/>'


def _filled(colour: str) -> str:
    return f'class="wp-{colour}" fill="{COLOURS[colour]}"'


def _line(colour: str) -> str:
    return f'class="wl-{colour}" stroke="{COLOURS[colour]}"'


__all__ = ["COLOURS", "arcs", "bars", "dial", "matrix", "timeline", "tokens", "tree"]
