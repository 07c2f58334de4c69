"""What passes between the process that fetches and the child that parses: JSON, in which nothing can run.

The child has read a stranger's bytes, so whatever it answers is taken for data alone and checked field by field.
"""

import json
from dataclasses import astuple, fields
from datetime import date
from typing import Any

from ingest.feeds.parse import Feed
from ingest.model import Paper
from ingest.problems import Problem

_DAYS = ("published", "arrived")
_NAMES = tuple(field.name for field in fields(Paper))


def encode_feed(feed: Feed) -> bytes:
    """A feed as JSON in ASCII."""
    papers, revised = (
        [[getattr(paper, name) for name in _NAMES] for paper in kept] for kept in (feed.papers, feed.revised)
    )
    value = [feed.title, papers, revised, [astuple(problem) for problem in feed.problems], feed.more, feed.total]
    return json.dumps(value, default=date.isoformat).encode("ascii")


def decode_feed(content: bytes) -> Feed:
    """The feed that `encode_feed` wrote.

    Raises:
        ValueError: It is something else.
    """
    try:
        title, papers, revised, problems, more, total = json.loads(content)
        if not (type(more) is int and type(total) is int):
            raise ValueError("a place that is no number")
        return Feed(_text(title), _papers(papers), _papers(revised), tuple(map(_problem, problems)), more, total)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"no feed ({error})") from None


def _papers(rows: list[list[Any]]) -> tuple[Paper, ...]:
    return tuple(_paper(dict(zip(_NAMES, row, strict=True))) for row in rows)


def _paper(value: dict[str, Any]) -> Paper:
    days: dict[str, Any] = {
        name: None if (day := value.pop(name)) is None else date.fromisoformat(day) for name in _DAYS
    }
    votes, withdrawn = value.pop("votes"), value.pop("withdrawn")
    if type(votes) is not int or type(withdrawn) is not bool:
        raise ValueError("votes or a mark of another type")
    known: dict[str, Any] = {}
    for name, said in value.items():
        known[name] = _texts(said) if isinstance(said, list) else _text(said)
    return Paper(**known, **days, votes=votes, withdrawn=withdrawn)


def _problem(row: list[Any]) -> Problem:
    path, line, column, code, message = row
    if not (type(line) is int and type(column) is int):
        raise ValueError("a place that is no number")
    return Problem(_text(path), line, column, _text(code), _text(message))


def _texts(value: list[Any]) -> tuple[str, ...]:
    return tuple(map(_text, value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} where a text should be")
    return value
