"""Let the records know each other: which concepts a text names, which questions are alike."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from ingest.concepts import fold, owners
from ingest.kept import Kept, hash_of
from ingest.matching import Matcher, terms
from ingest.model import Paper, Question, Talk
from ingest.questions.duplicates import join
from ingest.wiki import Records, Wiki

RELATED = 5  # at most: who finds fewer shows fewer
LEAST = 0.2  # of likeness: what is less alike is not related
FIRST, SHARED = 0.1, 0.05  # what the same first concept adds to likeness, and each concept in common
SHORTLIST = 30  # so many of the likest by their words are looked at
OPENING, TITLE = 300, 3  # letters of the answers that are read; how often the title counts
FEATURES = 24  # a question is compared by its rarest features: enough to tell it apart, and the work stays linear
COMMON = 200  # a feature that more questions share says nothing about two of them
CONCEPTS = 6
Find = Callable[..., tuple[str, ...]]  # from texts to the names of the concepts that they are about


def link(records: Records, kept: Kept | None = None) -> Wiki:
    """Fill in concepts everywhere and find related questions, as far as `kept` does not know them."""
    kept = kept or Kept()
    find = _finder(records, kept)
    known = owners(records.concepts)
    talks = tuple(_link_talk(talk, find, known) for talk in records.talks)
    written = tuple(_link_question(question, find, known) for question in records.questions)
    questions, duplicates = join(tuple(question for talk in talks for question in talk.questions) + written)
    weeks = tuple(
        replace(week, papers=tuple(_link_paper(paper, find, known) for paper in week.papers)) for week in records.weeks
    )
    said = [(question.id, question.topics, *_said(question)) for question in questions]
    alike = kept.result("related", hash_of(said), lambda: related(questions))
    return Wiki(replace(records, talks=talks, questions=questions, weeks=weeks), alike, duplicates)


def _finder(records: Records, kept: Kept) -> Find:
    """`Matcher.find`, which looks into no text twice while the concepts and their pages say the same."""
    matcher = Matcher(records.concepts, records.prose)
    known = kept.memo("named", hash_of(records.concepts, records.prose))
    return lambda *texts: known(hash_of(texts), lambda: matcher.find(*texts))


def _link_talk(talk: Talk, find: Find, known: Mapping[str, str]) -> Talk:
    questions = tuple(_link_question(question, find, known) for question in talk.questions)
    texts = [talk.title, *talk.summary, *(block.text for section in talk.sections for block in section.blocks)]
    counts = Counter(name for text in texts for name in find(text))
    asked = [name for question in questions for name in question.topics]
    found = sorted(counts, key=lambda name: -counts[name])
    return replace(talk, questions=questions, topics=tuple(dict.fromkeys([*found, *asked])))


def _link_question(question: Question, find: Find, known: Mapping[str, str]) -> Question:
    """What its author said, then what its title names; its answers speak only where those are silent."""
    named = _known(question.topics, known) + list(find(question.title, question.text))
    if not named:
        named = list(find("", *(answer.text for answer in question.answers)))
    return replace(question, topics=tuple(dict.fromkeys(named))[:CONCEPTS])


def _link_paper(paper: Paper, find: Find, known: Mapping[str, str]) -> Paper:
    """What was found in its title and abstract when it arrived; of one that was written by hand its title tells."""
    found = _known(paper.topics, known) or (() if paper.arrived else find(paper.title))
    return replace(paper, topics=tuple(found)[:CONCEPTS])


def _known(names: tuple[str, ...], known: Mapping[str, str]) -> list[str]:
    """The concepts that names mean, without those that mean none."""
    return [known[fold(name)] for name in names if fold(name) in known]


def related(questions: tuple[Question, ...]) -> dict[str, tuple[str, ...]]:
    """The most alike questions of each, none where none is alike: by words and concepts, TF-IDF.

    Likeness is the cosine similarity of the `FEATURES` heaviest features, and what concepts in common add.
    """
    counts = [Counter(_features(question)) for question in questions]
    shared = Counter(feature for features in counts for feature in features)
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    vectors = []
    for at, features in enumerate(counts):
        weights = {
            feature: (1 + math.log(count)) * math.log(len(questions) / shared[feature])
            for feature, count in features.items()
            if 1 < shared[feature] <= COMMON and shared[feature] < len(questions)
        }
        heaviest = sorted(weights, key=lambda feature: (-weights[feature], feature))[:FEATURES]
        norm = math.sqrt(sum(weights[feature] ** 2 for feature in heaviest)) or 1.0
        vectors.append({feature: weights[feature] / norm for feature in heaviest})
        for feature in heaviest:
            postings[feature].append((at, weights[feature] / norm))
    result = {}
    for at, question in enumerate(questions):
        scores: dict[int, float] = defaultdict(float)
        for feature, weight in vectors[at].items():
            for other, other_weight in postings[feature]:
                scores[other] += weight * other_weight
        scores.pop(at, None)
        least = min(heapq.nlargest(SHORTLIST, scores.values()), default=0.0)
        likeness = {
            questions[other].id: score + _in_common(question, questions[other])
            for other, score in scores.items()
            if score >= least
        }
        alike = sorted((-score, name) for name, score in likeness.items() if score >= LEAST)
        result[question.id] = tuple(name for _, name in alike[:RELATED])
    return result


def _in_common(question: Question, other: Question) -> float:
    same = bool(question.topics) and question.topics[:1] == other.topics[:1]
    return FIRST * same + SHARED * len(set(question.topics).intersection(other.topics))


def _said(question: Question) -> tuple[str, str]:
    """What a question is compared by: how it is asked, and how its answers begin."""
    opening = " ".join(answer.text for answer in question.answers)[:OPENING]
    return f"{question.title} {question.text[:OPENING]}", opening


def _features(question: Question) -> list[str]:
    asked, opening = _said(question)
    # The first concept is what a question is about, the next ones what it touches.
    concepts = [f"topic:{name}" for at, name in enumerate(question.topics, 1) for _ in range(2 * CONCEPTS // at)]
    return terms(asked) * TITLE + terms(opening) + concepts
