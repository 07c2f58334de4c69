"""The look: headings end their lines between words, nothing is wider than a phone, each colour is one thing."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PREFIX, Watch, settle
from tests.browser.test_pages import CONTRAST
from tests.site.conftest import WORDS

pytestmark = pytest.mark.browser

KINDS = (
    "",
    "topics/",
    "topics/attention_scaling/",
    "topics/instructgpt/",
    "qa/",
    "qa/open/",
    "qa/ask/",
    "qa/rope-rotation/",
    "talks/",
    "talks/004/",
    "papers/",
    "papers/feeds/",
    "snippets/",
    "people/",
    "changes/",
    "reference/lora/",
    "guide/contributing/",
    "guide/notes/",
    "about/decisions/",
    "en/",
    "en/topics/",
    "en/snippets/",
)
LINES = """words => [...document.querySelectorAll("article :is(h1, h2, h3, .wiki-phrases)")].flatMap(heading => {
  const texts = [], walk = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(".headerlink")) texts.push(walk.currentNode);
  const letters = texts.flatMap(node => [...node.data].map((letter, at) => ({ node, at, letter })));
  const text = letters.map(({ letter }) => letter).join("");
  const top = ({ node, at }) => {
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    return range.getClientRects()[0]?.top;
  };
  return words.flatMap(word => [...text.matchAll(word)].map(({ index }) => {
    const tops = letters.slice(index, index + word.length).map(top);
    return tops.some(y => Math.abs(y - tops[0]) > 4) ? `${text}: ${word}` : "";
  })).filter(Boolean);
})"""


# What runs or makes run, and what was checked; widgets are of both kinds.
ORANGE = ".runnable, [class*=wiki-cell], .wiki-badge--runs, .wiki-logo, [class*=wiki-widget], h1 > strong"
GREEN = "[class*=wiki-cell], [class*=wiki-verified], [class*=wiki-widget]"
PAINTED = """([variable, allowed]) => {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  const kinds = ["color", "backgroundColor", "fill", "stroke", "borderTopColor", "borderLeftColor"];
  return [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && !e.closest(allowed))
    .filter(e => kinds.some(kind => getComputedStyle(e)[kind] === colour))
    .map(e => e.outerHTML.slice(0, 90));
}"""


GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 36)"}
MEASURED = [320, 390, 640]  # two phones; a desktop's 1280 at 200 %
QUESTIONS = 6


class Looks:
    """What one visit to each kind of page saw: by what was looked for, then by address."""

    def __init__(self, page: Page) -> None:
        self.broken: dict[str, list[str]] = {}
        self.wide: dict[str, list[int]] = {}
        self.painted: dict[str, dict[str, list[str]]] = {"--wiki-run": {}, "--wiki-verified": {}}
        self.several = 0
        for address in [*KINDS, *asked(page)]:
            self.visit(page, address)

    def visit(self, page: Page, address: str) -> None:
        page.set_viewport_size({"width": MEASURED[0], "height": 800})
        settle(page, address)
        for width in MEASURED:
            page.set_viewport_size({"width": width, "height": 800})
            self.broken.setdefault(address, []).extend(page.evaluate(LINES, WORDS))
            if page.evaluate("document.documentElement.scrollWidth") > width:
                self.wide.setdefault(address, []).append(width)
        self.several += page.locator("article h1").evaluate("e => e.getClientRects().length && e.offsetHeight > 60")
        if address not in KINDS:
            return
        for scheme in GROUNDS:
            page.emulate_media(color_scheme=scheme)
            expect(page.locator("body")).to_have_css("background-color", GROUNDS[scheme])
            for variable, allowed in (("--wiki-run", ORANGE), ("--wiki-verified", GREEN)):
                found = page.evaluate(PAINTED, [variable, allowed])
                self.painted[variable].setdefault(address, []).extend(f"{scheme}: {html}" for html in found)
        if address == "topics/attention_scaling/":  # where it is, it is found
            assert page.evaluate(PAINTED, ["--wiki-run", "none"]) != []


def asked(page: Page) -> list[str]:
    """Some questions, which have the longest titles."""
    page.goto("qa/")
    links = page.locator("article li a").evaluate_all("all => all.map(e => new URL(e.href).pathname)")
    found = sorted({path.removeprefix(PREFIX) for path in links if path.startswith(f"{PREFIX}qa/")})
    assert len(found) > QUESTIONS
    return found[:: len(found) // QUESTIONS]


@pytest.fixture(scope="module")
def looks(chromium: Browser, site_url: str) -> Looks:
    context = chromium.new_context(base_url=site_url, locale="zh-CN", reduced_motion="reduce")
    try:
        return Looks(context.new_page())
    finally:
        context.close()


def seen(found: dict[str, list]) -> dict[str, list]:
    return {address: what for address, what in found.items() if what}


def test_no_heading_is_broken_inside_a_word(looks: Looks) -> None:
    assert seen(looks.broken) == {}
    assert looks.several > 5  # headings of more than a line, which alone can break


def test_word_broken_by_a_browser_left_alone_would_be_noticed(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto("qa/rope-rotation/")
    for before in ("", "余", "余下"):  # one of which does not fit by chance
        page.locator("article h1").evaluate(
            "(e, text) => { e.className = ''; e.textContent = text; }", before + "为什么" * 9
        )
        if page.evaluate(LINES, WORDS):
            return
    pytest.fail("no break is seen")


def test_nothing_is_wider_than_the_page(looks: Looks) -> None:
    assert looks.wide == {}


@pytest.mark.parametrize("variable", ["--wiki-run", "--wiki-verified"])
def test_orange_runs_and_green_is_verified_and_nothing_else_is(looks: Looks, variable: str) -> None:
    assert seen(looks.painted[variable]) == {}


@pytest.mark.parametrize("address", ["topics/attention_scaling/", "talks/004/", "about/decisions/", "en/topics/"])
def test_text_of_all_colours_can_be_read(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    settle(page, address)
    parts = (
        "article :is(h1, h2, h3, p, li, a, code, code span, summary, .wiki-badge), .md-tabs a, .md-header__topic span"
    )
    for scheme in GROUNDS:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body")).to_have_css("background-color", GROUNDS[scheme])
        assert page.locator(parts).evaluate_all(CONTRAST) == []


def test_choice_of_colours_is_kept_and_seen_from_the_first_paint(page: Page, watch: Watch) -> None:
    body, button = page.locator("body"), page.locator("[data-wiki-palette] label:visible")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto("topics/")
    seen = []
    for _ in range(4):  # as the system, light, dark, and the first again
        expect(button).to_have_count(1)
        seen.append((button.get_attribute("title"), body.get_attribute("data-md-color-scheme")))
        button.click()
    assert seen == [("切换到浅色", "slate"), ("切换到深色", "default"), ("跟随系统", "slate"), seen[0]]
    expect(button).to_have_attribute("title", "切换到深色")  # light by now, on a dark system
    watch.expected += ["Failed to load resource"]
    page.route("**/*.js", lambda route: route.abort())  # without any script but the lines of the page itself
    page.reload()
    expect(body).to_have_attribute("data-md-color-scheme", "default")


def test_header_is_the_pages_ground(page: Page) -> None:
    page.goto("topics/")
    for scheme in GROUNDS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("body")).to_have_css("background-color", GROUNDS[scheme])
        ground = "e => getComputedStyle(e).backgroundColor"
        grounds = {page.locator(part).first.evaluate(ground) for part in (".md-header", ".md-tabs", "body")}
        assert grounds == {GROUNDS[scheme]}
