"""What every reader of feeds speaks in: entries as their format wrote them, and small mends of values."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urljoin

from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry as its format wrote it; every string may be empty or nonsense."""

    title: str
    links: tuple[str, ...]
    guid: str
    authors: tuple[str, ...]
    dates: tuple[str, ...]
    dois: tuple[str, ...] = ()
    body: str = ""
    announced: str = ""  # arXiv's: new, cross, replace or replace-cross
    votes: int = 0
    code: str = ""


class Reading(NamedTuple):
    """What a reader makes of a feed.

    Attributes:
        title: Its own.
        entries: In its order.
        damage: What was wrong with its form.
        site: The page or site that it belongs to, or "".
        total: How many entries there are where this is one page of them, else 0.
        first: The place of this page's first entry among all of them.
        lost: How many of its items were none.
        authority: Whose word it is where that is known of the format: `Hugging Face`; else "".
    """

    title: str
    entries: list[FeedEntry]
    damage: tuple[Problem, ...] = ()
    site: str = ""
    total: int = 0
    first: int = 0
    lost: int = 0
    authority: str = ""


class NotAFeed(ValueError):
    """Says what was found instead, with the problem's code."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(found)
        self.code = code


BEFORE_TEXT = "\ufeff \t\r\n\0"


def names_of(authors: object) -> tuple[str, ...]:
    """The names in a list of records or strings."""
    listed = authors if isinstance(authors, list) else []
    records = [author if isinstance(author, dict) else {"name": author} for author in listed]
    # Of an address alone feedparser makes a name too: the part of its domain after the fourth letter.
    return tuple(name for author in records if (name := as_text(author.get("name"))) and not _is_rest(name, author))


def _is_rest(name: str, author: dict[str, Any]) -> bool:
    return bool(author.get("email")) and name.islower() and " " not in name


def as_text(value: object) -> str:
    """A value of a feed as text: strings and numbers; anything else is "". JSON may hold half of a surrogate pair."""
    text = str(value) if isinstance(value, (str, int, float)) else ""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def absolute(link: str, base: str) -> str:
    """A link in full, by the address that it is relative to; "" where it makes no sense."""
    if link.startswith(("http://", "https://")):
        return link
    try:
        return urljoin(base, link.strip()) if link.strip() else ""
    except ValueError:
        return ""


def one_line(error: BaseException) -> str:
    """An error's name and message on one line, shortened."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
