"""Benchmarks as rows, and the page they are written to."""

import os
import platform
import subprocess
import sys
import timeit
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch


@dataclass(frozen=True)
class Row:
    """One measured figure: what, how much, what it should reach ("" where nothing is asked), and whether it did."""

    what: str
    figure: str
    goal: str = ""
    met: bool | None = None


def run(command: Sequence[str | Path], folder: Path) -> tuple[float, float, str]:
    """Run a command in a folder: wall seconds, peak memory in MB, and what it printed.

    Raises:
        subprocess.CalledProcessError: The command failed.
    """
    script = (
        "import resource, subprocess, sys, time; t = time.perf_counter(); p = subprocess.run(sys.argv[1:]);"
        "s = time.perf_counter() - t; m = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024;"
        "print(f'{s:.4f} {m:.1f}', file=sys.stderr); sys.exit(p.returncode)"
    )
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, command)], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    seconds, memory = done.stderr.splitlines()[-1].split()
    return float(seconds), float(memory), done.stdout


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))


def machine() -> str:
    """The machine in words: processor, cores, memory, GPU, versions."""
    lines = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in lines.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "无 GPU"
    processor = names[0] if names else platform.machine()
    return (
        f"{processor}，{len(os.sched_getaffinity(0))} 核，{memory:.0f} GiB 内存，{gpu}，"
        f"Python {platform.python_version()}，PyTorch {torch.__version__}"
    )


def pace() -> float:
    """Seconds for ten million additions: what a machine does in one day's second takes it two on another."""
    return 10 * min(timeit.repeat("for n in range(1_000_000): x += n", "x = 0", number=1, repeat=9))


def page(groups: Iterable[tuple[str, str, list[Row]]]) -> str:
    """The page `docs/benchmarks.md`: of each group its title, when and on what it was measured, and its rows."""
    lines = [
        "---", "title: 基准测量", "---", "", "# 基准测量", "",
        "由 `make bench` 写成。每个数是中位数。各组可以单独重测，所以各写日期、机器与它那时的快慢。", "",
    ]  # fmt: skip
    for title, measured, rows in groups:
        lines += [f"## {title}", "", f"{measured}。", "", "| 测什么 | 数值 | 目标 | 达到 |", "|---|---|---|---|"]
        for row in rows:
            met = {True: "是", False: "**否**", None: ""}[row.met]
            lines.append(f"| {row.what} | {row.figure} | {row.goal} | {met} |")
        lines.append("")
    return "\n".join(lines)
