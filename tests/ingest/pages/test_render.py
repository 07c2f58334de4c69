"""Pages: their names, and what stands on them."""

import json

import feedparser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import name_slug, slug_for
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
        "qa/open.md", "papers/2024-w01.md", "papers/index.md", "people/小河.md", "people/moss7.md", "people/阿木.md",
        "people/群友.md", "people/index.md", "generated/topics/lora.md", "generated/topics.md", "generated/snippets.md",
        "generated/before/lora.md", "generated/map.md",
        "generated/home.md", "changes/index.md", "changes/talks.xml", "changes/questions.xml", "changes/papers.xml",
        "papers/feeds.md", "papers/list.md", "papers/undated.md", "papers/picks.xml", "papers/lora.xml",
        "papers/2024-w01.json", "papers/undated.json", "papers/weeks.json", "generated/questions.jsonl",
        "reference/lora.md",
        *(f"generated/en/{name}.md" for name in ("archive", "home", "map", "snippets", "topics")),
    }  # fmt: skip


def test_english_fragments_name_concepts_in_english_and_say_what_is_quoted(pages):
    listed = pages["generated/en/topics.md"]
    assert listed.startswith("## Fine-tuning\n")
    assert "[LoRA&#58; low-rank adaptation](../../topics/lora.md)" in listed
    assert 'aria-label="Fine-tuning: arrows' in pages["generated/en/map.md"]
    assert '<a xlink:href="../../topics/lora/">' in pages["generated/en/map.md"]
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
    assert "—[小河](../people/小河.md)" in page
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
    assert 'data-pagefind-weight="5">LoRA | 低秩适配</p>' in fragment


@pytest.mark.parametrize("address", ["", "https://git.example.org/a/b"])
def test_colab_is_offered_only_where_it_can_read_the_repository(source, address):
    concepts = {"concepts": (source(EXAMPLE, "docs/topics/lora.md"),)}
    snippets = {"snippets": (source('"""Low-rank adaptation."""\n', "snippets/lora.py"),)}
    made, _, _ = build(Inputs(**concepts, **snippets, repository=address))
    assert "colab" not in made["generated/topics/lora.md"]
    made, _, _ = build(Inputs(**concepts, **snippets, repository="https://github.com/open/wiki"))
    notebook = "https://colab.research.google.com/github/open/wiki/blob/main/docs/notebooks/lora.ipynb"
    assert f"({notebook})" in made["generated/topics/lora.md"]
    made, _, _ = build(Inputs(**concepts, **snippets, repository="https://github.com/open/wiki", branch="trunk"))
    assert f"({notebook.replace('/main/', '/trunk/')})" in made["generated/topics/lora.md"]


def test_github_opens_the_source_of_a_page_and_elsewhere_nothing_points_to_it(source):
    notes = {"notes": (source(NOTE, "talks/notes/101 号.md"),)}
    made, _, _ = build(Inputs(**notes, repository="https://github.com/open/wiki"))
    edit = "](https://github.com/open/wiki/edit/main/talks/notes/101%20%E5%8F%B7.md)"
    assert f"[在 GitHub 上补进这个文件{edit}" in made["qa/talk-101-q2.md"]
    assert f"[修改{edit}" in made["qa/talk-101-q1.md"]
    assert f"[修改{edit}" in made["talks/101.md"]
    assert f"[回答{edit}" in made["qa/open.md"]
    assert "](https://github.com/open/wiki/issues/new?template=question.yml)" in made["qa/open.md"]
    made, _, _ = build(Inputs(**notes, repository="https://github.com/open/wiki", branch="v2/draft"))
    assert "](https://github.com/open/wiki/edit/v2/draft/talks/notes/" in made["qa/talk-101-q2.md"]
    for address in ("", "https://git.example.org/a/b"):
        made, _, _ = build(Inputs(**notes, repository=address))
        assert not [name for name, text in made.items() if "/edit/main/" in text or "/issues/new" in text]


def test_concept_names_what_to_read_before_and_after(source):
    first = CONCEPT.replace("summary:", "builds_on: [rope]\nsummary:")
    second = CONCEPT.replace("LoRA", "RoPE").replace("低秩适配]", "旋转]")
    made, _, _ = build(Inputs(concepts=(source(first, "docs/topics/lora.md"), source(second, "docs/topics/rope.md"))))
    assert made["generated/before/lora.md"].startswith("先读：[RoPE](../topics/rope.md)\n")
    assert made["generated/before/rope.md"].startswith("不必先读别的页。\n")
    assert "## 接着读 { #after }\n\n[LoRA](../topics/lora.md)\n" in made["generated/topics/rope.md"]
    assert "接着读" not in made["generated/topics/lora.md"]
    assert '<a xlink:href="lora/">' in made["generated/map.md"]


def test_changes_are_listed_by_the_week_of_their_date(pages):
    page = pages["changes/index.md"]
    assert page.index("## 2026-W47") < page.index("(../qa/unmerge-lora.md)") < page.index("## 2024-W09")
    assert page.index("## 2024-W09") < page.index("(../talks/101.md)") < page.index("(../qa/talk-101-q1.md)")
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
    assert pages["qa/open.md"].count("wiki-badge--open") == 1
    assert "LoRA 的秩该取多大？" not in pages["qa/open.md"]
    assert "| [小河](../people/小河.md) | 1 | 1 | 0 | 1 | 0 |" in pages["people/index.md"]


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
