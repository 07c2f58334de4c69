"""A document of any kind as records: a note, a question, a collection of questions, or an export of discussions."""

from pathlib import Path

from ingest.importing.convert import convert
from ingest.importing.decode import CannotConvert, decode
from ingest.importing.html import html_to_markdown
from ingest.model import Block, Question, Source, Talk
from ingest.notes.parse import REQUIRED, parse_note
from ingest.problems import Problem
from ingest.questions.collected import parse_collection
from ingest.questions.discussions import parse_discussions, parse_form
from ingest.questions.parse import parse_question

BACKGROUND = 500  # letters: who says more below a question answers it


class Unreadable(Exception):
    """A document that cannot be read; says which and why."""


def read_document(path: Path) -> tuple[Source, list[Problem], dict[str, bytes]]:
    """A document as Markdown, what could not be carried over, and its pictures.

    Raises:
        Unreadable: It cannot be read, or is of no kind that `convert` knows.
    """
    try:
        converted = convert(path)
    except OSError as error:
        raise Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    except CannotConvert as error:
        raise Unreadable(f"{path}: {error}") from error
    problems = [Problem(path.as_posix(), 1, 1, "F004", f"left out: {what}") for what in converted.left_out]
    return Source(path.as_posix(), converted.text), problems, converted.pictures


def read_as_written(path: Path) -> Source:
    """A text as it was written, so that its lines keep their numbers.

    Raises:
        Unreadable: It cannot be read, or its encoding cannot be told.
    """
    text = _read_text(path).removeprefix("\ufeff")
    return Source(path.as_posix(), text.replace("\r\n", "\n").replace("\r", "\n"))


def read_discussions(path: Path) -> list[Question]:
    """The questions of an export of GitHub Discussions; none where it is something else.

    Raises:
        Unreadable: It cannot be read, or its encoding cannot be told.
    """
    if path.suffix.strip().lower() != ".json":
        return []
    try:
        return parse_discussions(_read_text(path), path.as_posix(), html_to_markdown)
    except CannotConvert as error:
        raise Unreadable(f"{path}: {error}") from error
    except (ValueError, RecursionError):
        return []


def _read_text(path: Path) -> str:
    try:
        return decode(path.read_bytes())[0]
    except OSError as error:
        raise Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    except CannotConvert as error:
        raise Unreadable(f"{path}: {error}") from error


def parse_document(source: Source) -> tuple[Talk | Question, list[Problem]]:
    """One document by what it looks like: a file of `questions/` or one that begins with a heading and no field."""
    if "questions" in Path(source.path).parts or ("\n## 回答" in source.text and "【" not in source.text):
        return parse_question(source)
    return parse_note(source)


def parse_questions(source: Source) -> tuple[list[Question], list[Block], list[Problem]] | None:
    """The questions of a text that is no note; None where it holds none.

    That of the form, those of a collection, or the one of a file that asks it: with answers below headings 回答, or
    with so little below it that it is why somebody asks, and no answer.
    """
    if form := parse_form(source.text, source.path):
        return [form], [], []
    record, found = parse_document(source)
    if isinstance(record, Question):
        return ([record], [], found)
    if record.fields or {section.kind for section in record.sections} & set(REQUIRED):
        return None
    questions, unplaced, problems = parse_collection(source)
    alone, told = parse_question(source)
    if len(questions) == 1 and not unplaced and len(alone.text) <= BACKGROUND and _is_one(alone, questions[0]):
        return [alone], [], told
    asked = len(questions) > 1 or any(question.line == 1 for question in questions)
    return (questions, unplaced, problems) if asked else None


def _is_one(alone: Question, found: Question) -> bool:
    """Whether both readings find the same question, and nothing in it is marked as an answer."""
    return alone.title == found.title and not alone.answers and [a.text for a in found.answers] == [alone.text]
