"""What the build makes itself: archives of our own Python, the editor's modules, the manifest."""

import hashlib
import json
import posixpath
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rjsmin

from ingest.tree import Tree
from publish.runtime.assets import Asset, Lock
from publish.runtime.compile import zipped

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ROOT / "browser"
SERVICE_WORKER = BROWSER / "offline" / "service_worker.js"  # it lies at the site's root: it answers for what is below
HINT = "python -m publish runtime"
ENTRIES = (  # the scripts that mkdocs.base.yml names
    "cell/cells.js",
    "widget/widgets.js",
    "page/language.js",
    "page/math.js",
    "page/not_found.js",
    "page/palette.js",
    "page/print.js",
    "search/dialog.js",
)
# What is our own of what is loaded on import: the group, and the modules that ask for it.
ON_IMPORT = {"classics": ("IPython", "classics", "requests", "torchvision", "urllib")}
STYLES = ("cell/cell.css", "widget/widget.css")  # and the styles
STUB = """\
/** Loads {path} of the newest build; where this stub is older and that is gone, it asks which one it is. */
const at = (place) => import(new URL(`{up}${{place}}`, import.meta.url).href);
at("{place}").catch(async () => {{
  const answer = await fetch(new URL("{up}manifest.json", import.meta.url), {{ cache: "no-cache" }});
  await at((await answer.json()).scripts["{path}"]);
}});
"""
STRING = re.compile(r"""(["'])((?:\.{1,2}/)*[\w./-]+\.(?:js|css|json))\1""")
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
    return {path.relative_to(BROWSER).as_posix(): read(path) for path in paths}


def read(path: Path) -> bytes:
    """A file of the checkout, by no link: one may have come since the guard looked.

    Raises:
        OSError: It cannot be read, or is none.
    """
    return Tree(ROOT).read(path.relative_to(ROOT).as_posix())


def address(path: str, digest: str) -> str:
    """Where a file lies: its content is part of the name, so no cache can hold anything else under it."""
    folder, slash, name = path.rpartition("/")
    stem, dot, kind = name.rpartition(".")
    return f"{folder}{slash}{stem}.{digest[:12]}{dot}{kind}" if stem else f"{path}.{digest[:12]}"


def addressed(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Scripts and what they load, each under an address of its content; and the addresses, by path.

    A string in a script that names another of the files, relative to its own place, is turned into that one's address.
    So the address of a script stands for all it loads: its hash is of those files too. They may load one another.
    """
    names: dict[str, dict[str, str]] = {}  # of each script: what stands in it -> the path that it means
    for path, content in files.items():
        if path.endswith(".js"):
            found = {text: join(path, text) for _, text in STRING.findall(str(rjsmin.jsmin(content.decode())))}
            names[path] = {text: meant for text, meant in found.items() if meant in files and meant != path}
    places = {}
    for path in files:
        reached, new = {path}, [path]
        while new:
            more = {meant for one in new for meant in names.get(one, {}).values()} - reached
            reached |= more
            new = sorted(more)
        digest = hashlib.sha256()
        for one in sorted(reached):
            digest.update(f"{one}\0{len(files[one])}\0".encode() + files[one])
        places[path] = address(path, digest.hexdigest())

    def placed(path: str, text: str) -> str:
        up, slash, _ = text.rpartition("/")
        return f"{up}{slash}{places[names[path][text]].rpartition('/')[2]}"

    made = {}
    for path, content in files.items():
        known = names.get(path, {})

        def put(match: re.Match[str], path: str = path, known: Mapping[str, str] = known) -> str:
            quote, text = match.groups()
            return f"{quote}{placed(path, text)}{quote}" if text in known else match[0]

        made[places[path]] = STRING.sub(put, content.decode()).encode() if known else content
    return made, places


def join(path: str, text: str) -> str:
    """What a string means that stands in a script and may name a file."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


def entries(places: Mapping[str, str]) -> dict[str, bytes]:
    """What pages name: under an address that never changes, a few lines that load what it stands for.

    They may come out of a cache that is older than the site, and what they name may be gone: then those that pages name
    ask. The other scripts have such an address too, at which they lay before and may have been linked.
    """
    made = {}
    for path, place in places.items():
        up = "../" * path.count("/")
        if path in ENTRIES:
            made[path] = STUB.format(path=path, up=up, place=place).encode()
        elif path.endswith(".js"):
            made[path] = f'export * from "./{place.rpartition("/")[2]}";\n'.encode()
    return made


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
        files: What the runtime is made of, by path; scripts are not.
        groups: Paths by group; a group that could not be had is missing.
        reason: Why the runtime is not installed; empty if it is.
    """
    runtime = lock.runtimes[lock.runtime]
    listed = {path: {**entry(content), "at": at(path, content)} for path, content in sorted(files.items())}
    core = {path: listed[path] for path in groups.get("core", [])}
    version = hashlib.sha256(json.dumps([reason, runtime.packages, runtime.warm, core]).encode()).hexdigest()[:12]
    names = sorted({*groups, *runtime.optional, "core"})
    on_import: dict[str, list[str]] = {group: list(names) for group, names in ON_IMPORT.items()}
    for asset in lock.assets:
        if asset.package is not None and asset.group in runtime.optional:
            on_import.setdefault(asset.group, []).extend(asset.package["imports"])
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
        "imports": {name: group for group in groups for name in on_import.get(group, ())},
        "groups": {name: size(groups.get(name), files) for name in names},
        "files": listed,
    }
    return in_json(data)


def in_json(data: object) -> bytes:
    """A JSON file."""
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def entry(content: bytes) -> dict[str, Any]:
    """Size and hash of a file."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def at(path: str, content: bytes) -> str:
    """The address of a file that loads no other."""
    return address(path, hashlib.sha256(content).hexdigest())


def sizes(manifest: bytes) -> bytes:
    """`python/sizes.js` as it is shipped: what cells say before they ask for anything."""
    data = json.loads(manifest)
    core = data["groups"]["core"]
    told = {"installed": data["installed"], "version": data["version"], "bytes": core["bytes"], "gzip": core["gzip"]}
    return f"export const sizes = {json.dumps(told)};\n".encode()


def release(files: Mapping[str, bytes], scripts: Mapping[str, bytes], manifest: bytes) -> dict[str, bytes]:
    """Everything as it is written: the runtime's files and the scripts under addresses of their content, what pages
    name under addresses that stay, and `manifest.json`, from which an old script learns that there is a newer one.

    Args:
        files: What the runtime is made of, by path.
        scripts: Scripts and styles, by path.
        manifest: Of `files`; a client is written for the one of its own build.
    """
    whole = {**scripts, "manifest.json": manifest}
    if "python/sizes.js" in whole:
        whole["python/sizes.js"] = sizes(manifest)
    made, places = addressed(whole)
    made |= {at(path, content): content for path, content in files.items()}
    made |= {path: whole[path] for path in STYLES if path in whole} | entries(places)
    listed = {path: place for path, place in sorted(places.items()) if path != "manifest.json"}
    return made | {"manifest.json": in_json({**json.loads(manifest), "scripts": listed})}


def size(paths: list[str] | None, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A group in the manifest: its files, and what they weigh, raw and compressed (to 10 kB: zlibs differ)."""
    if paths is None:
        return {"installed": False, "bytes": 0, "gzip": 0, "files": []}
    compressed = sum(min(len(zlib.compress(files[path], 6)), len(files[path])) for path in paths)
    total = sum(len(files[path]) for path in paths)
    return {"installed": True, "bytes": total, "gzip": round(compressed, -4), "files": sorted(paths)}
