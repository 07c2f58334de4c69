"""The worker in a real Chromium: Python starts, runs blocks, reports errors, stops, and starts again faster.

A page of the test's own speaks the protocol; the runtime is built afresh from the cache. Everything is served with a
Content-Security-Policy that allows no eval and no other host.
"""

import json
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.python.run_cell import LIMIT
from publish.__main__ import main
from publish.runtime import pack
from publish.runtime.assets import default_cache
from publish.runtime.build import LOCK, build

pytestmark = pytest.mark.browser


POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
SECONDS = 300  # for one answer: a first start on a busy machine takes its time

CLIENT = """
const base = new URL("runtime/", location.href).href;
const { scripts } = await (await fetch(base + "manifest.json", { cache: "no-store" })).json();
let worker, kit, modules, last = 0;
const waiting = new Map();
window.events = [];
window.open_ = () => {
  worker = new Worker(base + scripts["python/worker.js"], { type: "module" });
  worker.onmessage = ({ data }) => {
    if (!data.event) return waiting.get(data.id)(data);
    data.at = performance.now();
    if (data.event === "kit") { kit = data.kit; data = { ...data, kit: true }; }
    if (data.event === "compiled") { modules = data.modules; data = { ...data, modules: modules.size }; }
    if (data.bytes) data = { ...data, bytes: [...new Uint8Array(data.bytes)] };
    events.push(data);
  };
};
window.ask = (type, fields) => new Promise((resolve, reject) => {
  const id = ++last;
  waiting.set(id, (reply) => resolve({ ...reply, at: performance.now() }));
  setTimeout(() => reject(new Error(`no answer to ${type}`)), SECONDS * 1000);
  worker.postMessage({ ...fields, id, type });
});
window.load = async (withKit, change = {}) => {
  const manifest = await (await fetch(base + "manifest.json", { cache: "no-store" })).json();
  return ask("load", { base, manifest: { ...manifest, ...change }, ...(withKit ? { kit, modules } : {}) });
};
window.keep = async () => {
  const { keepKit } = await import(base + scripts["python/store.js"]);
  await keepKit(kit);
};
window.fromStore = async (version) => {
  const { storedKit } = await import(base + scripts["python/store.js"]);
  kit = await storedKit(version);
  return kit !== null;
};
window.module = (path) => import(base + scripts[path]);
window.answer = (text) => worker.postMessage({ answer: text });
window.stop_ = () => worker.terminate();
window.spoil = () => { kit = { ...kit, snapshot: new ArrayBuffer(4096) }; };
window.ready = true;
""".replace("SECONDS", str(SECONDS))

INSTALLED = "import torch\nfrom importlib.metadata import version\nprint(version('torch') == torch.__version__)"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder with the policy; files named in `broken` fail, or end too early."""

    protocol_version = "HTTP/1.1"
    broken: dict[str, str]

    def do_GET(self) -> None:
        fault = next((fault for name, fault in self.server.broken.items() if name in self.path), None)
        if fault == "status":
            self.send_error(503)
        elif fault == "short":
            content = Path(self.translate_path(self.path)).read_bytes()[:-100]
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(self.path))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


class Site:
    """A site with nothing but a runtime and a page that speaks to its worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "index.html").write_text(
            '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<script type="module" src="client.js"></script>',
            encoding="utf-8",
        )
        (folder / "client.js").write_text(CLIENT, encoding="utf-8")
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.http.broken = self.broken = {}
        self.url = f"http://127.0.0.1:{self.http.server_port}/"


def served(folder: Path) -> Iterator[Site]:
    site = Site(folder)
    thread = threading.Thread(target=site.http.serve_forever, daemon=True)
    thread.start()
    yield site
    site.http.shutdown()
    thread.join()
    site.http.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    """The project's own runtime, built from the cache (or the network, the first time)."""
    folder = tmp_path_factory.mktemp("site")
    build(LOCK, folder / "runtime", default_cache())
    manifest = json.loads((folder / "runtime" / "manifest.json").read_text(encoding="utf-8"))
    if not manifest["installed"]:
        pytest.skip(f"the runtime cannot be had: {manifest['reason']}")
    yield from served(folder)


class Tab:
    """A page with a worker, and what it has said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        page.context.on("request", lambda request: self.requests.append(request.url))

    def open(self, url: str) -> "Tab":
        self.page.goto(url)
        self.page.wait_for_function("() => window.ready")
        self.page.evaluate("open_()")
        return self

    def load(self, kit: bool = False, **change: Any) -> dict[str, Any]:
        return self.page.evaluate("([kit, change]) => load(kit, change)", [kit, change])

    def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        return self.page.evaluate(
            "([type, fields]) => { events.length = 0; return ask(type, fields); }", [type, fields]
        )

    def run(self, code: str, page: str, block: str = "1", **more: Any) -> dict[str, Any]:
        return self.ask("run", code=code, page=page, block=block, **more)

    def restart(self) -> None:
        self.page.evaluate("stop_(); open_()")

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.page.evaluate("events") if event["event"] == kind]

    def printed(self, stream: str = "stdout") -> str:
        return "".join(event["text"] for event in self.events("output") if event["stream"] == stream)


@pytest.fixture(scope="module")
def tab(chromium: Browser, site: Site) -> Iterator[Tab]:
    """A worker that has loaded; tests take a page name of their own each."""
    context = chromium.new_context()
    made = Tab(context.new_page()).open(site.url)
    made.loaded = made.load()
    made.progress = made.events("progress")
    yield made
    context.close()


@pytest.fixture
def fresh(chromium: Browser, site: Site) -> Iterator[Tab]:
    """A tab without anything loaded or kept."""
    context: BrowserContext = chromium.new_context()
    yield Tab(context.new_page()).open(site.url)
    context.close()
    site.broken.clear()


def test_load_tells_versions_and_the_real_progress_of_its_download(tab, site):
    assert tab.loaded["result"]["python"] == "0.28.3"
    manifest = json.loads((site.folder / "runtime" / "manifest.json").read_text(encoding="utf-8"))
    download = [event for event in tab.progress if event["stage"] == "download"]
    assert {event["total"] for event in download} == {manifest["groups"]["core"]["bytes"]}
    loaded = [event["loaded"] for event in download]
    assert loaded == sorted(loaded) and loaded[0] == 0 and loaded[-1] == download[0]["total"]
    assert all(after["at"] - before["at"] < 1000 for before, after in pairwise(download))
    assert [event["stage"] for event in tab.progress if event["stage"] != "download"] == ["start", "packages"]


def test_a_block_prints_and_its_page_keeps_its_names(tab):
    assert "result" in tab.run("x = 'hi'\nprint(x)", page="names")
    assert tab.printed() == "hi\n"
    assert [event["state"] for event in tab.events("status")] == ["running", "ready"]
    tab.run("print(x * 2)", page="names", block="2")
    assert tab.printed() == "hihi\n"
    tab.ask("reset", page="names")
    assert tab.run("x", page="names")["error"]["type"] == "NameError"


def test_numpy_is_there(tab):
    tab.run("import numpy as np\nprint(np.__version__, np.arange(6).reshape(2, 3).sum(0))", page="numpy")
    assert tab.printed() == "2.2.5 [3 5 7]\n"


def test_torch_and_the_snippets_are_there_with_torchs_own_numbers(tab):
    """Seeded as in torch 2.13 on CPU: `nn.Linear(4, 4)` has its first weight -0.0037."""
    code = """import torch
from snippets.self_attention import SelfAttention
torch.manual_seed(0)
print(f"{torch.nn.Linear(4, 4).weight[0, 0].item():.4f}")
layer = SelfAttention(width=64, heads=8)
x = torch.randn(2, 10, 64)
print(tuple(layer(x).shape), sum(p.numel() for p in layer.parameters()))
layer(x).sum().backward()
print(layer.q_proj.weight.grad.shape)"""
    assert "error" not in (answer := tab.run(code, page="torch")), answer
    assert tab.printed() == "-0.0037\n(2, 10, 64) 16384\ntorch.Size([64, 64])\n"


def test_a_printed_line_shows_while_the_code_runs(tab):
    answer = tab.run("import time\nprint('first')\ntime.sleep(2)\nprint('second')", page="stream")
    assert tab.printed() == "first\nsecond\n"
    first, second = (next(one for one in tab.events("output") if word in one["text"]) for word in ("first", "second"))
    assert second["at"] - first["at"] > 900  # not 2,000: on a busy machine the first line may reach the page late
    assert tab.events("status")[0]["at"] <= first["at"] < answer["at"] - 900


def test_an_error_marks_the_readers_line_and_leaves_the_worker_ready(tab):
    error = tab.run("import torch\n\ndef f(x):\n    return x.view(7)\n\nf(torch.ones(4))", page="error")["error"]
    assert (error["kind"], error["type"], error["line"]) == ("python", "RuntimeError", 4)
    assert [frame["line"] for frame in error["frames"]] == [6, 4]
    assert "run_cell" not in error["traceback"]
    assert tab.run("print(1)", page="error").keys() >= {"result"}


def test_output_is_cut_at_one_megabyte(tab):
    answer = tab.run("for _ in range(40):\n    print('a' * 99_999)\nx = 1", page="cap")
    assert answer["result"]["truncated"]
    assert len(tab.printed()) == LIMIT
    assert len(tab.events("truncated")) == 1


def test_a_flood_of_lines_comes_whole_in_few_messages(tab):
    tab.run("for i in range(20_000):\n    print(i)", page="flood")
    assert tab.printed() == "".join(f"{i}\n" for i in range(20_000))
    assert len(tab.events("output")) < 1000


def test_out_of_memory_is_said_and_the_worker_goes_on(tab):
    error = tab.run("import numpy\nnumpy.ones((1 << 16, 1 << 14))", page="memory")["error"]
    assert (error["kind"], error["line"]) == ("memory", 2)
    tab.run("print('alive')", page="memory")
    assert tab.printed() == "alive\n"


def test_recursion_without_end_is_an_ordinary_error(tab):
    error = tab.run("def f():\n    return f()\nf()", page="recursion")["error"]
    assert (error["kind"], error["type"]) == ("python", "RecursionError")
    assert "result" in tab.run("1", page="recursion")


def test_input_waits_for_a_line_of_the_page(tab):
    tab.page.evaluate("""() => { events.length = 0; window.asked = ask("run", {
      page: "input", block: "1", code: "name = input('who? ')\\nprint('hello', name)" }); }""")
    tab.page.wait_for_function("() => events.some(({ event }) => event === 'input')")
    assert [event["prompt"] for event in tab.events("input")] == ["who? "]
    tab.page.evaluate("answer('小明')")
    assert "result" in tab.page.evaluate("asked")
    assert tab.printed() == "who? 小明\nhello 小明\n"


def test_await_and_asyncio_run(tab):
    code = "import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 7\n"
    assert "result" in tab.run(f"{code}print(await f())", page="await")
    assert tab.printed() == "7\n"
    assert "result" in tab.run(f"{code}print(asyncio.run(f()))", page="await")
    assert tab.printed() == "7\n"


def test_wrong_requests_are_answered(tab):
    assert tab.ask("dance")["error"]["kind"] == "protocol"
    assert "code: string" in tab.ask("run", page="p", block="1")["error"]["message"]
    assert tab.load()["result"]["seconds"] == 0


def test_nothing_leaves_the_origin_and_eval_is_not_needed(tab, site):
    assert tab.requests
    assert [url for url in tab.requests if not url.startswith(site.url)] == []


def test_matplotlib_is_loaded_when_imported_and_its_figure_comes_as_png(tab, site):
    manifest = json.loads((site.folder / "runtime" / "manifest.json").read_text(encoding="utf-8"))
    if not manifest["groups"]["matplotlib"]["installed"]:
        pytest.skip("matplotlib's files cannot be had")
    assert not [url for url in tab.requests if "matplotlib" in url]
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('loss')\nplt.show()"
    answer = tab.run(code, page="figure")
    assert answer["result"]["figures"] == 1
    assert {event["stage"] for event in tab.events("progress")} == {"matplotlib"}
    [figure] = tab.events("figure")
    assert figure["bytes"][:4] == [0x89, 0x50, 0x4E, 0x47]
    assert figure["alt"] == "loss" and figure["width"] > 300
    assert tab.printed("stderr") == ""


def test_a_second_start_takes_over_from_the_first_after_a_stop_and_at_the_next_visit(fresh, site):
    fresh.load()
    fresh.page.evaluate("ask('run', {page: 'p', block: '1', code: 'while True: pass'}); 0")
    fresh.page.wait_for_timeout(200)
    fresh.restart()
    asked = len(fresh.requests)
    assert "result" in fresh.load(kit=True)
    assert not [url for url in fresh.requests[asked:] if url.endswith((".wasm", ".whl", ".zip"))]
    fresh.run("import torch, unittest.mock\nfrom snippets.lora import LoRALinear\nprint(torch.ones(2))", page="p")
    assert fresh.printed() == "tensor([1., 1.])\n"
    fresh.run(INSTALLED, page="p")
    assert fresh.printed() == "True\n"
    version = json.loads((site.folder / "runtime" / "manifest.json").read_text(encoding="utf-8"))["version"]
    fresh.page.evaluate("keep()")
    assert fresh.page.evaluate("caches.keys()") == [f"openllm-wiki-kit-{version}"]
    asked = len(fresh.requests)
    fresh.open(site.url)
    assert fresh.page.evaluate("fromStore", version)
    assert "result" in fresh.load(kit=True)
    assert not [url for url in fresh.requests[asked:] if url.endswith((".whl", ".zip"))]
    fresh.run("import torch\nprint(torch.arange(3))", page="p")
    assert fresh.printed() == "tensor([0, 1, 2])\n"


def test_what_one_worker_compiled_the_next_takes_over(fresh):
    """A restart is half as long where NumPy's own modules need no compiling: browsers keep the code of those held."""
    fresh.load()
    [first] = [event["modules"] for event in fresh.events("compiled")]
    assert first > 2  # Python's, and those of NumPy that torch imports
    fresh.restart()
    fresh.page.evaluate("events.length = 0")
    assert "result" in fresh.load(kit=True)
    assert [event["modules"] for event in fresh.events("compiled")] == [first]


def test_a_module_is_known_by_its_bytes(tab):
    same = tab.page.evaluate("""async () => {
      const { intercept } = await module("python/download.js");
      const bytes = (...more) => Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...more);
      const plain = new WebAssembly.Module(bytes()), modules = new Map();
      const { restore } = intercept(plain, modules);
      const made = [bytes(), bytes(), bytes(0, 2, 1, 65), bytes(0, 2, 1, 66)].map((one) => new WebAssembly.Module(one));
      const { module: loaded } = await WebAssembly.instantiate(bytes(0, 2, 1, 67));
      const later = new WebAssembly.Module(bytes(0, 2, 1, 67)), kin = made[0] instanceof WebAssembly.Module;
      restore();
      const found = [made[0] === made[1], made[2] === made[3], loaded === later, kin, modules.size];
      return [...found, new WebAssembly.Module(bytes()) === made[0]];
    }""")
    assert same == [True, False, True, True, 4, False]


def test_torch_is_an_installed_package(tab):
    tab.run(INSTALLED, page="installed")
    assert tab.printed() == "True\n"


@pytest.mark.parametrize(
    ("name", "fault", "cause"),
    [("numpy-", "status", "status"), ("python_stdlib", "short", "size"), (".wasm", "short", "size")],
)
def test_a_failed_download_says_which_file_and_why(fresh, site, name, fault, cause):
    site.broken[name] = fault
    error = fresh.load()["error"]
    assert (error["kind"], error["cause"]) == ("load", cause)
    assert name in error["file"] and name in error["message"]
    assert fresh.events("status")[-1]["state"] == "failed"
    assert fresh.run("1", page="p")["error"]["kind"] == "protocol"


def test_a_kit_that_does_not_fit_is_no_reason_to_fail(fresh):
    fresh.load()
    fresh.page.evaluate("spoil()")
    fresh.restart()
    assert "result" in fresh.load(kit=True)
    fresh.run("import torch\nprint(torch.arange(2))", page="p")
    assert fresh.printed() == "tensor([0, 1])\n"


def test_after_a_failed_download_the_same_worker_can_load_again(fresh, site):
    site.broken["numpy-"] = "status"
    assert "error" in fresh.load()
    site.broken.clear()
    assert "result" in fresh.load()


def test_a_runtime_that_is_not_installed_says_so_without_a_request(fresh):
    asked = len(fresh.requests)
    error = fresh.load(installed=False, reason="numpy: no source reachable")["error"]
    assert (error["kind"], error["message"]) == ("load", "numpy: no source reachable")
    assert [url for url in fresh.requests[asked:] if "pyodide" in url] == []


def test_an_operators_own_torch_is_a_second_runtime(chromium, site, tmp_path):
    """The lock names another runtime: our torch stays out, the operator's wheel is loaded in its place."""
    wheel = tmp_path / "torch-9.9.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("torch/__init__.py", "import numpy\n__version__ = '9.9.0'\n")
        file.writestr("torch-9.9.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 9.9.0\n")
        file.writestr("torch-9.9.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr("torch-9.9.0.dist-info/RECORD", "")
    content = wheel.read_bytes()
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    ours = lock["runtimes"]["numpy"]
    lock["runtimes"]["torch"] = {
        **ours,
        "groups": ["core", "torch"],
        "optional": [],
        "packages": ["numpy", "torch"],
        "shim": False,
    }
    lock["files"].append(
        {
            "name": "torch",
            "version": "9.9.0",
            "group": "torch",
            "to": f"{ours['index']}{wheel.name}",
            **pack.entry(content),
            "sources": [{"file": wheel.name}],
            "package": {"depends": ["numpy"], "imports": ["torch"]},
        }
    )
    path = tmp_path / "lock.json"
    path.write_text(json.dumps(lock), encoding="utf-8")
    (tmp_path / "site").mkdir()
    out = tmp_path / "site" / "runtime"
    assert main(["runtime", "--lock", str(path), "--runtime", "torch", "--out", str(out), "--strict"]) == 0
    for second in served(tmp_path / "site"):
        context = chromium.new_context()
        tab = Tab(context.new_page()).open(second.url)
        assert "result" in tab.load()
        code = "import torch, numpy\nfrom snippets import __file__ as f\nprint(torch.__version__, numpy.__version__)"
        assert "result" in tab.run(code, page="p")
        assert tab.printed() == "9.9.0 2.2.5\n"
        context.close()
