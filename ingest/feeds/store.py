"""The archive's folder: papers that were fetched put into its files."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.feeds.archive import decode, encode, merge_all
from ingest.feeds.outcome import Outcome
from ingest.files import CannotWrite, read, write_text
from ingest.model import Week
from ingest.problems import ERROR, Problem


def add_to_archive(
    outcomes: tuple[Outcome, ...], archive_dir: Path, today: date
) -> tuple[tuple[Outcome, ...], list[Problem]]:
    """The outcomes with their papers counted and in the archive, and what kept them out of it."""
    sources, problems = read(archive_dir.glob("*.jsonl"), Path())
    weeks = []
    for source in sources:
        week, found = decode(source)
        weeks.append(week)
        problems += found
    sealed = {problem.path for problem in problems if problem.severity == ERROR}
    held = {week.name: len(week.papers) for week in weeks}
    batches = [(outcome.feed.papers, outcome.feed.revised) if outcome.feed else ((), ()) for outcome in outcomes]
    merged, new = merge_all(weeks, batches, today)
    problems += _write_archive(merged, archive_dir, sealed, held)
    return tuple(replace(outcome, new=count) for outcome, count in zip(outcomes, new, strict=True)), problems


def fingerprint_of(archive_dir: Path) -> str:
    """A hash of the archive's files: of another archive nobody knows what it lacks."""
    digest = hashlib.sha256()
    for path in sorted(archive_dir.glob("*.jsonl")):
        try:
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
        except OSError:
            continue  # reported when the archive was read
    return digest.hexdigest()


def _write_archive(weeks: tuple[Week, ...], archive_dir: Path, sealed: set[str], held: dict[str, int]) -> list[Problem]:
    problems = []
    for week in weeks:
        path = archive_dir / f"{week.name}.jsonl"
        if path.as_posix() in sealed:
            if waiting := len(week.papers) - held.get(week.name, 0):
                message = f"the file has errors, so {waiting} new papers wait until it is mended"
                problems.append(Problem(path.as_posix(), 1, 1, "P001", message))
            continue
        try:
            write_text(path, encode(week))
        except CannotWrite as error:
            problems.append(Problem(path.as_posix(), 1, 1, "F001", error.strerror or str(error)))
    return problems
