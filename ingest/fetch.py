"""The network's edge: feeds, from files or addresses, into the paper archive.

Each source is read and parsed in a child process with a time limit: one that fails, lies, drips or sends feedparser
into hours of work costs only itself.
"""

import os
import pickle
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from ingest.archive import complete, decode, encode, merge
from ingest.feeds import Feed, parse_feed
from ingest.files import CannotWrite, read, write_text
from ingest.model import Week
from ingest.problems import ERROR, Problem

LARGEST = 15 * 1024 * 1024
USER_AGENT = "openllm-wiki/0.1 (paper feeds for a weekly reading list; python -m ingest fetch)"


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is asked.

    Attributes:
        largest: Most bytes that are read of one feed, unpacked.
        patience: Seconds for one source, from asking to records.
        pause: Seconds between two requests to one host. arXiv's terms ask for three, its RSS included.
    """

    largest: int = LARGEST
    patience: float = 60.0
    pause: float = 3.0


@dataclass(frozen=True, slots=True)
class Count:
    """What one source brought: its papers, how many of them are new, and the revisions among its entries."""

    location: str
    title: str
    papers: int
    new: int
    revised: int

    def __str__(self) -> str:
        revised = f", {self.revised} revisions" if self.revised else ""
        return f"{self.title}: {self.papers} papers, {self.new} new{revised} ({self.location})"


class _NoAnswer(Exception):
    """Says why a source could not be read."""


def run_fetch(locations: list[str], talks: Path, today: date) -> tuple[list[str], tuple[Problem, ...]]:
    """`python -m ingest fetch`: the sources named, or all of `talks/feeds.opml`.

    Returns:
        A line for each source that was read, and all problems. P010 and F001 mean that the list of feeds or a file
        could not be read (exit code 2).
    """
    problems: tuple[Problem, ...] = ()
    if not locations:
        opml = talks / "feeds.opml"
        try:
            locations, problems = read_opml(opml.read_bytes(), opml.as_posix())
        except OSError as error:
            problems = (Problem(opml.as_posix(), 1, 1, "F001", f"cannot read: {error.strerror or error}"),)
    counts, found = fetch(locations, talks / "papers", today)
    return [str(count) for count in counts], problems + found


def read_opml(content: bytes, path: str) -> tuple[list[str], tuple[Problem, ...]]:
    """The `xmlUrl` of every outline, in order, each once. A document type is refused: it could declare entities."""
    if b"<!doctype" in content.replace(b"\0", b"").lower():
        return [], (Problem(path, 1, 1, "P010", "a document type declaration"),)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        line, column = error.position
        return [], (Problem(path, line, column + 1, "P010", f"XML that is not well-formed ({error.msg})"),)
    except (LookupError, ValueError) as error:  # an encoding that is unknown or spans several bytes
        return [], (Problem(path, 1, 1, "P010", f"XML that cannot be decoded ({error})"),)
    urls = [outline.get("xmlUrl", "").strip() for outline in root.iter("outline")] if root.tag == "opml" else []
    if not any(urls):
        return [], (Problem(path, 1, 1, "P010", f"<{root.tag}> that names no feed"),)
    return list(dict.fromkeys(filter(None, urls))), ()


def fetch(
    locations: list[str], archive_dir: Path, today: date, manners: Manners | None = None
) -> tuple[tuple[Count, ...], tuple[Problem, ...]]:
    """Read feeds and add their papers to the archive.

    Args:
        locations: Paths or http(s) addresses; of one paper in two feeds, the first feed's title is kept.
        archive_dir: Folder of `2026-W47.jsonl` files. One that holds a bad line is left as it is.
        today: Papers without a date are filed under its week.
        manners: How servers are asked.
    """
    weeks, problems = _read_archive(archive_dir)
    sealed = {problem.path for problem in problems if problem.severity == ERROR}
    held = {week.name: len(week.papers) for week in weeks}
    counts = []
    manners, asked = manners or Manners(), dict[str, float]()
    for location in locations:
        try:
            _wait_for(location, manners.pause, asked)
            feed = _bring(location, manners)
        except _NoAnswer as error:
            problems.append(Problem(location, 1, 1, "P007" if _is_url(location) else "F001", str(error)))
            continue
        problems += feed.problems
        if any(problem.severity == ERROR for problem in feed.problems):
            continue  # it was no feed
        before = sum(len(week.papers) for week in weeks)
        weeks = complete(merge(weeks, feed.papers, today), feed.revised)
        new = sum(len(week.papers) for week in weeks) - before
        counts.append(Count(location, feed.title, len(feed.papers), new, len(feed.revised)))
    return tuple(counts), (*problems, *_write_archive(weeks, archive_dir, sealed, held))


def _read_archive(archive_dir: Path) -> tuple[tuple[Week, ...], list[Problem]]:
    sources, problems = read(archive_dir.glob("*.jsonl"), Path())
    decoded = [decode(source) for source in sources]
    return tuple(week for week, _ in decoded), problems + [one for _, found in decoded for one in found]


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
            problems.append(Problem(path.as_posix(), 1, 1, "F001", str(error)))
    return problems


def _is_url(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


def _wait_for(location: str, pause: float, asked: dict[str, float]) -> None:
    """Leave a host alone for a while after each request."""
    try:
        host = urlsplit(location).netloc if _is_url(location) else ""
    except ValueError:
        return  # an address that httpx will refuse as well
    if host:
        time.sleep(max(0.0, asked.get(host, -pause) + pause - time.monotonic()))
        asked[host] = time.monotonic()


def _bring(location: str, manners: Manners) -> Feed:
    """Read and parse one source in a process of its own, which can be ended whatever it is doing.

    Raises:
        _NoAnswer: It cannot be read, takes too long, or breaks the process.
    """
    command = [sys.executable, "-m", "ingest.fetch", location, str(manners.largest)]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH"))))
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=manners.patience,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        raise _NoAnswer(f"nothing within {manners.patience:g} seconds") from None
    except (OSError, ValueError) as error:  # a location that is no argument: too long, or with a NUL
        raise _NoAnswer(str(error)) from None
    if child.returncode:
        raise _NoAnswer(f"its reader ended with status {child.returncode}")
    found: Feed | str = pickle.loads(child.stdout)
    if isinstance(found, str):
        raise _NoAnswer(found)
    return found


def _serve(location: str, largest: int) -> Feed | str:
    """In the child: the feed, or why there is none."""
    try:
        return parse_feed(_get(location, largest) if _is_url(location) else _read(location, largest), location)
    except _NoAnswer as error:
        return str(error)


def _read(location: str, largest: int) -> bytes:
    try:
        path = Path(location)
        if not path.is_file():  # a pipe or a device may never end
            raise _NoAnswer("no such file" if not path.exists() else "not a file")
        if path.stat().st_size > largest:
            raise _NoAnswer(f"more than {largest:,} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _NoAnswer(f"cannot read: {error}") from None


def _get(url: str, largest: int) -> bytes:
    """The body of an answer.

    Raises:
        _NoAnswer: No connection, an error status, or too many bytes.
    """
    headers, body = {"User-Agent": USER_AGENT}, bytearray()
    try:
        with (
            httpx.Client(follow_redirects=True, max_redirects=5, timeout=20, headers=headers) as client,
            client.stream("GET", url) as response,
        ):
            if response.is_error:
                raise _NoAnswer(f"{response.status_code} {response.reason_phrase}".strip())
            for part in response.iter_bytes():
                body += part
                if len(body) > largest:
                    raise _NoAnswer(f"more than {largest:,} bytes")
        return bytes(body)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _NoAnswer(f"{type(error).__name__}: {error}".rstrip(": ")) from None


if __name__ == "__main__":  # the child; see `_bring`
    sys.stdout.buffer.write(pickle.dumps(_serve(sys.argv[1], int(sys.argv[2]))))
