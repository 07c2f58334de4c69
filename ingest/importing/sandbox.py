"""A document converted in a child process that is held to seconds and megabytes, as the parser of feeds is.

A few hundred kilobytes can unpack to gigabytes or keep a parser busy for hours, and no thread can be stopped from
outside. The child reads the file and what lies beside it, and writes one frame.
"""

import json
import os
import signal
import struct
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.importing.census import Census
from ingest.importing.convert import Converted, convert
from ingest.importing.decode import CannotConvert

_UNIX = sys.platform != "win32"  # elsewhere it is the clock alone that ends a child
_SIZE = struct.Struct(">Q")
_TOO_LARGE, _NO_FILE, _REFUSED = 3, 4, 5
SMALLER = "divide it, or save it as Markdown"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost: seconds of the processor, seconds on the wall, bytes of memory."""

    seconds: float = 60.0
    wall: float = 180.0
    memory: int = 1_000_000_000


def convert_within(path: Path, limits: Limits | None = None) -> Converted:
    """`convert` within limits.

    Raises:
        OSError: The file cannot be read.
        CannotConvert: It cannot be converted, or took too long or too much memory.
    """
    limits = limits or Limits()
    root = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "ingest.importing.sandbox", str(path), str(limits.seconds), str(limits.memory)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": root}, timeout=limits.wall, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotConvert(f"nothing within {limits.wall:g} seconds; {SMALLER}") from None
    if done.returncode == 0:
        return _decode(done.stdout)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode == _NO_FILE:
        raise OSError(None, said)
    if done.returncode == _REFUSED:
        raise CannotConvert(*json.loads(said))
    if _UNIX and done.returncode == -signal.SIGPROF:
        raise CannotConvert(f"it takes more than {limits.seconds:g} seconds to read; {SMALLER}")
    if done.returncode == _TOO_LARGE:
        raise CannotConvert(f"it takes more than {limits.memory // 10**6} MB to read; {SMALLER}")
    raise CannotConvert(f"what reads it ended with status {done.returncode}; {SMALLER}")


def _encode(converted: Converted) -> bytes:
    head = asdict(converted) | {"pictures": {name: len(content) for name, content in converted.pictures.items()}}
    said = json.dumps(head).encode()  # escapes half characters, which UTF-8 cannot hold
    return b"".join((_SIZE.pack(len(said)), said, *converted.pictures.values()))


def _decode(frame: bytes) -> Converted:
    (size,) = _SIZE.unpack_from(frame)
    at = _SIZE.size + size
    head = json.loads(frame[_SIZE.size : at])
    pictures = {}
    for name, length in head["pictures"].items():
        pictures[name] = frame[at : at + length]
        at += length
    return Converted(**{**head, "pictures": pictures, "census": Census(**head["census"])})


def _serve(path: Path, seconds: float, memory: int) -> int:
    """In the child."""
    if _UNIX:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        signal.setitimer(signal.ITIMER_PROF, seconds)
    status, answer = 0, b""
    try:
        answer = _encode(convert(path))
    except MemoryError:
        return _TOO_LARGE
    except CannotConvert as error:
        status, answer = _REFUSED, json.dumps([str(error), error.line, error.column]).encode()
    except OSError as error:
        status, answer = _NO_FILE, (error.strerror or str(error)).encode("utf-8", "replace")
    sys.stdout.buffer.write(answer)
    return status


if __name__ == "__main__":
    raise SystemExit(_serve(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
