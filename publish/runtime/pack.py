"""What the build makes itself: archives of our own Python, the editor's modules, the manifest."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rjsmin

from publish.runtime.assets import Asset, Lock
from publish.runtime.compile import zipped

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ROOT / "browser"
SERVICE_WORKER = BROWSER / "offline" / "service_worker.js"  # it lies at the site's root: it answers for what is below
HINT = "python -m publish runtime"
IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*)(["'])([^"'./][^"']*)\2""")  # a bare specifier: no dot, no slash first


def archive(name: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """A zip of files, and its file name: `name-<hash of the content>.zip`."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return f"{name}-{digest.hexdigest()[:12]}.zip", zipped(files)


def scripts() -> dict[str, bytes]:
    """Scripts and styles of the pages, as they are and as they lie; all but the service worker."""
    paths = (path for kind in ("*.js", "*.css") for path in sorted(BROWSER.rglob(kind)) if path != SERVICE_WORKER)
    return {path.relative_to(BROWSER).as_posix(): path.read_bytes() for path in paths}


def module(content: bytes, places: Mapping[str, str]) -> bytes:
    """An npm ES module for the browser: bare specifiers become files beside it, comments go.

    Args:
        content: The module as published.
        places: File name of every module that may be imported, by its npm name.

    Raises:
        KeyError: It imports something else.
    """

    def place(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}./{places[match[3]]}{match[2]}"

    lines = content.decode().split("\n")
    heads = [IMPORT.sub(place, line) if line.startswith(("import ", "export ", "} from ")) else line for line in lines]
    text = str(rjsmin.jsmin("\n".join(heads)))
    return text.encode() + b"\n"


def editor_modules(found: Iterable[tuple[Asset, bytes]]) -> dict[str, bytes]:
    """The editor's files, ready for the browser."""
    pairs = list(found)
    places = {asset.name: asset.to.rpartition("/")[2] for asset, _ in pairs}
    return {asset.to: module(content, places) for asset, content in pairs}


def site_packages(lock: Lock) -> str:
    """Where packages lie in Pyodide's file system."""
    major, minor, *_ = lock.pyodide["python"].split(".")
    return f"/lib/python{major}.{minor}/site-packages"


def manifest(lock: Lock, files: Mapping[str, bytes], groups: Mapping[str, list[str]], reason: str) -> bytes:
    """What the client asks before it loads anything: is the runtime there, how large is it, where does it lie?

    Args:
        lock: For the runtime in use.
        files: Everything that is written, by path.
        groups: Paths by group; a group that could not be had is missing.
        reason: Why the runtime is not installed; empty if it is.
    """
    runtime = lock.runtimes[lock.runtime]
    listed = {path: entry(content) for path, content in sorted(files.items())}
    version = hashlib.sha256(json.dumps([reason, runtime.packages, runtime.warm, listed]).encode()).hexdigest()[:12]
    names = sorted({*groups, *runtime.optional, "core", "editor"})
    data: dict[str, Any] = {
        "installed": not reason,
        "reason": reason,
        "hint": HINT if reason else "",
        "version": version,
        "runtime": lock.runtime,
        "index": runtime.index,
        "sitePackages": site_packages(lock),
        "archives": [path for path in groups.get("core", []) if path.endswith(".zip") and "/" not in path],
        "packages": list(runtime.packages),
        "warm": list(runtime.warm),
        "imports": {
            name: asset.group
            for asset in lock.assets
            if asset.package is not None and asset.group in runtime.optional and asset.group in groups
            for name in asset.package["imports"]
        },
        "groups": {name: size(groups.get(name), files) for name in names},
        "files": listed,
    }
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def entry(content: bytes) -> dict[str, Any]:
    """Size and hash of a file."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def size(paths: list[str] | None, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A group in the manifest: its files, and what they weigh, raw and compressed (to 10 kB: zlibs differ)."""
    if paths is None:
        return {"installed": False, "bytes": 0, "gzip": 0, "files": []}
    compressed = sum(min(len(zlib.compress(files[path], 6)), len(files[path])) for path in paths)
    total = sum(len(files[path]) for path in paths)
    return {"installed": True, "bytes": total, "gzip": round(compressed, -4), "files": sorted(paths)}
