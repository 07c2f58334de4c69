"""Concepts: reading their pages, and finding them in texts."""

import pytest

from ingest.concepts import check_concepts, parse_concept, parse_snippet
from ingest.matching import Matcher
from ingest.model import Concept, Source
from tests.ingest.conftest import CONCEPT


def concept(name, *aliases, snippet="", builds_on=()):
    return Concept(name, name, aliases, "组", "", snippet, False, f"docs/topics/{name}.md", builds_on)


MATCHER = Matcher(
    [
        concept("gae", "GAE"),
        concept("positions", "位置编码"),
        concept("rope", "旋转位置编码", "RoPE"),
        concept("sampling", "top-p", "top k sampling"),
        concept("attention", "self-attention", "自注意力"),
        concept("lora", "LoRA"),
        concept("lora_plus", "LoRA plus B"),
    ]
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("GAE 怎么算", ("gae",)),
        ("we engage the GAEs", ("gae",)),
        ("we engage in gaesa", ()),
        ("用gae吧", ("gae",)),
        ("旋转位置编码", ("rope",)),
        ("旋转位置编码也是位置编码", ("positions", "rope")),
        ("top_p、Top-P 和 TOP P", ("sampling",)),
        ("top-p2", ()),
        ("Self  Attention", ("attention",)),
        ("ＬｏＲＡ", ("lora",)),
        ("LoRA plus B 与 LoRA plus", ("lora", "lora_plus")),
        ("", ()),
    ],
)
def test_aliases_match_whole_words_and_the_longest_wins(text, names):
    assert tuple(sorted(MATCHER.find(text))) == names


def test_concept_named_most_often_comes_first():
    assert MATCHER.find("GAE、LoRA、lora") == ("lora", "gae")


def test_concept_is_read_from_its_front_matter():
    found, problems = parse_concept(Source("docs/topics/lora.md", CONCEPT))
    assert problems == []
    assert found == Concept(
        "lora",
        "LoRA：低秩适配",
        ("LoRA", "低秩适配"),
        "微调",
        "冻结原权重，只训练低秩的增量。",
        "",
        False,
        "docs/topics/lora.md",
        english="LoRA: low-rank adaptation",
    )
    assert found.short == "LoRA"


def test_concept_without_its_keys_is_reported():
    found, problems = parse_concept(Source("docs/topics/x.md", "---\ntitle: 甲\n---\n"))
    assert found is None
    assert [(p.code, p.message) for p in problems] == [("T003", "no english, aliases, group, summary")]


def test_unknown_snippet_and_alias_of_another_concept_are_reported_on_their_lines():
    pages = [
        Source("docs/topics/a.md", "---\ntitle: 甲\naliases: [LoRA]\n---"),
        Source("docs/topics/b.md", "---\ntitle: 乙\naliases: [lora]\nsnippet: nowhere\n---"),
    ]
    problems = check_concepts([concept("a", "LoRA"), concept("b", "lora", snippet="nowhere")], [], pages)
    assert sorted((p.path, p.line, p.code) for p in problems) == [
        ("docs/topics/b.md", 3, "T002"),
        ("docs/topics/b.md", 4, "S001"),
    ]


def test_snippet_is_read_without_importing_it():
    text = '"""Low-rank adaptation.\n\nAdds an update.\n\nPaper: https://arxiv.org/abs/2106.09685.\n"""\n'
    text += "raise SystemExit\n"
    text += "def merge(): ...\ndef _hidden(): ...\nclass LoRALinear: ...\ndef demo(): ...\n"
    snippet, problems = parse_snippet(Source("snippets/lora.py", text))
    assert problems == []
    assert (snippet.name, snippet.title, snippet.summary) == ("lora", "Low-rank adaptation", "Adds an update.")
    assert snippet.papers == ("https://arxiv.org/abs/2106.09685",)
    assert snippet.public == ("merge", "LoRALinear")


@pytest.mark.parametrize(("text", "place"), [("def f(:\n", (1, 7)), ("x = 1\n", (1, 1))])
def test_snippet_that_is_no_module_is_reported(text, place):
    snippet, [problem] = parse_snippet(Source("snippets/x.py", text))
    assert snippet is None
    assert (problem.code, problem.line, problem.column) == ("S002", *place)


def test_concept_to_read_before_must_have_a_page_and_not_lie_in_a_circle():
    pages = [
        Source("docs/topics/a.md", "---\ntitle: 甲\nbuilds_on: [b]\n---"),
        Source("docs/topics/b.md", "---\nbuilds_on: [a, nowhere]\n---"),
    ]
    found = check_concepts([concept("a", builds_on=("b",)), concept("b", builds_on=("a", "nowhere"))], [], pages)
    said = {p.code: (p.path, p.line, p.message) for p in found}
    assert len(found) == 2 and said["T001"] == ("docs/topics/b.md", 2, "unknown topic 'nowhere'")
    assert said["T004"] in {
        ("docs/topics/a.md", 3, "a circle: a -> b -> a"), ("docs/topics/b.md", 2, "a circle: b -> a -> b"),
    }  # fmt: skip
