"""Concept pages as lessons, in a real Chromium: the Run button near the top, code to take, challenges."""

import re

import pytest
from playwright.sync_api import Page, expect

from ingest.concepts import parse_concept
from ingest.lessons import Challenge, parse_challenge
from ingest.model import Source
from tests.browser.conftest import ROOT

pytestmark = pytest.mark.browser

RUN_SECONDS = 60_000  # ms; a cold start on a busy machine
SCREENS = 1.5  # of a page, within which its first Run button or widget stands
SIZES = {"wide": (1280, 800), "phone": (390, 844)}
LATEST = 20
TOPICS = sorted((ROOT / "docs/topics").glob("*.md"))
WITH_CODE = [path.stem for path in TOPICS if "[start:example]" in path.read_text("utf-8")]


def challenges() -> dict[str, Challenge]:
    paths = sorted((ROOT / "snippets/challenges").glob("*.py"))
    found = {path.stem: parse_challenge(Source(path.name, path.read_text("utf-8")))[0] for path in paths}
    return {name: one for name, one in found.items() if one}


def place_to_try(page: Page) -> float:
    """Where on the page the first thing to try ends, in pixels from its top: a Run button, or a control of a widget."""
    page.locator(".wiki-cell__run").first.wait_for(state="visible")
    first = page.locator(".wiki-cell__run:visible, .wiki-widget__controls > :visible").first
    return first.evaluate("one => one.getBoundingClientRect().bottom + scrollY")


def before_the_first(page: Page, name: str) -> int:
    """How many characters a page has before its first thing to try."""
    article = page.request.get(f"topics/{name}/").text().partition("<article")[2]
    return len(re.sub("<[^>]*>|\\s+", "", re.split('class="(?:runnable|wiki-widget)', article)[0]))


def test_first_thing_to_try_stands_within_one_and_a_half_screens(page: Page) -> None:
    """Looked at where most stands before it."""
    late = {}
    for name in sorted(WITH_CODE, key=lambda name: before_the_first(page, name))[-LATEST:]:
        page.goto(f"topics/{name}/", wait_until="domcontentloaded")
        expect(page.locator(".arithmatex:not([data-math])")).to_have_count(0)  # formulas have their height
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            if (place := place_to_try(page) / height) > SCREENS:
                late[name, size] = round(place, 2)
    assert late == {}
    assert len(WITH_CODE) >= 59


def test_copied_file_is_the_one_that_is_served(page: Page, context, site_url: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("topics/lora/")
    page.get_by_role("button", name="复制整个文件").click()
    expect(page.locator(".wiki-take__said")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    link = page.locator(".wiki-take").get_by_role("link", name="下载 lora.py")
    with page.expect_download() as download:
        link.click()
    served = download.value.path().read_text("utf-8")
    assert copied == served and "\nimport torch\n" in served and "class LoRALinear" in served


class Trial:
    """The challenge of a page."""

    def __init__(self, page: Page, address: str = "topics/lora/") -> None:
        self.page = page
        page.goto(address)
        self.place = page.locator(".wiki-challenge")
        self.place.scroll_into_view_if_needed()
        self.verdict = self.place.locator(".wiki-cell__verdict")
        page.evaluate("addEventListener('wiki-passed', event => (window.passed = event.detail), true)")

    def check(self, state: str, button: str = "检查") -> str:
        self.place.get_by_role("button", name=button, exact=True).click()
        expect(self.verdict).to_have_attribute("data-state", re.compile("passed|not|failed"), timeout=RUN_SECONDS)
        assert self.verdict.get_attribute("data-state") == state, self.verdict.inner_text()
        return self.verdict.inner_text()

    def write(self, code: str) -> None:
        self.place.locator("pre, .cm-content").first.click()
        expect(self.place.locator(".cm-content")).to_be_focused()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(code)


def test_challenge_is_not_passed_then_passed_and_a_verdict_goes_with_its_code(page: Page, runtime: None) -> None:
    trial = Trial(page)
    assert trial.check("not").startswith("还没有：增量要和权重一样是 (out, in)")
    assert page.evaluate("window.passed") is None
    trial.write(challenges()["lora"].answer)
    expect(trial.verdict).to_be_empty()
    assert trial.check("passed").startswith("通过了")
    assert page.evaluate("window.passed") == "lora"
    trial.write("def delta(A, B, alpha):\n    return missing\n")
    expect(trial.verdict).to_be_empty()
    assert "NameError" in trial.check("failed")
    trial.write("1 / 0")
    assert trial.check("failed") == "代码没有运行完，没有检查。"


def test_challenge_is_said_in_english_on_an_english_page(page: Page, runtime: None) -> None:
    trial = Trial(page, "en/topics/lora/")
    assert trial.check("not", "Check").startswith("Not yet: ")
    assert "change this line" in trial.place.inner_text()


def test_check_and_answer_are_read_without_scripts(chromium, site_url: str) -> None:
    context = chromium.new_context(base_url=site_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("topics/lora/")
    for kind, part in (("check", "assert same"), ("answer", "alpha / r * B @ A")):
        fold = page.locator(f".wiki-challenge details.{kind}")
        expect(fold.locator("code")).to_be_hidden()
        fold.locator("summary").click()
        expect(fold.locator("code")).to_contain_text(part)
    context.close()


def test_parsed_pages_are_those_with_code() -> None:
    read = [parse_concept(Source(path.name, path.read_text("utf-8")))[0] for path in TOPICS]
    assert WITH_CODE == [concept.name for concept in read if concept and concept.example]


def test_gallery_is_filtered_and_runs_an_example_in_its_place(page: Page, runtime: None, context) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("snippets/")
    pieces = page.locator(".wiki-piece:visible")
    shown = pieces.count()
    page.get_by_role("searchbox", name="按名字找").fill("LoRA 低秩")
    expect(pieces).to_have_count(1)
    piece = pieces.first
    piece.get_by_role("button", name="复制", exact=True).click()
    expect(piece.locator(".wiki-take__said")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()").startswith("# From OpenLLM Wiki, snippets/lora.py.")
    piece.get_by_role("button", name="运行例子").click()
    piece.locator(".wiki-cell__run").click()
    expect(piece.locator(".wiki-cell")).to_have_attribute("data-state", "done", timeout=RUN_SECONDS)
    piece.get_by_role("button", name="收起例子").click()
    expect(piece.locator(".wiki-cell")).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    expect(pieces).to_have_count(shown)


@pytest.mark.parametrize("size", SIZES)
def test_gallery_is_no_wall(page: Page, size: str) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
    page.goto("snippets/")
    page.locator(".wiki-gallery .wiki-filter").wait_for()
    assert page.locator(".wiki-gallery__group[open]").count() == 1
    assert page.evaluate("document.documentElement.scrollHeight") < 6000
    assert page.locator(".wiki-piece").count() == len(list((ROOT / "snippets").glob("[!_]*.py")))
