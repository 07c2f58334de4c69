"""Bytes a reader fetches for a query: Pagefind at scale, and against Material's own index over the same pages."""

import gzip
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, Response, sync_playwright

from browser.serve import Quiet
from tests.bench.bench_ingest import BUILD, MKDOCS
from tests.bench.corpus import make_project
from tests.bench.table import Row, run
from tests.browser.conftest import FLAGS, NAMES

TITLE = "搜索：查询取多少字节，建索引要多少内存"
INDEX = [sys.executable, "-m", "browser.search_index", "site"]
MANY, QUESTIONS = 10_000, 3_000
QUERY, NEXT = "LoRA", "显存"
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


def ask_pagefind(page: Page) -> None:
    """Our search, by keyboard."""
    page.keyboard.press("/")
    page.locator(".wiki-search input[type=search]").fill(QUERY)
    page.locator(".wiki-search__result").first.wait_for()


def ask_more(page: Page) -> None:
    """Another query, the search being open."""
    page.locator(".wiki-search input[type=search]").fill(NEXT)
    page.locator(".wiki-search mark", has_text=NEXT).first.wait_for()


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
    with served(folder) as address, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page()
        page.context.on("response", lambda response: responses.append(response))
        page.goto(f"{address}qa/q00001/", wait_until="networkidle")
        for ask in asks:
            ask(page)
            page.wait_for_load_state("networkidle")
            own = [response for response in responses if response.ok and re.search("/pagefind/|search", response.url)]
            bodies = {response.url: response.body() for response in own}
            sums.append(sum(min(len(body), len(gzip.compress(body, 6))) for body in bodies.values()))
            responses.clear()
        browser.close()
    return sums


def build(folder: Path, questions: int, talks: int, papers: int) -> tuple[float, float]:
    """A site and its index: how long the index took in seconds, and its peak memory in MB."""
    make_project(folder, questions, talks, papers)
    run(BUILD, folder)
    run(MKDOCS, folder)
    seconds, memory, _ = run(INDEX, folder)
    return seconds, memory


def measure() -> list[Row]:
    """Many pages; then the same pages for both, and the same question to each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, memory = build(folder, MANY, 200, 20_000)
        first, later = fetched(folder / "site", ask_pagefind, ask_more)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, QUESTIONS, 60, 2_000)
        (folder / "mkdocs-lunr.yml").write_text(LUNR, "utf-8")
        run([*MKDOCS, "--config-file", "mkdocs-lunr.yml"], folder)
        (ours,), (theirs,) = fetched(folder / "site", ask_pagefind), fetched(folder / "site-lunr", ask_lunr)
    return [
        Row(
            f"{MANY:,} 个问题，第一次查询「{QUERY}」，连同程序", f"{first / 1000:,.0f} kB", "≤ 250 kB", first <= 250_000
        ),
        Row(f"{MANY:,} 个问题，接着查询「{NEXT}」", f"{later / 1000:,.0f} kB", "≤ 100 kB", later <= 100_000),
        Row(f"{MANY:,} 个问题，建索引", f"{seconds:.1f} s"),
        Row(f"{MANY:,} 个问题，建索引的峰值内存", f"{memory:,.0f} MB", "≤ 1,000 MB", memory <= 1000),
        Row(f"{QUESTIONS:,} 个问题，第一次查询「{QUERY}」", f"{ours / 1000:,.0f} kB"),
        Row("Material 自带的索引，同样的页面与查询", f"{theirs / 1000:,.0f} kB"),
        Row("前者占后者", f"{ours / theirs:.3f}", "< 1", ours < theirs),
    ]
