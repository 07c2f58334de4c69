"""Inline scripts: the theme's own by their text in its templates, and no other; and what a text's HTML may not hold."""

import pytest

from publish.csp import hashes, policy
from publish.scripts import WAY, faults, is_theirs, theme
from tests.ingest.test_growth import grows_too_fast

SCOPE = '__md_scope=new URL("{}",location),__md_hash='


def scope(way):
    [known] = [pattern.pattern for pattern in theme() if "__md_scope" in pattern.pattern]
    text = known.replace("\\", "").removesuffix("s*").replace(WAY.replace("\\", ""), way)
    assert SCOPE.format(way) in text
    return text


@pytest.mark.parametrize("way", [".", "..", "../..", "/", "/NAME/", "/wiki/v1.2/"])
def test_themes_script_is_its_own_wherever_the_page_lies(way):
    page = f"<head><script>{scope(way)}</script></head><article><p>x</p></article>"
    assert is_theirs(scope(way)) and faults(page) == [] and len(hashes(page)) == 1


@pytest.mark.parametrize("way", ["https://evil.example", "//evil.example/", '/"+alert(1)+"/', '"+alert(1)+"', "a"])
def test_themes_script_with_another_value_is_none(way):
    assert not is_theirs(scope(way))


@pytest.mark.parametrize(
    "script",
    [
        "<script>alert(1)</script>",
        "<script>var el=1;alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        '<script type="module">alert(1)</script>',
        '<script data-x="application/json">alert(1)</script>',
        "<script>alert(1)",
    ],
)
@pytest.mark.parametrize("place", ["<head>{}</head>", "<head></head><article>{}</article>"])
def test_other_inline_script_is_told_and_gets_no_hash(script, place):
    page = place.format(script)
    assert faults(page) and hashes(page) == []
    assert "sha256" not in policy(hashes(page))


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        "<iframe src=x></iframe>",
        "<base href=//evil.example>",
        '<meta http-equiv="refresh" content="0">',
        '<meta http-equiv="refresh" content="0; url=../a/" onload=x>',
        "<form action=//evil.example></form>",
        "<style>*{}</style>",
        '<script src="evil.js"></script>',
        '<a href="data:text/html,x">x</a>',
        '<h2 id="__scripts">x</h2>',
        "<h2 id='__config'>x</h2>",
        '<img src="//evil.example/x.png">',
        '<img alt=">" src="&#47;/evil.example/x.png">',
    ],
)
def test_text_that_acts_is_told(html):
    assert faults(f"<article>a {html} b</article>")


@pytest.mark.parametrize(
    "part", ["src=a ", "src=", "href=&amp;a", 'src="a ', "src='a ", "href = ", " on", "data ", "/onx "]
)
def test_looking_for_what_acts_is_linear(part):
    """A note of 12 kB that says `src=` two thousand times took 25 seconds."""
    assert not grows_too_fast(faults, lambda size: f"<article><p>{part * (size // len(part))}</p></article>")


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_address_is_found_behind_a_text_that_begins_one(quote):
    assert faults(
        f'<article>src={quote} <a href="java\nscript:alert(1)">x</a> <a href=java&#115;cript:x>y</a></article>'
    )


def test_search_on_the_page_that_tells_how_to_ask_is_not_told():
    assert faults('<article><form action="../" class="wiki-ask" method="get"><input name="q"></form></article>') == []
    assert faults('<article><form class="wiki-ask" action="//evil.example/" method="get"></form></article>')


def test_redirect_to_the_question_that_another_repeats_is_not_told():
    redirect = '<meta http-equiv="refresh" content="0; url={}">'
    assert faults(f"<article>{redirect.format('../why-rope/')}</article>") == []
    for elsewhere in ("//evil.example/", "../../x/", "javascript:x", "../a/?b"):
        assert faults(f"<article>{redirect.format(elsewhere)}</article>")


def test_places_that_are_no_part_of_the_theme_are_not_told():
    text = (
        '<a id="__codelineno-0-1"></a><span id="__span-0-1">x</span><h2 id="__init__">x</h2><code> id="__config"</code>'
    )
    assert faults(f"<article>{text}</article>") == []


def test_text_that_speaks_of_it_is_not_told():
    assert faults('<article>on = 1, data: x <code>onclick=1 &lt;script&gt;</code> <a href="x">y</a></article>') == []
