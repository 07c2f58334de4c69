"""Untrusted Markdown: what it turns into, and what it can never do."""

import html
import re

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup import bare_urls, join_lines, links_in
from ingest.safe_html import address, escape, meta, to_html

EXTENSIONS = [
    "admonition", "attr_list", "footnotes", "md_in_html", "tables", "toc", "pymdownx.arithmatex", "pymdownx.details",
    "pymdownx.superfences", "pymdownx.snippets",
]  # fmt: skip


def through_the_generator(text):
    """What the site's own Markdown makes of a block of ours."""
    settings = {
        "pymdownx.snippets": {"base_path": ["."], "check_paths": True},
        "pymdownx.arithmatex": {"generic": True},
    }
    return markdown.markdown(text, extensions=EXTENSIONS, extension_configs=settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("见 https://example.org/p/1；可参考", '<a href="https://example.org/p/1"'),
        ("（https://example.org/a）", '<a href="https://example.org/a"'),
        ("甲\n乙", "<p>甲乙</p>"),
        ("one\ntwo", "<p>one\ntwo</p>"),
        ("`<s>` 和 <|im_start|>", "<code>&lt;s&gt;</code> 和 &lt;|im_start|&gt;"),
        ("$x_i$", r'<span class="arithmatex">\(x_i\)</span>'),
        ("价格 $5 和 $6", "价格 $5 和 $6"),
        ("# 标题", "<h4>标题</h4>"),
        ("![图](https://example.org/a.png)", '<a href="https://example.org/a.png" rel="nofollow noopener">图</a>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](../../secret)", "<p>[x](../../secret)</p>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_markdown_becomes_safe_html(text, expected):
    assert expected in to_html(text)


HOSTILE = [
    '--8<-- "README.md"', "--8<--\nREADME.md\n--8<--", "::: snippets.lora", "[TOC]", "{: onclick=alert(1) }",
    "text\n{: #id .x onmouseover=alert(1) }", '<div markdown onclick="alert(1)">*x*</div>', "??? note\n    inside",
    "!!! danger\n    inside", "[^1]: footnote", "*[HTML]: abbreviation", "[ref]: https://example.org\n\n[ref]",
    "```{ .python .runnable onclick=alert(1) }\nprint(1)\n```", "~~~\n</div>\n~~~", "</div></div><h1>out</h1>",
    "\x02wzxhzdk:0\x03", "<svg onload=alert(1)>", "<math><mi xlink:href='javascript:alert(1)'>", "$$\n</div>\n$$",
    "$\\href{javascript:alert(1)}{x}$", "<https://example.org/\"onmouseover=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",

    "| a |\n|---|\n| <img src=x onerror=alert(1)> |", "{{ config }} {% include 'x' %}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_reaches_the_page_as_text(text):
    block = f'# Page\n\n<div class="wiki-text">\n{to_html(text)}\n</div>\n\nafter'
    page = through_the_generator(block)
    assert block.split("\n", 2)[2].rsplit("\n\n", 1)[0] in page, "the generator's Markdown changed the block"
    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    assert not [tag for tag in tags if re.search(r"\son\w+\s*=|script|javascript:|<img|<svg|<math", tag, re.IGNORECASE)]
    assert page.endswith("<p>after</p>")


@given(st.text())
def test_no_text_leaves_its_block(text):
    block = f'<div class="wiki-text">\n{to_html(text)}\n</div>'
    assert through_the_generator(f"{block}\n\nafter") == f"{block}\n\n<p>after</p>"


@pytest.mark.parametrize(
    "title", ["*a* _b_ [c](d) `e` $f$", "{: .x }", "- a", "1. a", "# a", "<b>&amp;", "a | b", "::: x", "A_i 与 B_j"]
)
def test_escaped_line_is_shown_as_written(title):
    shown = through_the_generator(f"# [{escape(title)}](x.md)")
    text = html.unescape(re.sub(r"<[^>]+>", "", shown))
    assert text == title
    assert through_the_generator(escape(title)).startswith("<p>")


def test_front_matter_title_cannot_close_the_title_element():
    assert meta('</title><script>"x"</script> &lt;b&gt;') == "＜/title＞＜script＞＂x＂＜/script＞ ＜b＞"


def test_link_target_is_the_web_or_nothing():
    assert address("javascript:alert(1)") == "#"
    assert address('https://example.org/a(b) "c"') == "https://example.org/a%28b%29%20%22c%22"


def test_addresses_end_before_chinese_punctuation():
    text = "见https://example.org/a；和 https://example.org/b_(c)。再看（https://example.org/d）"
    assert [match[0] for match in bare_urls(text)] == [
        "https://example.org/a", "https://example.org/b_(c)", "https://example.org/d",
    ]  # fmt: skip


def test_links_keep_their_titles_and_lines():
    found = links_in(
        [(7, "[甲](https://example.org/1) 与 https://example.org/2"), (9, "乙\\_丙"), (10, "https://example.org/3\\_x")]
    )
    assert [(link.title, link.url, link.line) for link in found] == [
        ("甲", "https://example.org/1", 7),
        ("与", "https://example.org/2", 7),
        ("乙_丙", "https://example.org/3_x", 10),
    ]


def test_lines_join_without_a_blank_between_chinese_characters():
    assert join_lines(["我想知道 attention", "mask 的", "作用"]) == "我想知道 attention mask 的作用"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("见 [文][1]\n\n[1]: https://example.org/a '标题'", "<p>[1]: https://example.org/a '标题'</p>"),
        ("[a]: https://example.org/1\n[a]: https://example.org/2", "<p>[a]: https://example.org/2</p>"),
        ("| 甲 |\n|---|\n| 乙 | 丙 |", "<td>丙</td>"),
        ("甲 | 乙\n--|--\n丙 | 丁 | 戊 | 己", "<td>己</td>"),
        ("3. 甲\n7. 乙\n8. 丙", '<ol start="3">\n<li>甲</li>\n<li value="7">乙</li>\n<li>丙</li>'),
        ('```python title="lora.py"\nx\n```', "<p><code>title=&quot;lora.py&quot;</code></p>"),
        ("[文](https://a\u202d[b/字)", "字"),
        ("![图](https://example.org/a.png '说明')", '">图 说明</a>'),
    ],
)
def test_what_markdown_would_hide_is_shown(text, shown):
    assert shown.replace("&quot;", '"') in to_html(text).replace("&quot;", '"')


def test_row_that_is_no_table_stays_as_it_is():
    for text in ("甲 | 乙\n---", "```\n甲 | 乙\n--|--\n丙 | 丁 | 戊\n```"):
        assert "td" not in to_html(text)
