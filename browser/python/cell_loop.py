"""`await` and `asyncio.run` where nothing else may wait: an event loop that sleeps itself, in any browser."""

import asyncio
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class Standstill(RuntimeError):
    """Nothing is ever due."""


class Clock:
    """What a loop waits with: there are no sockets in a page, so it is time alone."""

    def select(self, timeout: float | None) -> list[Any]:
        """Sleep until something is due."""
        if timeout is None:
            raise Standstill("await waits for what nothing will bring: no task is left that could")
        time.sleep(max(timeout, 0))
        return []


class Loop(asyncio.BaseEventLoop):
    """A loop of timers and tasks."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = Clock()

    def run(self, coroutine: Coroutine[Any, Any, object]) -> object:
        """Run a block's code to its end; where it would never come there, its line is told."""
        try:
            return self.run_until_complete(coroutine)
        except Standstill as error:
            coroutine.throw(RuntimeError(str(error)))
            raise

    def __del__(self) -> None:
        """It holds nothing that somebody would have to close."""

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else could wake it."""


class Policy(asyncio.DefaultEventLoopPolicy):
    """`asyncio.run` takes such a loop."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return Loop()


@contextmanager
def ours() -> Iterator[None]:
    """Pyodide's own loop counts as running all the time and cannot be waited for: while code awaits, it is put away."""
    if sys.platform != "emscripten":
        yield
        return
    put_away.append((asyncio._get_running_loop(), asyncio.get_event_loop_policy()))
    asyncio._set_running_loop(None)
    asyncio.set_event_loop_policy(Policy())
    try:
        yield
    finally:
        loop, policy = put_away.pop()
        asyncio._set_running_loop(loop)
        asyncio.set_event_loop_policy(policy)


@contextmanager
def theirs() -> Iterator[None]:
    """Pyodide's loop is back for as long as the page is waited for."""
    if not put_away:
        yield
        return
    loop, policy = asyncio._get_running_loop(), asyncio.get_event_loop_policy()
    asyncio._set_running_loop(put_away[-1][0])
    asyncio.set_event_loop_policy(put_away[-1][1])
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        asyncio.set_event_loop_policy(policy)


put_away: list[tuple[Any, Any]] = []  # what is Pyodide's, innermost last
