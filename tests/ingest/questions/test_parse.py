"""Question files, in the forms of docs/guide/questions.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Source
from ingest.questions.parse import parse_question

PATH = "talks/questions/unmerge-lora.md"


def read(source, text):
    return parse_question(source(text, PATH))


def test_text_below_the_heading_is_the_answer(source):
    text = "---\ntopics: [lora]\nasker: 阿木\n---\n\n# 能拆开吗？\n\n## 回答\n\n能。\n\n—小河\n"
    question, problems = read(source, text)
    assert problems == []
    assert (question.id, question.title, question.asker, question.line) == ("unmerge-lora", "能拆开吗？", "阿木", 6)
    assert [(answer.text, answer.author) for answer in question.answers] == [("能。", "小河")]
    assert question.topics == ("lora",)


def test_date_is_a_day_or_reported(source):
    assert str(read(source, "---\ndate: 2026-11-21\n---\n\n# 甲？\n")[0].asked) == "2026-11-21"
    question, problems = read(source, "---\ntopics: []\ndate: 上周\n---\n\n# 甲？\n")
    assert question.asked is None
    assert [str(p) for p in problems] == [f"{PATH}:3:1: Q003 date is '上周'; expected a day such as `date: 2026-11-21`"]


def test_headings_part_the_question_from_several_answers(source):
    text = "# 甲？\n\n背景。\n\n## 回答\n\n乙。\n\n—小河\n\n## 回答（采纳）\n\n丙。\n\n### 细节\n\n丁。"
    question, _ = read(source, text)
    assert question.text == "背景。"
    assert [(a.text, a.author, a.accepted) for a in question.answers] == [
        ("丙。\n\n### 细节\n\n丁。", "", True),  # what was accepted comes first
        ("乙。", "小河", False),
    ]


@pytest.mark.parametrize("text", ["# 甲？\n\n试过乙，不行。\n", "# 甲？\n\n试过乙，不行。\n\n## 回答\n"])
def test_what_the_asker_says_is_no_answer(source, text):
    question, problems = read(source, text)
    assert (question.status, question.text, problems) == ("open", "试过乙，不行。", [])


@pytest.mark.parametrize(
    ("signature", "author", "said", "origin"),
    [
        ("—小河", "小河", "None", ""),
        ("—小河（2026-11-29）", "小河", "2026-11-29", ""),
        (
            "—alice-b（2024-03-02，<https://a.org/o/r/issues/7#issuecomment-9>）",
            "alice-b",
            "2024-03-02",
            "https://a.org/o/r/issues/7#issuecomment-9",
        ),
        ("—小河（https://a.org/1）", "小河", "None", "https://a.org/1"),
        ("—小河（2026-13-29，https://a.org/1）", "小河", "None", "https://a.org/1"),
    ],
)
def test_signature_may_say_when_and_where(source, signature, author, said, origin):
    [answer] = read(source, f"# 甲？\n\n## 回答\n\n乙。\n\n{signature}\n")[0].answers
    assert (answer.text, answer.author, str(answer.said), answer.origin) == ("乙。", author, said, origin)


def test_days_of_changes_and_the_address_of_the_question_are_read(source):
    head = "---\norigin: 'https://a.org/o/r/issues/7'\nupdated: [2026-11-29, 2026-11-02, 昨天]\n---\n\n# 甲？\n"
    question, problems = read(source, head)
    assert [str(day) for day in question.updated] == ["2026-11-02", "2026-11-29"]
    assert question.origin == "https://a.org/o/r/issues/7"
    assert [(problem.line, problem.message) for problem in problems] == [(3, "updated is '昨天'")]
    assert [str(day) for day in read(source, "---\nupdated: 2026-11-29\n---\n# 甲？\n")[0].updated] == ["2026-11-29"]


def test_references_become_links_and_no_part_of_the_answer(source):
    question, _ = read(source, "# 甲？\n\n## 回答\n\n乙。\n\n## 参考\n\n- [LoRA](https://arxiv.org/abs/2106.09685v2)\n")
    assert [(link.title, link.url) for link in question.sources] == [("LoRA", "https://arxiv.org/abs/2106.09685")]
    assert question.answers[0].text == "乙。"


def test_question_without_text_or_with_an_empty_answer_is_open(source):
    assert read(source, "# 甲？\n")[0].status == "open"
    assert read(source, "# 甲？\n\n## 回答\n\n## 参考\n")[0].status == "open"


def test_headings_inside_a_fence_are_code(source):
    question, _ = read(source, "# 甲？\n\n## 回答\n\n```md\n# 乙\n## 回答\n```\n")
    assert [answer.text for answer in question.answers] == ["```md\n# 乙\n## 回答\n```"]


def test_missing_title_is_reported_and_the_file_name_stands_in(source):
    question, problems = read(source, "---\ntopics: []\n---\n只有回答\n")
    assert question.title == "unmerge-lora"
    assert [str(p) for p in problems] == [f"{PATH}:4:1: Q002 no title; expected a first heading `# question`"]


def test_front_matter_that_is_a_list_is_reported(source):
    _, problems = read(source, "---\n- a\n---\n\n# 甲？\n")
    assert [(p.line, p.code, p.message) for p in problems] == [(2, "F003", "front matter is a list")]


def test_unclosed_front_matter_keeps_every_line(source):
    question, problems = read(source, "---\ntopics: [lora]\n\n# 甲？\n\n乙。\n")
    assert question.title == "甲？"
    assert "topics: [lora]" in question.text
    assert [p.code for p in problems] == ["F003"]


@given(st.text())
def test_any_text_gives_a_question(text):
    question, _ = parse_question(Source(PATH, text))
    assert question.title


def test_what_else_the_head_and_the_references_say_is_kept(source):
    text = (
        "---\norigin: https://example.org/faq\nlicence: CC-BY-4.0\ntags: [显存, 训练]\n---\n\n# 甲？\n\n"
        "乙\n\n## 参考\n\n- [文](https://example.org/1)\n- [书](https://example.org/2)，第三章\n- 某人的博士论文\n"
        "- 甲 https://example.org/3 乙\n"
    )
    question, problems = parse_question(source(text, "talks/questions/a.md"))
    assert problems == []
    assert [(field.name, field.value, field.line) for field in question.fields] == [
        ("出自", "https://example.org/faq", 2),
        ("许可", "CC-BY-4.0", 3),
        ("tags", "显存；训练", 4),
    ]
    assert [link.title for link in question.sources] == ["文", "书，第三章", "甲"]
    assert question.remarks == "- 某人的博士论文\n- 甲 https://example.org/3 乙"
