"""Other searches over the same pages, each as it comes: what they find for a query, as addresses of pages.

Pagefind and jieba are no dependencies of the project: they are installed into a folder of their own when they are first
measured. What cannot be had is left out, and named.
"""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tools.bench.bench_scale import served

HOME = Path.home() / ".cache" / "openllm-wiki" / "bench-peers"
PACKAGES = ["pagefind[extended]==1.5.2", "jieba==0.42.1", "rank-bm25==0.2.2"]
# A theme's search is a worker that is set up by the page; the same messages are sent to it from here.
THEME = """
const Native = Worker;
window.Worker = class extends Native {
  waiting = []; // for answers, which come in the order of the queries: the page asks one of its own as it begins
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (data.type === 1) window.ready = true;
      if (data.type === 3) this.waiting.shift()?.(data.data.items);
    });
    window.ask = async (query) => {
      const input = { type: "operator", data: { operator: "and", operands: [] } };
      const filter = { input, aggregation: { input: [{ type: "term", data: { field: "tags" } }] } };
      const message = { type: 2, data: this.items ? { input: query, filter } : query };
      const items = await new Promise((resolve) => this.send(message, resolve));
      const places = items.map((item) => (this.items ? this.items[item.id] : item[0]).location);
      return [...new Set(places.map((place) => new URL(place, "http://site/").pathname))];
    };
  }
  send(message, answered) {
    if (message.type === 2) this.waiting.push(answered);
    super.postMessage(message);
  }
  postMessage(message) {
    if (message.type === 0) this.items = message.data.items;
    this.send(message, () => {});
  }
};
"""
PAGEFIND = """async () => {
  const pagefind = await import("/pagefind/pagefind.js");
  window.ask = async (query) => {
    const { results } = await pagefind.search(query);
    return (await Promise.all(results.slice(0, 400).map((one) => one.data()))).map(({ url }) => url);
  };
}"""
BM25 = """
import json, sys, jieba
from rank_bm25 import BM25Okapi
jieba.setLogLevel(60)
pages, queries = json.load(sys.stdin)
cut = lambda text: [word for word in jieba.lcut_for_search(text.lower()) if word.strip()]
index = BM25Okapi([cut(text) for text in pages.values()])
for query in queries:
    scored = sorted(zip(index.get_scores(cut(query)), pages), key=lambda one: -one[0])
    print(json.dumps([page for score, page in scored if score > 0]))
"""
Ask = Callable[[str], list[str]]


def environment() -> Path | None:
    """The Python that has the peers; None where they cannot be installed."""
    python = HOME / "bin" / "python"
    if not python.is_file():
        venv.create(HOME, with_pip=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=False, capture_output=True)
    return None if done.returncode else python


@contextmanager
def theme(browser: Browser, site: Path) -> Iterator[Ask]:
    """The search of a theme: Material's lunr, or Zensical's own."""
    with served(site) as address:
        page = browser.new_page()
        page.add_init_script(THEME)
        page.goto(address)
        page.wait_for_function("window.ready", timeout=400_000)
        yield lambda query: [place.lstrip("/") for place in page.evaluate("query => ask(query)", query)]
        page.close()


@contextmanager
def pagefind(browser: Browser, site: Path, python: Path) -> Iterator[Ask]:
    """Pagefind's own index of the pages, and its own order."""
    subprocess.run([python, "-m", "pagefind", "--silent", "--site", site], check=True)
    with served(site) as address:
        page = browser.new_page()
        page.goto(address)
        page.evaluate(PAGEFIND)
        yield lambda query: [place.lstrip("/") for place in page.evaluate("query => ask(query)", query)]
        page.close()
    shutil.rmtree(site / "pagefind")


def bm25(python: Path, pages: Mapping[str, str], queries: Sequence[str]) -> Ask:
    """BM25 over the words that jieba cuts, of the pages' own text."""
    given = json.dumps([dict(pages), list(queries)])
    done = subprocess.run([python, "-c", BM25], input=given, capture_output=True, text=True, check=True)
    found = dict(zip(queries, map(json.loads, done.stdout.splitlines()), strict=True))
    return found.__getitem__


def say(name: str) -> None:
    """Name a peer that could not be had."""
    sys.stderr.write(f"bench: {name} cannot be had here, and is left out\n")
