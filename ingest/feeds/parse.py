"""Feeds: bytes -> papers. RSS, Atom (the arXiv API too), JSON Feed and Hugging Face daily papers.

Total: whatever the bytes are, `parse_feed` returns records and problems. A damaged entry never costs the others,
and each kind of damage is reported once per feed, with a count. feedparser can be made to work for hours on a few
hundred kilobytes, so who reads from strangers gives it a time limit: see `fetch`.
"""

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXParseException

import feedparser

from ingest.feeds.text import decode, mend_references, plain, published_on, tex_accents
from ingest.feeds.xml import Entry, read_plain
from ingest.model import Paper
from ingest.problems import Problem
from ingest.urls import arxiv_id, arxiv_version, canonical_url, doi_of, paper_id


@dataclass(frozen=True, slots=True)
class Feed:
    """What one feed brought.

    Attributes:
        title: The feed's own title.
        papers: Its entries, in its order.
        revised: Entries that arXiv announces as new versions of older papers. They say nothing about when the paper
            came out, so they can complete a record but never make one: a paper of 2022 is not news of this week.
        problems: At most one of each kind, all at the feed's first line unless a place is known.
    """

    title: str
    papers: tuple[Paper, ...] = ()
    revised: tuple[Paper, ...] = ()
    problems: tuple[Problem, ...] = ()


class _NotAFeed(ValueError):
    """Says what was found instead, with the problem's code."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(found)
        self.code = code


def parse_feed(content: bytes, source: str, charset: str = "") -> Feed:
    """Read a feed of any kind.

    Args:
        content: The bytes as they came, of any encoding.
        source: Path or address; it names the feed in problems and completes relative links.
        charset: What the server called its encoding.
    """
    text, remark = decode(content, charset)
    problems = [Problem(source, 1, 1, "P008", remark)] if remark else []
    try:
        if text.lstrip(_BEFORE_TEXT)[:1] in ("{", "["):
            title, entries = _read_json(text, source)
        else:
            title, entries, damage = _read_xml(text, source)
            problems += damage
    except _NotAFeed as error:
        return Feed(source, problems=(Problem(source, 1, 1, error.code, str(error)),))
    title = plain(title) or plain(source)
    if title.lower().startswith("arxiv query:"):
        title = "arXiv API"  # the rest is the query string
    records = [record for entry in entries if (record := _record(entry, title))]
    papers = tuple(paper for paper, revision in records if not revision)
    revised = tuple(replace(paper, published=None) for paper, revision in records if revision)
    problems += _count_gaps(source, len(entries), papers, revised)
    return Feed(title, papers, revised, tuple(problems))


# --- text to entries ------------------------------------------------------------------------------------------------


def _read_json(text: str, source: str) -> tuple[str, list[Entry]]:
    try:
        value = json.loads(text.strip(_BEFORE_TEXT))
    except (ValueError, RecursionError) as error:
        raise _NotAFeed("P002", f"JSON that cannot be read ({_one_line(error)})") from None
    if isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("paper"), dict) for item in value
    ):
        return "Hugging Face Daily Papers", [_hugging_face(item) for item in value]
    if (
        isinstance(value, dict)
        and "jsonfeed.org" in _str(value.get("version"))
        and isinstance(value.get("items"), list)
    ):
        base = _str(value.get("home_page_url")) or source
        return _str(value.get("title")), [_json_item(item, base) for item in value["items"] if isinstance(item, dict)]
    raise _NotAFeed("P002", "JSON that is no feed")


def _hugging_face(item: dict[str, Any]) -> Entry:
    paper = item["paper"]
    number = _str(paper.get("id"))
    page = (
        f"https://arxiv.org/abs/{arxiv_id(number)}" if arxiv_id(number) else f"https://huggingface.co/papers/{number}"
    )
    return Entry(
        title=_str(paper.get("title")) or _str(item.get("title")),
        links=(page,) if number else (),
        guid=number,
        authors=_names(paper.get("authors")),
        # The outer date is the evening before, in the time zone of the one who submitted it.
        dates=(_str(paper.get("publishedAt")), _str(item.get("publishedAt"))),
    )


def _json_item(item: dict[str, Any], base: str) -> Entry:
    links = (_str(item.get("url")), _str(item.get("external_url")), _str(item.get("id")))
    return Entry(
        title=_str(item.get("title")),
        links=tuple(_absolute(link, base) for link in links[:2] if link) + links[2:],
        guid=links[2],
        authors=_names(item.get("authors") or [item.get("author")]),
        dates=(_str(item.get("date_published")), _str(item.get("date_modified"))),
    )


_BEFORE_TEXT = "\ufeff \t\r\n\0"
_START = re.compile(rf"[{_BEFORE_TEXT}]*(?:<\?xml\b[^>]*>)?")
_ILLEGAL_IN_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")


def _read_xml(text: str, source: str) -> tuple[str, list[Entry], list[Problem]]:
    if not text.strip(_BEFORE_TEXT):
        raise _NotAFeed("P002", "an empty document")
    # The declaration is done with; blanks in its place keep lines and columns. Blanks before it are no harm then.
    text = _START.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text, count=1)
    if _declares_entity(text):
        raise _NotAFeed("P006", "an entity declaration")
    if plainly := read_plain(text):
        title, link, entries = plainly
        base = _absolute(link, source)
        return title, [replace(entry, links=(_absolute(entry.links[0], base),)) for entry in entries], []
    text = _ILLEGAL_IN_XML.sub(" ", text)
    parsed, damage = _parsed(text), []
    if parsed.bozo:
        damage.append(_damage(parsed.bozo_exception, source))
        parsed = _parsed(mend_references(text))  # its lenient parser would read `R&D` as `R&D;`
    if not parsed.version and (not parsed.entries or _is_html(text)):
        raise _NotAFeed("P002", "an HTML page" if _is_html(text) else "a document that is no feed")
    base = _absolute(_str(parsed.feed.get("link")), source)
    return _str(parsed.feed.get("title")), [_xml_entry(entry, base) for entry in parsed.entries], damage


def _parsed(text: str) -> Any:
    try:
        return feedparser.parse(io.BytesIO(text.encode()), sanitize_html=False, resolve_relative_uris=False)
    except MemoryError:
        raise
    except Exception as error:  # its lenient parser raises whatever Python raises; a feed must not stop the others
        raise _NotAFeed("P002", f"a document that cannot be parsed ({_one_line(error)})") from None


def _damage(error: Exception, source: str) -> Problem:
    if isinstance(error, SAXParseException):  # feedparser put a declaration on a line of its own before the text
        line, column = max((error.getLineNumber() or 1) - 1, 1), (error.getColumnNumber() or 0) + 1
        return Problem(source, line, column, "P008", f"XML with a fault: {error.getMessage()}")
    return Problem(source, 1, 1, "P008", _one_line(error))


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


def _xml_entry(entry: Any, base: str) -> Entry:
    others = [link for link in entry.get("links", ()) if "doi" in _str(link.get("title")).lower()]
    dois = [entry.get("arxiv_doi"), entry.get("prism_doi"), *(link.get("href") for link in others)]
    # `updated` is where RSS 1.0's dc:date lands, and the only date that many Atom feeds have.
    date_key = next((key for key in ("published", "created", "updated") if key in entry.keys()), "")
    bodies = [entry.get("summary"), *(part.get("value") for part in entry.get("content", ()))]
    return Entry(
        title=_str(entry.get("title")),
        links=(_absolute(_str(entry.get("link")), base),),
        guid=_str(entry.get("id")),
        authors=_names(entry.get("authors")),
        dates=(_str(entry.get(date_key)),) if date_key else (),
        dois=tuple(_str(doi) for doi in dois),
        body="\n".join(_str(body) for body in bodies),
    )


def _names(authors: object) -> tuple[str, ...]:
    """The names in a list of records or strings."""
    listed = authors if isinstance(authors, list) else []
    records = [author if isinstance(author, dict) else {"name": author} for author in listed]
    # Of an address alone feedparser makes a name too: the part of its domain after the fourth letter.
    return tuple(name for author in records if (name := _str(author.get("name"))) and not _is_rest(name, author))


def _is_rest(name: str, author: dict[str, Any]) -> bool:
    return bool(author.get("email")) and name.islower() and " " not in name


def _str(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) else ""


def _absolute(link: str, base: str) -> str:
    if link.startswith(("http://", "https://")):
        return link
    try:
        return urljoin(base, link.strip()) if link.strip() else ""
    except ValueError:
        return ""


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


# --- entries to papers ----------------------------------------------------------------------------------------------

_LONGEST_URL = 2048
_ANNOUNCED = re.compile(r"arXiv:\S{1,40}\s+Announce Type:\s*([a-z-]+)", re.IGNORECASE)
_OLD_SUFFIX = re.compile(r"\.? ?\(arXiv:[^()]*\)$")  # `Title. (arXiv:2209.11461v3 [cs.IR] UPDATED)`, until 2024
_VERSION = re.compile(r"v[1-9]\d{0,3}", re.ASCII)


def _record(entry: Entry, feed: str) -> tuple[Paper, bool] | None:
    """The paper, and whether arXiv announces a new version of it (the date beside it is that of the announcement).

    None where there is nothing to follow: no link, no arXiv id, no DOI. An entry without a title is listed by its
    address, as links in notes are. Its first words would read better, but they are the post itself, and the archive
    keeps no text; the title is taken from the next feed that knows it.
    """
    links = [link for link in entry.links if len(link) <= _LONGEST_URL]
    guid = entry.guid[:_LONGEST_URL]
    arxiv = next(filter(None, map(arxiv_id, (*links, guid))), "")
    named = (doi_of(text[:_LONGEST_URL].split()[0]) for text in (*entry.dois, *links, entry.guid) if text.strip())
    doi = next((doi for doi in named if doi and not arxiv_id(doi)), "")
    pages = [*links, arxiv and f"https://arxiv.org/abs/{arxiv}", doi and f"https://doi.org/{doi}"]
    url = next((page for page in map(canonical_url, pages) if re.match(r"https?://[^/]", page)), "")
    if not url:
        return None
    arxiv = arxiv or arxiv_id(url)  # what blanks in the link hid, `https://arxiv.o\nrg/abs/…`
    doi = doi or ("" if arxiv else doi_of(url))
    title = _digest_title(entry) or plain(entry.title)
    suffix, announced = _OLD_SUFFIX.search(title), _ANNOUNCED.search(entry.body[:_LONGEST_URL])
    title = title[: suffix.start()].rstrip() if suffix else title
    mentions = (*links, guid, suffix[0] if suffix else "", announced[0] if announced else "")
    versions = {arxiv_version(mention, arxiv) for mention in mentions if mention and arxiv}
    paper = Paper(
        id=paper_id(url, arxiv, doi),
        title=(tex_accents(title) if arxiv else title) or url,
        url=url,
        arxiv_id=arxiv,
        doi=doi,
        authors=_split_names(entry.authors, bool(arxiv)),
        published=next(filter(None, map(published_on, entry.dates)), None),
        feed=feed,
        versions=tuple(sorted(version for version in versions if _VERSION.fullmatch(version))),
    )
    revised = (announced and announced[1].lower().startswith("replace")) or (suffix and "UPDATED" in suffix[0])
    return paper, bool(revised)


def _digest_title(entry: Entry) -> str:
    """The English title in an entry of cn-chat-arxiv, or "".

    There the title is a whole Chinese summary, and the body repeats everything in paragraphs: Chinese title, English
    title, address, that summary, ... The shape is taken only if address and summary both stand where they should.
    """
    if "<p>" not in entry.body:
        return ""
    paragraphs = [plain(part.rpartition("<p>")[2]) for part in entry.body.split("</p>", 5)[:5]]
    summary = plain(entry.title)
    for before, here, after in zip(paragraphs, paragraphs[1:], paragraphs[2:], strict=False):
        if summary and after == summary and here in entry.links:
            return before
    return ""


def _split_names(authors: Iterable[str], arxiv: bool) -> tuple[str, ...]:
    """Each name once, in order. arXiv writes one comma list, with affiliations in brackets; elsewhere a comma may be
    part of a name (`Doe, Jane`). Mail addresses are no names and stay out."""
    separator = r" ?(?:[;；、]|,(?! (?:Jr|Sr|I{2,3}|IV)\b)) ?" if arxiv else r" ?[;；、] ?"
    lines = [plain(author) for author in authors]
    if arxiv:
        lines = [re.sub(r" ?\([^()]*\)", "", tex_accents(line)) for line in lines]
    names = [name for line in lines for name in re.split(separator, line) if name and "@" not in name]
    return tuple(dict.fromkeys(names))


def _count_gaps(source: str, entries: int, papers: tuple[Paper, ...], revised: tuple[Paper, ...]) -> list[Problem]:
    """What the feed lacks: one problem for each kind."""
    lost = entries - len(papers) - len(revised)
    untitled = sum(paper.title == paper.url for paper in papers + revised)
    undated = sum(paper.published is None for paper in papers)
    found = {
        "P003": "no entries" if not entries else "",
        "P004": ", ".join(
            [f"{lost} of {entries} entries without a link (left out)"] * bool(lost)
            + [f"{untitled} of {entries} entries without a title (listed by their address)"] * bool(untitled)
        ),
        "P005": f"{undated} of {entries} entries without a date (filed under the week of the fetch)" if undated else "",
    }
    return [Problem(source, 1, 1, code, message) for code, message in found.items() if message]
