"""Third-party files: the lock that pins them, and the sources they come from.

A file counts only if its SHA-256 is the one of the lock, whichever source it came from; so sources need no trust and
are tried in order: `{"url": …}`, `{"npm": "name@version", "path": member}` through the user's own npm (without a path:
the whole tarball), `{"pypi": "name==version", "path": member}` through pip (without one: the wheel), `{"file": path}`
relative to the lock. What passed lies in a cache under its hash.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from ingest.files import write_bytes
from ingest.memory import default_cache as default_cache

T = TypeVar("T")

SECONDS = 60.0  # for one connection or one answer to stall
TOOL_SECONDS = 900.0  # for one npm or pip download; the largest is 150 MB


class AssetError(Exception):
    """A file of the lock cannot be had; the message says from which source and why."""


class Unreachable(AssetError):
    """A source gave nothing: no network, no such tool, no such file."""


class WrongHash(AssetError):
    """A source gave other bytes than the lock pins."""


@dataclass(frozen=True)
class Asset:
    """A pinned file.

    Attributes:
        name: What it is: a file or package name.
        version: Its release.
        group: `core` (every first Run loads it), `editor`, or one that is loaded on import (`matplotlib`).
        to: Where it lies in the runtime's folder.
        bytes: Its size.
        sha256: Its hash, in hex.
        sources: Where to get it, in order of preference.
        package: For a wheel, its `depends` and `imports` as Pyodide's lock has them.
        subset: Whether it is a font of which only the usual letters are shipped.
        optimize: For an archive whose Python is to be shipped as bytecode: 0, or 2 to leave docstrings out.
    """

    name: str
    version: str
    group: str
    to: str
    bytes: int
    sha256: str
    sources: tuple[dict[str, str], ...]
    package: dict[str, list[str]] | None = None
    optimize: int | None = None
    subset: bool = False


@dataclass(frozen=True)
class Runtime:
    """A choice of files that make a Python with torch.

    Attributes:
        index: Folder of Pyodide's core, relative to the runtime's folder.
        groups: Groups that a first Run loads.
        optional: Groups that are loaded when code imports them.
        packages: Packages that Pyodide loads at the start.
        shim: Whether torch is ours (`browser/torch`) or one of the packages.
        warm: Modules that are imported at the start.
    """

    index: str
    groups: tuple[str, ...]
    optional: tuple[str, ...]
    packages: tuple[str, ...]
    warm: tuple[str, ...]
    shim: bool


@dataclass(frozen=True)
class Lock:
    """The lock file.

    Attributes:
        folder: Where it lies; `{"file": …}` sources are relative to it.
        runtime: Name of the runtime in use.
        runtimes: All that it describes.
        pyodide: Pyodide's own `info`: Python and ABI versions.
        assets: Every pinned file.
    """

    folder: Path
    runtime: str
    runtimes: dict[str, Runtime]
    pyodide: dict[str, str]
    assets: tuple[Asset, ...]


def read_lock(path: Path, runtime: str | None = None) -> Lock:
    """Read a lock; `runtime` overrides its choice.

    Raises:
        AssetError: It is no lock, names no such runtime, or would write outside the runtime's folder.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        assets = tuple(Asset(**_in_tuples(entry)) for entry in data["files"])
        runtimes = {name: Runtime(**_in_tuples(value)) for name, value in data["runtimes"].items()}
        lock = Lock(path.parent, runtime or data["runtime"], runtimes, data["pyodide"], assets)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssetError(f"{path}: no lock file: {error!r}") from error
    if lock.runtime not in lock.runtimes:
        raise AssetError(f"{path}: no runtime {lock.runtime!r}; there are {', '.join(sorted(lock.runtimes))}")
    for asset in assets:
        if Path(asset.to).is_absolute() or ".." in Path(asset.to).parts:
            raise AssetError(f"{path}: {asset.name}: {asset.to!r} lies outside the runtime's folder")
    return lock


def _in_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with tuples for lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


@dataclass
class Fetcher:
    """Gets pinned files, from the cache or from their sources.

    Attributes:
        cache: Folder of verified files, named by their hash.
        folder: What `{"file": …}` sources are relative to.
        warn: Told of every source that failed.
    """

    cache: Path
    folder: Path
    warn: Callable[[str], None]
    _down: dict[str, str] = field(default_factory=dict)  # host or tool -> why it failed; not tried again
    _archives: dict[str, Path] = field(default_factory=dict)  # spec -> what npm or pip downloaded

    def get(self, asset: Asset) -> bytes:
        """The bytes of a file.

        Raises:
            WrongHash: No source had the right bytes, and at least one had wrong ones.
            Unreachable: No source gave anything.
        """
        cached = self.cache / asset.sha256
        if cached.is_file() and hashlib.sha256(content := cached.read_bytes()).hexdigest() == asset.sha256:
            return content
        failures: list[AssetError] = []
        for source in asset.sources:
            try:
                content = self._verified(asset, source)
            except AssetError as error:
                failures.append(error)
                self.warn(str(error))
            else:
                write_bytes(cached, content)
                return content
        kind = WrongHash if any(isinstance(failure, WrongHash) for failure in failures) else Unreachable
        raise kind("; ".join(map(str, failures)) or f"{asset.name}: the lock names no source")

    def close(self) -> None:
        """Remove the archives that npm and pip downloaded."""
        for folder in {path.parent for path in self._archives.values()}:
            shutil.rmtree(folder, ignore_errors=True)
        self._archives.clear()

    def _verified(self, asset: Asset, source: dict[str, str]) -> bytes:
        where = " ".join(source.values())
        try:
            content = self._read(source)
        except Unreachable as error:
            raise Unreachable(f"{asset.name}: {where}: {error}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != asset.sha256:
            raise WrongHash(f"{asset.name}: {where}: SHA-256 is {found}, the lock has {asset.sha256}")
        return content

    def _read(self, source: dict[str, str]) -> bytes:
        match source:
            case {"url": url}:
                return self._once(httpx.URL(url).host, lambda: read_url(url))
            case {"npm": spec, "path": member}:
                archive = self._archive("npm", spec, download_npm)
            case {"npm": spec}:
                return self._archive("npm", spec, download_npm).read_bytes()
            case {"pypi": spec, "path": member}:
                archive = self._archive("pip", spec, download_pypi)
            case {"pypi": spec}:
                return self._archive("pip", spec, download_pypi).read_bytes()
            case {"file": path}:
                return read_path(self.folder / path)
            case _:
                raise Unreachable(f"no such kind of source: {', '.join(source)}")
        return read_member(archive, member)

    def _archive(self, tool: str, spec: str, download: Callable[[str, Path], Path]) -> Path:
        if spec not in self._archives:
            self._archives[spec] = self._once(
                tool, lambda: download(spec, Path(tempfile.mkdtemp(prefix="openllm-wiki-")))
            )
        return self._archives[spec]

    def _once(self, channel: str, read: Callable[[], T]) -> T:
        """Read through a host or tool that has not failed in this run: offline, each failure takes its time."""
        if channel in self._down:
            raise Unreachable(f"not tried: {self._down[channel]}")
        try:
            return read()
        except (OSError, httpx.TransportError, subprocess.SubprocessError) as error:
            self._down[channel] = f"{channel}: {error}"
            raise Unreachable(str(error)) from error


def read_url(url: str) -> bytes:
    """What an address answers.

    Raises:
        Unreachable: It answers with an error status.
        httpx.TransportError: It does not answer.
    """
    answer = httpx.get(url, follow_redirects=True, timeout=httpx.Timeout(SECONDS, connect=10.0))
    if answer.status_code != httpx.codes.OK:
        raise Unreachable(f"status {answer.status_code}")
    return answer.content


def read_path(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        Unreachable: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreachable(error.strerror or str(error)) from error


def download_npm(spec: str, folder: Path) -> Path:
    """Have npm, as the user has set it up, put a package's tarball into a folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not on PATH")
    run([npm, "pack", "--silent", "--fetch-retries=1", "--pack-destination", str(folder), spec])
    return only_file(folder)


def download_pypi(spec: str, folder: Path) -> Path:
    """Have pip, as the user has set it up, put a wheel into a folder."""
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--retries=1", "--disable-pip-version-check"]
    run([sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), spec])
    return only_file(folder)


def run(command: list[str], **environment: str) -> None:
    """Run a tool, with more environment variables; its last line of complaint is the error.

    Raises:
        OSError: It cannot be started, or fails.
        subprocess.TimeoutExpired: It takes too long.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TOOL_SECONDS, env={**os.environ, **environment}
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise OSError(f"{Path(command[0]).name} failed: {lines[-1] if lines else f'exit code {done.returncode}'}")


def only_file(folder: Path) -> Path:
    """The file that a tool has left in a folder."""
    for path in folder.iterdir():
        return path
    raise FileNotFoundError("nothing was downloaded")


def read_member(archive: Path, member: str) -> bytes:
    """A file out of a wheel or an npm tarball.

    Raises:
        Unreachable: There is no such file in it, or it is no archive.
    """
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tar:
            file = tar.extractfile(member)
            if file is None:
                raise KeyError(member)
            return file.read()
    except (KeyError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise Unreachable(f"{member} cannot be read from {archive.name}: {error}") from error
