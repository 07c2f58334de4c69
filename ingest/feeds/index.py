"""Which week of the archive holds what a paper is known by, so that a fetch reads no week that it does not touch.

A SQLite file that may be deleted at any time, and is made anew where it is damaged or of another version. It knows
weeks by the hashes of their files, and papers by hashes of their keys: 600,000 keys take 15 MB.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from ingest.feeds.state import is_there
from ingest.files import CannotWrite

_VERSION = 2  # of the keys: what was learned by others finds nothing
_MOST = 50  # weeks of one key: as in the archive, a key that more share tells nothing
_TABLES = (
    "create table if not exists weeks (name text primary key, digest text not null)",
    "create table if not exists keys (key integer, week text, primary key (key, week)) without rowid",
)


class Index:
    """The index in a file; where that cannot be had, one in memory, which knows nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = self._opened()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def digests(self) -> dict[str, str]:
        """The hash of each week's file as it was when it was learned."""
        return dict(self._database.execute("select name, digest from weeks"))

    def weeks_of(self, keys: Iterable[str]) -> set[str]:
        """The weeks that hold any of these keys."""
        found: set[str] = set()
        with closing(self._database.cursor()) as cursor:
            for key in set(map(_hash, keys)):
                found.update(
                    name for (name,) in cursor.execute(f"select week from keys where key = ? limit {_MOST}", (key,))
                )
        return found

    def learn(self, weeks: Mapping[str, tuple[str, Iterable[str]]]) -> None:
        """Know these weeks by the hashes of their files and by their keys; a hash of "" means that a week is gone.

        Raises:
            CannotWrite: The disk refuses.
        """
        try:
            with self._database as database:
                for name, (digest, keys) in weeks.items():
                    database.execute("delete from weeks where name = ?", (name,))
                    rows = [(key, name) for key in set(map(_hash, keys))]
                    database.executemany("insert or ignore into keys values (?, ?)", rows)
                    if digest:
                        database.execute("insert into weeks values (?, ?)", (name, digest))
        except sqlite3.Error as error:
            raise CannotWrite(0, f"cannot write {self.path}: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        for attempt in range(2):
            database = None
            try:
                is_there(self.path)
                self.path.parent.mkdir(parents=True, exist_ok=True)
                database = sqlite3.connect(self.path)
                for table in _TABLES:
                    database.execute(table)
                database.execute("select key, week from keys limit 1").fetchone()
                database.execute("select name, digest from weeks limit 1").fetchone()
                with database:
                    if database.execute("pragma user_version").fetchone() != (_VERSION,):
                        for table in ("weeks", "keys"):
                            database.execute(f"delete from {table}")
                        database.execute(f"pragma user_version = {_VERSION}")
                return database
            except sqlite3.Error:
                if database:
                    database.close()
                if attempt == 0:
                    with suppress(OSError):
                        self.path.unlink(missing_ok=True)
            except OSError:
                break
        database = sqlite3.connect(":memory:")
        for table in _TABLES:
            database.execute(table)
        return database


def _hash(key: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )
