"""Code that a reader runs, maybe somebody else's out of a link, against the site: it reaches nothing that lasts."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import FLAGS, NAMES, Watch, script
from tests.browser.test_cell import LORA, RUN_SECONDS, Cell

pytestmark = pytest.mark.browser

# By every way to a name that JavaScript has: none of these may be found.
FORBIDDEN = """
    caches CacheStorage Cache indexedDB IDBFactory IDBDatabase Worker SharedWorker BroadcastChannel fetch XMLHttpRequest
    WebSocket EventSource importScripts postMessage close cookieStore StorageManager FileSystemDirectoryHandle
    ServiceWorkerRegistration Notification onmessage WebTransport LockManager
""".split()
LOOK = """(() => {
  const found = [];
  for (const name of %s) {
    for (let at = self; at; at = Object.getPrototypeOf(at)) {
      const own = Object.getOwnPropertyDescriptor(at, name);
      if (own && (own.get ? own.get.call(self) : own.value) != null) found.push(name);
    }
    try { if (eval(name) != null) found.push("eval " + name); } catch {}
  }
  for (const name of ["storage", "serviceWorker", "locks", "storageBuckets", "usb", "serial", "hid", "permissions"]) {
    for (let at = navigator; at; at = Object.getPrototypeOf(at)) {
      const own = Object.getOwnPropertyDescriptor(at, name);
      if (own && (own.get ? own.get.call(navigator) : own.value) != null) found.push("navigator." + name);
    }
  }
  return JSON.stringify(found);
})()"""
# Patched prototypes, the site's own modules, forged messages; what they bring is put into `loot`.
ATTACK = """(async () => {
  globalThis.loot = [];
  const { apply } = Reflect, { toString } = Object.prototype;
  const take = (thing) => {
    const name = apply(toString, thing, []).replace("DedicatedWorkerGlobalScope", ""); // where this code is anyway
    if (/Cache|IDB|Storage|Worker|Port/.test(name)) loot.push(name);
  };
  for (const [owner, name] of [[Promise.prototype, "then"], [Function.prototype, "call"], [Function.prototype, "apply"],
      [Function.prototype, "bind"], [Map.prototype, "get"], [Map.prototype, "set"]]) {
    const old = owner[name];
    owner[name] = function (...all) { take(this); for (const one of all) take(one); return apply(old, this, all); };
  }
  for (const address of ADDRESSES) {
    try {
      const module = await import(address);
      for (const [name, act] of Object.entries(module)) {
        take(act);
        if (name === "keepKit") await act({ version: "evil", snapshot: new ArrayBuffer(8), stdlib: new ArrayBuffer(8),
          image: new ArrayBuffer(8), entries: [] });
        if (name === "runtime") { try { await act.load(); loot.push("a worker"); } catch {} }
        if (name === "clear") { try { await act(); loot.push("cleared"); } catch {} }
      }
    } catch {}
  }
  try { self.dispatchEvent(new MessageEvent("message", { data: { type: "reset", id: 1 } })); } catch {}
  loot.push("done");
})()"""
PLANT = "topics/gae/"


def kept(page: Page) -> dict[str, int]:
    """What lies in the site's caches, and how large it is."""
    return page.evaluate("""async () => {
      const found = {};
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          found[`${name} ${request.url}`] = (await (await cache.match(request)).arrayBuffer()).byteLength;
        }
      }
      return found;
    }""")


def test_readers_code_finds_no_way_to_what_lasts(page: Page, watch: Watch, site_url: str, runtime: None) -> None:
    watch.expected = ["Failed to load", "the site", "ERR_", "404"]
    page.goto(LORA)
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__offline")).to_contain_text("离线也能运行", timeout=RUN_SECONDS)
    page.wait_for_function("async () => (await caches.keys()).length === 3")
    cell.button("重启").click()  # a worker whose every request passes through the service worker
    cell.run("print('again')")
    before = kept(page)
    names = json.dumps(FORBIDDEN)
    cell.run(f"from pyodide.code import run_js\nprint(run_js({LOOK % names!r}))")
    assert json.loads(cell.printed.inner_text()) == []
    paths = ("python/store.js", "python/kit.js", "python/download.js", "python/client.js", "offline/offline.js")
    crowd = [f"{site_url}{PLANT}?{number}" for number in range(3)]  # what is asked for is kept, and crowds out pages
    addresses = json.dumps([script(site_url, path) for path in paths] + crowd)
    attack = ATTACK.replace("ADDRESSES", addresses)
    cell.run(f"import js\nfrom pyodide.code import run_js\nrun_js({attack!r})\nprint('begun')")
    cell.run("import js\nprint(list(js.loot))")  # the worker has been through its own promises by then
    page.wait_for_timeout(500)
    cell.run("print(list(js.loot))")
    assert cell.printed.inner_text().strip() == "['done']"
    gone = f"await caches.open('openllm-wiki-pages-1 /').then(c => c.put('/{PLANT}', new Response('evil')))"
    cell.run(f"from pyodide.code import run_js\nawait run_js({f'(async () => {{ {gone} }})()'!r})", state="failed")
    assert kept(page) == before
    cell.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")  # what loads later still does
    expect(cell.output.locator("canvas")).to_be_visible()


def test_what_code_does_to_python_is_gone_with_the_page(page: Page, runtime: None) -> None:
    spoil = """import torch, os, builtins, pathlib
torch.set_default_dtype(torch.float64)
os.environ["MARK"] = "1"
pathlib.Path("mark").write_text("1")
builtins.sum = None
import snippets.lora
snippets.lora.LoRALinear = None
pathlib.Path(torch.__file__).write_bytes(b"")
print = 5"""
    page.goto(LORA)
    Cell(page).run(spoil)
    page.evaluate("""() => {
      const link = document.createElement("a");
      link.href = new URL("topics/layer_norm/", document.querySelector(".md-logo").href).href;
      document.querySelector("article").append(link);
      link.click();
    }""")
    page.wait_for_url("**/topics/layer_norm/")
    page.locator("h1", has_text="LayerNorm").or_(page.locator("h1", has_text="层归一化")).first.wait_for()
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    cell.run(
        "import os, pathlib, torch\nprint(os.environ.get('MARK'), pathlib.Path('mark').exists(), torch.ones(1).dtype)"
    )
    expect(cell.printed).to_have_text("None False torch.float32")


@pytest.fixture
def without_storage(tmp_path: Path, chromium: Browser, site_url: str, runtime: None) -> Iterator[Page]:
    """A browser that blocks all cookies and site data."""
    (tmp_path / "Default").mkdir()
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(settings), encoding="utf-8")
    path = next(filter(None, map(shutil.which, NAMES[1:])), None)
    if path is None:
        pytest.skip("the setting is the browser's, and its engine alone is here")
    context = chromium.browser_type.launch_persistent_context(
        str(tmp_path), executable_path=path, args=FLAGS, base_url=site_url, locale="zh-CN"
    )
    yield context.new_page()
    context.close()


def test_a_browser_that_keeps_nothing_runs_code_all_the_same(without_storage: Page) -> None:
    page = without_storage
    page.goto(LORA)
    assert "denied" in page.evaluate(
        "() => { try { localStorage.x = 1; return 'kept'; } catch (error) { return error.message; } }"
    )
    cell = Cell(page).run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    cell.run("print('edited')")
    expect(cell.printed).to_have_text("edited")
    cell.button("重启").click()
    cell.run("print('again')")
    expect(cell.printed).to_have_text("again")
