"""Run snippets' tests and record with what they passed: `python -m tools.records [NAME...]`, `make records`.

A test counts where it ran: its parameters name the device, and the run in the browser reports what passed there. A
snippet is recorded when none of its tests failed; the others keep the record they have. See `snippets/_records.py`.
"""

import argparse
import os
import platform
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import pytest
import torch

from ingest.files import write_text
from snippets import _records
from snippets.__main__ import names

IN_BROWSER = "tests/browser/test_snippets_in_chromium.py"
TEST = re.compile(r"tests/snippets/test_(?P<name>\w+)\.py(?:::\w+(?:\[(?P<parameters>.*)\])?)?$", re.DOTALL)
DEVICE = re.compile(r"(?<![a-z])cuda(?![a-z])")


class Results:
    """What a run of pytest says, by snippet and place: `cpu`, `cuda`, `browser`."""

    def __init__(self) -> None:
        self.passed: dict[str, Counter[str]] = defaultdict(Counter)
        self.failed: Counter[str] = Counter()
        self.browser = ""
        self.browser_failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of every test; with xdist, of the workers' tests too."""
        if report.failed:
            self._fail(report.nodeid)
        elif report.passed and report.when == "call":
            if test := TEST.match(report.nodeid):
                self.passed[test["name"]]["cuda" if DEVICE.search(test["parameters"] or "") else "cpu"] += 1
            told = dict(report.user_properties)
            self.browser = str(told.get("browser", self.browser))
            for name, count in told.get("passed in the browser", {}).items():
                self.passed[name]["browser"] += count

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Hear of a test file that cannot be imported."""
        if report.failed:
            self._fail(report.nodeid)

    def _fail(self, nodeid: str) -> None:
        self.browser_failed |= nodeid.startswith(IN_BROWSER)
        if test := TEST.match(nodeid):
            self.failed[test["name"]] += 1

    def amiss(self, name: str) -> str:
        """Why a snippet gets no record, or ""."""
        if self.failed[name]:
            return f"{self.failed[name]} of its tests failed"
        if self.browser_failed:
            return "the run in the browser failed"
        return "" if self.passed[name]["cpu"] else "none of its tests ran"

    def record(self, name: str, day: date) -> _records.Record:
        """The record of a snippet that `amiss` says nothing of."""
        device = [torch.cuda.get_device_name()] if self.passed[name]["cuda"] else []
        system = f"{platform.system()} {platform.machine()}"
        machine = ", ".join([f"Python {platform.python_version()}", f"torch {torch.__version__}", system, *device])
        return {
            "content": _records.content_of(name),
            "date": day.isoformat(),
            "machine": machine,
            "browser": self.browser if self.passed[name]["browser"] else "",
            "passed": {place: self.passed[name][place] for place in _records.PLACES if self.passed[name][place]},
        }


def update(wanted: Sequence[str], results: Results, day: date) -> list[str]:
    """Write the records of a run into the file, and leave those of all other snippets as they are.

    Returns:
        A line for each snippet that got none.
    """
    records = {name: record for name, record in _records.load(_records.FILE).items() if name in names()}
    amiss = {name: reason for name in wanted if (reason := results.amiss(name))}
    records |= {name: results.record(name, day) for name in wanted if name not in amiss}
    write_text(
        _records.FILE, _records.dump(records), _records.ROOT if _records.FILE.is_relative_to(_records.ROOT) else None
    )
    return [f"{name}: not recorded, {reason}" for name, reason in amiss.items()]


def main(argv: Sequence[str] | None = None) -> int:
    """Run and record. Exit codes: 0 all recorded, 1 some not, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tools.records", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[[], *names()], metavar="NAME", help="default: all snippets")
    wanted = parser.parse_args(argv).names or names()
    os.environ["WIKI_SNIPPETS"] = " ".join(wanted)  # heard by the run in the browser
    results = Results()
    files = [file for name in wanted if (_records.ROOT / (file := f"tests/snippets/test_{name}.py")).is_file()]
    pytest.main(["--numprocesses", "2", *files, IN_BROWSER], plugins=[results])
    lines = update(wanted, results, date.today())
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
