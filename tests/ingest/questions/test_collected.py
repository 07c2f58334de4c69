"""Collections of questions as people write them; each case is a form that real ones have."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from ingest.importing.html import html_to_markdown
from ingest.model import Source
from ingest.questions.collected import parse_collection
from ingest.questions.discussions import parse_discussions, parse_form
from ingest.questions.parse import parse_question
from ingest.questions.write import write_question

TEMPLATE = Path(__file__).parents[3] / ".github/ISSUE_TEMPLATE/question.yml"


def read(text):
    questions, unplaced, _ = parse_collection(Source("faq.md", text))
    said = [(question.title, [answer.text for answer in question.answers]) for question in questions]
    return said, [block.text for block in unplaced]


@pytest.mark.parametrize(
    ("text", "title", "answers"),
    [
        ("## 1. 什么是注意力？\n\n加权平均。", "什么是注意力？", ["加权平均。"]),
        ("## 甲？\n\n乙\n\n## 安装失败\n\n重装。", "安装失败", ["重装。"]),
        ("## 📌 Q1: why\n### ✅ Answer\nbecause", "why", ["because"]),
        ("### Q1: why? ###\nAnswer: because", "why?", ["because"]),
        ("**1. 什么是 Transformer？**\n 基于注意力。", "什么是 Transformer？", [" 基于注意力。"]),
        ("**Problem:** it breaks\n**Solution:** mend it\nthen rest", "it breaks", ["mend it\nthen rest"]),
        ("问：甲\n答：乙\n丙", "甲", ["乙\n丙"]),
        ("### Q1:为什么？\nA1:正弦", "为什么？", ["正弦"]),
        ("## 甲？\n答案：乙", "甲？", ["乙"]),
        ("## 甲？\n### 回答:\n乙", "甲？", ["乙"]),
        (
            "---\nquestion: 'psycopg: connection\n  failed'\n---\n\nStart it.",
            "psycopg: connection failed",
            ["Start it."],
        ),
        ("## 甲？\n\n```\n# 不是问题？\n```", "甲？", ["```\n# 不是问题？\n```"]),
        ("## 甲？\n#面试 #LLM\n<s> 与 <|im_start|>", "甲？", ["#面试 #LLM\n<s> 与 <|im_start|>"]),
        ("## 没有答案？\n", "没有答案？", []),
    ],
)
def test_form_is_read(text, title, answers):
    assert read(text)[0][-1] == (title, answers)


def test_contents_and_headings_of_groups_are_no_questions():
    said, unplaced = read("# 题\n\n- [甲？](#甲)\n- [[#1 **乙？**|乙]]\n\n### 甲？\n子\n\n## 组\n\n### 乙？\n丑\n")
    assert said == [("甲？", ["子"]), ("乙？", ["丑"])]
    assert unplaced == ["# 题", "- [甲？](#甲)", "- [[#1 **乙？**|乙]]", "## 组"]


def test_headings_that_lost_their_marks_are_questions_where_several_ask():
    text = (
        "学习资料\n\n目录\n\n甲 乙\n\n甲介绍\n\n参考1, 参考2\n\n  • 子，\n\n    \n  • 丑\n\n图的说明\n\n"
        "乙是什么？\n\n寅。\n\n丙怎么算？\n\n卯为什么？因为辰。\n\n参考:丁?\n\n戊有用吗?\n\n  • 巳\n"
    )
    said, unplaced = read(text)
    assert [title for title, _ in said] == ["甲介绍", "乙是什么？", "丙怎么算？", "戊有用吗?"]
    assert said[0][1] == ["参考1, 参考2\n\n  • 子，\n\n    \n  • 丑\n\n图的说明"]
    assert "".join(unplaced).replace("\n", "").startswith("学习资料目录")
    assert read(text.replace("戊有用吗?", "戊有用"))[0] == []  # two lines that ask are no collection
    assert [title for title, _ in read(f"## 己？\n\n{text}")[0]] == ["己？"]  # where one has a mark, the others have


@pytest.mark.parametrize("title", ["## 目录", "# Table of Contents", "## 📑 目 录", "## Contents:"])
def test_contents_without_links_are_no_questions(title):
    said, unplaced = read(f"{title}\n\n1. 甲？\n2. 乙？\n\n## 甲？\n子\n\n## 乙？\n丑\n")
    assert said == [("甲？", ["子"]), ("乙？", ["丑"])]
    assert unplaced == [f"{title}\n\n1. 甲？\n2. 乙？"]


LINES = [
    "## 甲？",
    "### 丙",
    "Q1：子",
    "A1：丑",
    "答：",
    "**2. 寅？**",
    "卯",
    "",
    "```",
    "- [甲](#a)",
    "# 辰",
    "巳 `x`",
]


@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_every_letter_is_in_one_place(lines):
    said, unplaced = read("\n".join(lines))
    text = "".join([*unplaced, *(part for title, answers in said for part in (title, *answers))])
    questions, _, _ = parse_collection(Source("faq.md", "\n".join(lines)))
    text += "".join(question.text for question in questions)
    for letter in "甲丙子丑寅卯巳辰":
        assert text.count(letter) == "".join(lines).count(letter)


def test_written_question_reads_the_same():
    for question in parse_collection(Source("faq.md", "## 甲？\n\n乙\n\n## 丙？\n背景\n答：丁\n\n```\n# x"))[0]:
        again, problems = parse_question(
            Source("a.md", write_question(question, "https://example.org/faq", "CC-BY-4.0"))
        )
        assert (problems, again.title, again.text.strip()) == ([], question.title, question.text.strip())
        assert [answer.text.startswith(was.text) for answer, was in zip(again.answers, question.answers, strict=True)]
        assert [(link.url, link.title) for link in again.sources] == [
            ("https://example.org/faq", "https://example.org/faq，CC-BY-4.0")
        ]


def test_discussions_of_every_shape_are_read():
    chosen = {"id": "2", "body": "乙", "author": {"login": "moss7"}, "replies": None}
    comments = {
        "nodes": [
            chosen,
            {
                "id": "3",
                "bodyHTML": "<p dir='auto'><b>丙</b> <a href='https://example.org'>丁</a></p>",
                "replies": None,
            },
        ]
    }
    node = {"id": "1", "number": 7, "title": "甲？", "body": "背景", "answer": chosen, "comments": comments}
    for shape in (
        node,
        [node],
        {"discussion": node},
        {"data": {"discussions": {"edges": [{"cursor": "x", "node": node}]}}},
    ):
        [question] = parse_discussions(json.dumps(shape), "a.json", html_to_markdown)
        assert (question.id, question.title, question.text) == ("discussion-7", "甲？", "背景")
        assert [(a.text, a.author, a.accepted) for a in question.answers] == [
            ("乙", "moss7", True),
            ("**丙** [丁](https://example.org)", "", False),
        ]
    with pytest.raises(ValueError, match="no discussion"):
        parse_discussions('{"items": []}', "a.json", html_to_markdown)


FORM = """\
### 问题

LoRA 的 B 为什么初始化成零？

### 背景

_No response_

### 回答

开头的增量是零。

—小河

### 参考

- [LoRA](https://arxiv.org/abs/2106.09685)

### 相关概念

lora, qlora

### 提问者

_No response_

### 许可

- [X] 这些话是我自己写的，同意按 CC BY 4.0 发布
"""


@pytest.mark.parametrize("name", ["asked.md", "asked.json"])
def test_export_of_the_question_form_is_imported(project, name):
    parts = yaml.safe_load(TEMPLATE.read_text("utf-8"))["body"]
    labels = [part["attributes"]["label"] for part in parts if part["type"] != "markdown"]
    assert re.findall("(?m)^### (.*)$", FORM) == labels
    issue = {"number": 9, "title": "问题：B", "author": {"login": "阿木"}, "body": FORM.replace("\n", "\r\n")}
    (project / name).write_text(FORM if name == "asked.md" else json.dumps([issue]), "utf-8")
    assert main(["import", str(project / name), "--talks", str(project / "talks")]) == 0
    [path] = (project / "talks/questions").glob("asked-*.md")
    question, problems = parse_question(Source(path.name, path.read_text("utf-8")))
    assert problems == []
    assert (question.title, question.text, question.topics) == ("LoRA 的 B 为什么初始化成零？", "", ("lora", "qlora"))
    assert [(answer.text, answer.author) for answer in question.answers] == [("开头的增量是零。", "小河")]
    assert [link.url for link in question.sources] == ["https://arxiv.org/abs/2106.09685"]
    assert [field.value for field in question.fields] == [name, "CC-BY-4.0"]
    assert question.asker == ("" if name == "asked.md" else "阿木")


ASKED = {"number": 7, "title": "为什么损失不下降？", "body": "r=8，损失一直是 2.3。", "author": {"login": "alice"}}
REPLY = {"body": "学习率太小。", "author": {"login": "bob-b"}, "id": 1}


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        (  # as GraphQL says it, and as the older interface does
            {"createdAt": "2024-03-01T00:00:00Z", "url": "https://g.org/o/r/discussions/7"},
            {"createdAt": "2024-03-02T09:00:00Z", "url": "https://g.org/o/r/discussions/7#c1"},
        ),
        (
            {"created_at": "2024-03-01T00:00:00Z", "url": "api", "html_url": "https://g.org/o/r/discussions/7"},
            {"created_at": "2024-03-02T09:00:00Z", "html_url": "https://g.org/o/r/discussions/7#c1"},
        ),
    ],
)
def test_discussion_keeps_its_days_and_addresses(project, asked, reply):
    item = ASKED | asked | {"comments": {"nodes": [REPLY | reply]}}
    (project / "d.json").write_text(json.dumps([item]), "utf-8")
    assert main(["import", str(project / "d.json"), "--talks", str(project / "talks")]) == 0
    text = (project / "talks/questions/d-discussion-7.md").read_text("utf-8")
    question, problems = parse_question(Source("d-discussion-7.md", text))
    assert problems == []
    assert (str(question.asked), question.origin) == ("2024-03-01", "https://g.org/o/r/discussions/7")
    [answer] = question.answers
    assert (answer.text, answer.author, str(answer.said)) == ("学习率太小。", "bob-b", "2024-03-02")
    assert answer.origin == "https://g.org/o/r/discussions/7#c1"


SHARED = Path(__file__).parents[4] / "shared" / "inputs" / "questions" / "ask"
BACKGROUND = "# RAG 的切块怎么选？\n\n试过两种，都不好。\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", BACKGROUND),
        ("b.md", f"{BACKGROUND}\n## 回答\n"),
        (
            "c.md",
            FORM.replace("开头的增量是零。\n\n—小河", "_No response_").replace(
                "### 背景\n\n_No response_", "### 背景\n\n试过。"
            ),
        ),
        ("d.json", json.dumps([ASKED])),
        *((path.name, path.read_text("utf-8")) for path in sorted(SHARED.glob("*")) if path.is_file()),
    ],
)
def test_question_that_was_asked_is_open_with_its_background(project, name, text):
    (project / "asked").mkdir()
    (project / "asked" / name).write_text(text, "utf-8")
    assert main(["import", str(project / "asked" / name), "--talks", str(project / "talks")]) == 0
    [path] = [path for path in (project / "talks/questions").glob("*.md") if path.stem != "unmerge-lora"]
    question, problems = parse_question(Source(path.name, path.read_text("utf-8")))
    assert (question.status, problems) == ("open", [])
    assert question.text


def test_what_is_said_at_length_below_one_question_answers_it(project):
    (project / "a.md").write_text(f"# RAG 是什么？\n\n{'先检索，再生成。' * 100}\n", "utf-8")
    assert main(["import", str(project / "a.md"), "--talks", str(project / "talks")]) in (0, 1)
    asked = [path.read_text("utf-8") for path in (project / "talks/questions").glob("a-*.md")]
    assert not any("## 回答" not in text for text in asked)


def test_file_of_a_question_is_imported_with_all_it_says(project):
    text = (project / "talks/questions/unmerge-lora.md").read_text("utf-8")
    (project / "x.md").write_text(text.replace("---\n\n#", "level: 入门\n---\n\n#"), "utf-8")
    assert main(["import", str(project / "x.md"), "--talks", str(project / "talks")]) == 0
    made = (project / "talks/questions/x-x.md").read_text("utf-8")
    assert "- [LoRA](<https://arxiv.org/abs/2106.09685>)" in made
    assert 'level: "入门"' in made


def test_form_without_its_headings_is_none():
    assert parse_form(FORM.replace("### 回答", "### 答复"), "a.md") is None
    assert parse_form(f"前言\n\n{FORM}", "a.md") is None


def test_collection_is_parsed_and_imported(project, capsys):
    file = project / "faq.md"
    file.write_text("前言\n\n## 甲乙丙？\n\n子\n\n## 丁戊？\n\n丑\n", "utf-8")
    assert main(["parse", str(file)]) == 0
    output = capsys.readouterr()
    assert "faq.md: 13.3% of the text unplaced" in output.err  # 2 of 15 characters
    shown = json.loads(output.out)
    assert (shown["kind"], [question["text"] for question in shown["questions"]]) == (
        "questions",
        ["甲乙丙？", "丁戊？"],
    )
    arguments = ["import", str(file), "--talks", str(project / "talks"), "--origin", "https://example.org/faq"]
    assert main([*arguments, "--licence", "CC-BY-4.0"]) == 0
    output = capsys.readouterr()
    assert "2 questions" in output.out
    assert "N005 in no question: '前言'" in output.err
    text = (project / "talks/questions/faq-q1.md").read_text("utf-8")
    assert 'origin: "https://example.org/faq"\nlicence: "CC-BY-4.0"' in text
    assert main(arguments) == 1
