"""What a person, GitHub or a program is told: problems and records as text, annotations or JSON.

Everything that goes to a terminal goes through here or is one line of a command's own.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence

from ingest.markup import links_in
from ingest.model import Link, Paper, Question, Talk
from ingest.problems import ERROR, Problem, printable


def report(problems: Sequence[Problem], form: str = "text", lang: str = "en") -> int:
    """Show every problem, and say by the exit code whether one is an error."""
    problems = sorted(set(problems))
    if form == "json":
        print(_json([problem_json(problem) for problem in problems]))
    for problem in problems:
        if form == "github":
            place = f"file={_property(problem.path)},line={problem.line},col={problem.column}"
            print(f"::{problem.severity} {place},title={problem.code}::{_data(problem.said(lang))}")
        elif form == "text":
            print(problem.shown(lang), file=sys.stderr)
    return exit_code(problems)


def _data(text: str) -> str:
    """A text for a workflow command, in which a percent sign begins what stands for another."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    """The same for what stands before the text, which a colon ends."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def print_shown(understood: Mapping[str, Sequence[str]]) -> None:
    """What was understood of each file, below its path, where problems go too."""
    for path, lines in understood.items():
        print(printable(path), *(f"  {printable(line)}" for line in lines), sep="\n", file=sys.stderr)


def exit_code(problems: Sequence[Problem]) -> int:
    """1 where a problem is an error; warnings alone are 0."""
    return int(any(problem.severity == ERROR for problem in problems))


def usage(message: str) -> int:
    """Say that a command was used wrongly."""
    print(f"python -m ingest: {message}", file=sys.stderr)
    return 2


def show_progress(done: int, total: int, what: str) -> None:
    """A bar on a terminal, a line for each item elsewhere."""
    if sys.stderr.isatty():
        bar = f"[{'#' * (20 * done // total):<20}] {done}/{total} {what[:60]}"
        print(f"\r\x1b[K{bar}", end="" if done < total else "\n", file=sys.stderr, flush=True)
    else:
        print(f"{done}/{total} {what}", file=sys.stderr, flush=True)


def print_records(records: dict[str, object], problems: Sequence[Problem]) -> int:
    """Records and problems as one JSON object, as `parse` and `build --json` print them."""
    output = records | {"problems": [problem_json(problem) for problem in problems]}
    print(_json(output))
    return exit_code(problems)


def _json(value: object) -> str:
    """As JSON; what cannot be printed is escaped, as a file's name need not be text."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def problem_json(problem: Problem) -> dict[str, object]:
    """A problem with what follows from its code."""
    return dataclasses.asdict(problem) | {"severity": problem.severity, "hint": problem.hint}


def talk_json(talk: Talk) -> dict[str, object]:
    """A talk as `parse` prints it."""
    plain = {
        "id": talk.id, "number": talk.number, "title": talk.title,
        "date": talk.date.isoformat() if talk.date else None, "time": talk.time,
        "summary": talk.summary, "hosts": talk.hosts, "editors": talk.editors, "contributors": talk.contributors,
        "video": talk.video,
    }  # fmt: skip
    sections = [
        {"kind": s.kind, "title": s.title, "line": s.line, "links": [_link_json(link) for link in s.links]}
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


def paper_json(paper: Paper) -> dict[str, object]:
    """A paper as `parse` prints it."""
    shown = dataclasses.asdict(paper)
    return shown | {"published": paper.published.isoformat() if paper.published else None}


def _link_json(link: Link) -> dict[str, object]:
    return {"url": link.url, "title": link.title, "line": link.line}
