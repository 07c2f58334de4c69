"""What every page needs from the browser: formulas, room on a phone, contrast."""

import functools
import re
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watch, settle

pytestmark = pytest.mark.browser


def test_formulas_are_rendered_from_this_site(page: Page, watch: Watch) -> None:
    page.goto("topics/self_attention/")
    formulas = page.locator(".arithmatex")
    expect(page.locator(".arithmatex .katex").first).to_be_visible()
    expect(page.locator(".arithmatex:not(:has(.katex))")).to_have_count(0)
    assert formulas.count() > 0
    assert any(address.endswith("/wiki/assets/vendor/katex/katex.min.js") for address in watch.requests)
    family = page.locator(".arithmatex .katex .mathnormal").first.evaluate("e => getComputedStyle(e).fontFamily")
    assert "KaTeX_Math" in family


def test_page_without_formulas_loads_no_katex(page: Page, watch: Watch) -> None:
    settle(page, "qa/")
    expect(page.locator(".arithmatex")).to_have_count(0)
    assert not [address for address in watch.requests if "katex" in address]


def test_formulas_are_seen_as_written_where_katex_cannot_be_loaded(page: Page, watch: Watch) -> None:
    watch.expected += ["katex.min.js", "Failed to load resource"]
    page.route("**/katex.min.js", lambda route: route.abort())
    page.goto("topics/lora/")
    formulas = page.locator(".arithmatex")
    expect(formulas.first).to_have_css("visibility", "visible")
    expect(formulas.first).to_contain_text("\\")


# Lighthouse calls a page stable where all jumps together stay below this share of what is seen.
STABLE = 0.1
JUMPS = """() => new Promise((done) => {
  let jumps = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (jumps += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(jumps), 500);
})"""


@pytest.mark.parametrize("address", ["", "qa/", "en/qa/", "topics/lora/"])
@pytest.mark.parametrize("width", [412, 1280])
def test_text_does_not_jump_while_scripts_fill_the_page(
    context: BrowserContext, page: Page, address: str, width: int
) -> None:
    """In a fresh profile, where scripts come late."""
    page.set_viewport_size({"width": width, "height": 823})
    page.goto(address)
    expect(page.locator(".arithmatex:not([data-math])")).to_have_count(0)
    if "qa/" in address:
        expect(page.locator("[data-wiki-archive] input[type=search]")).to_be_visible()
    assert page.evaluate(JUMPS) < STABLE


def test_scripts_are_asked_for_once_the_page_is_painted(context: BrowserContext, page: Page) -> None:
    """Or after the second that a browser has for it which does not tell."""
    page.goto("qa/rope-rotation/")
    expect(page.locator(".wiki-search-button")).to_be_visible()
    painted, asked = page.evaluate(
        """() => [
            performance.getEntriesByName("first-contentful-paint")[0].startTime,
            Math.min(...performance.getEntriesByType("resource")
                .filter((one) => one.name.endsWith(".js")).map((one) => one.startTime)),
        ]"""
    )
    assert asked >= min(painted, 1000)


def test_sheet_is_the_same_one_after_scripts_and_a_change_of_pages(page: Page) -> None:
    """The theme's script would have it fetched again, and all of the page styled and laid out a second time."""
    sheet = "document.querySelector('link[rel=stylesheet]').sheet"
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => (window.first ??= {sheet}))")
    settle(page, "topics/lora/")
    assert page.evaluate(f"window.first instanceof CSSStyleSheet && window.first === {sheet}")
    page.evaluate("window.stays = true")
    page.locator(".md-tabs__link, .md-path__link").filter(visible=True).last.click()
    expect(page.locator("h1")).not_to_contain_text("LoRA")
    assert page.evaluate(f"window.stays && window.first === {sheet}")
    assert page.locator("link[rel=stylesheet]").count() == 1


# What stands in another line than the formula that it follows, of the signs that begin none.
PARTED = """all => all.map((place) => [place, place.nextSibling]).filter(([place, next]) => {
  if (!place.checkVisibility() || !(next instanceof Text) || !/^[，。；：、）]/.test(next.data)) return false;
  const end = [...place.querySelectorAll(".katex-html .base")].at(-1).getBoundingClientRect();
  const range = document.createRange();
  range.setStart(next, 0);
  range.setEnd(next, 1);
  return Math.abs(range.getBoundingClientRect().left - end.right) > 3;
}).map(([place]) => place.textContent)"""


@pytest.mark.parametrize("width", [320, 360, 390, 412, 1280])
def test_no_line_begins_with_the_comma_behind_a_formula(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 823})
    page.goto("qa/rope-rotation/")
    expect(page.locator(".arithmatex:not([data-math])")).to_have_count(0)
    assert page.locator(".wiki-held").count() > 3
    assert page.locator("span.arithmatex").evaluate_all(PARTED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_weeks_of_papers_are_told_by_their_days(page: Page) -> None:
    page.goto("papers/list/")
    weeks = page.get_by_label("哪一周").locator("option")
    expect(weeks.nth(1)).to_be_attached()
    for name, text in weeks.evaluate_all("all => all.slice(1).map((one) => [one.value, one.text])"):
        monday = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        assert re.match(f"{monday.year} 年 {monday.month} 月 {monday.day}(–| 日–).*日（", text)


def test_missing_page_offers_a_search_for_what_its_address_says(page: Page, site_url: str, watch: Watch) -> None:
    """Such a page is built for the root of a server; here the site lies below one."""
    watch.expected = ["404"]
    html = page.request.get(f"{site_url}404.html").text().replace('="/', '="/wiki/').replace('"/."', '"/wiki/"')
    answer = {"status": 404, "body": html, "content_type": "text/html"}
    page.route("**/topics/rotary-position/", lambda route: route.fulfill(**answer))
    page.goto("topics/rotary-position/")
    expect(page.locator("article > h1")).to_have_text("没有这个页面")
    field = page.locator("article").get_by_label("搜索")
    expect(field).to_have_value("rotary position")
    field.fill("旋转位置编码")
    page.locator("article").get_by_role("button", name="搜索").click()
    expect(page.locator(".wiki-search__result").first).to_contain_text("RoPE")
    assert page.context.cookies() == []


def test_faulty_formula_shows_its_source_and_the_others_are_rendered(page: Page) -> None:
    page.route(
        "**/topics/lora/", lambda route: route.fulfill(body=broken(route.fetch().text()), content_type="text/html")
    )
    page.goto("topics/lora/")
    expect(page.locator("#broken")).to_contain_text(r"\frac{1")
    expect(page.locator("#broken .katex-error")).to_have_count(1)
    expect(page.locator("#sound .katex")).to_have_count(1)


SPRAWLING = (
    r"\(\rule{100000em}{100000em}\)",
    r"\(\kern-300em\rule{40em}{30em}\)",
    r"\(x\raisebox{20em}{\rule{40em}{40em}}\)",
    r"\(x\llap{\rule[-9em]{40em}{40em}}\)",
    r"\(\smash{\rule[-20em]{40em}{40em}}\)",
    r"\(\def\m{\kern-300em}\m\rule{40em}{30em}\)",
    r"\(\begin{matrix}x\\[-30em]\rule{40em}{20em}\end{matrix}\)",
    r"\[\rule{100000em}{100000em}\]",
    r"\[\smash{\raisebox{20em}{\rule{40em}{40em}}}\]",
)


def test_formula_covers_nothing_but_its_own_place(page: Page) -> None:
    tags = ("div" if tex.startswith(r"\[") else "span" for tex in SPRAWLING)
    html = "".join(
        f'<p class="beside">above</p><p>x <{tag} class="arithmatex vast">{tex}</{tag}></p><p class="beside">below</p>'
        for tag, tex in zip(tags, SPRAWLING, strict=True)
    )
    body = page.request.get("topics/lora/").text().replace("</h1>", f"</h1>{html}", 1)
    page.route("**/topics/lora/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("topics/lora/")
    expect(page.locator(".vast .katex")).to_have_count(len(SPRAWLING))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for at, place in enumerate(page.locator(".beside").all()):
        place.scroll_into_view_if_needed()
        assert place.evaluate(
            "e => { const b = e.getBoundingClientRect(), y = b.top + b.height / 2;"
            " return [2, 20, 60, 200].every((x) => document.elementFromPoint(b.left + x, y) === e); }"
        ), SPRAWLING[at // 2]
    assert max(page.locator(".vast").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")) < 2000


@pytest.mark.parametrize("nested", [r"\frac{{{}}}{{y}}", r"\sqrt{{{}}}", "x^{{{}}}", r"\huge{{{}}}"])
def test_formula_that_nests_too_deep_is_shown_as_source(page: Page, nested: str) -> None:
    """A browser lays out so many elements in each other, and of more it ends the page: 900 letters did."""
    sane, deep = (functools.reduce(lambda inner, _: nested.format(inner), range(times), "z") for times in (10, 300))
    html = (
        rf'</h1><p id="deep"><span class="arithmatex">\({deep}\)</span> <span class="arithmatex">\({sane}\)</span></p>'
    )
    body = page.request.get("topics/lora/").text().replace("</h1>", html, 1)
    page.route("**/topics/lora/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("topics/lora/")
    expect(page.locator("#deep .katex")).to_have_count(1)
    expect(page.locator("#deep .katex-error")).to_have_text(deep)


def broken(html: str) -> str:
    """The page with a faulty formula and a sound one in its article."""
    formulas = (
        r'<span class="arithmatex" id="broken">\(\frac{1\)</span><span class="arithmatex" id="sound">\(x\)</span>'
    )
    return html.replace("</article>", f"{formulas}</article>")


@pytest.mark.parametrize(
    "address", ["", "topics/self_attention/", "topics/", "qa/", "talks/", "papers/", "?q=attention"]
)
def test_no_sideways_scrolling_at_360_pixels(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    settle(page, address)
    expect(page.locator(".wiki-search-button")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if "?q=" in address:
        expect(page.locator(".wiki-search__results > li").first).to_be_visible()
        wide = "all => all.filter(one => one.getBoundingClientRect().right > 360.5).map(one => one.className)"
        assert page.locator("dialog.wiki-search *").evaluate_all(wide) == []


# For every element with text of its own: its colour and the first opaque background behind it.
CONTRAST = """
elements => {
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const backdrop = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.push(rgba(getComputedStyle(at).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  return elements
    .filter(e => e.checkVisibility() && !e.matches('.headerlink'))
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const behind = backdrop(e);
      const [a, b] = [luminance(over(rgba(getComputedStyle(e).color), behind)), luminance(behind)];
      return { text: e.textContent.trim().slice(0, 30), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    })
    .filter(({ ratio }) => ratio < 4.5);
}
"""
PARTS = (
    "dialog.wiki-search, dialog.wiki-search *, .wiki-search-button *, article [class*=wiki-], article [class*=wiki-] *"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "qa/open/", "?q=attention"])
def test_text_has_enough_contrast(chromium: Browser, site_url: str, scheme: str, address: str) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    settle(page, site_url + address)
    if "?q=" in address:
        expect(page.locator(".wiki-search__results > li").first).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate" if scheme == "dark" else "default")
    assert page.locator(PARTS).count() > 3
    assert page.locator(PARTS).evaluate_all(CONTRAST) == []
    context.close()


def test_focus_is_visible_in_the_dialog(page: Page) -> None:
    page.goto("?q=attention")
    expect(page.locator(".wiki-search__results > li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    outline = page.locator(".wiki-search__results a").first.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_in_code_have_the_colour_of_code_without_a_span(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("topics/lora/")
    around, name = page.locator(".highlight code").first.evaluate(
        """(code) => {
            code.innerHTML = 'a<span class="n">b</span>';
            return [code, code.firstElementChild].map((element) => getComputedStyle(element).color);
        }"""
    )
    assert around == name


def test_policy_blocks_a_foreign_script_and_lets_the_page_work(page: Page, watch: Watch) -> None:
    page.goto("topics/lora/")
    page.locator(".katex").first.wait_for()
    assert page.locator("meta[http-equiv='Content-Security-Policy']").count() == 1
    watch.expected += ["Content Security Policy", "Content-Security-Policy"]
    ran = page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.head.append(script);
            await new Promise((resolve) => setTimeout(resolve, 0));
            return Boolean(window.injected);
        }"""
    )
    assert ran is False
