"""The network's edge: feeds, from files or addresses, into the paper archive.

Up to sixteen sites are asked at a time, each one request at a time. A feed that did not change costs neither parsing
nor writing; one that fails, lies, drips or wants hours of parsing costs only itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from ingest.feeds.catch_up import addresses
from ingest.feeds.coverage import covered_after, gaps
from ingest.feeds.info import FeedInfo
from ingest.feeds.listed import encode_record, wanted
from ingest.feeds.outcome import Outcome, read_list, recorded, update_records
from ingest.feeds.read import Reader, Terms, is_url
from ingest.feeds.sandbox import Limits
from ingest.feeds.state import load, save
from ingest.feeds.store import Find, add_to_archive, fingerprint_of
from ingest.files import CannotWrite, write_text
from ingest.problems import ERROR, Problem
from ingest.web import Manners

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How feeds are fetched.

    Attributes:
        manners: Towards servers.
        limits: Of parsing.
        force: Ask every feed, whatever is remembered of it.
        progress: Is told how many of how many are done, and which was the last.
        find: Finds the concepts in a title and an abstract.
    """

    manners: Manners = field(default_factory=Manners)
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    progress: Progress = lambda done, total, what: None
    find: Find = lambda title, abstract: ()


def run_fetch(
    locations: list[str], talks: Path, now: datetime, settings: Settings | None = None, since: date | None = None
) -> tuple[list[str], tuple[Problem, ...]]:
    """`python -m ingest fetch`: the sources named, or all of `talks/feeds.opml` and what was missed of them.

    Args:
        locations: Paths or addresses; none means the list.
        talks: Folder of the list, the archive, and what is remembered.
        now: When this is.
        settings: Manners, limits and so on.
        since: Ask the list's sources for all that appeared from this day on.

    Returns:
        A line for each source that was read, and all problems. P010 and F001 mean that the list of feeds or a file
        could not be read or written (exit code 2).
    """
    settings = settings or Settings()
    listed, problems = read_list(talks)
    feeds = recorded(listed, talks)
    if locations:
        problems = ()
    states = talks / ".feeds.sqlite"
    remembered, _ = load(states)
    outcomes, found = fetch(locations or [feed.url for feed in feeds], talks / "papers", states, now, settings, feeds)
    problems += found
    if not locations:
        missed = {feed.url: since for feed in feeds if feed.archive} if since else {}
        missed = missed or gaps(feeds, outcomes, remembered, now.date())
        late, found = _catch_up(feeds, missed, talks, now, settings)
        failed = {url for url in missed if any(one.state.error for one in late.get(url, ()))}
        problems += found + covered_after(feeds, outcomes, failed, states, now.date())
        outcomes += tuple(dict.fromkeys(outcome for of in late.values() for outcome in of))
    try:
        if feeds and not all(outcome.state.error for outcome in outcomes):  # else it is our own line that is down
            records = update_records(feeds, outcomes, now.date())
            write_text(talks / "feeds.json", encode_record(records), talks.parent)
    except CannotWrite as error:
        problems += (Problem((talks / "feeds.json").as_posix(), 1, 1, "F001", error.strerror or str(error)),)
    return [str(outcome) for outcome in outcomes if not outcome.state.error or outcome.waits], problems


def _catch_up(
    feeds: Sequence[FeedInfo], missed: dict[str, date], talks: Path, now: datetime, settings: Settings
) -> tuple[dict[str, tuple[Outcome, ...]], tuple[Problem, ...]]:
    """Ask for what was missed of each feed: feeds of one template together, since the earliest day of theirs."""
    since: dict[str, date] = {}
    for feed in feeds:
        if feed.url in missed:
            since[feed.archive] = min(missed[feed.url], since.get(feed.archive, now.date()))
    asked = {template: addresses(template, day, now.date()) for template, day in since.items()}
    urls = [url for of in asked.values() for url in of]
    if not urls:
        return {}, ()
    lists = [replace(feed, url=url) for feed in feeds for url in asked.get(feed.archive, ())]  # with the feed's rules
    # What is remembered counts for nothing here: each address is asked once in its life.
    outcomes, problems = fetch(urls, talks / "papers", None, now, settings, lists)
    found = {outcome.location: outcome for outcome in outcomes}
    late = {feed.url: tuple(found[url] for url in asked.get(feed.archive, ())) for feed in feeds}
    return late, tuple(problem for problem in problems if problem.code != "P003")  # many a day has nothing


def fetch(
    locations: Sequence[str],
    archive_dir: Path,
    states: Path | None,
    now: datetime,
    settings: Settings | None = None,
    feeds: Sequence[FeedInfo] = (),
) -> tuple[tuple[Outcome, ...], tuple[Problem, ...]]:
    """Read feeds and add their papers to the archive.

    Args:
        locations: Paths or http(s) addresses; their order means nothing.
        archive_dir: Folder of `2026-W47.jsonl` files. One that holds a bad line is left as it is.
        states: File of what is remembered of feeds, or None to remember nothing. What it says of their content counts
            only for the archive that it was written for: of another one nobody knows what it lacks.
        now: When this is; later dates are refused.
        settings: Manners, limits and so on.
        feeds: Those of the list, with their rules.
    """
    settings = settings or Settings()
    remembered, fingerprint = load(states) if states else ({}, "")
    if fingerprint != fingerprint_of(archive_dir):
        remembered = {url: replace(state, etag="", modified="", digest="") for url, state in remembered.items()}
    known = {} if settings.force else remembered
    terms = Terms(settings.manners, settings.limits, settings.progress)
    outcomes = asyncio.run(Reader(terms, known, now).all(list(dict.fromkeys(locations))))
    rules = {feed.url: feed for feed in feeds if feed.keep or feed.block}
    outcomes = tuple(_kept(outcome, rules.get(outcome.location)) for outcome in outcomes)
    problems = [problem for outcome in outcomes for problem in _problems(outcome)]
    failed: list[Problem] = []
    if any(outcome.feed for outcome in outcomes):
        outcomes, failed = add_to_archive(outcomes, archive_dir, now.date(), settings.find)
    after = {outcome.location: outcome.state for outcome in outcomes if is_url(outcome.location)}
    try:
        if after and states:
            save(states, (remembered | after).values(), "" if failed else fingerprint_of(archive_dir))
    except CannotWrite as error:
        failed.append(Problem(states.as_posix() if states else "", 1, 1, "F001", error.strerror or str(error)))
    return outcomes, (*problems, *failed)


def _kept(outcome: Outcome, rules: FeedInfo | None) -> Outcome:
    """The outcome without the papers that the list's rules leave out."""
    if not outcome.feed or not rules:
        return outcome
    papers = tuple(paper for paper in outcome.feed.papers if wanted(paper, rules))
    left_out = len(outcome.feed.papers) - len(papers)
    return replace(outcome, feed=replace(outcome.feed, papers=papers), left_out=left_out)


def _problems(outcome: Outcome) -> list[Problem]:
    found = list(outcome.feed.problems) if outcome.feed else []
    if outcome.state.error and not outcome.waits and not any(problem.severity == ERROR for problem in found):
        code = "P007" if is_url(outcome.location) else "F001"
        found.append(Problem(outcome.location, 1, 1, code, outcome.state.error))
    if outcome.state.moved_to:
        found.append(Problem(outcome.location, 1, 1, "P011", f"an address that moved to {outcome.state.moved_to}"))
    return found
