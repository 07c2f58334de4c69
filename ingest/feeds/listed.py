"""The sources of papers: the list in `talks/feeds.opml`, and the record in `talks/feeds.json` of how each one did.

The record is committed, so that the page about the feeds is the same wherever it is built. It holds days and counts,
no times: where nothing about a feed changed, its record is the same.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from ingest.feeds.catch_up import is_template
from ingest.feeds.info import FeedInfo
from ingest.limits import number_in
from ingest.model import Paper, Source
from ingest.problems import Problem

DEEPEST = 100
_RULES = ("keep", "block")
_NAMES = {name.lower(): name for name in ("xmlUrl", "htmlUrl", "archiveUrl")}  # which some write in other letters
_KEPT = ("papers", "newest", "error", "since", "moved_to")


def read_opml(content: bytes, path: str) -> tuple[list[FeedInfo], tuple[Problem, ...]]:
    """The feed of every outline with an `xmlUrl`, in order, each once.

    Beside what OPML has, an outline may say by which words its entries are chosen (`keep`, `block`: separated by
    commas), how older ones are asked for (`archiveUrl`), and of how many days they are asked for again each time
    (`again`).
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
    for outline in _outlines(root) if root.tag == "opml" else ():
        url, archive = outline.get("xmlUrl", "").strip(), outline.get("archiveUrl", "").strip()
        if archive and not (_is_web(archive) and is_template(archive)):
            what = (
                f"an archiveUrl that is no web address with {{from}} and {{to}}, {{day}} or {{week}}: {archive[:80]!r}"
            )
            problems.append(Problem(path, 1, 1, "P010", what))
            archive = ""
        if _is_web(url):
            feeds.setdefault(url, _feed(url, archive, outline))
        elif url:
            problems.append(Problem(path, 1, 1, "P010", f"an xmlUrl that is no web address: {url[:80]!r}"))
    if not feeds and not problems:
        problems.append(Problem(path, 1, 1, "P010", f"<{root.tag}> that names no feed"))
    return list(feeds.values()), tuple(problems)


def _outlines(root: ElementTree.Element) -> Iterator[dict[str, str]]:
    """The attributes of every outline; rules that stand on an outline count for those in it too."""
    level: list[tuple[ElementTree.Element, dict[str, str]]] = [(root, {})]
    while level:
        element, rules = level.pop()
        if element.tag == "outline":
            said = {_NAMES.get(name.lower(), name): value for name, value in element.attrib.items()}
            yield {**rules, **said}
            rules = {**rules, **{name: value for name, value in said.items() if name in _RULES}}
        level += [(child, rules) for child in reversed(element)]


def _feed(url: str, archive: str, outline: dict[str, str]) -> FeedInfo:
    page, again = outline.get("htmlUrl", "").strip(), outline.get("again", "")
    title = outline.get("text", "") or outline.get("title", "") or url
    keep, block = (tuple(filter(None, map(str.strip, outline.get(name, "").split(",")))) for name in _RULES)
    return FeedInfo(
        url,
        " ".join(title.split()),
        page if _is_web(page) else "",
        keep=keep,
        block=block,
        archive=archive,
        again=min(number_in(again), 30),
    )


def wanted(paper: Paper, rules: FeedInfo) -> bool:
    """Whether the list's rules let a paper of this feed in: by words of its title and what else it says of itself."""
    told = f"{paper.title}\n{paper.abstract}"
    return (not rules.keep or _names(rules.keep, told)) and not _names(rules.block, paper.title)


def _names(words: tuple[str, ...], text: str) -> bool:
    return bool(words) and _pattern(words).search(text) is not None


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these words, whole where they are written in Latin letters."""
    forms = (
        rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" if word.isascii() else re.escape(word) for word in words
    )
    return re.compile("|".join(forms), re.IGNORECASE)


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
