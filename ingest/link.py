"""Let the records know each other: which concepts a text names, which questions are alike."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from ingest.concepts import fold, owners
from ingest.feeds.weeks import Weeks
from ingest.kept import Kept, hash_of
from ingest.matching import CONCEPTS, Matcher, weigh
from ingest.model import Paper, Question, Talk
from ingest.questions.duplicates import join
from ingest.related import features_of, related, said
from ingest.wiki import Records, Wiki

Find = Callable[..., tuple[str, ...]]  # from texts to the names of the concepts that they are about


def link(records: Records, kept: Kept | None = None) -> Wiki:
    """Fill in concepts everywhere and find related questions, as far as `kept` does not know them."""
    kept = kept or Kept()
    find = _finder(records, kept)
    known = owners(records.concepts)
    talks = tuple(_link_talk(talk, find, known) for talk in records.talks)
    written = tuple(_link_question(question, find, known) for question in records.questions)
    questions, duplicates = join(tuple(question for talk in talks for question in talk.questions) + written)
    names, prose = hash_of(known), hash_of(records.concepts, records.prose)
    weeks = Weeks.of(records.weeks)
    weeks = weeks.changed(
        lambda week: replace(week, papers=tuple(_link_paper(paper, find, known) for paper in week.papers)),
        lambda name: prose if name in weeks.by_hand else names,
    )
    texts = {question.id: hash_of(question.topics, *said(question)) for question in questions}
    known_features = kept.memo("features", "")
    features = {
        question.id: known_features(texts[question.id], partial(features_of, question)) for question in questions
    }
    found = kept.result("related", hash_of(texts), lambda: related(questions, kept.before("related"), features))
    alike = {name: names for name, (*_, names) in found.items()}
    return Wiki(replace(records, talks=talks, questions=questions, weeks=weeks), alike, duplicates)


def _finder(records: Records, kept: Kept) -> Find:
    """`Matcher.find`, which looks into no text twice while the concepts and their pages say the same."""
    made_of = hash_of(records.concepts, *records.prose)
    weighed = kept.result("weighed", made_of, lambda: weigh(records.concepts, *records.prose))
    matcher = Matcher(records.concepts, *records.prose, weighed=weighed)
    known = kept.memo("named", made_of)
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
