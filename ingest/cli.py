"""The command line: `python -m ingest check | build | parse | fetch`.

Exit codes: 0 fine (warnings included), 1 the input has errors, 2 wrong usage or an unreadable path.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ingest import files, pipeline
from ingest.fetch import run_fetch
from ingest.markup import links_in
from ingest.model import Link, Question, Records, Source, Talk
from ingest.notes import parse_note
from ingest.problems import ERROR, Problem
from ingest.questions import parse_question
from ingest.render import OWNED

ROOT = Path(__file__).parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except files.CannotWrite as error:
        print(error.strerror, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Turn talks/ into docs/.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with notes and questions")
    check.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files to report on (default: all)")
    check.add_argument("--format", choices=("text", "github", "json"), default="text")
    check.set_defaults(run=_check)
    build = commands.add_parser("build", help="write the generated pages under docs/")
    build.add_argument("--json", action="store_true", help="print counts, problems and seconds as JSON")
    build.set_defaults(run=_build)
    for command in (check, build):
        command.add_argument("--docs", type=Path, default=ROOT / "docs")
        command.add_argument("--snippets", type=Path, default=ROOT / "snippets")
    parse = commands.add_parser("parse", help="print one document's records as JSON")
    parse.add_argument("file", type=Path)
    parse.set_defaults(run=_parse)
    fetch = commands.add_parser("fetch", help="bring feeds into talks/papers/")
    fetch.add_argument("feeds", nargs="*", metavar="FEED", help="URLs or files (default: all of talks/feeds.opml)")
    fetch.set_defaults(run=_fetch)
    for command in (check, build, fetch):
        command.add_argument("--talks", type=Path, default=ROOT / "talks")
    return parser


def _read(options: argparse.Namespace) -> tuple[pipeline.Inputs, list[Problem]]:
    talks, docs, snippets = options.talks, options.docs, options.snippets
    folders = {
        "notes": (talks / "notes", "*.md"),
        "questions": (talks / "questions", "*.md"),
        "papers": (talks / "papers", "*.jsonl"),
        "topics": (docs / "topics", "*.md"),
        "snippets": (snippets, "[!_]*.py"),
    }
    read, problems = {}, []
    for name, (folder, pattern) in folders.items():
        paths = [path for path in folder.glob(pattern) if path.name != "index.md"]
        read[name], found = files.read(paths, talks.parent)
        problems += found
    return pipeline.Inputs(**read), problems


def _check(options: argparse.Namespace) -> int:
    if missing := [path for path in options.paths if not path.exists()]:
        return _usage(f"no such file: {', '.join(map(str, missing))}")
    inputs, problems = _read(options)
    problems += pipeline.parse(inputs)[1]
    if options.paths:
        wanted = [path.resolve() for path in options.paths]
        base = options.talks.parent.resolve()
        outside = [path for path in options.paths if path.is_file() and not path.resolve().is_relative_to(base)]
        sources, found = files.read(outside, Path.cwd())
        problems = [p for p in problems if any((base / p.path).is_relative_to(path) for path in wanted)] + found
        for source in sources:
            problems += parse_document(source)[1]
    return _report(problems, options.format)


def _build(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    if not options.talks.is_dir():
        return _usage(f"no such folder: {options.talks}")
    inputs, problems = _read(options)
    pages, records, found = pipeline.build(inputs)
    problems += found
    written, removed = files.write(options.docs, pages, OWNED)
    seconds = round(time.perf_counter() - started, 3)
    counts = _counts(records) | {"pages": len(pages), "written": written, "removed": removed}
    if options.json:
        shown = [_problem(problem) for problem in problems]
        print(json.dumps(counts | {"seconds": seconds, "problems": shown}, ensure_ascii=False, indent=1))
        return int(any(problem.severity == ERROR for problem in problems))
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {seconds:.2f} s")
    return _report(problems, "text")


def _counts(records: Records) -> dict[str, int]:
    return {
        "talks": len(records.talks),
        "questions": len(records.questions),
        "papers": sum(len(week.papers) for week in records.weeks),
        "topics": len(records.topics),
        "snippets": len(records.snippets),
    }


def _parse(options: argparse.Namespace) -> int:
    sources, problems = files.read([options.file], Path.cwd())
    if not sources:
        _report(problems, "text")
        return 2
    record, problems = parse_document(sources[0])
    shown = talk_json(record) if isinstance(record, Talk) else {"questions": [question_json(record)]}
    kind = "talk" if isinstance(record, Talk) else "questions"
    output = {"kind": kind, **shown, "problems": [_problem(problem) for problem in problems]}
    print(json.dumps(output, ensure_ascii=False, indent=1))
    return int(any(problem.severity == ERROR for problem in problems))


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


def _link(link: Link) -> dict[str, object]:
    return {"url": link.url, "title": link.title, "line": link.line}


def _problem(problem: Problem) -> dict[str, object]:
    return dataclasses.asdict(problem) | {"severity": problem.severity, "hint": problem.hint}


def _fetch(options: argparse.Namespace) -> int:
    lines, problems = run_fetch(options.feeds, options.talks, date.today())
    for line in lines:
        print(line)
    code = _report(problems, "text")
    return 2 if any(problem.code in ("F001", "P010") for problem in problems) else code


def _report(problems: Sequence[Problem], form: str) -> int:
    """Show every problem, and say by the exit code whether one is an error."""
    problems = sorted(set(problems))
    if form == "json":
        print(json.dumps([_problem(problem) for problem in problems], ensure_ascii=False, indent=1))
    for problem in problems:
        if form == "github":
            place = f"file={problem.path},line={problem.line},col={problem.column}"
            print(f"::{problem.severity} {place},title={problem.code}::{problem.message}; expected {problem.hint}")
        elif form == "text":
            print(problem, file=sys.stderr)
    return int(any(problem.severity == ERROR for problem in problems))


def _usage(message: str) -> int:
    print(f"python -m ingest: {message}", file=sys.stderr)
    return 2
