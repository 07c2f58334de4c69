"""Feeds in JSON: JSON Feed, and Hugging Face's daily papers."""

import json
from typing import Any

from ingest.feeds.entry import BEFORE_TEXT, FeedEntry, NotAFeed, absolute, as_text, names_of, one_line
from ingest.urls import arxiv_id


def read_json(text: str, source: str) -> tuple[str, list[FeedEntry]]:
    try:
        value = json.loads(text.strip(BEFORE_TEXT))
    except (ValueError, RecursionError) as error:
        raise NotAFeed("P002", f"JSON that cannot be read ({one_line(error)})") from None
    if isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("paper"), dict) for item in value
    ):
        return "Hugging Face Daily Papers", [_hugging_face(item) for item in value]
    if (
        isinstance(value, dict)
        and "jsonfeed.org" in as_text(value.get("version"))
        and isinstance(value.get("items"), list)
    ):
        base = as_text(value.get("home_page_url")) or source
        return as_text(value.get("title")), [
            _json_item(item, base) for item in value["items"] if isinstance(item, dict)
        ]
    raise NotAFeed("P002", "JSON that is no feed")


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
