"""Accessibility, as far as axe-core can tell: nothing serious in either colour scheme, on a desktop and on a phone."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import settle
from tests.browser.test_cell import Cell
from tests.browser.test_pages import CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desktop": {"width": 1280, "height": 850}, "phone": {"width": 360, "height": 740}}
PAGES = (
    "",
    "en/",
    "topics/",
    "qa/",
    "qa/open/",
    "qa/rope-rotation/",
    "talks/",
    "talks/004/",
    "papers/",
    "snippets/",
    "?q=lora",
)


# Code gets its place in the order of tabs when it comes into sight, as a reader comes by.
READ = """async () => {
  for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
    scrollTo(0, top);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
  scrollTo(0, 0);
}"""


def serious(page: Page, *parts: str) -> dict[str, list[str]]:
    """Findings that axe calls serious or critical, on the page or in parts of it: rule -> the elements.

    Left out is the theme's box around wide tables, which Safari alone does not let the keyboard scroll.
    """
    found: dict[str, list[str]] = {}
    where = {"include": [[part] for part in parts]} if parts else None
    for rule in Axe().run(page, where, {"resultTypes": ["violations"]}).response["violations"]:
        for html in (node["html"][:200] for node in rule["nodes"]):
            if rule["impact"] in ("serious", "critical") and "md-typeset__scrollwrap" not in html.split(">")[0]:
                found.setdefault(rule["id"], []).append(html)
    return found


@pytest.fixture(params=[("light", "desktop"), ("dark", "phone")], ids="-".join)
def shown(chromium: Browser, site_url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a colour scheme and a size; without motion, since axe would see colours that are on their way."""
    scheme, size = request.param
    context = chromium.new_context(
        base_url=site_url, locale="zh-CN", color_scheme=scheme, viewport=SIZES[size], reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def test_pages_have_no_serious_finding(shown: Page) -> None:
    findings = {}
    for address in PAGES:
        settle(shown, address)
        shown.evaluate(READ)
        if found := serious(shown):
            findings[address] = found
    assert findings == {}


def test_cells_have_no_serious_finding(shown: Page, runtime: None) -> None:
    settle(shown, "topics/self_attention/")
    cell = Cell(shown)
    here = (".wiki-cell", ".wiki-cell__output")
    parts = shown.locator(".wiki-cell *, .wiki-cell__output *")
    cell.start()
    expect(cell.block.locator("progress")).to_be_visible()
    shown.evaluate(READ)
    assert serious(shown) == {}
    cell.expect_state("done")
    picture = cell.output.get_by_role("img", name="attention weights of one causal head")
    expect(picture).to_have_accessible_name(re.compile("4 x 4 values from 0 to 1"))
    cell.button("分享").click()
    assert serious(shown, *here) == {}
    cell.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\n1 / 0", state="failed")
    for kept in ("完整的 traceback", "变量"):
        cell.output.locator("summary").filter(has_text=kept).click()
    assert serious(shown, *here) == {}
    assert parts.evaluate_all(CONTRAST) == []  # axe leaves out what it is not sure of
