"""Let the records know each other: which concepts a text names, which questions are alike."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress, islice

from ingest.concepts import fold, owners
from ingest.feeds.weeks import Weeks
from ingest.kept import Kept, hash_of
from ingest.matching import CONCEPTS, Matcher, weigh
from ingest.model import Paper, Question, Talk
from ingest.questions.duplicates import join
from ingest.related import features_of, related, said
from ingest.wiki import Records, Wiki

Texts = tuple[str, ...]
Find = Callable[[Sequence[Texts]], list[tuple[str, ...]]]  # from texts to names of the concepts that they are about


def link(records: Records, kept: Kept | None = None) -> Wiki:
    """Fill in concepts everywhere and find related questions, as far as `kept` does not know them."""
    kept = kept or Kept()
    find = _finder(records, kept)
    known = owners(records.concepts)
    asked = [question for talk in records.talks for question in talk.questions]
    linked = _link_questions([*asked, *records.questions], find, known)
    talks = _link_talks(records.talks, linked, find)
    questions, duplicates = join(tuple(linked))
    names, prose = hash_of(known), hash_of(records.concepts, records.prose)
    weeks = Weeks.of(records.weeks)
    weeks = weeks.changed(
        lambda week: replace(week, papers=tuple(_link_papers(week.papers, find, known))),
        lambda name: prose if name in weeks.by_hand else names,
    )
    texts = {question.id: hash_of(question.topics, *said(question)) for question in questions}
    known_features = kept.memo("features", "")
    made = known_features([(texts[question.id], partial(features_of, question)) for question in questions])
    features = dict(zip(texts, made, strict=True))
    compare = partial(related, questions, kept.before("related"), features, kept.each)
    found = kept.result("related", hash_of(texts), compare)
    alike = {name: names for name, (*_, names) in found.items()}
    return Wiki(replace(records, talks=talks, questions=questions, weeks=weeks), alike, duplicates)


def _finder(records: Records, kept: Kept) -> Find:
    """`Matcher.find`, which looks into no text twice while the concepts and their pages say the same."""
    made_of = hash_of(records.concepts, *records.prose)
    weighed = kept.result("weighed", made_of, lambda: weigh(records.concepts, *records.prose))
    matcher = Matcher(records.concepts, *records.prose, weighed=weighed)
    known = kept.memo("named", made_of)
    return lambda wanted: known([(hash_of(texts), partial(matcher.find, *texts)) for texts in wanted])


def _link_talks(talks: Sequence[Talk], linked: Iterable[Question], find: Find) -> tuple[Talk, ...]:
    """Talks with their questions, of which `linked` are the first, and what their texts name."""
    said = [
        [talk.title, *talk.summary, *(block.text for section in talk.sections for block in section.blocks)]
        for talk in talks
    ]
    found, left = iter(find([(text,) for texts in said for text in texts])), iter(linked)
    done = []
    for talk, texts in zip(talks, said, strict=True):
        questions = tuple(islice(left, len(talk.questions)))
        counts = Counter(name for names in islice(found, len(texts)) for name in names)
        asked = [name for question in questions for name in question.topics]
        named = sorted(counts, key=lambda name: -counts[name])
        done.append(replace(talk, questions=questions, topics=tuple(dict.fromkeys([*named, *asked]))))
    return tuple(done)


def _link_questions(questions: Sequence[Question], find: Find, known: Mapping[str, str]) -> list[Question]:
    """What their authors said, then what their titles name; answers speak only where those are silent."""
    found = find([(question.title, question.text) for question in questions])
    named = [[*_known(one.topics, known), *names] for one, names in zip(questions, found, strict=True)]
    silent = [question for question, names in zip(questions, named, strict=True) if not names]
    answered = iter(find([("", *(answer.text for answer in question.answers)) for question in silent]))
    topics = (tuple(dict.fromkeys(names or [*next(answered)]))[:CONCEPTS] for names in named)
    return [
        question if names == question.topics else replace(question, topics=names)
        for question, names in zip(questions, topics, strict=True)
    ]


def _link_papers(papers: Sequence[Paper], find: Find, known: Mapping[str, str]) -> list[Paper]:
    """What was found in titles and abstracts when they arrived; of those that were written by hand the titles tell."""
    said = [_known(paper.topics, known) for paper in papers]
    silent = [not (names or paper.arrived) for paper, names in zip(papers, said, strict=True)]
    found = iter(find([(paper.title,) for paper in compress(papers, silent)]))
    topics = (next(found) if is_silent else tuple(names) for names, is_silent in zip(said, silent, strict=True))
    return [replace(paper, topics=names[:CONCEPTS]) for paper, names in zip(papers, topics, strict=True)]


def _known(names: tuple[str, ...], known: Mapping[str, str]) -> list[str]:
    """The concepts that names mean, without those that mean none."""
    return [known[fold(name)] for name in names if fold(name) in known]
