"""Checking notes and questions, and finding questions that were asked before."""

import random
import sys
import tempfile
import time
from pathlib import Path

from ingest.model import Question
from ingest.questions.duplicates import alike
from tools.bench.corpus import make_project, sentence
from tools.bench.table import Row, middle, run

TITLE = "收录：检查"
CHECK = [sys.executable, "-m", "ingest", "check", "--talks", "talks", "--docs", "docs", "--snippets", "snippets"]


def measure() -> list[Row]:
    """Seconds of `check` over 500 notes, of one note among them, and of comparing 10,000 questions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, 100, 500, 100)
        whole = middle([run(CHECK, folder)[0] for _ in range(3)])
        one = middle([run([*CHECK, "talks/notes/042.md"], folder)[0] for _ in range(3)])
    rng = random.Random(0)
    asked = [Question(str(at), f"{sentence(rng, 8)}？", "", "", (), "talks/questions/q.md", 1) for at in range(10_000)]
    started = time.perf_counter()
    list(alike(asked))
    seconds = time.perf_counter() - started
    return [
        Row("500 篇笔记：`check`", f"{whole:.2f} s", "≤ 5 s", whole <= 5),
        Row("500 篇笔记：`check` 其中一篇", f"{one:.2f} s", "≤ 1 s", one <= 1),
        Row("10,000 个问题：找出问过的", f"{seconds:.2f} s"),
    ]
