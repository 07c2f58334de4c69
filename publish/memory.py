"""What a build remembers for the next one, by contents: neither a checkout nor a restored cache keeps times."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.guard import Looked
from ingest.kept import hash_of_bytes
from ingest.memory import recall, remember
from ingest.tree import Tree

SHARE = 16  # pages that a process takes at a time
ALONE = 48  # of them for which it does not pay to start processes


def digest(*parts: object) -> str:
    """A hash of a few values, by what they look like as JSON."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


_known: dict[str, str] = {}  # of this build, by path


def forget_digests() -> None:
    """Read files anew: another build begins."""
    _known.clear()


def digest_of(path: Path) -> str:
    """A hash of a file's bytes, read once in a build; "" where there is none, or what is no file."""
    return _digests(path.parent, [path.name])[0]


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder, by its name there."""
    names = _names(folder)
    return dict(zip(names, _digests(folder, names), strict=True))


def _digests(folder: Path, names: Sequence[str]) -> list[str]:
    new = [name for name in names if f"{folder}/{name}" not in _known]
    for name, (_, content) in zip(new, Tree(folder).read_each(new), strict=True):
        _known[f"{folder}/{name}"] = hash_of_bytes(content) if isinstance(content, bytes) else ""
    return [_known[f"{folder}/{name}"] for name in names]


def sizes(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size, by its name there; a link is a file of its own, and not followed."""
    return {name: os.lstat(f"{folder}/{name}").st_size for name in _names(folder)}


def _names(folder: Path) -> list[str]:
    tree = Tree(folder.parent)
    if tree.kind(folder.name) != "folder":
        return []
    names = (name.removeprefix(f"{folder.name}/") for name, _ in tree.walk(folder.name))
    return [name for name in names if "__pycache__" not in name]


class Memory:
    """Values by name, kept in a file beside the site that they are about.

    Attributes:
        values: What is remembered: texts, numbers, lists and mappings of them.
    """

    def __init__(self, path: Path, site: Path) -> None:
        """Recall what belongs to a built site.

        Args:
            path: The memory's file.
            site: The site, whose `.memory` has the signature of the memory that belongs to it: a cache may bring back
                one without the other.
        """
        self._tree = Tree(site.parent)
        self._path, self._stamp = (name.relative_to(site.parent).as_posix() for name in (path, site / ".memory"))
        self.values: dict[str, Any] = {}
        with contextlib.suppress(OSError):
            values, signature = recall(self._tree, self._path)
            if self._tree.read(self._stamp).decode("ascii", "replace") == signature != "":
                self.values = values

    def save(self) -> None:
        """Keep what is known now: a build that is interrupted later goes on from here."""
        signature = ""
        with contextlib.suppress(OSError):  # else the next build begins from nothing
            signature = remember(self._tree, self._path, self.values)
        self._tree.write(self._stamp, signature.encode())

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

    @property
    def looked(self) -> Looked:
        """What pages and the index are made of, is read by this."""
        return Looked(self.root, self.seen)

    def look(self) -> None:
        """See what lies there."""
        docs = self.root / "docs"
        names = _names(docs)
        unseen = [name for name in names if f"docs/{name}" not in self.seen]
        read = dict(zip(unseen, _digests(docs, unseen), strict=True))
        self.docs = {name: read[name] if name in read else self.seen[f"docs/{name}"] for name in names}
        self.left = sizes(self.site)
