"""Widgets of the built site in a real Chromium: from an input to the new picture, in the middle of the ranges."""

import shutil
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, NAMES, serving
from tools.bench.table import Row, middle
from widgets import _outputs

TITLE = "可以拖动的实验"
PAGE = "guide/widgets/"  # which shows all
STEPS = 16

# All controls to their middles, then one step of a slider to and fro: milliseconds from the input to the pictures.
MEASURE = """async ([name, middles, moved, count]) => {
  const block = document.querySelector(`[data-widget=${name}]`);
  const place = (one) => block.querySelector(`[data-name=${one}]`);
  const shown = () => new Promise((resolve) => {
    const seen = new MutationObserver(() => { seen.disconnect(); requestAnimationFrame(() => resolve()); });
    seen.observe(block.querySelector(".wiki-widget__numbers[data-live]"), { childList: true });
    seen.observe(block, { attributeFilter: ["data-state"] }); // at the default it rests
  });
  const set = (one, value) => {
    const inputs = [...place(one).querySelectorAll("input")];
    const input = inputs.find((each) => each.type !== "radio" || each.value === value);
    if (input.type === "radio" || input.type === "checkbox") input.checked = value !== false;
    else input.value = value;
    return input;
  };
  const fire = (input) => input.dispatchEvent(new Event("input", { bubbles: true }));
  const quiet = async () => {
    for (let last = null, still = 0; still < 8; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const now = block.querySelector(".wiki-widget__numbers[data-live]").firstChild;
      still = now === last && block.dataset.state !== "waiting" ? still + 1 : 0;
      last = now;
    }
  };
  let input;
  for (const [one, value] of Object.entries(middles)) input = set(one, value);
  fire(input);
  await quiet();
  let longest = 0;
  const longer = (one) => (longest = Math.max(longest, one.duration));
  const watch = new PerformanceObserver((list) => list.getEntries().forEach(longer));
  watch.observe({ type: "longtask" });
  const found = [];
  const slider = place(moved).querySelector("input");
  for (let n = 0; n < count; n += 1) {
    const walked = place(moved).dataset.play === "2";
    slider.value = Number(slider.value) + Number(slider.step) * (walked || n % 2 === 0 ? 1 : -1);
    const began = performance.now(), done = shown();
    fire(slider);
    await done;
    found.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  watch.disconnect();
  return [found, longest];
}"""


def step(page: Page, name: str) -> tuple[list[float], float]:
    """Milliseconds of each step of a widget, and the longest task of the page's thread meanwhile."""
    controls = _outputs.script(name, "zh").controls
    middles: dict[str, Any] = {one.name: one.positions()["middle"] for one in controls}
    moved = next((one.name for one in controls if one.play == 2), None)
    moved = moved or next(one.name for one in controls if one.kind == "slider")
    found, longest = page.evaluate(MEASURE, [name, middles, moved, STEPS])
    return found, longest


def converge(page: Page) -> float:
    """Seconds until the widget that trains has played to where it reverses every string."""
    seconds: float = page.evaluate("""async () => {
      const block = document.querySelector("[data-widget=training]");
      [...block.querySelectorAll(".wiki-widget__foot button")][0].click();
      block.querySelector(".wiki-widget__numbers[data-live]").replaceChildren(); // what is left of the steps before
      const began = performance.now();
      const play = block.querySelector(".wiki-widget__play");
      const slider = play.parentElement.querySelector("input");
      slider.value = 0;
      play.click();
      while (!block.querySelector(".wiki-widget__numbers[data-live]").textContent.includes("100%"))
        await new Promise((resolve) => setTimeout(resolve, 50));
      play.click();
      return (performance.now() - began) / 1000;
    }""")
    return seconds


def measure() -> list[Row]:
    """Every widget, in one page and one worker."""
    path = next(filter(None, map(shutil.which, NAMES)))
    with serving() as url, sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_context(base_url=url, locale="zh-CN", viewport={"width": 1280, "height": 850}).new_page()
        page.set_default_timeout(180_000)
        page.goto(PAGE, wait_until="networkidle")
        page.locator(".wiki-widget__foot").last.wait_for()
        rows, tasks = [], []
        for name in _outputs.names():
            times, longest = step(page, name)
            tasks.append(longest)
            figure = f"{middle(times):.0f} ms，最慢 {max(times):.0f} ms"
            rows.append(Row(f"`{name}` 拖一步到新图", figure, "中位 ≤ 100 ms", middle(times) <= 100))
        rows.append(Row("其间页面主线程最长的任务", f"{max(tasks):.0f} ms", "≤ 50 ms", max(tasks) <= 50))
        seconds = converge(page)
        rows.append(Row("`training` 从零播放到整串都写对", f"{seconds:.0f} s", "≤ 60 s", seconds <= 60))
        browser.close()
    return rows
