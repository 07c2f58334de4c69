"""`python -m tools.bench.public_torch.compare [--units NAME ...]`: fetch the packages,
run units under both torches, compare.

Prints a line for each unit that does not run or has other numbers; `make bench` writes the table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.public_torch import PACKAGES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FOLDER = Path.home() / ".cache" / "openllm-wiki" / "public-torch"
RTOL, ATOL = 2e-3, 2e-4  # after training: sums in another order drift apart


def fetched(folder: Path) -> Path:
    """The packages in a folder, without dependencies; those that are there already stay."""
    site = folder / "site"
    if not site.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={site}"]
        subprocess.run([*command, *PACKAGES], check=True)
    return site


def ran(folder: Path, site: Path, browser: bool, wanted: list[str]) -> dict[str, Any]:
    """What all units give under one torch."""
    shim = folder / "shim"
    shim.mkdir(exist_ok=True)
    link = shim / "torch"
    if not link.is_symlink():
        link.symlink_to(ROOT / "browser" / "torch")
    paths = [str(shim)] if browser else []
    with tempfile.TemporaryDirectory() as report:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(site)]), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(HERE / "worker.py"), report, *wanted]
        subprocess.run(command, env=environment, cwd=report, check=True)
        return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(Path(report).glob("*.json"))}


def same(ours: Any, theirs: Any) -> bool:
    """Whether two results have equal types and shapes, and close numbers."""
    if isinstance(theirs, dict) and "numbers" in theirs:
        if not isinstance(ours, dict) or ours.get("dtype") != theirs["dtype"] or ours["shape"] != theirs["shape"]:
            return False
        loose = 20 if theirs["dtype"] in ("torch.bfloat16", "torch.float16") else 1
        return np.allclose(ours["numbers"], theirs["numbers"], rtol=RTOL * loose, atol=ATOL * loose, equal_nan=True)
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float) and isinstance(ours, float):
        return bool(np.isclose(ours, theirs, rtol=RTOL, atol=ATOL, equal_nan=True))
    return bool(ours == theirs)


def compared(folder: Path, wanted: list[str]) -> tuple[dict[str, Counter[str]], list[str]]:
    """How many units of each package there are, run, and give the same numbers; and what stands in the way of the
    rest."""
    folder.mkdir(parents=True, exist_ok=True)
    site = fetched(folder)
    theirs, ours = (ran(folder, site, browser, wanted) for browser in (False, True))
    rows: dict[str, Counter[str]] = {}
    blocked = []
    for name, real in theirs.items():
        if "error" in real:  # nor does it run in torch here: another package is missing
            blocked.append(f"- {name}: {real['error']} {real['where']}")
            continue
        row, browser = rows.setdefault(name.split(":")[0], Counter()), ours[name]
        runs = "result" in browser
        equal = runs and same(browser["result"], real["result"])
        row.update(units=1, run=int(runs), same=int(equal))
        if not equal:
            blocked.append(f"{'≠' if runs else '✗'} {name}: {browser.get('error', '')} {browser.get('where', '')}")
    return rows, blocked


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--units", nargs="*", default=[], help="parts of names")
    options = parser.parse_args()
    rows, blocked = compared(options.folder, options.units)
    print("\n".join(blocked))
    for package, row in sorted(rows.items()):
        print(f"{package}: {row['units']} units, {row['run']} run, {row['same']} with the same numbers")
    total = sum(rows.values(), Counter())
    print(f"all: {total['units']} units, {total['run']} run, {total['same']} with the same numbers")


if __name__ == "__main__":
    main()
