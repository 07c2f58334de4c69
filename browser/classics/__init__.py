"""Small stand-ins for what tutorials download: a page has no network.

A few addresses that half of all tutorials name are answered with texts of this site's own, and say so. Whatever else is
asked for fails, as it does without network.
"""

import io
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import texts

# What an address or a file is known by; its name; its maker; what it is.
KNOWN: tuple[tuple[str, str, Callable[[], str], str], ...] = (
    (r"shakespeare|/input\.txt$", "input.txt", texts.play, "Shakespeare"),
    (r"names\.txt$", "names.txt", texts.names, "makemore"),
    (r"the-verdict\.txt$", "the-verdict.txt", texts.story, "The Verdict"),
    (r"time_?machine(\.txt)?$", "timemachine.txt", texts.story, "The Time Machine"),
)
FILES = tuple(name for _, name, _, _ in KNOWN)
_told: set[str] = set()


def content(address: str) -> bytes | None:
    """What stands in for an address; None where nothing does. The first time, it is told what that is."""
    for pattern, name, make, original in KNOWN:
        if re.search(pattern, address.partition("?")[0], re.IGNORECASE):
            text = make()
            if name not in _told:
                _told.add(name)
                size = f"{len(text) / 1000:.0f} kB"
                sys.stderr.write(
                    f"[{name}: 网页里不能下载；这是本站自己写的样本，{size}，不是 {original} 的原文\n"
                    f" a sample of this site's own, not {original}]\n"
                )
            return text.encode()
    return None


def save(address: str, path: str = "") -> None:
    """Write what stands in for an address to a file, as `wget` does.

    Raises:
        URLError: Nothing does.
    """
    Path(path or _name(address)).write_bytes(_found(address))


def provide(names: list[str]) -> None:
    """Have those of the known files beside the code that it opens and nobody has written."""
    for name in names:
        if name in FILES and not Path(name).exists():
            save(f"/{name}", name)


def _name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def _found(address: str) -> bytes:
    found = content(address)
    if found is None:
        raise urllib.error.URLError(f"no network in the page: {address}")
    return found


class Answer(io.BytesIO):
    """As `urlopen` gives it."""

    status = code = 200

    def getcode(self) -> int:
        """That all went well."""
        return self.status

    def info(self) -> dict[str, str]:
        """No headers."""
        return {}


def urlopen(url: Any, *args: Any, **kwargs: Any) -> Answer:
    """`urllib.request.urlopen`."""
    return Answer(_found(url if isinstance(url, str) else url.full_url))


def urlretrieve(url: str, filename: str | None = None, *args: Any, **kwargs: Any) -> tuple[str, dict[str, str]]:
    """`urllib.request.urlretrieve`."""
    path = str(filename or _name(url))
    save(url, path)
    return path, {}


def install() -> None:
    """Have Python's own library ask here."""
    urllib.request.urlopen, urllib.request.urlretrieve = urlopen, urlretrieve  # type: ignore[assignment]
