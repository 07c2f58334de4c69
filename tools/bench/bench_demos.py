"""How long each snippet's demo takes on the CPU: the style guide asks for less than a second."""

import contextlib
import importlib
import io
import time
from pathlib import Path

from tools.bench.table import Row, middle

TITLE = "代码：每个 demo() 的时间"


def measure() -> list[Row]:
    """The median of three runs of every `demo()`, output thrown away."""
    names = sorted(path.stem for path in (Path(__file__).parents[2] / "snippets").glob("[!_]*.py"))
    rows = []
    for name in names:
        demo = importlib.import_module(f"snippets.{name}").demo
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                demo()
            seconds.append(time.perf_counter() - start)
        rows.append(Row(f"`{name}`", f"{middle(seconds):.2f} s", "< 1 s", middle(seconds) < 1))
    return rows
