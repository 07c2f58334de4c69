"""The archive's folder: papers that were fetched put into its files."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.feeds.archive import keys_of, merge_all
from ingest.feeds.gist import gist
from ingest.feeds.index import Index
from ingest.feeds.outcome import Outcome
from ingest.feeds.parse import Feed
from ingest.feeds.records import decode, encode, week_of
from ingest.files import CannotWrite, read, write_text
from ingest.limits import LARGEST_PAPERS
from ingest.model import Paper, Week
from ingest.problems import ERROR, Problem

Find = Callable[[str, str], tuple[str, ...]]  # of a title and an abstract: the names of the concepts in them


def add_to_archive(
    outcomes: tuple[Outcome, ...], archive_dir: Path, today: date, find: Find
) -> tuple[tuple[Outcome, ...], list[Problem]]:
    """The outcomes with their papers counted and in the archive, and what kept them out of it.

    Of the archive only those weeks are read that hold any of the papers, or will.
    """
    batches = [
        (_linked(of.papers, find), _linked(of.revised, find)) for of in (one.feed or Feed("") for one in outcomes)
    ]
    index = Index(archive_dir.parent / ".papers.sqlite")
    try:
        digests = digests_of(archive_dir)
        problems = _learn(index, archive_dir, digests)
        touched = index.weeks_of(
            key for batch in batches for papers in batch for paper in papers for key in keys_of(paper)
        )
        touched |= {week_of(paper.published) for papers, _ in batches for paper in papers}
        weeks, found = _read(archive_dir, sorted(touched & digests.keys()))
        problems += [problem for problem in found if problem not in problems]
        sealed = {problem.path for problem in problems if problem.severity == ERROR}
        merged, new = merge_all(weeks, batches, today)
        problems += _write(merged, weeks, archive_dir, sealed)
        after = digests_of(archive_dir, [week.name for week in merged])
        fine = [week for week in merged if f"{archive_dir.as_posix()}/{week.name}.jsonl" not in sealed]
        index.learn({week.name: (after.get(week.name, ""), _keys(week)) for week in fine})
    finally:
        index.close()
    return tuple(replace(outcome, new=count) for outcome, count in zip(outcomes, new, strict=True)), problems


def relink(archive_dir: Path, find: Find) -> tuple[int, list[Problem]]:
    """Look for concepts that were written after papers came: how many papers have more now, and problems.

    Abstracts are read once and not kept, so it is by their titles, and by the sentence that is kept of some.
    """
    more, problems = 0, []
    for path in sorted(archive_dir.glob("*.jsonl")):
        before, found = _read(archive_dir, [path.stem])
        problems += found
        after = [
            replace(
                week,
                papers=tuple(
                    replace(paper, topics=tuple(dict.fromkeys((*paper.topics, *find(paper.title, paper.line)))))
                    for paper in week.papers
                ),
            )
            for week in before
        ]
        pairs = [
            pair for one, two in zip(before, after, strict=True) for pair in zip(one.papers, two.papers, strict=True)
        ]
        more += sum(one.topics != two.topics for one, two in pairs)
        sealed = {problem.path for problem in found if problem.severity == ERROR}
        problems += _write([] if sealed else after, before, archive_dir, sealed)
    return more, problems


def fingerprint_of(archive_dir: Path) -> str:
    """A hash of the archive's files: of another archive nobody knows what it lacks."""
    return hashlib.sha256(repr(sorted(digests_of(archive_dir).items())).encode()).hexdigest()


def digests_of(archive_dir: Path, names: Iterable[str] = ()) -> dict[str, str]:
    """The hashes of the archive's files by week; of some weeks alone, or of all."""
    paths = [archive_dir / f"{name}.jsonl" for name in names] or archive_dir.glob("*.jsonl")
    digests = {}
    for path in paths:
        try:
            digests[path.stem] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            continue  # reported when it is read
    return digests


def _linked(papers: Iterable[Paper], find: Find) -> tuple[Paper, ...]:
    """Papers with the concepts of their titles and abstracts, and with a sentence where that is free: arXiv's is."""
    found = ((paper, find(paper.title, paper.abstract)) for paper in papers)
    return tuple(
        replace(
            paper,
            topics=topics,
            line=gist(paper.abstract) if topics and paper.authority.startswith("arXiv") else "",
            abstract="",
        )
        for paper, topics in found
    )


def _keys(week: Week) -> list[str]:
    return [key for paper in week.papers for key in keys_of(paper)]


def _learn(index: Index, archive_dir: Path, digests: dict[str, str]) -> list[Problem]:
    """Bring the index up to date with what others changed in the archive; what is wrong with those files."""
    known = index.digests()
    changed = sorted(name for name, digest in digests.items() if known.get(name) != digest)
    problems: list[Problem] = []
    for name in changed:  # one at a time: at first that is all of them
        weeks, found = _read(archive_dir, [name])
        problems += found
        broken = any(
            problem.severity == ERROR for problem in found
        )  # is read, and told of, each time until it is mended
        index.learn({week.name: ("" if broken else digests[name], _keys(week)) for week in weeks})
    index.learn(dict.fromkeys(known.keys() - digests.keys(), ("", ())))
    return problems


def _read(archive_dir: Path, names: list[str]) -> tuple[tuple[Week, ...], list[Problem]]:
    sources, problems = read([archive_dir / f"{name}.jsonl" for name in names], Path(), LARGEST_PAPERS)
    weeks = []
    for source in sources:
        week, found = decode(source)
        weeks.append(week)
        problems += found
    return tuple(weeks), problems


def _write(merged: Iterable[Week], before: Iterable[Week], archive_dir: Path, sealed: set[str]) -> list[Problem]:
    problems = []
    held = {week.name: week for week in before}
    for week in merged:
        path = archive_dir / f"{week.name}.jsonl"
        if path.as_posix() in sealed:
            if waiting := len(week.papers) - (len(held[week.name].papers) if week.name in held else 0):
                message = f"the file has errors, so {waiting} new papers wait until it is mended"
                problems.append(Problem(path.as_posix(), 1, 1, "P001", message))
            continue
        try:
            if held.get(week.name) != week:
                write_text(path, encode(week), archive_dir.parent.parent)
        except CannotWrite as error:
            problems.append(Problem(path.as_posix(), 1, 1, "F001", error.strerror or str(error)))
    return problems
