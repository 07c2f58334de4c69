"""What readers come for, from the first page to the last, with the mouse or with the keyboard alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import ROOT, Watch, open_question, settle
from tests.browser.test_axe import SIZES
from tests.browser.test_cell import RUN_SECONDS

pytestmark = pytest.mark.browser

RESULTS = ".wiki-search__results > li"
PAGES = ("", "en/", "topics/lora/", "qa/", "qa/rope-rotation/", "talks/004/", "papers/", "snippets/")
PRINTED = ("talks/004/", "qa/rope-rotation/", "topics/lora/")
SHOWN = "all => all.filter(one => one.checkVisibility() && one.offsetWidth > 1).map(one => one.outerHTML)"
WIDE = "all => all.filter(one => one.clientWidth && one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML)"
LEAST = r"Math.min(...getComputedStyle(one).color.match(/\d+/g).slice(0, 3))"  # of red, green and blue
PALE = f"all => all.filter(one => {LEAST} > 150).map(one => one.outerHTML)"
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


@cache
def printed(code: str) -> str:
    """What plain Python prints when it runs this, with real torch; the import alone takes seconds, so only once."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-"], input=code, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(params=[("desktop", "keyboard"), ("phone", "mouse")], ids="-".join)
def reader(chromium: Browser, site_url: str, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Reader]:
    size, means = request.param
    context = chromium.new_context(base_url=site_url, locale="zh-CN", viewport=SIZES[size])
    watch.see(context)
    yield Reader(context.new_page(), means == "keyboard")
    context.close()
    assert watch.unexpected == []


def test_newcomer_finds_lora_and_runs_its_example(reader: Reader, runtime: None) -> None:
    page = reader.page
    settle(page, "")
    reader.use(page.locator("article .wiki-steps a").filter(has_text="微调"))
    expect(page).to_have_url(re.compile(r"/topics/#step-\d$"))
    reader.use(page.locator("article a[href$='/lora/']:visible").first)
    expect(page).to_have_url(re.compile("/topics/lora/$"))
    cell = page.locator("[role=group].wiki-cell").first
    reader.use(cell.get_by_role("button", name="运行", exact=True))
    expect(cell).to_have_attribute("data-state", "done", timeout=RUN_SECONDS)
    expect(page.locator(".wiki-cell__output > pre > code").first).not_to_be_empty()


def test_reader_shares_a_search_for_open_questions(reader: Reader, context: BrowserContext) -> None:
    page = reader.page
    asked = open_question(page)
    settle(page, "")
    if reader.keyboard:
        page.keyboard.press("/")
    else:
        page.locator(".wiki-search-button").click()
    expect(page.locator("dialog.wiki-search input")).to_be_focused()
    page.keyboard.insert_text(asked)
    expect(page.locator(RESULTS)).not_to_have_count(0)
    reader.use(page.get_by_role("button", name="筛选", exact=True))
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
    open_question(page)
    settle(page, "qa/open/")
    reader.use(page.locator("article li a").first)
    expect(page).not_to_have_url(re.compile("/open/$"))
    reader.use(page.locator("article a[href*='guide/questions']").first)
    expect(page).to_have_url(re.compile("/guide/questions/$"))


def test_reader_who_wants_to_ask_is_shown_what_was_asked_already(reader: Reader) -> None:
    page = reader.page
    settle(page, "topics/lora/")
    reader.use(page.locator(".wiki-ways").get_by_role("link", name="写成一个问题"))
    expect(page).to_have_url(re.compile("/qa/ask/$"))
    page.locator("[data-wiki-archive] input").first.fill("LoRA 加在哪些矩阵上")
    expect(page.locator(RESULTS).first).to_contain_text("LoRA")
    expect(page).to_have_url(re.compile("/qa/ask/\\?q="))


def test_copied_example_prints_with_plain_python_what_the_page_shows(reader: Reader) -> None:
    page = reader.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settle(page, "topics/lora/")
    cell = page.locator("[role=group].wiki-cell").first
    reader.use(cell.get_by_role("button", name="复制", exact=True))
    expect(page.get_by_text("代码已复制").first).to_be_attached(timeout=RUN_SECONDS)
    output = page.locator("article .output code").first.inner_text()
    assert printed(page.evaluate("navigator.clipboard.readText()")).strip() == output.strip()


@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_pages_fit_below_the_header_and_are_not_blank(chromium: Browser, site_url: str, width: int) -> None:
    context = chromium.new_context(base_url=site_url, viewport={"width": width, "height": 800})
    page = context.new_page()
    for address in PAGES:
        page.goto(address)
        expect(page.locator("article > h1")).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            bottom = page.locator(".md-header").evaluate("header => header.getBoundingClientRect().bottom")
            top = page.locator("article > h1").evaluate("title => title.getBoundingClientRect().top")
            assert top >= bottom, address
            assert len(page.locator("article").inner_text()) > 100, address
        assert page.locator("img").evaluate_all(BROKEN) == [], address
    context.close()


def test_page_prints_black_on_white_with_nothing_cut_or_to_press(context: BrowserContext) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 700, "height": 990})  # about what A4 has within its margins
    page.emulate_media(color_scheme="dark")
    for address in PRINTED:
        settle(page, address)
        if "topics" in address:
            page.locator("[role=group].wiki-cell > pre:visible").first.click()
            expect(page.locator(".cm-editor")).to_be_visible()  # it takes the code's place
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("nav, button, input, select, .md-header, .md-footer").evaluate_all(SHOWN) == [], address
        assert page.locator("html, article pre > code, .cm-scroller").evaluate_all(WIDE) == [], address
        printed = page.locator("article :is(p, li, h2, code, .cm-line)")
        for _ in range(20):  # the theme's colours change in a quarter of a second
            if not (pale := printed.evaluate_all(PALE)):
                break
            page.wait_for_timeout(100)
        assert pale == [], address
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        own, other = (page.locator(f"article a[href*='{part}']").first for part in ("/wiki/", "//arxiv.org"))
        written = [link.evaluate("link => getComputedStyle(link, '::after').content") for link in (own, other)]
        assert written[0] == "none" and "arxiv.org" in written[1], address
        page.emulate_media(media="screen")
    page.close()
