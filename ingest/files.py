"""The disk's edge: text in, text out, written whole or not at all. Who else opens a file is among the named edges."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.model import Source
from ingest.pictures import size_of
from ingest.problems import Problem

LARGEST = 1_000_000  # bytes of a text; somebody's whole year of notes is less
PICTURES = {".gif", ".jpeg", ".jpg", ".png", ".webp"}


class CannotWrite(OSError):
    """A page could not be written; what stood there before still stands."""


def read(paths: Iterable[Path], root: Path, largest: int = LARGEST) -> tuple[tuple[Source, ...], list[Problem]]:
    """Read files as UTF-8. One that cannot be read is a problem and left out; the others are read.

    Args:
        paths: Files, in any order; they come back sorted.
        root: Folder that paths in problems are relative to.
        largest: How many bytes a file may have.
    """
    sources, problems = [], []
    for path in sorted(paths):
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        try:
            if (size := path.lstat().st_size) > largest:
                problems.append(Problem(name, 1, 1, "L001", f"{size} bytes, more than {largest}"))
                continue
            if path.is_symlink():  # a stranger's could lead anywhere
                raise OSError("a link to another file")
            content = path.read_bytes()
        except OSError as error:
            problems.append(Problem(name, 1, 1, "F001", f"cannot read: {error.strerror or error}"))
            continue
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
            problems.append(Problem(name, line, column, "F002", f"byte 0x{content[error.start]:02x} is not UTF-8"))
            continue
        sources.append(Source(name, text.replace("\r\n", "\n").replace("\r", "\n")))
    return tuple(sources), problems


def read_pictures(folders: Iterable[Path], root: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Bytes of the pictures below some folders, by path relative to `root`; a link that leads elsewhere is none."""
    found: dict[str, bytes] = {}
    problems = []
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in PICTURES):
        name = path.relative_to(root).as_posix()
        try:
            if path.is_symlink():
                raise ValueError("a link to another file")
            content = path.read_bytes()
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
                path = Path(place, name)
                found = path.lstat()
                digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def write_text(path: Path, text: str) -> bool:
    """Write a text as UTF-8, as `write_bytes` does."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> bool:
    """Write a file atomically, and only if its bytes differ.

    Returns:
        Whether anything was written.

    Raises:
        CannotWrite: The folder or disk refuses; the old file is untouched.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CannotWrite(error.errno, f"cannot write {path}: {error.strerror or error}") from error
    return True


def write(folder: Path, pages: Mapping[str, str | bytes], owned: Iterable[str]) -> tuple[int, int]:
    """Make the owned subfolders hold exactly these pages.

    Args:
        folder: The site's `docs/`.
        pages: Text, or the bytes of a picture, by path relative to `folder`.
        owned: Subfolders in which every file that is not among the pages is removed.

    Returns:
        How many files were written and how many removed.
    """
    written = sum(
        write_bytes(folder / name, page if isinstance(page, bytes) else page.encode())
        for name, page in sorted(pages.items())
    )
    stale = [
        path
        for name in owned
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in pages
    ]
    for path in stale:
        path.unlink()
    return written, len(stale)
