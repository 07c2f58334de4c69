"""What searches find over the labelled queries: ours as `python -m publish search` says, and others on the same pages.

Zensical gives ten results at most, which costs it recall; readers get no more either.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

from playwright.sync_api import sync_playwright

from ingest.cli import main as ingest
from ingest.tree import Tree
from publish.search import HAN
from publish.search.ask import answers
from publish.search.index import build
from snippets.__main__ import names
from snippets._site import write_site
from tests.browser.conftest import FLAGS, NAMES
from tests.site.queries import Pages, Query, queries
from tools.bench import peers
from tools.bench.bench_ingest import MKDOCS
from tools.bench.bench_scale import LUNR
from tools.bench.table import Row

TITLE = "搜索：找得全不全、准不准、排得好不好"
ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "inputs" / "search" / "real_questions.tsv"  # of maintainers: its wording stays outside
QUIET = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
ZENSICAL = [Path(sys.executable).parent / "zensical", "build"]
Found = dict[str, list[str]]  # addresses by query


def real() -> list[Query]:
    """Questions as people asked them, that a page answers; none where the list is not at hand."""
    lines = REAL.read_text("utf-8").splitlines() if REAL.is_file() else []
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return [Query(row[0], (f"{row[3].strip('/')}/",), True, "real") for row in rows if len(row) > 3 and row[3]]


def _chinese(query: Query) -> bool:
    return bool(re.search(f"[{HAN}]", query.text))


SETS: dict[str, Callable[[Query], bool]] = {
    "200 个词与短问": lambda query: query.half == "",
    "自然长度的中文问题，调过的一半": lambda query: query.half == "a" and _chinese(query),
    "自然长度的中文问题，只报告的一半": lambda query: query.half == "b" and _chinese(query),
    "自然长度的英文问题，调过的一半": lambda query: query.half == "a" and not _chinese(query),
    "自然长度的英文问题，只报告的一半": lambda query: query.half == "b" and not _chinese(query),
    "别处收集的真实问题": lambda query: query.half == "real",
}
GOALS = {  # the share of queries whose page is among the first five
    "200 个词与短问": 0.98,
    "自然长度的中文问题，只报告的一半": 0.90,
    "自然长度的英文问题，只报告的一半": 0.85,
    "别处收集的真实问题": 58 / 65,
}


def ranks(found: Found, asked: Sequence[Query], pages: Pages) -> list[int]:
    """At which place the first page that answers stands, of each query that has one; 0 for none."""
    made = []
    for query in asked:
        places = [place for place in found[query.text] if place in pages.said]
        if query.best:
            made.append(next((at for at, place in enumerate(places, 1) if place in query.best), 0))
    return made


def shares(found: Found, asked: Sequence[Query], pages: Pages) -> tuple[float, float]:
    """Recall and precision over queries of words: a page is relevant if it says them all.

    One that says them only in its lists of other pages does not count.
    """
    recall, precision = [], []
    for query in asked:
        if query.question or not (relevant := pages.relevant(query)):
            continue
        places = {place for place in found[query.text] if place in pages.said}
        counted = places - (pages.relevant(query, own=False) - relevant)
        recall.append(len(relevant & counted) / len(relevant))
        precision.append(len(relevant & counted) / len(counted) if counted else 0.0)
    return mean(recall), mean(precision)


def measure() -> list[Row]:
    """The same pages for all."""
    asked = queries() + real()
    texts = list(dict.fromkeys(query.text for query in asked))
    measured: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for part in ("docs", "snippets", "theme", "talks"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("runtime", "__pycache__"))
        for path in ROOT.glob("mkdocs*.yml"):
            shutil.copy(path, folder)
        write_site(names(), folder / "docs")
        if ingest(["build", *(f"--{part}={folder / part}" for part in ("talks", "docs", "snippets"))]):
            raise SystemExit("bench: ingest found errors")
        (folder / "mkdocs-lunr.yml").write_text(LUNR, "utf-8")
        subprocess.run([*MKDOCS, "--config-file", "mkdocs-lunr.yml"], cwd=folder, check=True, env=QUIET)
        lunr = folder / "site-lunr"
        pages = Pages(folder, lunr)
        build(Tree(folder), lunr.name)
        measured["本站"] = dict(zip(texts, answers(texts, lunr), strict=True))
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, NAMES))), args=FLAGS)
        with peers.theme(browser, lunr) as ask:
            measured["lunr"] = {text: ask(text) for text in texts}
        if python := peers.environment():
            with peers.pagefind(browser, lunr, python) as ask:
                measured["Pagefind"] = {text: ask(text) for text in texts}
            own = {address: said[0] for address, said in pages.said.items()}
            ask = peers.bm25(python, own, texts)
            measured["BM25 + jieba"] = {text: ask(text) for text in texts}
        else:
            peers.say("Pagefind, jieba")
        subprocess.run(ZENSICAL, cwd=folder, check=True, capture_output=True)
        with peers.theme(browser, folder / "site") as ask:
            measured["Zensical"] = {text: ask(text) for text in texts}
    return _rows(measured, asked, pages)


def _rows(measured: dict[str, Found], asked: Sequence[Query], pages: Pages) -> list[Row]:
    rows = []
    for title, belongs in SETS.items():
        own = [query for query in asked if belongs(query)]
        if not own:
            continue
        placed = {engine: ranks(found, own, pages) for engine, found in measured.items()}
        count = len(placed["本站"])
        for label, last in (("第一条就对", 1), ("前五条里有", 5)):
            good = {engine: sum(0 < rank <= last for rank in made) for engine, made in placed.items()}
            goal = GOALS.get(title, 0.0) if last == 5 else 42 / 65 if "真实" in title else 0.0
            text = "，".join(f"{engine} {number}" for engine, number in good.items())
            wanted = f"≥ {goal * count:.0f}，且领先" if goal else "领先"
            fine = good["本站"] >= goal * count - 1e-9 and good["本站"] == max(good.values())
            rows.append(Row(f"{title}（{count} 个），{label}", text, wanted, fine))
    words = [query for query in asked if query.half == ""]
    counted = {engine: shares(found, words, pages) for engine, found in measured.items()}
    for at, (label, goal) in enumerate((("召回率（Zensical 至多给十条）", 0.99), ("精确率", 0.95))):
        text = "，".join(f"{engine} {made[at]:.3f}" for engine, made in counted.items())
        rows.append(Row(f"只有词的查询，{label}", text, f"≥ {goal}", counted["本站"][at] >= goal))
    return rows
