"""Runnable blocks of the built site in a real Chromium, as a reader has them: starts, output, Stop, memory."""

import gzip
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, NAMES, PREFIX, SiteHandler, serving
from tests.browser.test_cell import ENDLESS, LORA, RUN_SECONDS, Cell, end_of, visit
from tests.browser.test_worker import Site
from tools.bench.bench_browser import runtime_alone, time_bare
from tools.bench.step import step
from tools.bench.table import Row, middle

TITLE = "浏览器里的代码块"
ROUNDS = 3
STOPS = 3  # of each endless code
PAGES = 20
OTHER = "qa/rope-rotation/"
CORE = ("self_attention", "lora", "gae", "dpo_loss", "sampling", "rope", "kv_cache", "flash_attention")

# Milliseconds to the first output, and the longest time that the line beside the progress bar stood still.
FIRST_OUTPUT = """() => new Promise((resolve) => {
  const code = document.querySelector(".wiki-cell__output > pre > code");
  const began = performance.now();
  let moved = began, still = 0;
  new MutationObserver(() => {
    still = Math.max(still, performance.now() - moved);
    moved = performance.now();
  }).observe(document.querySelector(".wiki-cell__progress span"), { childList: true });
  new MutationObserver(() => code.querySelector(".wiki-cell__chunk") && resolve([performance.now() - began, still]))
    .observe(code, { childList: true, subtree: true });
  document.querySelector(".wiki-cell__run").click();
})"""
KEPT = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith("openllm-wiki-kit-"));
  return name !== undefined && (await (await caches.open(name)).keys()).length > 0;
}"""
STOP = """async (button) => {
  const began = performance.now();
  button.click();
  while (button.closest(".wiki-cell").dataset.state === "running") await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
LINES = "import time\nfor _ in range(20):\n    print(time.time())\n    time.sleep(0.1)"
WATCH_LINES = """code => {
  window.seen = [];
  new MutationObserver(() => seen.push([Date.now() / 1000, code.textContent]))
    .observe(code, { childList: true, subtree: true, characterData: true });
}"""
FLOOD = "for n in range(200_000):\n    print(n, 'x' * 30)\nprint('y' * 200_000)\n"


class Counting(SiteHandler):
    """Notes the runtime's files that it sends."""

    sent: set[str]

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """The body of an answer: none where the browser's copy still holds."""
        if self.path.startswith("/runtime/"):
            self.sent.add(self.translate_path(self.path))
        super().copyfile(source, outputfile)


def measure() -> list[Row]:
    """Everything, in one browser but for the memory, which has one of its own."""
    Counting.sent = set()
    path = next(filter(None, map(shutil.which, NAMES)))
    with serving(Counting) as url, runtime_alone() as alone, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with step("starts"):
            rows = starts(browser, url, alone)
        with step("restarts"):
            rows += restarts(browser, url)
        page = open_page(browser, url)
        with step("output"):
            rows += output(Cell(page).run())
        with step("stops"):
            rows += stops(page)
        rows += examples(page)
        browser.close()
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with step("memory"):
            rows.append(memory_growth(browser, url))
        browser.close()
    return rows


def open_page(browser: Browser, url: str) -> Page:
    """A page of a fresh profile, with cells."""
    context = browser.new_context(base_url=url, locale="zh-CN", viewport={"width": 1280, "height": 850})
    return arrived(context.new_page())


def arrived(page: Page) -> Page:
    """A page whose cells are there: on a busy machine they come after all else has grown quiet."""
    page.goto(LORA, wait_until="networkidle")
    page.locator(".wiki-cell__run").first.wait_for(timeout=RUN_SECONDS)
    return page


def wait(page: Page, condition: str) -> None:
    """Until an asynchronous condition holds in a page."""
    while not page.evaluate(condition):
        page.wait_for_timeout(100)


AGAIN = """async () => {
  document.querySelector(".wiki-cell__restart").click();
  await new Promise((done) => setTimeout(done, WAIT));
}"""


def restarts(browser: Browser, url: str) -> list[Row]:
    """From the click on Run to the first output after Restart: at once, and after two seconds of reading."""
    found: dict[int, list[float]] = {0: [], 2000: []}
    page = open_page(browser, url)
    Cell(page).run()
    for _ in range(ROUNDS):
        for wait, took in found.items():
            page.evaluate(AGAIN.replace("WAIT", str(wait)))
            page.evaluate("document.querySelector('.wiki-cell__output > pre > code').replaceChildren()")
            took.append(page.evaluate(FIRST_OUTPUT)[0])
            Cell(page).expect_state("done")
    page.context.close()
    at_once, later = (middle(took) for took in found.values())
    return [
        Row("「重启」之后立刻点「运行」，到第一行输出", f"{at_once / 1000:.2f} s"),
        Row("同上，两秒之后才点", f"{later / 1000:.2f} s", "≤ 0.5 s", later <= 500),
    ]


def starts(browser: Browser, url: str, alone: Site) -> list[Row]:
    """From the click to the first output, at a first visit and at a second, against bare Pyodide with NumPy."""
    bare, cold, warm, still = [], [], [], []
    for _ in range(ROUNDS):
        bare.append(time_bare(browser, alone))
        page = open_page(browser, url)
        Counting.sent.clear()
        took, stood = page.evaluate(FIRST_OUTPUT)
        cold.append(took)
        still.append(stood)
        sent = set(Counting.sent)
        Cell(page).expect_state("done")
        page.locator(".wiki-cell__offline").wait_for(timeout=RUN_SECONDS)
        wait(page, KEPT)
        again = arrived(page.context.new_page())
        page.close()
        warm.append(again.evaluate(FIRST_OUTPUT)[0])
        again.context.close()
    files = [Path(path).read_bytes() for path in sent]
    raw, packed = sum(map(len, files)) / 1e6, sum(len(gzip.compress(file, 6)) for file in files) / 1e6
    first, second = middle(cold) / middle(bare), middle(warm) / middle(bare)
    return [
        Row("裸 Pyodide 加 NumPy，从零到第一行输出", f"{middle(bare) / 1000:.2f} s"),
        Row(
            "点「运行」到第一行输出，首次访问",
            f"{middle(cold) / 1000:.2f} s，{first:.2f} 倍",
            "≤ 1.15 倍",
            first <= 1.15,
        ),
        Row("同上，再次访问", f"{middle(warm) / 1000:.2f} s，{second:.2f} 倍", "≤ 0.6 倍", second <= 0.6),
        Row("首次启动时进度停住的最长时间", f"{middle(still):.0f} ms", "≤ 250 ms", middle(still) <= 250),
        Row("首次点「运行」到第一行输出，服务器送出的文件", f"{raw:.1f} MB", "≤ 16 MB", raw <= 16),
        Row("同上，gzip 之后", f"{packed:.1f} MB", "≤ 10 MB", packed <= 10),
    ]


def output(cell: Cell) -> list[Row]:
    """How long a printed line takes to show, and the longest task of the page's thread under a flood of lines."""
    page = cell.page
    cell.printed.evaluate(WATCH_LINES)
    cell.run(LINES)
    seen = page.evaluate("seen")
    stamps = cell.printed.inner_text().split()
    delays = [1000 * (next(when for when, text in seen if stamp in text) - float(stamp)) for stamp in stamps]
    cell.write(FLOOD)
    longest = max(main_thread_tasks(page, lambda: cell.run()))
    return [
        Row(
            "打印的一行显示出来", f"{middle(delays):.0f} ms，最慢 {max(delays):.0f} ms", "≤ 100 ms", max(delays) <= 100
        ),
        Row("打印 20 万行时页面主线程最长的任务", f"{longest:.0f} ms", "≤ 50 ms", longest <= 50),
    ]


def main_thread_tasks(page: Page, act: Callable[[], object]) -> list[float]:
    """Milliseconds of each task of a page's main thread during an act."""
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    done = threading.Event()
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda _: done.set())
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["toplevel"]}})
    act()
    session.send("Tracing.end")
    while not done.is_set():
        page.wait_for_timeout(50)
    session.detach()
    names = [event for event in events if event["name"] == "thread_name"]
    main = {(event["pid"], event["tid"]) for event in names if event["args"]["name"] == "CrRendererMain"}
    tasks = [event for event in events if event.get("ph") == "X" and "RunTask" in event["name"]]
    return [event["dur"] / 1000 for event in tasks if (event["pid"], event["tid"]) in main]


def stops(page: Page) -> list[Row]:
    """Stop, until the page says so, and until the worker is gone."""
    cell = Cell(page)
    said: dict[str, float] = {}
    for name, code in ENDLESS.items():
        found = []
        for _ in range(STOPS):
            cell.write(code).start().until_running()
            page.wait_for_timeout(700)  # Stop does nothing in its first half second
            (worker,) = page.workers
            found.append(cell.button("停止").evaluate(STOP))
            end_of(worker, page)
        said[name] = middle(found)
    return [
        Row(
            "停止，到页面可以再运行：死循环、`sleep`、矩阵乘法",
            "、".join(f"{value:.0f} ms" for value in said.values()),
            "≤ 300 ms",
            max(said.values()) <= 300,
        )
    ]


CODES = """async (name) => {
  const text = await (await fetch(new URL(`topics/${name}/`, document.querySelector(".md-logo").href))).text();
  const found = new DOMParser().parseFromString(text, "text/html");
  return [...found.querySelectorAll("article .runnable.highlight code")].map((code) => code.textContent);
}"""


def examples(page: Page) -> list[Row]:
    """Seconds of the examples of the concepts' pages, as a cell says them; one Python runs them all, one by one."""
    text = page.request.get("sitemap.xml").text()
    took: dict[str, float] = {}
    cell = Cell(page)
    for name in sorted(set(re.findall(rf"{PREFIX}topics/([\w-]+)/", text))):
        for code in page.evaluate(CODES, name):
            with step(f"the example of {name}"):
                caption = cell.run(code).output.locator(".wiki-cell__caption").inner_text()
            took[name] = took.get(name, 0) + float(re.findall(r"[\d.]+", caption)[0])
    slowest = max(took, key=lambda name: took[name])
    rows = [Row(f"`{name}` 的例子", f"{took[name]:.2f} s") for name in CORE]
    summary = f"{middle(list(took.values())):.2f} s，最慢的是 `{slowest}`，{took[slowest]:.2f} s"
    return [*rows, Row(f"全部 {len(took)} 个概念页的例子，在同一个 Python 里接连运行", summary)]


def memory(browser: Browser) -> int:
    """Bytes of memory of the largest renderer of a browser, workers and WebAssembly included."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    found = [Path(f"/proc/{process['id']}/smaps_rollup") for process in processes if process["type"] == "renderer"]
    totals = [re.search(r"^Pss:\s+(\d+) kB", path.read_text(), flags=re.MULTILINE) for path in found]
    return max(int(total[1]) for total in totals if total) * 1024


def memory_growth(browser: Browser, url: str) -> Row:
    """Memory of the tab after 20 more pages, each with a Run; the first four let caches and compiled code settle."""
    page = open_page(browser, url)
    sizes = []
    for number in range(4 + PAGES):
        if number == 4:
            page.evaluate("gc()")
            sizes.append(memory(browser))
        visit(page, (OTHER, LORA)[number % 2])
        Cell(page).run()
    page.evaluate("gc()")
    sizes.append(memory(browser))
    growth = sizes[1] / sizes[0] - 1
    figure = f"{100 * growth:+.1f}%（{sizes[0] / 1e6:.0f} 到 {sizes[1] / 1e6:.0f} MB）"
    return Row(f"页内导航 {PAGES} 次、每页运行之后，标签页的内存", figure, "≤ 10%", growth <= 0.1)
