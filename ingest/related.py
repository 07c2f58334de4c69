"""Which questions are alike, by their words and concepts; of those compared before, what a change touches is new."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ingest.kept import Each, in_turn
from ingest.matching import CONCEPTS, terms
from ingest.model import Question

RELATED = 5  # at most: who finds fewer shows fewer
LEAST = 0.2  # of likeness: what is less alike is not related
FIRST, SHARED = 0.1, 0.05  # what the same first concept adds to likeness, and each concept in common
SHORTLIST = 30  # so many of the likest by their words are looked at
OPENING, TITLE = 300, 3  # letters of the answers that are read; how often the title counts
FEATURES = 24  # a question is compared by its rarest features: enough to tell it apart, and the work stays linear
COMMON = 200  # a feature that more questions share says nothing about two of them
ROUNDING = 1e-9  # by which two sums of the same may differ

Vector = Mapping[str, float]  # of length 1, by feature
# A question's vector, its concepts, the score of the last on its shortlist (0 where it has room), and who is related.
Compared = tuple[Vector, tuple[str, ...], float, tuple[str, ...]]


def related(
    questions: Sequence[Question],
    before: Mapping[str, Compared] | None = None,
    features: Mapping[str, str] | None = None,
    each: Each = in_turn,
) -> dict[str, Compared]:
    """The most alike questions of each, none where none is alike: by words and concepts, TF-IDF.

    Likeness is the cosine similarity of the `FEATURES` heaviest features, and what concepts in common add.

    Args:
        questions: All of them, each with an id of its own.
        before: What this gave for other questions, or for these as they were: it saves work and changes nothing.
        features: What `features_of` gives for each, by id, where that is known.
        each: How those are compared that have to be.

    Returns:
        By id, in the order of the questions; last comes who is related, best first.
    """
    features = features or {question.id: features_of(question) for question in questions}
    vectors = dict(_vectors(features))
    concepts = {question.id: question.topics for question in questions}
    postings = _postings(vectors)
    before = before or {}
    stale = _stale(vectors, concepts, postings, before)
    due = [name for name in vectors if name in stale]
    made = iter(each([partial(_likest, name, vectors[name], concepts, postings) for name in due], 1))
    return {
        name: (vector, concepts[name], *next(made)) if name in stale else before[name]
        for name, vector in vectors.items()
    }


def said(question: Question) -> tuple[str, str]:
    """What a question is compared by: how it is asked, and how its answers begin."""
    opening = " ".join(answer.text for answer in question.answers)[:OPENING]
    return f"{question.title} {question.text[:OPENING]}", opening


def features_of(question: Question) -> str:
    """What a question is compared by, with \\0 between: before the first \\1 what counts once, then what does twice."""
    asked, opening = said(question)
    # The first concept is what a question is about, the next ones what it touches.
    concepts = [f"topic:{name}" for at, name in enumerate(question.topics, 1) for _ in range(2 * CONCEPTS // at)]
    counts = Counter(filter(None, terms(asked) * TITLE + terms(opening) + concepts))
    by_count: list[list[str]] = [[] for _ in range(max(counts.values(), default=0))]
    for feature, count in counts.items():
        by_count[count - 1].append(feature)
    return "\1".join(map("\0".join, by_count))


def _vectors(texts: Mapping[str, str]) -> Iterator[tuple[str, Vector]]:
    shared: Counter[str] = Counter()
    for text in texts.values():
        shared.update(text.replace("\1", "\0").split("\0"))
    shared.pop("", None)  # of a question that says nothing, or nothing so often
    few = {feature: count for feature, count in shared.items() if 1 < count <= COMMON and count < len(texts)}
    rarity = {feature: math.log(len(texts) / count) for feature, count in few.items()}
    one = {feature: feature for feature in few}  # what is kept has each text once
    for name, text in texts.items():
        weights: dict[str, float] = {}
        for count, part in enumerate(text.split("\1"), 1):
            if found := rarity.keys() & part.split("\0"):
                often = 1 + math.log(count)
                weights |= {feature: often * rarity[feature] for feature in found}
        heaviest = sorted(weights, key=lambda feature: (-weights[feature], feature))[:FEATURES]
        norm = math.sqrt(sum(weights[feature] ** 2 for feature in heaviest)) or 1.0
        yield name, {one[feature]: weights[feature] / norm for feature in heaviest}


Postings = Mapping[str, Sequence[tuple[str, float]]]  # who has a feature, and with what weight


def _postings(vectors: Mapping[str, Vector]) -> Postings:
    postings: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for name, vector in vectors.items():
        for feature, weight in vector.items():
            postings[feature].append((name, weight))
    return postings


def _scores(vector: Vector, postings: Postings) -> dict[str, float]:
    """Cosine similarity of a vector and all that have a feature in common with it."""
    scores: dict[str, float] = defaultdict(float)
    for feature, weight in vector.items():
        for other, other_weight in postings.get(feature, ()):
            scores[other] += weight * other_weight
    return scores


def _likest(
    name: str, vector: Vector, concepts: Mapping[str, tuple[str, ...]], postings: Postings
) -> tuple[float, tuple[str, ...]]:
    """The score of the last on a question's shortlist, and the questions most like it."""
    scores = _scores(vector, postings)
    scores.pop(name, None)
    best = heapq.nlargest(SHORTLIST, scores.values())
    last = best[-1] if len(best) == SHORTLIST else 0.0
    likeness = {
        other: score + _in_common(concepts[name], concepts[other]) for other, score in scores.items() if score >= last
    }
    alike = sorted((-score, other) for other, score in likeness.items() if score >= LEAST)
    return last, tuple(other for _, other in alike[:RELATED])


def _in_common(topics: Sequence[str], others: Sequence[str]) -> float:
    same = bool(topics) and topics[:1] == others[:1]
    return FIRST * same + SHARED * len(set(topics).intersection(others))


def _stale(
    vectors: Mapping[str, Vector],
    concepts: Mapping[str, tuple[str, ...]],
    postings: Postings,
    before: Mapping[str, Compared],
) -> set[str]:
    """The questions that have to be compared again: those that changed, and those on whose shortlist one of these was
    or would be. The scores of all others with each other are as they were."""
    changed = {name for name in vectors if before.get(name, (None, None))[:2] != (vectors[name], concepts[name])}
    gone = before.keys() - vectors.keys()
    stale = set(changed)
    if len(changed) == len(vectors):
        return stale
    for name in changed | gone:
        for vector in (vectors.get(name, {}), before[name][0] if name in before else {}):
            for other, score in _scores(vector, postings).items():
                if other not in stale and score >= before[other][2] * (1 - ROUNDING):
                    stale.add(other)
    return stale
