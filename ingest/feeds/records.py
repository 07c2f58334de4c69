"""The paper archive's files: one JSON record per line, one file per ISO week and one for what has no date."""

import json
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from ingest.model import Paper, Source, Week
from ingest.problems import Problem
from ingest.urls import arxiv_id, canonical_url, doi_of, paper_id

UNDATED = "undated"
_TEXTS = ("id", "title", "url", "arxiv_id", "doi", "published", "feed", "code", "arrived", "authority", "guid", "line")
_LISTS = ("authors", "topics", "versions", "also")
_DAY_AHEAD = timedelta(days=1)
_DAYS = ("published", "arrived")
_KEYS = tuple(item.name for item in fields(Paper) if item.name != "abstract")  # also the order in a line


def week_of(day: date | None) -> str:
    """The ISO week of a day: `2026-W47`; `undated` without one."""
    if day is None:
        return UNDATED
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def encode(week: Week) -> str:
    """The file of a week: sorted by day and id, undated first, empty fields left out."""
    return "".join(_line(paper) + "\n" for paper in sorted(week.papers, key=order))


def decode(source: Source) -> tuple[Week, tuple[Problem, ...]]:
    """The week in a file. A line that is no record is a problem; such a file must not be written over.

    A line written by hand needs `title` and `url`; ids are read from the address where they are left out.
    """
    name = PurePosixPath(source.path).stem
    papers, problems = [], []
    if not is_week(name):
        problems.append(Problem(source.path, 1, 1, "P009", f"the name {name}"))
    for number, line in enumerate(source.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_distinct)
            if "\\u" in line or not line.isascii():  # else there is no half of a pair
                _encodable(value)
            papers.append(_record(value))
        except json.JSONDecodeError as error:
            problems.append(Problem(source.path, number, error.colno, "P001", f"no JSON ({error.msg})"))
        except (ValueError, RecursionError) as error:
            problems.append(Problem(source.path, number, 1, "P001", str(error)))
    return Week(name, tuple(papers)), tuple(problems)


def settled(weeks: Sequence[Week], sources: Sequence[Source], today: date) -> tuple[tuple[Week, ...], list[Problem]]:
    """The weeks with what is dated ahead taken for undated, so that nothing stays on top of the site for ever.

    Args:
        weeks: As they were read.
        sources: Their files, in the same order.
        today: The day on which this is, by the clock of somebody who may live a day ahead.
    """
    ahead = [
        [paper for paper in week.papers if paper.published and paper.published > today + _DAY_AHEAD] for week in weeks
    ]
    if not any(ahead):
        return tuple(weeks), []
    problems, kept = [], {UNDATED: Week(UNDATED, ())}
    for week, source, papers in zip(weeks, sources, ahead, strict=True):
        lines = enumerate(source.text.split("\n"), 1) if papers else iter(())  # as they stand, so do the papers
        for paper in papers:
            line = next((at for at, text in lines if str(paper.published) in text), 1)
            problems.append(Problem(source.path, line, 1, "P012", f"{paper.published}, in the future"))
        theirs = {*map(id, papers)}
        kept[week.name] = replace(week, papers=tuple(paper for paper in week.papers if id(paper) not in theirs))
    undated = tuple(replace(paper, published=None) for papers in ahead for paper in papers)
    kept[UNDATED] = replace(kept[UNDATED], papers=kept[UNDATED].papers + undated)
    newest = week_of(today + _DAY_AHEAD)
    return tuple(
        kept[name] for name in sorted(kept) if name == UNDATED or name <= newest or kept[name].papers
    ), problems


def _line(paper: Paper) -> str:
    known = {key: value for key in _KEYS if (value := getattr(paper, key))}
    return json.dumps(known, ensure_ascii=False, default=date.isoformat)


def order(paper: Paper) -> tuple[object, ...]:
    """Where in its file a record stands."""
    return paper.published or date.min, *by_id(paper)


def by_id(paper: Paper) -> tuple[object, ...]:
    """An order of records that depends on what they say alone."""
    named = paper.id, paper.title, paper.url, paper.doi, paper.authors, paper.feed, paper.versions, paper.topics
    days = paper.published or date.min, paper.arrived or date.min
    return *named, *days, paper.authority, paper.votes, paper.also, paper.code, paper.withdrawn, paper.guid, paper.line


def is_week(name: str) -> bool:
    """Whether a file of this name is a week."""
    if name == UNDATED:
        return True
    try:
        return week_of(date.fromisoformat(f"{name}-1")) == name
    except ValueError:
        return False


@lru_cache(maxsize=10_000)
def _shared(value: Any) -> Any:
    """A value that many records have, as one object: of 200,000 records that saves a tenth of the memory."""
    return value


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key that stands twice")
    return dict(pairs)


def _encodable(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair") from None


def _record(value: object) -> Paper:
    """The record a line holds.

    Raises:
        ValueError: Saying what is wrong with it.
    """
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} where a record should be")
    if unknown := sorted(value.keys() - set(_KEYS)):
        raise ValueError(f"the unknown key {unknown[0]}")
    for key in _TEXTS:
        if not isinstance(value.get(key, ""), str):
            raise ValueError(f"a {key} that is no text")
    for key in _LISTS:
        if not (isinstance(listed := value.get(key, []), list) and all(isinstance(item, str) for item in listed)):
            raise ValueError(f"a value of {key} that is no list of texts")
    if type(value.get("votes", 0)) is not int or not 0 <= value.get("votes", 0) < 10**9:
        raise ValueError("votes that are no count")
    if type(value.get("withdrawn", False)) is not bool:
        raise ValueError("a withdrawn that is neither true nor false")
    if not all(re.fullmatch(r"v[1-9]\d{0,3}", version, re.ASCII) for version in value.get("versions", [])):
        raise ValueError("a version that is not like v2")
    if not (value.get("title") and value.get("url")):
        raise ValueError("a record without title or url")
    url = canonical_url(value["url"])
    if not url.startswith(("http://", "https://")):
        raise ValueError("a url that is no web address")
    published, arrived = (date.fromisoformat(value[key]) if value.get(key) else None for key in _DAYS)
    arxiv = value.get("arxiv_id") or arxiv_id(url)
    doi = value.get("doi") or ("" if arxiv else doi_of(url))
    known: dict[str, Any] = {key: tuple(value.get(key, ())) for key in _LISTS}
    known |= {key: value.get(key, "") for key in ("feed", "code", "authority", "guid", "line")}
    known |= {key: _shared(known[key]) for key in ("feed", "authority", "versions", "topics", "also")}
    return Paper(
        id=value.get("id") or paper_id(url, arxiv, doi),
        title=" ".join(value["title"].split()),
        url=url,
        arxiv_id=arxiv,
        doi=doi,
        published=published,
        arrived=arrived,
        votes=value.get("votes", 0),
        withdrawn=value.get("withdrawn", False),
        **known,
    )
