"""Helpers for the ingest tests: sources out of strings, and a small project on disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ingest.model import Source

CONCEPT = """\
---
title: LoRA：低秩适配
english: "LoRA: low-rank adaptation"
aliases: [LoRA, 低秩适配]
group: 微调
summary: 冻结原权重，只训练低秩的增量。
---

# LoRA：低秩适配

--8<-- "generated/topics/lora.md"
"""
NOTE = """\
# OpenLLM Talk 101

【编号】：101
【时间】：2024-03-02 21:00
【本期提要】：低秩适配；推理提速
【主持人】：小河
【编辑】：小河、moss7

## 本周新闻

- [一篇讲 LoRA 的文章](https://example.org/lora)：值得一读

## 本周推荐

## Free Talk

### Q1：LoRA 的秩该取多大？ —阿木

A1：从 8 试起。 —小河

### Q2：显存不够怎么办？ —群友

A2：
"""
QUESTION = """\
---
topics: [lora]
---

# LoRA 合并之后还能拆开吗？

## 回答

能，减去同一个增量就行。

## 参考

- [LoRA](https://arxiv.org/abs/2106.09685v2)
"""


@pytest.fixture
def source() -> Callable[..., Source]:
    """Make a `Source` of indented text."""
    return lambda text, path="talks/notes/101.md": Source(path, dedent(text))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one note, one question, one concept and no snippet."""
    files = {"talks/notes/101.md": NOTE, "talks/questions/unmerge-lora.md": QUESTION, "docs/topics/lora.md": CONCEPT}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "snippets").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright, in tests that ran before in this process, keeps a loop running in their thread."""
    run = asyncio.run

    def aside(coroutine: Any) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(run, coroutine).result()

    monkeypatch.setattr(asyncio, "run", aside)
