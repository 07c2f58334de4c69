"""A real Chromium on the built site, which is served below a sub-path as on a project's pages."""

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from tools.cards import BROWSERS

ROOT = Path(__file__).parents[2]
PREFIX = "/wiki/"
PATIENCE = 15_000  # ms; what a busy machine may need, not what a reader waits
expect.set_options(timeout=PATIENCE)
NAMES = BROWSERS
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host can be reached
]
# Each start of Python has V8 optimize Python's loop anew: two fifths of a start's work, which pay after seconds.
UNOPTIMIZED = "--js-flags=--expose-gc --liftoff-only"  # the last `--js-flags` holds


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves the site below `PREFIX`, and its sitemap as if it had been built for this address."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.path.startswith(PREFIX):
            self.send_error(404)
        elif self.path == f"{PREFIX}sitemap.xml":
            self.send_sitemap()
        else:
            self.path = "/" + self.path.removeprefix(PREFIX)
            super().do_GET()

    def send_sitemap(self) -> None:
        """The theme's instant navigation takes only addresses that the sitemap has; it knows the build's SITE_URL."""
        text = (Path(self.directory) / "sitemap.xml").read_text(encoding="utf-8")
        addresses = re.findall(r"<loc>(.*?)</loc>", text)
        body = text.replace(min(addresses, key=len), f"http://{self.headers['Host']}{PREFIX}").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_head(self) -> Any:
        """A folder's redirect to its slash is relative to the server's root: give it the prefix back."""
        folder = Path(self.translate_path(self.path))
        if folder.is_dir() and not self.path.split("?")[0].endswith("/"):
            self.send_response(301)
            self.send_header("Location", PREFIX + self.path.lstrip("/") + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return super().send_head()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the tests look at the browser's side."""


@contextmanager
def serving(handler: type[SiteHandler] = SiteHandler) -> Iterator[str]:
    """Address of the built site: `site/`, or the folder that WIKI_SITE names."""
    folder = Path(os.environ.get("WIKI_SITE", ROOT / "site"))
    if not (folder / "search" / "index.json").is_file():
        pytest.skip(f"{folder} holds no built and indexed site: run `make site`")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def site_url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture(scope="session")
def launch(site_url: str) -> Iterator[Callable[..., Browser]]:
    """Starts the first Chromium on PATH."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on PATH")
    with sync_playwright() as playwright:
        yield partial(playwright.chromium.launch, executable_path=path)


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """A Chromium that leaves WebAssembly as it is after one pass."""
    browser = launch(args=[*FLAGS, UNOPTIMIZED])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def optimizing(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """A Chromium as readers have it, which a module whose code runs for long takes in place of that one."""
    browser = launch(args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def runtime(site_url: str) -> None:
    """For tests that need an installed runtime."""
    with urlopen(f"{site_url}runtime/manifest.json") as answer:
        manifest = json.load(answer)
    if not manifest["installed"]:
        pytest.skip(f"no runtime: {manifest['reason']}; run `python -m publish runtime`")


def script(site_url: str, path: str) -> str:
    """The address of a script of `browser/`, which is named by its content."""
    with urlopen(f"{site_url}runtime/manifest.json") as answer:
        return f"{site_url}runtime/{json.load(answer)['scripts'][path]}"


# Until a page has begun all it asks for: it is there, and the theme's script knows which links it follows by itself,
# where it does.
BEGUN = """async () => {
  const follows = document.getElementById("__config").textContent.includes("navigation.instant");
  const loaded = () => performance.getEntriesByType("resource").map((one) => one.name);
  const begun = () => !document.getElementById("__scripts")
    && (!follows || loaded().some((name) => name.endsWith("/sitemap.xml")));
  while (!begun()) await new Promise((done) => setTimeout(done, 20));
}"""


def settle(page: Page, address: str) -> None:
    """Open a page and wait until it asks for nothing more.

    A browser calls the network idle also where a busy machine kept a page from asking for half a second.
    """
    page.goto(address)
    page.evaluate(BEGUN)
    page.wait_for_load_state("networkidle")


def open_question(page: Page) -> str:
    """How the first open question begins; a test that needs one is skipped where all were answered."""
    settle(page, "qa/open/")
    listed = page.locator("article li a")
    if not listed.count():
        pytest.skip("no question is open")
    return listed.first.inner_text()[:12]


class Watch:
    """What goes wrong in a page while a test runs. A test that provokes errors names them in `expected`."""

    def __init__(self, site_url: str) -> None:
        self.origin = site_url.removesuffix(PREFIX)
        self.requests: list[str] = []
        self.expected: list[str] = []
        self.problems: list[str] = []

    def see(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        for event, told in self.told():
            context.on(event, told)

    def look_away(self, context: BrowserContext) -> None:
        """Watch it no more."""
        for event, told in self.told():
            context.remove_listener(event, told)

    def told(self) -> list[tuple[Any, Callable[[Any], None]]]:
        """What is listened to, and who listens."""
        return [("request", self.request), ("console", self.console), ("weberror", self.weberror)]

    def request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.problems.append(f"request to another host: {request.url}")

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def weberror(self, error: WebError) -> None:
        self.problems.append(f"page error: {error.error}")

    @property
    def unexpected(self) -> list[str]:
        return [problem for problem in self.problems if not any(part in problem for part in self.expected)]


@pytest.fixture
def watch(site_url: str) -> Watch:
    return Watch(site_url)


def new_context(chromium: Browser, site_url: str) -> BrowserContext:
    """A fresh profile; `page.goto` takes addresses relative to the site."""
    made = chromium.new_context(base_url=site_url, locale="zh-CN", viewport={"width": 1280, "height": 850})
    made.set_default_timeout(PATIENCE)
    return made


@pytest.fixture
def context(chromium: Browser, site_url: str, watch: Watch) -> Iterator[BrowserContext]:
    """A fresh profile: nothing was ever loaded in it."""
    made = new_context(chromium, site_url)
    watch.see(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared(chromium: Browser, site_url: str) -> Iterator[BrowserContext]:
    """A profile for one test after the other: a fresh one costs as much as the page that is looked at in it."""
    made = new_context(chromium, site_url)
    yield made
    made.close()


@pytest.fixture
def swept(shared: BrowserContext, watch: Watch) -> Iterator[BrowserContext]:
    """The shared profile, in which nothing is kept but the files that the browser has in its cache."""
    watch.see(shared)
    yield shared
    watch.look_away(shared)
    for page in shared.pages[1:]:
        page.close()
    (page,) = shared.pages or [shared.new_page()]
    session = shared.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": watch.origin, "storageTypes": "all"})
    page.close()
    shared.clear_permissions()
    shared.set_offline(False)


@pytest.fixture
def page(request: pytest.FixtureRequest, watch: Watch) -> Iterator[Page]:
    """A page that fails the test on a request to another host, an error in the console, or an uncaught error.

    In a fresh profile where a test asks for that (`context`) or runs Python, which goes on to keep things by itself.
    """
    fresh = {"context", "runtime"} & set(request.fixturenames)
    made = request.getfixturevalue("context" if fresh else "swept").new_page()
    yield made
    assert watch.unexpected == []
