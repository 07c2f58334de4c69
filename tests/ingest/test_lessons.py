"""Concept pages as lessons: what one will know, the code to read, the challenge, the English page."""

import ast
import io
import tokenize

import pytest

from ingest.bilingual import in_language, notes_of
from ingest.lessons import cell_of, minutes_of, parse_challenge, parse_english, parse_essence
from ingest.model import Source
from ingest.pipeline import Inputs, build
from tests.ingest.conftest import CONCEPT

ESSENCE = '"""Down, then up."""\n\nimport torch\n\nA = torch.rand(2, 4)  # 降维 ‖ down\nB = "# 甲 ‖ b"\n'
CHALLENGE = '''"""让 `x` 等于 1。

Make `x` one.
"""

# --8<-- [start:task]
x = 0  # 改这里 ‖ change this
# --8<-- [end:task]

# --8<-- [start:answer]
x = 1
# --8<-- [end:answer]

# --8<-- [start:check]
assert x == 1, "x 还不是 1"
# --8<-- [end:check]
'''
LEARN = "learn: [一, 二, 三]\n"


def said(problems):
    return [(problem.line, problem.column, problem.code) for problem in problems]


def essence(text):
    return parse_essence(Source("snippets/essence/lora.py", text))


def challenge(text):
    return parse_challenge(Source("snippets/challenges/lora.py", text))


def test_essence_is_read_with_the_notes_of_either_language():
    found, problems = essence(ESSENCE)
    assert problems == []
    assert found.said("zh") == 'import torch\n\nA = torch.rand(2, 4)  # 降维\nB = "# 甲 ‖ b"'
    assert found.said("en") == 'import torch\n\nA = torch.rand(2, 4)  # down\nB = "# 甲 ‖ b"'


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("A = (\n", [(1, 5, "S003")]),
        ("A = 1\n", [(1, 1, "S003")]),
        ('"""Nothing."""\n', [(2, 1, "S003")]),
        ('"""Long."""\n' + "A = 1\n" * 21, [(2, 1, "S003")]),
        ('"""Imports do not count."""\nimport torch\n' + "A = 1\n" * 20, []),
        ('"""One language."""\nA = 1  # 降维\n', [(2, 8, "S003")]),
        ('"""Shapes are of both."""\nA = 1  # (r, in)\n', []),
        ('"""A zero byte.\0"""\nA = 1\n', [(1, 1, "S003")]),
        ('"""More on its line."""; A = [\n1,  # 甲 ‖ a\n]\n', [(2, 1, "S003")]),
    ],
)
def test_essence_not_in_its_form_is_reported(text, places):
    assert said(essence(text)[1]) == places


def test_challenge_is_read_region_by_region():
    found, problems = challenge(CHALLENGE)
    assert problems == []
    assert (found.asked["zh"], found.asked["en"]) == ("让 `x` 等于 1。", "Make `x` one.")
    assert (found.task, found.answer, found.check) == (
        "x = 0  # 改这里 ‖ change this", "x = 1", 'assert x == 1, "x 还不是 1"',
    )  # fmt: skip
    assert found.said("task", "en") == "x = 0  # change this"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("\n\nMake `x` one.", "", (1, 1, "S004")),
        ("Make", "做 Make", (1, 1, "S004")),
        ("# --8<-- [end:answer]\n", "", (13, 1, "S004")),
        ("[start:answer]", "[start:solution]", (10, 1, "S004")),
        ("x = 0", "x = 0\n" * 21, (7, 1, "S004")),
        ("x = 1\n", "x = (\n", (10, 5, "S004")),
        ("x = 0 ", "", (7, 1, "S004")),
        ("assert x == 1", "print(x)", (15, 1, "S004")),
        (" ‖ change this", "", (7, 8, "S004")),
    ],
)
def test_challenge_not_in_its_form_is_reported(old, new, place):
    text = CHALLENGE.replace(old, new, 1)
    assert text != CHALLENGE
    if place == (10, 5, "S004"):
        place = (11, 5, "S004")  # of the whole file, which is no Python either
    assert place in said(challenge(text)[1])


def test_region_without_code_is_missing():
    found, problems = challenge(CHALLENGE.replace("x = 1\n# --8<-- [end:answer]", "# --8<-- [end:answer]"))
    assert found is None and [problem.message for problem in problems] == ["no region answer"]


@pytest.mark.parametrize(
    "learn", ["learn: [一, 二]\n", f"learn: [一, 二, {'三' * 41}]\n", "learn: 一\n", "learn: []\n"]
)
def test_learn_is_three_short_lines(source, learn):
    page = CONCEPT.replace("group:", learn + "group:")
    _, _, problems = build(Inputs(concepts=(source(page, "docs/topics/lora.md"),)))
    assert said(problems) == [(5, 1, "T006")]


def test_formula_of_learn_counts_as_a_letter(source):
    page = CONCEPT.replace("group:", f"learn: [一, 二, '$\\{'a' * 60}$ 三']\ngroup:")
    _, records, problems = build(Inputs(concepts=(source(page, "docs/topics/lora.md"),)))
    assert problems == [] and records.concepts[0].learn[:2] == ("一", "二")


def test_minutes_grow_with_words_formulas_and_code_and_not_with_addresses():
    assert minutes_of("") == minutes_of("字" * 400) == 1
    assert minutes_of("字" * 401) == 2
    assert minutes_of("word " * 401) == 3
    assert minutes_of("\n$$\nx\n$$\n" * 9) == 3
    assert minutes_of("```python\n" + "x = 1\n" * 31 + "```\n") == 3
    assert minutes_of("[字](https://example.org/" + "a-" * 900 + ")\n" + '--8<-- "generated/before/lora.md"\n') == 1


def test_cell_is_the_examples_fences_alone():
    fences = "``` { .python .runnable }\nx\n```\n\n``` { .text .output }\n1\n```"
    text = f"<!-- --8<-- [start:example] -->\n\n说明\n\n{fences}\n\n<!-- --8<-- [end:example] -->\n\n```\nother\n```\n"
    assert cell_of(text) == fences
    assert cell_of("nothing") == ""


def test_cell_holds_what_is_code_on_every_page():
    """Of a longer fence, in which all is code, its inner ones are none by themselves."""
    inner = "``` <a\n\n<b onclick=x>\n\n```"
    marked = "<!-- --8<-- [start:example] -->\n\n{}\n\n<!-- --8<-- [end:example] -->"
    assert cell_of(marked.format(inner)) == ""
    assert cell_of(marked.format(f"````text\n{inner}\n````")) == f"````text\n{inner}\n````"
    assert cell_of(f"````text\n[start:example]\n{inner}\n[end:example]\n````") == ""


def test_notes_stand_where_they_stood():
    assert in_language("if x:\n    # 甲 ‖ a\n    y = 1  # 乙\n", "en") == "if x:\n    # a\n    y = 1  # 乙\n"


NOTES = r'''
'#'
"""a
# "" """
"\"#" # one
r'\\'  # 二
f'{"#"}'  # '
#
''#''
'''


def test_notes_are_those_that_python_finds():
    found = tokenize.generate_tokens(io.StringIO(NOTES).readline)
    assert [*notes_of(NOTES)] == [(*one.start, one.string) for one in found if one.type == tokenize.COMMENT]


@pytest.mark.parametrize(
    "code",
    [
        'assert x, """甲 ‖ a"""',
        "assert x, '''\n\"甲 ‖ \"```\n'''",  # in one language a line would end the page's block of code
        'assert x, "甲 \\" ‖ a"',
        "assert x, '甲 ‖ a'",
        'x = (\nassert x, "甲 ‖ a"',
    ],
)
def test_message_in_another_form_is_left_in_both_languages(code):
    assert in_language(code, "zh") == in_language(code, "en") == code


@pytest.mark.parametrize("deep", ["-" * 20_000 + "1", f"x{'.x' * 20_000}"])
def test_code_too_deep_for_python_is_told(deep):
    """In a string the module is Python all the same; and what one reader takes may be too deep for another."""
    assert in_language(f"{deep}  # 甲 ‖ a", "en") == f"{deep}  # a"
    task = "# --8<-- [start:task]\n"
    quoted = CHALLENGE.replace(task, f'"""\n{task}{deep}\n').replace("[end:task]", '[end:task]\n"""')
    found, problems = challenge(quoted)
    assert found is None and [problem.code for problem in problems] == ["S004"]


MESSAGES = """\
s = "甲 ‖ b"
assert s == "甲 ‖ b", "一 ‖ one"
assert (
    s
), f"得到 {s['k']} ‖ got {s}"  # 注 ‖ note
assert s, (
    f"第 {s} 个不对，"
    "全错 ‖ "
    f"number {s}, "
    "all wrong"
)
assert s, "不动"
"""


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", ['"一"', "f\"得到 {s['k']}\"", 'f"第 {s} 个不对，"\n    "全错"', '"不动"']),
        ("en", ['"one"', 'f"got {s}"', 'f"number {s}, "\n    "all wrong"', '"不动"']),
    ],
    ids=["zh", "en"],
)
def test_messages_of_checks_are_said_in_one_language_and_other_strings_stay(lang, said):
    code = in_language(MESSAGES, lang)
    asserts = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert)]
    assert [ast.get_source_segment(code, node.msg) for node in asserts] == said
    assert code.count("甲 ‖ b") == 2 and code.count("‖") == 2


def lesson(source, english='---\ntitle: "LoRA: low-rank adaptation"\nlearn: [a, b, c]\n---\n# LoRA\n', head=""):
    page = CONCEPT.replace("group:", "snippet: lora\n" + head + LEARN + "group:")
    return build(
        Inputs(
            concepts=(source(page, "docs/topics/lora.md"),),
            snippets=(source('"""Low-rank adaptation."""\n', "snippets/lora.py"),),
            essences=(source(ESSENCE, "snippets/essence/lora.py"),),
            challenges=(source(CHALLENGE, "snippets/challenges/lora.py"),),
            english_concepts=(source(english, "docs/en/topics/lora.md"),) if english else (),
        )
    )


def test_parts_of_both_languages_are_made(source):
    made, _, problems = lesson(source, head="translated: true\n")
    assert problems == []
    assert "<li><p>一</p></li>" in made["generated/before/lora.md"]
    assert "<li><p>a</p></li>" in made["generated/en/before/lora.md"]
    for folder, note, task in (("", "降维", "改这里"), ("en/", "down", "change this")):
        code, changed = (made[f"generated/{folder}{part}/lora.md"] for part in ("code", "challenge"))
        assert f"A = torch.rand(2, 4)  # {note}\n" in code and '\n    --8<-- "lora.py"\n' in code
        assert f"``` {{ .python .runnable .challenge }}\nx = 0  # {task}\n```\n" in changed
        assert '\n    assert x == 1, "x 还不是 1"\n' in changed and "\n    x = 1\n" in changed
    assert "generated/en/cell/lora.md" in made


def test_questions_of_interviews_stand_with_the_self_test_of_their_concepts(source):
    head, body = "---\ntopics: [lora]\ninterview: {}\n---\n\n", "# 问题{}？\n\n## 回答\n\n答。\n"
    asked = {"a": ("true", "甲"), "b": ("false", "乙"), "c": ("true\nduplicate_of: a", "丙")}
    texts = {name: head.format(said) + body.format(title) for name, (said, title) in asked.items()}
    made, _, _ = build(
        Inputs(
            concepts=(source(CONCEPT, "docs/topics/lora.md"),),
            questions=tuple(source(text, f"talks/questions/{name}.md") for name, text in texts.items()),
        )
    )
    listed = made["generated/challenge/lora.md"]
    assert "### 面试里会问 { #interview }" in listed and "[问题甲？](../qa/a.md)" in listed
    assert "问题乙" not in listed and "问题丙" not in listed


def test_page_is_made_while_its_code_to_read_and_challenge_are_not_written(source):
    page = CONCEPT.replace("group:", "snippet: lora\ngroup:")
    snippets = (source('"""Low-rank adaptation."""\n', "snippets/lora.py"),)
    made, _, problems = build(Inputs(concepts=(source(page, "docs/topics/lora.md"),), snippets=snippets))
    assert problems == [] and '    --8<-- "lora.py"' in made["generated/code/lora.md"]
    assert made["generated/challenge/lora.md"].strip() == ""
    assert not any(name.startswith("generated/en/before/") for name in made)


@pytest.mark.parametrize(
    ("english", "head", "path"),
    [
        ("---\ntitle: LoRA\nlearn: [a, b, c]\n---\n", "translated: true\n", "docs/en/topics/lora.md"),
        ('---\ntitle: "LoRA: low-rank adaptation"\n---\n', "", "docs/topics/lora.md"),
        ("", "translated: true\n", "docs/topics/lora.md"),
    ],
)
def test_pages_that_do_not_belong_together_are_reported(source, english, head, path):
    _, _, problems = lesson(source, english, head)
    assert [(problem.path, problem.code) for problem in problems] == [(path, "T007")]


def test_english_page_of_no_concept_and_code_of_no_snippet_are_reported(source):
    _, _, problems = build(
        Inputs(
            essences=(source(ESSENCE, "snippets/essence/nowhere.py"),),
            english_concepts=(source("---\ntitle: A\n---\n", "docs/en/topics/nowhere.md"),),
        )
    )
    assert [(problem.path, problem.code) for problem in problems] == [
        ("docs/en/topics/nowhere.md", "T007"), ("snippets/essence/nowhere.py", "S001"),
    ]  # fmt: skip


def test_english_learn_is_english():
    _, problems = parse_english(Source("docs/en/topics/a.md", "---\ntitle: A\nlearn: [a, b, 丙]\n---\n"))
    assert said(problems) == [(3, 1, "T006")]
