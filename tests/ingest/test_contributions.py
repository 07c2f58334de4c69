"""What the site asks for passes: each contribution is made on a copy of the project, and what CI asks of it runs there.

CI checks every text and runs the tests of what the repository holds; the other tests read none of these files, which
`test_no_other_test_reads_what_contributors_write` holds.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTE = """\
# OpenLLM Talk 005

【编号】：005
【时间】：2026-11-27 21:00
【本期提要】：温度；量化
【主持人】：阿青
【talk 视频】：

## 本周新闻

- [LoRA](https://arxiv.org/abs/2106.09685)：重读一遍 —阿青

## 本周推荐

## Free Talk

### Q1：把提示词写进周报模板会让人变懒吗？ —群友

A1：看怎么用。 —阿青

### Q2：int8 量化为什么有时反而更慢？

A2：
"""
FEED = (
    '      <outline type="rss" text="某人的博客" xmlUrl="http://blog.example.org/feed.xml"/>\n    </outline>\n  </body>'
)
CONCEPT = """\
---
title: 校准：概率说到做到
english: "Calibration"
aliases: [置信度校准]
group: 评测
summary: 模型说有八成把握的事，十次里该有八次是对的。
---

# 校准：概率说到做到

--8<-- "generated/topics/calibration.md"
"""


def change(root, name, old, new, count=1):
    text = (root / name).read_text("utf-8")
    assert old in text, f"{name} no longer says {old!r}"
    (root / name).write_text(text.replace(old, new, count), "utf-8")


def note_with_two_questions(root):
    (root / "talks/notes/005.md").write_text(NOTE, "utf-8")


def answer_to_an_open_question(root):
    text = (root / "talks/notes/000.md").read_text("utf-8")
    empty = re.search(r"^A\d+：$", text, re.MULTILINE)
    if empty is None:  # every question of Talk 000 is answered
        return
    answer = f"{empty[0]}训练数据经过更严的去重与过滤，注意力用的是多查询。 —群友"
    (root / "talks/notes/000.md").write_text(text[: empty.start()] + answer + text[empty.end() :], "utf-8")


def question_with_a_mere_warning(root):
    first = min((root / "talks/questions").glob("*.md"))
    asked = re.search(r"^# (.+)$", first.read_text("utf-8"), re.MULTILINE)[1]
    (root / "talks/questions/asked-again.md").write_text(f"# {asked}\n\n换个说法再问一次。\n", "utf-8")


def question_about_something_new(root):
    (root / "talks/questions/weekly-snacks.md").write_text("---\nasker: 群友\n---\n\n# 周六晚上吃些什么？\n", "utf-8")


def new_feed(root):
    change(root, "talks/feeds.opml", "    </outline>\n  </body>", FEED)


def typo_on_a_concept_page(root):
    page = root / "docs/topics/lora.md"
    page.write_text(page.read_text("utf-8").replace("。", "，这里改了一个字。", 1), "utf-8")


def new_concept(root):
    groups = re.findall(r"^  (\S+): ", (root / "docs/topics/index.md").read_text("utf-8"), re.MULTILINE)
    (root / "docs/topics/calibration.md").write_text(CONCEPT.replace("评测", groups[-1]), "utf-8")


# Those of one evening are tried together: none of them could make up for what another lacks.
EVENINGS = {
    "a host": [note_with_two_questions, new_concept, new_feed],
    "a reader": [answer_to_an_open_question, typo_on_a_concept_page, question_about_something_new],
    "somebody who asks again": [question_with_a_mere_warning],
}
WARNED = {"somebody who asks again": {"Q004"}}


@pytest.fixture
def copy(tmp_path):
    """The files that contributors write, and what they refer to."""
    shutil.copytree(ROOT / "talks", tmp_path / "talks")
    shutil.copytree(ROOT / "docs/topics", tmp_path / "docs/topics")
    shutil.copytree(ROOT / "docs/en/topics", tmp_path / "docs/en/topics")
    shutil.copytree(ROOT / "snippets", tmp_path / "snippets", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run_tests_of_content(root, test=""):
    tests = ["-q", "-p", "no:cacheprovider", "-n", "0", f"tests/ingest/test_content.py{test}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        cwd=ROOT,
        env=os.environ | {"WIKI_PROJECT": str(root)},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("evening", EVENINGS)
def test_contributions_are_green(copy, evening):
    for contribute in EVENINGS[evening]:
        contribute(copy)
    places = [f"--{name}={copy / name}" for name in ("talks", "docs", "snippets")]
    checked = subprocess.run(
        [sys.executable, "-m", "ingest", "check", *places], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert set(re.findall(r": ([A-Z]\d{3}) ", checked.stderr)) == WARNED.get(evening, set())
    done = run_tests_of_content(copy)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


@pytest.mark.slow
def test_error_in_a_contribution_is_red(copy):
    (copy / "talks/notes/005.md").write_text(NOTE.replace("Q2：", "Q2 "), "utf-8")
    done = run_tests_of_content(copy, "::test_repository_has_no_error")
    assert done.returncode == 1 and "N010" in done.stdout
