"""What a letter stands for has one colour in formula, picture and code, which can be read on both schemes."""

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

ROLES = ("query", "key", "value", "policy", "reference", "reward")
PLACES = {"formula": ".katex-html .wiki-{}", "picture": ".wiki-picture .wiki-{}", "code": ".essence .wiki-{}"}
# Letters and colour of each element, and the contrast with the ground behind it.
SEEN = """elements => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return elements.map((e) => {
    let ground = e;
    while (ground && !(parts(getComputedStyle(ground).backgroundColor)[3] ?? 1)) ground = ground.parentElement;
    const style = getComputedStyle(e);
    const colour = e.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(colour), light(getComputedStyle(ground ?? document.body).backgroundColor)];
    return [e.textContent.replaceAll("\\u200b", ""), colour, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("self_attention", {"query": "Q Q Q", "key": "K K K", "value": "V V V"}),
        ("kl_penalty", {"policy": "π π logp", "reference": "πref 参考 logp_ref", "reward": "r 奖励 r"}),
    ],
)
def test_letter_has_one_colour_in_formula_picture_and_code(
    chromium: Browser, site_url: str, scheme: str, name: str, shown: dict[str, str]
) -> None:
    context = chromium.new_context(base_url=site_url, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"topics/{name}/")
    expect(page.locator(".arithmatex:not([data-math])")).to_have_count(0)
    colours = set()
    for role, letters in shown.items():
        found = set()
        for place, letter in zip(PLACES, letters.split(), strict=True):
            seen = page.locator(PLACES[place].format(role)).evaluate_all(SEEN)
            assert letter in [text for text, _, _ in seen], (role, place, seen)
            assert min(contrast for _, _, contrast in seen) >= 4.5, (role, place, seen)
            found |= {colour for _, colour, _ in seen}
        assert len(found) == 1, (role, found)
        colours |= found
    assert len(colours) == len(shown)
    context.close()


def test_subscript_decides_and_neighbours_are_letters_of_their_own(page: Page) -> None:
    tex = r"\(\pi_{\text{ref}}^{*}\pi_\theta W_Q^{(h)} qk x_{kv} \mathrm{softmax} K^\top\)"
    said = "query Q q W_Q; key K k; value v; policy π; reference π_ref"
    body = page.request.get("topics/self_attention/").text()
    body = body.replace("</h1>", f'</h1><span class="arithmatex" id="here" data-symbols="{said}">{tex}</span>', 1)
    page.route("**/topics/self_attention/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("topics/self_attention/")
    page.locator("#here .katex").wait_for(state="attached")
    painted = page.locator("#here .katex-html").evaluate(
        """(e, roles) => [...e.querySelectorAll(roles.map((r) => `.wiki-${r}`).join())]
        .map((x) => x.textContent.replaceAll("\\u200b", "") + " " + /wiki-(\\w+)/.exec(x.className)[1])""",
        list(ROLES),
    )
    assert painted == [
        *("πref∗ reference", "π policy", "WQ(h) query", "Q query", "q query", "k key", "k key", "v value", "K key")
    ]


def test_letters_of_other_pages_keep_the_colour_of_text(page: Page) -> None:
    page.goto("topics/cross_entropy/")
    expect(page.locator(".arithmatex:not([data-math])")).to_have_count(0)
    assert page.locator(", ".join(f".wiki-{role}" for role in ROLES)).count() == 0
