"""The commands over one document: `parse`, `import` and `fmt`."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest import files
from ingest.addresses import name_slug, slug_for
from ingest.descriptors import read_named
from ingest.importing.census import Census
from ingest.importing.document import (
    Document,
    Kind,
    Unreadable,
    as_talk,
    parse_document,
    read_as_written,
    read_discussions,
    read_document,
    tell_kind,
)
from ingest.importing.html import PICTURES
from ingest.limits import FILES, OTHERS, PICTURE_BYTES, WHOLE
from ingest.model import Block, Question, Source, Talk
from ingest.notes.commands import NUMBER
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.problems import Problem
from ingest.questions.write import write_question
from ingest.reporting import paper_json, print_records, question_json, report, talk_json, usage
from ingest.tree import Tree

AS = {"talk": "a talk", "questions": "a collection of questions", "article": "an article"}
NUMBERED_PICTURE = re.compile(r"\d{1,4}\.(?:png|jpg|gif|webp)")
FEEDS = (".xml", ".rss", ".atom", ".json")


def parse(options: argparse.Namespace) -> int:
    """Print one document's records as JSON."""
    kind = options.file.suffix.strip().lower()
    if asked := read_discussions(options.file):
        return print_records({"kind": "questions", "questions": [question_json(one) for one in asked]}, [])
    if kind in FEEDS:
        return _parse_feed(options.file)
    document = read_document(options.file)
    source = read_as_written(options.file) if kind == ".md" else document.source
    told = tell_kind(source)
    census = document.census
    if told.name == "talk" and kind != ".md":
        source = as_talk(source)
    record, found = parse_document(source)
    if told.name == "talk" and isinstance(record, Talk):
        shown, unplaced = talk_json(record), list(record.unplaced)
    else:
        shown = {} if told.questions or not isinstance(record, Talk) else talk_json(record)
        shown |= {"questions": [question_json(question) for question in told.questions]}
        shown |= {"unplaced": [{"line": block.line, "text": block.text} for block in told.unplaced]}
        unplaced, found = told.unplaced, told.problems
    _say_census(source, unplaced, census)
    counted = {"letters": census.letters, "missing": census.missing, "share": census.share, "sample": census.sample}
    counted |= {"unplaced": _share(unplaced, source.text)}
    said = {"kind": told.name, "why": told.reason, **shown, "census": counted}
    return print_records(said, [*document.problems, *found])


def _say_census(source: Source, blocks: Sequence[Block], census: Census) -> None:
    """One line of what has no place and what is missing; a share is said to be zero only where it is."""
    share = _share(blocks, source.text)
    shown = f"{share:.1%}" if share >= 0.0005 or not share else "less than 0.1%"
    missing = f"{census.missing} of {census.letters} letters missing" if census.missing else "no letter missing"
    missing = missing if census.letters else "no letters in it at all"
    print(f"{source.path}: {shown} of the text unplaced, {missing}", file=sys.stderr)


def _share(blocks: Sequence[Block], text: str) -> float:
    """How much of a text stands in these blocks, by characters that are no blanks."""
    left, whole = (sum(map(len, part.split())) for part in ("\n".join(block.text for block in blocks), text))
    return left / max(1, whole)


def _parse_feed(path: Path) -> int:
    # Takes longer to load than a note to check.
    from ingest.feeds.sandbox import CannotParse, Limits, parse_within

    try:
        feed = parse_within(read_named(path, WHOLE), path.as_posix(), Limits(seconds=20.0, memory=1_000_000_000))
    except OSError as error:
        raise Unreadable(path, f"cannot read: {error.strerror or error}") from error
    except CannotParse as error:
        raise Unreadable(path, str(error)) from error
    papers, revised = ([paper_json(paper) for paper in listed] for listed in (feed.papers, feed.revised))
    return print_records({"kind": "feed", "papers": papers, "revised": revised}, feed.problems)


def bring(options: argparse.Namespace) -> int:
    """Make a note, or questions, of a document: `import`."""
    if asked := read_discussions(options.file):
        if beyond := _beyond(options.file.as_posix(), asked, {}):
            return report(beyond)
        return _bring_questions(options, Kind("questions", "an export of discussions", asked), Document(Source("", "")))
    document = read_document(options.file)
    if document.problems and not document.census.letters:  # a scan: all that can be said is how to get its text
        return report(document.problems)
    told = tell_kind(document.source, getattr(options, "wanted", "") or "")
    if beyond := _beyond(options.file.as_posix(), told.questions, document.pictures):
        return report(beyond)
    print(f"{options.file}: taken for {AS[told.name]}: {told.reason}; `--as` takes it for another", file=sys.stderr)
    if told.name == "talk":
        return _bring_talk(options, document)
    _say_census(document.source, told.unplaced, document.census)
    if not told.questions:
        what = f"{told.reason}; give it a title that asks, or mark its questions with `Q1：`"
        return report([*document.problems, Problem(options.file.as_posix(), 1, 1, "Q006", what)])
    return _bring_questions(options, told, document)


def _beyond(name: str, questions: Sequence[Question], pictures: dict[str, bytes]) -> list[Problem]:
    """L007 for a document that would become more files than a project reads: a small one may, and none is written."""
    size = sum(map(len, pictures.values()))
    found = {
        f"{len(questions)} questions": len(questions) > FILES["questions"],
        f"{len(pictures)} pictures of {size} bytes": len(pictures) > OTHERS or size > PICTURE_BYTES,
    }
    return [Problem(name, 1, 1, "L007", what) for what, beyond in found.items() if beyond]


def _bring_talk(options: argparse.Namespace, document: Document) -> int:
    """A note and its pictures."""
    text, talk, found, gone = format_note(as_talk(document.source))
    _say_census(document.source, talk.unplaced, document.census)
    problems = document.problems + [problem for problem in found if problem.code == "N001"]
    if not NUMBER.fullmatch(talk.number):
        return report([*problems, *found])
    target = options.talks / "notes" / f"{talk.number}.md"
    sure = not any(problem.code == "N001" for problem in found)
    if target.exists() and not (options.force and sure):
        what = "it exists" if sure else "it exists, and nothing in the document says that this is the same talk"
        return report([*problems, Problem(target.as_posix(), 1, 1, "F010", what)])
    text = text.replace(f"]({PICTURES}/", f"]({talk.number}/")
    _write_pictures(target.with_suffix(""), document.pictures, options.talks.parent)
    files.write_text(target, text, options.talks.parent)
    shown = f"{len(talk.sections)} sections, {len(talk.questions)} questions, {len(document.pictures)} pictures"
    print(f"{target}: {shown}")
    if gone:
        problems.append(_gone(document.source, gone))
    return report([*problems, *parse_note(Source(target.as_posix(), text))[1]])


def _write_pictures(folder: Path, pictures: dict[str, bytes], root: Path) -> None:
    """The pictures of a document; those of an earlier import of it, which have the same kind of name, go."""
    tree, place = Tree(root), folder.relative_to(root).as_posix()
    for name, kind in [*tree.walk(place)]:
        old = name.removeprefix(f"{place}/")
        if kind == "file" and NUMBERED_PICTURE.fullmatch(old) and old not in pictures:
            tree.remove(name)
    for name, content in pictures.items():
        files.write_bytes(folder / name, content, root)


def _bring_questions(options: argparse.Namespace, told: Kind, document: Document) -> int:
    """A file for each question; what belongs to none is reported, line by line."""
    stem = name_slug(options.file.stem)
    folder = options.talks / "questions"
    origin = options.origin or options.file.name
    texts = {
        folder / f"{slug_for(f'{stem}-{question.id}')}.md": write_question(question, origin, options.licence)
        for question in told.questions
    }
    if not options.force and (taken := [path for path in texts if path.exists()]):
        return report(
            [*document.problems, *(Problem(path.as_posix(), 1, 1, "F010", "it exists") for path in taken[:3])]
        )
    _write_pictures(folder / stem, document.pictures, options.talks.parent)
    for path, text in texts.items():
        files.write_text(path, text.replace(f"]({PICTURES}/", f"]({stem}/"), options.talks.parent)
    print(f"{folder}: {len(texts)} questions, {len(document.pictures)} pictures")
    name = options.file.as_posix()
    found = [Problem(name, block.line, 1, "N005", f"in no question: {block.text[:40]!r}") for block in told.unplaced]
    return report([*document.problems, *found])


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
