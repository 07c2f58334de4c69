"""The path on the pages: place, neighbours, goals, and what the home page holds to be news."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Question
from ingest.notes.parse import parse_note
from ingest.pages.days import day_en, day_zh, short_week_zh, week_zh
from ingest.pages.path import FRESH, fresh
from ingest.pages.talks import parts_of, points
from ingest.pipeline import Inputs, build
from tests.ingest.conftest import CONCEPT, NOTE

PATH = """---
steps:
  - name: 起步
    english: Start
    concepts: [a, b]
  - name: 往前
    english: Further
    concepts: [c]
goals:
  - id: far
    name: 我要走远
    english: Go far
    concepts: [b]
...
"""


def page(name, *builds_on, translated=False):
    text = CONCEPT.replace("LoRA", name.upper()).replace("低秩适配]", f"别名{name}]")
    text = text.replace("summary:", f"builds_on: [{', '.join(builds_on)}]\nsummary:")
    return text.replace("summary:", "translated: true\nsummary:") if translated else text


@pytest.fixture
def made(source):
    concepts = [("a", ()), ("b", ("a",)), ("c", ()), ("off", ("b",))]
    sources = tuple(source(page(name, *bases), f"docs/topics/{name}.md") for name, bases in concepts)
    pages, _, problems = build(Inputs(concepts=sources, path=(source(PATH, "docs/topics/path.yml"),)))
    assert [str(problem) for problem in problems] == []
    return pages


def turns(text):
    """Where a page's way on leads: back, and forth."""
    nav = re.search(r'<nav class="wiki-turn".*?</nav>', text)
    found = dict(re.findall(r'<a rel="(\w+)" href="([^"]*)"', nav[0])) if nav else {}
    return found.get("prev"), found.get("next")


def test_page_leads_along_the_path_across_steps(made):
    topics = {name: turns(made[f"generated/topics/{name}.md"]) for name in ("a", "b", "c", "off")}
    assert topics == {
        "a": (None, "../../topics/b/"),
        "b": ("../../topics/a/", "../../topics/c/"),
        "c": ("../../topics/b/", None),
        "off": (None, None),
    }
    assert "下一页 → · 第 2 步" in made["generated/topics/b.md"].replace("\n", " ")
    assert (
        "路径上的下一页：[C" in made["generated/topics/b.md"]
        and "也建立在这一页上的：[OFF]" in made["generated/topics/b.md"]
    )


def test_head_says_step_and_place_and_lists_the_steps_pages(made):
    place = made["generated/before/b.md"].partition("</div></div>")[0]
    assert "第 1 步 起步 <b>2/2</b>" in place
    assert re.findall(r'href="([^"]*)"', place)[:2] == ["../../topics/a/", "../../topics/b/"]
    assert place.count('aria-current="page"') == 1
    assert "主线之外：微调" in made["generated/before/off.md"]


def test_list_of_the_path_names_each_page_once_with_the_goals_whose_ways_pass_it(made):
    for name, prefix in (("generated/path.md", ""), ("generated/en/path.md", "../../topics/")):
        found = re.findall(
            r'^1\. \[[^]]*\]\(([^)]*)\.md\)\{: data-wiki-concept="(\w)" data-wiki-goals="(\w*)"', made[name], re.M
        )
        assert found == [(f"{prefix}{one}", one, goal) for one, goal in (("a", "far"), ("b", "far"), ("c", ""))]


def test_english_page_is_linked_where_there_is_one(source):
    english = source(f"---\ntitle: {'A: low-rank adaptation'!r}\nlearn: [x, y, z]\n---\n\n# A\n", "docs/en/topics/a.md")
    concepts = (source(page("a", translated=True), "docs/topics/a.md"), source(page("b", "a"), "docs/topics/b.md"))
    path = PATH.replace("[c]", "[b]").replace("[a, b]", "[a]")
    pages, _, _ = build(
        Inputs(concepts=concepts, english_concepts=(english,), path=(source(path, "docs/topics/path.yml"),))
    )
    assert "(a.md){: data-wiki-concept" in pages["generated/en/path.md"]
    assert turns(pages["generated/en/topics/a.md"]) == (None, "../../../topics/b/")
    assert "generated/en/topics/b.md" not in pages
    assert 'href="../topics/a/"' not in pages["generated/en/home.md"]
    assert (
        'xlink:href="a/"' in pages["generated/en/map.md"]
        and 'xlink:href="../../topics/b/"' in pages["generated/en/map.md"]
    )


def question(name, asked):
    return Question(name, name, "", "", (), "talks/questions/a.md", 1, asked=asked)


@given(st.lists(st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2027, 1, 1))), max_size=8))
def test_news_are_as_old_as_the_newest_thing_allows(days):
    listed = [question(str(at), day) for at, day in enumerate(days)]
    _, shown, _ = fresh([], listed, [])
    newest = max((day for day in days if day), default=None)
    assert [day for day, _ in shown] == [day for day in days if day and newest - day <= timedelta(FRESH)]


def test_talks_of_long_ago_are_no_news(source):
    talk, _ = parse_note(source(NOTE))
    assert fresh([talk], [], [])[0] == [talk]
    assert fresh([talk], [question("a", date(2026, 1, 1))], []) == (
        [],
        [(date(2026, 1, 1), question("a", date(2026, 1, 1)))],
        [],
    )


@pytest.mark.parametrize(
    ("week", "said", "short"),
    [
        ("2026-W47", "2026 年 11 月 16–22 日", "11 月 16–22 日"),
        ("2026-W31", "2026 年 7 月 27 日–8 月 2 日", "7 月 27 日–8 月 2 日"),
        ("2026-W53", "2026 年 12 月 28 日–2027 年 1 月 3 日", "12 月 28 日–2027 年 1 月 3 日"),
    ],
)
def test_week_is_said_in_days(week, said, short):
    assert (week_zh(week), short_week_zh(week)) == (said, short)


def test_day_is_said_in_both_languages():
    assert (day_zh(date(2026, 3, 1)), day_en(date(2026, 3, 1))) == ("2026 年 3 月 1 日", "1 March 2026")


@pytest.mark.parametrize("title", ["__scripts", "_ __config", "`__config`", "__"])
def test_section_has_no_place_of_the_theme(source, title):
    """Whose scripts take the first that a page has."""
    parts, _ = parts_of(parse_note(source(f"# 901\n\n## {title}\n\n说过的话。\n"))[0])
    assert parts and not any(part.anchor.startswith("_") for part in parts)


def test_talks_points_come_first_and_what_is_the_same_every_time_last(source):
    text = (
        NOTE.replace("## 本周新闻", "## 注意事项\n\n每周六。\n\n## 本周新闻\n\n### 项目\n\n甲。")
        + "\n### 项目\n\n乙。\n\n## 加入我们\n\n群号。\n"
    )
    talk, _ = parse_note(source(text))
    parts, _ = parts_of(talk)
    assert len({part.anchor for part in parts}) == len(parts)
    assert [part.section.title for part in parts if part.is_house] == ["注意事项", "加入我们"]
    assert [part.section.title for part, _ in points(parts)] == ["本周新闻", "本周推荐", "Free Talk"]
    made, _, _ = build(Inputs(notes=(source(text, "talks/notes/101.md"),)))
    page = made["talks/101.md"]
    order = [
        page.index(words)
        for words in (
            "## 本期要点",
            "## 本周新闻",
            "<p>从 8 试起。</p>",
            '<details class="wiki-house"',
            "每周六。",
            "群号。",
        )
    ]
    assert order == sorted(order)
    for part in parts:
        assert f"{{ #{part.anchor} }}" in page


def test_what_a_talk_wished_for_is_folded_below_what_it_said(source):
    wish = "【建议区】：多讲代码\n还有数据\n- 一项\n\n【提名区】：量化\n\n丁。"
    text = NOTE.replace("## 本周新闻", f"## 本周新闻\n\n丙。\n\n{wish}")
    talk, _ = parse_note(source(text))
    parts, _ = parts_of(talk)
    assert [wish for part in parts for wish in part.wishes] == ["【建议区】：多讲代码\n还有数据", "【提名区】：量化"]
    made, _, _ = build(Inputs(notes=(source(text, "talks/notes/101.md"),)))
    page = made["talks/101.md"]
    folded = page.index('<details class="wiki-house"')
    assert all(page.index(said) < folded for said in ("<p>丙。</p>", "一项", "<p>丁。</p>"))
    assert page.count("多讲代码") == page.count("量化") == 1 and page.index("多讲代码") > folded
