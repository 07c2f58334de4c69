"""Feeds parsed in a child process that is held to seconds and megabytes, and ended where it does not keep to them.

A few hundred kilobytes can keep feedparser busy for hours, and no thread can be stopped from outside.
"""

import asyncio
import json
import os
import signal
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.feeds.parse import Feed, parse_feed
from ingest.feeds.wire import decode_feed, encode_feed


@dataclass(frozen=True, slots=True)
class Limits:
    """What one feed may cost.

    Attributes:
        seconds: Of the processor, whatever else runs on the machine.
        wall: Seconds after which a child that does nothing is given up.
        memory: Bytes of data; the interpreter's own code is some 20 MB more.
    """

    seconds: float = 1.6
    wall: float = 60.0
    memory: int = 180 * 1000 * 1000


class CannotParse(Exception):
    """A limit was reached; says which."""


@dataclass(slots=True)
class Sandbox:
    """One child, started when it is first needed and again after it was ended. It parses one feed at a time."""

    limits: Limits
    _child: Process | None = None

    async def parse(self, content: bytes, source: str, charset: str, today: date | None) -> Feed:
        """`parse_feed` within limits.

        Raises:
            CannotParse: It took too long or too much memory, or broke the child.
        """
        child = self._child = self._child or await self._start()
        assert child.stdin and child.stdout
        try:
            async with asyncio.timeout(self.limits.wall):
                child.stdin.write(_frame(json.dumps([source, charset, str(today or "")]).encode()) + _frame(content))
                await child.stdin.drain()
                (size,) = _SIZE.unpack(await child.stdout.readexactly(_SIZE.size))
                return decode_feed(await child.stdout.readexactly(size))
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            await self.close()
            raise CannotParse(self._reason(child.returncode, error)) from None

    async def close(self) -> None:
        """End the child."""
        if self._child:
            child, self._child = self._child, None
            if child.returncode is None and child.stdin:
                child.stdin.close()
                try:
                    async with asyncio.timeout(0.5):
                        await child.wait()
                except TimeoutError:
                    child.kill()
            await child.wait()

    async def _start(self) -> Process:
        path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
        command = (sys.executable, "-m", "ingest.feeds.sandbox", str(self.limits.seconds), str(self.limits.memory))
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "PYTHONPATH": path}
        )

    def _reason(self, status: int | None, error: Exception) -> str:
        if _UNIX and status == -signal.SIGPROF:
            return f"it takes more than {self.limits.seconds:g} seconds to parse"
        if status == _TOO_LARGE:
            return f"it takes more than {self.limits.memory // 10**6} MB to parse"
        if isinstance(error, TimeoutError):
            return f"nothing within {self.limits.wall:g} seconds"
        return f"its parser ended with status {status}"


def parse_within(content: bytes, source: str, limits: Limits) -> Feed:
    """One feed within limits, whatever day it is.

    Raises:
        CannotParse: It took too long or too much memory, or broke the child.
    """

    async def parse() -> Feed:
        box = Sandbox(limits)
        try:
            return await box.parse(content, source, "", None)
        finally:
            await box.close()

    return asyncio.run(parse())


_UNIX = sys.platform != "win32"  # elsewhere it is the clock alone that ends a child
_SIZE = struct.Struct(">Q")
_TOO_LARGE = 3


def _frame(content: bytes) -> bytes:
    return _SIZE.pack(len(content)) + content


def _read_frame() -> bytes:
    return sys.stdin.buffer.read(*_SIZE.unpack(sys.stdin.buffer.read(_SIZE.size)))


def _serve(seconds: float, memory: int) -> None:
    """In the child: a frame of names and one of bytes in, a feed out, until the parent closes its end."""
    if _UNIX:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    while header := sys.stdin.buffer.read(_SIZE.size):
        source, charset, today = json.loads(sys.stdin.buffer.read(*_SIZE.unpack(header)))
        content = _read_frame()
        if _UNIX:
            signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answer = _frame(
                encode_feed(parse_feed(content, source, charset, date.fromisoformat(today) if today else None))
            )
        except MemoryError:
            os._exit(_TOO_LARGE)
        if _UNIX:
            signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
        del content, answer


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
