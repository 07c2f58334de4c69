"""Questions asked twice: found whatever their wording's small change, joined without losing a word."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import pipeline
from ingest.model import Answer, Question, Source
from ingest.questions.duplicates import ALIKE, _pairs, alike, check_duplicates, join


def ask(name, title, duplicate_of="", talk="", said=()):
    answers = tuple(Answer(text, "", 1) for text in said)
    return Question(name, title, "", "", answers, f"talks/questions/{name}.md", 1, talk, duplicate_of=duplicate_of)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("为什么要除以 √d_k？", "为什么要除以 √d_k？"),
        ("LoRA 的秩该取多大？", "lora 的秩该取多大"),
        ("ＬｏＲＡ的秩该取多大？", "LoRA 的秩该取多大?"),
        ("LoRA 的秩一般该取多大？", "LoRA 的秩该取多大？"),
        ("What is the difference between BPE and WordPiece?", "What is the difference between BPE and WordPiece"),
        ("x", "X?"),
    ],
)
def test_same_question_in_slightly_other_words_is_found(one, other):
    assert [(late.id, early.id) for late, early in alike([ask("a", one), ask("b", other)])] == [("b", "a")]


@pytest.mark.parametrize(
    ("one", "other"),
    [("LoRA 的秩该取多大？", "LoRA 怎样合并？"), ("什么是 BERT？", "什么是 GPT？"), ("？", "！"), ("", "")],
)
def test_other_questions_are_not(one, other):
    assert not list(alike([ask("a", one), ask("b", other)]))


def jaccard(one, other):
    return len(one & other) / len(one | other)


@given(st.lists(st.text("abc的", max_size=12), max_size=12))
def test_index_finds_what_comparing_all_finds(titles):
    questions = [ask(str(at), title) for at, title in enumerate(titles)]
    sets = [_pairs(title) for title in titles]
    expected = {
        str(late)
        for late in range(len(sets))
        for early in range(late)
        if sets[late] and sets[early] and jaccard(sets[late], sets[early]) >= ALIKE
    }
    assert {late.id for late, _ in alike(questions)} == expected


def test_most_alike_is_named():
    asked = [
        ask("a", "旋转位置编码怎样外推到更长"),
        ask("b", "旋转位置编码怎样外推到更长的"),
        ask("c", "旋转位置编码怎样外推到更长的文"),
    ]
    assert [(late.id, early.id) for late, early in alike(asked)] == [("b", "a"), ("c", "b")]


def test_repeated_title_is_reported_until_it_is_joined():
    first = ask("a", "甲乙丙丁？")
    [problem] = check_duplicates([first, ask("b", "甲乙丙丁")])
    assert (problem.path, problem.code, problem.severity) == ("talks/questions/b.md", "Q004", "warning")
    assert check_duplicates([first, ask("b", "甲乙丙丁", "a")]) == []
    assert check_duplicates([first, ask("b", "甲乙丙丁", talk="talk-001")]) == []


@pytest.mark.parametrize("target", ["nowhere", "b"])
def test_duplicate_of_nothing_is_reported_and_the_question_stays(target):
    asked = [ask("a", "甲"), ask("b", "乙", target)]
    assert [problem.code for problem in check_duplicates(asked)] == ["Q005"]
    assert join(asked) == (tuple(asked), {})


@given(st.lists(st.sampled_from([*"012345", "", "x"]), min_size=6, max_size=6))
def test_joining_loses_no_question_and_no_answer(targets):
    asked = [ask(str(at), f"题{at}", target, said=[f"答{at}"]) for at, target in enumerate(targets)]
    joined, repeated = join(asked)
    assert sorted([q.id for q in joined] + [q.id for same in repeated.values() for q in same]) == list("012345")
    assert sorted(answer.text for q in joined for answer in q.answers) == [f"答{at}" for at in range(6)]
    assert repeated.keys() <= {q.id for q in joined}


def test_duplicates_page_leads_to_the_first_which_holds_its_text():
    files = {
        "rank": "# LoRA 的秩该取多大？\n\n从 8 试起。\n",
        "lora-rank": "---\nduplicate_of: rank\nasker: 阿木\n---\n\n# 秩取多少？\n\n显存小。\n\n## 回答\n\n16 也行。\n",
    }
    sources = tuple(Source(f"talks/questions/{name}.md", text) for name, text in files.items())
    pages, records, problems = pipeline.build(pipeline.Inputs(questions=sources))
    assert problems == []
    assert [question.id for question in records.questions] == ["rank"]
    assert 'content="0; url=../rank/"' in pages["qa/lora-rank.md"]
    assert "(rank.md)" in pages["qa/lora-rank.md"]
    for text in ("从 8 试起。", "16 也行。", "秩取多少？", "显存小。", "阿木"):
        assert text in pages["qa/rank.md"]
    assert "lora-rank" not in pages["qa/index.md"]


def test_ten_thousand_titles_of_one_kind_are_compared_with_few():
    """Not with each other: the work of the index is bounded by what is rare in a title."""
    rng = random.Random(0)
    words = [chr(0x4E00 + at) for at in range(2000)]
    asked = [ask(str(at), "什么是" + "".join(rng.choices(words, k=10))) for at in range(10_000)]
    assert list(alike([*asked, ask("again", asked[77].title)])) == [(ask("again", asked[77].title), asked[77])]
