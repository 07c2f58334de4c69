"""A source of papers, as the list of feeds has it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """A source of papers, as the list of feeds names it, and how it did when it was last fetched.

    Attributes:
        url: Address of the feed.
        title: Its name in the list.
        page: The page it belongs to, or "".
        papers: How many papers it held, or None if it never was read.
        newest: The day of its newest paper, or None.
        error: Why it cannot be read, or "".
        since: Since which day it cannot be read, or None.
        moved_to: Where it moved to for good, or "".
        keep: Words of which an entry has to name one; none keeps all.
        block: Words of which an entry may name none.
        archive: A template of addresses by which its older entries are asked for, or "".
        again: Of how many days the entries are asked for again each time, as their votes grow.
    """

    url: str
    title: str
    page: str = ""
    papers: int | None = None
    newest: date | None = None
    error: str = ""
    since: date | None = None
    moved_to: str = ""
    keep: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    archive: str = ""
    again: int = 0
