"""Feeds: bytes -> papers. RSS, Atom (the arXiv API too), JSON Feed and Hugging Face daily papers.

Total: whatever the bytes are, `parse_feed` returns records and problems. A damaged entry never costs the others,
and each kind of damage is reported once per feed, with a count. feedparser can be made to work for hours on a few
hundred kilobytes, so who reads from strangers gives it a time limit: see `fetch`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed
from ingest.feeds.from_json import read_json
from ingest.feeds.from_xml import read_xml
from ingest.feeds.text import decode, plain, published_on, tex_accents
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
        read = read_json if text.lstrip(BEFORE_TEXT)[:1] in ("{", "[") else read_xml
        title, entries, damage = read(text, source)
    except NotAFeed as error:
        return Feed(source, problems=(Problem(source, 1, 1, error.code, str(error)),))
    problems += damage
    title = plain(title) or plain(source)
    if title.lower().startswith("arxiv query:"):
        title = "arXiv API"  # the rest is the query string
    records = [record for entry in entries if (record := _record(entry, title))]
    papers = tuple(paper for paper, revision in records if not revision)
    revised = tuple(replace(paper, published=None) for paper, revision in records if revision)
    problems += _count_gaps(source, len(entries), papers, revised)
    return Feed(title, papers, revised, tuple(problems))


_LONGEST_URL = 2048
_ANNOUNCED = re.compile(r"arXiv:\S{1,40}\s+Announce Type:\s*([a-z-]+)", re.IGNORECASE)
_OLD_SUFFIX = re.compile(r"\.? ?\(arXiv:[^()]*\)$")  # `Title. (arXiv:2209.11461v3 [cs.IR] UPDATED)`, until 2024
_VERSION = re.compile(r"v[1-9]\d{0,3}", re.ASCII)


def _record(entry: FeedEntry, feed: str) -> tuple[Paper, bool] | None:
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
