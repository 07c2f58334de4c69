"""Marks that programs add to Markdown: each written as what it shows, every line under its number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.importing.dialects import without_dialects
from ingest.importing.html import FoundPictures
from ingest.importing.markdown import read_markdown
from ingest.plain import plain

CASES = {  # what a program writes, and what is left of it
    "pandoc-heading": ("# 甲？ {#sec-a .unnumbered}", "# 甲？"),
    "pandoc-title-block": ("% 题目\n% 作者\n\n正文", "# 题目\n作者\n\n正文"),
    "pandoc-index": ("10^5^ 个 H~2~O，5~6 个，a^b", "$10^5$ 个 $H_2$O，5~6 个，a^b"),
    "pandoc-note": ("正文^[写在里面]。", "正文（注：写在里面）。"),
    "pandoc-page": ("甲\n\\newpage\n乙", "甲\n\n乙"),
    "pandoc-lines": ("| 行一\n| 行二", "行一  \n行二  "),
    "pandoc-grid": (
        "+---+---+\n| 甲 | 乙 |\n+===+===+\n| 1 | 2 |\n|   | 3 |\n+---+---+",
        "| 甲 | 乙 |\n| --- | --- |\n| 1 | 2 3 |\n\n\n",
    ),
    "quarto-cell": ("```{python}\n#| echo: false\nx\n```", "```python\n#| echo: false\nx\n```"),
    "quarto-picture": ("![损失](a.png){#fig-a width=50%}", "![损失](a.png)"),
    "myst-math": ("```{math}\n:label: a\nx\n```", "\n$$\nx\n$$"),
    "myst-code": ("```{code-block} python\n:linenos:\nx\n```", "\n```python\nx\n```"),
    "myst-figure": ("```{figure} a.png\n:alt: 图\n图题\n```", "![图](a.png)\n\n图题\n"),
    "myst-nested": ("````{note} 小心\n```{math}\nx\n```\n````", "**小心**\n$$\nx\n$$\n"),
    "myst-role": ("{math}`x^2` 与 {term}`权重衰减 <wd>`", "$x^2$ 与 权重衰减"),
    "myst-label": ("(a-b)=\n## 甲？\n{eq}`a`", "\n## 甲？\na"),
    "jekyll-code": ("{% highlight python %}\nx\n{% endhighlight %}", "```python\nx\n```"),
    "jekyll-raw": ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    "jekyll-class": ("段\n{: .notice}\n* TOC\n{:toc}", "段\n\n\n"),
    "jekyll-figure": ('{% include figure.html src="/a.png" caption="图说" %}', "![图说](/a.png)"),
    "hexo-code": ("{% codeblock lang:python %}\nx\n{% endcodeblock %}", "```python\nx\n```"),
    "hexo-box": ("{% note info 小心 %}\n甲\n{% endnote %}", "**小心**\n甲\n"),
    "hexo-picture": ("{% asset_img a.png 损失图 %}", "![损失图](a.png)"),
    "hugo-box": ('{{< details title="答案" >}}\n甲\n{{< /details >}}', "**答案**\n甲\n"),
    "gitbook-box": ('{% hint style="info" %}\n甲\n{% endhint %}', "\n甲\n"),
    "gitbook-code": ('{% code title="a.py" %}\n```\nx\n```\n{% endcode %}', "**a.py**\n```\nx\n```\n"),
    "gitbook-embed": ('{% embed url="https://example.org/v" %}', "https://example.org/v"),
    "code-of-liquid": ("`{% raw %}`", "`{% raw %}`"),
    "kramdown-line": ("一天。{ .annotate }\n集合 {a} { .x } 乙", "一天。{ .annotate }\n集合 {a} { .x } 乙"),
    "attribute-list": ("一天。 { .annotate }", "一天。"),
    "video": ("{%youtube abc %} {{< youtube abc >}}", " ".join(["https://www.youtube.com/watch?v=abc"] * 2)),
    "mdx": ("import A from 'b';\n<Tabs>\n甲\n</Tabs>\n<BOS>", "\n\n甲\n\n<BOS>"),
    "hackmd": ("++加++ {注音|ㄓㄨˋ} C++ 与 C++ [TOC]\n[TOC]", "加 注音（ㄓㄨˋ） C++ 与 C++ [TOC]\n"),
    "hackmd-name": ("> [name=小明] [time=Sun] [color=red]", "> —小明"),
    "gitlab-math": ("$`t`$\n```math\nx\n```", "$t$\n$$\nx\n$$"),
    "code-is-left": ("```\n{% raw %}\n10^5^\n```\n`10^5^` $a^2^b$", "```\n{% raw %}\n10^5^\n```\n`10^5^` $a^2^b$"),
    "control-is-left": ("{% if a %}甲{% endif %}", "{% if a %}甲{% endif %}"),
}


@pytest.mark.parametrize("name", CASES)
def test_marks_of_a_dialect_become_what_they_show(name):
    text, shown = CASES[name]
    assert without_dialects(text).text == shown


def test_what_is_hidden_is_told_and_no_letter_of_it_is_missed():
    text = "甲\n\n{/* 私话\n乙 */}\n\n{% comment %}私话{% endcomment %}\n\n```{note}\n% 私话\n```\n丙"
    written = read_markdown(text, FoundPictures())
    assert "私话" not in written.text
    assert sum(reason.startswith("a comment") for reason in written.reasons) == 3
    assert "私话" in "".join(written.dropped)


@given(st.text(alphabet="甲a1{}%:`^~|+-#=$<>/[]() \n", max_size=80))
def test_lines_keep_their_numbers(text):
    assert without_dialects(text).text.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ("::: tip 标题\n甲\n:::", "**标题**\n甲\n"),
        (":::tip[标题]\n甲\n:::", "**标题**\n甲\n"),
        ('::: {.callout-tip title="标题" collapse="true"}\n甲\n:::', "**标题**\n甲\n"),
        ("::: {.callout-warning}\n甲\n:::", "**warning**\n甲\n"),
        ('::: {.column-margin width="3"}\n甲\n:::', "\n甲\n"),
        ("::: code-group\n甲\n:::", "\n甲\n"),
        ('=== "标签"\n\n    甲\n\n乙', "**标签**\n\n甲\n\n乙"),
    ],
)
def test_boxes_of_colons_show_their_titles(box, shown):
    assert plain(box) == shown


def test_blocks_of_html_in_markdown_are_read_and_those_in_code_are_not():
    text = "<h2 align=center>甲？</h2>\n\n<ul><li>一<ul><li>二</li></ul></li></ul>\n\n```html\n<table><tr><td>x\n```\n"
    written = read_markdown(text, FoundPictures()).text
    assert "## 甲？" in written
    assert "- 一\n  - 二" in written
    assert "```html\n<table><tr><td>x\n```" in written


def test_pictures_of_a_size_keep_their_address():
    written = read_markdown("![曲线](https://example.org/a.png =300x200)", FoundPictures()).text
    assert written.strip() == "![曲线](https://example.org/a.png)"


def test_boxes_of_obsidian_stand_in_each_other():
    assert read_markdown("> [!question]- 甲？\n> > [!answer]\n> > 乙", FoundPictures()).text == (
        "> **甲？**\n> > **answer**\n> > 乙"
    )
