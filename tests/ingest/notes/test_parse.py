"""The note parser, on what real notes look like; the texts are made up, the quirks are not."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Source
from ingest.notes.names import split_attribution, split_names
from ingest.notes.parse import head_of, parse_note
from ingest.notes.times import parse_time
from tests.ingest.conftest import NOTE

SHARED = Path(__file__).parents[4] / "shared" / "inputs" / "documents"


def codes(problems):
    return [problem.code for problem in problems]


def questions(source, body):
    talk, _ = parse_note(source("【编号】：101\n【时间】：2024-03-02\n\n## Free Talk\n\n" + body))
    return talk.questions


def test_canonical_note_is_read_without_a_problem():
    talk, problems = parse_note(Source("talks/notes/101.md", NOTE))
    assert problems == []
    assert (talk.id, talk.number, talk.date, talk.time) == ("talk-101", "101", date(2024, 3, 2), "21:00")
    assert talk.summary == ("低秩适配", "推理提速")
    assert (talk.hosts, talk.editors) == (("小河",), ("小河", "moss7"))
    assert [section.kind for section in talk.sections] == ["news", "picks", "free-talk"]
    [link] = talk.sections[0].links
    assert (link.title, link.url, link.line) == ("一篇讲 LoRA 的文章", "https://example.org/lora", 11)
    first, second = talk.questions
    assert (first.id, first.title, first.asker, first.status) == (
        "talk-101-q1",
        "LoRA 的秩该取多大？",
        "阿木",
        "answered",
    )
    assert [(answer.text, answer.author) for answer in first.answers] == [("从 8 试起。", "小河")]
    assert (second.asker, second.status) == ("群友", "open")


@pytest.mark.parametrize(
    "line",
    [
        "【编号】：OpenLLM Talk 015 (三位数)",
        "【编号】: 015",
        "【编号】015",
        "- 【编号】：015",
        "## 【编号】：015",
        "【 编号 】：015",
    ],
)
def test_field_is_read_however_it_is_punctuated(source, line):
    assert parse_note(source(line))[0].number == "015"


def test_two_fields_in_one_paragraph_are_both_read(source):
    talk, _ = parse_note(source("【编号】：002\n## Free Talk\n【Free Talk】时间不限； 【贡献者】：小河（编辑）+群友"))
    assert talk.contributors == ("小河", "群友")


def test_field_in_a_list_leaves_no_mark_behind(source):
    talk, _ = parse_note(source("【编号】：002\n- 【主持人】：小河\n"))
    assert (talk.hosts, talk.unplaced) == (("小河",), ())


def test_unknown_section_after_questions_is_a_section_of_its_own(source):
    talk, _ = parse_note(source("## Free Talk\n\n### Q1：甲？\n\nA1：乙\n\n## 闲聊\n\n丙"))
    assert [(s.kind, s.level, s.title) for s in talk.sections] == [("free-talk", 2, "Free Talk"), ("other", 2, "闲聊")]


def test_second_signature_of_a_question_stays_in_its_text(source):
    [question] = questions(source, "### Q1：甲？ —小河\n\n转述 —阿木\n\nA1：乙")
    assert (question.asker, question.text) == ("小河", "转述 —阿木")


def test_bracketed_title_is_no_field(source):
    talk, _ = parse_note(source("## 往期精彩\n【某系列 009】讲位置\nhttps://example.org/9"))
    assert talk.fields == ()
    assert [link.title for link in talk.sections[0].links] == ["【某系列 009】讲位置"]


def test_number_that_is_no_number_is_kept(source):
    assert parse_note(source("【编号】：OpenLLM Talk 番外02"))[0].id == "talk-番外02"


def test_missing_number_falls_back_on_the_file_name_and_is_reported(source):
    talk, problems = parse_note(source("## 本周新闻", path="talks/notes/OpenLLM Talk 003 .md"))
    assert talk.number == "003"
    assert "N001" in codes(problems)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240302 晚上八点（一般每周六）", (date(2024, 3, 2), "20:00")),
        ("2024 年 3 月 2 日", (date(2024, 3, 2), "")),
        ("2024-03-02 19:05", (date(2024, 3, 2), "19:05")),
        ("2024-03-02 晚上十点半", (date(2024, 3, 2), "22:30")),
        ("2024-03-02 早上 9 点", (date(2024, 3, 2), "09:00")),
        ("2024-13-45", (None, "")),
        ("下周再说", (None, "")),
    ],
)
def test_time_is_read_as_people_write_it(value, expected):
    assert parse_time(value) == expected


def test_impossible_date_is_reported_where_it_stands(source):
    _, problems = parse_note(source("【编号】：101\n【时间】：2024-02-31"))
    assert [(p.line, p.code) for p in problems if p.code == "N003"] == [(2, "N003")]


@pytest.mark.parametrize("heading", ["# 本周新闻", "#### 本周新闻", "本周新闻", "## 本周新闻-optional", "**本周新闻**"])
def test_section_counts_by_its_name_not_its_level(source, heading):
    talk, _ = parse_note(source(f"前言\n\n{heading}\n\n正文"))
    assert [section.kind for section in talk.sections] == ["news"]


def test_section_name_inside_a_paragraph_is_text(source):
    talk, _ = parse_note(source("说说\n本周新闻\n好吗"))
    assert talk.sections == ()


def test_field_names_the_section_where_its_heading_was_copied(source):
    talk, _ = parse_note(source("# 本周推荐\n【本周新闻】：看看\n"))
    assert [section.kind for section in talk.sections] == ["picks", "news"]


def test_empty_heading_and_section_that_comes_twice_are_kept(source):
    talk, _ = parse_note(source("## 注意事项\n甲\n## \n## 注意事项\n乙"))
    assert [(s.kind, s.blocks[0].text) for s in talk.sections] == [("meta", "甲\n##"), ("meta", "乙")]


def test_missing_sections_are_one_problem(source):
    _, problems = parse_note(source("【编号】：101\n【时间】：2024-03-02\n## Free Talk"))
    expected = "N004 no section 本周新闻, 本周推荐; expected the sections 本周新闻, 本周推荐 and Free Talk"
    assert [str(p) for p in problems] == [f"talks/notes/101.md:1:1: {expected}"]


def test_text_before_any_section_is_kept_and_reported(source):
    talk, problems = parse_note(source("【编号】：101\n\n一段说明\n\n## 本周新闻"))
    assert [block.text for block in talk.unplaced] == ["一段说明"]
    assert ("N005", 3) in [(p.code, p.line) for p in problems]


@pytest.mark.parametrize(
    "mark", ["A4：", "A4:", "A：", "Α:", "А：", "Ａ：", "答：", "答:", "答案：", "### A4：", "**A4：", "（A: ", "a: "]
)
def test_answer_mark_is_known_in_every_alphabet(source, mark):
    [question] = questions(source, f"Q4: 为什么？\n\n{mark}因为。")
    assert [answer.text for answer in question.answers] == ["因为。"]


def test_wrong_answer_number_still_answers(source):
    [question] = questions(source, "Q4：为什么？\n\nA5：因为。")
    assert question.status == "answered"


def test_empty_answer_leaves_the_question_open(source):
    first, second = questions(source, "Q7：甲？\n\nA7：\n\nQ8：乙？\n\n答：丙。")
    assert (first.status, second.status) == ("open", "answered")


def test_speaker_line_is_no_answer(source):
    [question] = questions(source, "Q1：甲？\n\nAWB/BT: 一句话")
    assert [answer.text for answer in question.answers] == ["AWB/BT: 一句话"]


def test_bare_numbers_mark_questions_where_there_is_no_q(source):
    found = questions(source, "1.甲\n\n答: 乙\n\n2. 丙\n\n丁\n\n### 3. 戊？\n\n答：\n")
    assert [(q.id, q.title, q.status) for q in found] == [
        ("talk-101-q1", "甲", "answered"),
        ("talk-101-q2", "丙", "answered"),
        ("talk-101-q3", "戊？", "open"),
    ]


def test_list_in_an_answer_is_no_question(source):
    [question] = questions(source, "Q1：甲？\n\nA1：两点：\n\n1. 一\n2. 二")
    assert question.answers[0].text == "两点：\n\n1. 一\n2. 二"


def test_question_cut_in_two_by_a_page_is_one(source):
    [question] = questions(source, "Q3:我想知道编码器和\n\n解码器各做什么?—moss7\n\nA3: 各管一半。")
    assert (question.title, question.asker) == ("我想知道编码器和解码器各做什么?", "moss7")


def test_heading_asks_by_itself_and_the_next_of_its_level_ends_it(source):
    talk, _ = parse_note(source("## Free Talk\n\n### Q1：甲？ —小河\n说明\n\nA1：\n\n### 群友分享\n\n乙"))
    [question] = talk.questions
    assert (question.title, question.asker, question.text, question.status) == ("甲？", "小河", "说明", "open")
    assert [(s.kind, s.level, s.title) for s in talk.sections] == [
        ("free-talk", 2, "Free Talk"),
        ("free-talk", 3, "群友分享"),
    ]


def test_sections_are_known_between_other_lines_where_no_heading_names_them(source):
    tight = "【编号】：101\n本周新闻\n1. 新模型\n本周推荐\nFree Talk\n1、怎么去重？\n答：用它。\n2、谢谢大家。\n"
    talk, _ = parse_note(source(tight))
    assert [section.kind for section in talk.sections] == ["news", "picks", "free-talk"]
    assert [question.title for question in talk.questions] == ["怎么去重？"]
    headed = "【编号】：101\n目录\n本周新闻\n本周推荐\n\n## 本周新闻\n\n甲\n\n## 本周推荐\n\n## Free Talk\n"
    assert len(parse_note(source(headed))[0].sections) == 3


def test_several_answers_keep_their_authors(source):
    [question] = questions(source, "### Q1：甲？\n\nA1：乙。 —小河\n\nA1：丙。 --moss7")
    assert [(a.text, a.author) for a in question.answers] == [("乙。", "小河"), ("丙。", "moss7")]


def test_question_number_that_comes_twice_gets_an_id_of_its_own_and_is_reported(source):
    talk, problems = parse_note(source("【编号】：101\n## Free Talk\nQ1：甲？\n\nQ1：乙？"))
    assert [q.id for q in talk.questions] == ["talk-101-q1", "talk-101-q1-2"]
    assert ("Q001", 5) in [(p.code, p.line) for p in problems]


def test_fence_hides_marks_and_unclosed_fence_hides_nothing(source):
    closed = questions(source, "Q1：甲？\n\nA1：看：\n\n```\nQ2：不是问题\n# 本周新闻\n```")
    assert [q.id for q in closed] == ["talk-101-q1"]
    unclosed = questions(source, "Q1：甲？\n\nA1：看：\n\n```\n\nQ2：是问题")
    assert [q.id for q in unclosed] == ["talk-101-q1", "talk-101-q2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("怎么做？ —小河", ("怎么做？", "小河")),
        ("怎么做? -moss7", ("怎么做?", "moss7")),
        ("怎么做？--moss7", ("怎么做？", "moss7")),
        ("怎么做？ -from 小河", ("怎么做？", "小河")),
        ("怎么做？ -Dark Flame Master", ("怎么做？", "Dark Flame Master")),
        ("这样做。 --来自小河大佬的分享", ("这样做。", "小河")),
        ("本周经典-optional", ("本周经典-optional", "")),
        ("某文 - 知乎", ("某文 - 知乎", "")),
        ("类似的网络; - 记不清出处了", ("类似的网络; - 记不清出处了", "")),
        ("用 top-p", ("用 top-p", "")),
        ("不用。—阿木（补充：见论文）", ("不用。（补充：见论文）", "阿木")),
        ("都行。 —王五 2024-03-03 补充", ("都行。 2024-03-03 补充", "王五")),
        ("看模型。——小李，补充：也看数据", ("看模型。，补充：也看数据", "小李")),
        ("用甲——也就是基线（见图）", ("用甲——也就是基线（见图）", "")),
        ("好。——这样，就行", ("好。——这样，就行", "")),
        ("- 小河", ("- 小河", "")),
    ],
)
def test_attribution_is_split_from_the_text(text, expected):
    assert split_attribution(text) == expected


def test_hyphen_glued_to_the_text_signs_only_with_a_known_name():
    assert split_attribution("看数据-小河", {"小河"}) == ("看数据", "小河")
    assert split_attribution("看数据-小河") == ("看数据-小河", "")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("小河、moss7 (最好由主持人兼任)", ("小河", "moss7")),
        ("小河（编辑）+群友", ("小河", "群友")),
        ("多人(后续自行认领)", ()),
        ("请查看具体内容后面的署名，比如问题、回答", ()),
        ("", ()),
        ("小河、小河", ("小河",)),
    ],
)
def test_placeholders_and_remarks_are_no_names(value, names):
    assert split_names(value) == names


def test_link_under_its_title_takes_the_title(source):
    talk, _ = parse_note(
        source(
            "## 本周新闻\n\n一篇文章 - 某人的文章 - 知乎\n\n### https://zhuanlan.zhihu.com/p/1\n\n- https://example.org/a；可参考"
        )
    )
    assert [(link.title, link.url) for link in talk.sections[0].links] == [
        ("一篇文章 - 某人的文章 - 知乎", "https://zhuanlan.zhihu.com/p/1"),
        ("https://example.org/a", "https://example.org/a"),
    ]


def test_broken_front_matter_is_reported_and_its_text_kept(source):
    talk, problems = parse_note(source("---\na: [\n---\n\n【编号】：101\n"))
    assert talk.number == "101"
    assert [(p.line, p.column) for p in problems if p.code == "F003"] == [(2, 5)]


@given(st.text())
def test_any_text_gives_a_talk(text):
    talk, _ = parse_note(Source("talks/notes/x.md", text))
    assert talk.id.startswith("talk-")


PIECES = [
    "# 本周新闻",
    "## Free Talk",
    "Q1：甲？",
    "A1：乙",
    "答：",
    "1. 丙",
    "```",
    "【编号】：7",
    "【提名区】：丁",
    "正文 —小河",
    "",
    "> 引",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_no_plain_text_is_lost(pieces):
    body = "\n".join(
        f"{piece}{at}号" if piece and piece not in ("```", "# 本周新闻", "## Free Talk") else piece
        for at, piece in enumerate(pieces)
    )
    talk, _ = parse_note(Source("talks/notes/7.md", body))
    blocks = [b.text for s in talk.sections for b in s.blocks] + [b.text for b in talk.unplaced]
    asked = [
        part
        for q in talk.questions
        for part in (q.title, q.text, q.asker, *(t for a in q.answers for t in (a.text, a.author)))
    ]
    kept = "".join([talk.title, *(f.value for f in talk.fields), *blocks, *asked])
    assert [
        f"{at}号" for at, piece in enumerate(pieces) if piece.strip("`") and "# " not in piece and f"{at}号" not in kept
    ] == []


@given(st.lists(st.sampled_from([*PIECES, "---", "【编号】：", "【编号】：8", "# 标题 9", "## 背景"]), max_size=30))
def test_head_of_a_note_gives_its_number(pieces):
    source = Source("talks/notes/7.md", "\n".join(pieces))
    assert parse_note(head_of(source))[0].number == parse_note(source)[0].number


def test_head_is_a_part_of_most_notes():
    source = Source("talks/notes/101.md", NOTE)
    assert head_of(source).text == "\n".join(NOTE.split("\n")[:12]) != NOTE


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_real_talk_000_is_read_as_it_is():
    talk, _ = parse_note(Source("000.md", (SHARED / "openllm-talk-000.md").read_text("utf-8")))
    assert (talk.number, talk.date, talk.time, talk.hosts) == ("000", date(2023, 6, 10), "22:00", ("羡鱼",))
    assert [q.id.rpartition("-")[2] for q in talk.questions] == ["q1", "q2", "q3", "q4", "q5", "q6", "q11"]
    assert [q.id.rpartition("-")[2] for q in talk.questions if q.status == "open"] == ["q1", "q2", "q11"]
    assert [q.asker for q in talk.questions] == [
        "羡鱼",
        "群友",
        "yuhan",
        "qingwang",
        "qingwang",
        "Dark Flame Master",
        "",
    ]
    assert [q.answers[0].author for q in talk.questions if q.answers] == ["羡鱼", "羡鱼", "", "qingwang"]
    assert talk.unplaced == ()


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_real_talk_004_is_read_as_it_is():
    talk, _ = parse_note(Source("004.md", (SHARED / "openllm-talk-004.md").read_text("utf-8")))
    assert (talk.date, talk.time, talk.hosts, talk.editors) == (
        date(2023, 7, 15),
        "21:00",
        ("羡鱼",),
        ("羡鱼", "suc16"),
    )
    assert len(talk.summary) == 14
    assert [(q.id.rpartition("-")[2], q.status) for q in talk.questions] == [
        (f"q{n}", "answered") for n in range(1, 11)
    ]
    kinds = {section.kind for section in talk.sections}
    assert kinds == {"meta", "news", "picks", "classic", "practice", "free-talk", "references", "plans", "join", "past"}
    urls = {link.url for section in talk.sections for link in section.links}
    assert {"https://zhuanlan.zhihu.com/p/642376781", "https://www.bilibili.com/video/BV1Kh4y1E7nX/"} <= urls
