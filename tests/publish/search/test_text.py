"""What is shown and searched of Markdown: no markup, no LaTeX, no glued words."""

import pytest

from publish.search.text import formula, plain, sections
from tests.ingest.hostile import KINDS, Maker
from tests.ingest.test_growth import grows_too_fast


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{\alpha}{r}BAx", "α/r BAx"),
        (r"\sqrt{d_k}", "√dₖ"),
        (r"W+\frac\alpha rBA", "W+α/r BA"),
        (r"\frac{r_i-\text{mean}(r)}{\text{std}(r)}", "(rᵢ-mean(r))/(std(r))"),
        (r"\binom K2", "C(K,2)"),
        (r"\mathbb E[\hat R]+\bar\alpha\sqrt n", "E[R]+α√n"),
        (r"A\in\mathbb{R}^{r\times d_{\text{in}}}", "A∈R^(r× dᵢₙ)"),
        (r"\pi_{\text{ref}}(y\mid x)", "π_ref(y| x)"),
        (r"W^\top", "Wᵀ"),
    ],
)
def test_formula_reads_as_text(tex, text):
    assert formula(tex) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**粗** 与 *斜*，`code_x`，[链接](https://a.b/c_(d))", "粗 与 斜，code_x，链接"),
        ("见 <https://a.b> 与 <b>x</b>&lt;y", "见 与 x <y"),
        ("![图](a.png) 花 5$ 买 $x^2$", "图 花 5$ 买 x²"),
        ("一行\n接着", "一行接着"),
        ("one line\nafter another", "one line after another"),
        (r"\_init\_ 与 `**kw`", "_init_ 与 **kw"),
    ],
)
def test_inline_marks_are_gone(markdown, text):
    assert plain(markdown) == text


PAGE = """# 题
开头。
<!-- x -->
## 公式 { #loss }
| 甲 | 乙 |
|---|---|
| 一 | 二 |
## 公式 2
- 一条
```python
import torch  # 码
```
## 公式 2
{: .wiki-chips }
"""


def test_page_is_cut_at_its_headings():
    found = [(part.anchor, part.heading, part.text, part.code) for part in sections(PAGE)]
    assert found == [
        ("", "", "开头。", ""),
        ("loss", "公式", "甲，乙；一，二；", ""),
        ("公式-2", "公式 2", "一条", "import torch  # 码\n"),
        ("公式-2_1", "公式 2", "", ""),
    ]


LONG: dict[str, Maker] = KINDS | {
    "blanks in a heading": lambda size: f"# a{' ' * size}x",
    "marks behind a heading": lambda size: f"# a {{{'.a' * (size // 2)}",
    "one run of backticks": lambda size: f"{'`' * size}a",
    "pictures that begin": lambda size: "![a](b " * (size // 7),
    "environments that begin": lambda size: "$a" + "\\begin{" * (size // 7) + "$",
    "code of many lines": lambda size: "```\n" + "a\n" * (size // 2),
    "includes": lambda size: '--8<-- "a"\n' * (size // 11),
}


@pytest.mark.slow
def test_text_is_read_for_the_search_in_linear_time():
    found = {kind: grows_too_fast(sections, make) for kind, make in LONG.items()}
    assert not {kind: times for kind, times in found.items() if times}


def test_what_stands_for_code_is_nothing_where_somebody_writes_it():
    assert plain("a \ue0007\ue001 `b` \ue0000\ue001\ue000\ue001") == "a b"
    assert plain("\ue000`b`0\ue001") == "b0"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [("与 ` ``` `。", "与 ```。"), ("`` a`b `` 与 `c`", "a`b 与 c"), ("`a`` **b**", "`a`` b"), ("`a\nb` c", "`a b` c")],
)
def test_code_ends_at_as_many_backticks_as_it_begins_with(markdown, text):
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("line", "heading", "anchor"),
    [
        ("## 秩 { #rank .x }", "秩", "rank"),
        ("## 秩 {: #rank } ##", "秩", "rank"),
        ("## 秩 ##  ", "秩", "秩"),
        ("## {x} #", "{x}", "x"),
        ("## a{ #b }  ", "a", "b"),
        ("## \\_\\_Search", "__Search", "search"),  # by which the theme finds its own part
    ],
)
def test_heading_has_no_marks_behind_it(line, heading, anchor):
    found = sections(line)[1]
    assert (found.heading, found.anchor) == (heading, anchor)


def test_headings_that_read_alike_have_anchors_of_their_own():
    found = sections("## a\n## a\n## a {#a_3}\n## a\n## a\n## a_1")
    assert [section.anchor for section in found[1:]] == ["a", "a_1", "a_3", "a_2", "a_4", "a_1_1"]
