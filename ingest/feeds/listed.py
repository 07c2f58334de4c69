"""The sources of papers: the list in `talks/feeds.opml`, and the record in `talks/feeds.json` of how each one did.

The record is committed, so that the page about the feeds is the same wherever it is built. It holds days and counts,
no times: where nothing about a feed changed, its record is the same.
"""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ingest.model import FeedInfo, Source
from ingest.problems import Problem

DEEPEST = 100
_KEPT = ("papers", "newest", "error", "since", "moved_to")


def read_opml(content: bytes, path: str) -> tuple[list[FeedInfo], tuple[Problem, ...]]:
    """The feed of every outline with an `xmlUrl`, in order, each once.

    A document type is refused: it could declare entities.
    """
    if b"<!doctype" in content.replace(b"\0", b"").lower():
        return [], (Problem(path, 1, 1, "P010", "a document type declaration"),)
    try:
        root = _root(content)
    except ElementTree.ParseError as error:
        line, column = error.position
        return [], (Problem(path, line, column + 1, "P010", f"XML that is not well-formed ({error.msg})"),)
    except (LookupError, ValueError) as error:  # an encoding that is unknown or spans several bytes
        return [], (Problem(path, 1, 1, "P010", f"XML that cannot be read ({error})"),)
    feeds: dict[str, FeedInfo] = {}
    problems = []
    for outline in root.iter("outline") if root.tag == "opml" else ():
        url, page = outline.get("xmlUrl", "").strip(), outline.get("htmlUrl", "").strip()
        if _is_web(url):
            title = outline.get("text", "") or outline.get("title", "") or url
            feeds.setdefault(url, FeedInfo(url, " ".join(title.split()), page if _is_web(page) else ""))
        elif url:
            problems.append(Problem(path, 1, 1, "P010", f"an xmlUrl that is no web address: {url[:80]!r}"))
    if not feeds and not problems:
        problems.append(Problem(path, 1, 1, "P010", f"<{root.tag}> that names no feed"))
    return list(feeds.values()), tuple(problems)


def _root(content: bytes) -> ElementTree.Element:
    """The root of a document that is no deeper than `DEEPEST`.

    Raises:
        ElementTree.ParseError: It is not well-formed.
        LookupError, ValueError: Its encoding is unknown, or it is deeper.
    """
    root = ElementTree.fromstring(content)
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
    if depth > DEEPEST:
        raise ValueError(f"{depth} levels, more than {DEEPEST}")
    return root


def _is_web(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def parse_feeds(sources: Iterable[Source]) -> tuple[tuple[FeedInfo, ...], list[Problem]]:
    """The feeds of `feeds.opml`, with what `feeds.json` says of them."""
    texts = {source.path.rpartition("/")[2]: source for source in sources}
    if "feeds.opml" not in texts:
        return (), []
    opml, record = texts["feeds.opml"], texts.get("feeds.json")
    feeds, problems = read_opml(opml.text.encode(), opml.path)
    if record is None:
        return tuple(feeds), list(problems)
    try:
        return with_record(feeds, record.text), list(problems)
    except ValueError as error:
        return tuple(feeds), [*problems, Problem(record.path, 1, 1, "P001", str(error))]


def with_record(feeds: Iterable[FeedInfo], text: str) -> tuple[FeedInfo, ...]:
    """The feeds, with what the text of the record says of them.

    Raises:
        ValueError: It is no such record.
    """
    try:
        known = json.loads(text)
        return tuple(replace(feed, **_values(known.get(feed.url, {}))) for feed in feeds)
    except (AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"a record of feeds that cannot be read ({error})") from None


def _values(known: dict[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {key: value for key, value in known.items() if key in _KEPT}
    for key, value in values.items():
        if key in ("newest", "since"):
            values[key] = date.fromisoformat(str(value))
        elif not isinstance(value, int if key == "papers" else str):
            raise ValueError(f"a value of {key} that is a {type(value).__name__}")
    return values


def encode_record(feeds: Sequence[FeedInfo]) -> str:
    """The record of these feeds, empty fields left out."""
    record = {
        feed.url: {key: _plain(value) for key in _KEPT if (value := getattr(feed, key)) not in (None, "")}
        for feed in feeds
    }
    return json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
