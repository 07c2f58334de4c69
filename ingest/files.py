"""The disk's edge: text in, text out, written whole or not at all. Who else opens a file is among the named edges."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ingest.limits import BYTES, LARGEST, MARKS, OTHERS, PICTURE_BYTES, marks_in
from ingest.model import Source
from ingest.pictures import size_of
from ingest.problems import Problem
from ingest.tree import Strange, Synced, Tree, sync

PICTURES = {".gif", ".jpeg", ".jpg", ".png", ".webp"}
ACTS = re.compile(r"[!-*,:-@\[-^`{-~]")  # of a text's name, which pages, addresses and titles repeat as it is


class CannotWrite(OSError):
    """A page could not be written; what stood there before still stands."""


class LargeSource(Source):
    """A file whose text is made each time it is asked for: held as text, one `𝛼` has every letter take four bytes."""

    content: bytes
    __slots__ = ("content",)

    def __init__(self, path: str, content: bytes) -> None:
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "content", content)

    @property
    def text(self) -> str:
        """Its text."""
        return _unified(self.content.decode("utf-8-sig"))


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(paths: Iterable[Path], root: Path, largest: int = LARGEST) -> tuple[tuple[Source, ...], list[Problem]]:
    """Read files as UTF-8. One that cannot be read is a problem and left out; the others are read.

    Args:
        paths: Files, in any order; they come back sorted.
        root: Folder that paths in problems are relative to.
        largest: How many bytes a file may have.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for name, content in _contents(paths, root, largest, problems):
        if isinstance(content, OSError):
            problems.append(unreadable(name, content))
            continue
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
            problems.append(Problem(name, line, column, "F002", f"byte 0x{content[error.start]:02x} is not UTF-8"))
            continue
        if len(content) > MARKS and largest <= LARGEST and (marks := marks_in(text)) > MARKS:
            problems.append(Problem(name, 1, 1, "L005", f"{marks} marks and lines"))
            continue
        sources.append(Source(name, _unified(text)) if largest <= LARGEST else LargeSource(name, content))
    return tuple(sources), problems


def _contents(
    paths: Iterable[Path], root: Path, largest: int, problems: list[Problem]
) -> Iterator[tuple[str, bytes | OSError]]:
    """Name of each file, with its bytes or why they cannot be read; those that are too large are problems."""
    base = "" if root == Path() else f"{root.as_posix().rstrip('/')}/"
    below: list[str] = []
    beside: list[str] = []
    for path in sorted(path.as_posix() for path in paths):
        is_below = path.startswith(base) if base else not path.startswith("/")
        name = path.removeprefix(base)
        if not name.isprintable():
            problems.append(unprintable(name))
            continue
        if is_below and (mark := ACTS.search(name)):
            problems.append(Problem(name, 1, 1, "X008", f"its name has {mark[0]!r}"))
            continue
        with contextlib.suppress(OSError):  # told by who reads it
            if (size := os.lstat(path).st_size) > largest:
                problems.append(Problem(name, 1, 1, "L001", f"{size} bytes, more than {largest}"))
                continue
        (below if is_below else beside).append(name)
    yield from Tree(root).read_each(below)
    for name in beside:  # nothing is followed but what somebody named
        folder, _, last = name.rpartition("/")
        for _, content in Tree(Path(f"{folder}/" if folder or name[0] == "/" else ".")).read_each([last]):
            yield name, content


def few(paths: Iterable[Path], root: Path, most: int, most_bytes: int = BYTES) -> tuple[list[Path], list[Problem]]:
    """The first of these files by name, as many as are read of one kind, and a problem where there are more."""
    found = sorted(paths, key=str)
    total = 0
    for at, path in enumerate(found):
        with contextlib.suppress(OSError):  # told when it is read
            total += os.lstat(path).st_size
        if at >= most or total > most_bytes:
            name = path.relative_to(root).as_posix()
            return found[:at], [Problem(name, 1, 1, "L007", f"{len(found)} files, {len(found) - at} of them left out")]
    return found, []


def read_pictures(folders: Iterable[Path], root: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Bytes of the pictures below some folders, by path relative to `root`; a link that leads elsewhere is none."""
    found: dict[str, bytes] = {}
    tree = Tree(root)
    below: list[str] = []
    for folder in folders:
        with contextlib.suppress(Strange):  # told by who reads the texts there
            below += [name for name, _ in tree.walk(folder.relative_to(root).as_posix())]
    pictures = (root / name for name in below if name.lower().endswith(tuple(PICTURES)))
    paths, problems = few(pictures, root, OTHERS, PICTURE_BYTES)
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            if not name.isprintable():
                raise ValueError(unprintable(name).message)
            content = tree.read(name)
            size_of(content)
        except (OSError, ValueError) as error:
            problems.append(Problem(name, 1, 1, "F004", f"left out: {getattr(error, 'strerror', None) or error}"))
        else:
            found[name] = content
    return found, problems


def state(folders: Iterable[Path]) -> str:
    """A hash of the names, sizes and times of all files below some folders: while it stays, nothing was touched."""
    digest = hashlib.sha256()
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name != "__pycache__")
            for name in sorted(names):
                path = f"{place}/{name}"
                found = os.lstat(path)
                digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def unprintable(name: str) -> Problem:
    """That a file has a name that could not be said in a line."""
    return Problem(name, 1, 1, "X008", "its name has characters that cannot be printed")


def unreadable(name: str, error: OSError) -> Problem:
    """That a file or folder cannot be read, and why."""
    return Problem(name, 1, 1, "F001", f"cannot read: {error.strerror or error}")


def write_text(path: Path, text: str, root: Path | None = None) -> bool:
    """Write a text as UTF-8, as `write_bytes` does."""
    return write_bytes(path, text.encode(), root)


def write_bytes(path: Path, content: bytes, root: Path | None = None) -> bool:
    """Write a file atomically, and only if its bytes differ. A link in its place is replaced, not followed.

    Args:
        path: The file.
        content: Its bytes.
        root: The checkout that it is part of, below which no folder may be a link.

    Returns:
        Whether anything was written.

    Raises:
        CannotWrite: The folder or disk refuses; the old file is untouched.
    """
    try:
        if root is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        return Tree(root or path.parent).write(path.relative_to(root or path.parent).as_posix(), content)
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError | ValueError) -> CannotWrite:
    reason = getattr(error, "strerror", None) or str(error)
    where = f"{error.filename}: " if isinstance(error, Strange) else ""
    return CannotWrite(getattr(error, "errno", None), f"cannot write {path}: {where}{reason}")


class _Contents(Mapping[str, bytes]):
    """Pages as bytes, each made when it is asked for: all of a large site, twice, is more than a build should hold."""

    def __init__(self, pages: Mapping[str, str | bytes]) -> None:
        self._pages = pages

    def __getitem__(self, name: str) -> bytes:
        page = self._pages[name]
        return page if isinstance(page, bytes) else page.encode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._pages)

    def __len__(self) -> int:
        return len(self._pages)


def write(
    folder: Path, pages: Mapping[str, str | bytes], owned: Iterable[str], standing: Mapping[str, str] | None = None
) -> Synced:
    """Make the owned subfolders hold exactly these pages.

    Args:
        folder: The site's `docs/`.
        pages: Text, or the bytes of a picture, by path relative to `folder`.
        owned: Subfolders from which every file is removed that an earlier build wrote and that is not among the pages.
        standing: Pages that were just seen to lie there like this, with the hashes of their bytes.

    Raises:
        CannotWrite: One of the folders is a link, or the disk refuses.
    """
    docs = folder.name
    contents = _Contents({f"{docs}/{name}": page for name, page in sorted(pages.items())})
    try:
        there = {f"{docs}/{name}": digest for name, digest in (standing or {}).items()}
        return sync(Tree(folder.parent), "ingest", contents, [f"{docs}/{name}" for name in owned], there)
    except OSError as error:
        raise _refused(folder.parent / str(error.filename or docs), error) from error
