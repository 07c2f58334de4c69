"""Build the runtime: what the lock pins is fetched, the rest is made, all is written to `docs/runtime/`.

Exit codes: 0 written, also when the runtime could not be had (the manifest says why, and pages keep their verified
output); 1 a source gave wrong bytes, or with `--strict` anything is missing; 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.tree import Tree, sync
from publish.runtime import pack, packages
from publish.runtime.assets import (
    Asset,
    AssetError,
    Fetcher,
    WrongHash,
    default_cache,
    read_lock,
)

LOCK = Path(__file__).with_name("assets.lock.json")


def build(lock_path: Path, out: Path, cache: Path, runtime: str | None = None) -> tuple[list[AssetError], int]:
    """Fetch, make and write everything.

    Args:
        lock_path: The lock.
        out: Folder to write; what an earlier build wrote there and does not belong is removed. The service worker goes
            beside it.
        cache: Folder of verified downloads.
        runtime: Name of a runtime of the lock; default: the lock's own choice.

    Returns:
        What could not be had, and how many files were written or removed.

    Raises:
        AssetError: The lock cannot be used, or `out` holds something else.
        OSError: `out` or a folder in it is a link, or cannot be written.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").is_file():
        raise AssetError(f"{out}: holds files and no manifest.json, so it is no runtime's folder; not touched")
    lock = read_lock(lock_path, runtime)
    chosen = lock.runtimes[lock.runtime]
    wanted = {*chosen.groups, *chosen.optional, "editor"}
    found: dict[str, list[tuple[Asset, bytes]]] = {}
    problems: dict[str, list[AssetError]] = {}
    fetcher = Fetcher(cache, lock.folder, lambda line: None)
    try:
        for asset in (asset for asset in lock.assets if asset.group in wanted):
            try:
                found.setdefault(asset.group, []).append((asset, fetcher.get(asset)))
            except AssetError as error:
                problems.setdefault(asset.group, []).append(error)
    finally:
        fetcher.close()

    lacking = [error for group in chosen.groups for error in problems.get(group, [])]
    whole = {group: pairs for group, pairs in found.items() if group not in problems}
    files: dict[str, bytes] = {}
    scripts, groups = pack.scripts(), {}
    if editor := whole.pop("editor", None):
        scripts |= pack.editor_modules(editor)
    if not lacking:
        fetched = [
            packages.shipped(asset, content, pairs, cache) for pairs in whole.values() for asset, content in pairs
        ]
        own = packages.own(lock, [asset for asset, _ in fetched], cache)
        files = own | {asset.to: content for asset, content in fetched}
        groups["core"] = sorted([*own, *(asset.to for asset, _ in fetched if asset.group in chosen.groups)])
        for group in chosen.optional:
            if group in whole:
                groups[group] = sorted(asset.to for asset, _ in fetched if asset.group == group)
        name, content = pack.archive("classics", packages.classics())
        files[name], groups["classics"] = content, [name]
    reason = str(lacking[0]) if lacking else ""
    files = pack.release(files, scripts, pack.manifest(lock, files, groups, reason))
    return [error for errors in problems.values() for error in errors], write_folder(out, files)


def write_folder(out: Path, files: dict[str, bytes]) -> int:
    """Make a folder hold exactly these files, and the service worker stand beside it; returns how many files changed.

    The manifest comes last, so that it never promises too much.
    """
    root = out.parent.parent if out.parent.name == "docs" else out.parent
    place = out.relative_to(root).as_posix()
    worker = (out.parent / pack.SERVICE_WORKER.name).relative_to(root).as_posix()
    order = sorted(files, key=lambda path: (path == "manifest.json", path))
    contents = {f"{place}/{path}": files[path] for path in order} | {worker: pack.read(pack.SERVICE_WORKER)}
    done = sync(Tree(root), "runtime", contents, [place])
    for name in done.foreign:
        sys.stderr.write(f"{root / name}: no build wrote this file, so it stays\n")
    return done.written + done.removed


def main(argv: Sequence[str]) -> int:
    """Run a command line; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m publish runtime", description="What runs in readers' pages.")
    parser.add_argument("--out", type=Path, default=pack.ROOT / "docs" / "runtime", help="default: docs/runtime")
    parser.add_argument("--cache", type=Path, default=None, help="default: ~/.cache/openllm-wiki")
    parser.add_argument("--lock", type=Path, default=LOCK, help="default: the project's")
    parser.add_argument("--runtime", help="a runtime of the lock; default: the lock's choice")
    parser.add_argument("--strict", action="store_true", help="exit 1 when anything is missing")
    args = parser.parse_args(argv)
    try:
        problems, changed = build(args.lock, args.out, args.cache or default_cache(), args.runtime)
    except (AssetError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    wrong = say(problems)
    print(f"{args.out}: {changed} files changed")
    return 1 if wrong or (problems and args.strict) else 0


def say(problems: Sequence[AssetError]) -> bool:
    """Say what could not be had; returns whether a source gave wrong bytes."""
    for problem in problems:
        sys.stderr.write(f"{'error' if isinstance(problem, WrongHash) else 'warning'}: {problem}\n")
    if problems:
        sys.stderr.write("the runtime is incomplete: pages show verified output, and what is missing cannot run\n")
    return any(isinstance(problem, WrongHash) for problem in problems)
