"""Let the records know each other: which concepts a text names, which questions are alike."""

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ingest.concepts import Matcher, fold
from ingest.kept import Kept, hash_of, hash_of_bytes
from ingest.markup import CJK
from ingest.model import Concept, Paper, Question, Talk
from ingest.questions.duplicates import join
from ingest.wiki import Records, Wiki

RELATED = 5
FEATURES = 24  # a question is compared by its rarest features: enough to tell it apart, and the work stays linear
COMMON = 200  # a feature that more questions share says nothing about two of them
CONCEPTS = 6
Find = Callable[..., tuple[str, ...]]  # from texts to the names of the concepts in them


def link(records: Records, kept: Kept | None = None) -> Wiki:
    """Fill in concepts everywhere and find related questions, as far as `kept` does not know them."""
    kept = kept or Kept()
    find = _finder(records.concepts, kept)
    known = {concept.name for concept in records.concepts}
    talks = tuple(_link_talk(talk, find, known) for talk in records.talks)
    written = tuple(_link_question(question, find, known) for question in records.questions)
    questions, duplicates = join(tuple(question for talk in talks for question in talk.questions) + written)
    weeks = tuple(
        replace(week, papers=tuple(_link_paper(paper, find) for paper in week.papers)) for week in records.weeks
    )
    said = [(question.id, question.title, question.text, question.topics) for question in questions]
    alike = kept.result("related", hash_of(said), lambda: related(questions))
    return Wiki(replace(records, talks=talks, questions=questions, weeks=weeks), alike, duplicates)


def _finder(concepts: Sequence[Concept], kept: Kept) -> Find:
    """`Matcher.find`, which looks into no text twice while the concepts have the same names."""
    matcher = Matcher(concepts)
    made_of = hash_of([(concept.name, concept.aliases) for concept in concepts])
    before: Mapping[str, tuple[str, ...]] = kept.result("named", made_of, dict)
    now: dict[str, tuple[str, ...]] = {}
    kept.results["named"] = made_of, now

    def find(*texts: str) -> tuple[str, ...]:
        key = hash_of_bytes("\0".join(texts).encode("utf-8", "surrogatepass"))
        now[key] = before[key] if key in before else matcher.find(*texts)
        return now[key]

    return find


def _link_talk(talk: Talk, find: Find, known: set[str]) -> Talk:
    questions = tuple(_link_question(question, find, known) for question in talk.questions)
    texts = [block.text for section in talk.sections for block in section.blocks]
    asked = [name for question in questions for name in question.topics]
    found = find(talk.title, *talk.summary, *texts)
    return replace(talk, questions=questions, topics=tuple(dict.fromkeys([*found, *asked])))


def _link_question(question: Question, find: Find, known: set[str]) -> Question:
    """What its author said, then what its title names; its answers speak only where those are silent."""
    named = [name for name in question.topics if name in known] + list(find(question.title, question.text))
    if not named:
        named = list(find(*(answer.text for answer in question.answers)))
    return replace(question, topics=tuple(dict.fromkeys(named))[:CONCEPTS])


def _link_paper(paper: Paper, find: Find) -> Paper:
    return replace(paper, topics=find(paper.title)[:CONCEPTS])


def related(questions: tuple[Question, ...]) -> dict[str, tuple[str, ...]]:
    """The most alike questions of each, by TF-IDF over character bigrams, words and concepts.

    Cosine similarity of the `FEATURES` heaviest features; where fewer than `RELATED` questions share any, those of
    the same first concept follow.
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
    by_concept: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        for name in question.topics[:1]:
            by_concept[name].append(question.id)
    result = {}
    for at, question in enumerate(questions):
        scores: dict[int, float] = defaultdict(float)
        for feature, weight in vectors[at].items():
            for other, other_weight in postings[feature]:
                scores[other] += weight * other_weight
        scores.pop(at, None)
        least = min(heapq.nlargest(RELATED, scores.values()), default=0.0)
        best = sorted((-score, questions[other].id) for other, score in scores.items() if score >= least)
        names = [name for _, name in best[:RELATED]]
        for name in question.topics[:1]:
            names += [other for other in by_concept[name][: RELATED + 1] if other != question.id]
        result[question.id] = tuple(dict.fromkeys(names))[:RELATED]
    return result


def _features(question: Question) -> list[str]:
    text = fold(f"{question.title} {question.text}")
    words = re.findall(r"[a-z0-9]+", text)
    runs = re.findall(f"[{CJK}]+", text)
    bigrams = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    # The first concept is what a question is about, the next ones what it touches.
    concepts = [f"topic:{name}" for at, name in enumerate(question.topics, 1) for _ in range(CONCEPTS // at)]
    return words + bigrams + concepts
