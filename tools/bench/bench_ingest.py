"""Ingest against the generator that builds its pages, in one run."""

import json
import sys
import tempfile
from pathlib import Path

from ingest.addresses import OWNED
from tools.bench.corpus import make_project
from tools.bench.table import Row, middle, run

TITLE = "收录：生成页面"
BUILD = [
    sys.executable,
    "-m",
    "ingest",
    "build",
    "--json",
    "--talks",
    "talks",
    "--docs",
    "docs",
    "--snippets",
    "snippets",
]
MKDOCS = [Path(sys.executable).parent / "mkdocs", "build", "--quiet"]
SIZES = {1_000: (20, 2_000), 10_000: (200, 20_000)}  # questions: (notes, papers)


def measure() -> list[Row]:
    """Time, memory and growth of `python -m ingest build`."""
    rows, seconds = [], {}
    for questions, (notes, papers) in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_project(folder, questions, notes, papers)
            what = f"{questions:,} 个问题、{notes} 篇笔记、{papers:,} 篇论文"
            times, again = [], []
            for attempt in range(3):
                if attempt:
                    run(["rm", "-rf", *(f"docs/{part}" for part in OWNED)], folder)
                took, memory, _ = run(BUILD, folder)
                times.append(took)
                took, _, printed = run(BUILD, folder)
                again.append(took)
                counts = json.loads(printed)
            seconds[questions] = middle(times)
            site, site_memory, _ = run(MKDOCS, folder)
            share = seconds[questions] / site
            rows += [
                Row(f"{what}：收录", f"{seconds[questions]:.2f} s，峰值内存 {memory:.0f} MB"),
                Row(f"{what}：`mkdocs build` 同样的页面", f"{site:.1f} s，峰值内存 {site_memory:.0f} MB"),
                Row(f"{what}：收录占 `mkdocs build` 的时间", f"{share:.3f}", "≤ 0.1", share <= 0.1),
                Row(
                    f"{what}：第二次运行",
                    f"{middle(again):.2f} s，写 {counts['written']} 个文件",
                    "0 个",
                    counts["written"] == 0,
                ),
            ]
    small, large = sorted(SIZES)
    growth = seconds[large] / seconds[small]
    return [*rows, Row("输入大 10 倍，时间增长", f"{growth:.1f} 倍", "≤ 12（线性）", growth <= 12)]
