"""The path as a file: what is read of it, what is said of its mistakes, and the ways that goals cut through it."""

import pytest

from ingest.learning_path import LearningPath, check_path, parse_path
from ingest.model import Concept, Source

TEXT = """---
steps:
  - name: 起步
    english: Start
    concepts: [a, b]
  - name: 往前
    english: Further
    needs: [1]
    concepts: [c, d, e]
goals:
  - id: far
    name: 我要走远
    english: Go far
    concepts: [e]
...
"""


def concept(name, *builds_on):
    return Concept(name, name, (name,), "组", "", "", False, f"docs/topics/{name}.md", builds_on)


CONCEPTS = [
    concept("a"),
    concept("b", "a"),
    concept("c"),
    concept("d", "b"),
    concept("e", "b", "off"),
    concept("off", "c"),
]


def said(text):
    source = Source("docs/topics/path.yml", text)
    path, problems = parse_path([source])
    return [(p.line, p.code, p.message) for p in [*problems, *check_path(path, CONCEPTS, [source])]]


def test_path_is_read_and_nothing_is_wrong_with_it():
    path, problems = parse_path([Source("docs/topics/path.yml", TEXT)])
    assert problems == [] and said(TEXT) == []
    assert path.names == ("a", "b", "c", "d", "e")
    assert [(step.number, step.name, step.english, step.needs) for step in path.steps] == [
        (1, "起步", "Start", ()),
        (2, "往前", "Further", (1,)),
    ]


def test_step_of_blanks_has_nothing():
    text = '---\nsteps:\n- {name: " ", english: " ", concepts: [" "]}\n---\n'
    path, problems = parse_path([Source("docs/topics/path.yml", text)])
    assert path.steps == () and [problem.code for problem in problems] == ["T012"]


@pytest.mark.parametrize("name", ["'x\" onclick=\"alert(1)'", "a b", "'}'", "[x]"])
def test_goal_has_a_name_that_an_attribute_can_hold(name):
    path, problems = parse_path([Source("docs/topics/path.yml", TEXT.replace("id: far", f"id: {name}"))])
    assert path.goals == () and [problem.code for problem in problems] == ["T012"]


def test_way_to_a_goal_holds_all_it_builds_on_in_the_order_of_the_path():
    path, _ = parse_path([Source("docs/topics/path.yml", TEXT)])
    known = {one.name: one for one in CONCEPTS}
    assert path.way(path.goals[0], known) == ("a", "b", "c", "e")  # c by a page that is off the path


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "words"),
    [
        ("[a, b]", "[b, a]", 5, "T012", "'b' comes before a"),
        ("[a, b]", "[a, b, a]", 5, "T012", "'a' stands on the path twice"),
        ("[a, b]", "[a, b, zz]", 5, "T001", "unknown topic 'zz'"),
        ("needs: [1]", "needs: [2]", 6, "T012", "step 2 needs step 2"),
        ("    concepts: [e]", "    concepts: [e, off]", 14, "T012", "'off', which is not on the path"),
        ("    english: Further\n", "", 1, "T012", "step 2 has no english"),
        ("  - id: far\n", "  - id:\n", 1, "T012", "goal 1 has no id"),
        ("steps:\n", "steps:\n  - 起步\n", 1, "T012", "step 1 is no mapping"),
        ("[a, b]", f"[a, {'b' * 201}]", 1, "T012", "too long"),
    ],
)
def test_mistake_is_said_where_it_stands(old, new, line, code, words):
    found = said(TEXT.replace(old, new, 1))
    assert [one for one in found if one[:2] == (line, code) and words in one[2]], found


def test_without_a_file_there_is_no_path():
    assert parse_path([]) == (LearningPath(), [])
    assert check_path(LearningPath(), CONCEPTS, []) == []


@pytest.mark.parametrize(
    "text", ["---\nsteps: 3\ngoals: {a: b}\n...\n", "---\nsteps: [[[1]], null, 3]\n...\n", "x", "---\n[\n"]
)
def test_what_is_no_path_breaks_nothing(text):
    path, _ = parse_path([Source("docs/topics/path.yml", text)])
    assert path == LearningPath()
