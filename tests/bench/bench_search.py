"""Bytes a reader fetches for the first query: Pagefind against Material's own index, over the same pages."""

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

TITLE = "搜索：第一次查询取多少字节"
INDEX = [sys.executable, "-m", "browser.search_index", "site"]
QUESTIONS = 3_000
QUERY = "LoRA"
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


def ask_lunr(page: Page) -> None:
    """Material's own search, which our style sheet hides."""
    page.add_style_tag(content=".md-header .md-search { display: block !important }")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially(QUERY)  # it listens to keys
    page.locator(".md-search-result__item").first.wait_for(timeout=120_000)


def fetched(folder: Path, ask: Callable[[Page], None]) -> int:
    """Bytes over the wire of what the search needs up to the first results; gzipped where that helps, as hosts do."""
    responses: list[Response] = []
    with served(folder) as address, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page()
        page.context.on("response", lambda response: responses.append(response))
        page.goto(f"{address}qa/q00001/", wait_until="networkidle")
        ask(page)
        page.wait_for_load_state("networkidle")
        own = [response for response in responses if response.ok and re.search("/pagefind/|search", response.url)]
        bodies = {response.url: response.body() for response in own}
        browser.close()
    return sum(min(len(body), len(gzip.compress(body, 6))) for body in bodies.values())


def measure() -> list[Row]:
    """Build the same pages for both, and ask the same question of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, QUESTIONS, 60, 2_000)
        run(BUILD, folder)
        run(MKDOCS, folder)
        indexing, memory, _ = run(INDEX, folder)
        (folder / "mkdocs-lunr.yml").write_text(LUNR, "utf-8")
        run([*MKDOCS, "--config-file", "mkdocs-lunr.yml"], folder)
        ours, theirs = fetched(folder / "site", ask_pagefind), fetched(folder / "site-lunr", ask_lunr)
    return [
        Row(f"Pagefind，{QUESTIONS:,} 个问题，查「{QUERY}」", f"{ours / 1000:,.0f} kB"),
        Row("Material 自带的索引，同样的页面与查询", f"{theirs / 1000:,.0f} kB"),
        Row("前者占后者", f"{ours / theirs:.3f}", "< 1", ours < theirs),
        Row("Pagefind 建索引", f"{indexing:.1f} s，峰值内存 {memory:.0f} MB"),
    ]
