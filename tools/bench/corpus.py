"""A project of any size, made of the same words every time: for benchmarks, not for readers."""

import json
import random
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

from ingest.addresses import OWNED

ROOT = Path(__file__).parents[2]
WORDS = (
    "注意力 矩阵 梯度 显存 序列 长度 学习率 参数 权重 损失 收敛 精度 采样 概率 分布 词表 训练 推理 微调 对齐 奖励 策略 "
    "优势 估计 缓存 并行 通信 流水线 激活 归一化 残差 位置 旋转 外推 插值 量化 剪枝 蒸馏 检索 嵌入 相似度 数据 清洗 "
    "去重 模型 层数 头数 维度 掩码 填充 批次 吞吐 延迟 带宽 LoRA RoPE GAE DPO softmax token batch BPE KV-cache GQA"
).split()
JOINS = ("为什么", "怎样", "什么时候", "能不能", "比较", "影响", "决定", "取决于", "和", "之后", "之前", "等于", "大于")


def sentence(rng: random.Random, words: int) -> str:
    """A sentence of about `words` words that means nothing but is cut like Chinese."""
    return "".join(rng.choice(JOINS) + rng.choice(WORDS) for _ in range(words // 2))


def make_project(folder: Path, questions: int, notes: int, papers: int) -> None:
    """Write a project with the real pages and templates, and this many generated inputs."""
    rng = random.Random(questions)
    made = {*OWNED, "runtime"}  # of the project's own inputs
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=lambda at, _: made if Path(at) == ROOT / "docs" else set())
    for name in ("snippets", "theme", "browser", "widgets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("mkdocs*.yml"):
        shutil.copy(path, folder)
    concepts = sorted(path.stem for path in (folder / "docs" / "topics").glob("*.md") if path.stem != "index")
    for name in ("notes", "questions", "papers"):
        (folder / "talks" / name).mkdir(parents=True)
    for number in range(questions):
        named = ", ".join(rng.sample(concepts, 2))
        answer = "\n\n".join("，".join(sentence(rng, 8) for _ in range(4)) + "。" for _ in range(3))
        text = f"---\ntopics: [{named}]\n---\n\n# {sentence(rng, 8)}？\n\n{answer}\n\n## 参考\n\n- [文](https://example.org/{number})\n"
        (folder / "talks" / "questions" / f"q{number:05}.md").write_text(text, "utf-8")
    for number in range(notes):
        day = date(2020, 1, 4) + timedelta(weeks=number)
        links = "\n".join(f"- [{sentence(rng, 6)}](https://example.org/{number}/{at})" for at in range(8))
        asked = "\n\n".join(
            f"### Q{at}：{sentence(rng, 8)}？ —人{at}\n\nA{at}：{sentence(rng, 20)}。 —人{at + 1}" for at in range(1, 5)
        )
        text = (
            f"# OpenLLM Talk {number:03}\n\n【编号】：{number:03}\n【时间】：{day} 21:00\n"
            f"【本期提要】：{sentence(rng, 4)}\n【主持人】：人1\n\n"
            f"## 本周新闻\n\n{links}\n\n## 本周推荐\n\n{links}\n\n## Free Talk\n\n{asked}\n"
        )
        (folder / "talks" / "notes" / f"{number:03}.md").write_text(text, "utf-8")
    table = (ROOT / "talks" / "synonyms.txt").read_text("utf-8")
    table = re.sub(r"\bqa/[\w-]+", "qa/q00000", table)  # as many helpful pages, of the questions that are here
    (folder / "talks" / "synonyms.txt").write_text(table, "utf-8")
    weeks: dict[str, list[str]] = {}
    for number in range(papers):
        day = date(2023, 1, 2) + timedelta(days=number % 1000)
        year, week, _ = day.isocalendar()
        title = " ".join(rng.choice(WORDS) for _ in range(8))
        url = f"https://arxiv.org/abs/{2301 + number // 9000}.{number % 9000 + 10000}"
        record = {
            "title": title,
            "url": url,
            "authors": ["A. Author", "B. Author"],
            "published": str(day),
            "feed": "bench",
        }
        weeks.setdefault(f"{year}-W{week:02}", []).append(json.dumps(record, ensure_ascii=False))
    for week, lines in weeks.items():
        (folder / "talks" / "papers" / f"{week}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
