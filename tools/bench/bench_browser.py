"""The runtime in a real Chromium: starts against bare Pyodide with NumPy, bytes, import, self-attention."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from publish.runtime import packages
from publish.runtime.assets import default_cache
from publish.runtime.build import build
from publish.runtime.compile import unzipped, zipped
from tests.browser.conftest import FLAGS, NAMES
from tests.browser.test_worker import LOCK, Site, Tab, served
from tools.bench.table import Row, middle

TITLE = "浏览器里的运行环境"
ROUNDS = 5

BARE = """
onmessage = async () => {
  const { loadPyodide } = await import(new URL("bare/INDEXpyodide.mjs", location.href).href);
  const pyodide = await loadPyodide({ indexURL: new URL("bare/INDEX", location.href).href });
  await pyodide.loadPackage(["numpy"], { messageCallback() {} });
  pyodide.runPython("import numpy; print(numpy.arange(3))");
  postMessage("ready");
};
"""
TIME_BARE = """() => new Promise((resolve) => {
  const began = performance.now();
  const worker = new Worker("bare.js", { type: "module" });
  worker.onmessage = () => { worker.terminate(); resolve(performance.now() - began); };
  worker.postMessage("");
})"""
TIME_OURS = """async (withKit) => {
  const began = performance.now();
  open_();
  const loaded = await load(withKit);
  if (loaded.error) throw new Error(loaded.error.message);
  const code = "import torch; print(torch.arange(3))";
  const answer = await ask("run", { page: "p", block: "1", code });
  if (answer.error) throw new Error(answer.error.message);
  return performance.now() - began;
}"""
IMPORT = """import sys, time, numpy
for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
    del sys.modules[name]
began = time.perf_counter()
import torch
print((time.perf_counter() - began) * 1000)"""
ATTENTION = """import time, numpy as np, torch
from statistics import median
from snippets.self_attention import SelfAttention

torch.manual_seed(0)
layer, x = SelfAttention(width=512, heads=8), torch.randn(16, 10, 512)
weights = [p.detach().numpy() for p in (layer.q_proj.weight, layer.k_proj.weight, layer.v_proj.weight)]
last, array = next(p for n, p in layer.named_parameters() if n.startswith("o")).detach().numpy(), x.numpy()

def bare():
    q, k, v = ((array @ w.T).reshape(16, 10, 8, 64).transpose(0, 2, 1, 3) for w in weights)
    scores = q @ k.transpose(0, 1, 3, 2) / np.float32(8)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    out = scores / scores.sum(-1, keepdims=True) @ v
    return out.transpose(0, 2, 1, 3).reshape(16, 10, 512) @ last.T

def ours():
    with torch.no_grad():
        return layer(x)

def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began

assert np.allclose(bare(), ours().numpy(), atol=1e-5)
pairs = [(seconds(ours), seconds(bare)) for _ in range(15)]
print(median(a for a, _ in pairs) / median(b for _, b in pairs))"""


def measure() -> list[Row]:
    """Build the runtime afresh and measure it; the two kinds of start take turns, so that both see the same machine."""
    with runtime_alone() as site, sync_playwright() as playwright:
        manifest = json.loads((site.folder / "runtime" / "manifest.json").read_text("utf-8"))
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        rows = [*weight(manifest["groups"]["core"], manifest["files"]), *figures(browser, site)]
        browser.close()
    return rows


@contextmanager
def runtime_alone() -> Iterator[Site]:
    """A site with the runtime alone, and beside our worker one that loads bare Pyodide with NumPy, as published."""
    lock = json.loads(LOCK.read_text("utf-8"))
    for entry in lock["files"]:
        entry.pop("optimize", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lock.json").write_text(json.dumps(lock), "utf-8")
        build(folder / "lock.json", folder / "bare", default_cache())
        files = json.loads((folder / "bare" / "manifest.json").read_text("utf-8"))["files"]
        for path, entry in files.items():  # under the names by which Pyodide itself asks for them
            shutil.copy(folder / "bare" / entry["at"], folder / "bare" / path)
        build(LOCK, folder / "runtime", default_cache())
        (folder / "bare.js").write_text(BARE.replace("INDEX", lock["runtimes"][lock["runtime"]]["index"]), "utf-8")
        yield from served(folder)


def time_bare(browser: Browser, site: Site) -> float:
    """Milliseconds from nothing to the first line that bare Pyodide with NumPy prints, in a profile of its own."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    found = page.evaluate(TIME_BARE)
    context.close()
    return float(found)


def weight(core: dict[str, Any], sizes: dict[str, dict[str, int]]) -> list[Row]:
    """What a first start transfers, and what of it is torch."""
    raw, packed = core["bytes"] / 1e6, core["gzip"] / 1e6
    torch = next(sizes[path]["bytes"] for path in core["files"] if "/torch-" in path) / 1e3
    with tempfile.TemporaryDirectory() as folder:
        files = unzipped(packages.torch_wheel(Path(folder)).read_bytes())
    source = zipped({path: content for path, content in files.items() if path.endswith(".py")})
    return [
        Row("torch 的替身，源码打包", f"{len(source) / 1e3:.1f} kB"),
        Row("torch 的替身，实际传输（有 Python 3.13 时是字节码，见设计决定 16）", f"{torch:.0f} kB"),
        Row("首次启动的传输量", f"{raw:.1f} MB", "≤ 16 MB", raw <= 16),
        Row("同上，gzip 之后", f"{packed:.1f} MB", "≤ 10 MB", packed <= 10),
    ]


def figures(browser: Browser, site: Site) -> list[Row]:
    """Starts, import and self-attention."""
    bare, cold, warm, imports, ratios = [], [], [], [], []
    for _ in range(ROUNDS):
        bare.append(time_bare(browser, site))
        context = browser.new_context()
        tab = Tab(context.new_page())
        tab.page.goto(site.url)
        tab.page.wait_for_function("window.ready")
        cold.append(tab.page.evaluate(TIME_OURS, False))
        tab.page.evaluate("stop_()")
        warm.append(tab.page.evaluate(TIME_OURS, True))
        for code, found in ((IMPORT, imports), (ATTENTION, ratios)):
            answer = tab.run(code, page="p")
            assert "result" in answer, answer
            found.append(float(tab.printed()))
        context.close()
    base = middle(bare)
    first, again = middle(cold) / base, middle(warm) / base
    return [
        Row("裸 Pyodide 加 NumPy，从零到第一行输出", f"{base / 1000:.2f} s"),
        Row("本站的 worker，首次（冷）", f"{middle(cold) / 1000:.2f} s，{first:.2f} 倍", "≤ 1.15 倍", first <= 1.15),
        Row("同上，停止之后再启动（热）", f"{middle(warm) / 1000:.2f} s，{again:.2f} 倍", "≤ 0.6 倍", again <= 0.6),
        Row("`import torch`", f"{middle(imports):.0f} ms", "≤ 150 ms", middle(imports) <= 150),
        Row(
            "自注意力 (16, 10, 512)，8 头，与裸 NumPy 之比",
            f"{middle(ratios):.2f} 倍",
            "≤ 1.5 倍",
            middle(ratios) <= 1.5,
        ),
    ]
