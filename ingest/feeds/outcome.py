"""What came of fetching each feed: as a line to read, and as the record in `talks/feeds.json`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from ingest.feeds.info import FeedInfo
from ingest.feeds.listed import read_opml, with_record
from ingest.feeds.parse import Feed
from ingest.feeds.state import FeedState, load
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one source.

    Attributes:
        location: Path or address.
        state: What is remembered of it.
        feed: What was read; None if it is unchanged, waits, or failed.
        new: How many of its papers the archive did not hold; None before that is known.
        waits: Whether it was not asked, because it failed a short while ago.
        left_out: How many of its papers the list's rules left out.
    """

    location: str
    state: FeedState
    feed: Feed | None = None
    new: int | None = None
    waits: bool = False
    left_out: int = 0

    def __str__(self) -> str:
        if self.waits:
            until = datetime.fromtimestamp(self.state.wait_until, UTC)
            return f"{self.location}: left alone until {until:%Y-%m-%d %H:%M} UTC ({self.state.error})"
        if self.feed is None or self.state.error:
            return f"{self.location}: {self.state.error or 'unchanged'}"
        new = f", {self.new} new" if self.new is not None else ""
        revised = f", {len(self.feed.revised)} revisions" if self.feed.revised else ""
        left_out = f", {self.left_out} left out" if self.left_out else ""
        return f"{self.feed.title}: {len(self.feed.papers)} papers{new}{revised}{left_out} ({self.location})"


def status(talks: Path, now: datetime) -> tuple[list[str], tuple[Problem, ...]]:
    """`python -m ingest fetch --status`: a line for each feed of the list with age, last result and error."""
    feeds, problems = read_list(talks)
    known, _ = load(talks / ".feeds.sqlite")
    lines = []
    for feed in feeds:
        state = known.get(feed.url, FeedState(feed.url))
        age = _age(now.timestamp() - state.asked) if state.asked else "never"
        line = f"{age:>9}  {state.result or '-':<22}  {feed.url}"
        if state.error:
            wait = state.wait_until - now.timestamp()
            line += f"  failed {state.failures} times: {state.error}" + (f"; next in {_age(wait)}" if wait > 0 else "")
        lines.append(line + (f"  moved to {state.moved_to}" if state.moved_to else ""))
    return lines, problems


def _age(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def read_list(talks: Path) -> tuple[list[FeedInfo], tuple[Problem, ...]]:
    """The feeds that `talks/feeds.opml` lists, and what is wrong with it."""
    opml = talks / "feeds.opml"
    try:
        return read_opml(opml.read_bytes(), opml.as_posix())
    except OSError as error:
        return [], (Problem(opml.as_posix(), 1, 1, "F001", f"cannot read: {error.strerror or error}"),)


def recorded(feeds: Sequence[FeedInfo], talks: Path) -> tuple[FeedInfo, ...]:
    """The feeds, with what their record says."""
    try:
        return with_record(feeds, (talks / "feeds.json").read_text("utf-8"))
    except (OSError, ValueError):
        return tuple(feeds)  # it is made anew


def update_records(feeds: Sequence[FeedInfo], outcomes: Sequence[Outcome], today: date) -> tuple[FeedInfo, ...]:
    """The feeds, with what came of them now."""
    found = {outcome.location: outcome for outcome in outcomes if not outcome.waits}
    return tuple(_record(feed, found[feed.url], today) if feed.url in found else feed for feed in feeds)


def _record(feed: FeedInfo, outcome: Outcome, today: date) -> FeedInfo:
    error = outcome.state.error
    feed = replace(feed, error=error, since=(feed.since or today) if error else None, moved_to=outcome.state.moved_to)
    if outcome.feed is None or error:
        return feed
    days = [paper.published for paper in outcome.feed.papers if paper.published]
    return replace(feed, papers=len(outcome.feed.papers), newest=max(days, default=feed.newest))
