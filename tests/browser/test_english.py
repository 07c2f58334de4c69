"""The English pages in a browser: the switch between the languages, code that runs, and the search."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watch, settle
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
    settle(page, "topics/lora/")
    page.evaluate("window.stays = true")
    link = page.locator("a.md-select__link[hreflang=en]")
    page.locator(".md-tabs a[href$='qa/']").click()
    expect(page).to_have_url(re.compile("/qa/$"))
    expect(link).to_have_attribute("href", re.compile("/wiki/en/qa/$"))
    page.locator("article details:has(a[href$='rope-rotation/']) > summary").first.click()
    page.locator("article a[href$='rope-rotation/']").first.click()
    expect(page).to_have_url(re.compile("/qa/rope-rotation/$"))
    # there is no such page in English
    expect(link).to_have_attribute("href", re.compile(r"/wiki/en/\?from=qa%2Frope-rotation%2F$"))
    assert page.evaluate("window.stays")


def test_page_of_a_concept_runs_its_code_under_english_labels(page: Page, runtime: None) -> None:
    page.goto("en/topics/lora/")
    cell = page.locator("[role=group].wiki-cell").first
    cell.get_by_role("button", name="Run", exact=True).click()
    expect(cell).to_have_attribute("data-state", "done", timeout=RUN_SECONDS)
    expect(page.locator(".wiki-cell__same").first).to_have_text("Same as the verified output")


def test_search_speaks_english_and_names_concepts_in_english(page: Page, watch: Watch) -> None:
    page.goto("en/qa/")
    archive = page.get_by_role("region", name="Search this site")
    archive.get_by_role("button", name="Filters").click()
    expect(archive.get_by_role("button", name=re.compile("^Q&A"))).to_have_attribute("aria-pressed", "true")
    assert archive.evaluate(CHINESE) == []
    archive.get_by_role("searchbox", name="Search").fill("旋转位置编码")
    expect(archive.get_by_role("status")).to_have_text(re.compile(r"^\d+ pages? found\.$"))
    archive.get_by_role("button", name=re.compile("^Q&A")).click()
    first = page.locator(RESULT).first
    expect(first.locator(".wiki-search__title")).to_have_text("RoPE: rotary position embedding")
    expect(first.locator(".wiki-search__excerpt")).to_have_attribute("lang", "en")
    archive.get_by_role("searchbox", name="Search").fill("RoPE")  # which more pages say than the concept's own
    expect(page.locator(f"{RESULT} mark").first).to_be_visible()
    expect(archive.locator("select[data-name=topic]")).to_contain_text("RoPE: rotary position embedding (")
    first.click()
    expect(page).to_have_url(re.compile("/wiki/en/topics/rope/$"))
    assert not [address for address in watch.requests if "/en/" in address and not address.split("?")[0].endswith("/")]


def test_search_without_a_result_leads_to_the_english_guide(page: Page) -> None:
    page.goto("en/")
    expect(page.get_by_role("button", name="Search")).to_be_visible()  # by the script that hears the key
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search").fill("zqxjkvw")
    expect(page.locator(".wiki-search__message")).to_contain_text("Nothing found.")
    expect(page.get_by_role("link", name="Ask it as a question")).to_have_attribute(
        "href", re.compile("/wiki/en/guide/questions/$")
    )


def test_chinese_page_says_so_to_who_comes_from_english_and_the_switch_leads_back_to_it(page: Page) -> None:
    page.goto("en/topics/")
    page.goto("talks/004/", referer=page.url)
    notice = page.locator(".wiki-english")
    expect(notice).to_have_text(re.compile("This page is in Chinese"))
    expect(notice).to_be_visible()
    switch(page, "English")
    expect(page).to_have_url(re.compile(r"/wiki/en/\?from=talks%2F004%2F$"))
    expect(notice).to_have_text(re.compile("The page you came from is in Chinese only"))
    expect(notice).to_be_visible()
    expect(notice.get_by_role("link", name="Back to it")).to_have_attribute("href", re.compile("/wiki/talks/004/$"))
    switch(page, "中文")
    expect(page).to_have_url(re.compile("/wiki/talks/004/$"))


def test_switch_says_without_scripts_that_a_page_is_chinese(chromium: Browser, site_url: str) -> None:
    context = chromium.new_context(base_url=site_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("talks/004/")
    expect(page.locator(".wiki-english")).to_be_hidden()
    switch(page, "English")
    expect(page).to_have_url(re.compile("/wiki/talks/004/#in-english$"))
    expect(page.locator(".wiki-english")).to_be_visible()
    expect(page.locator(".wiki-english")).to_be_in_viewport()
    page.locator(".wiki-english a").click()
    expect(page).to_have_url(re.compile("/wiki/en/$"))
    expect(page.locator(".wiki-english")).to_be_hidden()
    context.close()


def test_english_home_page_says_nothing_to_who_comes_from_no_page(page: Page) -> None:
    settle(page, "en/")
    expect(page.locator(".wiki-english")).to_be_hidden()


def test_chinese_reader_is_not_told_that_a_page_is_chinese(chromium: Browser, site_url: str) -> None:
    context = chromium.new_context(base_url=site_url, locale="zh-CN")
    page = context.new_page()
    settle(page, "talks/004/")
    expect(page.locator(".wiki-english")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("place", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "../../../x"])
def test_switch_leads_back_to_no_other_site(page: Page, place: str) -> None:
    settle(page, f"en/?from={quote(place, safe='')}")
    expect(page.locator("a.md-select__link[hreflang=zh]")).to_have_attribute("href", re.compile("/wiki/$"))
