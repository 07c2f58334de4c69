"""Feeds in JSON: JSON Feed, and Hugging Face's daily papers."""

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
        value = json.loads(text.strip(BEFORE_TEXT))
    except (ValueError, RecursionError) as error:
        raise NotAFeed("P002", f"JSON that cannot be read ({one_line(error)})") from None
    reading = next(filter(None, (reader(value, source) for reader in READERS)), None)
    if reading is None:
        raise NotAFeed("P002", "JSON that is no feed")
    return reading


def read_hugging_face(value: Any, source: str) -> Reading | None:
    """A day of Hugging Face's papers; None where the value is something else."""
    if not isinstance(value, list):
        return None
    if not all(isinstance(item, dict) and isinstance(item.get("paper"), dict) for item in value):
        return None
    return Reading("Hugging Face Daily Papers", [_hugging_face(item) for item in value])


def read_json_feed(value: Any, source: str) -> Reading | None:
    """A JSON Feed (jsonfeed.org, 1 and 1.1); None where the value is something else."""
    if not isinstance(value, dict) or "jsonfeed.org" not in as_text(value.get("version")):
        return None
    if not isinstance(items := value.get("items"), list):
        return None
    base = as_text(value.get("home_page_url")) or source
    entries = [_json_item(item, base) for item in items if isinstance(item, dict)]
    return Reading(as_text(value.get("title")), entries)


READERS: tuple[Callable[[Any, str], Reading | None], ...] = (read_hugging_face, read_json_feed)


def _hugging_face(item: dict[str, Any]) -> FeedEntry:
    paper = item["paper"]
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
    )


def _json_item(item: dict[str, Any], base: str) -> FeedEntry:
    links = (as_text(item.get("url")), as_text(item.get("external_url")), as_text(item.get("id")))
    return FeedEntry(
        title=as_text(item.get("title")),
        links=tuple(absolute(link, base) for link in links[:2] if link) + links[2:],
        guid=links[2],
        authors=names_of(item.get("authors") or [item.get("author")]),
        dates=(as_text(item.get("date_published")), as_text(item.get("date_modified"))),
    )
