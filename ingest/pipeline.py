"""The pure middle: sources in, pages and problems out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar

from ingest.addresses import slug_for
from ingest.concepts import check_concepts, check_groups, fold, owners, parse_concept, parse_groups, parse_snippet
from ingest.feeds.listed import parse_feeds
from ingest.feeds.records import UNDATED, decode, is_week, settled
from ingest.feeds.weeks import Weeks
from ingest.front_matter import line_of_key
from ingest.invisible import check_direction
from ingest.kept import Kept, hash_of
from ingest.learning_path import check_path, parse_path
from ingest.lessons import (
    Challenge,
    EnglishPage,
    Essence,
    cell_of,
    check_lessons,
    parse_challenge,
    parse_english,
    parse_essence,
)
from ingest.link import link
from ingest.matching import prose_of
from ingest.model import Concept, Question, Snippet, Source, Talk, Week
from ingest.notes.parse import parse_note
from ingest.pages.render import render
from ingest.pages.ways import Ways
from ingest.pictures import Pictures
from ingest.problems import Problem
from ingest.questions.duplicates import check_duplicates
from ingest.questions.parse import parse_question
from ingest.slips.notes import note_slips
from ingest.slips.questions import concept_slips, question_slips
from ingest.slips.slip import mended, problems_of
from ingest.synonyms import check_synonyms, parse_synonyms
from ingest.wiki import Records

WEEK = 20  # milliseconds for one of papers
HINTS = 100  # unknown names for which what comes near is looked for: each is held against all

Record = TypeVar("Record")
Reader = Callable[[Source, Pictures, date | None], tuple[Record, list[Problem]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that was read, by what it is."""

    notes: tuple[Source, ...] = ()
    questions: tuple[Source, ...] = ()
    papers: tuple[Source, ...] = ()
    feeds: tuple[Source, ...] = ()
    concepts: tuple[Source, ...] = ()
    concept_index: tuple[Source, ...] = ()
    path: tuple[Source, ...] = ()
    snippets: tuple[Source, ...] = ()
    essences: tuple[Source, ...] = ()
    challenges: tuple[Source, ...] = ()
    english_concepts: tuple[Source, ...] = ()
    synonyms: tuple[Source, ...] = ()
    pictures: Pictures = field(default_factory=dict)
    ways: Ways = field(default_factory=Ways)  # from the site to those who make it
    day: date | None = None  # on which this was read; dates far beyond it are reported


def parse(inputs: Inputs, kept: Kept | None = None) -> tuple[Records, list[Problem]]:
    """Text to records, with every problem of every file; `kept` holds what was read of the same texts before."""
    kept = kept or Kept()
    problems: list[Problem] = []
    read = partial(_read, inputs, kept, problems)
    noted = read(_note, inputs.notes)
    asked_alone = read(_question, inputs.questions)
    talks = _unique_talks(noted, problems)
    asked = {slug_for(question.id): question.path for talk in talks for question in talk.questions}
    questions = _unique_questions(asked_alone, asked, problems)
    weeks = _weeks(inputs, kept, problems)
    concepts = [concept for concept in read(_concept, inputs.concepts) if concept]
    snippets = [snippet for snippet in read(_snippet, inputs.snippets) if snippet]
    problems += check_concepts(concepts, snippets, inputs.concepts)
    essences = [essence for essence in read(_essence, inputs.essences) if essence]
    challenges = [challenge for challenge in read(_challenge, inputs.challenges) if challenge]
    english = [page for page in read(_english, inputs.english_concepts) if page]
    problems += check_lessons(english, [*essences, *challenges], concepts, snippets)
    problems += _check_names(questions, concepts, inputs.questions)
    problems += check_duplicates([*(question for talk in talks for question in talk.questions), *questions], kept)
    feeds, found = parse_feeds(inputs.feeds)
    problems += found
    groups, found = parse_groups(inputs.concept_index)
    problems += found + check_groups(concepts, groups)
    path, found = parse_path(inputs.path)
    problems += found + check_path(path, concepts, inputs.path)
    by_hand = (*inputs.concept_index, *inputs.path)
    problems += (problem for source in by_hand for problem in check_direction(source))
    synonyms, found = parse_synonyms(inputs.synonyms)
    problems += found + check_synonyms(synonyms, concepts, [question.id for question in questions])
    prose = _prose(inputs.concepts, kept), _prose(inputs.english_concepts, kept)
    cells = {PurePosixPath(page.path).stem: cell_of(page.text) for page in inputs.concepts}
    read_first = tuple(essences), tuple(challenges), tuple(english)
    records = Records(
        talks, questions, weeks, tuple(concepts), groups, tuple(snippets), feeds, prose, cells, *read_first, path
    )
    return records, sorted(problems)


def mend_slips(inputs: Inputs) -> Iterator[tuple[Source, str]]:
    """Every note, question and concept page with the text in which its slips are mended, where one thing is meant."""
    for source in inputs.notes:
        yield source, mended(source, lambda s: note_slips(s, parse_note(s)[0], inputs.pictures, inputs.day))
    for source in inputs.questions:
        yield source, mended(source, lambda s: question_slips(s, parse_question(s)[0], inputs.pictures, inputs.day))
    for source in inputs.concepts:
        yield source, mended(source, concept_slips)


def build(inputs: Inputs, kept: Kept | None = None) -> tuple[dict[str, str], Records, list[Problem]]:
    """The whole flow without the disk: pages by path under `docs/`, the linked records, and problems.

    Args:
        inputs: Everything that was read.
        kept: Results of the last build, which need not be made again where they are made of the same.
    """
    kept = kept or Kept()
    records, problems = parse(inputs, kept)
    wiki = link(records, kept)
    return render(wiki, inputs.pictures, inputs.ways, kept), wiki.records, problems


def _read(
    inputs: Inputs, kept: Kept, problems: list[Problem], reader: Reader[Record], sources: Iterable[Source]
) -> list[Record]:
    """The records of files of one kind. What is wrong with a file by itself depends on its text, on which pictures
    there are if it shows any, and on the day if it names one that has not come."""
    shown = [(source, inputs.pictures if "![" in source.text else {}) for source in sources]
    wanted = [
        (source.path, hash_of(source.text, sorted(pictures)), partial(reader, source, pictures, None))
        for source, pictures in shown
    ]
    records = []
    for (source, pictures), (record, found) in zip(shown, kept.all_results(wanted), strict=True):
        if inputs.day and (day := _day(record)) and day > inputs.day:
            found = reader(source, pictures, inputs.day)[1]
        records.append(record)
        problems += found
    return records


def _day(record: object) -> date | None:
    return record.date if isinstance(record, Talk) else record.asked if isinstance(record, Question) else None


def _note(source: Source, pictures: Pictures, day: date | None) -> tuple[Talk, list[Problem]]:
    talk, problems = parse_note(source)
    slips = note_slips(source, talk, pictures, day)
    return talk, [*problems, *problems_of(source.path, slips), *check_direction(source)]


def _question(source: Source, pictures: Pictures, day: date | None) -> tuple[Question, list[Problem]]:
    question, problems = parse_question(source)
    slips = question_slips(source, question, pictures, day)
    return question, [*problems, *problems_of(source.path, slips), *check_direction(source)]


def _weeks(inputs: Inputs, kept: Kept, problems: list[Problem]) -> Weeks:
    """The weeks of papers: each is read once for what is wrong with it, and again when its pages have to be made."""
    sources = {PurePosixPath(source.path).stem: source for source in inputs.papers}
    stamps, late, by_hand, count = {}, [], [], 0
    wanted = [(source.path, hash_of(source.text), partial(_week, source)) for source in sources.values()]
    for name, (_, stamp, _), week in zip(sources, wanted, kept.all_results(wanted, WEEK), strict=True):
        stamps[name] = stamp
        found, last, loose, papers = week
        problems += found
        if not is_week(name):  # it has no page, and the check says so
            del stamps[name]
            continue
        count += papers
        late += [sources[name]] if inputs.day and last > inputs.day else []
        by_hand += [name] if loose else []
    special: dict[str, Week] = {}
    if inputs.day and late:
        late += [sources[UNDATED]] if UNDATED in sources else []
        settled_weeks, ahead = settled([decode(source)[0] for source in late], late, inputs.day)
        problems += ahead
        special = {week.name: week for week in settled_weeks}
        gone = {PurePosixPath(source.path).stem for source in late} - special.keys()
        stamps = {name: stamp for name, stamp in stamps.items() if name not in gone}
        stamps |= {name: hash_of(week) for name, week in special.items()}

    def read_one(name: str) -> Week:
        return special[name] if name in special else decode(sources[name])[0]

    return Weeks(dict(sorted(stamps.items())), read_one, by_hand, count)


def _week(source: Source) -> tuple[list[Problem], date, bool, int]:
    """What is wrong with a week, its last day, whether a paper has nothing of a fetch, and how many there are."""
    week, problems = decode(source)
    last = max((paper.published for paper in week.papers if paper.published), default=date.min)
    return [*problems], last, any(not (paper.arrived or paper.topics) for paper in week.papers), len(week.papers)


def _concept(source: Source, _pictures: Pictures, _day: date | None) -> tuple[Concept | None, list[Problem]]:
    concept, problems = parse_concept(source)
    return concept, [*problems, *problems_of(source.path, concept_slips(source)), *check_direction(source)]


def _snippet(source: Source, _pictures: Pictures, _day: date | None) -> tuple[Snippet | None, list[Problem]]:
    snippet, problems = parse_snippet(source)
    return snippet, [*problems, *check_direction(source)]


def _essence(source: Source, _pictures: Pictures, _day: date | None) -> tuple[Essence | None, list[Problem]]:
    essence, problems = parse_essence(source)
    return essence, [*problems, *check_direction(source)]


def _challenge(source: Source, _pictures: Pictures, _day: date | None) -> tuple[Challenge | None, list[Problem]]:
    challenge, problems = parse_challenge(source)
    return challenge, [*problems, *check_direction(source)]


def _english(source: Source, _pictures: Pictures, _day: date | None) -> tuple[EnglishPage | None, list[Problem]]:
    page, problems = parse_english(source)
    return page, [*problems, *check_direction(source)]


def _prose(sources: Iterable[Source], kept: Kept) -> dict[str, str]:
    """What concept pages say in words, by their names; of few it is another than before."""
    wanted = [(f"prose {source.path}", hash_of(source.text), partial(prose_of, [source])) for source in sources]
    return {name: said for found in kept.all_results(wanted) for name, said in found.items()}


def _unique_talks(talks: Iterable[Talk], problems: list[Problem]) -> tuple[Talk, ...]:
    """One talk a number: a second would overwrite the first's page."""
    kept: dict[str, Talk] = {}
    for talk in talks:
        if first := kept.get(slug_for(talk.number)):
            line = next((field.line for field in talk.fields if field.name == "编号"), 1)
            problems.append(Problem(talk.path, line, 1, "N002", f"number {talk.number} is taken by {first.path}"))
        else:
            kept[slug_for(talk.number)] = talk
    return tuple(kept.values())


def _unique_questions(
    questions: Iterable[Question], taken: dict[str, str], problems: list[Problem]
) -> tuple[Question, ...]:
    kept = []
    for question in questions:
        page = slug_for(question.id)  # two ids could have one page
        if first := taken.get(page):
            what = f"id {question.id!r} is taken by {first}"
            problems.append(Problem(question.path, question.line, 1, "Q001", what))
        else:
            taken[page] = question.path
            kept.append(question)
    return tuple(kept)


def _check_names(
    questions: Sequence[Question], concepts: Sequence[Concept], sources: Iterable[Source]
) -> list[Problem]:
    """Topics that questions name and that no page explains, nor has as an alias."""
    known = owners(concepts)
    by_path = {source.path: source for source in sources}
    names = dict.fromkeys(name for one in questions for name in one.topics if fold(name) not in known)
    said = {name: _unknown(name, known if at < HINTS else {}) for at, name in enumerate(names)}
    return [
        Problem(question.path, line_of_key(by_path[question.path], "topics"), 1, "T001", said[name])
        for question in questions
        for name in question.topics
        if name in said
    ]


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = dict.fromkeys(known[alias] for alias in get_close_matches(fold(name), sorted(known), 5))
    return f"unknown topic {name!r}" + (f"; did you mean {' or '.join([*near][:3])}?" if near else "")
