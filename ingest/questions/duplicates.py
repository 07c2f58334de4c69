"""Questions that were asked before: found by the letters of their titles, joined where a file says `duplicate_of`."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.concepts import fold
from ingest.kept import Kept, hash_of
from ingest.model import Question
from ingest.problems import Problem

ALIKE = 0.7  # Jaccard similarity of two titles' pairs of letters
MANY = 100  # titles that are all alike are not all compared: one of so many will do
LETTERS = 300  # of a title; so many tell it from others
COMPARED = 3000  # pairs of letters that one title is compared with, or ten titles: of long ones fewer say enough


def alike(questions: Sequence[Question]) -> Iterator[tuple[Question, Question]]:
    """Each question whose title says nearly what an earlier one's does, with the most alike of those."""
    for later, first in _alike([question.title for question in questions]):
        yield questions[later], questions[first]


def _alike(titles: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The same by their places.

    Exact while few are alike, by prefix filtering (Chaudhuri, Ganti and Kaushik 2006): sets of which a share `ALIKE`
    is common have one of their few rarest members in common, so that only those need an index.
    """
    sets = [_pairs(title) for title in titles]
    shared = Counter(pair for pairs in sets for pair in pairs)
    places = {
        pair: at for at, pair in enumerate(sorted(shared, key=lambda pair: (shared[pair], pair)))
    }  # rare ones first
    first: dict[frozenset[str], int] = {}
    index: dict[int, list[int]] = defaultdict(list)
    for at, pairs in enumerate(sets):
        best = first.get(pairs)
        if best is None and pairs:
            first[pairs] = at
            size = len(pairs)
            rarest = sorted(places[pair] for pair in pairs)[: size - math.ceil(ALIKE * size) + 1]
            many = min(MANY, max(10, COMPARED // size))
            likely: set[int] = set()
            for place in rarest:
                if len(likely) < many:
                    likely.update(index[place][:many])
            most = (0.0, 0)
            for other in likely:
                both = len(pairs & sets[other])
                if (score := both / (size + len(sets[other]) - both)) >= ALIKE:
                    most = max(most, (score, -other))
            best = -most[1] if most[0] else None
            for place in rarest:
                index[place].append(at)  # the earliest come first
        if best is not None:
            yield at, best


def _pairs(title: str) -> frozenset[str]:
    letters = "".join(char for char in fold(title) if char.isalnum())[:LETTERS]
    return frozenset(map("".join, zip(f" {letters}", f"{letters} ", strict=True))) if letters else frozenset()


def check_duplicates(questions: Sequence[Question], kept: Kept | None = None) -> list[Problem]:
    """Titles asked before that nobody joined, and a `duplicate_of` that leads nowhere.

    Questions of talks are only what others repeat: a note stays as the evening was.
    """
    roots = _roots(questions)
    titles = [question.title for question in questions]
    pairs = (kept or Kept()).result("alike", hash_of(titles), lambda: list(_alike(titles)))
    problems = [
        Problem(question.path, question.line, 1, "Q004", f"asks nearly what {other.id} does: {other.title!r}")
        for question, other in ((questions[later], questions[first]) for later, first in pairs)
        if not question.talk and roots[question.id] != roots[other.id]
    ]
    return problems + [
        Problem(question.path, 1, 1, "Q005", f"duplicate_of is {question.duplicate_of!r}")
        for question in questions
        if question.duplicate_of and roots[question.id] == question.id
    ]


def join(questions: Sequence[Question]) -> tuple[tuple[Question, ...], dict[str, tuple[Question, ...]]]:
    """Questions with the answers and references of their duplicates, and the duplicates by the id they repeat."""
    roots = _roots(questions)
    repeated: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if roots[question.id] != question.id:
            repeated[roots[question.id]].append(question)
    joined = tuple(
        replace(
            question,
            answers=question.answers + tuple(answer for same in repeated[question.id] for answer in same.answers),
            sources=tuple(
                dict.fromkeys([*question.sources, *(link for q in repeated[question.id] for link in q.sources)])
            ),
            remarks="\n".join(part for part in (question.remarks, *(q.remarks for q in repeated[question.id])) if part),
        )
        if question.id in repeated
        else question
        for question in questions
        if roots[question.id] == question.id
    )
    return joined, {name: tuple(same) for name, same in repeated.items()}


def _roots(questions: Sequence[Question]) -> dict[str, str]:
    """The question that each one repeats in the end: itself, where it repeats none, or none that exists."""
    repeats = {question.id: question.duplicate_of for question in questions}
    roots: dict[str, str] = {}
    for name in repeats:
        way: dict[str, None] = {}  # in order
        while name in repeats and name not in roots and name not in way:
            way[name] = None
            name = repeats[name]
        if name in way or (name in roots and roots[name] == name and repeats[name] in repeats):
            roots |= {step: step for step in way}  # it leads into a circle
        elif way:
            root = roots[name] if name in roots else next(reversed(way))
            roots |= dict.fromkeys(way, root)
    return roots
