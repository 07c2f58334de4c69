"""The path through the concepts, and the goals that cut ways through it: `docs/topics/path.yml`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.front_matter import front_matter, strings
from ingest.invisible import visible
from ingest.limits import LISTED, NAME_LETTERS, number_in
from ingest.model import Concept, Source
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the path: its number, its name in both languages, the steps it uses, and its concepts in order."""

    number: int
    name: str
    english: str
    needs: tuple[int, ...] = ()
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """What a reader may want: `id` names it in addresses, `concepts` are what the goal is about."""

    id: str
    name: str
    english: str
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearningPath:
    """Steps in order, and goals."""

    steps: tuple[Step, ...] = ()
    goals: tuple[Goal, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every concept on the path, in order."""
        return tuple(name for step in self.steps for name in step.concepts)

    def way(self, goal: Goal, concepts: Mapping[str, Concept]) -> tuple[str, ...]:
        """What to read for a goal: its concepts and all they build on, as far as it lies on the path, in its order."""
        needed: set[str] = set()
        left = list(goal.concepts)
        while left:
            name = left.pop()
            if name in concepts and name not in needed:
                needed.add(name)
                left += concepts[name].builds_on
        return tuple(name for name in self.names if name in needed)


def parse_path(sources: Iterable[Source]) -> tuple[LearningPath, list[Problem]]:
    """Read the path; an item that says too little is a problem and left out."""
    steps: list[Step] = []
    goals: list[Goal] = []
    problems: list[Problem] = []
    for source in sources:
        meta, _, _, broken = front_matter(source)
        problems += broken
        for at, item in enumerate(_items(meta.get("steps")), 1):
            if said := _lacks(item, ("name", "english", "concepts")):
                problems.append(Problem(source.path, 1, 1, "T012", f"step {at} {said}"))
                continue
            needs = tuple(number_in(number) for number in strings(item.get("needs")) if number.isdecimal())
            steps.append(Step(at, *_names(item), needs, strings(item["concepts"])))
        for at, item in enumerate(_items(meta.get("goals")), 1):
            if said := _lacks(item, ("id", "name", "english", "concepts")):
                problems.append(Problem(source.path, 1, 1, "T012", f"goal {at} {said}"))
                continue
            goals.append(Goal(str(item["id"]), *_names(item), strings(item["concepts"])))
    return LearningPath(tuple(steps), tuple(goals)), problems


def _names(item: dict[str, Any]) -> tuple[str, str]:
    return visible(str(item["name"])), visible(str(item["english"]))


def _items(value: object) -> list[Any]:
    return value[:LISTED] if isinstance(value, list) else []


def _lacks(item: object, keys: Sequence[str]) -> str:
    """What is wrong with a step or goal by itself, or ""."""
    if not isinstance(item, dict):
        return "is no mapping"
    if missing := [key for key in keys if not strings(item.get(key))]:
        return f"has no {', '.join(missing)}"
    values = [text for key in keys for text in strings(item[key])]
    if len(values) > LISTED or max(map(len, values)) > NAME_LETTERS:
        return f"has {len(values)} items, or one that is too long"
    if not re.fullmatch(r"[\w-]+", str(item.get("id", "a"))):  # which stands in addresses, in lists with blanks between
        return f"has the id {item['id']!r}, which is no name"
    return ""


def check_path(path: LearningPath, concepts: Sequence[Concept], sources: Iterable[Source]) -> list[Problem]:
    """What is wrong between the path and the concepts: unknown names, one twice, one before what it builds on."""
    problems: list[Problem] = []
    known = {concept.name: concept for concept in concepts}
    texts = list(sources)
    lines: dict[str, int] = {}  # where each word stands first: there may be as many problems as words
    for at, text in enumerate(texts[0].text.split("\n") if texts else (), 1):
        for word in re.findall(r"[\w-]+", text.partition("#")[0]):
            lines.setdefault(word, at)

    def say(name: str, code: str, message: str) -> None:
        first = re.match(r"[\w-]*", name)
        problems.append(Problem(texts[0].path, lines.get(first[0] if first else "", 1), 1, code, message))

    passed: set[str] = set()
    whole = set(path.names)
    for step in path.steps:
        for number in step.needs:
            if not 0 < number < step.number:
                say(step.name, "T012", f"step {step.number} needs step {number}, which does not come before it")
        for name in step.concepts:
            if name not in known:
                say(name, "T001", f"unknown topic {name!r}")
            elif name in passed:
                say(name, "T012", f"{name!r} stands on the path twice")
            elif late := [base for base in known[name].builds_on if base in whole and base not in passed]:
                say(name, "T012", f"{name!r} comes before {', '.join(late)}, on which it builds")
            passed.add(name)
    for goal in path.goals:
        for name in goal.concepts:
            if name not in whole:
                say(name, "T012", f"{goal.id!r} names {name!r}, which is not on the path")
    return problems
