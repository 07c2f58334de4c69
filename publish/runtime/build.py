"""Build the runtime: what the lock pins is fetched, the rest is made, all is written to `docs/runtime/`.

Exit codes: 0 written, also when the runtime could not be had (the manifest says why, and pages keep their verified
output); 1 a source gave wrong bytes, or with `--strict` anything is missing; 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.files import write_bytes
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
        out: Folder to write; files in it that do not belong are removed. The service worker goes beside it.
        cache: Folder of verified downloads.
        runtime: Name of a runtime of the lock; default: the lock's own choice.

    Returns:
        What could not be had, and how many files were written or removed.

    Raises:
        AssetError: The lock cannot be used, or `out` holds something else.
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
    files, groups = pack.scripts(), {}
    if editor := whole.pop("editor", None):
        modules = pack.editor_modules(editor)
        files |= modules
        groups["editor"] = sorted(modules)
    if not lacking:
        fetched = [packages.shipped(asset, content, cache) for pairs in whole.values() for asset, content in pairs]
        own = packages.own(lock, [asset for asset, _ in fetched], cache)
        files |= own | {asset.to: content for asset, content in fetched}
        groups["core"] = sorted([*own, *(asset.to for asset, _ in fetched if asset.group in chosen.groups)])
        for group in chosen.optional:
            if group in whole:
                groups[group] = sorted(asset.to for asset, _ in fetched if asset.group == group)
    reason = str(lacking[0]) if lacking else ""
    files["manifest.json"] = pack.manifest(lock, files, groups, reason)
    changed = write_folder(out, files)
    changed += write_bytes(out.parent / pack.SERVICE_WORKER.name, pack.SERVICE_WORKER.read_bytes())
    return [error for errors in problems.values() for error in errors], changed


def write_folder(out: Path, files: dict[str, bytes]) -> int:
    """Make a folder hold exactly these files; the manifest comes last, so that it never promises too much."""
    order = sorted(files, key=lambda path: (path == "manifest.json", path))
    changed = sum(write_bytes(out / path, files[path]) for path in order)
    for path in sorted(out.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(out).as_posix() not in files:
            path.unlink()
            changed += 1
    return changed


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
