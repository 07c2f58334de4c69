"""What real notes and collections hold that no rule is made for: it is read as it stands, shown, and breaks nothing.

Quirks that a rule is made for are tested beside it: in test_notes, test_collected, test_convert and test_feeds.
"""

import html
import json

import pytest

from ingest.importing.convert import convert
from ingest.importing.html import html_to_markdown
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.pipeline import Inputs, build
from ingest.questions.collected import parse_collection
from ingest.questions.discussions import parse_discussions
from ingest.questions.write import write_question
from ingest.safe_html import to_html

HEAD = "【编号】：101\n【时间】：2024-03-02\n\n## 本周新闻\n\n"


def shown(body):
    """What a note says of a text in its section: its page's text, and the links that were found."""
    source = Source("talks/notes/101.md", HEAD + body)
    pages, records, _ = build(Inputs(notes=(source,)))
    links = [(link.title, link.url) for section in records.talks[0].sections for link in section.links]
    return html.unescape(pages["talks/101.md"]), links


@pytest.mark.parametrize(
    "text",
    [
        "建议13 项",  # a hyphen that a PDF lost
        "OpenAl 和 Iora、Imdeploy、知平",  # letters that OCR mistook
        '<h1 style="text-align: center;">某会议动态（2023 年 3 月 26 日）</h1>',
        '<script type="text/javascript" src="//ajax.example.org/x.js">',
        "用 <s>、</s>、<|im_start|> 与 [MASK]",
        "AWB/BT: It is a bug.",
        "#面试 #LLM #微调",
        "#" * 59,
        r"$$ \mathcal{J}*{\text{GRPO}}(\theta) $$",
        "```(a?.b).c().d // 一行之内```",
        "Q17: 𝐇𝐨𝐰 𝐰𝐨𝐮𝐥𝐝 𝐲𝐨𝐮 𝐝𝐨 𝐢𝐭?",
        "Title: 第 1 期",  # a head without ---
        "+++",
    ],
)
def test_text_is_shown_as_it_was_written(text):
    page = shown(f"前文\n\n{text}\n\n后文")[0].replace(r"\[", "$$ ").replace(r"\]", " $$")
    for word in text.removeprefix("Q17: ").split():
        assert word.strip("`") in page
    assert page.index("前文") < page.index("后文")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("[某公司招聘](\x02https://example.org/jobs)", "https://example.org/jobs"),
        ("\ufeff说明\ufeff：https://example.org/a", "https://example.org/a"),
        ("https://example.org/p/640522290；可参考模板", "https://example.org/p/640522290"),
        ("    1.1. [小河](https://example.org/x) 完成网页界面。", "https://example.org/x"),
        ("| 1) 某文  摘要 | [Paper](https://example.org/1), [Tweet](https://example.org/2) |", "https://example.org/2"),
        ("- 📄[《某文》](https://example.org/a_(b))", "https://example.org/a_(b)"),
    ],
)
def test_link_is_found_and_shown(text, link):
    page, links = shown(text)
    assert link in [url for _, url in links]
    assert link in page


def test_nested_brackets_are_one_field():
    talk, _ = parse_note(Source("a.md", "【talk 视频】：【【某系列 003】某文；下集】 https://example.org/v\n"))
    assert [(field.name, field.value) for field in talk.fields] == [
        ("talk 视频", "【【某系列 003】某文；下集】 https://example.org/v")
    ]
    assert talk.video == "https://example.org/v"


@pytest.mark.parametrize("value", ["Date: 2013-06-07", "(June 23 - June 29) - 2025", "后续再定"])
def test_head_of_another_kind_is_kept_and_its_date_not_guessed(value):
    talk, problems = parse_note(Source("a.md", f"Title: 某周刊\n{value}\n\n正文\n"))
    assert (talk.date, [block.text for block in talk.unplaced]) == (None, [f"Title: 某周刊\n{value}\n\n正文"])
    assert "N003" in [problem.code for problem in problems]


def test_toml_head_that_holds_the_content_is_kept():
    text = '+++\ndate = 2024-01-02\nnotes = "一段\u2028又一段"\n+++\n'
    talk, _ = parse_note(Source("a.md", text))
    assert [block.text for block in talk.unplaced] == [text.strip()]
    page = build(Inputs(notes=(Source("a.md", text),)))[0]["talks/a.md"]
    assert "一段" in page and "又一段" in page and "\u2028" not in page


def test_table_with_an_empty_head_and_escaped_bars_keeps_its_cells():
    table = to_html("|  |  |  |\n|----|----|----|\n| 甲 | $a \\| b$ | `c \\| d` |")
    for cell in ("甲", "a | b", "c | d"):
        assert cell in html.unescape(table)
    assert table.count("<th>") == 3


@pytest.mark.parametrize("content", [b"", b"\n \n\t\n", b"\xef\xbb\xbf", "没有换行的一行".encode(), b"\r\n\r"])
def test_file_with_next_to_nothing_is_a_note(tmp_path, content):
    path = tmp_path / "note.md"
    path.write_bytes(content)
    talk, problems = parse_note(Source("note.md", convert(path).text))
    assert "".join(block.text for block in talk.unplaced) == content.decode("utf-8-sig").strip()
    assert {"N001", "N003", "N004"} <= {problem.code for problem in problems}


def test_four_ticks_hold_three():
    talk, _ = parse_note(Source("a.md", HEAD + "`````python\n```\n## Free Talk\n```\n`````\n\n## Free Talk\n"))
    assert [section.kind for section in talk.sections] == ["news", "free-talk"]


def test_answer_behind_a_link_leaves_the_question_open():
    text = "## 什么是甲？\n\n- [点击查看答案](https://example.org/zsxq)\n\n## 什么是乙？\n\n丙\n"
    first, second = parse_collection(Source("faq.md", text))[0]
    assert (first.status, first.text) == ("open", "- [点击查看答案](https://example.org/zsxq)")
    assert second.status == "answered"


@pytest.mark.parametrize("body", ["b{}", "### 问题\n\na{}\n\n### 回答\n\nb{}\n\n### 许可\n\n{}"])
def test_half_a_character_in_an_export_is_one_that_a_file_can_hold(body):
    """JSON writes it, and it kept every question of the export from being written."""
    half = "\ud800"
    said = {"body": f"c{half}", "author": {"login": f"d{half}"}, "url": f"https://a.b/{half}"}
    item = {"title": f"a{half}？", "body": body.replace("{}", half), "id": half, "author": half, "comments": [said]}
    [question] = parse_discussions(json.dumps(item | {"url": f"https://a.b/{half}"}), "a.json", html_to_markdown)
    assert len(question.answers) >= 1 and write_question(question, "a.json", "").encode()
    assert all(text.encode() for text in (question.id, question.origin))


def test_discussion_of_a_webhook_and_of_a_list_without_bodies():
    hook = {
        "action": "answered",
        "answer": {"id": "77", "body": "重装。", "user": {"login": "moss7"}, "chosenAt": "2024-03-02T00:00:00Z"},
        "discussion": {"id": "5", "number": 12, "title": "装不上？", "body": "如题", "user": {"login": "小河"}},
    }
    [question] = parse_discussions(json.dumps(hook), "a.json", html_to_markdown)
    assert (question.id, question.asker, question.text) == ("discussion-12", "小河", "如题")
    assert [(a.text, a.author, a.accepted) for a in question.answers] == [("重装。", "moss7", True)]
    plain = {"title": "甲？", "body": "", "answer": None, "comments": [{"body": "乙"}, {"body": "丙"}]}
    [question] = parse_discussions(json.dumps(plain), "a.json", html_to_markdown)
    assert [answer.text for answer in question.answers] == ["乙", "丙"]
    listed = {"data": {"search": {"edges": [{"cursor": "Y3", "node": {"title": "某期", "number": 3}}]}}}
    [question] = parse_discussions(json.dumps(listed), "a.json", html_to_markdown)
    assert (question.title, question.text, question.status) == ("某期", "", "open")
