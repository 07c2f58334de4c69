"""The command line: `python -m ingest check | build | parse | import | fmt | new | rules | links | fetch`.

Exit codes: 0 fine (warnings included), 1 the input has errors, 2 wrong usage or an unreadable path.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest import files, pipeline
from ingest.addresses import OWNED, name_slug, slug_for
from ingest.importing import convert
from ingest.markup import links_in
from ingest.model import Block, Link, Paper, Question, Records, Source, Talk
from ingest.notes.mend import mend
from ingest.notes.parse import REQUIRED, head_of, parse_note
from ingest.notes.write import format_note
from ingest.pictures import Picture, kind_of, size_of
from ingest.problems import ERROR, Problem
from ingest.questions.collected import parse_collection, parse_discussions, parse_form, write_question
from ingest.questions.parse import parse_question
from ingest.rules import rules_page

ROOT = Path(__file__).parent.parent
FEEDS = (".xml", ".rss", ".atom", ".json")
NUMBER = re.compile(r"\d{3,4}|番外\d{1,4}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except files.CannotWrite as error:
        print(error.strerror, file=sys.stderr)
        return 2
    except _Unreadable as error:
        return _usage(str(error))


class _Unreadable(Exception):
    """A document that cannot be read; says which and why."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Turn talks/ into docs/.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with notes and questions")
    check.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files to report on (default: all)")
    check.add_argument("--format", choices=("text", "github", "json"), default="text")
    check.add_argument("--fix", action="store_true", help="first mend blanks and addresses, where that is safe")
    check.add_argument("--lang", choices=("en", "zh"), default="en", help="language of what is said")
    check.set_defaults(run=_check)
    build = commands.add_parser("build", help="write the generated pages under docs/")
    build.add_argument("--json", action="store_true", help="print counts, problems and seconds as JSON")
    build.set_defaults(run=_build)
    links = commands.add_parser("links", help="ask every address in notes, questions and concept pages if it answers")
    links.add_argument("--allow-private", action="store_true", help="ask private addresses too")
    links.set_defaults(run=_links)
    for command in (check, build, links):
        command.add_argument("--docs", type=Path, default=ROOT / "docs")
        command.add_argument("--snippets", type=Path, default=ROOT / "snippets")
    parse = commands.add_parser("parse", help="print one document's records as JSON")
    parse.add_argument("file", type=Path, metavar="FILE", help="a note, a question, a feed, or what `import` reads")
    parse.set_defaults(run=_parse)
    bring = commands.add_parser("import", help="make a note, or questions, of a .docx, .pdf, .html, .md, .txt or .json")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--force", action="store_true", help="replace what is there")
    bring.add_argument("--origin", default="", help="of a collection of questions: its address")
    bring.add_argument("--licence", default="", help="of a collection of questions: such as CC-BY-4.0")
    bring.set_defaults(run=_import)
    form = commands.add_parser("fmt", help="rewrite a note in the form of talks/TEMPLATE.md")
    form.add_argument("file", type=Path, metavar="FILE")
    form.set_defaults(run=_format)
    new = commands.add_parser("new", help="begin a note from talks/TEMPLATE.md")
    new.add_argument("number", metavar="NUMBER", help="such as 005 or 番外02")
    new.set_defaults(run=_new)
    rules = commands.add_parser("rules", help="print the page that explains every rule (docs/guide/rules.md)")
    rules.add_argument("--lang", choices=("en", "zh"), default="zh", help="en: that of docs/en/guide/rules.md")
    rules.set_defaults(run=_rules)
    fetch = commands.add_parser("fetch", help="bring feeds into talks/papers/")
    fetch.add_argument("feeds", nargs="*", metavar="FEED", help="URLs or files (default: all of talks/feeds.opml)")
    fetch.add_argument("--status", action="store_true", help="say how each feed did, and ask none")
    fetch.add_argument("--force", action="store_true", help="ask every feed for all of it, even one that is left alone")
    fetch.add_argument("--allow-private", action="store_true", help="follow redirects to private addresses")
    fetch.set_defaults(run=_fetch)
    for command in (check, build, fetch, bring, new, links):
        command.add_argument("--talks", type=Path, default=ROOT / "talks")
    return parser


def _read(
    options: argparse.Namespace, notes_alone: bool = False
) -> tuple[pipeline.Inputs, dict[str, bytes], list[Problem]]:
    """What lies on the disk, the pictures' bytes by path under docs/, and problems."""
    talks, docs, snippets = options.talks, options.docs, options.snippets
    folders = {
        "notes": (talks / "notes", "*.md"),
        "questions": (talks / "questions", "*.md"),
        "papers": (talks / "papers", "*.jsonl"),
        "feeds": (talks, "feeds.*"),
        "topics": (docs / "topics", "*.md"),
        "snippets": (snippets, "[!_]*.py"),
    }
    if notes_alone:
        folders = {"notes": folders["notes"]}
    read: dict[str, Any] = {}
    problems = []
    for name, (folder, pattern) in folders.items():
        paths = [path for path in folder.glob(pattern) if path.name != "index.md"]
        read[name], found = files.read(paths, talks.parent)
        problems += found
    held, found = files.read_pictures([talks / "notes", talks / "questions"], talks.parent)
    pictures = {name: Picture(f"../../{_place(name, content)}", *size_of(content)) for name, content in held.items()}
    kept = {_place(name, content): content for name, content in held.items()}
    return pipeline.Inputs(**read, pictures=pictures), kept, problems + found


def _place(name: str, content: bytes) -> str:
    """Where a picture lies under docs/: a safe name that only this path has."""
    return f"talks/pictures/{slug_for(name)}.{kind_of(content)}"


def _check(options: argparse.Namespace) -> int:
    if missing := [path for path in options.paths if not path.exists()]:
        return _usage(f"no such file: {', '.join(map(str, missing))}")
    # What is wrong with a note depends on other notes, and on nothing else.
    wanted = [path.resolve() for path in options.paths]
    notes_alone = bool(wanted) and all(path.is_relative_to((options.talks / "notes").resolve()) for path in wanted)
    inputs, _, problems = _read(options, notes_alone)
    if options.fix:
        _fix(options, (*inputs.notes, *inputs.questions))
        inputs, _, problems = _read(options, notes_alone)
    base = options.talks.parent.resolve()
    if notes_alone:  # of the others, only the numbers count
        notes = (s if _is_below(base / s.path, wanted) else head_of(s) for s in inputs.notes)
        inputs = dataclasses.replace(inputs, notes=tuple(notes))
    problems += pipeline.parse(inputs)[1]
    if options.paths:
        outside = [path for path in options.paths if path.is_file() and not path.resolve().is_relative_to(base)]
        sources, found = files.read(outside, Path.cwd())
        problems = [p for p in problems if _is_below(base / p.path, wanted)] + found
        for source in sources:
            problems += parse_document(source)[1]
    return _report(problems, options.format, options.lang)


def _is_below(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _fix(options: argparse.Namespace, sources: Sequence[Source]) -> None:
    wanted = [path.resolve() for path in options.paths] or [options.talks.resolve()]
    for source in sources:
        path = (options.talks.parent / source.path).resolve()
        if _is_below(path, wanted) and files.write_text(path, mend(source.text)):
            print(f"{source.path}: mended", file=sys.stderr if options.format == "json" else sys.stdout)


def _rules(options: argparse.Namespace) -> int:
    print(rules_page(options.lang), end="")
    return 0


def _build(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    if not options.talks.is_dir():
        return _usage(f"no such folder: {options.talks}")
    made = [options.docs / name for name in OWNED]
    repository = os.environ.get("REPO_URL", "").rstrip("/")
    watched = [options.talks, options.docs / "topics", options.snippets, Path(__file__).parent, *made]
    memory = options.docs.parent / ".cache" / "ingest.json"  # what was built last, without a problem: may be deleted
    problems: list[Problem] = []
    if counts := _remembered(memory, repository + files.state(watched)):
        counts |= {"written": 0, "removed": 0}
    else:
        inputs, pictures, problems = _read(options)
        pages, records, found = pipeline.build(dataclasses.replace(inputs, repository=repository))
        problems += found
        written, removed = files.write(options.docs, {**pages, **pictures}, OWNED)
        counts = _counts(records) | {"pages": len(pages), "written": written, "removed": removed}
        if not problems:
            with contextlib.suppress(files.CannotWrite):
                files.write_text(memory, json.dumps({"state": repository + files.state(watched), "counts": counts}))
    seconds = round(time.perf_counter() - started, 3)
    if options.json:
        shown = [_problem(problem) for problem in problems]
        print(json.dumps(counts | {"seconds": seconds, "problems": shown}, ensure_ascii=False, indent=1))
        return int(any(problem.severity == ERROR for problem in problems))
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {seconds:.2f} s")
    return _report(problems, "text")


def _remembered(memory: Path, state: str) -> dict[str, int]:
    """The counts of the last build, where neither sources nor pages were touched since; else nothing."""
    try:
        last = json.loads(memory.read_text("utf-8"))
        return dict(last["counts"]) if last["state"] == state else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _counts(records: Records) -> dict[str, int]:
    return {
        "talks": len(records.talks),
        "questions": len(records.questions),
        "papers": sum(len(week.papers) for week in records.weeks),
        "topics": len(records.topics),
        "snippets": len(records.snippets),
    }


def _parse(options: argparse.Namespace) -> int:
    kind = options.file.suffix.strip().lower()
    if asked := _discussions(options.file):
        return _print_records({"kind": "questions", "questions": [question_json(one) for one in asked]}, [])
    if kind in FEEDS:
        return _parse_feed(options.file)
    source, problems, _ = _document(options.file, tidied=kind != ".md")
    if collection := _collection(source):
        collected, unplaced, found = collection
        questions = [question_json(question) for question in collected]
        _say_unplaced(source, unplaced)
        left = [{"line": block.line, "text": block.text} for block in unplaced]
        return _print_records({"kind": "questions", "questions": questions, "unplaced": left}, [*problems, *found])
    record, found = parse_document(source)
    _say_unplaced(source, record.unplaced if isinstance(record, Talk) else ())
    shown = talk_json(record) if isinstance(record, Talk) else {"questions": [question_json(record)]}
    kind = "talk" if isinstance(record, Talk) else "questions"
    return _print_records({"kind": kind, **shown}, [*problems, *found])


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
        raise _Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    papers, revised = ([_paper(paper) for paper in found] for found in (feed.papers, feed.revised))
    return _print_records({"kind": "feed", "papers": papers, "revised": revised}, feed.problems)


def _print_records(records: dict[str, object], problems: Sequence[Problem]) -> int:
    output = records | {"problems": [_problem(problem) for problem in problems]}
    print(json.dumps(output, ensure_ascii=False, indent=1))
    return int(any(problem.severity == ERROR for problem in problems))


def _document(path: Path, tidied: bool) -> tuple[Source, list[Problem], dict[str, bytes]]:
    """A document as Markdown, what could not be carried over, and its pictures.

    Args:
        path: A file of any format that `convert` knows.
        tidied: False leaves a text as it was written, so that lines keep their numbers.
    """
    name = path.as_posix()
    try:
        if not tidied:
            text = convert.decode(path.read_bytes())[0].removeprefix("\ufeff")
            return Source(name, text.replace("\r\n", "\n").replace("\r", "\n")), [], {}
        converted = convert.convert(path)
    except OSError as error:
        raise _Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    except convert.CannotConvert as error:
        raise _Unreadable(f"{path}: {error}") from error
    problems = [Problem(name, 1, 1, "F004", f"left out: {what}") for what in converted.left_out]
    return Source(name, converted.text), problems, converted.pictures


def _discussions(path: Path) -> list[Question]:
    """The questions of an export of GitHub Discussions; none where it is something else."""
    if path.suffix.strip().lower() != ".json":
        return []
    try:
        return parse_discussions(convert.decode(path.read_bytes())[0], path.as_posix(), convert.html_to_markdown)
    except OSError as error:
        raise _Unreadable(f"{path}: cannot read: {error.strerror or error}") from error
    except convert.CannotConvert as error:
        raise _Unreadable(f"{path}: {error}") from error
    except (ValueError, RecursionError):
        return []


def _collection(source: Source) -> tuple[list[Question], list[Block], list[Problem]] | None:
    """A text that holds several questions and is no note, or one whose front matter asks."""
    record, _ = parse_document(source)
    if isinstance(record, Question) or record.fields or {section.kind for section in record.sections} & set(REQUIRED):
        return None
    if form := parse_form(source.text, source.path):
        return [form], [], []
    questions, unplaced, problems = parse_collection(source)
    asked = len(questions) > 1 or any(question.line == 1 for question in questions)
    return (questions, unplaced, problems) if asked else None


def _import(options: argparse.Namespace) -> int:
    if asked := _discussions(options.file):
        return _import_questions(options, asked, [], [], {})
    source, problems, pictures = _document(options.file, tidied=True)
    if collection := _collection(source):
        collected, unplaced, found = collection
        _say_unplaced(source, unplaced)
        return _import_questions(options, collected, unplaced, [*problems, *found], pictures)
    text, talk, _, gone = format_note(source)
    if not NUMBER.fullmatch(talk.number):
        print(f"{options.file}: no number found; write 【编号】：NNN into it, or call it 005.pdf", file=sys.stderr)
        return 1
    target = options.talks / "notes" / f"{talk.number}.md"
    if target.exists() and not options.force:
        print(f"{target} exists; --force replaces it", file=sys.stderr)
        return 1
    text = text.replace(f"]({convert.PICTURES}/", f"]({talk.number}/")
    for name, content in pictures.items():
        files.write_bytes(target.with_suffix("") / name, content)
    files.write_text(target, text)
    print(f"{target}: {len(talk.sections)} sections, {len(talk.questions)} questions, {len(pictures)} pictures")
    if gone:
        problems.append(_gone(source, gone))
    return _report([*problems, *parse_note(Source(target.as_posix(), text))[1]], "text")


def _import_questions(
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
        files.write_bytes(folder / stem / name, content)
    for path, text in texts.items():
        files.write_text(path, text.replace(f"]({convert.PICTURES}/", f"]({stem}/"))
    print(f"{folder}: {len(texts)} questions, {len(pictures)} pictures")
    name = options.file.as_posix()
    found = [Problem(name, block.line, 1, "N005", f"in no question: {block.text[:40]!r}") for block in unplaced]
    return _report([*problems, *found], "text")


def _format(options: argparse.Namespace) -> int:
    source, _, _ = _document(options.file, tidied=False)
    if isinstance(parse_document(source)[0], Question):
        return _usage(f"{options.file} is no note")
    text, _, _, gone = format_note(source)
    if gone:
        return _report([_gone(source, gone)], "text")
    changed = files.write_text(options.file, text)
    print(f"{options.file}: {'rewritten' if changed else 'unchanged'}")
    return 0


def _gone(source: Source, letters: str) -> Problem:
    return Problem(source.path, 1, 1, "F005", f"{len(letters)} letters have none: {letters[:40]!r}")


def _new(options: argparse.Namespace) -> int:
    number = options.number.zfill(3)
    if not NUMBER.fullmatch(number):
        return _usage(f"{options.number!r} is no number of a talk, such as 005 or 番外02")
    target = options.talks / "notes" / f"{number}.md"
    if target.exists():
        print(f"{target} exists", file=sys.stderr)
        return 1
    template = options.talks / "TEMPLATE.md"
    sources, problems = files.read([template], options.talks.parent)
    if not sources:
        _report(problems, "text")
        return 2
    lines = sources[0].text.split("\n")
    text = "\n".join(line if line.startswith("> ") else line.replace("NNN", number) for line in lines)
    files.write_text(target, text)
    print(f"{target}: fill in the date, then `python -m ingest check {target}`")
    return 0


def parse_document(source: Source) -> tuple[Talk | Question, list[Problem]]:
    """One document by what it looks like: a file of `questions/` or one that begins with a heading and no field."""
    if "questions" in Path(source.path).parts or ("\n## 回答" in source.text and "【" not in source.text):
        return parse_question(source)
    return parse_note(source)


def talk_json(talk: Talk) -> dict[str, object]:
    """A talk as `parse` prints it."""
    plain = {
        "id": talk.id, "number": talk.number, "title": talk.title,
        "date": talk.date.isoformat() if talk.date else None, "time": talk.time,
        "summary": talk.summary, "hosts": talk.hosts, "editors": talk.editors, "contributors": talk.contributors,
        "video": talk.video,
    }  # fmt: skip
    sections = [
        {"kind": s.kind, "title": s.title, "line": s.line, "links": [_link(link) for link in s.links]}
        for s in talk.sections
    ]
    said = [text for question in talk.questions for text in (question.text, *(a.text for a in question.answers))]
    links = [link for section in talk.sections for link in section.links]
    links += [link for text in said for link in links_in(list(enumerate(text.split("\n"), 1)))]
    return plain | {
        "sections": sections,
        "questions": [question_json(question) for question in talk.questions],
        "urls": list(dict.fromkeys(link.url for link in links)),
        "unplaced": [{"line": block.line, "text": block.text} for block in talk.unplaced],
    }


def question_json(question: Question) -> dict[str, object]:
    """A question as `parse` prints it."""
    return {
        "id": question.id,
        "text": "\n\n".join(part for part in (question.title, question.text) if part),
        "asker": question.asker,
        "status": question.status,
        "answers": [{"text": answer.text, "author": answer.author} for answer in question.answers],
        "section": question.section,
        "line": question.line,
    }


def _paper(paper: Paper) -> dict[str, object]:
    shown = dataclasses.asdict(paper)
    return shown | {"published": paper.published.isoformat() if paper.published else None}


def _link(link: Link) -> dict[str, object]:
    return {"url": link.url, "title": link.title, "line": link.line}


def _problem(problem: Problem) -> dict[str, object]:
    return dataclasses.asdict(problem) | {"severity": problem.severity, "hint": problem.hint}


def _fetch(options: argparse.Namespace) -> int:
    from ingest.feeds.fetch import Settings, run_fetch, status  # only this command waits for httpx to be loaded
    from ingest.web import Manners

    if options.status:
        lines, problems = status(options.talks, datetime.now(UTC))
    else:
        manners = Manners(allow_private=options.allow_private)
        settings = Settings(manners, force=options.force, progress=_show_progress)
        lines, problems = run_fetch(options.feeds, options.talks, datetime.now(UTC), settings)
    for line in lines:
        print(line)
    code = _report(problems, "text")
    return 2 if any(problem.code in ("F001", "P010") for problem in problems) else code


def _links(options: argparse.Namespace) -> int:
    from ingest.links import check_links  # only this command and `fetch` wait for httpx to be loaded
    from ingest.web import Manners

    inputs, _, problems = _read(options)
    sources = (*inputs.notes, *inputs.questions, *inputs.topics)
    manners = Manners(allow_private=options.allow_private, trust_named=False, bodies=False)
    memory = options.docs.parent / ".cache" / "links.json"  # what was heard lately: may be deleted
    heard, found = check_links(sources, memory, datetime.now(UTC).date(), manners, _show_progress)
    broken = len({problem.message for problem in found})
    print(f"{len(heard)} addresses: {broken} do not answer, {sum(map(bool, heard.values())) - broken} will not say")
    return _report([*problems, *found], "text")


def _show_progress(done: int, total: int, what: str) -> None:
    """A bar on a terminal, a line for each source elsewhere."""
    if sys.stderr.isatty():
        bar = f"[{'#' * (20 * done // total):<20}] {done}/{total} {what[:60]}"
        print(f"\r\x1b[K{bar}", end="" if done < total else "\n", file=sys.stderr, flush=True)
    else:
        print(f"{done}/{total} {what}", file=sys.stderr, flush=True)


def _report(problems: Sequence[Problem], form: str, lang: str = "en") -> int:
    """Show every problem, and say by the exit code whether one is an error."""
    problems = sorted(set(problems))
    if form == "json":
        print(json.dumps([_problem(problem) for problem in problems], ensure_ascii=False, indent=1))
    for problem in problems:
        if form == "github":
            place = f"file={problem.path},line={problem.line},col={problem.column}"
            print(f"::{problem.severity} {place},title={problem.code}::{problem.said(lang)}")
        elif form == "text":
            print(problem.shown(lang), file=sys.stderr)
    return int(any(problem.severity == ERROR for problem in problems))


def _usage(message: str) -> int:
    print(f"python -m ingest: {message}", file=sys.stderr)
    return 2
