"""Questions that were asked before: found by the letters of their titles, joined where a file says `duplicate_of`."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.concepts import fold
from ingest.model import Question
from ingest.problems import Problem

ALIKE = 0.7  # Jaccard similarity of two titles' pairs of letters


def alike(questions: Sequence[Question]) -> Iterator[tuple[Question, Question]]:
    """Each question whose title says nearly what an earlier one's does, with the most alike of those.

    Exact, by prefix filtering (Chaudhuri, Ganti and Kaushik 2006): sets of which a share `ALIKE` is common have one
    of their few rarest members in common, so that only those need an index.
    """
    sets = [_pairs(question.title) for question in questions]
    shared = Counter(pair for pairs in sets for pair in pairs)
    places = {
        pair: at for at, pair in enumerate(sorted(shared, key=lambda pair: (shared[pair], pair)))
    }  # rare ones first
    masks = [sum(1 << places[pair] for pair in pairs) for pairs in sets]  # as numbers: quick to compare
    first: dict[int, int] = {}
    index: dict[int, list[int]] = defaultdict(list)
    for at, mask in enumerate(masks):
        best = first.get(mask)
        if best is None and mask:
            first[mask] = at
            size = len(sets[at])
            rarest = sorted(places[pair] for pair in sets[at])[: size - math.ceil(ALIKE * size) + 1]
            likely = {other for place in rarest for other in index[place]}
            most = (0.0, 0)
            for other in likely:
                both = (mask & masks[other]).bit_count()
                if (score := both / (size + len(sets[other]) - both)) >= ALIKE:
                    most = max(most, (score, -other))
            best = -most[1] if most[0] else None
            for place in rarest:
                index[place].append(at)
        if best is not None:
            yield questions[at], questions[best]


def _pairs(title: str) -> frozenset[str]:
    letters = "".join(char for char in fold(title) if char.isalnum())
    return frozenset(map("".join, zip(f" {letters}", f"{letters} ", strict=True))) if letters else frozenset()


def check_duplicates(questions: Sequence[Question]) -> list[Problem]:
    """Titles asked before that nobody joined, and a `duplicate_of` that leads nowhere.

    Questions of talks are only what others repeat: a note stays as the evening was.
    """
    roots = _roots(questions)
    problems = [
        Problem(question.path, question.line, 1, "Q004", f"asks nearly what {other.id} does: {other.title!r}")
        for question, other in alike(questions)
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
    roots = {}
    for name in repeats:
        way = [name]
        while (following := repeats[way[-1]]) in repeats and following not in way:
            way.append(following)
        roots[name] = name if following in way else way[-1]
    return roots
