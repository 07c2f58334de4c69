"""What a cell says is so, and what a reader has written stays: labels, edits, Stop, links, a notebook's ways."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.browser.test_cell import LORA, RUN_SECONDS, Cell, OwnServer, article, visit
from tests.browser.test_cell import server as server  # a fixture

pytestmark = pytest.mark.browser

EARLIER = "改动之前的代码的输出，不是现在这段的"
INERT = 450  # ms from the first press, in which Stop certainly does nothing
LAST = "上一次运行的输出，之后代码改动过"


@pytest.fixture(scope="module")
def profile(chromium: Browser, site_url: str, runtime: None) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=site_url, locale="zh-CN", viewport={"width": 1280, "height": 850}, service_workers="block"
    )
    context.set_default_timeout(15_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def tab(profile: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A page of a profile whose Python starts fast; what the reader wrote goes after each test."""
    made = profile.new_page()
    made.on("console", watch.console)
    made.on("pageerror", lambda error: watch.problems.append(f"page error: {error}"))
    yield made
    made.evaluate("localStorage.clear()")
    made.close()
    assert watch.unexpected == []


@pytest.fixture
def show(tab: Page) -> Callable[..., list[Cell]]:
    """Open a page that has these blocks and nothing else."""

    def opened(*texts: str, fragment: str = "") -> list[Cell]:
        tab.route("**/about/", article(*texts))
        tab.goto(f"about/{fragment}")
        expect(tab.locator("[role=group].wiki-cell .wiki-cell__run")).to_have_count(len(texts))
        return [Cell(tab, number) for number in range(1, len(texts) + 1)]

    return opened


def caption(cell: Cell):
    return cell.output.locator(".wiki-cell__caption")


def finish(cell: Cell) -> Cell:
    cell.button("停止").wait_for(state="hidden", timeout=RUN_SECONDS)
    return cell


# ---- labels


def test_the_label_is_of_the_code_above_at_every_moment(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("print('page') => page")
    expect(caption(cell)).to_have_text("输出（测试核对过）")
    cell.write("print('mine')")
    expect(caption(cell)).to_have_text(EARLIER)
    cell.write("print('page')")
    expect(caption(cell)).to_have_text("输出（测试核对过）")
    cell.run()
    expect(caption(cell)).to_contain_text("本次输出，用时")
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    cell.write("print('mine')")
    expect(caption(cell)).to_have_text(LAST)
    expect(cell.output.locator(".wiki-cell__same")).to_be_hidden()
    expect(cell.status).to_have_text("")
    cell.write("import time\nprint('new')\ntime.sleep(60)").start().until_running()
    expect(caption(cell)).to_have_text("本次输出，运行中")
    expect(cell.printed).to_have_text("new\n")
    cell.button("停止").click()
    expect(caption(cell)).to_have_text("本次输出，停在这里")
    cell.run("1 / 0", state="failed")
    expect(caption(cell)).to_have_text("本次输出，没有运行完")


def test_what_verified_means_is_one_click_away(show: Callable[..., list[Cell]], tab: Page) -> None:
    (cell,) = show("print('page') => page")
    caption(cell).get_by_role("link", name="测试核对过").click()
    expect(tab).to_have_url(re.compile(r"/guide/running/#verified$"))
    expect(tab.locator("#verified")).to_be_in_viewport()


def test_code_of_a_link_is_not_shown_with_the_pages_output_as_its_own(
    show: Callable[..., list[Cell]], tab: Page
) -> None:
    (cell,) = show("print('page') => page")
    cell.write("print('shared')").button("分享").click()
    link = cell.block.get_by_label("分享链接").input_value()
    tab.evaluate("localStorage.clear()")
    tab.goto("about:blank")
    tab.goto(f"{link}。")  # as a chat has it, at the end of a sentence
    expect(cell.block).to_contain_text("来自分享链接")
    expect(cell.block.locator("code, .cm-content").first).to_contain_text("shared")
    expect(caption(cell)).to_have_text(EARLIER)


def test_output_of_the_run_before_does_not_pose_as_this_ones(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("print('page') => page")
    cell.run("print('old')")
    cell.write("import time\nprint('so far: 42', end='')\ntime.sleep(60)").start().until_running()
    expect(cell.printed).to_have_text("so far: 42")
    cell.button("停止").click()
    expect(cell.status).to_contain_text("已停止")
    expect(cell.printed).to_have_text("so far: 42")


def test_reset_and_restart_bring_a_fresh_python(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("print(sum([1, 2])) => 3")
    cell.run("sum = print = 5")
    cell.button("重置").click()
    expect(cell.status).to_have_text("代码与输出已复原，Python 是新的")
    cell.run()
    expect(cell.output.locator(".wiki-cell__same")).to_be_visible()
    cell.run("mine = 1\nimport torch\ntorch.set_default_dtype(torch.float64)")
    cell.button("重启").click()
    expect(cell.status).to_contain_text("Python 是新的")
    cell.run("import torch\nprint('mine' in globals(), torch.ones(1).dtype)")
    expect(cell.printed).to_have_text("False torch.float32")


# ---- Stop


def test_a_double_click_on_run_runs_once_and_ends_nothing(show: Callable[..., list[Cell]], tab: Page) -> None:
    """Three clicks within half a second, which a busy machine may miss: what comes later is meant to stop it."""
    (cell,) = show("print('page') => page")
    tab.evaluate("addEventListener('mousedown', (event) => (window.pressed ??= []).push(event.timeStamp), true)")
    for _ in range(5):
        cell.run("kept = 42")
        cell.write("import time\ntime.sleep(1)\nprint(kept)")
        cell.button("运行").dblclick()
        tab.wait_for_timeout(100)
        tab.mouse.down()
        tab.mouse.up()
        finish(cell)
        first, *_, last = tab.evaluate("pressed.splice(0)")
        if last - first < INERT:
            break
    cell.expect_state("done")
    expect(cell.printed).to_have_text("42")


def test_stop_on_a_block_that_waits_leaves_that_one_out_alone(show: Callable[..., list[Cell]]) -> None:
    first, second = show("import time\nkept = 1\ntime.sleep(4)\nprint('first') => first", "print('second') => second")
    first.start().until_running()
    second.start()
    second.button("停止").click()
    expect(second.status).to_have_text("没有运行")
    finish(first).expect_state("done")
    second.run("print(kept)")
    expect(second.printed).to_have_text("1")


def test_a_series_can_be_stopped_where_it_was_begun(show: Callable[..., list[Cell]]) -> None:
    first, second, third = show("print(1) => 1", "while True: pass", "print(3) => 3")
    third.button("全部运行").click()
    first.expect_state("done")
    second.until_running()
    third.button("停止").click()
    expect(third.status).to_have_text("已停止，停在代码块 2")
    expect(third.button("运行")).to_be_visible()
    expect(third.printed).to_have_text("3")  # of the page, still
    expect(caption(third)).to_have_text("输出（测试核对过）")


# ---- edits


def test_edits_outlive_reload_links_and_back(tab: Page) -> None:
    tab.goto(LORA)
    cell = Cell(tab).write("print('my long experiment')")
    tab.reload()
    expect(cell.block.locator(".cm-content")).to_have_text("print('my long experiment')")
    expect(caption(cell)).to_have_text(EARLIER)
    visit(tab, "qa/rope-rotation/")
    tab.go_back()
    expect(cell.block.locator(".cm-content")).to_have_text("print('my long experiment')")
    cell.button("用回原来的").click()
    expect(caption(cell)).to_have_text("输出（测试核对过）")
    cell.button("恢复我的改动").click()
    assert cell.text() == "print('my long experiment')"
    tab.reload()
    expect(cell.block.locator(".cm-content")).to_have_text("print('my long experiment')")


def test_a_link_never_replaces_ones_own_edit(show: Callable[..., list[Cell]], tab: Page) -> None:
    (cell,) = show("print('page') => page")
    cell.write("print('shared')").button("分享").click()
    link = cell.block.get_by_label("分享链接").input_value()
    cell.write("print('mine')")
    tab.evaluate("hash => { location.hash = hash; }", link.split("#")[1])
    cell.button("看链接里的代码").wait_for()
    lines = cell.block.locator(".cm-content")  # drawn a moment after the block came into sight
    expect(lines).to_have_text("print('mine')")
    cell.button("看链接里的代码").click()
    expect(lines).to_have_text("print('shared')")
    cell.button("恢复我的改动").click()
    expect(lines).to_have_text("print('mine')")


def test_links_say_when_they_are_long_and_lead_to_the_block_when_nothing_was_edited(
    show: Callable[..., list[Cell]], tab: Page
) -> None:
    import hashlib

    (cell,) = show("print('page') => page")
    cell.button("分享").click()
    expect(cell.block.get_by_label("分享链接")).to_have_value(re.compile(r"#run=1$"))
    expect(cell.status).to_contain_text("指到这一块")
    cell.write(f"data = '{hashlib.shake_256(b'x').hexdigest(9_000)}'").button("分享").click()
    expect(cell.status).to_contain_text("截断")


# ---- a notebook's ways


def test_last_value_await_input_and_carriage_return(show: Callable[..., list[Cell]], tab: Page) -> None:
    (cell,) = show("print('page') => page")
    cell.run("x = [1, 2]\nx")
    expect(cell.printed.locator("[data-stream=value]")).to_have_text("[1, 2]")
    cell.run(
        "import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 7\nprint(await f(), asyncio.run)"
    )
    expect(cell.printed).to_contain_text("7 ")
    cell.run("for n in range(5):\n    print(f'\\rstep {n}/5', end='')\nprint('\\nab\\b\\x1b[31mc\\x1b[0m')")
    expect(cell.printed).to_have_text("step 4/5\nac")
    cell.write("name = input('who? ')\nprint('hello', name)").start()
    field = cell.output.get_by_role("textbox", name="who?")
    expect(field).to_be_focused(timeout=RUN_SECONDS)
    field.fill("小明")
    field.press("Enter")
    finish(cell)
    expect(cell.printed).to_have_text("who? 小明\nhello 小明")


def test_figures_stand_in_order_with_chinese_titles_and_take_tensors(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("print('page') => page")
    cell.run(
        "import matplotlib.pyplot as plt, torch, warnings\nwarnings.filterwarnings('error', message='.*Glyph')\n"
        "plt.rcParams['font.sans-serif'] = ['SimHei']\n"
        "for n in range(2):\n    print('before', n)\n    plt.plot(torch.arange(4) * n)\n"
        "    plt.title(f'损失 {n}')\n    plt.show()\n"
        "print('end')\nplt.hist(torch.rand(9))\n1 / 0",
        state="failed",
    )
    order = cell.output.evaluate("""output => [...output.querySelectorAll("pre > code, canvas")]
      .filter((one) => !one.closest(".wiki-cell__after, [hidden]"))
      .map((one) => one.localName === "canvas" ? one.getAttribute("aria-label") : one.textContent.trim())""")
    assert order == ["before 0", "损失 0", "before 1", "损失 1", "end", "Figure 1"]


def test_errors_say_what_is_meant_and_show_shapes(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("print('page') => page")
    given = "import torch\nx = torch.ones(9)\nw = torch.ones(4, 5)\n"
    cell.run(f"{given}ys = [x @ w for x in torch.ones(1, 2, 3)]", state="failed")  # its own x
    expect(cell.output.locator(".wiki-cell__arrays li")).to_have_text(["x [2, 3] float32", "w [4, 5] float32"])
    cell.run("import pandas", state="failed")
    expect(cell.output.locator(".wiki-cell__advice")).to_contain_text("网页里没有 pandas。这里有 torch、numpy")
    cell.run("value = 1\nvaleu", state="failed")
    expect(cell.output.locator(".wiki-cell__message")).to_contain_text("Did you mean: 'value'")
    cell.run("import torch\ntorch.ones(2).shpae", state="failed")
    said = "AttributeError: 'Tensor' object has no attribute 'shpae'. Did you mean: 'shape'?"
    expect(cell.output.locator(".wiki-cell__message")).to_have_text(said)
    cell.run("def f():\n    return 1 / 0")
    cell.run("# moved\n\nf()", state="failed")
    frames = [" ".join(text.split()) for text in cell.output.locator(".wiki-cell__frames li").all_inner_texts()]
    assert frames == ["代码块 1 第 3 行 f()", "代码块 1（改动之前） 第 2 行，f return 1 / 0"]
    expect(cell.block.locator(".wiki-cell__failing")).to_have_text("f()")


def test_pasted_code_is_mended_and_what_nobody_sees_is_shown(show: Callable[..., list[Cell]], tab: Page) -> None:
    (cell,) = show("print('page') => page")
    cell.write("")
    text = ">>> x\u00a0=\u20031\u200b\n>>> print(x)\n1"
    tab.evaluate("text => navigator.clipboard.writeText(text)", text)
    tab.keyboard.press("ControlOrMeta+v")
    assert cell.text() == "x = 1\nprint(x)"
    cell.write("x = 1\u200b")
    expect(cell.block.locator(".cm-specialChar")).to_be_visible()
    cell.run(state="failed")
    expect(cell.output.locator(".wiki-cell__advice")).to_contain_text("U+200B")


def test_completion_signature_and_variables_come_from_the_python_that_runs(
    show: Callable[..., list[Cell]], tab: Page
) -> None:
    (cell,) = show("print('page') => page")
    cell.run("import torch\nweights = torch.ones(2, 3)\ndef scale(x, factor=2.0):\n    return x * factor")
    cell.output.locator(".wiki-cell__variables summary").click()
    expect(cell.output.locator(".wiki-cell__variables tr")).to_have_text(["weightsTensor[2, 3] float32"])
    cell.focus()
    tab.keyboard.press("ControlOrMeta+End")
    tab.keyboard.type("\nweig", delay=60)
    expect(tab.locator(".cm-tooltip-autocomplete li").first).to_have_text("weights")
    tab.wait_for_timeout(150)  # for so long the editor takes Enter for the end of a line that was typed on
    tab.keyboard.press("Enter")
    assert cell.text().endswith("weights")
    tab.keyboard.type("\nscale(", delay=60)
    tab.keyboard.press("Control+Space")
    expect(tab.locator(".cm-tooltip-autocomplete li").first).to_have_text("scale(x, factor=2.0)")


def test_lines_are_numbered_alike_before_and_in_the_editor(show: Callable[..., list[Cell]]) -> None:
    (cell,) = show("a = 1\nb = 2\nprint(a + b) => 3")
    expect(cell.block.locator(".wiki-cell__numbers")).to_have_text("1\n2\n3")
    before = cell.block.locator("code").bounding_box()
    top = cell.output.bounding_box()
    cell.focus()
    numbers = cell.block.locator(".cm-lineNumbers .cm-gutterElement:visible")
    assert [text for text in numbers.all_inner_texts() if text][-3:] == ["1", "2", "3"]
    after, now = cell.block.locator(".cm-line").first.bounding_box(), cell.output.bounding_box()
    assert before and after and top and now
    assert abs(before["x"] - after["x"]) <= 2 and abs(top["y"] - now["y"]) <= 4


# ---- phones, paper, colours of one's own


def test_a_thumb_finds_every_button(chromium: Browser, site_url: str) -> None:
    context = chromium.new_context(
        base_url=site_url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(LORA)
    cell = Cell(page)
    expect(cell.status).to_contain_text("MB")
    for button in cell.block.get_by_role("button").all():
        box = button.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_long_lines_wrap_on_paper_and_the_failing_line_is_marked_without_colours(
    show: Callable[..., list[Cell]], tab: Page
) -> None:
    (cell,) = show("print('page') => page")
    cell.run("print('x' * 600)\n1 / 0", state="failed")
    tab.emulate_media(media="print")
    assert cell.printed.evaluate("code => code.scrollWidth <= code.clientWidth + 1")
    tab.emulate_media(media="screen", forced_colors="active")
    style = cell.block.locator(".wiki-cell__failing").evaluate("line => getComputedStyle(line).borderLeftStyle")
    assert style == "solid"


# ---- offline


def test_matplotlib_is_kept_once_it_was_used_and_a_cleared_copy_stays_cleared(
    chromium: Browser, server: OwnServer
) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(server.url + LORA)
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    cell = Cell(page).run(draw)
    expect(cell.output.locator(".wiki-cell__offline")).to_contain_text(
        re.compile(r"离线也能运行（占用 \d+"), timeout=RUN_SECONDS
    )
    page.wait_for_timeout(1000)
    context.set_offline(True)
    page.reload()
    cell.run(draw)
    expect(cell.output.locator("canvas")).to_be_visible()
    context.set_offline(False)
    page.reload()
    cell.run("print(1)")
    cell.output.get_by_role("button", name="清除离线副本").click(timeout=RUN_SECONDS)
    expect(cell.output.locator(".wiki-cell__offline")).to_have_text("离线副本已清除")
    page.reload()
    cell.run("print(2)")
    cell.output.get_by_role("button", name="保存离线副本").wait_for(timeout=RUN_SECONDS)
    assert not [name for name in page.evaluate("caches.keys()") if "runtime" in name]
    context.close()
