"""What is remembered of each feed between two fetches, in a small SQLite file that may be deleted at any time.

It saves requests, parsing and patience, and holds nothing else: without it every feed is asked as if for the first
time. So a file that is damaged, or of another version, is started anew.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ingest.files import CannotWrite
from ingest.tree import Tree


@dataclass(frozen=True, slots=True)
class FeedState:
    """One feed.

    Attributes:
        url: The address in the list of feeds.
        asked: When it was asked last, in seconds since 1970; 0 if never.
        etag: Validator of the answer that was read last.
        modified: The same, as a date.
        digest: SHA-256 of that answer, for servers that send no validators.
        moved_to: Where permanent redirects lead, or "".
        failures: How often it failed since it last answered.
        wait_until: When it may be asked again, in seconds since 1970.
        result: What it brought when it last answered.
        error: Why it failed the last time, or "".
        covered: The last day of which nothing was missed, as `2026-11-27`, or "".
    """

    url: str
    asked: float = 0.0
    etag: str = ""
    modified: str = ""
    digest: str = ""
    moved_to: str = ""
    failures: int = 0
    wait_until: float = 0.0
    result: str = ""
    error: str = ""
    covered: str = ""


_COLUMNS = ", ".join(item.name for item in fields(FeedState))
_MARKS = ", ".join("?" for _ in fields(FeedState))


def load(path: Path) -> tuple[dict[str, FeedState], str]:
    """What is remembered, by address, and the fingerprint of the archive that it belongs to."""
    try:
        if not is_there(path):
            return {}, ""
        with closing(sqlite3.connect(path)) as database:
            states = [FeedState(*row) for row in database.execute(f"select {_COLUMNS} from feeds")]
            (fingerprint,) = database.execute("select fingerprint from archive").fetchone()
    except (sqlite3.Error, TypeError, OSError):
        return {}, ""
    return {state.url: state for state in states}, fingerprint


def is_there(path: Path) -> bool:
    """Whether there is such a file.

    Raises:
        OSError: It, or its folder, is a link or the like: the library would follow it.
    """
    place = path.absolute()
    tree = Tree(place.parent.parent)
    name = f"{place.parent.name}/{place.name}"
    tree.require([name])
    return tree.kind(name) == "file"


def save(path: Path, states: Iterable[FeedState], fingerprint: str) -> None:
    """Remember these states alone, and that they belong to the archive with this fingerprint; all or nothing.

    Raises:
        CannotWrite: The folder or disk refuses; the old file is untouched.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        is_there(path)
        is_there(new)
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new)) as database, database:
            database.execute(f"create table feeds ({_COLUMNS}, primary key (url))")
            database.executemany(f"insert into feeds values ({_MARKS})", map(astuple, states))
            database.execute("create table archive (fingerprint)")
            database.execute("insert into archive values (?)", (fingerprint,))
        new.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise CannotWrite(0, f"cannot write {path}: {error}") from error
