"""Walk ten tasks that readers come with through the built site, by mouse, by keyboard and by touch, and write down what
each takes: `python -m tests.browser.walk`. A task that cannot be done is said so; the exit code is how many there are.

Presses are clicks, taps or keys: with the keyboard every Tab on the way to a link is one.
"""

import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Error, Locator, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, NAMES, serving, settle

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MEANS = {"mouse": (WIDE, False), "keyboard": (WIDE, False), "touch": (PHONE, True)}
TABS = 400  # presses of Tab after which a link counts as out of reach
SECONDS = 60_000  # ms for a run: Python starts in the page


class Walker:
    """A reader with one means, and how much he has done."""

    def __init__(self, page: Page, means: str) -> None:
        self.page, self.means, self.presses = page, means, 0

    def use(self, target: Locator) -> None:
        """Follow a link or press a button."""
        target = target.first
        expect(target).to_be_visible(timeout=10_000)
        if self.means == "mouse":
            target.click()
            self.presses += 1
        elif self.means == "touch":
            target.tap()
            self.presses += 1
        else:
            self.reach(target)
            self.page.keyboard.press("Enter")
            self.presses += 1

    def reach(self, target: Locator) -> None:
        """Move the focus there with Tab."""
        for _ in range(TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            self.presses += 1
        raise Error("out of reach of the Tab key")

    def type(self, text: str) -> None:
        """Type, and press Enter."""
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.presses += len(text) + 1

    def search(self, text: str) -> None:
        """Ask the search and open its first hit."""
        if self.means == "keyboard":
            self.page.keyboard.press("/")
            self.presses += 1
        else:
            self.use(self.page.locator(".wiki-search-button"))
        field = self.page.locator("dialog.wiki-search input[type=search], dialog.wiki-search input").first
        expect(field).to_be_focused()
        self.page.keyboard.type(text)
        self.presses += len(text)
        expect(self.page.locator("dialog .wiki-search__results > li").first).to_be_visible(timeout=20_000)
        self.page.wait_for_timeout(400)  # the answer to the last letter
        self.page.keyboard.press("Enter")
        self.presses += 1
        self.page.wait_for_load_state()

    def tab(self, name: str) -> None:
        """Open a tab of the site; on a phone from the drawer."""
        if self.page.locator(".md-tabs").is_visible():
            self.use(self.page.locator(".md-tabs").get_by_role("link", name=name, exact=True))
        else:
            self.use(self.page.locator("label.md-header__button[for=__drawer]"))
            self.use(
                self.page.locator(".md-nav--primary > .md-nav__list > .md-nav__item > :is(a, label)", has_text=name)
            )
        self.page.wait_for_load_state()


def article(walker: Walker) -> Locator:
    return walker.page.locator("article")


def run(walker: Walker) -> None:
    """Run the first piece of code."""
    cell = walker.page.locator("[role=group].wiki-cell").first
    walker.use(cell.get_by_role("button", name=re.compile("^(运行|Run)$")))
    expect(cell).to_have_attribute("data-state", "done", timeout=SECONDS)


def a_why(walker: Walker) -> None:
    walker.search("为什么除以根号d")
    expect(walker.page).to_have_url(re.compile("/topics/attention_scaling/|/qa/attention-scaling"))
    run(walker)


def b_talk(walker: Walker) -> None:
    walker.tab("讨论与论文")
    walker.use(article(walker).get_by_role("link", name="OpenLLM Talk 004"))
    walker.use(article(walker).locator("#points ~ ul").get_by_role("link", name=re.compile("LoRA 和 P-Tuning")))
    expect(walker.page.locator("[id=q8]")).to_be_in_viewport()


def c_papers(walker: Walker) -> None:
    walker.tab("讨论与论文")
    walker.use(article(walker).get_by_role("link", name="档案", exact=True))
    walker.use(article(walker).get_by_role("link", name=re.compile("筛选")))
    choice = walker.page.get_by_label("概念")
    expect(choice).to_be_visible()
    if walker.means == "keyboard":
        walker.reach(choice)
    offered = choice.locator("option").evaluate_all("all => all.map(one => one.value)")
    wanted = "rlhf" if "rlhf" in offered else offered[1]  # of which there are papers
    choice.select_option(wanted)
    walker.presses += 2
    expect(walker.page).to_have_url(re.compile(f"concept={wanted}"))
    expect(walker.page.locator("#paper-list")).to_be_visible()


def d_answer(walker: Walker) -> None:
    walker.use(article(walker).get_by_role("link", name="全部待回答"))
    walker.use(article(walker).locator("li a[href*='/qa/'], li a[href^='../']"))
    walker.use(article(walker).get_by_role("link", name=re.compile("写下来|写在这里")))
    expect(walker.page).to_have_url(re.compile("guide/questions|issues/new"))


def e_take(walker: Walker) -> None:
    walker.search("dpo")
    expect(walker.page).to_have_url(re.compile("/topics/dpo_loss/"))
    fold = article(walker).locator("details:has(a[href$='.py'])")
    if fold.count() and not article(walker).locator("a[href$='dpo_loss.py']").first.is_visible():
        walker.use(fold.locator("> summary"))
    with walker.page.expect_download() as download:
        walker.use(article(walker).locator("a[href$='dpo_loss.py']"))
    text = Path(download.value.path()).read_text("utf-8")
    assert "import torch" in text and "def " in text


def f_order(walker: Walker) -> None:
    walker.tab("学习")
    walker.use(article(walker).get_by_role("link", name=re.compile("我要懂 RLHF")))
    walker.use(article(walker).locator("li:visible > a[data-wiki-concept=rlhf]"))
    walker.use(article(walker).locator(".wiki-turn a[rel=next]"))
    expect(walker.page).to_have_url(re.compile("/topics/reward_model_loss/"))


def g_person(walker: Walker) -> None:
    walker.tab("参与")
    people = walker.page.locator(".md-nav--primary").get_by_role("link", name="成员")
    if not people.first.is_visible():
        walker.use(walker.page.locator("label.md-header__button[for=__drawer]"))
    walker.use(people)
    walker.use(article(walker).get_by_role("link", name="羡鱼"))
    expect(article(walker).locator("h2", has_text="主持")).to_be_visible()


def h_subscribe(walker: Walker) -> None:
    walker.tab("讨论与论文")
    walker.use(article(walker).get_by_role("link", name="档案", exact=True))
    link = article(walker).locator("a[href$='picks.xml']").first
    expect(link).to_be_visible()
    answer = walker.page.request.get(link.evaluate("link => link.href"))
    assert answer.ok and "<feed" in answer.text()
    walker.presses += 1


def i_english(walker: Walker) -> None:
    if walker.means == "mouse":
        walker.page.locator("header .md-select button").hover()
    elif walker.means == "touch":
        walker.page.locator("header .md-select button").tap()
    walker.presses += 1
    walker.use(walker.page.get_by_role("link", name="English", exact=True))
    expect(walker.page.locator("html")).to_have_attribute("lang", "en")
    walker.tab("Learn")
    walker.use(article(walker).locator("li > a[data-wiki-concept=lora]"))
    expect(walker.page.locator("h1")).to_contain_text("LoRA: low-rank adaptation")


def j_edit(walker: Walker) -> None:
    walker.search("位置编码")
    expect(walker.page).to_have_url(re.compile("/topics/sinusoidal_positions/"))
    run(walker)
    editor = walker.page.locator(".cm-content").first
    if walker.means == "touch":
        editor.tap()
    elif walker.means == "mouse":
        editor.click()
    else:
        editor.focus()
    walker.presses += 1
    walker.page.keyboard.press("Control+End")
    walker.page.keyboard.type("\nprint(6 * 7)")
    walker.presses += 14
    if walker.means == "keyboard":
        walker.page.keyboard.press("Control+Enter")  # Tab belongs to the editor, until Escape
        walker.presses += 1
    else:
        run(walker)
    expect(walker.page.locator(".output").first).to_contain_text("42")


TASKS: dict[str, Callable[[Walker], None]] = {
    "a why √d_k, run": a_why,
    "b Talk 004 on LoRA or P-Tuning": b_talk,
    "c papers on one concept": c_papers,
    "d answer an open question": d_answer,
    "e DPO loss into a project": e_take,
    "f RLHF in order": f_order,
    "g all by one person": g_person,
    "h subscribe to papers": h_subscribe,
    "i read in English": i_english,
    "j position encoding: run and edit": j_edit,
}


def main(names: list[str]) -> int:
    """Walk the tasks whose names begin so, all of them without any."""
    failed = 0
    sys.stdout.write("| task | " + " | ".join(MEANS) + " |\n|---|" + "---|" * len(MEANS) + "\n")
    with serving() as url, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for task, walk in TASKS.items():
            if names and not task.startswith(tuple(names)):
                continue
            row = []
            for means, (size, touch) in MEANS.items():
                context = browser.new_context(
                    base_url=url, locale="zh-CN", viewport=size, has_touch=touch, is_mobile=touch
                )
                page = context.new_page()
                settle(page, "")
                walker, began = Walker(page, means), time.monotonic()
                try:
                    walk(walker)
                    row.append(f"{walker.presses} presses, {time.monotonic() - began:.1f} s")
                except (AssertionError, Error) as error:
                    failed += 1
                    row.append(f"**fails** at {page.url.removeprefix(url)}: {str(error).strip().splitlines()[0][:90]}")
                context.close()
            sys.stdout.write(f"| {task} | {' | '.join(row)} |\n")
            sys.stdout.flush()
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
