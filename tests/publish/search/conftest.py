"""A small project to index, and how to ask its index."""

import json
from pathlib import Path

import pytest

from ingest.tree import Tree
from publish.search.ask import answers
from publish.search.index import build

CONCEPT = """---
title: {title}
english: "{english}"
aliases: [{aliases}]
group: 组
summary: {summary}
---

# {title}

{text}
"""
CONCEPTS = {
    "lora": (
        "LoRA：低秩适配",
        "LoRA: low-rank adaptation",
        "LoRA, 低秩适配",
        "只训练低秩的增量。",
        "冻结权重，显存省下来。",
    ),
    "rope": ("RoPE：旋转位置编码", "RoPE: rotary positions", "RoPE, 旋转位置编码", "按位置旋转。", "它也是位置编码。"),
    "reward": (
        "奖励模型",
        "Reward model",
        "奖励模型, reward model",
        "给回答打分。",
        "两两比较。\n\n## 公式 { #loss }\n\n$\\frac{a}{b}$",
    ),
}
SYNONYMS = "# 备注\n奖励模型 = RM = 打分模型 = judgenet = judge-net\n重复 = 复读机 = repetition -> lora\n"


def question(name: str, title: str, answer: str, **more: object) -> str:
    line = {
        "kind": "question", "address": f"qa/{name}/", "title": title, "date": "2026-01-02", "topics": ["lora"],
        "code": False, "status": "answered", "talk": "", "people": ["甲"], "also": [], "asked": "", "answers": [answer],
        "references": [],
    }  # fmt: skip
    return json.dumps(line | more, ensure_ascii=False) + "\n"


RECORDS = (
    question("rank", "LoRA 的秩取多大？", "从 8 试起。`torch.topk` 与 KV-Cache 无关。")
    + question("loop", "生成的文本总在重复，怎么办？", "调高惩罚。")
    + question("open", "熵是什么？", "", status="open", answers=[], topics=[])
    + json.dumps({
        "kind": "paper", "address": "papers/2026-w01/", "title": "On Reward Hacking", "date": "2026-01-03",
        "topics": ["reward"], "code": False, "url": "https://example.org/p", "anchor": "reward",
        "people": [], "feed": "源",
    }, ensure_ascii=False)
    + "\n"
)  # fmt: skip


def write(root: Path) -> Path:
    """The project's texts."""
    topics = root / "docs" / "topics"
    topics.mkdir(parents=True)
    for name, (title, english, aliases, summary, text) in CONCEPTS.items():
        page = CONCEPT.format(title=title, english=english, aliases=aliases, summary=summary, text=text)
        (topics / f"{name}.md").write_text(page, "utf-8")
    for place, text in {
        "docs/guide/notes.md": "# 笔记的写法\n\n这里说怎样写一篇笔记，从编号到版块，一步一步来，写完请检查一遍。\n",
        "docs/en/guide/notes.md": "# Writing notes\n\nThis page tells how notes are written, step by step.\n",
        "docs/widgets/lora.md": "# 实验里的字\n\n别的页引入这一段，它自己不是一页，所以什么也不该找到这里来。\n",
        "docs/generated/search.jsonl": RECORDS,
        "talks/synonyms.txt": SYNONYMS,
    }.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text, "utf-8")
    (root / "site").mkdir()
    return root


@pytest.fixture
def project(tmp_path) -> Path:
    return write(tmp_path)


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    """Asks the index of the project: from a query to addresses."""
    root = write(tmp_path_factory.mktemp("asked"))
    build(Tree(root))

    def ask(*queries: str, language: str = "zh") -> list[list[str]]:
        return list(answers(queries, root / "site", language))

    return ask
