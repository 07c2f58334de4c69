"""A talk back to text: the same talk, the same text the second time, and no letter less."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note, lost, write_note
from tests.ingest.conftest import NOTE

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "inputs"
PATH = "talks/notes/101.md"

HEADS = (
    "【编号】：OpenLLM Talk 101 (三位数)",
    "【编号】: 101",
    "- 【时间】：20240302 晚上八点（一般每周六）",
    "【本期提要】：甲；乙；",
    "【主持人】：小河（轮流）",
    "【编辑】：小河、moss7",
    "【本期贡献者】- 排名不分先后：",
    "【版块负责人】： 多人（自行认领）",
    "【贡献者】：",
    "【talk 视频】：【【OpenLLM Talk 101】某事】 https://example.org/v?t=1",
    "## 【时间】2024-03-02 21:00",
)
TITLES = (
    "# 本周新闻",
    "## 本周推荐-optional",
    "#### Free Talk",
    "### 学术",
    "## 注意事项",
    "## ",
    "本周实践",
    "## 随便什么",
    "### 线上讨论:",
    "# 参考资料",
    "## 本周新闻 ##",
)
LINES = (
    "【本周新闻】：看看；共 10 分钟",
    "【贡献者】：小河（编辑）+群友",
    "【talk 模板】：https://example.org/p/1；可参考",
    "- 【提名区】：量化",
    "一段话，说到 LoRA 为止。",
    "- 一项",
    "  - 里面一项",
    "1. 甲",
    "2.乙",
    "Q1：为什么？—小河",
    "Q2: 怎么做",
    "### Q3：行吗？ --moss7",
    "**Q4：粗的？**",
    "A1：因为。 -小河",
    "A5：数字不对",
    "答：好的--来自小河大佬的分享",
    "（A: 括号里）",
    "Α:希腊字母",
    "A7：",
    "看数据-小河；再看",
    "- 知乎",
    "#### 第四级",
    "| 甲 | 乙 |",
    "| --- | --- |",
    "> 引用",
    "#标签 #另一个",
    "https://example.org/a_b?c=1；完",
    "[题目](https://example.org/x)：自己的话 —羡鱼",
    "$$\na=b\n$$",
    "<s> 与 <|im_start|>",
    "```python\n# 本周新闻\nQ9：不是问题\n```",
    "![图 1](101/1.png)",
    "说——说到后来也就慢慢说完了。",
    "破折号——在一句话的当中，不算署名。",
    "AWB/BT: 一句",
    "A：",
    "",
)
NOTES = st.builds(
    lambda heads, body: "\n".join(("# OpenLLM Talk 101", "", *heads, "", "\n\n".join(body))) + "\n",
    st.lists(st.sampled_from(HEADS), max_size=6),
    st.lists(st.one_of(st.sampled_from(TITLES), st.sampled_from(LINES)), max_size=16),
)


def same_talk(one, other):
    """Whether two talks say the same: everything but lines, the order of fields, and a number that was added."""
    return without_lines(one) == without_lines(other)


def without_lines(talk):
    fields = [(re.sub(r"\s", "", f.name).lower(), " ".join(f.value.split("\n")).strip()) for f in talk.fields]
    numbered = fields if any(name == "编号" for name, _ in fields) else [*fields, ("编号", talk.number)]
    return replace(
        talk,
        sections=tuple(
            replace(
                section,
                line=0,
                blocks=tuple(block.text for block in section.blocks),
                links=tuple(replace(link, line=0) for link in section.links),
            )
            for section in talk.sections
        ),
        questions=tuple(
            replace(question, line=0, answers=tuple(replace(answer, line=0) for answer in question.answers))
            for question in talk.questions
        ),
        unplaced=tuple(block.text for block in talk.unplaced),
        fields=tuple(sorted(numbered, key=lambda field: field[0])),
    )


def test_canonical_note_stays_as_it_is():
    assert write_note(parse_note(Source(PATH, NOTE))[0]) == NOTE


def test_fields_come_in_the_templates_order_and_the_number_is_never_missing():
    text = "# OpenLLM Talk 101\n\n- 【主持人】: 小河\n\n## 【时间】：2024-03-02\n\n## 本周新闻\n"
    note = format_note(Source(PATH, text))[0]
    assert note == "# OpenLLM Talk 101\n\n【编号】：101\n【时间】：2024-03-02\n【主持人】：小河\n\n## 本周新闻\n"


def test_loose_questions_get_their_one_form():
    text = "【编号】：101\n\n# Free Talk\n\n1.甲？-from 小河\n\n答: 乙--来自moss7大佬的分享\n\n2. 丙\n"
    note, _, _, gone = format_note(Source(PATH, text))
    assert note.split("## Free Talk\n\n")[1] == "### Q1：甲？ —小河\n\nA1：乙 —moss7\n\n### Q2：丙\n\nA2：\n"
    assert gone == ""


def test_answer_that_begins_with_a_block_keeps_it_whole():
    text = "【编号】：101\n\n## Free Talk\n\n### Q1：甲？\n\nA1：\n\n```python\nx = 1\n```\n\n- 一\n- 二 —小河\n"
    note = write_note(parse_note(Source(PATH, text))[0])
    assert "A1：\n\n```python\nx = 1\n```\n\n- 一\n- 二 —小河\n" in note


def test_heading_inside_an_answer_does_not_end_it():
    text = "【编号】：101\n\n## Free Talk\n\nQ1：甲？\n\nA1：乙\n\n### 小标题\n\n丙\n"
    talk, _ = parse_note(Source(PATH, text))
    assert talk.questions[0].answers[0].text == "乙\n\n### 小标题\n\n丙"
    assert same_talk(talk, parse_note(Source(PATH, write_note(talk)))[0])


def test_remark_after_a_fields_name_is_kept():
    note, talk, _, gone = format_note(Source(PATH, "【编号】：101\n【本期贡献者】- 排名不分先后：小河\n"))
    assert "【本期贡献者】：（排名不分先后）小河" in note
    assert (talk.contributors, gone) == (("小河",), "")


def test_lost_letters_are_told_and_marks_do_not_count():
    assert lost("答：甲乙 -from 小河\n1.丙", "A1：甲 —小河\nQ1：丙") == "乙"
    assert lost("a甲甲", "甲a") == "甲"


def test_second_signature_of_a_question_is_kept():
    _, _, _, gone = format_note(Source(PATH, "## Free Talk\n\n### Q1：甲？ —小河\n\n乙 —阿木\n\n丙 —羡鱼\n\nA1：丁\n"))
    assert gone == ""


@given(NOTES)
def test_any_note_is_the_same_talk_after_writing_and_loses_nothing(text):
    note, talk, _, gone = format_note(Source(PATH, text))
    assert gone == ""
    assert same_talk(talk, parse_note(Source(PATH, note))[0])
    assert format_note(Source(PATH, note))[0] == note


@given(st.text())
def test_any_text_can_be_formatted_and_what_would_be_lost_is_told(text):
    note, _, _, gone = format_note(Source(PATH, text))
    assert gone == lost(text, note)
    assert note.startswith("# ")


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize("name", ["openllm-talk-000", "openllm-talk-004"])
def test_real_documents_lose_nothing(name):
    text = (SHARED / "documents" / f"{name}.md").read_text("utf-8")
    note, talk, _, gone = format_note(Source(f"{name}.md", text))
    assert (gone, same_talk(talk, parse_note(Source(f"{name}.md", note))[0])) == ("", True)
    assert format_note(Source(f"{name}.md", note))[0] == note
