"""A site of 10,000 questions: what it takes to build, and what a query costs a reader, next to Material's search."""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

from playwright.sync_api import Page, Response, sync_playwright

from publish.serve import Quiet
from tests.browser.conftest import FLAGS, NAMES
from tests.site.queries import queries
from tools.bench.bench_ingest import MKDOCS
from tools.bench.building import ROOT, build, changed, rows
from tools.bench.corpus import make_project
from tools.bench.table import Row, run

TITLE = "一万个问题：生成整站的时间与内存，查询的时间与字节"
MANY, QUESTIONS = 10_000, 3_000
QUERY, NEXT, LONG = "LoRA", "显存", "注意力矩阵的梯度和学习率对长序列训练的显存与收敛速度到底有什么样的影响呢"
TIMES = """async (queries) => {
  const { open } = await import("/runtime/search/engine.js");
  const { EMPTY } = await import("/runtime/search/state.js");
  const [index, times] = [await open(), []];
  for (const query of queries) {
    const begun = performance.now();
    await (await index.find({ ...EMPTY, query })).more(10);
    times.push(performance.now() - begun);
  }
  return times;
}"""
LUNR = "INHERIT: mkdocs.yml\nsite_dir: site-lunr\nplugins:\n  - search: {lang: [zh, en]}\n  - mkdocstrings\n"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder's address while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def visited(folder: Path) -> Iterator[tuple[Page, str]]:
    """A fresh Chromium's page, and a folder's address while it is served."""
    with served(folder) as address, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser.new_page(), address
        browser.close()


def ask_ours(page: Page) -> None:
    """Our search, by keyboard."""
    page.keyboard.press("/")
    page.locator(".wiki-search input[type=search]").fill(QUERY)
    page.locator(".wiki-search__result").first.wait_for()


def ask_more(page: Page) -> None:
    """Another query, the search being open."""
    page.locator(".wiki-search input[type=search]").fill(NEXT)
    page.locator(".wiki-search mark", has_text=NEXT).first.wait_for()


def ask_long(page: Page) -> None:
    """A question of 36 characters."""
    page.locator(".wiki-search input[type=search]").fill(LONG)
    page.wait_for_url(f"**q={quote(LONG)}*")
    page.locator(".wiki-search__results[aria-busy=false] mark").first.wait_for()


def ask_lunr(page: Page) -> None:
    """Material's own search, which our style sheet hides."""
    page.add_style_tag(content=".md-header .md-search { display: block !important }")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially(QUERY)  # it listens to keys
    page.locator(".md-search-result__item").first.wait_for(timeout=120_000)


def fetched(folder: Path, *asks: Callable[[Page], None]) -> list[int]:
    """Bytes over the wire of what the search needs for each query; gzipped where that helps, as hosts do."""
    responses: list[Response] = []
    sums = []
    with visited(folder) as (page, address):
        page.context.on("response", lambda response: responses.append(response))
        page.goto(f"{address}qa/q00001/", wait_until="networkidle")
        for ask in asks:
            ask(page)
            page.wait_for_load_state("networkidle")
            own = [response for response in responses if response.ok and "search" in response.url]
            bodies = {response.url: response.body() for response in own}
            sums.append(sum(min(len(body), len(gzip.compress(body, 6))) for body in bodies.values()))
            responses.clear()
    return sums


def slow_end(folder: Path) -> tuple[float, float]:
    """Milliseconds from a query to its first ten results, the 95th percentile: of words, and of whole questions."""
    with visited(folder) as (page, address):
        page.goto(address)
        keywords, natural = (
            page.evaluate(TIMES, [query.text for query in queries() if bool(query.half) == long])
            for long in (False, True)
        )
    return quantiles(keywords, n=20)[-1], quantiles(natural, n=20)[-1]


def indexed(folder: Path) -> float:
    """MB that writing the index from nothing takes at its peak."""
    (folder / ".cache" / "search.bin").unlink()
    code = (
        "from pathlib import Path; from ingest.tree import Tree; from tools.bench.memory import peak;"
        "from publish.search.index import build; build(Tree(Path.cwd())); print(peak())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True, capture_output=True)
    return float(done.stdout)


def measure() -> list[Row]:
    """Many pages; then the same pages for both, and the same question to each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, MANY, 200, 20_000)
        whole = build(folder)
        pages = sum(path.stat().st_size for path in (folder / "site").rglob("*.html")) / 1e6
        first, later, long = fetched(folder / "site", ask_ours, ask_more, ask_long)
        slow, slower = slow_end(folder / "site")
        again = changed(folder)
        made = rows(MANY, whole, again, 150, 10)
        index, memory, reindexed = whole.steps["索引"], indexed(folder), again.steps["索引"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, QUESTIONS, 60, 6_000)
        growth = whole.unindexed / build(folder).unindexed
        (folder / "mkdocs-lunr.yml").write_text(LUNR, "utf-8")
        run([*MKDOCS, "--config-file", "mkdocs-lunr.yml"], folder)
        (ours,), (theirs,) = fetched(folder / "site", ask_ours), fetched(folder / "site-lunr", ask_lunr)
    return [
        *made,
        Row(f"{MANY:,} 个问题，所有页的 HTML", f"{pages:.0f} MB", "≤ 400 MB", pages <= 400),
        Row(f"输入大 {MANY / QUESTIONS:.1f} 倍，时间增长", f"{growth:.1f} 倍", "≤ 4（线性）", growth <= 4),
        Row(
            f"{MANY:,} 个问题，第一次查询「{QUERY}」，连同程序", f"{first / 1000:,.0f} kB", "≤ 120 kB", first <= 120_000
        ),
        Row(f"{MANY:,} 个问题，接着查询「{NEXT}」", f"{later / 1000:,.0f} kB", "≤ 40 kB", later <= 40_000),
        Row(f"{MANY:,} 个问题，{len(LONG)} 字的一问", f"{long / 1000:,.0f} kB", "≤ 120 kB", long <= 120_000),
        Row(f"{MANY:,} 个问题，几个词到前十条结果，p95", f"{slow:.0f} ms", "≤ 100 ms", slow <= 100),
        Row(f"{MANY:,} 个问题，整句到前十条结果，p95", f"{slower:.0f} ms", "≤ 100 ms", slower <= 100),
        Row(f"{MANY:,} 个问题，写索引", f"{index:.1f} s", "≤ 20 s", index <= 20),
        Row(f"{MANY:,} 个问题，写索引的峰值内存", f"{memory:,.0f} MB", "≤ 500 MB", memory <= 500),
        Row(f"{MANY:,} 个问题，改一篇笔记之后写索引", f"{reindexed:.1f} s", "≤ 2 s", reindexed <= 2),
        Row(f"{QUESTIONS:,} 个问题，第一次查询「{QUERY}」", f"{ours / 1000:,.0f} kB"),
        Row("Material 自带的索引，同样的页面与查询", f"{theirs / 1000:,.0f} kB"),
        Row("前者占后者", f"{ours / theirs:.3f}", "< 1", ours < theirs),
    ]
