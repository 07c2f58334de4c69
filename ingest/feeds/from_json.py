"""Feeds in JSON: JSON Feed, Hugging Face's papers, Semantic Scholar's search, and OpenReview's notes."""

import json
from collections.abc import Callable
from typing import Any

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed, Reading, absolute, as_text, names_of, one_line
from ingest.urls import arxiv_id


def read_json(text: str, source: str) -> Reading:
    """A feed in JSON, by the first of `READERS` that knows its form.

    Raises:
        NotAFeed: It is no JSON, or none that a reader knows.
    """
    try:
        value = json.loads(text.strip(BEFORE_TEXT), strict=False)  # line ends within texts are no harm
    except (ValueError, RecursionError) as error:
        raise NotAFeed("P002", f"JSON that cannot be read ({one_line(error)})") from None
    reading = next(filter(None, (reader(value, source) for reader in READERS)), None)
    if reading is None:
        said = as_text(value.get("error") or value.get("message")) if isinstance(value, dict) else ""
        raise NotAFeed(
            "P002", f"JSON that is no feed ({' '.join(said.split())[:200]})" if said else "JSON that is no feed"
        )
    return reading


def read_hugging_face(value: Any, source: str) -> Reading | None:
    """A day of Hugging Face's papers, or what its search finds; None where the value is something else."""
    items = _listed(value, "papers", "dailyPapers", "data", "items")
    if items is None:
        return None
    papers = [(item, _paper_in(item)) for item in items]
    known = [_hugging_face(item, paper) for item, paper in papers if paper]
    if items and not known:
        return None
    return Reading(
        "Hugging Face Daily Papers", known, site="https://huggingface.co/papers",
        lost=len(items) - len(known), authority="Hugging Face",
    )  # fmt: skip


def read_json_feed(value: Any, source: str) -> Reading | None:
    """A JSON Feed (jsonfeed.org, 1 and 1.1); None where the value is something else."""
    if not isinstance(value, dict) or "jsonfeed.org" not in as_text(value.get("version")):
        return None
    if not isinstance(items := value.get("items"), list):
        return None
    base = as_text(value.get("home_page_url")) or source
    entries = [_json_item(item, base) for item in items if isinstance(item, dict)]
    return Reading(as_text(value.get("title")), entries, site=base, lost=len(items) - len(entries))


def read_semantic_scholar(value: Any, source: str) -> Reading | None:
    """What Semantic Scholar's API finds; None where the value is something else."""
    items = _listed(value, "data") if isinstance(value, dict) else None
    known = [item for item in items or () if isinstance(item, dict) and item.get("paperId")]
    if not items or not known:
        return None
    return Reading("Semantic Scholar", [_semantic_scholar(item) for item in known], lost=len(items) - len(known))


def read_openreview(value: Any, source: str) -> Reading | None:
    """Notes of OpenReview's API, of either version; None where the value is something else."""
    items = _listed(value, "notes") if isinstance(value, dict) else None
    known = [item for item in items or () if isinstance(item, dict) and isinstance(item.get("content"), dict)]
    if not items or not known:
        return None
    entries = [_openreview(item) for item in known]
    return Reading("OpenReview", entries, site="https://openreview.net/", lost=len(items) - len(known))


READERS: tuple[Callable[[Any, str], Reading | None], ...] = (
    read_json_feed, read_openreview, read_semantic_scholar, read_hugging_face,
)  # fmt: skip


def _listed(value: Any, *names: str) -> list[Any] | None:
    """A list, or the first that stands under one of these names."""
    lists = (
        [value] if isinstance(value, list) else [value.get(name) for name in names] if isinstance(value, dict) else []
    )
    return next((found for found in lists if isinstance(found, list)), None)


def _paper_in(item: Any) -> dict[str, Any] | None:
    """The paper of an item: below `paper`, or the item itself where it has an id and a title."""
    if not isinstance(item, dict):
        return None
    if isinstance(item.get("paper"), dict):
        return dict(item["paper"])
    return item if as_text(item.get("id")) and as_text(item.get("title")) and "paper" not in item else None


def _hugging_face(item: dict[str, Any], paper: dict[str, Any]) -> FeedEntry:
    number = as_text(paper.get("id"))
    page = (
        f"https://arxiv.org/abs/{arxiv_id(number)}" if arxiv_id(number) else f"https://huggingface.co/papers/{number}"
    )
    return FeedEntry(
        title=as_text(paper.get("title")) or as_text(item.get("title")),
        links=(page,) if number else (),
        guid=number,
        authors=names_of(paper.get("authors")),
        # The outer date is the evening before, in the time zone of the one who submitted it.
        dates=(as_text(paper.get("publishedAt")), as_text(item.get("publishedAt"))),
        body=as_text(paper.get("summary")) or as_text(item.get("summary")),
        votes=_count(paper.get("upvotes")),
        code=as_text(paper.get("githubRepo")),
    )


def _json_item(item: dict[str, Any], base: str) -> FeedEntry:
    links = (as_text(item.get("url")), as_text(item.get("external_url")), as_text(item.get("id")))
    return FeedEntry(
        title=as_text(item.get("title")),
        links=tuple(absolute(link, base) for link in links[:2] if link) + links[2:],
        guid=links[2],
        authors=names_of(item.get("authors") or [item.get("author")]),
        dates=(as_text(item.get("date_published")), as_text(item.get("date_modified"))),
        body=as_text(item.get("summary")) or as_text(item.get("content_text")) or as_text(item.get("content_html")),
    )


def _semantic_scholar(item: dict[str, Any]) -> FeedEntry:
    ids = item.get("externalIds")
    ids = ids if isinstance(ids, dict) else {}
    number = as_text(ids.get("ArXiv"))
    links = (number and f"https://arxiv.org/abs/{number}", as_text(item.get("url")))
    return FeedEntry(
        title=as_text(item.get("title")),
        links=tuple(filter(None, links)) or (f"https://www.semanticscholar.org/paper/{as_text(item.get('paperId'))}",),
        guid="",
        authors=names_of(item.get("authors")),
        dates=(as_text(item.get("publicationDate")),),
        dois=(as_text(ids.get("DOI")),),
        body=as_text(item.get("abstract")),
    )


def _openreview(item: dict[str, Any]) -> FeedEntry:
    content = {key: part.get("value") if isinstance(part, dict) else part for key, part in item["content"].items()}
    days = (item.get(key) for key in ("pdate", "odate", "cdate", "tcdate"))
    forum = as_text(item.get("forum")) or as_text(item.get("id"))
    return FeedEntry(
        title=as_text(content.get("title")),
        links=(f"https://openreview.net/forum?id={forum}",) if forum else (),
        guid="",
        authors=names_of(content.get("authors")),
        dates=tuple(as_text(day) for day in days),
        body=as_text(content.get("abstract")),
    )


def _count(value: object) -> int:
    return min(max(value, 0), 10**8) if isinstance(value, int) else 0
