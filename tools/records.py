"""What each snippet was last tested with: under `make records` this plugin writes the gallery's table.

A test counts where it ran: its parameters name the device, and the run in the browser reports what passed there.
"""

import platform
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest
import torch

from ingest.front_matter import front_matter
from ingest.model import Source
from snippets.__main__ import names

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "snippets" / "tested.md"
ENGLISH = ROOT / "snippets" / "tested.en.md"
WORDS = {
    "zh": {
        "no CUDA": "没有 CUDA",
        "not run": "未跑",
        "head": "记录于 {}：Python {}，torch {}，{}，{} {}；浏览器 {}。数字是通过的测试。",
        "columns": "| 概念 | CPU | CUDA | 浏览器 |",
        "row": "| [{title}](topics/{name}.md) |",
    },
    "en": {
        "no CUDA": "no CUDA",
        "not run": "not run",
        "head": "Recorded on {}: Python {}, torch {}, {}, {} {}; browser {}. The numbers are tests that passed.",
        "columns": "| Concept | CPU | CUDA | Browser |",
        "row": "| [{english}](../topics/{name}.md) |",
    },
}
TEST = re.compile(r"tests/snippets/test_(?P<name>\w+)\.py::\w+(?:\[(?P<parameters>.*)\])?$", re.DOTALL)
DEVICE = re.compile(r"(?<![a-z])cuda(?![a-z])")


class Records:
    """Counts passed tests by snippet and place: `cpu`, `cuda`, `browser`."""

    def __init__(self) -> None:
        self.passed: dict[str, Counter[str]] = defaultdict(Counter)
        self.browser = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of every test; with xdist, of the workers' tests too."""
        if report.when != "call" or not report.passed:
            return
        if test := TEST.match(report.nodeid):
            self.passed[test["name"]]["cuda" if DEVICE.search(test["parameters"] or "") else "cpu"] += 1
        told = dict(report.user_properties)
        self.browser = str(told.get("browser", self.browser))
        for name, count in told.get("passed in the browser", {}).items():
            self.passed[name]["browser"] += count

    def table(self, day: date, lang: str = "zh") -> str:
        """The table in Markdown, as docs/snippets.md includes it, or docs/en/snippets.md."""
        words = WORDS[lang]
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else words["no CUDA"]
        machine = (platform.python_version(), torch.__version__, device, platform.system(), platform.machine())
        lines = [words["head"].format(day, *machine, self.browser or words["not run"]), ""]
        lines += [words["columns"], "|---|--:|--:|--:|"]
        for name in names():
            page = ROOT / "docs" / "topics" / f"{name}.md"
            titles = front_matter(Source(page.name, page.read_text("utf-8")))[0]
            counts = [str(self.passed[name][place] or words["not run"]) for place in ("cpu", "cuda", "browser")]
            lines.append(f"{words['row'].format(**titles, name=name)} {' | '.join(counts)} |")
        return "\n".join(lines) + "\n"

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Only a run without a failure is a record."""
        if exitstatus == pytest.ExitCode.OK:
            TABLE.write_text(self.table(date.today()), "utf-8")
            ENGLISH.write_text(self.table(date.today(), "en"), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Record once, not in each of xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Records())
