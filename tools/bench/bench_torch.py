"""The browser's torch against real torch: public code that learners read, and one step of training a GPT."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS, NAMES, serving
from tests.browser.test_cell import LORA, Cell
from tools.bench.public_torch.compare import FOLDER, ROOT, compared
from tools.bench.table import Row

TITLE = "浏览器里的 torch：公开的代码，训练一步"
HERE = Path(__file__).parent / "public_torch"
STEPS = 12
ADDRESSED = re.compile(r"\.[0-9a-f]{12}(?=\.\w+$)")  # what a file's address says of its content


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
    with tempfile.TemporaryDirectory() as folder:
        for file in runtimes[-1].iterdir():  # Pyodide asks Node's disk for the names that it was released with
            for name in {file.name, ADDRESSED.sub("", file.name)}:
                shutil.copy(file, Path(folder, name))
        command = ["node", HERE / "gpt.mjs", folder, ROOT / "browser" / "torch", HERE / "gpt.py", STEPS]
        try:
            done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
        except FileNotFoundError:
            return None
    spent, loss = map(float, done.stdout.splitlines()[-1].split())
    return spent, loss


CELL = """exec(compile(SOURCE, "gpt.py", "exec"))
import time
time.process_time = time.perf_counter
print("%.4f" % measure(STEPS)[1])
"""


def chromium_step() -> tuple[float, float] | None:
    """A step in a cell of the site in Chromium: the processor's milliseconds of the tab, and the loss.

    None where there is no built site or no Chromium. The tab's process tells its time; what one step takes is the
    difference between many and few.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None or not (ROOT / "site" / "runtime" / "manifest.json").is_file():
        return None
    source = (HERE / "gpt.py").read_text("utf-8").partition("if __name__")[0]
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_context(base_url=url, locale="zh-CN").new_page()
        page.goto(LORA)
        cell, spent = Cell(page), []
        for steps in (1 + STEPS, 1, 1 + STEPS):  # the first also starts Python, and the engine compiles what is hot
            begun = _spent(browser)
            cell.write(CELL.replace("SOURCE", repr(source)).replace("STEPS", str(steps)))
            cell.run()
            spent.append(_spent(browser) - begun)
        loss = float(cell.printed.inner_text())
        browser.close()
    return (spent[2] - spent[1]) / STEPS * 1e3, loss


def _spent(browser: Browser) -> float:
    """Seconds of the processor that the tabs' processes have used."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")


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
    if (page := chromium_step()) is not None:
        found.append(Row("同上，在 Chromium 的代码块里", f"{page[0]:.0f} ms", "≤ 350 ms", page[0] <= 350))
    return found
