"""The network's edge: feeds, from files or addresses, into the paper archive.

Up to sixteen sites are asked at a time, each one request at a time. A feed that did not change costs neither parsing
nor writing; one that fails, lies, drips or wants hours of parsing costs only itself.
"""

import asyncio
import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ingest.feeds.listed import encode_record
from ingest.feeds.outcome import Outcome, read_list, update_records
from ingest.feeds.sandbox import CannotParse, Limits, Sandbox
from ingest.feeds.state import FeedState, load, save
from ingest.feeds.store import add_to_archive, fingerprint_of
from ingest.files import CannotWrite, write_text
from ingest.problems import ERROR, Problem
from ingest.web import LONGEST_WAIT, Manners, NoResponse, Web, site_of

FIRST_WAIT = 15 * 60.0  # after one failure; each further one doubles it
PARSERS = 2

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How feeds are fetched.

    Attributes:
        manners: Towards servers.
        limits: Of parsing.
        force: Ask every feed, whatever is remembered of it.
        progress: Is told how many of how many are done, and which was the last.
    """

    manners: Manners = field(default_factory=Manners)
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    progress: Progress = lambda done, total, what: None


def run_fetch(
    locations: list[str], talks: Path, now: datetime, settings: Settings | None = None
) -> tuple[list[str], tuple[Problem, ...]]:
    """`python -m ingest fetch`: the sources named, or all of `talks/feeds.opml`.

    Returns:
        A line for each source that was read, and all problems. P010 and F001 mean that the list of feeds or a file
        could not be read or written (exit code 2).
    """
    feeds, problems = read_list(talks)
    if locations:
        problems = ()
    states = talks / ".feeds.sqlite"
    locations = locations or [feed.url for feed in feeds]
    outcomes, found = fetch(locations, talks / "papers", states, now, settings)
    problems += found
    try:
        if feeds and not all(outcome.state.error for outcome in outcomes):  # else it is our own line that is down
            records = update_records(feeds, outcomes, talks, now.date())
            write_text(talks / "feeds.json", encode_record(records), talks.parent)
    except CannotWrite as error:
        problems += (Problem((talks / "feeds.json").as_posix(), 1, 1, "F001", error.strerror or str(error)),)
    return [str(outcome) for outcome in outcomes if not outcome.state.error or outcome.waits], problems


def fetch(
    locations: Sequence[str], archive_dir: Path, states: Path, now: datetime, settings: Settings | None = None
) -> tuple[tuple[Outcome, ...], tuple[Problem, ...]]:
    """Read feeds and add their papers to the archive.

    Args:
        locations: Paths or http(s) addresses; of one paper in two feeds, the first feed's title is kept.
        archive_dir: Folder of `2026-W47.jsonl` files. One that holds a bad line is left as it is.
        states: File of what is remembered of feeds. What it says of their content counts only for the archive that it
            was written for: of another one nobody knows what it lacks.
        now: Papers without a date are filed under the week of this day.
        settings: Manners, limits and so on.
    """
    settings = settings or Settings()
    remembered, fingerprint = load(states)
    if fingerprint != fingerprint_of(archive_dir):
        remembered = {url: replace(state, etag="", modified="", digest="") for url, state in remembered.items()}
    known = {} if settings.force else remembered
    outcomes = asyncio.run(_Fetch(settings, known, now).all(list(dict.fromkeys(locations))))
    problems = [problem for outcome in outcomes for problem in _problems(outcome)]
    failed: list[Problem] = []
    if any(outcome.feed for outcome in outcomes):
        outcomes, failed = add_to_archive(outcomes, archive_dir, now.date())
    after = {outcome.location: outcome.state for outcome in outcomes if _is_url(outcome.location)}
    try:
        if after:
            save(states, (remembered | after).values(), "" if failed else fingerprint_of(archive_dir))
    except CannotWrite as error:
        failed.append(Problem(states.as_posix(), 1, 1, "F001", error.strerror or str(error)))
    return outcomes, (*problems, *failed)


def _problems(outcome: Outcome) -> list[Problem]:
    found = list(outcome.feed.problems) if outcome.feed else []
    if outcome.state.error and not outcome.waits and not any(problem.severity == ERROR for problem in found):
        code = "P007" if _is_url(outcome.location) else "F001"
        found.append(Problem(outcome.location, 1, 1, code, outcome.state.error))
    if outcome.state.moved_to:
        found.append(Problem(outcome.location, 1, 1, "P011", f"an address that moved to {outcome.state.moved_to}"))
    return found


def _is_url(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


class _Fetch:
    """All sources, side by side."""

    def __init__(self, settings: Settings, known: dict[str, FeedState], now: datetime) -> None:
        self.settings = settings
        self.known = known
        self.now = now.timestamp()
        self.web = Web(settings.manners)
        self.sandboxes: asyncio.Queue[Sandbox] = asyncio.Queue()
        self.done: dict[str, Outcome] = {}

    async def all(self, locations: list[str]) -> tuple[Outcome, ...]:
        """The outcome of each, in their order."""
        sites: dict[str, list[str]] = defaultdict(list)
        for location in locations:
            sites[site_of(location, self.settings.manners) if _is_url(location) else location].append(location)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.web)
            for _ in range(PARSERS):
                sandbox = Sandbox(self.settings.limits)
                stack.push_async_callback(sandbox.close)
                self.sandboxes.put_nowait(sandbox)
            turns = asyncio.Semaphore(self.settings.manners.hosts)
            async with asyncio.TaskGroup() as tasks:
                for site in sites.values():
                    tasks.create_task(self._site(site, turns, len(locations)))
        return tuple(self.done[location] for location in locations)

    async def _site(self, locations: list[str], turns: asyncio.Semaphore, total: int) -> None:
        async with turns:
            for location in locations:
                outcome = await (self._url(location) if _is_url(location) else self._file(location))
                self.done[location] = outcome
                self.settings.progress(len(self.done), total, str(outcome))

    async def _file(self, location: str) -> Outcome:
        state = FeedState(location, asked=self.now)
        try:
            return await self._parsed(_read(location, self.settings.manners.largest), "", state)
        except (NoResponse, CannotParse) as error:
            return Outcome(location, replace(state, error=str(error)))

    async def _url(self, location: str) -> Outcome:
        state = self.known.get(location, FeedState(location))
        if state.wait_until > self.now:
            return Outcome(location, state, waits=True)
        state = replace(state, asked=self.now)
        try:
            answer = await self.web.get(location, state.moved_to, state.etag, state.modified)
            content, digest = answer.content, hashlib.sha256(answer.content or b"").hexdigest()
            calm = replace(state, failures=0, wait_until=0.0, error="", moved_to=answer.moved_to)
            if content is None and not (state.etag or state.modified):
                raise NoResponse("304 to a request without conditions")
            if content is None or digest == state.digest:
                return Outcome(location, calm)
            heard = replace(calm, etag=answer.etag, modified=answer.modified, digest=digest)
            outcome = await self._parsed(content, answer.charset, heard)
            if not outcome.state.error:
                return outcome
            return replace(outcome, state=self._failed(state, outcome.state.error))
        except NoResponse as error:
            return Outcome(location, self._failed(replace(state, moved_to=""), str(error), error.retry_after))
        except CannotParse as error:
            return Outcome(location, self._failed(state, str(error)))

    async def _parsed(self, content: bytes, charset: str, state: FeedState) -> Outcome:
        sandbox = await self.sandboxes.get()
        try:
            feed = await sandbox.parse(content, state.url, charset)
        finally:
            self.sandboxes.put_nowait(sandbox)
        errors = [problem.message for problem in feed.problems if problem.severity == ERROR]
        state = replace(state, error="; ".join(errors), result=f"{len(feed.papers)} papers")
        return Outcome(state.url, state, feed)

    def _failed(self, state: FeedState, error: str, retry_after: float = 0.0) -> FeedState:
        """The state after one more failure: it waits twice as long as before, or as long as the server asks for.

        Chance keeps feeds that failed together from being asked together again.
        """
        wait = min(FIRST_WAIT * 2 ** min(state.failures, 10), LONGEST_WAIT) * random.uniform(0.5, 1.0)
        until = self.now + max(wait, retry_after)
        return replace(state, failures=state.failures + 1, wait_until=until, error=error)


def _read(location: str, largest: int) -> bytes:
    """The bytes of a file.

    Raises:
        NoResponse: It is none, cannot be read, or is too large.
    """
    try:
        path = Path(location)
        if not path.is_file():  # a pipe or a device may never end
            raise NoResponse("no such file" if not path.exists() else "not a file")
        if path.stat().st_size > largest:
            raise NoResponse(f"more than {largest:,} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise NoResponse(f"cannot read: {error}") from None
