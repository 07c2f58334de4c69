"""What a reader has read: marked and taken back, passed by a challenge, shown on all pages that tell of the path, and
kept in this browser alone, if it keeps anything at all."""

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Watch, settle

pytestmark = pytest.mark.browser

KEY = "wiki-progress"
KEPT = f"localStorage.getItem('{KEY}')"
# A browser that lets no page keep anything: the property itself throws, as with all cookies blocked.
BLOCKED = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('storage is blocked', 'SecurityError'); },
})"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"
PASSED = """([place, detail, bubbles]) =>
  document.querySelector(place).dispatchEvent(new CustomEvent('wiki-passed', {detail, bubbles}))"""


on_both_screens = pytest.mark.parametrize("width", [1280, 390])  # what has a place on the page; what is kept has none


def mark(page: Page, name: str) -> None:
    page.goto(f"topics/{name}/")
    page.get_by_role("button", name="标为读完").click()
    expect(page.locator(".wiki-turn button")).to_have_attribute("aria-pressed", "true")


@on_both_screens
def test_page_that_is_read_is_so_on_the_home_page_the_path_and_the_map(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    mark(page, "tokenizer")
    assert json.loads(page.evaluate(KEPT)) == {"tokenizer": "done"}
    page.goto("")
    first = page.locator("[data-wiki-step]").first
    expect(first.locator("progress")).to_have_js_property("value", 1)
    status = page.locator(".wiki-progress")
    expect(status).to_contain_text("读完 1 / ")
    status.get_by_role("link", name="BPE").click()
    expect(page).to_have_url(re.compile("/topics/bpe/$"))
    page.goto("topics/")
    row = page.locator("li:has(> a[data-wiki-concept=tokenizer])")
    expect(row.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#map-tokenizer")).to_have_class("wiki-done")
    expect(page.locator("#map-bpe")).to_have_class("wiki-due")
    expect(page.locator("#map-tokenizer")).to_have_attribute("aria-label", re.compile("已读完$"))
    row.get_by_role("button").click()  # and back
    expect(page.locator("#map-tokenizer")).not_to_have_class(re.compile("wiki-done"))
    assert page.evaluate(KEPT) is None


@on_both_screens
def test_all_is_forgotten_at_one_click(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    mark(page, "tokenizer")
    page.goto("topics/")
    page.locator("li:has(> a[data-wiki-concept=rope])").get_by_role("button").click()
    assert set(json.loads(page.evaluate(KEPT))) == {"tokenizer", "rope"}
    page.get_by_role("button", name="全部清除").click()
    expect(page.locator(".wiki-progress")).to_be_hidden()
    expect(page.locator(".wiki-done")).to_have_count(0)
    assert page.evaluate(KEPT) is None


@pytest.mark.parametrize("place", ["article", "html"])
@pytest.mark.parametrize("bubbles", [True, False])
def test_challenge_that_is_passed_marks_its_page(page: Page, place: str, bubbles: bool) -> None:
    page.goto("topics/lora/")
    expect(page.locator(".wiki-turn button")).to_have_text("标为读完")
    page.evaluate(PASSED, [place, "lora", bubbles])
    expect(page.locator(".wiki-turn button")).to_have_attribute("aria-pressed", "true")
    assert json.loads(page.evaluate(KEPT)) == {"lora": "done"}


@pytest.mark.parametrize("script", [BLOCKED, FULL], ids=["blocked", "full"])
def test_where_nothing_can_be_kept_the_pages_work_and_know_it_for_the_visit(
    page: Page, script: str, watch: Watch
) -> None:
    watch.expected = ["storage is blocked"]  # which the theme's own scripts do not expect
    page.add_init_script(script)
    page.goto("topics/")
    button = page.locator("li:has(> a[data-wiki-concept=tokenizer])").get_by_role("button")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".wiki-progress")).to_contain_text("读完 1 / ")
    page.locator("li > a[data-wiki-concept=tokenizer]").click()  # by the theme, without a new document
    expect(page.locator(".wiki-turn button")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("kept", ["[1]", "3", "null", "{", '{"lora": {"a": 1}, "__proto__": 3}'])
def test_what_somebody_else_kept_there_breaks_nothing(page: Page, kept: str) -> None:
    page.goto("snippets/")
    page.evaluate("text => localStorage.setItem('wiki-progress', text)", kept)
    mark(page, "rope")
    assert json.loads(page.evaluate(KEPT))["rope"] == "done"


@on_both_screens
def test_goal_cuts_its_way_through_path_and_map_and_its_address_can_be_shared(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    page.goto("topics/")
    items = page.locator("li:has(> [data-wiki-goals])")
    every = items.count()
    page.get_by_role("link", name=re.compile("我要懂 RLHF")).click()
    expect(page).to_have_url(re.compile(r"/topics/\?goal=rlhf$"))
    shown = items.filter(visible=True)
    names = shown.locator("> a").evaluate_all("all => all.map(one => one.dataset.wikiConcept)")
    assert "ppo" in names and "rope" not in names and len(names) < every / 2
    assert page.locator("h3[id^=step-]").filter(visible=True).count() < page.locator("h3[id^=step-]").count()
    expect(page.locator("#map-rope")).to_have_class("wiki-out")
    page.reload()
    expect(items.filter(visible=True)).to_have_count(len(names))
    page.locator("[data-wiki-goal='']").click()
    expect(items.filter(visible=True)).to_have_count(every)


@on_both_screens
def test_map_zooms_and_leads_to_a_page_by_keys_alone(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    page.goto("topics/#map-lora")
    svg = page.locator(".wiki-map svg")
    window = page.locator(".wiki-map").bounding_box()
    box = page.locator("#map-lora").bounding_box()
    assert window["x"] <= box["x"] and box["x"] + box["width"] <= window["x"] + window["width"]
    assert window["y"] <= box["y"] and box["y"] + box["height"] <= window["y"] + window["height"]
    before = svg.bounding_box()["width"]
    page.get_by_role("button", name="放大").focus()
    page.keyboard.press("Enter")
    assert svg.bounding_box()["width"] == pytest.approx(1.25 * before, abs=2)
    page.get_by_role("button", name="缩小").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert svg.bounding_box()["width"] < before
    page.locator("#map-rope").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/topics/rope/$"))


def test_news_that_have_aged_since_the_build_are_hidden(context: BrowserContext, page: Page) -> None:
    settle(page, "")
    cards = page.locator("[data-wiki-fresh]")
    if not cards.count():
        pytest.skip("the build itself has no news")
    newest = cards.first.get_attribute("data-wiki-fresh")
    page.clock.set_fixed_time(f"{newest}T12:00:00Z")
    page.reload(wait_until="networkidle")
    expect(cards.first).to_be_visible()
    page.clock.set_fixed_time(f"{int(newest[:4]) + 1}{newest[4:]}T12:00:00Z")
    page.reload(wait_until="networkidle")
    expect(cards.first).to_be_hidden()
    expect(page.locator("[data-wiki-step]").first).to_be_visible()
