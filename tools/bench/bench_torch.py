"""The browser's torch against real torch: public code that learners read, and one step of training a GPT."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tools.bench.public_torch.compare import FOLDER, ROOT, compared
from tools.bench.table import Row

TITLE = "浏览器里的 torch：公开的代码，训练一步"
HERE = Path(__file__).parent / "public_torch"
STEPS = 12


def step(paths: list[Path]) -> tuple[float, float]:
    """A step natively, with the torch that is found first on a path: milliseconds of the processor, and the loss."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, str(HERE / "gpt.py"), str(STEPS)]
    done = subprocess.run(command, env=environment, cwd=FOLDER, capture_output=True, text=True, check=True)
    spent, loss = map(float, done.stdout.split())
    return spent, loss


def page_step() -> tuple[float, float] | None:
    """A step in Pyodide, under Node; None where the site has not been built or there is no Node."""
    runtimes = sorted(ROOT.glob("site/runtime/pyodide-*"))
    if not runtimes:
        return None
    command = [
        "node",
        str(HERE / "gpt.mjs"),
        str(runtimes[-1]),
        str(ROOT / "browser" / "torch"),
        str(HERE / "gpt.py"),
        str(STEPS),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    spent, loss = map(float, done.stdout.splitlines()[-1].split())
    return spent, loss


def measure() -> list[Row]:
    """Units by package, and the steps."""
    rows, blocked = compared(FOLDER, [])
    print("\n".join(blocked), flush=True)
    found = [
        Row(f"`{package}` 的 {row['units']} 段，能跑的、数值相同的", f"{row['run']}、{row['same']}")
        for package, row in sorted(rows.items())
    ]
    total = sum(rows.values(), Counter())
    goal = total["run"] >= 0.9 * total["units"] and total["same"] >= 0.84 * total["units"]
    found.append(
        Row(f"一共 {total['units']} 段，能跑的、数值相同的", f"{total['run']}、{total['same']}", "≥ 90%、≥ 84%", goal)
    )
    theirs, ours = step([]), step([FOLDER / "shim"])
    ratio = ours[0] / theirs[0]
    found.append(Row("nanoGPT 一步（4 层，宽 128，64 × 8），真 torch，一个线程，处理器时间", f"{theirs[0]:.0f} ms"))
    found.append(Row("同上，浏览器里的 torch，在本机", f"{ours[0]:.0f} ms，{ratio:.2f} 倍", "≤ 1.5 倍", ratio <= 1.5))
    if (page := page_step()) is not None:
        found.append(
            Row("同上，在 Pyodide 里（Node，与 Chromium 同一引擎）", f"{page[0]:.0f} ms", "≤ 350 ms", page[0] <= 350)
        )
    return found
