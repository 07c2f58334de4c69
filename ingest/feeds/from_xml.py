"""Feeds in XML: RSS and Atom of any kind, plain ones by the reader of our own and the others by feedparser."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.sax import SAXParseException

import feedparser

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed, Reading, absolute, as_text, names_of, one_line
from ingest.feeds.text import mend_references
from ingest.feeds.xml import read_plain
from ingest.problems import Problem

_START = re.compile(rf"[{BEFORE_TEXT}]*(?:<\?xml\b[^>]*>)?")
_ILLEGAL_IN_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")


def read_xml(text: str, source: str) -> Reading:
    """A feed in XML, by the first of `READERS` that can read it.

    Raises:
        NotAFeed: It is no feed, or declares entities.
    """
    if not text.strip(BEFORE_TEXT):
        raise NotAFeed("P002", "an empty document")
    # The declaration is done with; blanks in its place keep lines and columns. Blanks before it are no harm then.
    text = _START.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text, count=1)
    if _declares_entity(text):
        raise NotAFeed("P006", "an entity declaration")
    return next(filter(None, (reader(text, source) for reader in READERS)))


def read_well_formed(text: str, source: str) -> Reading | None:
    """Plain RSS 2.0 and Atom 1.0 without a fault, quickly; None for anything else."""
    if not (plainly := read_plain(text)):
        return None
    title, link, entries = plainly
    base = absolute(link, source)
    return Reading(title, [replace(entry, links=(absolute(entry.links[0], base),)) for entry in entries])


def read_any(text: str, source: str) -> Reading:
    """RSS and Atom of every version, with their faults, by feedparser."""
    text = _ILLEGAL_IN_XML.sub(" ", text)
    parsed = _parsed(text)
    damage: tuple[Problem, ...] = ()
    if parsed.bozo:
        damage = (_damage(parsed.bozo_exception, source),)
        parsed = _parsed(mend_references(text))  # its lenient parser would read `R&D` as `R&D;`
    if not parsed.version and (not parsed.entries or _is_html(text)):
        raise NotAFeed("P002", "an HTML page" if _is_html(text) else "a document that is no feed")
    base = absolute(as_text(parsed.feed.get("link")), source)
    return Reading(as_text(parsed.feed.get("title")), [_xml_entry(entry, base) for entry in parsed.entries], damage)


READERS: tuple[Callable[[str, str], Reading | None], ...] = (read_well_formed, read_any)


def _parsed(text: str) -> Any:
    try:
        return feedparser.parse(io.BytesIO(text.encode()), sanitize_html=False, resolve_relative_uris=False)
    except MemoryError:
        raise
    except Exception as error:  # its lenient parser raises whatever Python raises; a feed must not stop the others
        raise NotAFeed("P002", f"a document that cannot be parsed ({one_line(error)})") from None


def _damage(error: Exception, source: str) -> Problem:
    if isinstance(error, SAXParseException):  # feedparser put a declaration on a line of its own before the text
        line, column = max((error.getLineNumber() or 1) - 1, 1), (error.getColumnNumber() or 0) + 1
        return Problem(source, line, column, "P008", f"XML with a fault: {error.getMessage()}")
    return Problem(source, 1, 1, "P008", one_line(error))


def _declares_entity(text: str) -> bool:
    """Whether the prolog may declare an entity. Comments and instructions before the DOCTYPE are stepped over."""
    at = 0
    while step := _COMMENT.match(text, at):
        at = step.end()
    if _ROOT.match(text, at):
        return False  # no declaration can follow
    return _ENTITY.search(text, at) is not None


_COMMENT = re.compile(r"\s*(?:<!--.*?-->|<\?.*?\?>)", re.DOTALL)
_ROOT = re.compile(r"\s*<[A-Za-z_:]")
_ENTITY = re.compile("<!ENTITY", re.IGNORECASE)


def _is_html(text: str) -> bool:
    return re.search(r"<(?:!doctype\s+)?html\b", text[:2000], re.IGNORECASE) is not None


def _xml_entry(entry: Any, base: str) -> FeedEntry:
    others = [link for link in entry.get("links", ()) if "doi" in as_text(link.get("title")).lower()]
    dois = [entry.get("arxiv_doi"), entry.get("prism_doi"), *(link.get("href") for link in others)]
    # `updated` is where RSS 1.0's dc:date lands, and the only date that many Atom feeds have.
    date_key = next((key for key in ("published", "created", "updated") if key in entry.keys()), "")
    bodies = [entry.get("summary"), *(part.get("value") for part in entry.get("content", ()))]
    return FeedEntry(
        title=as_text(entry.get("title")),
        links=(absolute(as_text(entry.get("link")), base),),
        guid=as_text(entry.get("id")),
        authors=names_of(entry.get("authors")),
        dates=(as_text(entry.get(date_key)),) if date_key else (),
        dois=tuple(as_text(doi) for doi in dois),
        body="\n".join(as_text(body) for body in bodies),
    )
