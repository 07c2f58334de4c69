"""One step below a folder that is open, followed by nothing: what `tree` is made of."""

import contextlib
import errno
import os
import stat
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
STRANGE = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Strange(OSError):
    """Where a file or folder of this checkout is expected, there is something else, `what`; `filename` says where."""

    def __init__(self, name: str, what: str) -> None:
        self.what = what
        super().__init__(None, f"{what}, where a file or folder of this checkout is expected", name)

    def __reduce__(self) -> tuple[type["Strange"], tuple[str, str]]:  # told by a process to the one that began it
        return Strange, (self.filename, self.what)


def open_folder(place: int, last: str, name: str) -> int:
    """The descriptor of a folder in one that is open."""
    try:
        return os.open(last, FOLDER | os.O_NOFOLLOW, dir_fd=place)
    except OSError as error:
        raise _told(place, last, name, error) from error


def read_file(place: int, last: str, name: str) -> bytes:
    """The bytes of a file in a folder that is open."""
    try:
        handle = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    except OSError as error:
        raise _told(place, last, name, error) from error
    with os.fdopen(handle, "rb") as file:  # refuses a folder
        what = kind_of(os.fstat(handle))
        if what != "file":
            raise Strange(name, what)
        return file.read()


def read_named(path: Path, largest: int) -> bytes:
    """The bytes of a file that a user named, to which a link may lead.

    Raises:
        OSError: It cannot be read, is larger, or no file: a FIFO may hang, and a device have no end.
    """
    if kind_of(path.stat()) != "file":  # it is not even opened
        raise OSError(errno.EINVAL, "not a file", str(path))
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if kind_of(os.fstat(file.fileno())) != "file":  # put there since
            raise OSError(errno.EINVAL, "not a file", str(path))
        content = file.read(largest + 1) or b""
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"more than {largest:,} bytes", str(path))
    return content


def _told(place: int, last: str, name: str, error: OSError) -> OSError:
    """What it is that could not be opened, where that is the reason."""
    with contextlib.suppress(OSError):
        what = kind_of(os.stat(last, dir_fd=place, follow_symlinks=False))
        if what not in ("file", "folder"):
            return Strange(name, what)
    return OSError(error.errno, error.strerror, name)


def entries(place: int) -> list[tuple[str, str]]:
    """Names in an open folder, sorted, each with its kind."""
    with os.scandir(place) as found:
        return sorted((entry.name, _kind_at(entry)) for entry in found)


def _kind_at(entry: os.DirEntry[str]) -> str:
    """As `kind_of`, mostly without asking the disk."""
    if entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if entry.is_dir(follow_symlinks=False) else kind_of(entry.stat(follow_symlinks=False))


def kind_of(found: os.stat_result) -> str:
    """`file`, `folder`, or what else it is, such as `a link`."""
    if stat.S_ISREG(found.st_mode):
        return "file"
    return "folder" if stat.S_ISDIR(found.st_mode) else STRANGE.get(stat.S_IFMT(found.st_mode), "something unknown")
