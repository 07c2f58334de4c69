"""What searches find over the labelled queries: ours as `python -m publish search` says, and others on the same pages.

Zensical gives ten results at most, which costs it recall; readers get no more either. It and lunr answer in a page and
take their time: they are asked `ASKED` queries of each set, on which ours is counted, too.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
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
ASKED = 30  # of each set


def real() -> list[Query]:
    """Questions as people asked them, that a page answers; none where the list is not at hand."""
    lines = REAL.read_text("utf-8").splitlines() if REAL.is_file() else []
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return [Query(row[0], (f"{row[3].strip('/')}/",), True, "real") for row in rows if len(row) > 3 and row[3]]


def _chinese(query: Query) -> bool:
    return bool(re.search(f"[{HAN}]", query.text))


WORDS = "200 个词与短问"
SETS: dict[str, Callable[[Query], bool]] = {
    WORDS: lambda query: query.half == "",
    "自然长度的中文问题，调过的一半": lambda query: query.half == "a" and _chinese(query),
    "自然长度的中文问题，只报告的一半": lambda query: query.half == "b" and _chinese(query),
    "自然长度的英文问题，调过的一半": lambda query: query.half == "a" and not _chinese(query),
    "自然长度的英文问题，只报告的一半": lambda query: query.half == "b" and not _chinese(query),
    "别处收集的真实问题": lambda query: query.half == "real",
}
GOALS = {  # the share of queries whose page is among the first five
    WORDS: 0.98,
    "自然长度的中文问题，只报告的一半": 0.90,
    "自然长度的英文问题，只报告的一半": 0.85,
    "别处收集的真实问题": 58 / 65,
}


def sample(own: Sequence[Query]) -> list[Query]:
    """At most `ASKED` queries of a set, evenly taken, the same every time."""
    count = min(ASKED, len(own))
    return [own[at * len(own) // count] for at in range(count)]


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
    sets = {title: own for title, belongs in SETS.items() if (own := [query for query in asked if belongs(query)])}
    texts = list(dict.fromkeys(query.text for query in asked))
    some = list(dict.fromkeys(query.text for own in sets.values() for query in sample(own)))
    measured: dict[str, Found] = {}
    slow: dict[str, Found] = {}
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
        ours = folder / "site-ours"  # in lunr's site, its own index would go with all that is of an older one of ours
        build(Tree(folder), ours.name)
        measured["本站"] = dict(zip(texts, answers(texts, ours), strict=True))
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, NAMES))), args=FLAGS)
        with peers.theme(browser, lunr) as ask:
            slow["lunr"] = {text: ask(text) for text in some}
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
            slow["Zensical"] = {text: ask(text) for text in some}
    return _rows(sets, measured, slow, pages)


def _rows(
    sets: Mapping[str, Sequence[Query]], measured: Mapping[str, Found], slow: Mapping[str, Found], pages: Pages
) -> list[Row]:
    rows = []
    both = [(measured, list), ({"本站": measured["本站"]} | slow, sample)]  # who is asked, and what of a set
    for title, own in sets.items():
        placed = [{engine: ranks(found, some(own), pages) for engine, found in asked.items()} for asked, some in both]
        count, fewer = (len(made["本站"]) for made in placed)
        for label, last in (("第一条就对", 1), ("前五条里有", 5)):
            good = [
                {name: sum(0 < rank <= last for rank in ranked) for name, ranked in made.items()} for made in placed
            ]
            goal = GOALS.get(title, 0.0) if last == 5 else 42 / 65 if "真实" in title else 0.0
            text = f"；均匀取的 {fewer} 个：".join(map(_text, good))
            wanted = f"≥ {goal * count:.0f}，且领先" if goal else "领先"
            leads = all(made["本站"] == max(made.values()) for made in good)
            fine = leads and good[0]["本站"] >= goal * count - 1e-9
            rows.append(Row(f"{title}（{count} 个），{label}", text, wanted, fine))
    words = sets[WORDS]
    counted = [{name: shares(found, some(words), pages) for name, found in asked.items()} for asked, some in both]
    for at, (label, goal) in enumerate((("召回率（Zensical 至多给十条）", 0.99), ("精确率", 0.95))):
        shown = [{name: f"{figures[at]:.3f}" for name, figures in made.items()} for made in counted]
        text = f"；均匀取的 {len(sample(words))} 个：".join(map(_text, shown))
        rows.append(Row(f"只有词的查询，{label}", text, f"≥ {goal}", counted[0]["本站"][at] >= goal))
    return rows


def _text(figures: Mapping[str, object]) -> str:
    return "，".join(f"{engine} {figure}" for engine, figure in figures.items())
