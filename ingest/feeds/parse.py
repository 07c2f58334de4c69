"""Feeds: bytes -> papers. RSS, Atom (the arXiv API too), JSON Feed and Hugging Face daily papers.

Total: whatever the bytes are, `parse_feed` returns records and problems. A damaged entry never costs the others,
and each kind of damage is reported once per feed, with a count. feedparser can be made to work for hours on a few
hundred kilobytes, so who reads from strangers gives it a time limit: see `fetch`.
"""

import re
from dataclasses import dataclass, replace
from datetime import date

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed, Reading
from ingest.feeds.from_json import read_json
from ingest.feeds.from_xml import read_xml
from ingest.feeds.names import split_names
from ingest.feeds.text import decode, plain, published_on, tex_accents
from ingest.feeds.when import is_later, refusal
from ingest.model import Paper
from ingest.problems import Problem
from ingest.urls import arxiv_id, arxiv_version, canonical_url, doi_of, paper_id


@dataclass(frozen=True, slots=True)
class Feed:
    """What one feed brought.

    Attributes:
        title: The feed's own title.
        papers: Its entries, in its order.
        revised: Entries that arXiv announces again: new versions, and older papers that are listed in one more
            category. They say nothing about when the paper came out, so they can complete a record but never make one:
            a paper of 2022 is not news of this week.
        problems: At most one of each kind, all at the feed's first line unless a place is known.
        more: Where this is a page of many: the place of the next page's first entry; else 0.
        total: How many entries all pages have, or 0.
    """

    title: str
    papers: tuple[Paper, ...] = ()
    revised: tuple[Paper, ...] = ()
    problems: tuple[Problem, ...] = ()
    more: int = 0
    total: int = 0


def parse_feed(content: bytes, source: str, charset: str = "", today: date | None = None) -> Feed:
    """Read a feed of any kind.

    Args:
        content: The bytes as they came, of any encoding.
        source: Path or address; it names the feed in problems and completes relative links.
        charset: What the server called its encoding.
        today: Later days than this are refused; None where no day is known.
    """
    text, remark = decode(content, charset)
    problems = [Problem(source, 1, 1, "P008", remark)] if remark else []
    try:
        read = read_json if text.lstrip(BEFORE_TEXT)[:1] in ("{", "[") else read_xml
        reading = read(text, source)
        _refuse_errors(reading)
    except NotAFeed as error:
        return Feed(source, problems=(Problem(source, 1, 1, error.code, str(error)),))
    title = plain(reading.title) or plain(source)
    authority = reading.authority or ("arXiv" if _ARXIV_FEED.search(title) or _site(source) == "arxiv.org" else "")
    if title.lower().startswith("arxiv query:"):
        title = "arXiv API"  # the rest is the query string
    refused: list[str] = []
    records = [
        record
        for entry in reading.entries
        if (record := _record(entry, title, authority, _site(reading.site or source), today, refused))
    ]
    papers = tuple(paper for paper, revision in records if not revision)
    revised = tuple(replace(paper, published=None) for paper, revision in records if revision)
    problems += [*reading.damage, *_count_gaps(source, reading, papers, revised, refused)]
    read_so_far = reading.first + len(reading.entries)
    more = read_so_far if reading.entries and read_so_far < reading.total else 0
    return Feed(title, papers, revised, tuple(problems), more, reading.total)


_LONGEST_URL = 2048
_WEB = re.compile(r"https?://[^/]")
_ARXIV_FEED = re.compile(r"updates on arxiv\.org$|^arxiv query:", re.IGNORECASE)
_ANNOUNCED = re.compile(r"arXiv:\S{1,40}\s+Announce Type:\s*([a-z-]+)", re.IGNORECASE)
_BEFORE_ABSTRACT = re.compile(r"^(?:arXiv:\S{1,40}\s+)?(?:Announce Type:\s*[a-z-]+\s+)?Abstract:\s*", re.IGNORECASE)
_WITHDRAWN = re.compile(
    r"\b(?:paper|article|submission|manuscript|preprint|work|version)\s+(?:has|have|had|was|is)(?:\s+been)?\s+"
    r"(?:withdrawn|retracted|removed by arxiv)\b|^\s*withdrawn\b|\bwithdrawn by (?:the )?(?:authors?|arxiv)\b",
    re.IGNORECASE | re.MULTILINE,
)
_OLD_SUFFIX = re.compile(r"\.? ?\(arXiv:[^()]*\)$")  # `Title. (arXiv:2209.11461v3 [cs.IR] UPDATED)`, until 2024
_VERSION = re.compile(r"v[1-9]\d{0,3}", re.ASCII)
_ABSTRACT, _GUID = 3_000, 300  # letters that are kept of each


def _refuse_errors(reading: Reading) -> None:
    """Refuse what arXiv's API sends in place of papers.

    Raises:
        NotAFeed: Saying what it says.
    """
    for entry in reading.entries[:1]:
        if any("arxiv.org/api/errors" in link for link in (*entry.links, entry.guid)):
            raise NotAFeed("P002", f"an error of arXiv's API: {plain(entry.body) or plain(entry.title)}"[:300])
    if reading.total and not reading.entries and not reading.first:
        raise NotAFeed("P002", f"no entries, although there are {reading.total:,}")


def _record(
    entry: FeedEntry, feed: str, authority: str, site: str, today: date | None, refused: list[str]
) -> tuple[Paper, bool] | None:
    """The paper, and whether arXiv announces it again (the date beside it is that of the announcement).

    None where there is nothing to follow: no link, no arXiv id, no DOI. An entry without a title is listed by its
    address, as links in notes are. Its first words would read better, but they are the post itself, and the archive
    keeps no text; the title is taken from the next feed that knows it.
    """
    links = [link for link in entry.links if len(link) <= _LONGEST_URL]
    guid = entry.guid[:_LONGEST_URL]
    arxiv = next(filter(None, map(arxiv_id, (*links, guid))), "")
    named = (doi_of(text[:_LONGEST_URL].split()[0]) for text in (*entry.dois, *links, entry.guid) if text.strip())
    doi = next((doi for doi in named if doi and not arxiv_id(doi)), "")
    pages = [*links, doi and f"https://doi.org/{doi}"]
    url = f"https://arxiv.org/abs/{arxiv}" if arxiv else next(filter(None, map(_address, pages)), "")
    if not url:
        return None
    arxiv = arxiv or arxiv_id(url)  # what blanks in the link hid, `https://arxiv.o\nrg/abs/…`
    doi = doi or ("" if arxiv else doi_of(url))
    title = _digest_title(entry) or plain(entry.title)
    suffix, announced = _OLD_SUFFIX.search(title), _announced(entry.body[:_LONGEST_URL])
    title = title[: suffix.start()].rstrip() if suffix else title
    mentions = (*links, guid, suffix[0] if suffix else "", announced[0] if announced else "")
    versions = {arxiv_version(mention, arxiv) for mention in mentions if mention and arxiv}
    known = sorted((version for version in versions if _VERSION.fullmatch(version)), key=lambda name: int(name[1:]))
    if authority == "arXiv" or guid.lower().startswith("oai:arxiv.org:"):
        authority = " ".join(["arXiv", *known[-1:]]) if arxiv else ""
    elif authority == "Hugging Face" and not arxiv:
        authority = "own"
    elif not authority and not arxiv and site and _site(url) == site:
        authority = "own"
    kind = (entry.announced or (announced[1] if announced else "")).lower()
    day = next(filter(None, map(published_on, entry.dates)), None)
    again = kind.startswith("replace") or (suffix is not None and "UPDATED" in suffix[0])
    if day and is_later(day, arxiv):  # it is told of today, and appeared long ago
        again, day = again or authority.startswith("arXiv"), None
    elif day and (why := refusal(day, "" if authority.startswith("arXiv") else arxiv, today)):
        refused.append(f"{day}, {why}")
        day = None
    about = _BEFORE_ABSTRACT.sub("", plain(entry.body[: _ABSTRACT + _ABSTRACT // 2]))
    paper = Paper(
        id=paper_id(url, arxiv, doi),
        title=(tex_accents(title) if arxiv else title) or url,
        url=url,
        arxiv_id=arxiv,
        doi=doi,
        authors=split_names(entry.authors, bool(arxiv)),
        published=day,
        feed=feed,
        versions=tuple(known),
        votes=max(0, entry.votes),
        code=_address(entry.code),
        withdrawn=authority.startswith("arXiv") and bool(_WITHDRAWN.search(about[:600])),
        authority=authority,
        guid="" if arxiv or doi or _is_page(guid, url) else guid[:_GUID],
        abstract=about[:_ABSTRACT],
    )
    return paper, again


def _announced(body: str) -> re.Match[str] | None:
    return _ANNOUNCED.search(body) if "nnounce" in body else None  # few feeds are arXiv's


def _is_page(guid: str, url: str) -> bool:
    return guid == url or (guid[:4].lower() == "http" and canonical_url(guid) == url)


def _site(address: str) -> str:
    """The host of an address without what names a part of its site: `arxiv.org` of `https://rss.arxiv.org/rss/cs.CL`."""
    found = re.match(
        r"https?://(?:[^/@]*@)?(?:(?:www|rss|export|blog|feeds?|news)\.)*([^/:?#]+)", address, re.IGNORECASE
    )
    return found[1].lower() if found else ""


def _address(text: str) -> str:
    found = canonical_url(text) if text and len(text) <= _LONGEST_URL else ""
    return found if _WEB.match(found) else ""


def _digest_title(entry: FeedEntry) -> str:
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


def _count_gaps(
    source: str, reading: Reading, papers: tuple[Paper, ...], revised: tuple[Paper, ...], refused: list[str]
) -> list[Problem]:
    """What the feed lacks: one problem for each kind."""
    entries = len(reading.entries)
    lost = entries - len(papers) - len(revised)
    untitled = sum(paper.title == paper.url for paper in papers + revised)
    undated = sum(paper.published is None for paper in papers)
    pages = {(paper.url, paper.title) for paper in papers if not (paper.arxiv_id or paper.doi)}
    shared = len(pages) - len({url for url, _ in pages})
    found = {
        "P003": "no entries" if not entries and not reading.first else "",
        "P004": ", ".join(
            [f"{lost} of {entries} entries without a link (left out)"] * bool(lost)
            + [f"{untitled} of {entries} entries without a title (listed by their address)"] * bool(untitled)
            + [f"{reading.lost} of {entries + reading.lost} items that are no entries (left out)"] * bool(reading.lost)
            + [f"{shared} of {entries} entries with the one address of others (taken for the same)"] * bool(shared)
        ),
        "P005": f"{undated} of {entries} entries without a date of their own (they wait undated)" if undated else "",
        "P012": f"{len(refused)} of {entries} entries with a day that cannot be ({refused[0]})" if refused else "",
    }
    return [Problem(source, 1, 1, code, message) for code, message in found.items() if message]
