"""Bytecode in place of Python's source: a browser would compile what it imports anew at every first visit.

The compiler is a Python 3.13 of this machine, since Pyodide 0.28 is one. Lines are kept, columns are not: they serve to
underline a source that is not there. Where no such Python is found, everything stays source.
"""

import hashlib
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from publish.runtime.assets import write_bytes

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"  # how the bytecode of Python 3.13 begins
SITE_PACKAGES = "/lib/python3.13/site-packages"  # in Pyodide
STDLIB = "/lib/python313.zip"
NOT_IMPORTED = (".a", ".c", ".h", ".pxd", ".pyi", ".pyx")  # in wheels, for compilers and type checkers
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold: archives depend on content alone
ASK = "import importlib.util as u, sys; print(u.MAGIC_NUMBER.hex(), sys.version.replace(chr(10), ' '))"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path, content in sorted(files.items()):
            file.writestr(zipfile.ZipInfo(path, EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


@cache
def python_313() -> tuple[str, str] | None:
    """The first Python 3.13 on PATH or among pyenv's, and its version in words; None where there is none.

    A shim of pyenv's may stand for no Python at all, and an early release has bytecode of its own.
    """
    installed = sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"), reverse=True)
    for python in filter(None, [shutil.which("python3.13"), *map(str, installed)]):
        answer = subprocess.run([python, "-I", "-c", ASK], capture_output=True, text=True, check=False).stdout
        magic, _, version = answer.strip().partition(" ")
        if magic == MAGIC.hex():
            return python, version
    return None


def bytecode(files: Mapping[str, bytes], prefix: str = SITE_PACKAGES, optimize: int = 0) -> dict[str, bytes]:
    """Modules as bytecode, to stand where their source would; nothing where no Python 3.13 is found.

    Args:
        files: Sources by their path below `prefix`. One that is no valid Python stays out, as at an installation.
        prefix: Where they will lie.
        optimize: 0 keeps all; 2 drops docstrings and assertions.
    """
    python = python_313()
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        # By hash, without a look at the source: a time would make the archive differ from build to build.
        options = ["-q", "-b", "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", prefix, "-o", str(optimize)]
        command = [python[0], "-I", "-X", "no_debug_ranges", "-m", "compileall", *options, folder]
        subprocess.run(command, capture_output=True, check=False)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*.pyc")}


def precompiled(archive: bytes, prefix: str, optimize: int, kept: Path) -> bytes:
    """A wheel or Python's own library with bytecode for source; as it is where no Python 3.13 is found.

    Args:
        archive: The zip.
        prefix: Where it will be unpacked, or lie.
        optimize: As for `bytecode`.
        kept: Folder for the result: compiling takes seconds.
    """
    key = hashlib.sha256(repr((python_313(), prefix, optimize)).encode() + Path(__file__).read_bytes() + archive)
    place = kept / f"{key.hexdigest()}.compiled"
    if place.is_file():
        return place.read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        files = {path: file.read(path) for path in file.namelist() if not path.endswith(("/", *NOT_IMPORTED))}
    sources = {path: content for path, content in files.items() if path.endswith(".py")}
    compiled = bytecode(sources, prefix, optimize)
    if not compiled:
        return archive
    content = zipped({path: it for path, it in files.items() if f"{path}c" not in compiled} | compiled)
    write_bytes(place, content)
    return content
