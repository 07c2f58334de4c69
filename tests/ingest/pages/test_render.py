"""Pages: their names, and what stands on them."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import feedparser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import name_slug, slug_for
from ingest.pages.ways import Ways
from ingest.pipeline import Inputs, build
from tests.ingest.conftest import CONCEPT, NOTE, QUESTION

EXAMPLE = CONCEPT.replace("summary:", "snippet: lora\nsummary:") + "\n<!-- --8<-- [start:example] -->\n"

DATED = QUESTION.replace("topics:", "date: 2026-11-21\ntopics:")


@pytest.fixture
def pages(source):
    inputs = Inputs(
        notes=(source(NOTE),),
        questions=(
            source(QUESTION.replace("topics:", "date: 2026-11-21\ntopics:"), "talks/questions/unmerge-lora.md"),
        ),
        concepts=(source(EXAMPLE, "docs/topics/lora.md"),),
        concept_index=(source("---\ngroups: {微调: Fine-tuning}\n---\n", "docs/topics/index.md"),),
        snippets=(source('"""Low-rank adaptation."""\n\n\ndef merge(): ...\n', "snippets/lora.py"),),
        papers=(
            source('{"title":"LoRA again","url":"https://arxiv.org/abs/2401.00001"}\n', "talks/papers/2024-W01.jsonl"),
        ),
    )
    made, _, problems = build(inputs)
    assert [str(problem) for problem in problems] == []
    return made


def test_every_kind_of_page_is_made(pages):
    assert set(pages) == {
        "talks/101.md", "talks/index.md", "qa/talk-101-q1.md", "qa/talk-101-q2.md", "qa/unmerge-lora.md", "qa/index.md",
        "qa/open.md", "qa/ask.md",
        "papers/2024-w01.md", "papers/index.md", "people/小河.md", "people/moss7.md", "people/阿木.md",
        "people/群友.md", "people/index.md", "generated/topics/lora.md", "generated/topics.md", "generated/snippets.md",
        *(f"generated/{part}/lora.md" for part in ("before", "challenge", "code")), "generated/map.md",
        "generated/search.jsonl",
        "generated/search/2024-w01.jsonl",
        "generated/home.md", "generated/path.md", "generated/promise.md",
        "changes/index.md", "changes/talks.xml", "changes/questions.xml", "changes/papers.xml",
        "papers/feeds.md", "papers/list.md", "papers/undated.md", "papers/picks.xml", "papers/lora.xml",
        "papers/2024-w01.json", "papers/undated.json", "papers/weeks.json", "generated/questions.jsonl",
        "reference/lora.md",
        *(f"generated/en/{name}.md" for name in "archive home map open path promise snippets topics".split()),
    }  # fmt: skip


def test_english_fragments_name_concepts_in_english_and_say_what_is_quoted(pages):
    listed = pages["generated/en/topics.md"]
    assert "<summary>Fine-tuning " in listed
    assert "[LoRA&#58; low-rank adaptation](../../topics/lora.md)" in listed
    assert 'aria-label="Fine-tuning: arrows' in pages["generated/en/map.md"]
    assert 'xlink:href="../../topics/lora/"' in pages["generated/en/map.md"]
    assert "[LoRA (2)](../../topics/lora.md)" in pages["generated/en/archive.md"]
    assert "](../qa/talk-101-q2.md){: lang=zh }" in pages["generated/en/home.md"]


def test_question_page_names_concepts_embeds_the_example_and_lists_relatives(pages):
    page = pages["qa/unmerge-lora.md"]
    assert "[LoRA](../topics/lora.md)" in page
    assert '--8<-- "topics/lora.md:example"' in page
    assert "(../qa/talk-101-q1.md)" in page
    assert "[LoRA](https://arxiv.org/abs/2106.09685)" in page


def test_question_page_tells_machines_what_it_holds(source):
    text = "# 甲 </script>？\n\n## 回答\n\n<!-- 乙\n\n—小河\n\n## 回答（采纳）\n\n丙 & <script>\n"
    made, _, _ = build(Inputs(questions=(source(text, "talks/questions/a.md"),)))
    content = yaml.safe_load(made["qa/a.md"].split("---\n")[1])["json_ld"]
    assert not set("<>&") & set(content)
    asked = json.loads(content)["mainEntity"]
    assert (asked["name"], asked["answerCount"]) == ("甲 </script>？", 2)
    assert asked["acceptedAnswer"]["text"] == "丙 & <script>"
    assert asked["suggestedAnswer"] == [
        {"@type": "Answer", "text": "<!-- 乙", "author": {"@type": "Person", "name": "小河"}}
    ]


def test_talk_page_holds_questions_answers_and_signatures(pages):
    page = pages["talks/101.md"]
    assert "### [LoRA 的秩该取多大？](../qa/talk-101-q1.md) { #q1" in page
    assert "<p>从 8 试起。</p>" in page
    (card,) = re.findall('<div class="wiki-answer"[^>]*>\n(.*?)\n</div>', page, re.DOTALL)[:1]
    assert f'<a href="../../people/{quote("小河")}/">小河</a>' in card and "<p>从 8 试起。</p>" in card
    assert page.index("## 本期要点") < page.index("(#q1)") < page.index("{ #q1 ")
    assert '--8<-- "topics/lora.md:example"' in page


def test_paper_week_groups_by_concept(pages):
    page = pages["papers/2024-w01.md"]
    assert '<a href="../../topics/lora/">LoRA：低秩适配</a>' in page
    assert '<a href="https://arxiv.org/abs/2401.00001">LoRA again</a>' in page
    assert "{ #picks }" not in page  # nothing speaks for it


def test_concept_lists_its_questions_talks_and_papers(pages):
    fragment = pages["generated/topics/lora.md"]
    assert "(../qa/unmerge-lora.md)" in fragment
    assert "(../talks/101.md)" in fragment
    assert "[LoRA again]" in fragment


@pytest.mark.parametrize("address", ["", "https://git.example.org/a/b"])
def test_colab_is_offered_only_where_it_can_read_the_repository(source, address):
    concepts = {"concepts": (source(EXAMPLE, "docs/topics/lora.md"),)}
    snippets = {"snippets": (source('"""Low-rank adaptation."""\n', "snippets/lora.py"),)}
    made, _, _ = build(Inputs(**concepts, **snippets, ways=Ways(address)))
    assert "colab" not in made["generated/code/lora.md"]
    made, _, _ = build(Inputs(**concepts, **snippets, ways=Ways("https://github.com/open/wiki")))
    notebook = "https://colab.research.google.com/github/open/wiki/blob/main/docs/notebooks/lora.ipynb"
    assert f"({notebook})" in made["generated/code/lora.md"]
    made, _, _ = build(Inputs(**concepts, **snippets, ways=Ways("https://github.com/open/wiki", "trunk")))
    assert f"({notebook.replace('/main/', '/trunk/')})" in made["generated/code/lora.md"]


def way(page, label):
    """Where a link of a page leads, and the fields that its form is given."""
    [address] = set(re.findall(rf"\[{label}\]\(([^)]*)\)", page))
    link = urlsplit(unescape(address))
    return f"{link.scheme}://{link.netloc}{link.path}", {name: value for name, [value] in parse_qs(link.query).items()}


def test_every_question_leads_to_forms_that_know_its_file_and_line(source):
    notes = {"notes": (source(NOTE, "talks/notes/101 号.md"),), "concepts": (source(CONCEPT, "docs/topics/lora.md"),)}
    made, records, _ = build(Inputs(**notes, ways=Ways("https://github.com/open/wiki", "v2/draft")))
    [line] = [question.line for question in records.questions if question.id == "talk-101-q1"]
    new, form = way(made["qa/talk-101-q1.md"], "补一个回答")
    assert new == "https://github.com/open/wiki/issues/new"
    assert form == {
        "template": "answer.yml",
        "title": "回答：LoRA 的秩该取多大？",
        "place": f"talks/notes/101 号.md:{line}",
    }
    assert way(made["qa/talk-101-q1.md"], "这里不对")[1]["place"] == form["place"]
    assert way(made["generated/topics/lora.md"], "这里不对")[1]["place"] == "docs/topics/lora.md:1"
    edit = "https://github.com/open/wiki/edit/v2/draft/talks/notes/101%20%E5%8F%B7.md"
    assert way(made["qa/talk-101-q1.md"], "直接改文件")[0] == way(made["talks/101.md"], "修改")[0] == edit
    assert f"{edit.replace('/edit/', '/blob/')}#L{line})" in made["qa/talk-101-q1.md"]
    assert way(made["qa/open.md"], "回答")[1]["template"] == "answer.yml"
    assert way(made["qa/ask.md"], "填一张表")[1]["template"] == "question.yml"
    for page in ("qa/talk-101-q1.md", "generated/topics/lora.md"):
        assert "[写成一个问题](../qa/ask.md)" in made[page]
    assert "[写成一个问题](ask.md)" in made["qa/index.md"] and "[写成一个问题](ask.md)" in made["qa/open.md"]


def test_gitee_and_mail_get_the_same_words_without_forms(source):
    notes = {"notes": (source(NOTE, "talks/notes/101.md"),)}
    made, _, _ = build(Inputs(**notes, ways=Ways("https://gitee.com/open/wiki")))
    new, issue = way(made["qa/talk-101-q1.md"], "补一个回答")
    assert new == "https://gitee.com/open/wiki/issues/new"
    assert issue["issue[title]"] == "回答：LoRA 的秩该取多大？"
    assert "talks/notes/101.md:" in issue["issue[description]"]
    made, _, _ = build(Inputs(**notes, ways=Ways(contact="wiki@example.org")))
    mail, said = way(made["qa/talk-101-q1.md"], "这里不对")
    assert mail == "mailto://wiki@example.org"
    assert "talks/notes/101.md:" in said["body"]
    assert "/edit/" not in "".join(made.values())


@pytest.mark.parametrize("address", ["", "https://git.example.org/a/b", "https://github.com.example.org/a/b"])
def test_where_there_is_no_form_the_page_says_how_with_a_file(source, address):
    made, _, _ = build(Inputs(notes=(source(NOTE, "talks/notes/101.md"),), ways=Ways(address)))
    assert not [
        name for name, text in made.items() if "/edit/main/" in text or "/issues/new" in text or "mailto" in text
    ]
    assert "补一个回答：在 `talks/notes/101.md` 第" in made["qa/talk-101-q1.md"]
    assert "存成一个文件" in made["qa/ask.md"]


ASKED = """---
asker: 阿木
date: 2024-03-01
origin: https://g.example.org/o/r/issues/7
updated: 2026-11-28
topics: [lora]
---

# 损失为什么不下降？

r=8，一直是 2.3。

## 回答

乙。

—小河（2024-03-02）

## 回答（采纳）

丙。

—alice-b（2024-03-05，<https://g.example.org/o/r/issues/7#c9>）
"""


def test_question_says_who_when_and_where_and_what_was_accepted_comes_first(source):
    made, _, _ = build(Inputs(questions=(source(ASKED, "talks/questions/loss.md"),)))
    page = made["qa/loss.md"]
    assert (
        "提问：[阿木](../people/阿木.md) · 2024 年 3 月 1 日 · [出处](https://g.example.org/o/r/issues/7)"
        " · 修改：2026 年 11 月 28 日" in page
    )
    assert page.index("丙。") < page.index("乙。")
    first, second = re.findall(r'<p class="wiki-answer__author">(.*?)</p>', page)
    assert first.startswith('<a href="../../people/alice-b/">alice-b</a>（采纳） · 2024 年 3 月 5 日 · <a href="https')
    assert second == f'<a href="../../people/{quote("小河")}/">小河</a> · 2024 年 3 月 2 日'


def test_open_question_and_short_answer_of_a_talk_lead_to_the_concept(source):
    concepts = {"concepts": (source(CONCEPT, "docs/topics/lora.md"),)}
    made, _, _ = build(Inputs(notes=(source(NOTE, "talks/notes/101.md"),), **concepts))
    assert "讲得更细的是概念页：[LoRA：低秩适配](../topics/lora.md)。" in made["qa/talk-101-q1.md"]
    asked = source("# LoRA 的秩取多大？\n\n试过 8。\n", "talks/questions/rank.md")
    made, _, _ = build(Inputs(questions=(asked,), **concepts))
    assert "这些概念页也许已经讲到：[LoRA：低秩适配](../topics/lora.md)。" in made["qa/rank.md"]
    assert "试过 8。" in made["qa/rank.md"] and "待回答" in made["qa/rank.md"]


def test_concepts_count_the_same_questions_everywhere(source):
    second = CONCEPT.replace("LoRA", "RoPE").replace("低秩适配]", "旋转]")
    concepts = (source(CONCEPT, "docs/topics/lora.md"), source(second, "docs/topics/rope.md"))
    asked = (
        source("---\ntopics: [lora, rope]\n---\n\n# 甲？\n", "talks/questions/a.md"),
        source("---\ntopics: [rope]\n---\n\n# 乙？\n", "talks/questions/b.md"),
    )
    made, _, _ = build(Inputs(questions=asked, concepts=concepts))
    assert "[RoPE（2）]" in made["qa/index.md"] and "[LoRA（1）]" in made["qa/index.md"]
    assert "[RoPE (2)]" in made["generated/en/archive.md"] and "[LoRA (1)]" in made["generated/en/archive.md"]
    assert "2 个问题" in made["generated/topics.md"]


def test_news_are_questions_by_the_day_of_their_last_change_and_what_is_old_is_none(source):
    texts = {
        "a": "---\ndate: 2024-01-01\n---\n\n# 旧的，刚改过？\n",
        "b": "---\ndate: 2026-01-02\n---\n\n# 新的，答过？\n\n## 回答\n\n对。\n",
        "c": "---\ndate: 2026-01-02\n---\n\n# 新的，没答？\n",
        "d": "---\ndate: 2023-01-01\n---\n\n# 旧的，今天有人答？\n\n## 回答\n\n对。\n\n—小河（2026-02-01）\n",
        "e": "# 不知何时？\n",
    }
    texts["a"] = texts["a"].replace("\n---\n\n#", "\nupdated: 2026-03-01\n---\n\n#")
    made, _, _ = build(Inputs(questions=tuple(source(text, f"talks/questions/{n}.md") for n, text in texts.items())))
    home = made["generated/home.md"]
    ((newest, card),) = re.findall(
        r'data-wiki-fresh="([-\d]+)" markdown>\n\n## 新的问答\n(.*?)\n</div>', home, re.DOTALL
    )
    assert newest == "2026-03-01" and re.findall(r"qa/(\w)\.md", card) == ["a", "d", "c", "b"]
    assert "讨论与论文" not in home


def test_english_pages_have_the_open_questions(pages):
    assert "[显存不够怎么办？](../../qa/" in pages["generated/en/open.md"]
    assert "(open.md)" in pages["generated/en/archive.md"] and "(qa/open.md)" in pages["generated/en/home.md"]


def test_concept_names_what_to_read_before_and_after(source):
    first = CONCEPT.replace("summary:", "builds_on: [rope]\nsummary:")
    second = CONCEPT.replace("LoRA", "RoPE").replace("低秩适配]", "旋转]")
    made, _, _ = build(Inputs(concepts=(source(first, "docs/topics/lora.md"), source(second, "docs/topics/rope.md"))))
    assert "· 先读：[RoPE](../topics/rope.md)\n" in made["generated/before/lora.md"]
    assert "· 不必先读别的页。\n" in made["generated/before/rope.md"]
    assert "## 接着读 { #after }\n\n[LoRA](../topics/lora.md)。\n" in made["generated/topics/rope.md"]
    assert "接着读" not in made["generated/topics/lora.md"]
    assert 'xlink:href="lora/"' in made["generated/map.md"]


def test_changes_are_listed_by_the_week_of_their_date(pages):
    page = pages["changes/index.md"]
    new, old = "## 2026 年 11 月 16–22 日 { #2026-w47 }", "## 2024 年 2 月 26 日–3 月 3 日 { #2024-w09 }"
    assert page.index(new) < page.index("(../qa/unmerge-lora.md)") < page.index(old)
    assert page.index(old) < page.index("(../talks/101.md)") < page.index("(../qa/talk-101-q1.md)")
    assert "LoRA again" not in page  # no date, so nobody knows when


def test_feeds_are_read_by_a_feed_reader(pages):
    feed = feedparser.parse(
        pages["changes/questions.xml"].encode(),
        response_headers={
            "content-location": "https://wiki.example/sub/changes/questions.xml",
            "content-type": "application/atom+xml",
        },
    )
    assert not feed.bozo and feed.version == "atom10"
    first, second = feed.entries[:2]
    assert first.link == "https://wiki.example/sub/qa/unmerge-lora/"
    assert first.updated == "2026-11-21T00:00:00Z" == feed.feed.updated
    assert first.content[0].value == "<p>能，减去同一个增量就行。</p>"
    assert (second.title, second.author) == ("LoRA 的秩该取多大？", "小河")
    assert len({entry.id for entry in feed.entries}) == 3


def test_open_questions_and_people_are_listed(pages):
    assert "显存不够怎么办？" in pages["qa/open.md"]
    assert pages["qa/open.md"].count("wiki-list__meta") == 1
    assert "LoRA 的秩该取多大？" not in pages["qa/open.md"]
    (line,) = (line for line in pages["people/index.md"].split("\n") if "[小河]" in line)
    assert "主持 1 · 编辑 1 · 回答 1</span>" in line


def test_all_names_of_the_group_are_one_and_their_pages_lead_there(source):
    note = NOTE.replace("【编辑】：", "【贡献者】：OpenLLM 群友、阿木\n【编辑】：")
    asked = source("# 甲？\n\n## 回答\n\n乙。\n\n—群友\n", "talks/questions/a.md")
    made, _, _ = build(Inputs(notes=(source(note, "talks/notes/101.md"),), questions=(asked,)))
    (line,) = (line for line in made["people/index.md"].split("\n") if "群友" in line)
    assert line.startswith("- [群友](../people/群友.md)") and "贡献 1" in line
    assert "url=../群友/" in made["people/openllm-群友.md"] and "# 群友\n" in made["people/群友.md"]
    assert "[甲？]" in made["people/群友.md"] and "[OpenLLM Talk 101]" in made["people/群友.md"]


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("talk-004-q8", "talk-004-q8"),
        ("羡鱼", "羡鱼"),
        ("Dark Flame Master", "dark-flame-master"),
        ("ｓｕｃ１６", "suc16"),
    ],
)
def test_plain_names_make_plain_slugs(text, slug):
    assert name_slug(text) == slug
    assert slug_for(slug) == slug
    assert (slug_for(text) == slug) == (text == slug)  # two ids never share a page


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "/etc", "a\0b", "x" * 300, "🏃", "index", "open", "CON", "a/b", "", "..", "page-2"]
)
def test_odd_names_make_safe_slugs_of_their_own(text):
    slug = slug_for(text)
    assert slug not in ("index", "open", "con", "page-2", "")
    assert len(slug) <= 70
    assert slug != slug_for(text + "!")


@given(st.text())
def test_any_slug_is_one_safe_path_part(text):
    slug = slug_for(text)
    assert slug
    assert not set(slug) & set('/\\\0.:*?"<>| \n')
    slug.encode()
    assert len(slug.encode()) <= 255


def test_long_archives_are_split_into_pages(source):
    questions = tuple(source(f"# 第 {n} 问？\n\n答 {n}。", f"talks/questions/q{n:03}.md") for n in range(401))
    made, _, _ = build(Inputs(questions=questions))
    assert {"qa/index.md", "qa/page-2.md", "qa/page-3.md"} <= set(made)
    assert "[下一页](page-3.md)" in made["qa/page-2.md"]
    assert "[上一页](index.md)" in made["qa/page-2.md"]


def test_recording_is_linked_without_what_says_who_shared_it(source):
    video = "https://www.bilibili.com/video/BV1xx411c7mD"
    said = f"【talk 视频】：第 101 期 {video}?spm_id_from=333.999&vd_source=0&p=2 （回放）\n"
    made, _, _ = build(
        Inputs(notes=(source(NOTE.replace("\n\n## 本周新闻", f"\n{said}\n## 本周新闻"), "talks/notes/101.md"),))
    )
    page = made["talks/101.md"]
    assert f'<a href="{video}?p=2" rel="nofollow noopener">' in page
    assert "spm_id_from" not in page and "vd_source" not in page
    assert "第 101 期 <a " in page and "（回放）</dd>" in page


def test_field_stays_text_but_for_web_addresses(source):
    said = '【主持人】：<b>小河</b> javascript:alert(1) https://example.org/"onclick=x\n'
    made, _, _ = build(Inputs(notes=(source(NOTE.replace("【主持人】：小河\n", said), "talks/notes/101.md"),)))
    (row,) = (line for line in made["talks/101.md"].split("\n") if line.startswith("<dt>主持人"))
    assert row.count("<a ") == 1 and '<a href="https://example.org/" rel="nofollow noopener">' in row
    assert "<b>" not in row and "onclick=" not in row


def test_talk_that_names_no_concept_has_no_empty_row_of_them(source):
    made, _, _ = build(Inputs(notes=(source(NOTE, "talks/notes/101.md"),)))
    assert "wiki-chips" not in made["talks/101.md"]
    lora = source(CONCEPT, "docs/topics/lora.md")
    made, _, _ = build(Inputs(notes=(source(NOTE, "talks/notes/101.md"),), concepts=(lora,)))
    assert "[LoRA](../topics/lora.md)" in made["talks/101.md"]
    assert " \n{: .wiki-chips }" in made["talks/101.md"]


def test_no_page_has_attributes_that_belong_to_nothing(source, pages):
    """Markdown prints them: a line of attributes below a blank line, where what they were for is not there."""
    bare = source("# 怎样开始？\n\n试过了。\n", "talks/questions/bare.md")
    said = source("# 怎样接着？\n\n## 回答\n\n看书。\n", "talks/questions/said.md")
    note = source(NOTE, "talks/notes/101.md")
    made, _, _ = build(Inputs(questions=(bare, said), notes=(note,)))
    for name, text in {**pages, **made}.items():
        assert not re.search(r"(?:^|\n)\s*\n\{:", text), name
        assert not re.search(r"<(?:form|input|button|script|iframe)\b", text), name  # no build takes what acts


def test_no_attributes_stand_below_an_include_where_readers_would_see_them():
    """An include ends its paragraph: `{: .name }` in the line below it is a paragraph of its own, and is printed."""
    root = Path(__file__).parents[3]
    sources = [*(root / "ingest/pages/templates").rglob("*.j2"), *(root / "docs/topics").glob("*.md")]
    seen = [path.name for path in sources if re.search(r"^--8<-- .*\n\{:", path.read_text("utf-8"), re.MULTILINE)]
    assert seen == []
