"""A site that is built anew while readers have the old one: real HTTP caching, real Chromium, two builds.

Whatever is old and whatever is new, the cell works or says that there is a new version; nobody has to wait for a cache.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from publish.runtime import pack, packages
from publish.runtime.assets import default_cache
from publish.runtime.build import LOCK, build
from tests.browser.conftest import PREFIX, ROOT, SiteHandler, settle
from tests.browser.test_cell import LORA, RUN_SECONDS, Cell

pytestmark = pytest.mark.browser

CODE = "from browser.mark import BUILD\nprint(BUILD)"


class Cached(SiteHandler):
    """Whatever it serves may be kept for ten minutes, as on GitHub Pages; `broken` names files that are not there."""

    deployed: str
    broken: dict[str, bytes | None]
    asked: list[str]

    def translate_path(self, path: str) -> str:
        return super().translate_path(path).replace("/v1/", f"/{type(self).deployed}/", 1)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        for part, content in type(self).broken.items():
            if part in self.path:
                if content is None:
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                return None
        return super().do_GET()


class Deploys:
    """Two builds of a site under one address: what pages hold, the scripts and Python's files differ in both."""

    def __init__(self, url: str) -> None:
        self.url = url

    def show(self, name: str) -> None:
        Cached.deployed = name

    @property
    def broken(self) -> dict[str, bytes | None]:
        return Cached.broken

    @property
    def asked(self) -> list[str]:
        return Cached.asked


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory, site_url: str, runtime: None) -> Path:
    folder = tmp_path_factory.mktemp("deploys")
    site = Path(os.environ.get("WIKI_SITE", ROOT / "site"))
    whole, cell = pack.scripts, packages.cell
    for name in ("v1", "v2"):
        (folder / name).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            changed = ("cell/run.js", "python/client.js", "python/worker.js", "cell/cell.js", "cell/cells.js")

            def scripts(name: str = name, changed: tuple[str, ...] = changed) -> dict[str, bytes]:
                made = whole()
                return made | {path: made[path] + f"\n// {name}\n".encode() for path in changed}

            def own(cache: Path, name: str = name) -> dict[str, bytes]:
                return cell(cache) | {"browser/mark.py": f"BUILD = {name!r}\n".encode()}

            patch.setattr(pack, "scripts", scripts)
            patch.setattr(packages, "cell", own)
            build(LOCK, folder / name / "runtime", default_cache())
        for part in ("assets", "topics/lora"):
            shutil.copytree(site / part, folder / name / part)
        shutil.copy(site / "sitemap.xml", folder / name)
    return folder


@pytest.fixture
def deploys(builds: Path) -> Iterator[Deploys]:
    Cached.deployed, Cached.broken, Cached.asked = "v1", {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Cached, directory=str(builds / "v1")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Deploys(f"http://127.0.0.1:{server.server_port}{PREFIX}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reader(chromium: Browser, deploys: Deploys) -> Iterator[Page]:
    context: BrowserContext = chromium.new_context(base_url=deploys.url, locale="zh-CN")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def run(page: Page, build: str) -> None:
    cell = Cell(page).run(CODE)
    expect(cell.printed).to_have_text(build)


def current(page: Page) -> None:
    """Run; where the page says that there is a new version, do what it says: then it is the new one."""
    cell = Cell(page).write(CODE).start()
    cell.button("停止").wait_for(state="hidden", timeout=RUN_SECONDS)
    if cell.block.get_attribute("data-state") == "failed":
        expect(cell.status).to_contain_text("页面有新版本")
        cell.output.get_by_role("button", name="刷新").click()
        expect(cell.block.locator(".cm-content")).to_be_visible()  # and the edit is there
        assert cell.text() == CODE
        cell.start()
    cell.expect_state("done")
    expect(cell.printed).to_have_text("v2")


def test_a_reader_who_has_run_the_old_build_runs_the_new_one(deploys: Deploys, reader: Page) -> None:
    reader.goto(LORA)
    run(reader, "v1")
    deploys.show("v2")
    reader.reload()
    current(reader)


def test_a_page_that_was_open_before_says_so_and_one_click_brings_the_new_build(deploys: Deploys, reader: Page) -> None:
    reader.goto(LORA)
    deploys.show("v2")
    current(reader)


def test_a_page_out_of_the_cache_with_files_that_are_gone_says_so_and_any_reload_helps(
    deploys: Deploys, reader: Page
) -> None:
    settle(reader, LORA)
    deploys.show("v2")
    reader.goto("about:blank")
    reader.goto(LORA)  # out of the cache: page, stubs and what was loaded of the old build
    cell = Cell(reader)
    cell.start().button("停止").wait_for(state="hidden", timeout=RUN_SECONDS)
    if cell.block.get_attribute("data-state") == "failed":
        expect(cell.status).to_contain_text("页面有新版本")
        reader.reload()
    run(reader, "v2")


def test_the_stub_of_an_old_page_finds_the_new_scripts(deploys: Deploys, reader: Page) -> None:
    """The stub is in the cache, what it loads is not."""
    reader.goto("sitemap.xml")
    stub = reader.request.get("runtime/cell/cells.js").body()
    deploys.show("v2")
    deploys.broken["/runtime/cell/cells.js"] = None
    reader.route("**/runtime/cell/cells.js", lambda route: route.fulfill(body=stub, content_type="text/javascript"))
    reader.goto(LORA)
    run(reader, "v2")


@pytest.mark.parametrize("part", ["numpy-", "pyodide.asm.", "wiki-", "/python/worker."])
def test_a_deploy_that_is_half_done_says_what_is_missing_and_retry_works(
    deploys: Deploys, reader: Page, part: str
) -> None:
    deploys.broken[part] = None
    reader.goto(LORA)
    cell = Cell(reader).run(state="failed")
    expect(cell.output.locator(".wiki-cell__error")).to_contain_text(part.strip("/").split("/")[-1].strip("."))
    deploys.broken.clear()
    cell.output.get_by_role("button", name="重试").click()
    cell.expect_state("done")
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()


def test_other_bytes_of_the_same_length_are_noticed_and_fetched_past_the_cache(
    deploys: Deploys, reader: Page, builds: Path
) -> None:
    manifest = json.loads((builds / "v1" / "runtime" / "manifest.json").read_text("utf-8"))
    parts = ("numpy-2", "python_stdlib", "pyodide.asm.wasm", "pyodide.asm.js")
    names = [next(entry["at"] for path, entry in manifest["files"].items() if part in path) for part in parts]
    reader.goto(LORA)
    for name in names:
        content = bytearray((builds / "v1" / "runtime" / name).read_bytes())
        content[len(content) // 2] ^= 1
        deploys.broken[name] = bytes(content)
        reader.evaluate(
            "address => fetch(address).then(answer => answer.arrayBuffer())", f"{deploys.url}runtime/{name}"
        )
    deploys.broken.clear()  # the damaged files are in the browser's cache
    asked = len(deploys.asked)
    cell = Cell(reader).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    again = deploys.asked[asked:]
    assert [name for name in names if not any(path.endswith(name) for path in again)] == []


def test_bytes_that_stay_wrong_are_not_run(deploys: Deploys, reader: Page, builds: Path) -> None:
    manifest = json.loads((builds / "v1" / "runtime" / "manifest.json").read_text("utf-8"))
    entry = next(entry for path, entry in manifest["files"].items() if "numpy-2" in path)
    deploys.broken[entry["at"]] = b"x" * entry["bytes"]
    reader.goto(LORA)
    cell = Cell(reader).run(state="failed")
    expect(cell.output.locator(".wiki-cell__error")).to_contain_text("numpy-2")


def test_every_file_of_a_build_is_named_by_its_content(builds: Path) -> None:
    """But for those that pages name, which load what is."""
    first, second = builds / "v1" / "runtime", builds / "v2" / "runtime"
    ours = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    theirs = {path.relative_to(second).as_posix() for path in second.rglob("*") if path.is_file()}
    differing = {path for path in ours & theirs if (first / path).read_bytes() != (second / path).read_bytes()}
    stubs = {path for path in differing if (first / path).stat().st_size < 600}
    assert differing - stubs == {"manifest.json"}
    assert {"cell/cells.js", "python/client.js"} <= stubs
