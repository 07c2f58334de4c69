"""The command that begins what people write: `new 005`, `new question NAME`, `new concept NAME`.

Every place to be written begins with ✎ (a note's template says 提示 instead); the checker finds the ones that are left.
"""

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from ingest import files
from ingest.feeds.records import decode
from ingest.limits import LARGEST_PAPERS
from ingest.model import Paper
from ingest.notes import commands as notes
from ingest.pages.ranking import picks
from ingest.reporting import usage

QUESTION_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,11}")
CONCEPT_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+){0,7}")
QUESTION = """\
---
topics: []
asker: ✎ 你的名字，或者删去这一行
date: DAY
---

# ✎ 一句完整的问题，没参加讨论的人也看得懂？

✎ 题目说不清的背景写在这里，否则删去这一段。

## 回答

✎ 先给结论，再解释。只想提问，就把从「## 回答」起的部分都删掉。

—✎ 你的名字

## 参考

- [✎ 论文或文章的题目](https://✎)
"""
CONCEPT = """\
---
title: ✎ 中文名：半行说明
english: "✎ English name: half a line"
aliases: [✎ 各种叫法]
phrases: [✎ 不知道名字的人会怎么说它，中英文都写几条]
group: ✎ 概念页首页上的一个组名
summary: ✎ 一句话：它做什么，为什么要它。
builds_on: [] # ✎ 先要读哪些概念，例如 [layer_norm]
learn: [✎ 读完会知道的一件事, ✎ 第二件, ✎ 第三件]
---

# ✎ 中文名：半行说明

--8<-- "generated/before/NAME.md"

✎ 它回答什么问题？没有它的时候怎么办？

## 想法

✎ 用自己的话和一个小例子讲清楚，再写公式。

## 自测

??? question "✎ 第一个问题？"

    ✎ 答案，两三句。

??? question "✎ 第二个问题？"

    ✎ 答案

??? question "✎ 第三个问题？"

    ✎ 答案

## 参考

- [✎ 论文题目](https://✎)

--8<-- "generated/topics/NAME.md"
"""


def new(options: argparse.Namespace) -> int:
    """Begin a note, a question or a concept page."""
    kind, name = options.what if len(options.what) == 2 else ("note", *options.what[:1])
    if len(options.what) > 2 or kind not in ("note", "question", "concept"):
        return usage("say what: new 005, new question NAME, new concept NAME")
    if kind == "note":
        options.number, news = name, None
        if options.from_papers and (news := _news(options.talks, options.from_papers)) is None:
            return usage(f"no papers of {options.from_papers!r}, a week such as 2026-W48")
        return notes.new(options, news)
    if kind == "question":
        today = datetime.now(UTC).date().isoformat()
        target, form, text = options.talks / "questions" / f"{name}.md", QUESTION_NAME, QUESTION.replace("DAY", today)
        sample = "why-scale-attention"
    else:
        target, form, text = options.docs / "topics" / f"{name}.md", CONCEPT_NAME, CONCEPT.replace("NAME", name)
        sample = "layer_norm"
    if not form.fullmatch(name):
        return usage(f"{name!r} is no name of a {kind}, such as {sample}")
    return _begin(target, text, (options.talks if kind == "question" else options.docs).parent)


def _news(talks: Path, week: str) -> list[str] | None:
    """A week's picks as items of a note's news, each with a place for one's own sentence; None where there are none."""
    if not re.fullmatch(r"\d{4}-W\d\d", week):
        return None
    sources, _ = files.read([talks / "papers" / f"{week}.jsonl"], talks.parent, LARGEST_PAPERS)
    chosen = [paper for source in sources for paper in picks(decode(source)[0])]
    return [f"- [{_bracketed(paper)}]({paper.url})：✎ 一句自己的话 —✎ 署名" for paper in chosen] or None


def _bracketed(paper: Paper) -> str:
    """A title as it may stand in a link's brackets."""
    return re.sub(r"([\[\]\\])", r"\\\1", paper.title)


def _begin(target: Path, text: str, root: Path) -> int:
    if target.exists():
        print(f"{target} exists", file=sys.stderr)
        return 1
    files.write_text(target, text, root)
    print(f"{target}: write what stands at every ✎, then `make check`")
    return 0
