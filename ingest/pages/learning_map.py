"""The learning map: what builds on what, all concepts in one picture, by group, from the pages' own `builds_on`.

Each group is drawn from top to bottom, so narrow that a phone shows it in full size: a concept stands below all that it
builds on, a line that passes a row has a lane of its own there, and the order within the rows is the one with the
fewest crossings found. Boxes are links; those with dashes belong to other groups. Nothing is told by colour alone.
Groups stand in columns, each where there is most room; browser/page/map.js lets the reader zoom.

The layout is that of K. Sugiyama, S. Tagawa and M. Toda, Methods for visual understanding of hierarchical system
structures, 1981; places along a row come from isotonic regression, by pooling neighbours that are too near.
"""

import unicodedata
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from graphlib import TopologicalSorter
from itertools import accumulate, count, pairwise

from ingest.model import Concept
from ingest.pages.path import PathPages
from ingest.safe_html import attribute as escape

WIDTH, ROW, BOX = 328, 62, 28  # user units: a picture's width, from one row to the next, a box's height
GAP, LANE = 10, 4  # between two neighbours; the width of a lane
ROOM = WIDTH - 3 * (GAP + LANE)  # for the boxes of a row, so that lanes find a place too
SWEEPS = 12
NEAR = 20  # rows that are looked at again for each concept, since a short name may fit where longer ones did not
THICKET = 2_000  # pieces of lines of one group, which nobody can follow any more: they are not drawn
COLUMNS, EDGE, PAD, HEAD = 3, 8, 10, 34  # of groups; between them, within their frames, and for their names
READING = "：箭头从先读的概念指向接着读的"

Place = tuple[str, int]  # a concept and its row; or a lane: the concept its line comes from, and the row it passes


def learning_map(
    groups: Mapping[str, Sequence[Concept]],
    concepts: Mapping[str, Concept],
    path: PathPages,
    address: Callable[[Concept], str] = lambda concept: f"{concept.name}/",
    reading: str = READING,
) -> str:
    """One picture of all groups that have concepts.

    Args:
        groups: Concepts under their headings.
        concepts: Every concept by its name.
        path: Where they stand on the path, for the goals that pass them.
        address: The way to a concept's page, from the page that shows the map.
        reading: How the arrows are read, said after a group's name.
    """
    bases = _without_detours(concepts)
    columns = [float(EDGE)] * COLUMNS  # how far down each is taken
    parts: list[str] = []
    right = 0
    figures = [
        (number, group, *_figure(found, concepts, bases, path, address))
        for number, (group, found) in enumerate(groups.items(), 1)
        if found
    ]
    step = max((width for *_, width, _ in figures), default=WIDTH) + 2 * PAD + EDGE
    for number, group, drawn, width, height in figures:
        column = columns.index(min(columns))
        x, y = EDGE + column * step, round(columns[column])
        columns[column] += height + HEAD + PAD + EDGE
        right = max(right, x + width + 2 * PAD + EDGE)
        parts += [
            f'<g class="wiki-group--{number}" transform="translate({x} {y})" role="group"'
            f' aria-label="{escape(group + reading)}">',
            f'<rect class="wiki-map__frame" width="{width + 2 * PAD}" height="{height + HEAD + PAD}" rx="8"/>',
            f'<text class="wiki-map__title" x="{PAD}" y="22">{escape(group)}</text>',
            f'<g transform="translate({PAD} {HEAD})">',
            *drawn,
            "</g></g>",
        ]
    bottom = round(max(columns))
    head = f'<svg viewBox="0 0 {right} {bottom}" width="{right}" height="{bottom}" role="group">'
    name = escape(path.words["map"])
    around = f'<div class="wiki-map" tabindex="0" role="region" aria-label="{name}">'
    return "\n".join([around, head, *parts, "</svg></div>"])


def _without_detours(concepts: Mapping[str, Concept]) -> dict[str, list[str]]:
    """What each concept builds on, less what another of its bases builds on already.

    Unknown names and the step that closes a circle are left out: the checker reports them.
    """
    bits = {name: 1 << at for at, name in enumerate(concepts)}
    everything: dict[str, int] = {}  # sets as numbers: of a long chain the sets would have millions of names
    direct: dict[str, list[str]] = {}
    for name in _bases_first(concepts):
        known = [base for base in concepts[name].builds_on if base in everything]
        below = reduce(int.__or__, (everything[base] for base in known), 0)
        direct[name] = [base for base in known if not below & bits[base]]
        everything[name] = reduce(int.__or__, map(bits.__getitem__, known), below)
    return direct


def _bases_first(concepts: Mapping[str, Concept]) -> Iterator[str]:
    """The names, each after what it builds on, where no circle forbids that; however long the chains are."""
    met, done = set[str](), set[str]()
    for first in concepts:
        way = [first]
        while way:
            name = way[-1]
            if name not in met:
                met.add(name)
                way += [base for base in reversed(concepts[name].builds_on) if base in concepts and base not in met]
                continue
            way.pop()
            if name not in done:
                done.add(name)
                yield name


def _figure(
    listed: Sequence[Concept],
    concepts: Mapping[str, Concept],
    bases: Mapping[str, list[str]],
    path: PathPages,
    address: Callable[[Concept], str],
) -> tuple[list[str], int, int]:
    """A group's lines and boxes, and the room that they take."""
    own = {concept.name: bases[concept.name] for concept in listed}
    others: dict[str, list[str]] = {base: [] for found in own.values() for base in found if base not in own}
    labels = {name: concepts[name].short for name in [*others, *own]}
    widths = {name: 16 + sum(map(_wide, labels[name])) for name in labels}
    rows = _rows(others | own, widths)
    lines = _lines(own, rows)
    layers = _ordered(rows, lines)
    centres, width = _centres(layers, lines, {(name, row): widths[name] for name, row in rows.items()})
    parts = [f'<path d="{_path(lines, rows, centres)}"/>']
    for layer in layers:
        for name, row in layer:
            if rows[name] == row:
                x, y, wide = centres[name, row], ROW * row + 1, widths[name]
                is_own = name in own
                dashes = "" if is_own else ' stroke-dasharray="4 3"'
                box = f'<rect x="{x - wide // 2}" y="{y}" width="{wide}" height="{BOX}" rx="5"{dashes}/>'
                text = f'<text x="{x}" y="{y + 18}">{escape(labels[name])}</text>'
                place = f' id="map-{name}"' if is_own else ""
                told = f'data-wiki-concept="{name}" data-wiki-goals="{escape(path.goals_of(name))}"'
                # Not `href`: the theme's script writes to that property, which an SVG's link does not allow.
                parts.append(f'<a{place} xlink:href="{escape(address(concepts[name]))}" {told}>{box}{text}</a>')
    return parts, width, ROW * (len(layers) - 1) + BOX + 2


def _wide(letter: str) -> int:
    """About how wide a letter is, in user units, and rather too much than too little."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 12
    return 11 if letter in "MW" else 9 if letter.isupper() else 7


def _rows(bases: Mapping[str, list[str]], widths: Mapping[str, int]) -> dict[str, int]:
    """A row for each name, below its bases and as high up as there is room; a name without bases goes just above the
    first that needs it, and one that has no lines at all where room is left."""
    depths: dict[str, int] = {}
    for name in TopologicalSorter(bases).static_order():
        depths[name] = max((depths[base] + 1 for base in bases[name]), default=0)
    rows: dict[str, int] = {}
    taken: dict[int, int] = {}

    def fits(name: str, row: int) -> bool:
        return not taken.get(row) or taken[row] + widths[name] + GAP <= ROOM

    def put(name: str, row: int) -> None:
        rows[name] = row
        taken[row] = taken.get(row, 0) + widths[name] + GAP

    begun: dict[int, int] = {}  # by the row from which a place was looked for: where the next search begins

    def first(name: str, row: int) -> int:
        found = next(below for below in count(begun.get(row, row)) if fits(name, below))
        begun[row] = max(begun.get(row, row), found - NEAR)
        return found

    for name in sorted(bases, key=lambda name: depths[name]):
        if bases[name]:
            row = max((rows[base] + 1 for base in bases[name] if base in rows), default=1)
            for base in bases[name]:
                if base not in rows:
                    above = next((above for above in range(row - 1, -1, -1) if fits(base, above)), None)
                    if above is None:
                        above = first(base, row)
                    put(base, above)
                    row = max(row, above + 1)
            put(name, first(name, row))
    for name in bases:
        if name not in rows:
            put(name, first(name, 0))
    return rows


def _lines(bases: Mapping[str, list[str]], rows: Mapping[str, int]) -> list[tuple[Place, Place]]:
    """Lines from each row to the next; those from one concept share their lanes. None of a thicket."""
    if sum(rows[name] - rows[base] for name, below in bases.items() for base in below) > THICKET:
        return []
    found: dict[tuple[Place, Place], None] = {}
    for name, below in bases.items():
        for base in below:
            stops = [(base, row) for row in range(rows[base], rows[name])]
            found |= dict.fromkeys(pairwise([*stops, (name, rows[name])]))
    return list(found)


def _ordered(rows: Mapping[str, int], lines: Sequence[tuple[Place, Place]]) -> list[list[Place]]:
    """The places of each row from left to right: of some sweeps by neighbours' means, the one with fewest crossings."""
    places = dict.fromkeys([*((name, row) for name, row in rows.items()), *(place for line in lines for place in line)])
    layers: list[list[Place]] = [[] for _ in range(max(rows.values()) + 1)]
    for place in places:
        layers[place[1]].append(place)
    best, fewest = layers, _crossings(layers, lines)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        layers = [list(layer) for layer in layers]
        near = _neighbours(lines, above=downwards, below=not downwards)
        at = {place: index for row in layers for index, place in enumerate(row)}
        for layer in layers if downwards else reversed(layers):
            means = {place: _mean([at[other] for other in near.get(place, [])], at[place]) for place in layer}
            layer.sort(key=means.__getitem__)
            at |= {place: index for index, place in enumerate(layer)}
        if (crossings := _crossings(layers, lines)) < fewest:
            best, fewest = layers, crossings
    return best


def _crossings(layers: Sequence[Sequence[Place]], lines: Iterable[tuple[Place, Place]]) -> int:
    at = {place: index for layer in layers for index, place in enumerate(layer)}
    rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for upper, lower in lines:
        rows[upper[1]].append((at[upper], at[lower]))
    crossings = 0
    for ends in rows.values():
        before: list[int] = []  # where the lines end that begin further left
        for _, end in sorted(ends):
            crossings += len(before) - bisect_right(before, end)
            insort(before, end)
    return crossings


def _neighbours(lines: Iterable[tuple[Place, Place]], above: bool, below: bool) -> dict[Place, list[Place]]:
    found: dict[Place, list[Place]] = {}
    for upper, lower in lines:
        if above:
            found.setdefault(lower, []).append(upper)
        if below:
            found.setdefault(upper, []).append(lower)
    return found


def _centres(
    layers: Sequence[Sequence[Place]], lines: Sequence[tuple[Place, Place]], widths: Mapping[Place, int]
) -> tuple[dict[Place, int], int]:
    """The middle of each place, near those of its neighbours, and the width that the picture takes."""
    wide = {place: widths.get(place, LANE) for layer in layers for place in layer}
    steps = [list(accumulate(((wide[a] + wide[b]) / 2 + GAP for a, b in pairwise(row)), initial=0.0)) for row in layers]
    # Places along a row are `start + step`, where the starts may not fall from left to right.
    ends = [(wide[row[0]] / 2 + 1, wide[row[-1]] / 2 + 1) for row in layers]
    width = max(WIDTH, *(round(left + step[-1] + right) for step, (left, right) in zip(steps, ends, strict=True)))
    near = _neighbours(lines, above=True, below=True)
    centres = dict.fromkeys(wide, width / 2)
    for _ in range(SWEEPS):
        for row, step, (left, right) in zip(layers, steps, ends, strict=True):
            wanted = [_mean([centres[other] for other in near.get(place, [])], centres[place]) for place in row]
            starts = _rising([want - offset for want, offset in zip(wanted, step, strict=True)])
            most = width - right - step[-1]
            for place, start, offset in zip(row, starts, step, strict=True):
                centres[place] = min(max(start, left), most) + offset
    return {place: round(x) for place, x in centres.items()}, width


def _rising(values: Iterable[float]) -> list[float]:
    """The sequence nearest to the values, by squares, that never falls."""
    pools: list[tuple[float, int]] = []  # mean and size
    for value in values:
        mean, size = value, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (other * count + mean * size) / (count + size), count + size
        pools.append((mean, size))
    return [mean for mean, size in pools for _ in range(size)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _path(lines: Iterable[tuple[Place, Place]], rows: Mapping[str, int], centres: Mapping[Place, int]) -> str:
    """All lines as one path, with a head where they end."""
    parts = []
    for upper, lower in lines:
        start, end = ROW * upper[1] + BOX + 1, ROW * lower[1] + 1
        a, b, middle = centres[upper], centres[lower], (start + end) // 2
        parts.append(f"M{a} {start}C{a} {middle} {b} {middle} {b} {end}")
        parts.append("m-3-6 3 6 3-6" if rows[lower[0]] == lower[1] else f"v{BOX}")
    return "".join(parts)
