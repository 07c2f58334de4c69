"""Sources read side by side: files and addresses to what was in them, each within its limits."""

import asyncio
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.feeds.catch_up import next_page
from ingest.feeds.outcome import Outcome
from ingest.feeds.parse import Feed
from ingest.feeds.sandbox import CannotParse, Limits, Sandbox
from ingest.feeds.state import FeedState
from ingest.heads import LONGEST_WAIT
from ingest.problems import ERROR, Problem
from ingest.web import Manners, NoResponse, Web, site_of

FIRST_WAIT = 15 * 60.0  # after one failure; each further one doubles it
PARSERS = 2
PAGES = 30  # of one list
_CUT = re.compile("no element found|unclosed (?:token|CDATA)")  # as expat says it


def is_url(location: str) -> bool:
    """Whether a source is asked for over the network."""
    return location.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Terms:
    """How sources are read: manners towards servers, limits of parsing, and who is told of each that is done."""

    manners: Manners
    limits: Limits
    progress: Callable[[int, int, str], None]


class Reader:
    """All sources, side by side."""

    def __init__(self, terms: Terms, known: dict[str, FeedState], now: datetime) -> None:
        self.terms = terms
        self.known = known
        self.now = now.timestamp()
        self.today = now.astimezone(UTC).date() if now.tzinfo else now.date()
        self.web = Web(terms.manners)
        self.sandboxes: asyncio.Queue[Sandbox] = asyncio.Queue()
        self.done: dict[str, Outcome] = {}

    async def all(self, locations: list[str]) -> tuple[Outcome, ...]:
        """The outcome of each, in their order."""
        sites: dict[str, list[str]] = defaultdict(list)
        for location in locations:
            sites[site_of(location, self.terms.manners) if is_url(location) else location].append(location)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.web)
            for _ in range(PARSERS):
                sandbox = Sandbox(self.terms.limits)
                stack.push_async_callback(sandbox.close)
                self.sandboxes.put_nowait(sandbox)
            turns = asyncio.Semaphore(self.terms.manners.hosts)
            async with asyncio.TaskGroup() as tasks:
                for site in sites.values():
                    tasks.create_task(self._site(site, turns, len(locations)))
        return tuple(self.done[location] for location in locations)

    async def _site(self, locations: list[str], turns: asyncio.Semaphore, total: int) -> None:
        async with turns:
            for location in locations:
                outcome = await (self._url(location) if is_url(location) else self._file(location))
                self.done[location] = outcome
                self.terms.progress(len(self.done), total, str(outcome))

    async def _file(self, location: str) -> Outcome:
        state = FeedState(location, asked=self.now)
        try:
            return await self._parsed(_read(location, self.terms.manners.largest), "", state)
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
            outcome = await self._paged(await self._parsed(content, answer.charset, heard))
            if not outcome.state.error:
                return _unless_cut(outcome)
            return replace(outcome, state=self._failed(state, outcome.state.error))
        except NoResponse as error:
            return Outcome(location, self._failed(replace(state, moved_to=""), str(error), error.retry_after))
        except CannotParse as error:
            return Outcome(location, self._failed(state, str(error)))
        except Exception as error:  # nothing that one source does may end the others
            return Outcome(location, self._failed(state, f"{type(error).__name__}: {error}"[:300]))

    async def _parsed(self, content: bytes, charset: str, state: FeedState) -> Outcome:
        sandbox = await self.sandboxes.get()
        try:
            feed = await sandbox.parse(content, state.url, charset, self.today)
        finally:
            self.sandboxes.put_nowait(sandbox)
        errors = [problem.message for problem in feed.problems if problem.severity == ERROR]
        state = replace(state, error="; ".join(errors), result=f"{len(feed.papers)} papers")
        return Outcome(state.url, state, feed)

    async def _paged(self, outcome: Outcome) -> Outcome:
        """The outcome with the pages that follow; where one fails, with those before it and its error."""
        feed, state = outcome.feed, outcome.state
        pages, error = 1, ""
        while feed and feed.more and pages < PAGES and not error:
            url = next_page(state.moved_to or state.url, feed.more)
            try:
                answer = await self.web.get(url)
                page = await self._parsed(answer.content or b"", answer.charset, replace(state, url=url))
            except (NoResponse, CannotParse) as failure:
                error = f"the entries from number {feed.more + 1} on: {failure}"
                break
            pages += 1
            if page.feed and not page.state.error and page.feed.more != feed.more:
                feed = _joined(feed, page.feed)
            else:
                error = f"the entries from number {feed.more + 1} on: {page.state.error or 'none'}"
        if feed and feed.more and not error:
            said = f"{feed.more:,} of {feed.total:,} entries read"
            feed = replace(feed, problems=(*feed.problems, Problem(state.url, 1, 1, "P013", said)))
        if feed and pages > 1:
            state = replace(state, result=f"{len(feed.papers)} papers")
        return replace(outcome, feed=feed, state=replace(state, error=error or state.error))

    def _failed(self, state: FeedState, error: str, retry_after: float = 0.0) -> FeedState:
        """The state after one more failure: it waits twice as long as before, or as long as the server asks for.

        Chance keeps feeds that failed together from being asked together again.
        """
        wait = min(FIRST_WAIT * 2 ** min(state.failures, 10), LONGEST_WAIT) * random.uniform(0.5, 1.0)
        until = self.now + max(wait, retry_after)
        return replace(state, failures=state.failures + 1, wait_until=until, error=error)


def _unless_cut(outcome: Outcome) -> Outcome:
    """The outcome; of a feed that stops in the middle without validators, which may be those of the whole.

    It does where a server's length counts letters instead of bytes.
    """
    problems = outcome.feed.problems if outcome.feed else ()
    if not any(problem.code == "P008" and _CUT.search(problem.message) for problem in problems):
        return outcome
    return replace(outcome, state=replace(outcome.state, etag="", modified="", digest=""))


def _joined(feed: Feed, page: Feed) -> Feed:
    """A feed with a further page of it. A problem that both have is told once."""
    codes = {problem.code for problem in feed.problems}
    problems = (*feed.problems, *(replace(problem, path=feed.problems[0].path if feed.problems else problem.path)
                                  for problem in page.problems if problem.code not in codes))  # fmt: skip
    return replace(
        page, title=feed.title, papers=feed.papers + page.papers, revised=feed.revised + page.revised, problems=problems
    )


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
