"""What readers come for, from the first page to the last, with the mouse or with the keyboard alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import ROOT, Watch
from tests.browser.test_axe import SIZES
from tests.browser.test_cell import RUN_SECONDS

pytestmark = pytest.mark.browser

RESULTS = ".wiki-search__results > li"
PAGES = ("", "topics/lora/", "qa/", "qa/rope-rotation/", "talks/004/", "papers/", "snippets/")
BROKEN = "images => images.filter(image => image.complete && !image.naturalWidth).map(image => image.src)"


class Reader:
    """Somebody with a mouse, or with a keyboard alone."""

    def __init__(self, page: Page, keyboard: bool) -> None:
        self.page, self.keyboard = page, keyboard

    def use(self, target: Locator) -> None:
        """Click it, or move the focus on to it with the Tab key and press Enter."""
        if not self.keyboard:
            target.click()
            return
        expect(target).to_be_visible()
        for _ in range(300):
            if target.evaluate("element => element === document.activeElement"):
                self.page.keyboard.press("Enter")
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"the Tab key does not reach {target}")


@pytest.fixture(params=[("desktop", "mouse"), ("phone", "keyboard")], ids="-".join)
def reader(chromium: Browser, site_url: str, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Reader]:
    size, means = request.param
    context = chromium.new_context(base_url=site_url, locale="zh-CN", viewport=SIZES[size])
    watch.see(context)
    yield Reader(context.new_page(), means == "keyboard")
    context.close()
    assert watch.unexpected == []


def test_newcomer_finds_lora_and_runs_its_example(reader: Reader, runtime: None) -> None:
    page = reader.page
    page.goto("", wait_until="networkidle")
    reader.use(page.locator("article a[href$='topics/']").first)
    expect(page).to_have_url(re.compile("/topics/$"))
    reader.use(page.locator("article a[href$='lora/']").first)
    expect(page).to_have_url(re.compile("/topics/lora/$"))
    cell = page.locator("[role=group].wiki-cell").first
    reader.use(cell.get_by_role("button", name="运行", exact=True))
    expect(cell).to_have_attribute("data-state", "done", timeout=RUN_SECONDS)
    expect(page.locator(".wiki-cell__output > pre > code").first).not_to_be_empty()


def test_reader_shares_a_search_for_open_questions(reader: Reader, context: BrowserContext) -> None:
    page = reader.page
    page.goto("", wait_until="networkidle")
    if reader.keyboard:
        page.keyboard.press("/")
    else:
        page.locator(".wiki-search-button").click()
    expect(page.locator("dialog.wiki-search input")).to_be_focused()
    page.keyboard.insert_text("模型")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    for label in ("问答", "待回答"):
        chip = page.locator(".wiki-search__chips button").filter(has_text=label)
        reader.use(chip)
        expect(chip).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"{RESULTS} .wiki-badge--answered")).to_have_count(0)
    expect(page.locator(f"{RESULTS} .wiki-badge--open")).not_to_have_count(0)
    expect(page).to_have_url(re.compile("q=.*&status=open"))
    links = f"{RESULTS} > .wiki-search__result"
    mine = page.locator(links).all_inner_texts()
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(links)).to_have_text(mine, use_inner_text=True)
    other.close()


def test_contributor_comes_from_an_open_question_to_the_guide(reader: Reader) -> None:
    page = reader.page
    page.goto("qa/open/", wait_until="networkidle")
    reader.use(page.locator("article li a").first)
    expect(page).not_to_have_url(re.compile("/open/$"))
    reader.use(page.locator("article a[href*='guide/questions']").first)
    expect(page).to_have_url(re.compile("/guide/questions/$"))


def test_copied_example_prints_with_plain_python_what_the_page_shows(reader: Reader, tmp_path: Path) -> None:
    page = reader.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("topics/lora/", wait_until="networkidle")
    cell = page.locator("[role=group].wiki-cell").first
    reader.use(cell.get_by_role("button", name="复制", exact=True))
    expect(page.get_by_text("代码已复制").first).to_be_attached()
    copy = tmp_path / "copied.py"
    copy.write_text(page.evaluate("navigator.clipboard.readText()"), "utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, copy], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == page.locator("article .output code").first.inner_text().strip()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_pages_fit_below_the_header_and_are_not_blank(
    chromium: Browser, site_url: str, scheme: str, width: int
) -> None:
    context = chromium.new_context(base_url=site_url, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    for address in PAGES:
        page.goto(address)
        expect(page.locator("article > h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        bottom = page.locator(".md-header").evaluate("header => header.getBoundingClientRect().bottom")
        assert page.locator("article > h1").evaluate("title => title.getBoundingClientRect().top") >= bottom, address
        assert len(page.locator("article").inner_text()) > 100, address
        assert page.locator("img").evaluate_all(BROKEN) == [], address
    context.close()
