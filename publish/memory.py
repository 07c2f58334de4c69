"""What a build remembers for the next one, by contents: neither a checkout nor a restored cache keeps times."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ingest.tree import Tree


def digest(*parts: object) -> str:
    """A hash of a few values, by what they look like as JSON."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def hash_of(content: bytes) -> str:
    """A hash of a file's bytes."""
    return hashlib.sha256(content).hexdigest()[:32]


@cache
def digest_of(path: Path) -> str:
    """A hash of a file's bytes, read once in a build; "" where there is none, or what is no file."""
    try:
        return hash_of(Tree(path.parent).read(path.name))
    except OSError:
        return ""


def sizes(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size, by its name there; a link is a file of its own, and not followed."""
    found: dict[str, int] = {}
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name != "__pycache__")
        links = [name for name in below if Path(place, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = os.path.join(place, name)  # noqa: PTH118 - there are thousands
            found[os.path.relpath(path, folder) if place != str(folder) else name] = os.lstat(path).st_size
    return found


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder, by its name there."""
    return {name: digest_of(folder / name) for name in sizes(folder)}


class Memory:
    """Values by name, kept in a file beside the site that they are about.

    Attributes:
        values: What is remembered; JSON.
    """

    def __init__(self, path: Path, site: Path) -> None:
        """Recall what belongs to a built site.

        Args:
            path: The memory's file.
            site: The site, whose `.memory` names the memory that belongs to it: a cache may bring back one without
                the other.
        """
        self._tree = Tree(site.parent)
        self._path, self._stamp = (name.relative_to(site.parent).as_posix() for name in (path, site / ".memory"))
        self.values: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            text = self._tree.read(self._path).decode()
            if self._tree.read(self._stamp).decode() == digest(text):
                self.values = json.loads(text)

    def save(self) -> None:
        """Keep what is known now: a build that is interrupted later goes on from here."""
        text = json.dumps(self.values, sort_keys=True)
        for path, content in ((self._path, text), (self._stamp, digest(text))):
            self._tree.write(path, content.encode())

    def skips(self, name: str, inputs: object, outputs: Iterable[Path]) -> bool:
        """Whether a step made what lies there of the same inputs."""
        return bool(self.values.get("steps", {}).get(name) == [digest(inputs), _left(outputs)])

    def made(self, name: str, inputs: object, outputs: Iterable[Path]) -> None:
        """Remember what a step made, and of what."""
        self.values.setdefault("steps", {})[name] = [digest(inputs), _left(outputs)]


def _left(outputs: Iterable[Path]) -> str:
    """What can be seen of a step's outputs at a glance."""
    return digest([path.stat().st_size if path.is_file() else sizes(path) for path in outputs])


@dataclass
class Project:
    """A project that is built: where it lies, what lies there, and what was built before.

    Attributes:
        root: The folder of the settings, of `docs/`, `theme/`, `snippets/` and `site/`.
        memory: What is known of the last build.
        jobs: How many processes may work.
        writers: Who wrote what he generates: see `ingest.guard`.
        seen: Hashes of what the guard looked at, by name; what pages are made of has to have them still.
        docs: Hashes of the files in `docs/`.
        left: Sizes of the files in `site/`, as the last build left them.
        warnings: What is wrong with pages; any of it fails the build.
    """

    root: Path
    memory: Memory
    jobs: int = 1
    writers: Sequence[str] = ()
    seen: dict[str, str] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def site(self) -> Path:
        """Where the site is built."""
        return self.root / "site"

    @property
    def tree(self) -> Tree:
        """What is written and removed, is by this."""
        return Tree(self.root)

    def look(self) -> None:
        """See what lies there."""
        self.docs, self.left = digests(self.root / "docs"), sizes(self.site)
