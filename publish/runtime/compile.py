"""Bytecode in place of Python's source: a browser would compile what it imports anew at every first visit.

`pyodide py-compile` of pyodide-build does it, in an environment of its own: it compiles for the Python that it runs
under, and Pyodide 0.28 is a 3.13. Lines are kept, columns are not: they serve to underline a source that is not there.
Where no such Python is found, or pyodide-build cannot be installed, everything stays source.
"""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ingest.files import write_bytes
from publish.runtime.assets import AssetError, default_cache, run

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"  # how the bytecode of Python 3.13 begins
NOT_IMPORTED = (".a", ".c", ".h", ".pxd", ".pyi", ".pyx", "/")  # in wheels, for compilers and type checkers; folders
# Nor does anything in a page: a bridge to Fortran, and LAPACK as a module of its own; mail, servers and calls over
# sockets that a page has not; terminals (`help` needs the pager); the character sets of mainframes, DOS (but zipfile's)
# and old Macs; what is for Windows, Android and Apple's systems alone; in Python what Pyodide has in C.
UNUSED = re.compile(
    r"numpy/(f2py/|linalg/lapack_lite\.)|(imaplib|mailbox|poplib|smtplib|ftplib|nntplib)\.|(wsgiref|xmlrpc|curses)/|"
    r"_pyrepl/(?!__init__|pager)|encodings/(cp(0|1[01]|2|42|5|7|8)|hp_|kz|mac_|palmos|ptcp)|"
    r"asyncio/(proactor|windows)_|multiprocessing/popen_spawn_win32\.|nturl2path\.|_(android|apple|ios)_support\.|_py(datetime|io)\."
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold: archives depend on content alone
ASK = "import importlib.util as u, sys; print(u.MAGIC_NUMBER.hex(), sys.version.replace(chr(10), ' '))"
CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"
LEVELS = {0: (), 2: ("-OO",)}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path, content in sorted(files.items()):
            file.writestr(zipfile.ZipInfo(path, EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def unzipped(archive: bytes) -> dict[str, bytes]:
    """The files of a zip, by path."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {path: file.read(path) for path in file.namelist()}


@cache
def python_313() -> tuple[str, str] | None:
    """The first Python 3.13 among this one, PATH and pyenv's, and its version in words; None where there is none.

    A shim of pyenv's may stand for no Python at all, and an early release has bytecode of its own.
    """
    installed = sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"), reverse=True)
    for python in filter(None, [sys.executable, shutil.which("python3.13"), *map(str, installed)]):
        answer = subprocess.run([python, "-I", "-c", ASK], capture_output=True, text=True, check=False).stdout
        magic, _, version = answer.strip().partition(" ")
        if magic == MAGIC.hex():
            return python, version
    return None


@cache
def compiler() -> Path | None:
    """The Python of an environment that holds pyodide-build, as the constraints lock it; made once and kept."""
    if (found := python_313()) is None:
        return None
    python, version = found
    [wanted] = re.findall(r"^pyodide-build==\S+", CONSTRAINTS.read_text("utf-8"), re.MULTILINE)
    key = hashlib.sha256(f"{wanted} {python} {version}".encode()).hexdigest()[:12]
    place = default_cache() / f"pyodide-build-{key}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as folder:
            made = Path(folder, "environment")
            pip = [str(made / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
            try:
                run([python, "-m", "venv", str(made)])
                run([*pip, "install", "--retries=1", f"--constraint={CONSTRAINTS}", wanted])
                made.rename(place)
            except (OSError, subprocess.SubprocessError) as error:
                if not place.is_dir():  # nor has another build made it meanwhile
                    sys.stderr.write(f"warning: no {wanted}, so Python goes as source: {error}\n")
                    return None
    return place / "bin" / "python"


def compiled(name: str, archive: bytes, optimize: int, kept: Path) -> tuple[str, bytes]:
    """A wheel or zip with bytecode for source, and the name that pyodide-build gives it; as it is where there is none.

    Args:
        name: File name of the archive.
        archive: Its bytes.
        optimize: 0 keeps all; 2 drops docstrings and assertions.
        kept: Folder for the result: compiling takes seconds.

    Raises:
        AssetError: It holds what is no valid Python.
    """
    if (python := compiler()) is None:
        return name, archive
    head = repr((name, optimize, python.parts[-3])).encode()
    place = kept / f"{hashlib.sha256(head + Path(__file__).read_bytes() + archive).hexdigest()}.compiled"
    for path in place.glob(f"*{Path(name).suffix}"):
        return path.name, path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(archive)
        flags = ["-I", *LEVELS[optimize], "-X", "no_debug_ranges"]
        command = ["py-compile", "--silent", "--compression-level=0", str(path)]
        try:
            # The variable makes it mark bytecode by the hash of its source; else it would hold the time of this build.
            run([str(python), *flags, "-m", "pyodide_cli", *command], SOURCE_DATE_EPOCH="315532800")
        except OSError as error:
            raise AssetError(f"{name} cannot be compiled: {error}") from error
        [path] = Path(folder).iterdir()
        files = unzipped(path.read_bytes())
    used = {path: it for path, it in files.items() if not path.endswith(NOT_IMPORTED) and not UNUSED.match(path)}
    content = zipped(used)
    write_bytes(place / path.name, content)
    return path.name, content
