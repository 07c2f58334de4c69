"""The learning map: what it draws, and that its boxes and lines keep out of each other's way."""

import re
from html import unescape
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.learning_path import LearningPath
from ingest.model import Concept
from ingest.pages.learning_map import BOX, COLUMNS, PAD, ROW, WIDTH, learning_map
from ingest.pages.path import PathPages
from tests.ingest.test_growth import grows_too_fast

BOXES = re.compile(
    r'<a(?: id="map-\w+")? xlink:href="(\w+)/" data-wiki-concept="\w+" data-wiki-goals="[^"]*">'
    r'<rect x="(-?\d+)" y="(\d+)" width="(\d+)" height="\d+" rx="5"( stroke-dasharray="4 3")?/>'
    r'<text x="\d+" y="\d+">(.*?)</text></a>'
)
FIGURES = re.compile(r'<g class="wiki-group--\d+"[^>]* aria-label="(.*?)：箭头[^"]*">(.*?)</g></g>', re.DOTALL)
FRAME = re.compile(r'class="wiki-map__frame" width="(\d+)" height="(\d+)"')
LINES = re.compile(r"M(-?\d+) (\d+)C[-\d ]+ (-?\d+) (\d+)(m-3-6 3 6 3-6)?")


def concept(name, *builds_on, group="甲"):
    return Concept(name, f"{name}：说明", (name,), group, "", "", False, f"docs/topics/{name}.md", builds_on)


def drawn(*concepts):
    """Group -> (name -> x, row, width, whether it is of another group; lines as ((x, row), (x, row), ends there))."""
    groups = {}
    for one in concepts:
        groups.setdefault(one.group, []).append(one)
    text = learning_map(groups, every := {one.name: one for one in concepts}, PathPages(LearningPath(), every))
    found = {}
    for group, figure in FIGURES.findall(text):
        boxes = {
            name: (int(x), int(y) // ROW, int(width), bool(dashes))
            for name, x, y, width, dashes, _ in BOXES.findall(figure)
        }
        lines = [
            ((int(a), int(start) // ROW), (int(b), int(end) // ROW), bool(head))
            for a, start, b, end, head in LINES.findall(figure)
        ]
        found[unescape(group)] = boxes, lines, int(FRAME.search(figure)[1]) - 2 * PAD
    return found


def ends(boxes, lines):
    """(base, concept) of every line, followed from box to box."""
    found = set()
    for name, (x, row, width, _) in boxes.items():
        here = {(x + width // 2, row)}
        while here:
            below = [(end, head) for start, end, head in lines if start in here]
            for (across, down), _ in (step for step in below if step[1]):
                found |= {
                    (name, other)
                    for other, (left, level, wide, _) in boxes.items()
                    if (left + wide // 2, level) == (across, down)
                }
            here = {end for end, head in below if not head}
    return found


def test_every_concept_stands_below_what_it_builds_on_and_a_line_leads_there():
    boxes, lines, _ = drawn(
        concept("a"), concept("b", "a"), concept("c", "a"), concept("d", "b", "c"), concept("e", "a")
    )["甲"]
    assert {name: row for name, (_, row, _, _) in boxes.items()} == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 1}
    assert ends(boxes, lines) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "e")}


def test_what_a_base_builds_on_already_gets_no_line_of_its_own():
    boxes, lines, _ = drawn(concept("a"), concept("b", "a"), concept("c", "a", "b"))["甲"]
    assert ends(boxes, lines) == {("a", "b"), ("b", "c")}


def test_base_of_another_group_is_drawn_with_dashes_just_above():
    found = drawn(concept("a"), concept("b", "a"), concept("c", "b", "x"), concept("x", group="乙"))
    boxes, lines, _ = found["甲"]
    assert {name: (row, dashes) for name, (_, row, _, dashes) in boxes.items()} == {
        "a": (0, False), "b": (1, False), "x": (1, True), "c": (2, False),
    }  # fmt: skip
    assert ends(boxes, lines) == {("a", "b"), ("b", "c"), ("x", "c")}
    assert list(found["乙"][0]) == ["x"]


def test_line_that_passes_a_row_meets_no_box_there():
    boxes, lines, _ = drawn(
        concept("a"), concept("x", "a"), concept("b", "a"), concept("c", "b"), concept("d", "c", "x")
    )["甲"]
    assert ends(boxes, lines) == {("a", "x"), ("a", "b"), ("b", "c"), ("c", "d"), ("x", "d")}
    lanes = [end for _, end, head in lines if not head]
    assert lanes
    for x, row in lanes:
        assert all(not left <= x <= left + wide for left, level, wide, _ in boxes.values() if level == row)


def test_lines_do_not_cross_where_they_need_not():
    found = drawn(concept("a"), concept("b", "a"), concept("c", "a"), concept("d", "c"), concept("e", "b"))["甲"]
    for (a, b, _), (c, d, _) in combinations(found[1], 2):
        assert a[1] != c[1] or (a[0] - c[0]) * (b[0] - d[0]) >= 0


NAMES = st.sampled_from([*"abcdefghijkl", "a_rather_long_name", "another_very_long_name"])
CONCEPT = st.builds(
    lambda name, bases, group: concept(name, *bases, group=group),
    NAMES,
    st.lists(NAMES, max_size=4),
    st.sampled_from("甲乙"),
)


@given(st.lists(CONCEPT, min_size=1, max_size=14, unique_by=lambda one: one.name))
def test_any_concepts_even_in_circles_are_drawn_once_apart_and_downwards(concepts):
    names = {one.name: one for one in concepts}
    for group, (boxes, lines, width) in drawn(*concepts).items():
        assert {one.name for one in concepts if one.group == group} == {
            n for n, (*_, dashes) in boxes.items() if not dashes
        }
        assert width >= WIDTH
        for left, _, wide, _ in boxes.values():
            assert 0 <= left and left + wide <= width
        for (left, row, wide, _), (other, level, _, _) in combinations(sorted(boxes.values()), 2):
            assert row != level or left + wide < other
        for base, user in ends(boxes, lines):
            assert base in names[user].builds_on and boxes[base][1] < boxes[user][1]
        assert all(end[1] == start[1] + 1 for start, end, _ in lines)
    assert drawn(*concepts) == drawn(*concepts)


def test_names_are_escaped():
    odd = Concept("a", "<甲> & 乙", ("a",), "<组>", "", "", False, "docs/topics/a.md")
    text = learning_map({"<组>": [odd]}, {"a": odd}, PathPages(LearningPath(), {"a": odd}))
    assert "&lt;甲&gt; &amp; 乙" in text and "<组>" not in text and "<甲>" not in text
    assert f'height="{BOX}"' in text


PLACES = re.compile(
    r'transform="translate\((\d+) (\d+)\)" role="group"[^>]*>\n'
    r'<rect class="wiki-map__frame" width="(\d+)" height="(\d+)"'
)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_groups_of_one_picture_keep_apart_and_within_it(sizes):
    groups = {
        f"组{at}": [concept(f"c{at}_{n}", *([f"c{at}_{n - 1}"] if n else []), group=f"组{at}") for n in range(size)]
        for at, size in enumerate(sizes)
    }
    every = {one.name: one for listed in groups.values() for one in listed}
    text = learning_map(groups, every, PathPages(LearningPath(), every))
    assert text.count("<svg ") == 1 and set(re.findall(r'id="map-(\w+)"', text)) == set(every)
    [(right, bottom)] = [(int(x), int(y)) for x, y in re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)]
    frames = [tuple(map(int, frame)) for frame in PLACES.findall(text)]
    assert len(frames) == len(sizes) and len({x for x, *_ in frames}) == min(COLUMNS, len(sizes))
    for x, y, wide, high in frames:
        assert 0 < x and 0 < y and x + wide < right and y + high < bottom  # borders and all
    for (x, y, wide, high), (other_x, other_y, other_wide, other_high) in combinations(frames, 2):
        assert x + wide < other_x or other_x + other_wide < x or y + high < other_y or other_y + other_high < y


def chain(count):
    return [concept(f"c{at}", *([f"c{at - 1}"] if at else [])) for at in range(count)]


def test_chain_of_any_length_is_drawn_in_any_order():
    """One of a thousand pages ended the build with a stack."""
    for concepts in (chain(1500), chain(1500)[::-1]):
        boxes, lines, _ = drawn(*concepts)["甲"]
        assert {name: row for name, (_, row, _, _) in boxes.items()} == {f"c{at}": at for at in range(1500)}
        assert len(lines) == 1499


def test_circle_is_drawn_without_the_step_that_closes_it():
    boxes, lines, _ = drawn(concept("a", "c"), concept("b", "a"), concept("c", "b"))["甲"]
    assert ends(boxes, lines) == {("c", "a"), ("b", "c")}


# Concepts of one group, `size` of them.
THICKETS = {
    "each on a hundred": lambda size: [
        *(concept(f"b{at}") for at in range(100)),
        *(concept(f"c{at}", *(f"b{base}" for base in range(100))) for at in range(size)),
    ],
    "a chain": chain,
    "long lines": lambda size: [
        *chain(size // 2),
        *(concept(f"d{at}", f"c{at}", f"c{size // 2 - 1}") for at in range(size // 2)),
    ],
    "alone": lambda size: [concept(f"c{at}") for at in range(size)],
}


@pytest.mark.parametrize("kind", THICKETS)
def test_map_of_any_concepts_is_drawn_in_little_time(kind):
    """Two hundred pages of a hundred bases each took minutes."""
    assert not grows_too_fast(lambda concepts: drawn(*concepts), THICKETS[kind], 20)
