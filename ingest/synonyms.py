"""Words that mean the same, for the search: `talks/synonyms.txt`.

    幻觉 = 胡编乱造 = hallucination       one sense; where one of the words is a concept's name, the others name it too
    消费级显卡 = consumer GPU -> lora     who asks in these words is helped by these pages: a
                                          concept's name, or `qa/` and a question's

A line that begins with `#` is a remark.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.concepts import fold
from ingest.limits import LISTED, NAME_LETTERS, SYNONYMS
from ingest.model import Concept, Source
from ingest.problems import Problem

ARROW, EQUALS = "->", "="


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table.

    Attributes:
        names: Words that mean the same.
        pages: Those that help who says so: concepts by their names, questions by `qa/` and their ids; may be none.
        path, line: Where it stands.
    """

    names: tuple[str, ...]
    pages: tuple[str, ...]
    path: str
    line: int


def parse_synonyms(sources: Iterable[Source]) -> tuple[tuple[Entry, ...], list[Problem]]:
    """Read the table; a line that is neither of the two forms is a problem, and left out."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    left_over = SYNONYMS
    for source in sources:
        for number, line in enumerate(source.text.split("\n"), 1):
            said = line.strip()
            if not said or said.startswith("#"):
                continue
            left, arrow, right = said.partition(ARROW)
            names = tuple(name.strip() for name in left.split(EQUALS))
            pages = tuple(right.replace(",", " ").split())
            words = [*names, *pages]
            left_over -= len(words)
            if left_over < 0:
                problems.append(Problem(source.path, number, 1, "L006", f"a table of more than {SYNONYMS} words"))
                break
            if len(words) > LISTED or max(map(len, words)) > NAME_LETTERS:
                what = f"{len(words)} words on a line, the longest of {max(map(len, words))} letters"
                problems.append(Problem(source.path, number, 1, "L006", what))
            elif all(names) and (pages if arrow else len(names) > 1):
                entries.append(Entry(names, pages, source.path, number))
            else:
                problems.append(Problem(source.path, number, 1, "T005", f"{said[:60]!r} says of nothing what it means"))
    return tuple(entries), problems


def check_synonyms(entries: Iterable[Entry], concepts: Iterable[Concept], questions: Iterable[str]) -> list[Problem]:
    """Problems with other lines and pages: a word on two lines, words of two concepts, a page that is not there."""
    owned: dict[str, str] = {}
    known = {"topics/index", *(f"qa/{name}" for name in questions)}
    for concept in concepts:
        known.add(concept.name)
        owned |= {fold(alias): concept.name for alias in concept.aliases if fold(alias) not in owned}
    problems = []
    lines: dict[str, int] = {}
    for entry in entries:
        for name in map(fold, entry.names):
            if lines.setdefault(name, entry.line) != entry.line:
                problems.append(_problem(entry, "T005", f"{name!r} stands on line {lines[name]} already"))
        meant = sorted({owned[fold(name)] for name in entry.names if fold(name) in owned})
        if len(meant) > 1:
            problems.append(_problem(entry, "T005", f"these are names of several concepts: {', '.join(meant)}"))
        problems += [_problem(entry, "T001", f"unknown topic {name!r}") for name in entry.pages if name not in known]
    return problems


def _problem(entry: Entry, code: str, what: str) -> Problem:
    return Problem(entry.path, entry.line, 1, code, what)
