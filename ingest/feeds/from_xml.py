"""Feeds in XML: RSS and Atom of any kind, plain ones by the reader of our own and the others by feedparser."""

import html
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.sax import SAXParseException

import feedparser

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed, Reading, absolute, as_text, names_of, one_line
from ingest.feeds.text import legal, mend_references
from ingest.feeds.xml import read_plain
from ingest.problems import Problem

_START = re.compile(rf"[{BEFORE_TEXT}]*(?:<\?xml\b[^>]*>)?")
_TOTAL, _FIRST = (re.compile(rf"<(?:\w+:)?{name}\b[^>]*>\s*(\d{{1,9}})\s*<") for name in ("totalResults", "startIndex"))
_LINK_CLOSED = re.compile(r"<link\s*/>\s*(https?://[^\s<]{1,2000})")  # by a writer of HTML, where a link has no text
_LARGE = 300_000  # letters, for which feedparser takes half a second


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
    clean = legal(text)
    damage = () if clean == text else (Problem(source, 1, 1, "P008", "characters that no XML may hold"),)
    clean = _LINK_CLOSED.sub(r"<link>\1</link>", clean)
    reading = next(filter(None, (reader(clean, source) for reader in READERS)))
    if "totalResults" not in clean:
        return reading._replace(damage=reading.damage or damage)
    total, first = (int(found[1]) if (found := form.search(clean)) else 0 for form in (_TOTAL, _FIRST))
    return reading._replace(damage=reading.damage or damage, total=total, first=first)


def read_well_formed(text: str, source: str) -> Reading | None:
    """Plain RSS 2.0 and Atom 1.0 without a fault, quickly; None for anything else."""
    if not (plainly := read_plain(text)):
        return None
    title, link, entries = plainly
    base = absolute(link, source)
    whole = (
        entry if (link := absolute(entry.links[0], base)) == entry.links[0] else replace(entry, links=(link,))
        for entry in entries
    )
    return Reading(title, [*whole], site=base)


def read_mended(text: str, source: str) -> Reading | None:
    """The same where `R&D` and `&nbsp;` are all that is wrong."""
    mended = mend_references(text)
    reading = read_well_formed(mended, source) if mended != text else None
    return reading and reading._replace(damage=_fault(text, source))


def read_in_parts(text: str, source: str) -> Reading | None:
    """A large feed of which some entries are damaged: these by feedparser, which takes long, and the others quickly."""
    root = _OPENED.search(text) if len(text) > _LARGE else None
    begun = list(_ENTRY.finditer(text)) if root else []
    if not root or len(begun) < 2:
        return None
    ends = [found.start() for found in begun[1:]] + [len(text)]
    parts = [_closed(text[found.start() : end], f"</{found[1]}>") for found, end in zip(begun, ends, strict=True)]
    names = "".join(f' xmlns:{name}="{name}"' for name in sorted(set(re.findall(r"\sxmlns:([\w.-]{1,30})\s*=", text))))
    mended = [mend_references(part) for part in parts]
    sound = [_is_sound(f"<a{names}>{part}</a>") for part in mended]
    head, tail = text[root.start() : begun[0].start()], _CLOSED[root[1].lower()]
    good = read_well_formed(head + "".join(part for part, ok in zip(mended, sound, strict=True) if ok) + tail, source)
    bad = [part for part, ok in zip(parts, sound, strict=True) if not ok]
    if not good or not bad or len(bad) * 4 > len(parts):
        return None
    rest = read_any(head + "".join(bad) + tail, source)
    return good._replace(entries=good.entries + rest.entries, damage=_fault(text, source))


def read_any(text: str, source: str) -> Reading:
    """RSS and Atom of every version, with their faults, by feedparser."""
    parsed = _parsed(text)
    damage: tuple[Problem, ...] = ()
    if parsed.bozo:
        damage = (_damage(parsed.bozo_exception, source),)
        parsed = _parsed(mend_references(text))  # its lenient parser would read `R&D` as `R&D;`
    if not parsed.version and (not parsed.entries or _is_html(text)):
        raise NotAFeed("P002", _instead(text, source))
    base = absolute(as_text(parsed.feed.get("link")), source)
    entries = [_xml_entry(entry, base, parsed.version in ("rss10", "rss090")) for entry in parsed.entries]
    return Reading(as_text(parsed.feed.get("title")), entries, damage, base)


READERS: tuple[Callable[[str, str], Reading | None], ...] = (read_well_formed, read_mended, read_in_parts, read_any)
_OPENED = re.compile(r"<(rss|feed|rdf:RDF)\b", re.IGNORECASE)
_CLOSED = {"rss": "</channel></rss>", "feed": "</feed>", "rdf:rdf": "</rdf:RDF>"}
_ENTRY = re.compile(r"<(item|entry)(?=[\s>])", re.IGNORECASE)


def _closed(part: str, mark: str) -> str:
    """An entry without what stands between its end and the next one's begin."""
    end = part.rfind(mark)
    return part[: end + len(mark)] if end > 0 else part


def _is_sound(text: str) -> bool:
    try:
        ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return False
    return True


def _fault(text: str, source: str) -> tuple[Problem, ...]:
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        (line, column), what = error.position, error.msg.partition(": line ")[0]
        return (Problem(source, line, column + 1, "P008", f"XML with a fault: {what}"),)
    except ValueError as error:
        return (Problem(source, 1, 1, "P008", one_line(error)),)
    return ()


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


def _instead(text: str, source: str) -> str:
    """What stands where a feed should be. A site's page may name its feed."""
    if not _is_html(text):
        return "a document that is no feed"
    if re.search(r"<title>\s*Just a moment|challenge-platform|cf-challenge", text[:20_000], re.IGNORECASE):
        return "an HTML page with a challenge that only a browser can answer"
    for link in re.findall(r"<link\b[^>]{1,500}>", text[:200_000], re.IGNORECASE):
        address = re.search(r"href\s*=\s*[\"']?([^\"'\s>]+)", link, re.IGNORECASE)
        if address and re.search(r"application/(?:rss|atom|feed)\+(?:xml|json)", link, re.IGNORECASE):
            return f"an HTML page, whose feed is {absolute(html.unescape(address[1]), source)}"
    return "an HTML page"


def _is_html(text: str) -> bool:
    return re.search(r"<(?:!doctype\s+)?html\b", text[:2000], re.IGNORECASE) is not None


def _xml_entry(entry: Any, base: str, named_by_link: bool) -> FeedEntry:
    """An entry; of RSS 1.0 an entry's name, `rdf:about`, is where it leads."""
    others = [link for link in entry.get("links", ()) if "doi" in as_text(link.get("title")).lower()]
    dois = [entry.get("arxiv_doi"), entry.get("prism_doi"), *(link.get("href") for link in others)]
    dois += [text for text in [as_text(entry.get("dc_identifier"))] if text.lower().startswith("doi:")]
    # `updated` is where RSS 1.0's dc:date lands, and the only date that many Atom feeds have.
    date_key = next((key for key in ("published", "created", "updated") if key in entry.keys()), "")
    link = entry.get("feedburner_origlink") or entry.get("link") or (entry.get("id") if named_by_link else "")
    bodies = [
        entry.get("summary"),
        *(part.get("value") for part in entry.get("content", ())),
        entry.get("arxiv_comment"),
    ]
    return FeedEntry(
        title=as_text(entry.get("title")),
        links=(absolute(as_text(link), base),),
        guid=as_text(entry.get("id")),
        authors=names_of(entry.get("authors")),
        dates=(as_text(entry.get(date_key)),) if date_key else (),
        dois=tuple(as_text(doi) for doi in dois),
        body="\n".join(dict.fromkeys(as_text(body) for body in bodies)),
        announced=as_text(entry.get("arxiv_announce_type")),
    )
