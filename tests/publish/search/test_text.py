"""What is shown and searched of Markdown: no markup, no LaTeX, no glued words."""

import pytest

from publish.search.text import formula, plain, sections


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{\alpha}{r}BAx", "α/r BAx"),
        (r"\sqrt{d_k}", "√dₖ"),
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
