"""The commands over one document: `parse`, `import` and `fmt`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest import files
from ingest.addresses import name_slug, slug_for
from ingest.importing.document import (
    Unreadable,
    parse_document,
    parse_questions,
    read_as_written,
    read_discussions,
    read_document,
)
from ingest.importing.html import PICTURES
from ingest.model import Block, Question, Source, Talk
from ingest.notes.commands import NUMBER
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.problems import Problem
from ingest.questions.write import write_question
from ingest.reporting import paper_json, print_records, question_json, report, talk_json, usage

FEEDS = (".xml", ".rss", ".atom", ".json")


def parse(options: argparse.Namespace) -> int:
    """Print one document's records as JSON."""
    kind = options.file.suffix.strip().lower()
    if asked := read_discussions(options.file):
        return print_records({"kind": "questions", "questions": [question_json(one) for one in asked]}, [])
    if kind in FEEDS:
        return _parse_feed(options.file)
    source, problems, _ = (read_as_written(options.file), [], {}) if kind == ".md" else read_document(options.file)
    if collection := parse_questions(source):
        questions, unplaced, found = collection
        _say_unplaced(source, unplaced)
        left = [{"line": block.line, "text": block.text} for block in unplaced]
        listed = [question_json(question) for question in questions]
        return print_records({"kind": "questions", "questions": listed, "unplaced": left}, [*problems, *found])
    record, found = parse_document(source)
    _say_unplaced(source, record.unplaced if isinstance(record, Talk) else ())
    shown = talk_json(record) if isinstance(record, Talk) else {"questions": [question_json(record)]}
    kind = "talk" if isinstance(record, Talk) else "questions"
    return print_records({"kind": kind, **shown}, [*problems, *found])


def _say_unplaced(source: Source, blocks: Sequence[Block]) -> None:
    print(f"{source.path}: {_share(blocks, source.text):.1%} of the text unplaced", file=sys.stderr)


def _share(blocks: Sequence[Block], text: str) -> float:
    """How much of a text stands in these blocks, by characters that are no blanks."""
    left, whole = (sum(map(len, part.split())) for part in ("\n".join(block.text for block in blocks), text))
    return left / max(1, whole)


def _parse_feed(path: Path) -> int:
    from ingest.feeds.parse import parse_feed  # feedparser takes longer to load than a note to check

    try:
        feed = parse_feed(path.read_bytes(), path.as_posix())
    except OSError as error:
        raise Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    papers, revised = ([paper_json(paper) for paper in listed] for listed in (feed.papers, feed.revised))
    return print_records({"kind": "feed", "papers": papers, "revised": revised}, feed.problems)


def bring(options: argparse.Namespace) -> int:
    """Make a note, or questions, of a document: `import`."""
    if asked := read_discussions(options.file):
        return _bring_questions(options, asked, [], [], {})
    source, problems, pictures = read_document(options.file)
    if collection := parse_questions(source):
        questions, unplaced, found = collection
        _say_unplaced(source, unplaced)
        return _bring_questions(options, questions, unplaced, [*problems, *found], pictures)
    text, talk, _, gone = format_note(source)
    if not NUMBER.fullmatch(talk.number):
        print(f"{options.file}: no number found; write 【编号】：NNN into it, or call it 005.pdf", file=sys.stderr)
        return 1
    target = options.talks / "notes" / f"{talk.number}.md"
    if target.exists() and not options.force:
        print(f"{target} exists; --force replaces it", file=sys.stderr)
        return 1
    text = text.replace(f"]({PICTURES}/", f"]({talk.number}/")
    for name, content in pictures.items():
        files.write_bytes(target.with_suffix("") / name, content, options.talks.parent)
    files.write_text(target, text, options.talks.parent)
    print(f"{target}: {len(talk.sections)} sections, {len(talk.questions)} questions, {len(pictures)} pictures")
    if gone:
        problems.append(_gone(source, gone))
    return report([*problems, *parse_note(Source(target.as_posix(), text))[1]])


def _bring_questions(
    options: argparse.Namespace,
    questions: Sequence[Question],
    unplaced: Sequence[Block],
    problems: Sequence[Problem],
    pictures: dict[str, bytes],
) -> int:
    """A file for each question; what belongs to none is reported, line by line."""
    stem = name_slug(options.file.stem)
    folder = options.talks / "questions"
    origin = options.origin or options.file.name
    texts = {
        folder / f"{slug_for(f'{stem}-{question.id}')}.md": write_question(question, origin, options.licence)
        for question in questions
    }
    if not options.force and (taken := [str(path) for path in texts if path.exists()]):
        print(f"{', '.join(taken[:3])} exists; --force replaces it", file=sys.stderr)
        return 1
    for name, content in pictures.items():
        files.write_bytes(folder / stem / name, content, options.talks.parent)
    for path, text in texts.items():
        files.write_text(path, text.replace(f"]({PICTURES}/", f"]({stem}/"), options.talks.parent)
    print(f"{folder}: {len(texts)} questions, {len(pictures)} pictures")
    name = options.file.as_posix()
    found = [Problem(name, block.line, 1, "N005", f"in no question: {block.text[:40]!r}") for block in unplaced]
    return report([*problems, *found])


def fmt(options: argparse.Namespace) -> int:
    """Rewrite a note in canonical form, unless a letter would be lost."""
    source = read_as_written(options.file)
    if isinstance(parse_document(source)[0], Question):
        return usage(f"{options.file} is no note")
    text, _, _, gone = format_note(source)
    if gone:
        return report([_gone(source, gone)])
    changed = files.write_text(options.file, text)
    print(f"{options.file}: {'rewritten' if changed else 'unchanged'}")
    return 0


def _gone(source: Source, letters: str) -> Problem:
    return Problem(source.path, 1, 1, "F005", f"{len(letters)} letters have none: {letters[:40]!r}")
