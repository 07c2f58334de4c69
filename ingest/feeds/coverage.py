"""Which days of a feed were seen, so that what was missed is asked for, and that a feed with nothing new is noticed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from ingest.feeds.catch_up import EARLIER, days_of, is_missed
from ingest.feeds.info import FeedInfo
from ingest.feeds.outcome import Outcome
from ingest.feeds.state import FeedState, load, save
from ingest.feeds.store import fingerprint_of
from ingest.files import CannotWrite
from ingest.problems import Problem

QUIET = 4  # days after which a feed of every day is stale: a weekend and a holiday


def gaps(
    feeds: Sequence[FeedInfo], outcomes: Sequence[Outcome], remembered: Mapping[str, FeedState], today: date
) -> dict[str, date]:
    """The feeds of which days were missed, and since which day to ask for them."""
    found = {outcome.location: outcome for outcome in outcomes}
    missed = {}
    for feed in feeds:
        if not feed.archive or feed.url not in found:
            continue
        covered = _covered(feed, remembered.get(feed.url))
        reached = _reached(feed, found[feed.url], today)
        again = today - timedelta(days=feed.again) if feed.again else None
        if is_missed(covered or today - timedelta(days=7), reached or today, _is_daily(feed)):
            missed[feed.url] = (covered or today - timedelta(days=7)) - (timedelta() if _is_daily(feed) else EARLIER)
        elif again:
            missed[feed.url] = again
    return missed


def covered_after(
    feeds: Sequence[FeedInfo], outcomes: Sequence[Outcome], failed: set[str], states: Path, today: date
) -> tuple[Problem, ...]:
    """Remember which days are covered now, and tell of feeds that are stale.

    Args:
        feeds: Of the list.
        outcomes: Of their own addresses.
        failed: Addresses of those for which catching up failed.
        states: The file of what is remembered; it was just written.
        today: This day.
    """
    remembered, fingerprint = load(states)
    problems: list[Problem] = []
    for feed, outcome in ((feed, outcome) for feed in feeds for outcome in outcomes if outcome.location == feed.url):
        state = remembered.get(feed.url)
        newest = (
            days_of((paper.published for paper in outcome.feed.papers), today) if outcome.feed else None
        ) or feed.newest
        if feed.archive and newest and (today - newest).days > QUIET and not outcome.state.error:
            problems.append(
                Problem(feed.url, 1, 1, "P014", f"nothing newer than {newest} for {(today - newest).days} days")
            )
        if state and feed.archive and feed.url not in failed:
            first = today if not (outcome.state.error or state.covered) else None
            reached = _reached(feed, outcome, today) or first
            if reached:
                remembered[feed.url] = replace(state, covered=max(state.covered, reached.isoformat()))
    try:
        if remembered:
            save(states, remembered.values(), fingerprint and fingerprint_of(states.parent / "papers"))
    except CannotWrite as error:
        problems.append(Problem(states.as_posix(), 1, 1, "F001", error.strerror or str(error)))
    return tuple(problems)


def _is_daily(feed: FeedInfo) -> bool:
    """Whether the feed's archive is asked by days: a run sees its day then; else the feed tells which it shows."""
    return "{from}" not in feed.archive


def _covered(feed: FeedInfo, state: FeedState | None) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(state.covered) if state and state.covered else feed.newest
    return None


def _reached(feed: FeedInfo, outcome: Outcome, today: date) -> date | None:
    """The day that a feed shows now; None where it shows none."""
    if outcome.state.error or outcome.waits:
        return None
    if _is_daily(feed):
        return today
    return days_of((paper.published for paper in outcome.feed.papers), today) if outcome.feed else None
