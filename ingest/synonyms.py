"""Words that mean the same, for the search: `talks/synonyms.txt`.

    幻觉 = 胡编乱造 = hallucination       one sense; where one of the words is a concept's name, the others name it too
    消费级显卡 = consumer GPU -> lora     who asks in these words is helped by these pages: a
                                          concept's name, or `qa/` and a question's

A line that begins with `#` is a remark.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.concepts import fold
from ingest.model import Concept, Source
from ingest.problems import Problem

ARROW, EQUALS = "->", "="


@dataclass(frozen=True, slots=True)
class Group:
    """Words that mean the same."""

    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Hint:
    """Words, and the pages that help who asks in them: concepts by their names, questions by `qa/` and their ids."""

    names: tuple[str, ...]
    pages: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Synonyms:
    """The whole table, in the order written."""

    groups: tuple[Group, ...] = ()
    hints: tuple[Hint, ...] = ()


def parse_synonyms(sources: Iterable[Source]) -> tuple[Synonyms, list[Problem]]:
    """Read the table; a line that is neither of the two forms is a problem, and left out."""
    groups: list[Group] = []
    hints: list[Hint] = []
    problems: list[Problem] = []
    for source in sources:
        for number, line in enumerate(source.text.split("\n"), 1):
            said = line.strip()
            if not said or said.startswith("#"):
                continue
            left, arrow, right = said.partition(ARROW)
            names = tuple(name.strip() for name in left.split(EQUALS))
            pages = tuple(right.replace(",", " ").split())
            if not all(names) or (len(names) < 2 and not arrow) or bool(arrow) != bool(pages):
                problems.append(Problem(source.path, number, 1, "T005", f"{said[:60]!r} is no line of synonyms"))
            elif arrow:
                hints.append(Hint(names, pages, number))
            else:
                groups.append(Group(names, number))
    return Synonyms(tuple(groups), tuple(hints)), problems


def check_synonyms(
    synonyms: Synonyms, concepts: Iterable[Concept], questions: Iterable[str], path: str
) -> list[Problem]:
    """Problems with other pages: a word on two lines, words of two concepts on one, a concept that is not there."""
    owners: dict[str, Concept] = {}
    known = {f"qa/{name}" for name in questions}
    for concept in concepts:
        known.add(concept.name)
        for alias in concept.aliases:
            owners.setdefault(fold(alias), concept)
    problems = []
    lines: dict[str, int] = {}
    for entry in (*synonyms.groups, *synonyms.hints):
        for name in entry.names:
            first = lines.setdefault(fold(name), entry.line)
            if first != entry.line:
                problems.append(Problem(path, entry.line, 1, "T005", f"{name!r} stands on line {first} already"))
        meant = sorted({owners[fold(name)].name for name in entry.names if fold(name) in owners})
        if len(meant) > 1:
            problems.append(Problem(path, entry.line, 1, "T005", f"names of several concepts: {', '.join(meant)}"))
        named = entry.pages if isinstance(entry, Hint) else ()
        for name in named:
            if name not in known:
                problems.append(Problem(path, entry.line, 1, "T001", f"unknown topic {name!r}"))
    return sorted(problems)
