"""What a build remembers for the next one: files of `.cache/` that only this user's own builds have written.

A branch may bring a `.cache` of its own, a disk half of one. So each file begins with a signature, by a key that lies
in no checkout: what does not bear it is as if it were not there, and is made again.
"""

import contextlib
import hmac
import io
import os
import pickle
import secrets
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ingest import model
from ingest.lessons import Challenge, EnglishPage, Essence
from ingest.pages.digest import Digest
from ingest.problems import Problem
from ingest.tree import Tree

LENGTH = 64  # letters of a signature
# What a file may hold beside texts, numbers and lists of them.
RECORDS = {
    (record.__module__, record.__name__): record
    for record in (date, Problem, *vars(model).values(), Challenge, EnglishPage, Essence, Digest)
    if isinstance(record, type)
}


def default_cache() -> Path:
    """Where this user's files lie that may be made again: `$XDG_CACHE_HOME/openllm-wiki`, or below `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openllm-wiki"


def recall(tree: Tree, name: str, of: str = "") -> tuple[Any, str]:
    """What was remembered, and its signature; None and "" where that is nothing, or not ours.

    Args:
        tree: The checkout.
        name: The file.
        of: What else it has to belong to, such as the version of a program.
    """
    with contextlib.suppress(OSError):
        content = tree.read(name)
        signature = content[:LENGTH].decode("ascii", "replace")
        if hmac.compare_digest(signature.encode(), _signature(content[LENGTH:], of).encode()):
            return unpacked(content[LENGTH:]), signature
    return None, ""


def remember(tree: Tree, name: str, value: object, of: str = "") -> str:
    """Keep a value for `recall`; its signature.

    Raises:
        OSError: The disk refuses, here or in the user's own folder.
    """
    content = packed(value)
    signature = _signature(content, of)
    tree.write(name, signature.encode() + content)
    return signature


def packed(value: object) -> bytes:
    """A value as bytes: of many values, those that stay the same need not be packed again."""
    return pickle.dumps(value, 5)


def unpacked(content: bytes) -> Any:
    """What was packed, in a file whose signature is ours."""
    return _Records(io.BytesIO(content)).load()


class _Records(pickle.Unpickler):
    """Reads records and nothing else, whatever a file says."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in RECORDS:
            raise pickle.UnpicklingError(f"{module}.{name} is no record")
        return RECORDS[module, name]


def _signature(content: bytes, of: str) -> str:
    return hmac.digest(_key(default_cache() / "key"), of.encode() + b"\0" + content, "sha256").hex()


@cache
def _key(path: Path) -> bytes:
    """The key of this user, which is made where there is none.

    Raises:
        OSError: It can be neither read nor written.
    """
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # which nobody else can read
        file.write(secrets.token_bytes(32))
        file.flush()
        with contextlib.suppress(FileExistsError):  # another build was first
            os.link(file.name, path)
    return path.read_bytes()
