"""Well-formed RSS 2.0 and Atom 1.0 read by the standard library's parser, which is written in C.

Most feeds are well-formed and plain, and feedparser takes longer over them than anything that comes after it. So they
are read here, for what a paper's record needs; `read_plain` gives up on whatever it has not met (inline markup,
`xml:base`, other formats, any fault), and feedparser reads that. A test holds the two equal.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ingest.feeds.entry import FeedEntry


class _Unusual(Exception):
    """Something for feedparser."""


_ATOM = "{http://www.w3.org/2005/Atom}"
_PREFIXES = {
    "atom": _ATOM,
    "dc": "{http://purl.org/dc/elements/1.1/}",
    "dcterms": "{http://purl.org/dc/terms/}",
    "content": "{http://purl.org/rss/1.0/modules/content/}",
    "itunes": "{http://www.itunes.com/dtds/podcast-1.0.dtd}",
    "arxiv": "{http://arxiv.org/schemas/atom}",
    "prism": "{http://prismstandard.org/namespaces/basic/2.0/}",
    "feedburner": "{http://rssnamespace.org/feedburner/ext/1.0}",
}
# What an element says, by its name in lower case; the names without a prefix are those of RSS.
_ROLES = {
    "title": "title dc:title atom:title",
    "link": "link atom:link",
    "original": "feedburner:origlink",
    "guid": "guid atom:id",
    "author": "author dc:creator dc:author itunes:author atom:author",
    "published": "pubdate dcterms:issued atom:published atom:pubdate",
    "created": "dcterms:created",
    "updated": "dc:date dcterms:modified atom:updated",
    "body": "description content:encoded atom:summary atom:content",
    "doi": "arxiv:doi prism:doi",
    "identifier": "dc:identifier",
    "announced": "arxiv:announce_type",
    "comment": "arxiv:comment",
}
_ROLE = {
    (_PREFIXES[prefix] if prefix else "") + name: role
    for role, names in _ROLES.items()
    for prefix, _, name in (written.rpartition(":") for written in names.split())
}
# Windows' letters where Latin-1 has control characters.
_WINDOWS = {code: letter for code in range(128, 160) if (letter := bytes([code]).decode("cp1252", "ignore"))}

_CONTROLS = re.compile("[\x80-\x9f]")


def read_plain(text: str) -> tuple[str, str, list[FeedEntry]] | None:
    """The title of a feed, its link, and its entries; or None if it wants a closer look.

    Args:
        text: XML without declaration or entity declarations.
    """
    if "xml:base" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None
    channels, name = (root.findall("channel"), "item") if root.tag == "rss" else ([root], _ATOM + "entry")
    if len(channels) != 1 or (name != "item" and root.tag != _ATOM + "feed"):
        return None
    items = channels[0].findall(name)
    if not items or len(items) != sum(1 for _ in root.iter(name)):
        return None
    try:
        about = _Fields(child for child in channels[0] if _role(child.tag) in ("title", "link"))
        return about.title, about.link, [_Fields(item).entry() for item in items]
    except _Unusual:
        return None


@dataclass(slots=True)
class _Fields:
    """What the children of an entry say."""

    children: Iterable[ElementTree.Element]
    title: str = ""
    link: str = ""
    original: str = ""  # where a link leads that is counted on its way
    guid: str = ""
    permalink: bool = False
    authors: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    dois: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    announced: str = ""

    def __post_init__(self) -> None:
        for child in self.children:
            match _role(child.tag):
                case "title":
                    if child.get("type", "text") not in ("text", "html"):
                        raise _Unusual
                    self.title = self.title or _text(child)
                case "link":
                    self._read_link(child)
                case "original":
                    self.original = _text(child)
                case "guid":
                    self.guid = _text(child)
                    self.permalink = child.get("isPermaLink", "true") == "true"
                case "author":
                    self.authors.append(_name(child))
                case "body" | "comment":
                    self.body.append(_repaired("".join(child.itertext())))
                case "doi":
                    self.dois.append(_text(child))
                case "identifier":
                    self.dois += [text for text in [_text(child)] if text.lower().startswith("doi:")]
                case "announced":
                    self.announced = _text(child)
                case "published" | "created" | "updated" as role:
                    self.dates[role] = _text(child)
                case _ if "}" not in str(child.tag) and child.tag not in _KNOWN:
                    raise _Unusual  # an element of an older format, perhaps

    def _read_link(self, child: ElementTree.Element) -> None:
        said = {name.removeprefix(_ATOM): value for name, value in child.items()}  # some write `atom:href`
        href = said.get("href")
        if href is None:
            self.link = _text(child) or self.link
        elif said.get("rel", "alternate") == "alternate" and said.get("type", "text/html") in _PAGES:
            self.link = _repaired(href)
        if href and "doi" in said.get("title", "").lower():
            self.dois.append(_repaired(href))

    def entry(self) -> FeedEntry:
        date = next((self.dates[role] for role in ("published", "created", "updated") if role in self.dates), "")
        link = self.original or self.link or (self.guid if self.permalink else "")
        names = (self.title, (link,), self.guid, tuple(self.authors), (date,) if date else ())
        return FeedEntry(*names, tuple(self.dois), "\n".join(self.body), self.announced)


_PAGES = {"text/html", "application/xhtml+xml"}
_KNOWN = {"category", "comments", "enclosure", "source"}


@lru_cache(1024)
def _role(tag: str) -> str:
    namespace, brace, name = tag.rpartition("}")
    return _ROLE.get(namespace + brace + name.lower(), "")


def _text(element: ElementTree.Element) -> str:
    if len(element):
        raise _Unusual
    return _repaired(element.text or "").strip()


def _name(author: ElementTree.Element) -> str:
    """Its name; of `a@b.c (Ada Roe)` and `Ada Roe <a@b.c>` what is no address."""
    if len(author):
        return _repaired(author.findtext(_ATOM + "name", "")).strip()
    text = _text(author)
    return " ".join(word for word in text.split() if "@" not in word).strip("()") if "@" in text else text


def _repaired(text: str) -> str:
    """Text whose UTF-8 was taken for Latin-1, or Windows' letters for control characters, as it was meant."""
    if text.isascii():
        return text
    try:
        text = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    return text.translate(_WINDOWS) if _CONTROLS.search(text) else text
