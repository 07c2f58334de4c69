"""A folder that is read, written and cleaned by descriptors: nothing below it is ever followed out of it.

A stranger's branch may hold a link wherever a folder or file is expected, and another program may put one there while
this one runs. Every step from the root down is therefore opened on its own, without following, and what is done then
is done to what was opened. Hard links cannot be told from the files they are; git keeps none.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ingest.descriptors import FOLDER, entries, kind_of, open_folder, read_file
from ingest.descriptors import Strange as Strange  # those who use a tree catch it

TEMPORARY = re.compile(r"\.tmp-[0-9a-f]{16}")
DEEPEST = 32  # folders below each other; each costs a step of recursion, and a walk down to each of its files
LISTS = ".cache/written"  # may be deleted at any time: what is in generated folders then has to go by hand


class Tree:
    """The files below a root, by names relative to it ("docs/qa/lora.md"); the root itself may be reached by a link."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def kind(self, name: str) -> str:
        """`file`, `folder`, "" where there is nothing, or what else it is, such as `a link`.

        Raises:
            Strange: Something on the way is no folder.
        """
        above, last = _split(name)
        try:
            with self._folder(above) as place:
                return kind_of(os.stat(last, dir_fd=place, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            Strange: It, or something on the way, is a link, a FIFO or the like; nothing was opened that could hang.
            OSError: It cannot be read.
        """
        above, last = _split(name)
        with self._folder(above) as place:
            return read_file(place, last, name)

    def read_each(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """Files' bytes by their names, or why one cannot be read; a folder is opened once for all that follow in it."""
        for above, inside in groupby(map(_split, names), itemgetter(0)):
            found = [(f"{above}/{last}".lstrip("/"), last) for _, last in inside]
            try:
                with self._folder(above) as place:
                    for name, last in found:
                        try:
                            content: bytes | OSError = read_file(place, last, name)
                        except OSError as error:
                            content = error
                        yield name, content
            except OSError as error:  # of the folder
                yield from ((name, error) for name, _ in found)

    def write(self, name: str, content: bytes, anew: bool = False) -> bool:
        """Write a file, whole or not at all; a link in its own place is replaced.

        Args:
            name: Its name.
            content: Its bytes.
            anew: Whether to write it if it has these bytes already.

        Returns:
            Whether anything was written.

        Raises:
            Strange: Something on the way is a link or the like.
            OSError: The folder or disk refuses; the old file is untouched.
        """
        with contextlib.suppress(OSError):
            if not anew and self.read(name) == content:
                return False
        above, last = _split(name)
        with self._folder(above, make=True) as place:
            temporary = f".tmp-{secrets.token_hex(8)}"
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fchmod(file.fileno(), 0o644)
                os.replace(temporary, last, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=place)
                raise
        return True

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself.

        Raises:
            Strange: Something on the way is a link or the like.
            OSError: It is not there, or stays.
        """
        above, last = _split(name)
        with self._folder(above) as place:
            os.unlink(last, dir_fd=place)

    def prune(self, name: str) -> None:
        """Remove a folder where it is empty."""
        above, last = _split(name)
        with contextlib.suppress(OSError), self._folder(above) as place:
            os.rmdir(last, dir_fd=place)

    def walk(self, below: str) -> Iterator[tuple[str, str]]:
        """Name and kind of everything below a folder that is no folder itself, sorted; nothing where it is not there.

        What is neither file nor folder comes with what it is, as of `kind`; the folder itself too, if it is none.
        """
        what = self.kind(below) if below else "folder"
        if what == "folder" and below.count("/") >= DEEPEST:
            what = f"a folder below {DEEPEST} others"
        if what != "folder":
            yield from [(below, what)] if what else []
            return
        found: list[tuple[str, str, list[tuple[str, str]]]] = []
        try:
            with self._folder(below) as place:
                for last, kind in entries(place):
                    name, inside = f"{below}/{last}".lstrip("/"), []
                    if kind == "folder":  # a site has thousands with one file each
                        inner = open_folder(place, last, name)
                        try:
                            inside = entries(inner)
                        finally:
                            os.close(inner)
                    found.append((name, kind, inside))
        except FileNotFoundError:  # gone since
            return
        for name, kind, inside in found:
            if kind != "folder":
                yield name, kind
            elif any(kind == "folder" for _, kind in inside):
                yield from self.walk(name)
            else:
                yield from ((f"{name}/{last}", kind) for last, kind in inside)

    def require(self, names: Iterable[str]) -> None:
        """Insist that what is there under these names, and everything on the way, is a file or folder.

        Raises:
            Strange: One is not.
        """
        for name in names:
            if (what := self.kind(name)) not in ("", "file", "folder"):
                raise Strange(name, what)

    @contextlib.contextmanager
    def _folder(self, name: str, make: bool = False) -> Iterator[int]:
        """The descriptor of a folder, opened step by step."""
        place = os.open(self.root, FOLDER)
        try:
            at = ""
            for part in filter(None, name.split("/")):
                at = f"{at}/{part}".lstrip("/")
                try:
                    inner = open_folder(place, part, at)
                except FileNotFoundError:
                    if not make:
                        raise
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=place)
                    inner = open_folder(place, part, at)
                os.close(place)
                place = inner
            yield place
        finally:
            os.close(place)


@dataclass
class Synced:
    """What was done to generated folders.

    Attributes:
        written: How many files were written.
        removed: How many were removed.
        foreign: Names of the files there that no build wrote; they stay.
        digests: The hash of each file's bytes, by its name.
    """

    written: int = 0
    removed: int = 0
    foreign: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict, compare=False)


def sync(
    tree: Tree, who: str, files: Mapping[str, bytes], owned: Iterable[str], standing: Mapping[str, str] | None = None
) -> Synced:
    """Make generated folders hold exactly these files. Removed is what an earlier run wrote, as it wrote it.

    Args:
        tree: The checkout.
        who: Whose folders they are: the name of the list of what was written.
        files: Contents by name, in the order in which they are to be written.
        owned: The folders.
        standing: Hashes of files that were just seen to have these contents.

    Raises:
        Strange: One of the folders, or something on the way to a file, is a link or the like.
        OSError: The disk refuses; `filename` says where.
    """
    owned, standing = list(owned), standing or {}
    tree.require(owned)
    path, old = f"{LISTS}/{who}", written(tree, who)
    done = Synced(digests={name: standing.get(name) or digest_of(files[name]) for name in files})
    new = {(digest, name) for name, digest in done.digests.items()}
    if not new <= old:
        tree.write(path, _listed(old | new))  # first: a run that is killed has written none that is not listed
    for name in files:
        if name in standing:
            continue
        try:
            done.written += tree.write(name, files[name])
        except Strange:
            raise
        except OSError as error:  # which names the temporary file
            raise OSError(error.errno, error.strerror, name) from error
    for folder in owned:
        for name, kind in list(tree.walk(folder)):
            if name in files:
                continue
            if TEMPORARY.fullmatch(_split(name)[1]) or (kind == "file" and (digest_of(tree.read(name)), name) in old):
                tree.remove(name)
                tree.prune(_split(name)[0])
                done.removed += 1
            else:
                done.foreign.append(name)
    tree.write(path, _listed(new))
    return done


def written(tree: Tree, who: str) -> set[tuple[str, str]]:
    """Hash and name of the files that the last run wrote; none where there is no list."""
    try:
        lines = tree.read(f"{LISTS}/{who}").decode("utf-8", "replace").split("\n")
    except OSError:
        return set()
    return {(digest, name) for digest, _, name in (line.partition("  ") for line in lines) if name}


def _listed(entries: Iterable[tuple[str, str]]) -> bytes:
    """As `sha256sum` writes them."""
    return "".join(f"{digest}  {name}\n" for digest, name in sorted(entries, key=lambda entry: entry[::-1])).encode()


def digest_of(content: bytes) -> str:
    """A hash of a file's bytes, as lists of what was written have it."""
    return hashlib.sha256(content).hexdigest()


def _split(name: str) -> tuple[str, str]:
    """A name's folder and last part.

    Raises:
        OSError: It leads out of the tree.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or not parts or ".." in parts:
        raise OSError(errno.EINVAL, "a name that leads out of the checkout", name)
    return "/".join(parts[:-1]), parts[-1]
