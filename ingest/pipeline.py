"""The pure middle: sources in, pages and problems out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeVar

from ingest.addresses import slug_for
from ingest.concepts import check_concepts, check_groups, fold, owners, parse_concept, parse_groups, parse_snippet
from ingest.feeds.listed import parse_feeds
from ingest.feeds.records import decode, settled
from ingest.front_matter import line_of_key
from ingest.invisible import check_direction
from ingest.link import link
from ingest.matching import prose_of
from ingest.model import Concept, Question, Source, Talk, Week
from ingest.notes.parse import parse_note
from ingest.pages.kept import Kept
from ingest.pages.render import render
from ingest.pictures import Pictures
from ingest.problems import Problem
from ingest.questions.duplicates import check_duplicates
from ingest.questions.parse import parse_question
from ingest.slips.notes import note_slips
from ingest.slips.questions import concept_slips, question_slips
from ingest.slips.slip import mended, problems_of
from ingest.wiki import Records

Record = TypeVar("Record")
_remembered_question = lru_cache(maxsize=20_000)(parse_question)  # `make serve` reads all again where one changed


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that was read, by what it is."""

    notes: tuple[Source, ...] = ()
    questions: tuple[Source, ...] = ()
    papers: tuple[Source, ...] = ()
    feeds: tuple[Source, ...] = ()
    concepts: tuple[Source, ...] = ()
    concept_index: tuple[Source, ...] = ()
    snippets: tuple[Source, ...] = ()
    pictures: Pictures = field(default_factory=dict)
    repository: str = ""  # address of the repository on GitHub, where there is one
    branch: str = "main"  # which of its branches people edit
    day: date | None = None  # on which this was read; dates far beyond it are reported


def parse(inputs: Inputs) -> tuple[Records, list[Problem]]:
    """Text to records, with every problem of every file."""
    problems: list[Problem] = []
    noted = _parse_all(parse_note, inputs.notes, problems)
    asked_alone = _parse_all(_remembered_question, inputs.questions, problems)
    for source, talk in zip(inputs.notes, noted, strict=True):
        problems += problems_of(source.path, note_slips(source, talk, inputs.pictures, inputs.day))
    for source, question in zip(inputs.questions, asked_alone, strict=True):
        problems += problems_of(source.path, question_slips(source, question, inputs.pictures, inputs.day))
    for source in inputs.concepts:
        problems += problems_of(source.path, concept_slips(source))
    talks = _unique_talks(noted, problems)
    asked = {slug_for(question.id): question.path for talk in talks for question in talk.questions}
    questions = _unique_questions(asked_alone, asked, problems)
    weeks: Sequence[Week] = _parse_all(decode, inputs.papers, problems)
    if inputs.day:
        weeks, ahead = settled(weeks, inputs.papers, inputs.day)
        problems += ahead
    concepts = [concept for concept in _parse_all(parse_concept, inputs.concepts, problems) if concept]
    snippets = [snippet for snippet in _parse_all(parse_snippet, inputs.snippets, problems) if snippet]
    problems += check_concepts(concepts, snippets, inputs.concepts)
    problems += _check_names(questions, concepts, inputs.questions)
    problems += check_duplicates([*(question for talk in talks for question in talk.questions), *questions])
    feeds, found = parse_feeds(inputs.feeds)
    problems += found
    groups, found = parse_groups(inputs.concept_index)
    problems += found + check_groups(concepts, groups)
    for written in (inputs.notes, inputs.questions, inputs.concepts, inputs.concept_index, inputs.snippets):
        problems += (problem for source in written for problem in check_direction(source))
    prose = {PurePosixPath(page.path).stem: prose_of(page) for page in inputs.concepts}
    records = Records(talks, questions, tuple(weeks), tuple(concepts), groups, tuple(snippets), feeds, prose)
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
        kept: Pages of the last build, which need not be rendered again where they are made of the same.
    """
    records, problems = parse(inputs)
    wiki = link(records)
    pages = render(wiki, inputs.pictures, inputs.repository, inputs.branch, kept)
    return pages, wiki.records, problems


def _parse_all(
    parser: Callable[[Source], tuple[Record, Sequence[Problem]]], sources: Iterable[Source], problems: list[Problem]
) -> list[Record]:
    records = []
    for source in sources:
        record, found = parser(source)
        records.append(record)
        problems += found
    return records


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
    questions: Iterable[Question], concepts: Sequence[Concept], sources: Iterable[Source]
) -> list[Problem]:
    """Topics that questions name and that no page explains, nor has as an alias."""
    known = owners(concepts)
    by_path = {source.path: source for source in sources}
    return [
        Problem(question.path, line_of_key(by_path[question.path], "topics"), 1, "T001", _unknown(name, known))
        for question in questions
        for name in question.topics
        if fold(name) not in known
    ]


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = dict.fromkeys(known[alias] for alias in get_close_matches(fold(name), sorted(known), 5))
    return f"unknown topic {name!r}" + (f"; did you mean {' or '.join([*near][:3])}?" if near else "")
