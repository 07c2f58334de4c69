"""The learning map and the pictures in a browser: by keyboard, on a phone."""

import pytest

from pictures.__main__ import FOLDER

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


def test_words_in_pictures_lie_inside_and_apart(page):
    page.set_content("".join(path.read_text("utf-8") for path in sorted(FOLDER.iterdir())))
    amiss = page.evaluate("""() => [...document.querySelectorAll('svg')].flatMap(svg => {
        const {width, height} = svg.viewBox.baseVal
        const words = [...svg.querySelectorAll('text:not([transform])')].map(one => {
            const {x, y, width, height} = one.getBBox()
            return {text: one.textContent, x, y, right: x + width, below: y + height}
        })
        const outside = words.filter(one => one.x < -4 || one.right > width + 4 || one.y < -4 || one.below > height + 4)
        const over = words.filter((one, at) => words.slice(0, at).some(other =>
            Math.min(one.right, other.right) - Math.max(one.x, other.x) > 3 &&
            Math.min(one.below, other.below) - Math.max(one.y, other.y) > 5))
        return [...outside, ...over].map(one => `${svg.getAttribute('aria-label').slice(0, 12)}: ${one.text}`)
    })""")
    assert amiss == []
