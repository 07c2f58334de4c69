"""The commands over a whole project: `check`, `build`, `links` and `rules`."""

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ingest import files, pipeline
from ingest.addresses import OWNED
from ingest.importing.document import parse_document
from ingest.model import Source
from ingest.notes.mend import mend
from ingest.notes.parse import head_of
from ingest.problems import Problem
from ingest.reporting import print_records, report, show_progress, usage
from ingest.rules import rules_page
from ingest.wiki import Records
from ingest.workspace import Workspace


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with notes and questions."""
    if missing := [path for path in options.paths if not path.exists()]:
        return usage(f"no such file: {', '.join(map(str, missing))}")
    space = _workspace(options)
    wanted = [path.resolve() for path in options.paths]
    # What is wrong with a note depends on other notes, and on nothing else.
    notes_alone = bool(wanted) and all(path.is_relative_to((space.talks / "notes").resolve()) for path in wanted)
    kinds = ("notes",) if notes_alone else ()
    inputs, _, problems = space.read(kinds)
    if options.fix:
        _fix(options, (*inputs.notes, *inputs.questions))
        inputs, _, problems = space.read(kinds)
    base = space.talks.parent.resolve()
    if notes_alone:  # of the others, only the numbers count
        notes = (s if _is_below(base / s.path, wanted) else head_of(s) for s in inputs.notes)
        inputs = dataclasses.replace(inputs, notes=tuple(notes))
    problems += pipeline.parse(inputs)[1]
    if options.paths:
        outside = [path for path in options.paths if path.is_file() and not path.resolve().is_relative_to(base)]
        sources, unreadable = files.read(outside, Path.cwd())
        problems = [problem for problem in problems if _is_below(base / problem.path, wanted)] + unreadable
        for source in sources:
            problems += parse_document(source)[1]
    return report(problems, options.format, options.lang)


def _workspace(options: argparse.Namespace) -> Workspace:
    return Workspace(options.talks, options.docs, options.snippets)


def _is_below(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _fix(options: argparse.Namespace, sources: Sequence[Source]) -> None:
    wanted = [path.resolve() for path in options.paths] or [options.talks.resolve()]
    for source in sources:
        path = (options.talks.parent / source.path).resolve()
        if _is_below(path, wanted) and files.write_text(path, mend(source.text)):
            print(f"{source.path}: mended", file=sys.stderr if options.format == "json" else sys.stdout)


def build(options: argparse.Namespace) -> int:
    """Write the generated pages under docs/."""
    started = time.perf_counter()
    if not options.talks.is_dir():
        return usage(f"no such folder: {options.talks}")
    space = _workspace(options)
    repository, branch = os.environ.get("REPO_URL", "").rstrip("/"), os.environ.get("REPO_BRANCH") or "main"
    settings = f"{repository} {branch} "
    problems: list[Problem] = []
    if counts := space.last_counts(space.state(settings)):
        counts |= {"written": 0, "removed": 0}
    else:
        inputs, pictures, problems = space.read()
        kept = space.kept()
        pages, records, found = pipeline.build(dataclasses.replace(inputs, repository=repository, branch=branch), kept)
        problems += found
        written, removed = files.write(options.docs, {**pages, **pictures}, OWNED)
        counts = _counts(records) | {"pages": len(pages), "written": written, "removed": removed}
        space.keep(kept, pages)
        if not problems:
            space.remember(space.state(settings), counts)
    seconds = time.perf_counter() - started
    if options.json:
        return print_records({**counts, "seconds": round(seconds, 3)}, problems)
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {round(seconds, 3):.2f} s")
    return report(problems)


def _counts(records: Records) -> dict[str, int]:
    return {
        "talks": len(records.talks),
        "questions": len(records.questions),
        "papers": sum(len(week.papers) for week in records.weeks),
        "topics": len(records.concepts),
        "snippets": len(records.snippets),
    }


def links(options: argparse.Namespace) -> int:
    """Ask every address that somebody wrote whether it answers."""
    from ingest.links import check_links  # only this command and `fetch` wait for httpx to be loaded
    from ingest.web import Manners

    inputs, _, problems = _workspace(options).read()
    sources = (*inputs.notes, *inputs.questions, *inputs.concepts)
    manners = Manners(allow_private=options.allow_private, trust_named=False, bodies=False)
    memory = options.docs.parent / ".cache" / "links.json"  # what was heard lately: may be deleted
    heard, found = check_links(sources, memory, datetime.now(UTC).date(), manners, show_progress)
    broken = len({problem.message for problem in found})
    print(f"{len(heard)} addresses: {broken} do not answer, {sum(map(bool, heard.values())) - broken} will not say")
    return report([*problems, *found])


def rules(options: argparse.Namespace) -> int:
    """Print the page that explains every rule."""
    print(rules_page(options.lang), end="")
    return 0
