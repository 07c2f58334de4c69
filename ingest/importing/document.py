"""A document of any kind as records: a note, a question, a collection of questions, or an export of discussions."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.descriptors import read_named
from ingest.importing.census import Census
from ingest.importing.decode import CannotConvert, decode
from ingest.importing.footnotes import notes_at_end, notes_in_place
from ingest.importing.html import html_to_markdown
from ingest.importing.sandbox import convert_within
from ingest.limits import WHOLE
from ingest.marks import asks
from ingest.model import Block, Question, Source, Talk
from ingest.notes.parse import HEAD, REQUIRED, TITLED, parse_note
from ingest.problems import Problem
from ingest.questions.collected import article_question, parse_collection
from ingest.questions.discussions import parse_discussions, parse_form
from ingest.questions.parse import parse_question
from ingest.slips.head import with_fields

BACKGROUND = 500  # letters: who says more below a question answers it


class Unreadable(Exception):
    """A document that cannot be read; says which and why."""

    def __init__(self, path: Path, reason: str | CannotConvert) -> None:
        line, column = (reason.line, reason.column) if isinstance(reason, CannotConvert) else (1, 1)
        super().__init__(str(Problem(path.as_posix(), line, column, "F009", str(reason))))


@dataclass(slots=True)
class Document:
    """A document as Markdown.

    Attributes:
        source: Its text.
        problems: What could not be carried over.
        pictures: Its pictures by name.
        census: Its letters, counted apart from the conversion.
    """

    source: Source
    problems: list[Problem] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    census: Census = field(default_factory=Census)


@dataclass(slots=True)
class Kind:
    """What a text was taken for, and why; of a collection, its questions and what is in none of them."""

    name: str  # "talk", "questions" or "article"
    reason: str
    questions: list[Question] = field(default_factory=list)
    unplaced: list[Block] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_document(path: Path) -> Document:
    """A document as Markdown, read within limits.

    Raises:
        Unreadable: It cannot be read, or is of no kind that `convert` knows.
    """
    try:
        converted = convert_within(path)
    except OSError as error:
        raise Unreadable(path, f"cannot read: {error.strerror or error}") from error
    except CannotConvert as error:
        raise Unreadable(path, error) from error
    name, census = path.as_posix(), converted.census
    problems = [Problem(name, 1, 1, "F004", f"left out: {what}") for what in converted.left_out]
    for what in converted.told:
        code = "F004" if what.startswith("a picture") else "F008"
        problems.append(Problem(name, 1, 1, code, f"left out: {what}"))
    problems += [Problem(name, 1, 1, "F007", what) for what in converted.faults]
    if (missing := census.missing - converted.unread) > 0:
        said = f"{missing} of {census.letters} letters of the document are missing, such as {census.sample!r}"
        problems.append(Problem(name, 1, 1, "F007", said))
    return Document(Source(name, converted.text), problems, converted.pictures, census)


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
        raise Unreadable(path, error) from error
    except (ValueError, RecursionError):
        return []


def _read_text(path: Path) -> str:
    try:
        return decode(read_named(path, WHOLE))[0]
    except OSError as error:
        raise Unreadable(path, f"cannot read: {error.strerror or error}") from error
    except CannotConvert as error:
        raise Unreadable(path, error) from error


def parse_document(source: Source) -> tuple[Talk | Question, list[Problem]]:
    """One document by what it looks like: a file of `questions/` or one that begins with a heading and no field."""
    if "questions" in Path(source.path).parts or ("\n## 回答" in source.text and "【" not in source.text):
        return parse_question(source)
    return parse_note(source)


def as_talk(source: Source) -> Source:
    """A text as a note holds it: its fields in brackets, its footnotes at the end."""
    sections = parse_note(source)[0].sections
    first = min((section.line for section in sections), default=HEAD)
    return replace(source, text=notes_at_end(with_fields(source.text, first)))


def tell_kind(source: Source, wanted: str = "") -> Kind:
    """Whether a text is a talk, a collection of questions, or an article, and why.

    Args:
        source: The text.
        wanted: What it is to be taken for, whatever it looks like; "" to tell.
    """
    if not wanted and "\n## 回答" in source.text and "【" not in source.text:
        return Kind("questions", "it is a question with its answer", [parse_question(source)[0]])
    record, _ = parse_note(source)
    if not wanted:
        numbered = any(field.name == "编号" for field in record.fields)
        sections = {section.kind for section in record.sections} & set(REQUIRED)
        if record.fields or sections or TITLED.search(record.title):
            what = "【编号】" if numbered else "fields" if record.fields else "sections" if sections else "the title"
            return Kind("talk", f"it has {what} of a talk")
    if wanted == "talk":
        return Kind("talk", "as told")
    source = replace(source, text=notes_in_place(source.text))
    if form := parse_form(source.text, source.path):
        return Kind("questions", "it is an answer to the form", [form])
    questions, unplaced, problems = parse_collection(source)
    alone, told = parse_question(source)
    if not wanted and len(questions) == 1 and not unplaced and len(alone.text) <= BACKGROUND:
        if "\n#" not in alone.text and not alone.text.startswith("#") and _is_one(alone, questions[0]):
            return Kind("questions", "it asks one question, and says why", [alone], [], told)
    whole = article_question(source)
    asked = len(questions) > 1 or (source.text.startswith("---") and any(question.line == 1 for question in questions))
    if wanted == "questions" or (
        not wanted and (asked or (len(questions) == 1 and (whole is None or not asks(whole.title))))
    ):
        return Kind("questions", f"{len(questions)} questions", questions, unplaced, problems)
    if whole and (asks(whole.title) or wanted == "article"):
        return Kind("article", "its title asks", [whole], [], problems)
    return Kind("article", "it neither is a note nor asks anything", [], [], problems)


def _is_one(alone: Question, found: Question) -> bool:
    """Whether both readings find the same question, and nothing in it is marked as an answer."""
    return alone.title == found.title and not alone.answers and [a.text for a in found.answers] == [alone.text]
