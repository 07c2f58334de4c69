"""The English pages in a browser: the switch between the languages, code that runs, and the search."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.test_cell import RUN_SECONDS

pytestmark = pytest.mark.browser

RESULT = ".wiki-search__results > li > a"
# Chinese texts and labels of an element that it does not mark as Chinese; talks and people have the names they have.
CHINESE = """
root => [root, ...root.querySelectorAll("*")]
  .filter(e => !e.closest("[lang=zh], [data-name=talk] option, [data-name=person] option"))
  .flatMap(e => [e.getAttribute("aria-label"), ...[...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data)])
  .filter(text => /\\p{Script=Han}/u.test(text))
"""


def switch(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("Select language|选择当前语言")).hover()
    page.get_by_role("link", name=name, exact=True).click()


def test_switch_leads_to_the_same_page_and_back(page: Page) -> None:
    page.goto("guide/notes/")
    switch(page, "English")
    expect(page).to_have_url(re.compile("/wiki/en/guide/notes/$"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    switch(page, "中文")
    expect(page).to_have_url(re.compile("/wiki/guide/notes/$"))
    expect(page.locator("html")).to_have_attribute("lang", "zh")


def test_switch_follows_instant_navigation(page: Page) -> None:
    """The theme keeps the header of the page that was opened first."""
    page.goto("topics/lora/", wait_until="networkidle")
    page.evaluate("window.stays = true")
    link = page.locator("a.md-select__link[hreflang=en]")
    page.locator(".md-tabs a[href$='qa/']").click()
    expect(page).to_have_url(re.compile("/qa/$"))
    expect(link).to_have_attribute("href", re.compile("/wiki/en/qa/$"))
    page.locator("article a[href$='rope-rotation/']").first.click()
    expect(page).to_have_url(re.compile("/qa/rope-rotation/$"))
    expect(link).to_have_attribute("href", re.compile("/wiki/en/$"))  # there is no such page in English
    assert page.evaluate("window.stays")


def test_first_page_runs_its_code_under_english_labels(page: Page, runtime: None) -> None:
    page.goto("en/")
    cell = page.locator("[role=group].wiki-cell")
    cell.get_by_role("button", name="Run", exact=True).click()
    expect(cell).to_have_attribute("data-state", "done", timeout=RUN_SECONDS)
    expect(page.locator(".wiki-cell__same")).to_have_text("Same as the verified output")


def test_search_speaks_english_and_names_concepts_in_english(page: Page, watch: Watch) -> None:
    page.goto("en/qa/")
    archive = page.get_by_role("region", name="Search this site")
    expect(archive.get_by_role("status")).to_have_text(re.compile(r"^\d+ pages found\.$"))
    expect(archive.get_by_role("button", name=re.compile("^Q&A"))).to_have_attribute("aria-pressed", "true")
    assert archive.evaluate(CHINESE) == []
    page.keyboard.press("/")
    archive.get_by_role("searchbox", name="Search").fill("旋转位置编码")
    archive.get_by_role("button", name=re.compile("^Q&A")).click()
    first = page.locator(RESULT).first
    expect(first.locator(".wiki-search__title")).to_have_text("RoPE: rotary position embedding")
    expect(first.locator(".wiki-search__excerpt")).to_have_attribute("lang", "zh")
    expect(page.locator(f"{RESULT} mark").first).to_be_visible()
    expect(archive.locator("select[data-name=topic]")).to_contain_text("RoPE: rotary position embedding (")
    first.click()
    expect(page).to_have_url(re.compile("/wiki/topics/rope/$"))
    assert not [address for address in watch.requests if "/en/" in address and not address.split("?")[0].endswith("/")]


def test_search_without_a_result_leads_to_the_english_guide(page: Page) -> None:
    page.goto("en/")
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search").fill("zqxjkvw")
    expect(page.locator(".wiki-search__message")).to_contain_text("Nothing found.")
    expect(page.get_by_role("link", name="Ask it as a question")).to_have_attribute(
        "href", re.compile("/wiki/en/guide/questions/$")
    )
