"""Runnable blocks in a real Chromium, on the built site: everything a reader can do with a cell."""

import gzip
import hashlib
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, Worker, expect

from tests.browser.conftest import FLAGS, PREFIX, ROOT, UNOPTIMIZED, SiteHandler, Watch, script, settle

pytestmark = pytest.mark.browser

LORA = "topics/lora/"
AWQ = "topics/awq/"  # has cells and a challenge, and no widget
RUN_SECONDS = 60_000  # ms; a cold start on a busy machine, not what a reader waits


@dataclass
class Cell:
    """A cell of a page as a reader sees it."""

    page: Page
    number: int = 1

    @property
    def block(self):
        return self.page.locator("[role=group].wiki-cell").nth(self.number - 1)

    @property
    def output(self):
        return self.page.locator(".wiki-cell__output").nth(self.number - 1)

    @property
    def printed(self):
        return self.output.locator("> pre > code")

    @property
    def status(self):
        return self.block.locator(".wiki-cell__status")

    def button(self, name: str):
        return self.block.get_by_role("button", name=name, exact=True)

    def write(self, code: str) -> "Cell":
        """Replace the code by typing into the editor."""
        self.focus()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(code)
        return self

    def focus(self) -> None:
        self.block.locator("pre, .cm-content, textarea").first.click()
        expect(self.block.locator(".cm-content")).to_be_focused()

    def text(self) -> str:
        """The code on show; the editor draws no lines far out of sight."""
        return self.block.locator(".cm-line").evaluate_all("lines => lines.map(line => line.textContent).join('\\n')")

    def start(self) -> "Cell":
        self.button("运行").click()
        return self

    def expect_state(self, state: str) -> "Cell":
        expect(self.block).to_have_attribute("data-state", state, timeout=RUN_SECONDS)
        return self

    def run(self, code: str | None = None, state: str = "done") -> "Cell":
        """Run and wait for the end, which is to be `state`."""
        if code is not None:
            self.write(code)
        self.start()
        self.button("停止").wait_for(state="hidden", timeout=RUN_SECONDS)  # asks more often than `expect`
        assert self.block.get_attribute("data-state") == state, self.output.inner_text()
        return self

    def until_running(self) -> "Cell":
        """Wait for the reader's code itself to run."""
        expect(self.status).to_have_text("运行中", timeout=RUN_SECONDS)
        return self


@pytest.fixture(scope="module")
def warm_context(chromium: Browser, site_url: str, runtime: None) -> Iterator[BrowserContext]:
    """One profile for many tests: Python starts from what the first of them has left. No service worker, so that
    what a test routes is asked for."""
    context = chromium.new_context(
        base_url=site_url, locale="zh-CN", viewport={"width": 1280, "height": 850}, service_workers="block"
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def warm(warm_context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A page of that profile; like `page`, it fails the test on what goes wrong unexpectedly."""
    made = warm_context.new_page()
    made.on("request", watch.request)
    made.on("console", watch.console)
    made.on("pageerror", lambda error: watch.problems.append(f"page error: {error}"))
    yield made
    if made.url.startswith("http"):
        made.evaluate("localStorage.clear()")  # edits are kept, and the next test wants none
    made.close()
    assert watch.unexpected == []


@dataclass
class Lab:
    """A page whose Python stays alive from test to test."""

    page: Page
    watch: Watch


@pytest.fixture(scope="module")
def lab(chromium: Browser, site_url: str, runtime: None) -> Iterator[Lab]:
    context = chromium.new_context(base_url=site_url, locale="zh-CN", viewport={"width": 1280, "height": 850})
    context.set_default_timeout(15_000)
    watch = Watch(site_url)
    watch.see(context)
    page = context.new_page()
    page.goto(LORA)
    Cell(page).run("print(0)")
    page.locator(".wiki-cell__offline").wait_for(timeout=RUN_SECONDS)  # kept: what a test's code asks for comes after
    yield Lab(page, watch)
    context.close()


@pytest.fixture
def cell(lab: Lab) -> Iterator[Cell]:
    """The cell of the LoRA page as it was when the page came, but for the state of Python."""
    cell = Cell(lab.page)
    cell.button("重置").click()
    yield cell
    if cell.button("停止").is_visible():
        cell.button("停止").click()
    problems, lab.watch.problems, lab.watch.expected = lab.watch.unexpected, [], []
    assert problems == []


def article(*blocks: str, lang: str = "zh") -> Callable[[Route], None]:
    """A route's answer: the page with other blocks in its article; `code`, `code => output`, or a page's own."""

    def fence(block: str) -> str:
        if block.startswith("<"):
            return block
        code, _, output = block.partition(" => ")
        kind = "runnable setup" if code.startswith("# setup") else "runnable"
        text = f'<div class="{kind} highlight"><pre><code>{code}\n</code></pre></div>'
        return text + (f'<div class="output highlight"><pre><code>{output}\n</code></pre></div>' if output else "")

    def answer(route: Route) -> None:
        text = route.fetch().text().replace('<html lang="zh"', f'<html lang="{lang}"')
        body = "<h1>Page</h1>" + "\n".join(map(fence, blocks))
        text = re.sub(r"(<article[^>]*>).*</article>", lambda match: f"{match[1]}{body}</article>", text, flags=re.S)
        route.fulfill(body=text, content_type="text/html; charset=utf-8")

    return answer


@pytest.fixture
def blocks(warm: Page) -> Callable[..., list[Cell]]:
    """Open a page that has these blocks and nothing else."""

    def show(*texts: str, fragment: str = "", lang: str = "zh") -> list[Cell]:
        warm.route("**/about/", article(*texts, lang=lang))
        warm.goto(f"about/{fragment}")
        shown = [text for text in texts if not text.startswith("# setup")]
        expect(warm.locator("[role=group].wiki-cell .wiki-cell__run")).to_have_count(len(shown))
        return [Cell(warm, number) for number in range(1, len(shown) + 1)]

    return show


# ---- before Run


def widget_files(watch: Watch) -> list[str]:
    """The files of widgets that were asked for, without the hashes in their names."""
    urls = [url for url in watch.requests if "/wiki/runtime/widget/" in url]
    return [re.sub(r"\.[0-9a-f]{12}\.", ".", url.rpartition("/")[2]) for url in urls]


def test_page_load_fetches_no_runtime_and_a_small_stub(page: Page, watch: Watch) -> None:
    settle(page, AWQ)
    expect(Cell(page).button("运行")).to_be_visible()
    scripts = page.request.get("runtime/manifest.json").json()["scripts"]
    loaded = {url.split("/wiki/runtime/")[1] for url in watch.requests if "/wiki/runtime/" in url}
    names = ("cells.js", "cell.js", "view.js", "labels.js", "states.js", "drafts.js")
    paths = [
        "page/dom.js",
        "python/sizes.js",
        "python/newer.js",
        "python/store.js",
        *(f"cell/{name}" for name in names),
    ]
    stub = {"cell/cells.js", *(scripts[path] for path in paths)}
    widgets = {"widget/widgets.js", scripts["widget/widgets.js"]}  # they look whether it has some
    challenge = {scripts["cell/challenge.js"], scripts["python/protocol.js"]}  # the page has one
    assert {name for name in loaded if not name.startswith(("search/", "page/"))} == {
        name for name in stub | challenge | widgets if not name.startswith("page/")
    }
    for files, most in ((stub, 24_000), (widgets, 4_000)):
        assert sum(len(gzip.compress(page.request.get(f"runtime/{name}").body())) for name in files) <= most
    assert page.workers == []


def test_what_brings_widgets_to_life_is_fetched_only_where_there_are_some(page: Page, watch: Watch) -> None:
    settle(page, AWQ)
    assert [kind for kind in widget_files(watch) if kind != "widgets.js"] == []
    watch.requests.clear()
    settle(page, LORA)
    page.locator(".wiki-widget__foot").first.wait_for()
    assert "widget.js" in widget_files(watch)
    assert not [url for url in watch.requests if "/pyodide" in url or "/python/worker" in url]
    assert page.workers == []


def test_editor_arrives_on_focus_and_is_small(page: Page, watch: Watch) -> None:
    settle(page, LORA)
    assert not [url for url in watch.requests if "/runtime/editor" in url]
    Cell(page).focus()
    loaded = {url for url in watch.requests if "/runtime/editor" in url}
    assert len(loaded) > 5
    sizes = [len(gzip.compress(page.request.get(url).body())) for url in loaded]
    assert sum(sizes) <= 150_000


def test_page_without_blocks_loads_no_cell(page: Page, watch: Watch) -> None:
    settle(page, "about/")
    assert not [url for url in watch.requests if "/runtime/cell/cell.js" in url]


def test_verified_output_is_there_before_run(page: Page) -> None:
    page.goto(LORA)
    cell = Cell(page)
    expect(cell.printed).to_contain_text("merged: same output: True")
    expect(cell.output.locator(".wiki-cell__caption")).to_have_text("输出（测试核对过）")


def test_size_of_the_download_is_told_before_any_tap_and_nothing_jumps(page: Page, watch: Watch, runtime: None) -> None:
    settle(page, LORA)
    cell = Cell(page)
    core = page.request.get("runtime/manifest.json").json()["groups"]["core"]
    expect(cell.status).to_contain_text(f"{core['bytes'] / 1e6:.1f} MB")
    cell.button("运行").scroll_into_view_if_needed()  # or the pointer would scroll to it
    before = cell.output.bounding_box()
    cell.button("运行").hover()
    page.wait_for_timeout(300)
    assert cell.output.bounding_box() == before
    assert not [url for url in watch.requests if "/pyodide" in url]


def test_cells_say_english_on_an_english_page(blocks: Callable[..., list[Cell]]) -> None:
    (cell,) = blocks("print(1) => 1", lang="en")
    expect(cell.button("Run")).to_be_visible()
    expect(cell.output.locator(".wiki-cell__caption")).to_have_text("Output (verified by tests)")


# ---- the first Run


def test_first_run_shows_bytes_and_stages(page: Page, context: BrowserContext, runtime: None) -> None:
    context.route("**/numpy-*.whl", lambda route: (time.sleep(1.5), route.continue_())[1])
    page.goto(LORA)
    expect(Cell(page).button("运行")).to_be_visible()
    page.evaluate("""() => {
      const stage = document.querySelector(".wiki-cell__progress span");
      const seen = window.seen = [];
      new MutationObserver(() => seen.push(stage.textContent)).observe(stage, { childList: true });
    }""")
    Cell(page).run()
    texts = page.evaluate("seen")
    bytes_loaded = [float(found[1]) for text in texts if (found := re.match(r"下载 ([\d.]+) / [\d.]+ MB", text))]
    assert len(set(bytes_loaded)) >= 2
    assert bytes_loaded == sorted(bytes_loaded)
    assert any("启动 Python" in text for text in texts)
    assert len({text.partition(" · ")[2] for text in texts}) > 5  # a clock moves while one waits


def test_failed_download_says_why_and_retry_works(page: Page, context: BrowserContext, watch: Watch, runtime) -> None:
    watch.expected = ["ERR_FAILED", "Failed to load resource"]
    context.route("**/pyodide.asm.*.wasm", lambda route: route.abort())
    page.goto(LORA)
    cell = Cell(page).run(state="failed")
    expect(cell.output).to_contain_text("pyodide.asm.wasm")
    expect(cell.printed).to_contain_text("merged: same output: True")
    context.unroute("**/pyodide.asm.*.wasm")
    cell.output.get_by_role("button", name="重试").click()
    cell.expect_state("done")
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()


def test_failed_script_says_why_and_retry_works(page: Page, watch: Watch, runtime: None) -> None:
    watch.expected = ["ERR_FAILED", "Failed to load resource"]
    page.route("**/runtime/cell/run.*.js", lambda route: route.abort())
    page.goto(LORA)
    cell = Cell(page).run(state="failed")
    expect(cell.output).to_contain_text("runtime/cell/run.")
    page.unroute("**/runtime/cell/run.*.js")
    cell.output.get_by_role("button", name="重试").click()
    cell.expect_state("done")


def test_missing_runtime_is_said_with_the_way_to_install_it(page: Page) -> None:
    manifest = {"installed": False, "reason": "numpy: no source reachable", "hint": "python -m publish runtime"}
    page.route(
        "**/runtime/manifest.*.json", lambda route: route.fulfill(json={**manifest, "version": "", "groups": {}})
    )
    page.goto(LORA)
    cell = Cell(page).run(state="failed")
    expect(cell.output).to_contain_text("python -m publish runtime")
    expect(cell.output).to_contain_text("numpy: no source reachable")
    expect(cell.printed).to_contain_text("merged: same output: True")
    assert page.workers == []


def test_without_an_editor_a_text_field_takes_the_code(
    page: Page, context: BrowserContext, watch: Watch, runtime
) -> None:
    watch.expected = ["ERR_FAILED", "Failed to load resource"]
    context.route("**/runtime/editor/**", lambda route: route.abort())
    page.goto(LORA)
    cell = Cell(page)
    cell.block.locator("pre").click()
    field = cell.block.locator("textarea")
    expect(field).to_be_focused()
    field.fill("print('plain')\n1 / 0")
    field.press("Shift+Enter")
    cell.expect_state("failed")
    expect(cell.printed).to_have_text("plain")
    expect(field).to_have_attribute("aria-invalid", "true")


# ---- output


def test_own_code_gives_the_verified_output(cell: Cell) -> None:
    cell.run()
    expect(cell.output.locator(".wiki-cell__same")).to_have_text("与核对过的输出相同")
    expect(cell.status).to_have_text("与核对过的输出相同")


def test_other_output_is_shown_line_by_line(cell: Cell) -> None:
    code = cell.block.locator("code, .cm-content").first.inner_text().replace("\n\n", "\n")
    cell.run(code.replace("equals the base", "differs from the base").replace("trainable:", "to train:"))
    details = cell.output.locator(".wiki-cell__compared")
    expect(details.locator("summary")).to_have_text("与原来的输出相比，2 行变了")
    details.locator("summary").click()
    shown = details.locator(".wiki-cell__difference").all_inner_texts()
    assert [text.strip() for text in shown] == [
        "− 原来的 1 equals the base at init: True",
        "− 原来的 2 trainable: 512 of 4096",
        "+ 本次 1 differs from the base at init: True",
        "+ 本次 2 to train: 512 of 4096",
    ]


def test_a_change_is_compared_with_ones_own_last_run(cell: Cell) -> None:
    cell.run("rank = 4\nprint('rank', rank)\nprint('same')")
    cell.run("rank = 8\nprint('rank', rank)\nprint('same')")
    compared = cell.output.locator(".wiki-cell__compared > summary")
    expect(compared).to_contain_text("rank 4 → 8：与上一次输出相比，1 行变了")
    expect(cell.output.locator(".wiki-cell__differs")).to_have_count(0)


def test_printed_lines_show_while_the_code_runs(cell: Cell) -> None:
    cell.write("print('first')\nfor n in range(3):\n    print(n)\nwhile True:\n    pass").start()
    expect(cell.printed).to_have_text("first\n0\n1\n2\n", timeout=RUN_SECONDS)
    expect(cell.button("停止")).to_be_visible()


def test_endless_output_is_capped_with_a_notice(cell: Cell) -> None:
    cell.run("for n in range(400_000):\n    print(n, 'x' * 20)")
    expect(cell.printed).to_contain_text("输出超过 1.0 MB")
    assert 900_000 < cell.printed.evaluate("code => code.textContent.length") <= 1_000_100


def test_output_comes_into_the_page_in_small_pieces(cell: Cell) -> None:
    """So that no task holds up the page; `make bench` has the times."""
    cell.write("for n in range(200_000):\n    print(n, 'x' * 30)\nprint('y' * 200_000)\n")
    cell.printed.evaluate("""code => {
      const size = ({ addedNodes }) => [...addedNodes].reduce((sum, node) => sum + node.textContent.length, 0);
      window.pieces = [];
      new MutationObserver((seen) => pieces.push(seen.filter(({ target }) => target !== code)
        .reduce((sum, one) => sum + size(one), 0))).observe(code, { childList: true, subtree: true });
    }""")
    cell.run()
    pieces = cell.page.evaluate("pieces")
    assert sum(pieces) > 900_000
    assert max(pieces) <= 16_000


def test_output_out_of_sight_is_as_high_as_in_sight(cell: Cell) -> None:
    """What is below would move else when a reader comes to it, maybe while Run is pressed there: the press is lost."""
    cell.page.set_viewport_size({"width": 1280, "height": 400})
    try:
        cell.run("import sys\nfor at in range(3):\n    print(at)\n    print(at, file=sys.stderr)")
        heights = cell.output.evaluate("""async (output) => {
          const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
          scrollTo({ top: 0, behavior: "instant" });
          await drawn();
          for (const chunk of output.querySelectorAll(".wiki-cell__chunk")) chunk.replaceWith(chunk.cloneNode(true));
          await drawn();
          const before = output.offsetHeight;
          output.scrollIntoView({ behavior: "instant", block: "center" });
          await drawn();
          await drawn();
          return [before, output.offsetHeight];
        }""")
    finally:
        cell.page.set_viewport_size({"width": 1280, "height": 850})
    assert heights[0] == heights[1]


def test_output_is_text_and_never_markup(cell: Cell) -> None:
    text = "<img src=x onerror=alert(1)><b>bold</b> & <script>alert(2)</script>"
    cell.run(f"print({text!r})")
    assert cell.printed.inner_text().strip() == text
    assert cell.output.locator("img, b, script").count() == 0
    cell.run(f"raise ValueError({text!r})", state="failed")
    expect(cell.output.locator(".wiki-cell__message")).to_contain_text(text)
    assert cell.output.locator("img, b, script").count() == 0


def test_svg_keeps_shapes_and_loses_everything_that_acts(cell: Cell, lab: Lab, site_url: str) -> None:
    lab.watch.expected = ["following Content Security Policy directive"]  # the policy holds for the parsed text too
    hostile = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="alert(1)">
      <script>alert(1)</script><rect class="md-overlay wp-a wiki-cell" id="__drawer"
      width="3" height="3" fill="red" onclick="alert(1)" style="x:url(//evil)"/>
      <a href="javascript:alert(1)"><text>linked</text></a><image href="https://evil.example/x.png"/>
      <foreignObject><b xmlns="http://www.w3.org/1999/xhtml">html</b></foreignObject><use href="#x"/>
      <circle r="2" fill="url(https://evil.example/#a)"/><path d="M0 0L1 1" fill="url(#local)"/><text x="1">kept</text>
      <style>*{fill:url(//evil.example)}</style><animate attributeName="href" to="javascript:alert(1)"/></svg>"""
    made = cell.page.evaluate(
        "async ([address, text]) => (await import(address)).cleanSvg(text).outerHTML",
        [script(site_url, "cell/svg.js"), hostile],
    )
    assert re.sub(r"\s*(<[^>]*>)\s*", r"\1", made) == (
        '<svg viewBox="0 0 9 9"><rect class="wp-a" id="drawn-__drawer" width="3" height="3" fill="red"></rect>'
        '<circle r="2"></circle><path d="M0 0L1 1" fill="url(#drawn-local)"></path><text x="1">kept</text></svg>'
    )


def test_matplotlib_figure_appears(cell: Cell) -> None:
    cell.run("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()")
    picture = cell.output.locator("canvas[role=img]")
    expect(picture).to_be_visible()
    painted = picture.evaluate("""canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set();
      for (let at = 0; at < data.length; at += 4) colours.add(data.slice(at, at + 3).join());
      return colours.size;
    }""")
    assert painted > 2
    assert cell.output.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_heatmap_and_lines_appear_without_a_download(cell: Cell, lab: Lab) -> None:
    cell.run("print(0)")  # the fresh Python after the reset has come
    asked = len(lab.watch.requests)
    draw = "heatmap([[1, 2]], title='<i>one</i>')\nlines({'a': [1, 2]}, alt='two')"
    cell.run(f"from browser.plot import heatmap, lines\n{draw}")
    pictures = cell.output.get_by_role("img")
    names = pictures.evaluate_all("all => all.map(svg => svg.getAttribute('aria-label'))")
    assert names == ["<i>one</i>: 1 x 2 values from 1 to 2", "two"]
    assert pictures.first.locator("text").all_text_contents()[0] == "<i>one</i>"
    inked = pictures.last.locator("path").evaluate_all("all => all.filter(path => path.getBBox().width > 20).length")
    assert inked > 5
    assert lab.watch.requests[asked:] == []


def test_picture_of_a_key_grows_in_its_place_among_the_text(cell: Cell) -> None:
    cell.run(
        "from browser.plot import lines\nprint('above')\nfor n in range(1, 4):\n"
        "    lines(list(range(n + 1)), key='loss')\n    print('step', n)\nlines([0, 7], key='other')\nlines([0, 8])"
    )
    pictures = cell.output.get_by_role("img")
    names = pictures.evaluate_all("all => all.map(svg => svg.getAttribute('aria-label').split(' ').at(-1))")
    assert names == ["3", "7", "8"]
    expect(cell.output).to_contain_text("step 3")
    order = cell.output.evaluate("""output => {
      const above = [...output.querySelectorAll("pre")].find((one) => one.textContent.includes("above"));
      const below = [...output.querySelectorAll("pre")].find((one) => one.textContent.includes("step 1"));
      const svg = output.querySelector("svg[data-key=loss]");
      const after = (a, b) => Boolean(a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING);
      return after(above, svg) && after(svg, below);
    }""")
    assert order


# ---- Stop


def end_of(worker: Worker, page: Page) -> None:
    """Wait for a worker that was told to end: in the middle of Python, Chromium gives it two seconds."""
    for _ in range(80):
        if worker not in page.workers:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the worker is still there")


ENDLESS = {
    "loop": "while True:\n    pass",
    "sleep": "import time\ntime.sleep(60)",
    "matmul": "import torch\nx = torch.ones(3000, 3000)\nfor _ in range(1000):\n    x = x @ x",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_stop_ends_everything_at_once_and_keeps_the_code(cell: Cell, code: str) -> None:
    code = f"kept = 1\n{code}"
    cell.write(code).start().until_running()
    assert cell.page.evaluate("crossOriginIsolated") is False  # no header asks for it
    (worker,) = cell.page.workers
    cell.button("停止").click()
    expect(cell.status).to_contain_text("已停止")
    expect(cell.status).to_contain_text("变量都没有了")
    assert cell.text() == code
    expect(cell.button("运行")).to_be_focused()
    cell.run("print('kept' in globals())")
    expect(cell.printed).to_have_text("False")
    end_of(worker, cell.page)
    assert len(cell.page.workers) == 1


def test_stop_during_the_download_ends_it(page: Page, context: BrowserContext, runtime: None) -> None:
    context.route("**/numpy-*.whl", lambda route: (time.sleep(1), route.continue_())[1])
    page.goto(LORA)
    cell = Cell(page).start()
    expect(cell.block.locator(".wiki-cell__progress")).to_contain_text("下载")
    (worker,) = page.workers
    cell.button("停止").click()
    expect(cell.status).to_contain_text("已停止")
    end_of(worker, page)
    context.unroute("**/numpy-*.whl")
    cell.run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()


def test_other_cells_are_told_that_their_variables_are_gone(blocks: Callable[..., list[Cell]]) -> None:
    first, second = blocks("x = 1\nprint(x) => 1", "while True: pass")
    first.run()
    second.start().until_running()
    second.button("停止").click()
    expect(first.status).to_contain_text("变量没有了")
    second.run("print(x)", state="failed")
    expect(second.output).to_contain_text("NameError")


# ---- the keyboard


@pytest.mark.parametrize("keys", ["ControlOrMeta+Enter", "Shift+Enter"])
def test_keys_run_the_code(cell: Cell, keys: str) -> None:
    cell.write("print('by keys')")
    cell.page.keyboard.press(keys)
    cell.expect_state("done")
    expect(cell.printed).to_have_text("by keys")
    assert cell.text() == "print('by keys')"


def test_escape_and_tab_leave_the_editor(cell: Cell) -> None:
    cell.write("if True:\n")
    cell.page.keyboard.press("Tab")
    assert cell.text() == "if True:\n    "
    cell.page.keyboard.press("Escape")
    cell.page.keyboard.press("Tab")
    expect(cell.button("运行")).to_be_focused()
    assert cell.text() == "if True:\n    "


def test_keyboard_alone_runs_a_cell(warm: Page) -> None:
    warm.goto(LORA)
    cell = Cell(warm)
    cell.block.locator("pre").focus()
    expect(cell.block.locator(".cm-content")).to_be_focused()
    warm.keyboard.press("Tab")  # nobody has edited: Tab passes through
    expect(cell.button("运行")).to_be_focused()
    warm.keyboard.press("Enter")
    expect(cell.button("停止")).to_be_focused()
    cell.expect_state("done")
    expect(cell.button("运行")).to_be_focused()


def test_slash_in_the_editor_is_a_slash(cell: Cell) -> None:
    cell.write("")
    cell.page.keyboard.type("1 / 2")
    assert cell.text() == "1 / 2"
    expect(cell.page.locator("dialog.wiki-search")).to_have_count(0)


# ---- several blocks


def test_blocks_of_a_page_share_their_state_in_order(blocks: Callable[..., list[Cell]]) -> None:
    first, _, third = blocks("x = 20 => ", "x += 1", "print(x) => 21")
    third.run(state="failed")
    expect(third.output).to_contain_text("NameError")
    expect(third.output).to_contain_text("运行以上")
    third.button("运行以上").click()
    expect(third.status).to_have_text("以上的代码块都运行完了", timeout=RUN_SECONDS)
    third.run()
    expect(third.printed).to_have_text("21")
    expect(third.output.locator(".wiki-cell__same")).to_be_visible()
    assert first.button("运行以上").count() == 0


def test_run_all_above_stops_at_an_error(blocks: Callable[..., list[Cell]]) -> None:
    first, second, third = blocks("print(1) => 1", "1 / 0", "print(3) => 3")
    third.button("运行以上").click()
    expect(third.status).to_have_text("代码块 2 出错，没有继续", timeout=RUN_SECONDS)
    first.expect_state("done")
    second.expect_state("failed")


def test_hidden_setup_runs_first(blocks: Callable[..., list[Cell]]) -> None:
    first, second = blocks("# setup\nhidden = 7", "print(hidden) => 7", "hidden += 1\nprint(hidden) => 8")
    expect(first.page.get_by_text("hidden = 7")).to_be_hidden()
    first.run()
    second.run()
    expect(first.printed).to_have_text("7")
    expect(second.printed).to_have_text("8")


def test_block_without_output_says_so(blocks: Callable[..., list[Cell]]) -> None:
    (cell,) = blocks("x = 1")
    expect(cell.output).to_be_hidden()
    cell.run()
    expect(cell.printed).to_have_text("（没有输出）")
    cell.button("重置").click()
    expect(cell.output).to_be_hidden()


def test_cell_in_a_closed_details_works_when_opened(warm: Page) -> None:
    warm.goto("qa/rope-rotation/")
    warm.evaluate("document.querySelector('details.example').open = false")
    cell = Cell(warm)
    warm.locator("details.example > summary").first.click()
    cell.run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    expect(cell.block.locator(".cm-line").nth(5)).to_be_visible()


# ---- errors


def test_error_shows_own_frames_the_line_and_the_traceback(cell: Cell) -> None:
    cell.run("def inner(x):\n    return 1 / x\n\ndef outer():\n    return inner(0)\n\nouter()", state="failed")
    expect(cell.output.locator(".wiki-cell__message")).to_have_text("ZeroDivisionError: division by zero")
    frames = [" ".join(text.split()) for text in cell.output.locator(".wiki-cell__frames li").all_inner_texts()]
    assert frames == [
        "代码块 1 第 7 行 outer()",
        "代码块 1 第 5 行，outer return inner(0)",
        "代码块 1 第 2 行，inner return 1 / x",
    ]
    expect(cell.block.locator(".wiki-cell__failing")).to_have_text("    return 1 / x")
    traceback = cell.output.locator(".wiki-cell__traceback pre")
    expect(traceback).to_be_hidden()
    cell.output.locator(".wiki-cell__traceback summary").click()
    expect(traceback).to_contain_text("Traceback (most recent call last)")
    cell.page.keyboard.press("Escape")
    cell.write("print(1)")
    expect(cell.block.locator(".wiki-cell__failing")).to_have_count(0)


def test_syntax_error_marks_its_line(cell: Cell) -> None:
    cell.run("x = 1\nprint(x", state="failed")
    expect(cell.output).to_contain_text("SyntaxError")
    expect(cell.block.locator(".wiki-cell__failing")).to_have_text("print(x")


def test_out_of_memory_is_said_and_the_page_lives(cell: Cell) -> None:
    cell.run("import torch\ntorch.ones(100_000, 100_000)", state="failed")
    expect(cell.output).to_contain_text("内存不足")
    cell.run("print('alive')")
    expect(cell.printed).to_have_text("alive")


def test_crash_of_python_is_said_and_the_next_run_works(cell: Cell, lab: Lab) -> None:
    lab.watch.expected = ["Pyodide has suffered a fatal error", "RuntimeError", "Stack trace", "fatal"]
    cell.run("import ctypes\nctypes.string_at(2**32 - 2, 10)", state="failed")
    expect(cell.status).to_contain_text("Python 崩溃")
    cell.run("print('alive')")
    expect(cell.printed).to_have_text("alive")


# ---- Reset, Copy, Share


def test_reset_brings_code_and_output_back(cell: Cell) -> None:
    before = cell.text() or cell.block.locator("code").inner_text().rstrip("\n")
    output = cell.printed.inner_text()
    cell.run("print('other')")
    cell.button("重置").click()
    assert cell.text() == before
    assert cell.printed.inner_text() == output
    expect(cell.output.locator(".wiki-cell__caption")).to_have_text("输出（测试核对过）")
    expect(cell.output.locator(".wiki-cell__differs")).to_have_count(0)


def test_copy_takes_the_code_alone(cell: Cell) -> None:
    cell.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = "a = 1\nif a:\n    print('<&>')"
    cell.write(code)
    cell.button("复制").click()
    expect(cell.status).to_have_text("代码已复制")
    assert cell.page.evaluate("navigator.clipboard.readText()") == code


def test_link_carries_8_kb_of_code_and_never_runs_it(cell: Cell, site_url: str, chromium: Browser) -> None:
    digits = hashlib.shake_256(b"code").hexdigest(4_500)  # 9,000 characters that hardly compress
    code = f"# 中文 🙂\ndata = '{digits}'\nprint(len(data))"
    cell.write(code)
    cell.button("分享").click()
    link = cell.block.get_by_label("分享链接").input_value()
    assert link.startswith(f"{site_url}{LORA}#run=1.")
    context = chromium.new_context()
    other = Cell(context.new_page())
    other.page.goto(link)
    expect(other.block.locator("code")).to_have_text(code)
    expect(other.block.locator(".cm-content .tok-string").first).to_be_visible()  # with its colours, a moment later
    expect(other.block).to_contain_text("来自分享链接")
    other.page.wait_for_timeout(500)
    assert other.page.workers == []
    other.run()
    expect(other.printed).to_have_text("9000")
    expect(other.block.locator(".cm-content")).to_be_visible()
    other.button("重置").click()
    assert "#" not in other.page.url
    assert other.text().startswith("import torch\n")
    expect(other.block).not_to_contain_text("来自分享链接")
    context.close()


def test_damaged_and_exploding_links_are_refused(page: Page, site_url: str) -> None:
    page.goto(LORA)
    bomb = page.evaluate("""async () => {
      const zeros = new Blob([new Uint8Array(5_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
      const bytes = new Uint8Array(await new Response(zeros).arrayBuffer());
      return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    }""")
    for packed in ("AAAA", bomb, "9" * 9):
        page.goto("about:blank")
        page.goto(f"{LORA}#run=1.{packed}")
        expect(Cell(page).status).to_contain_text("读不出来")
        expect(Cell(page).block.locator("code")).to_contain_text("LoRALinear")


# ---- pages


def visit(page: Page, address: str) -> None:
    """Follow a link, as the theme's instant navigation does."""
    page.evaluate("document.querySelector('article').dataset.old = ''")
    page.evaluate(
        """address => {
          const link = document.createElement("a");
          link.href = new URL(address, document.querySelector(".md-logo").href).href;
          document.querySelector("article").append(link);
          link.click();
        }""",
        address,
    )
    page.locator("article[data-old]").wait_for(state="detached")
    expect(page).to_have_url(re.compile(f"/{address}$"))


def alive(page: Page, prototype: str) -> int:
    """How many objects of a class are reachable."""
    session = page.context.new_cdp_session(page)
    asked = {"expression": prototype, "awaitPromise": True}
    found = session.send("Runtime.evaluate", asked)["result"]["objectId"]
    objects = session.send("Runtime.queryObjects", {"prototypeObjectId": found})["objects"]["objectId"]
    length = {"objectId": objects, "functionDeclaration": "function () { return this.length; }"}
    count = session.send("Runtime.callFunctionOn", length)["result"]["value"]
    session.detach()
    return count


@pytest.mark.slow
def test_one_worker_and_one_editor_view_after_ten_pages(
    launch: Callable[..., Browser], site_url: str, runtime: None
) -> None:
    browser = launch(args=[*FLAGS, UNOPTIMIZED])
    page = browser.new_page(base_url=site_url, locale="zh-CN")
    settle(page, LORA)  # the theme follows links itself once it has its sitemap
    page.evaluate("window.same = true")
    for number in range(10):
        visit(page, ("qa/rope-rotation/", LORA)[number % 2])
        cell = Cell(page).run()
        expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
        assert len(page.workers) == 1
    assert page.evaluate("window.same") is True
    views = f"import('{script(site_url, 'editor/codemirror-view.js')}').then(all => all.EditorView.prototype)"
    for _ in range(120):  # timers and work for idle times may yet hold some, on a busy machine for long
        if (count := alive(page, views)) == 1:
            break
        page.evaluate("new Promise((done) => requestIdleCallback(done, { timeout: 1000 }))")
        page.request_gc()
        page.wait_for_timeout(500)
    assert count == 1
    browser.close()


def test_leaving_a_page_ends_its_code(warm: Page) -> None:
    warm.goto(LORA)
    Cell(warm).write("while True: pass").start().until_running()
    (worker,) = warm.workers
    visit(warm, "qa/rope-rotation/")
    cell = Cell(warm).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    end_of(worker, warm)
    assert len(warm.workers) == 1


def test_a_page_seen_again_starts_afresh(warm: Page) -> None:
    warm.goto(LORA)
    Cell(warm).run("mine = 1")
    visit(warm, "qa/rope-rotation/")
    visit(warm, LORA)
    Cell(warm).run("print('mine' in globals())")
    expect(Cell(warm).printed).to_have_text("False")


# ---- offline


class OneAnswer(SiteHandler):
    """Ends each connection with its answer: one that is kept alive would outlive the server."""

    protocol_version = "HTTP/1.0"


@dataclass
class OwnServer:
    """A server that a test can stop."""

    url: str
    stop: Callable[[], None]


@pytest.fixture
def server(site_url: str, runtime: None) -> Iterator[OwnServer]:
    folder = os.environ.get("WIKI_SITE", str(ROOT / "site"))
    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(OneAnswer, directory=folder))
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()

    def stop() -> None:
        made.shutdown()
        thread.join()
        made.server_close()

    yield OwnServer(f"http://127.0.0.1:{made.server_port}{PREFIX}", stop)
    if thread.is_alive():
        stop()


def test_page_runs_offline_after_one_visit_with_run(chromium: Browser, server: OwnServer) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url + LORA)
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__offline")).to_contain_text("离线也能运行", timeout=RUN_SECONDS)
    server.stop()
    page.reload()
    cell.run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    expect(cell.block.locator(".cm-content")).to_be_visible()
    page.goto(server.url + "about/")
    expect(page.locator("body")).to_contain_text("没有网络")
    context.close()


def test_offline_copy_can_be_cleared(chromium: Browser, server: OwnServer) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url + LORA)
    cell = Cell(page).run()
    cell.output.get_by_role("button", name="清除离线副本").click(timeout=RUN_SECONDS)
    expect(cell.output.locator(".wiki-cell__offline")).to_have_text("离线副本已清除")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    context.close()


def test_copies_of_older_versions_go_and_those_of_other_sites_stay(chromium: Browser, server: OwnServer) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url + LORA)
    old = [f"openllm-wiki-runtime-1 {PREFIX} 0", f"openllm-wiki-runtime-0 {PREFIX} 1", "openllm-wiki-kit-0"]
    others = ["openllm-wiki-runtime-1 /other/ 0", "mine"]
    page.evaluate("names => Promise.all(names.map(name => caches.open(name)))", old + others)
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__offline")).to_contain_text("离线也能运行", timeout=RUN_SECONDS)
    version = page.request.get(f"{server.url}runtime/manifest.json").json()["version"]
    kept = {
        f"openllm-wiki-pages-1 {PREFIX}",
        f"openllm-wiki-runtime-1 {PREFIX} {version}",
        f"openllm-wiki-kit-{version}",
    }
    for _ in range(300):  # the worker keeps its start state when it has time
        if (names := set(page.evaluate("caches.keys()"))) == kept | set(others):
            break
        page.wait_for_timeout(100)
    assert names == kept | set(others)
    context.close()


def test_full_storage_is_said_and_the_cell_works(chromium: Browser, server: OwnServer) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url + LORA)
    origin = server.url.removesuffix(PREFIX)
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1_000_000})
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    expect(cell.output.locator(".wiki-cell__offline")).to_contain_text("空间不够", timeout=RUN_SECONDS)
    assert not [name for name in page.evaluate("caches.keys()") if "runtime" in name]
    context.close()


def test_mere_visit_registers_no_service_worker(page: Page) -> None:
    settle(page, LORA)
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0


# ---- policy, access, room


def test_cells_work_under_a_strict_content_security_policy(warm: Page) -> None:
    def strict(route: Route) -> None:
        answer = route.fetch()
        inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", answer.text(), flags=re.S)
        hashes = [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline]
        policy = f"default-src 'self'; script-src 'self' 'wasm-unsafe-eval' {' '.join(hashes)}; object-src 'none'"
        policy += "; img-src 'self' data:; base-uri 'none'"
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    warm.route(f"**/{LORA}", strict)
    warm.add_init_script("""
      window.violations = [];
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
        violations.push([violatedDirective, blockedURI, sourceFile]));
    """)
    warm.goto(LORA)
    before = warm.evaluate("violations.length")
    cell = Cell(warm).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    cell.run("1 / 0", state="failed")
    assert cell.block.locator(".cm-content").evaluate("e => getComputedStyle(e).whiteSpace") == "pre"  # its own style
    assert warm.evaluate("violations")[before:] == []


def test_editor_that_comes_under_a_press_has_the_cursor(warm: Page) -> None:
    """No click follows where what was pressed is gone."""
    warm.goto(LORA)
    cell = Cell(warm).start()
    cell.block.locator("pre").hover()
    warm.mouse.down()  # the editor comes after the run
    cell.block.locator(".cm-content").wait_for(timeout=RUN_SECONDS)
    warm.mouse.up()
    expect(cell.block.locator(".cm-content")).to_be_focused()


def test_cell_has_named_parts(cell: Cell) -> None:
    assert cell.block.get_attribute("aria-label") == "代码块 1"
    assert cell.status.get_attribute("aria-live") == "polite"
    cell.focus()
    expect(cell.block.get_by_role("textbox", name=re.compile("Ctrl.Enter"))).to_be_focused()
    names = cell.block.locator(".wiki-cell__tools").get_by_role("button").all_inner_texts()
    assert names == ["运行", "重启", "重置", "复制", "全部运行", "分享", "Colab"]


def test_cell_fits_a_phone(warm: Page) -> None:
    warm.set_viewport_size({"width": 360, "height": 740})
    warm.goto(LORA)
    cell = Cell(warm).run()
    cell.button("分享").click()
    cell.run("raise ValueError('x' * 300)", state="failed")
    assert warm.evaluate("document.documentElement.scrollWidth") <= 360
    for button in cell.block.get_by_role("button").all():
        box = button.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["height"] >= 24


# What comes with an import.

TUTORIAL = """!pip install einops tqdm
import torch, torchvision
from einops import rearrange
from torchvision import transforms
from tqdm.auto import tqdm
train = torchvision.datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(train, batch_size=500, shuffle=True)
total = sum(rearrange(x, "b 1 h w -> b (h w)").shape[0] for x, y in tqdm(loader))
print(total, len(set(open("input.txt").read())))
"""


def test_packages_and_stand_ins_come_when_they_are_imported(cell: Cell, lab: Lab) -> None:
    before = len(lab.watch.requests)

    def came() -> set[str]:
        names = {address.rsplit("/", 1)[-1].partition("-")[0] for address in lab.watch.requests[before:]}
        return names & {"einops", "tqdm", "classics", "matplotlib"}

    cell.run("import torch\nprint(torch.ones(2))")
    assert came() == set()
    cell.run(TUTORIAL)
    assert came() == {"einops", "tqdm", "classics"}
    assert cell.printed.inner_text().rstrip().endswith("3000 65")
    assert "drawn by this site" in cell.output.inner_text() and "100%" in cell.output.inner_text()
