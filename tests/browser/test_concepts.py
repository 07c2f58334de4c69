"""The learning map in a browser: by keyboard, on a phone."""

import pytest

pytestmark = pytest.mark.browser


def test_map_fits_a_phone_and_is_walked_by_keyboard(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("topics/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = page.locator(".wiki-map svg").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width / one.viewBox.baseVal.width)"
    )
    assert min(sizes) >= 0.98, "letters would be smaller than they were drawn"
    first = page.locator(".wiki-map a").first
    first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert first.evaluate("one => one === document.activeElement")
    assert first.locator("rect").evaluate("one => getComputedStyle(one).strokeWidth") == "3px"  # 1px elsewhere
    page.keyboard.press("Enter")
    page.wait_for_url("**/topics/*/")
    assert page.locator("h1").inner_text()
