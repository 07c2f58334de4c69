"""Atom feeds (RFC 4287) of what the site holds. Addresses are relative to the feed: it works wherever it is served."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree

from ingest.invisible import visible

NAMESPACE = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class AtomEntry:
    """One thing of a feed.

    Attributes:
        id: Its name among all things of the site, for ever: `qa/rope-rotation`.
        title: On one line.
        address: Where it is, relative to the feed or absolute.
        day: When it came.
        authors: Names; none is the community.
        html: Its text as safe HTML, or "".
        updated: When it came here, if later than its day.
    """

    id: str
    title: str
    address: str
    day: date
    authors: tuple[str, ...] = ()
    html: str = ""
    updated: date | None = None


def atom(title: str, name: str, entries: Iterable[AtomEntry]) -> str:
    """A feed as XML.

    Args:
        title: Of the feed.
        name: Its file's name, such as `questions.xml`.
        entries: Newest first.
    """
    entries = list(entries)
    root = ElementTree.Element("feed", {"xmlns": NAMESPACE, "xml:lang": "zh-CN"})
    newest = max((entry.updated or entry.day for entry in entries), default=date(2023, 1, 1))
    _add(root, id=_urn(name), title=title, updated=_time(newest))
    ElementTree.SubElement(root, "link", rel="self", type="application/atom+xml", href=name)
    ElementTree.SubElement(root, "link", rel="alternate", type="text/html", href="./")
    for entry in entries:
        node = ElementTree.SubElement(root, "entry")
        _add(
            node,
            id=_urn(entry.id),
            title=entry.title,
            updated=_time(entry.updated or entry.day),
            published=_time(entry.day),
        )
        ElementTree.SubElement(node, "link", rel="alternate", href=visible(entry.address))
        for author in entry.authors or ("OpenLLM",):
            _add(ElementTree.SubElement(node, "author"), name=author)
        if entry.html:
            ElementTree.SubElement(node, "content", type="html").text = visible(entry.html)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = visible(text)


def _urn(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"openllm-wiki/{name}").urn


def _time(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
