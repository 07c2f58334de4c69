"""A year of papers: 4,000 a week, 200,000 in all. One fetch of a day's, one week's page, the whole build, and memory.

Each part runs in a process of its own, so that its peak memory is its own.
"""

import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.feeds.commands import finder
from ingest.feeds.outcome import Outcome
from ingest.feeds.parse import Feed
from ingest.feeds.records import encode
from ingest.feeds.state import FeedState
from ingest.feeds.store import add_to_archive
from ingest.model import Paper, Source, Week
from ingest.pipeline import Inputs, build
from tools.bench.memory import peak

if TYPE_CHECKING:  # it brings torch, whose 250 MB are not ours
    from tools.bench.table import Row

TITLE = "论文：一年二十万篇"
ROOT = Path(__file__).parents[2]
WEEKS, A_WEEK, A_DAY = 50, 4_000, 800
FIRST = date(2025, 12, 15)
WORDS = (
    "attention language model reward policy token retrieval graph sparse latent planning memory agent diffusion visual"
    " reasoning alignment preference optimization benchmark long context efficient robust multimodal tuning quantized"
).split()
TOPICS = ("rlhf", "lora", "grpo", "moe_routing", "quantization", "long_context", "evaluation", "kv_cache")


def paper(number: int, day: date, chance: random.Random) -> Paper:
    """One of many papers, as arXiv's feed gives it."""
    arxiv = f"{day:%y%m}.{number % 100_000:05}"
    title = " ".join(chance.choice(WORDS) for _ in range(10)).capitalize()
    return Paper(
        f"arxiv:{arxiv}", title, f"https://arxiv.org/abs/{arxiv}", arxiv, "",
        tuple(f"{chance.choice(WORDS).title()} Roe{at}" for at in range(5)), day, "cs.CL updates on arXiv.org",
        topics=tuple(chance.sample(TOPICS, chance.randrange(3))), versions=("v1",), authority="arXiv v1", arrived=day,
        votes=chance.choice([0] * 9 + [chance.randrange(60)]), line="We show that it is so, in a sentence of a length.",
    )  # fmt: skip


def weeks(count: int) -> list[Week]:
    """Whole weeks of papers, in order."""
    chance, made = random.Random(1), []
    for at in range(count):
        monday = FIRST + timedelta(weeks=at)
        papers = tuple(paper(at * A_WEEK + one, monday + timedelta(days=one % 5), chance) for one in range(A_WEEK))
        made.append(Week(f"{monday.isocalendar().year}-W{monday.isocalendar().week:02}", papers))
    return made


def write(folder: Path) -> None:
    """The archive of a year."""
    folder.mkdir(parents=True)
    for week in weeks(WEEKS):
        (folder / f"{week.name}.jsonl").write_text(encode(week), "utf-8")


def measure_fetch(folder: Path) -> dict[str, float]:
    """A day's papers into the archive, its index known: seconds of the processor beside the network and parsing."""
    chance = random.Random(2)
    day = FIRST + timedelta(weeks=WEEKS)
    took = {}
    for name in ("index", "day", "again"):
        papers = tuple(paper(WEEKS * A_WEEK + at, day, chance) for at in range(A_DAY if name != "index" else 1))
        outcome = Outcome("f", FeedState("f"), Feed("f", papers))
        began = time.process_time()
        add_to_archive((outcome,), folder, day, lambda title, abstract: ())
        took[name] = time.process_time() - began
    return took | {"MB": peak()}


def measure_build(folder: Path, count: int) -> dict[str, float]:
    """The pages of the newest weeks: seconds of the processor."""
    paths = sorted(folder.glob("*.jsonl"))[-count:]
    sources = tuple(Source(f"talks/papers/{path.name}", path.read_text("utf-8")) for path in paths)
    topics = [path for path in sorted((ROOT / "docs" / "topics").glob("*.md")) if path.name != "index.md"]
    concepts = tuple(Source(f"docs/topics/{path.name}", path.read_text("utf-8")) for path in topics)
    began = time.process_time()
    pages, _, _ = build(Inputs(papers=sources, concepts=concepts))
    took = time.process_time() - began
    largest = max((pages[f"papers/{path.stem.lower()}.md"].encode() for path in paths), key=len)
    return {"seconds": took, "MB": peak(), "page": len(gzip.compress(largest, 9))}


def labelled() -> dict[str, list[list[str]]]:
    """By name of the set: title, abstract, the concepts that are wanted, and those allowed."""
    folder = Path(__file__).parent
    titles, abstracts, fresh = (
        [line.split("\t") for line in (folder / name).read_text("utf-8").splitlines() if not line.startswith("#")]
        for name in ("papers.tsv", "abstracts.tsv", "fresh.tsv")
    )
    seen = [[title, "", *rest, "", ""][:4] for title, *rest in titles] + [row[1:] for row in abstracts]
    seen += [row[1:5] for row in fresh if row[5] == "tune"]
    unseen = [row[1:5] for row in fresh if row[5] == "report"]
    return {
        "看着调过的": seen,
        "从未看着调的": unseen,
        "其中只有题目的": [row for row in unseen if not row[1]],
        "其中有摘要的": [row for row in unseen if row[1]],
    }


def measure_linking(papers: Iterable[list[str]]) -> tuple[int, float, float]:
    """Against labels by hand: how many papers, recall and precision."""
    find = finder(ROOT / "docs")
    right = wrong = missed = count = 0
    for title, abstract, *labels in papers:
        wanted, allowed = (set(names.split()) for names in labels)
        found, count = set(find(title, abstract)), count + 1
        right += len(found & wanted)
        wrong += len(found - wanted - allowed)
        missed += len(wanted - found)
    return count, right / (right + missed), right / (right + wrong)


def _alone(what: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tools.bench.bench_papers", what, *arguments]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def measure() -> "list[Row]":
    """All of it."""
    from tools.bench.table import Row

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "talks" / "papers"
        _alone("write", str(folder))
        fetch = _alone("fetch", str(folder))
        tenth, whole = (_alone("build", str(folder), str(count)) for count in (WEEKS // 10, WEEKS))
    total = f"{WEEKS * A_WEEK:,} 篇"
    growth = whole["seconds"] / tenth["seconds"]
    linked = {name: measure_linking(papers) for name, papers in labelled().items()}
    count, recall, precision = linked.pop("从未看着调的")
    kinds = "；".join(f"{name} {of} 篇 {found:.2f} / {right:.2f}" for name, (of, found, right) in linked.items())
    small, light = whole["MB"] <= 500, whole["page"] <= 45_000
    return [
        Row(f"给 {count} 篇从未看着调的论文找概念：召回率", f"{recall:.2f}（{kinds}）", "≥ 0.75", recall >= 0.75),
        Row("同上：准确率", f"{precision:.2f}", "≥ 0.9", precision >= 0.9),
        Row(f"{total}：没有索引时抓取一次（记下索引）", f"{fetch['index']:.1f} s 处理器时间"),
        Row(f"{total}：抓来一天的 {A_DAY} 篇", f"{fetch['day']:.2f} s", "≤ 5 s", fetch["day"] <= 5),
        Row(f"{total}：再抓一次同样的", f"{fetch['again']:.2f} s", "≤ 5 s", fetch["again"] <= 5),
        Row("抓取时的内存峰值", f"{fetch['MB']:.0f} MB", "≤ 500 MB", fetch["MB"] <= 500),
        Row(
            f"{total}：生成论文的全部页面",
            f"{whole['seconds']:.1f} s、{whole['MB']:.0f} MB",
            "≤ 500 MB",
            small,
        ),
        Row("十倍的论文，生成用时", f"{growth:.1f} 倍", "≤ 13 倍", growth <= 13),
        Row(
            f"一周 {A_WEEK:,} 篇的页面，压缩后（不含主题）",
            f"{whole['page'] / 1000:.0f} kB",
            "≤ 45 kB",
            light,
        ),
    ]


def _write(folder: Path) -> dict[str, float]:
    write(folder)
    return {}


if __name__ == "__main__":
    parts = {"write": _write, "fetch": measure_fetch}
    place = Path(sys.argv[2])
    part = parts.get(sys.argv[1])
    print(json.dumps(part(place) if part else measure_build(place, int(sys.argv[3]))))
