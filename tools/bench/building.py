"""Measures a build: how long it takes, step by step, and how much memory all its processes hold together."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.bench.table import Row

ROOT = Path(__file__).parents[2]
BUILD = [sys.executable, "-m", "publish", "build"]
STEPS = {"submissions": "收录", "pages": "页面", "search": "索引"}  # as `publish build` says how long they took
TOOK = re.compile(r"^(?:(\w+): |\d+ talks, ).* in ([\d.]+) s$", re.MULTILINE)  # of submissions ingest says it


@dataclass(frozen=True)
class Built:
    """What a build took.

    Attributes:
        seconds: By the clock.
        memory: MB at their peak, of all processes together.
        steps: Seconds by step.
        work: Seconds of all processors, which other programs lengthen less.
        load: How many processes wanted to run when it ended: above the number of cores, `seconds` say little.
    """

    seconds: float
    memory: float
    steps: dict[str, float]
    work: float
    load: float

    @property
    def unindexed(self) -> float:
        """Seconds without the search index."""
        return self.seconds - self.steps.get("索引", 0)

    def on(self, cores: int) -> float:
        """Seconds that it would take on more cores than here, at most: of ingest, which they share too, all counts."""
        pages = self.steps.get("页面", 0)
        return self.unindexed - pages + pages * (os.cpu_count() or 1) / cores

    @property
    def split(self) -> str:
        """Where the time went, and what was measured besides."""
        steps = "，".join(f"{name} {seconds:.1f}" for name, seconds in self.steps.items())
        return f"{steps}；处理器 {self.work:.1f}，负载 {self.load:.1f}"


def build(folder: Path) -> Built:
    """Bring a project's site up to date."""
    began, before = time.perf_counter(), os.times()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    with subprocess.Popen(BUILD, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        peak = Peak(process.pid)
        peak.start()
        printed, _ = process.communicate()
        seconds = time.perf_counter() - began
        peak.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, BUILD, printed)
    after, took = os.times(), {name or "submissions": float(took) for name, took in TOOK.findall(printed)}
    work = after.children_user + after.children_system - before.children_user - before.children_system
    steps = {said: took[name] for name, said in STEPS.items() if name in took}
    return Built(seconds, peak.megabytes, steps, work, os.getloadavg()[0])


class Peak(threading.Thread):
    """Watches the memory of a process with its children, what they share counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.megabytes = pid, 0.0

    def run(self) -> None:
        while Path(f"/proc/{self._pid}/smaps_rollup").exists():
            self.megabytes = max(self.megabytes, sum(map(_share, _family(self._pid))))
            time.sleep(0.5)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _family(int(child))


def _share(pid: int) -> float:
    with suppress(OSError):
        found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0
    return 0


def change(folder: Path, number: int) -> None:
    """Write another line into a note."""
    note = folder / "talks/notes/005.md"
    note.write_text(f"{note.read_text('utf-8')}\n改动{number}。\n", "utf-8")


def changed(folder: Path) -> Built:
    """A build after one changed note, the middle of three."""
    made = []
    for number in range(3):
        change(folder, number)
        made.append(build(folder))
    return sorted(made, key=lambda one: one.unindexed)[1]


def rows(questions: int, whole: Built, again: Built, goal: float, goal_again: float) -> list[Row]:
    """What it took to build a site of so many questions, and to build it again after a changed note.

    Args:
        questions: How many.
        whole: The build from nothing.
        again: The build after a change.
        goal: Seconds that the first should take at most, without the index.
        goal_again: The same for the second.
    """
    what = f"{questions:,} 个问题，`make site`"
    return [
        Row(
            f"{what}，不算索引", f"{whole.unindexed:.0f} s（{whole.split}）", f"≤ {goal:.0f} s", whole.unindexed <= goal
        ),
        Row(f"{what}，四核时至多：只把页面一步分开算", f"{whole.on(4):.0f} s"),
        Row(f"{what}的峰值内存，所有进程合计", f"{whole.memory:,.0f} MB", "≤ 1,000 MB", whole.memory <= 1000),
        Row(
            f"{what}，改一篇笔记之后，不算索引",
            f"{again.unindexed:.1f} s（{again.split}）",
            f"≤ {goal_again:.0f} s",
            again.unindexed <= goal_again,
        ),
    ]
