"""The commands over a whole project: `check`, `build`, `links` and `rules`."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ingest import files, guard, pipeline
from ingest.generate import generate
from ingest.importing.document import parse_document
from ingest.link import link
from ingest.model import Source
from ingest.notes.mend import mend
from ingest.notes.parse import head_of
from ingest.reporting import print_shown, report, show_progress, usage
from ingest.rules import rules_page
from ingest.show import shown
from ingest.workspace import Workspace


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with notes and questions."""
    if missing := [path for path in options.paths if not path.exists()]:
        return usage(f"no such file: {', '.join(map(str, missing))}")
    if strange := [path for path in options.paths if not (path.is_file() or path.is_dir())]:
        return usage(f"not a file: {', '.join(map(str, strange))}")
    space = _workspace(options)
    wanted = [_place(path) for path in options.paths]
    # What is wrong with a note depends on other notes, and on nothing else.
    notes_alone = bool(wanted) and all(path.is_relative_to((space.talks / "notes").resolve()) for path in wanted)
    kinds = ("notes",) if notes_alone and not options.show else ()
    inputs, _, problems = space.read(kinds)
    if options.fix:
        _fix(options, inputs)
        inputs, _, problems = space.read(kinds)
    base = space.talks.parent.resolve()
    if notes_alone:  # of the others, only the numbers count
        notes = (s if _is_below(base / s.path, wanted) else head_of(s) for s in inputs.notes)
        inputs = dataclasses.replace(inputs, notes=tuple(notes))
    else:
        problems += guard.inputs(space)
    kept = space.kept()
    records, found = pipeline.parse(inputs, kept)
    if not notes_alone:
        space.keep(kept)
    problems += found
    if options.show:
        named = [s for s in (*inputs.notes, *inputs.questions) if not wanted or _is_below(base / s.path, wanted)]
        print_shown(shown(link(records).records, named, inputs.pictures, options.lang))
    if options.paths:
        outside = [path for path in options.paths if path.is_file() and not _place(path).is_relative_to(base)]
        sources, unreadable = files.read(outside, Path.cwd())
        problems = [problem for problem in problems if _is_below(base / problem.path, wanted)] + unreadable
        for source in sources:
            problems += parse_document(source)[1]
    return report(problems, options.format, options.lang)


def _place(path: Path) -> Path:
    """Where a path lies; if it is a link, the link's own place."""
    return path.parent.resolve() / path.name if path.is_symlink() else path.resolve()


def _workspace(options: argparse.Namespace) -> Workspace:
    return Workspace(options.talks, options.docs, options.snippets)


def _is_below(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _fix(options: argparse.Namespace, inputs: pipeline.Inputs) -> None:
    wanted = [path.resolve() for path in options.paths] or [options.talks.resolve()]
    base = options.talks.parent.resolve()

    def named(sources: Sequence[Source]) -> tuple[Source, ...]:
        return tuple(source for source in sources if _is_below(base / source.path, wanted))

    inputs = dataclasses.replace(
        inputs, notes=named(inputs.notes), questions=named(inputs.questions), concepts=named(inputs.concepts)
    )
    for source, text in pipeline.mend_slips(inputs):
        better = text if source in inputs.concepts else mend(text)
        if files.write_text(base / source.path, better, base):
            print(f"{source.path}: mended", file=sys.stderr if options.format == "json" else sys.stdout)


def build(options: argparse.Namespace) -> int:
    """Write the generated pages under docs/."""
    return generate(_workspace(options), options.json)


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


def refuse(options: argparse.Namespace) -> int:
    """Say what keeps a checkout from being built, before anything of it is opened: exit code 2."""
    problems = guard.shape(options.root) if options.shape else guard.before_pages(options.root)
    return 2 * report(problems)


def rules(options: argparse.Namespace) -> int:
    """Print the page that explains every rule."""
    print(rules_page(options.lang), end="")
    return 0
