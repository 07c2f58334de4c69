"""Widgets of the built site in a real Chromium: by mouse, keys, touch; without script, on paper, without network."""

import random

import pytest

from tests.browser.conftest import Watch, new_context, settle
from tests.widgets.test_outputs import alike
from widgets import _form, _outputs

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("runtime")]
ALL = "guide/widgets/"
SECONDS = 120_000
POSITIONS = 150  # of each widget and language, where numbers without Python are compared with its own
SET = """([name, values]) => {
  const block = document.querySelector(`[data-widget=${name}]`);
  let input;
  for (const [one, value] of Object.entries(values)) {
    const inputs = [...block.querySelector(`[data-name=${one}]`).querySelectorAll("input")];
    input = inputs.find((each) => each.type !== "radio" || each.value === value);
    if (input.type === "radio" || input.type === "checkbox") input.checked = value !== false;
    else input.value = value;
  }
  input.dispatchEvent(new Event("input", { bubbles: true }));
}"""


class Widget:
    """A widget on a page."""

    def __init__(self, page, name):
        self.page, self.name = page, name
        self.block = page.locator(f".wiki-widget[data-widget={name}]")
        self.block.locator(".wiki-widget__foot").wait_for(timeout=SECONDS)

    def control(self, name):
        return self.block.locator(f"[data-name={name}] input").first

    @property
    def state(self):
        return self.block.locator(".wiki-widget__state")

    @property
    def numbers(self):
        return self.block.locator(".wiki-widget__numbers[data-live]")

    def wait(self, state="live"):
        self.page.locator(f".wiki-widget[data-widget={self.name}][data-state={state}]").wait_for(timeout=SECONDS)
        return self

    def shows(self, values):
        """That the numbers are those of real torch at these values."""
        script = _outputs.script(self.name, "zh")
        expected = _outputs.run(script.with_values(values)).text
        for _ in range(SECONDS // 100):
            try:
                alike(expected, self.numbers.inner_text().strip(), self.name)
                return
            except (AssertionError, ValueError):
                self.page.wait_for_timeout(100)
        alike(expected, self.numbers.inner_text().strip(), self.name)


@pytest.fixture(scope="module")
def opened(chromium, site_url):
    """The page that has all of them; Python starts with the first test that moves one."""
    watch, context = Watch(site_url), new_context(chromium, site_url)
    watch.see(context)
    page = context.new_page()
    settle(page, ALL)
    yield page, watch
    context.close()


@pytest.fixture
def gallery(opened):
    """That page; what a test has moved goes back after it."""
    page, watch = opened
    yield page
    page.emulate_media(media="screen")
    moved = page.get_by_role("button", name="复原", exact=True)  # seen where something is
    while moved.count():
        moved.first.click()
    assert watch.unexpected == []


@pytest.mark.slow
def test_all_ten_show_the_numbers_of_real_torch_in_one_python(gallery):
    page = gallery
    for name in _outputs.names():
        script, widget = _outputs.script(name, "zh"), Widget(page, name)
        for position in ("low", "middle", "high"):
            if name == "training" and position != "low":
                continue  # hundreds of steps
            values = {one.name: one.positions()[position] for one in script.controls}
            page.evaluate(SET, [name, values])
            widget.wait().shows(values)
    assert len(page.workers) == 1


@pytest.mark.parametrize("name", ["memory", "sampling"])
@pytest.mark.parametrize("language", _form.LANGUAGES)
def test_what_a_page_computes_without_python_is_what_python_computes(page, name, language):
    script, chance = _outputs.script(name, language), random.Random(0)
    fixed = {"draw": False}  # draws are left to Python
    places = [
        {one.name: fixed.get(one.name, one.at_random(chance)) for one in script.controls} for _ in range(POSITIONS)
    ]
    places += [{one.name: fixed.get(one.name, one.value) for one in script.controls}]
    page.goto(ALL)
    module = f"{page.url.partition('guide/')[0]}runtime/widget/quick/{name}.js"
    compute = """async ([module, places, zh]) => {
      const { shown } = await import(module);
      return places.map((one) => shown(one, zh));
    }"""
    found = page.evaluate(compute, [module, places, language == "zh"])
    for place, shown in zip(places, found, strict=True):
        expected = _outputs.run(script.with_values(place))
        alike(expected.text, shown["text"], place)
        for picture, other in zip(expected.pictures.values(), shown["pictures"], strict=True):
            alike(picture, other, place)


def test_before_python_the_numbers_change_at_once_and_nothing_is_downloaded(page, watch):
    settle(page, ALL)
    widget = Widget(page, "sampling")
    page.evaluate(SET, ["sampling", {"temperature": 2}])
    widget.wait().shows({"temperature": 2.0})
    assert "同样的公式" in widget.state.inner_text()
    assert not any("pyodide" in address for address in watch.requests)
    widget.block.get_by_role("button", name="改用 Python 算").click()
    widget.block.get_by_text("在这一页里算的").wait_for(timeout=SECONDS)
    widget.shows({"temperature": 2.0})
    page.evaluate(SET, ["sampling", {"temperature": 1.5}])
    widget.shows({"temperature": 1.5})
    assert "在这一页里算的" in widget.state.inner_text()


def test_keys_move_it_and_reset_brings_back_what_tests_verified(gallery):
    page = gallery
    widget = Widget(page, "sampling")
    assert widget.state.get_attribute("data-verified") is not None
    widget.control("temperature").focus()
    page.keyboard.press("ArrowRight")
    widget.wait().shows({"temperature": 1.1})
    assert widget.state.get_attribute("data-verified") is None
    assert not widget.block.locator("[data-default]").first.is_visible()
    widget.block.get_by_role("button", name="复原").click()
    assert widget.state.get_attribute("data-verified") is not None
    assert widget.block.locator("[data-default]").first.is_visible()
    assert widget.control("temperature").input_value() == "1"


def test_newest_value_wins_and_what_runs_is_not_killed(gallery):
    page = gallery
    widget = Widget(page, "rope")
    page.evaluate(SET, ["rope", {"m": 20}])
    widget.wait()
    widget.numbers.evaluate(
        "place => { window.made = 0; new MutationObserver(() => made++).observe(place, { childList: true }) }"
    )
    page.evaluate(f"values => values.forEach(m => ({SET})(['rope', {{ m }}]))", list(range(21, 61)))
    widget.shows({"m": 60})
    assert 0 < page.evaluate("made") < 40
    assert len(page.workers) == 1


def test_link_carries_the_values_and_downloads_nothing_by_itself(page, watch):
    settle(page, f"{ALL}#w=sampling&temperature=2.0&top_p=0.5&draw=True&nonsense=1")
    widget = Widget(page, "sampling")
    widget.wait("linked")
    assert widget.control("temperature").input_value() == "2"
    assert widget.control("draw").is_checked()
    page.wait_for_timeout(1000)
    assert not any("pyodide" in address for address in watch.requests)
    widget.block.get_by_role("button", name="算一下").click()
    widget.wait().shows({"temperature": 2.0, "top_p": 0.5, "draw": True})
    page.evaluate(SET, ["sampling", {"temperature": 3}])
    widget.block.get_by_role("button", name="复制链接").click()
    assert "#w=sampling&temperature=3.0&top_p=0.50&draw=True" in page.url


def test_code_opens_as_a_cell_with_the_values_of_now(gallery):
    page = gallery
    widget = Widget(page, "sampling")
    page.evaluate(SET, ["sampling", {"temperature": 2}])
    widget.wait()
    widget.block.locator(".wiki-widget__code > summary").click()
    cell = widget.block.locator(".wiki-cell")
    assert "temperature = 2.0  # @param" in cell.inner_text()
    cell.get_by_role("button", name="运行").first.click()
    output = widget.block.locator(".wiki-cell__output")
    output.get_by_text("10 个词依次剩下").wait_for(timeout=SECONDS)
    assert output.locator("svg").count() == 2


def test_row_under_the_mouse_is_the_query(gallery):
    page = gallery
    widget = Widget(page, "self_attention")
    page.evaluate(SET, ["self_attention", {"row": 1}])
    widget.wait()
    widget.block.locator("[data-live] [data-key=weights] [data-pick='row:6']").hover(force=True)
    widget.shows({"row": 6})
    widget.control("row").focus()
    page.keyboard.press("ArrowLeft")  # and the mouse, which rests where it was, does not take it back
    widget.shows({"row": 5})
    page.mouse.wheel(0, 40)  # nor what is scrolled beneath it
    page.wait_for_timeout(500)
    assert widget.control("row").input_value() == "5"


def test_training_plays_and_pauses(gallery):
    page = gallery
    widget = Widget(page, "training")
    page.evaluate(SET, ["training", {"steps": 4}])
    widget.wait()
    widget.block.get_by_role("button", name="播放").click()
    steps = "[data-widget=training] [data-name=steps] input"
    page.wait_for_function(
        f"() => Number(document.querySelector('{steps}').value) >= 12",
        timeout=SECONDS,
    )
    widget.block.get_by_role("button", name="暂停").click()
    page.wait_for_timeout(1500)
    at = int(widget.control("steps").input_value())
    widget.shows({"steps": at})
    assert at == int(widget.control("steps").input_value())


def test_without_a_script_it_is_complete(chromium, site_url):
    context = chromium.new_context(base_url=site_url, java_script_enabled=False)
    page = context.new_page()
    page.goto(ALL)
    for name in _outputs.names():
        block = page.locator(f"[data-widget={name}]")
        assert block.locator("svg").first.is_visible() and block.locator("pre").count()
        assert block.locator(".wiki-widget__values").is_visible()
        assert not block.locator(".wiki-widget__controls").is_visible()
    context.close()


def test_paper_shows_the_default(gallery):
    page = gallery
    widget = Widget(page, "memory")
    page.evaluate(SET, ["memory", {"gpus": 20}])
    widget.wait()
    page.emulate_media(media="print")
    assert widget.block.locator(".wiki-widget__pictures[data-default]").is_visible()
    assert not widget.block.locator(".wiki-widget__pictures[data-live]").is_visible()
    assert not widget.block.locator(".wiki-widget__controls").is_visible()


def test_a_finger_moves_it_on_a_phone_that_it_fits(chromium, site_url):
    context = chromium.new_context(
        base_url=site_url, viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    settle(page, ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widget = Widget(page, "attention_scaling")
    widget.block.locator("[data-name=divisor] label").last.tap()
    widget.wait().shows({"divisor": "d"})
    context.close()


def test_it_works_without_network_after_a_visit(chromium, site_url):
    context = chromium.new_context(base_url=site_url, locale="zh-CN")
    page = context.new_page()
    settle(page, ALL)
    widget = Widget(page, "rope")
    page.evaluate(SET, ["rope", {"m": 20}])
    widget.wait()
    widget.block.locator(".wiki-cell__offline").wait_for(timeout=SECONDS)
    context.set_offline(True)
    page.reload()
    widget = Widget(page, "rope")
    page.evaluate(SET, ["rope", {"m": 30}])
    widget.wait().shows({"m": 30})
    context.close()


def test_english_page_speaks_english(page):
    settle(page, "en/guide/widgets/")
    block = page.locator("[data-widget=sampling]")
    assert "Numbers verified by tests" in block.inner_text()
    widget = Widget(page, "sampling")
    page.evaluate(SET, ["sampling", {"temperature": 2}])
    widget.wait()
    assert "tokens" in block.locator(".wiki-widget__numbers[data-live]").inner_text()
    assert "Computed by this page" in block.inner_text()
