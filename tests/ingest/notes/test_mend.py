"""What `check --fix` changes, and what it never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from ingest.notes.mend import mend


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("用LoRA训练10次", "用 LoRA 训练 10 次"),
        ("见https://arxiv.org/pdf/2106.09685v2.pdf。", "见https://arxiv.org/abs/2106.09685。"),
        ("[文章](https://example.org/a?utm_source=b&id=1)", "[文章](https://example.org/a?id=1)"),
        ("https://link.zhihu.com/?target=https%3A//example.org/a", "https://example.org/a"),
        ("从8试起 —小河ab", "从 8 试起 —小河ab"),
        ("- 用LoRA\n\n> 用GPU", "- 用 LoRA\n\n> 用 GPU"),
    ],
)
def test_what_is_safe_is_mended(text, mended):
    assert mend(text) == mended
    assert mend(mended) == mended


@pytest.mark.parametrize(
    "text",
    [
        "`用LoRA` 与 ``a`中b``",
        "```\n用LoRA https://arxiv.org/pdf/2106.09685\n```",
        "    用LoRA",
        "$秩r$ 与 \\(秩r\\)",
        "$$\n秩r\n$$",
        "\\[\n秩r\n\\]",
        "`跨行\n的代码LoRA` 后",
        "`https://example.org/?utm_source=a`",
        "【主持人】：小河ab",
        "---\nasker: 小河ab\n---",
        "### Q1：秩r",
        "[链接LoRA](https://example.org/a)",
        "[中b]: https://example.org/a",
        "| 秩r |",
        "<b title=秩r>",
        "你好,世界!",
        "ＡＢＣ，１２",
        "https://example.org",
        "https://doi.org/10.1109/SEQUEN.1997.666900",
        "[a](https://Example.org/a)",
        "甲  乙",
    ],
)
def test_what_may_mean_something_is_left(text):
    assert mend(text) == text


PIECES = [
    "用LoRA",
    "`",
    "$",
    "$$",
    "[甲a](",
    ")",
    "https://example.org/a?utm_source=b",
    "\n",
    "\n\n",
    "```",
    " ",
    "—小b",
    "<",
    ">",
    "    ",
    "(",
    "\\(",
    "。",
    "2106.09685",
    "https://arxiv.org/pdf/",
    "|",
    "- ",
    "**",
    "---",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join))
def test_mending_adds_blanks_and_respells_addresses_and_nothing_else(text):
    once = mend(text)
    assert mend(once) == once
    if "://" not in text:
        assert "".join(once.split(" ")) == "".join(text.split(" "))


def test_fix_mends_notes_and_questions_once_and_nothing_outside(project, capsys):
    question = project / "talks/questions/new.md"
    question.write_text("# 秩？\n\n用LoRA，见 https://example.org/a?utm_source=b\n", "utf-8")
    before = (project / "talks/notes/101.md").read_bytes()
    places = [part for name in ("talks", "docs", "snippets") for part in (f"--{name}", str(project / name))]
    assert main(["check", *places, "--fix"]) == 0
    assert question.read_text("utf-8") == "# 秩？\n\n用 LoRA，见 https://example.org/a\n"
    assert "talks/questions/new.md: mended" in capsys.readouterr().out
    assert (project / "talks/notes/101.md").read_bytes() == before
    assert main(["check", *places, "--fix"]) == 0
    assert "mended" not in capsys.readouterr().out
    question.write_text("# 秩？\n\n用LoRA\n", "utf-8")
    assert main(["check", *places, "--fix", str(project / "talks/notes/101.md")]) == 0
    assert question.read_text("utf-8") == "# 秩？\n\n用LoRA\n"
