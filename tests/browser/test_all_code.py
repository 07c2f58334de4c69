"""All code that pages show, in a Chromium that compiles what runs for long, as readers' do."""

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT
from tests.browser.test_cell import RUN_SECONDS, Cell, article
from tests.browser.test_cell import warm as warm  # fixtures
from tests.browser.test_cell import warm_context as warm_context
from tests.browser.test_lessons import challenges

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def chromium(optimizing: Browser) -> Browser:
    return optimizing


# A block with its verified output, as pages have it; a challenge is another matter.
EXAMPLE = r'<div class="runnable highlight">(.*?)</pre></div>(?:\s*<div class="output highlight">.*?</pre></div>)?'
FORGET = "for _name in [*globals()]: _name.startswith('_') or globals().pop(_name)"


def test_every_block_of_every_page_gives_its_verified_output(warm: Page) -> None:
    """Questions and talks show the concepts' examples: each is run as the first page that has it shows it.

    Python takes longer to start than most pages' code to run, so one Python runs many pages, one after the other, each
    without the names of those before."""
    pages, seen = {}, set()
    site = ROOT / "site"  # which is served
    for address in sorted((f"{path.parent.relative_to(site)}/" for path in site.rglob("index.html")), key=order):
        found = list(re.finditer(EXAMPLE, (site / address / "index.html").read_text("utf-8"), flags=re.S))
        blocks = {re.sub("<[^>]*>", "", one[1]) for one in found}
        if blocks - seen:
            first, *others = (one[0] for one in found)
            pages[address] = [first.replace("<code>", f"<code>{FORGET}\n", 1), *others]
            seen |= blocks
    failures, count = {}, 0
    addresses = list(pages)
    for start in range(0, len(addresses), 20):
        shown = [(one, block) for one in addresses[start : start + 20] for block in pages[one]]
        warm.route("**/about/", article(*(block for _, block in shown)))
        warm.goto("about/")
        for number, (address, _) in enumerate(shown, start=1):
            cell = Cell(warm, number)
            cell.button("运行").press("Enter")  # a click goes astray where what is above still grows
            cell.button("停止").wait_for(state="hidden", timeout=RUN_SECONDS)
            count += 1
            if cell.block.get_attribute("data-state") != "done" or cell.output.locator(".wiki-cell__differs").count():
                failures[f"{address} {number}"] = cell.output.inner_text()
        warm.unroute("**/about/")
    assert failures == {}
    assert count >= len(seen) > 50


def order(address: str) -> tuple[bool, str]:
    """Concepts first."""
    return not address.startswith("topics/"), address


def test_every_challenge_fails_as_it_is_and_passes_with_its_answer_in_the_browsers_torch(
    page: Page, runtime: None
) -> None:
    """All of them in one worker, each in a namespace of its own."""
    found = challenges()
    page.goto("topics/lora/")
    page.evaluate("""async () => {
        const { runtime } = await import(new URL('../../runtime/python/client.js', location.href))
        window.runtime = runtime
    }""")
    run = """([page, code]) => runtime.run({page, block: '1', code}, () => {}).then(
        () => '', error => error.failure ? `${error.failure.type}: ${error.failure.message}` : String(error))"""
    amiss = {}
    for name, one in found.items():
        begun = page.evaluate(run, [f"{name} task", f"{one.task}\n\n{one.check}"])
        solved = page.evaluate(run, [f"{name} answer", f"{one.answer}\n\n{one.check}"])
        if not begun.startswith("AssertionError: ") or solved:
            amiss[name] = (begun, solved)
    assert amiss == {}
    assert found
