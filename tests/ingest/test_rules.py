"""Every rule is explained, and its examples are what the checker says they are."""

import re
from pathlib import Path

import pytest

from ingest.cli import main
from ingest.feeds.parse import parse_feed
from ingest.problems import RULES, Problem
from ingest.rule_examples import BESIDE, EXAMPLES, KEPT_PATHS
from ingest.rules import FOUND, GROUPS, NO_EXAMPLE, rules_page

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"zh": DOCS / "guide/rules.md", "en": DOCS / "en/guide/rules.md"}
CODE = re.compile(r"^\S+:\d+:\d+: ([A-Z]\d{3}) ", re.MULTILINE)


def codes(folder, path, text, capsys):
    """What the checker says of one file of a project."""
    if path == "feed.xml":
        return {problem.code for problem in parse_feed(text.encode(), path).problems}
    for name, content in (BESIDE | {path: text}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    places = [part for name in ("talks", "docs", "snippets") for part in (f"--{name}", str(folder / name))]
    main(["check", *places])
    return set(CODE.findall(capsys.readouterr().err))


def test_every_rule_has_an_example_or_says_why_not():
    assert EXAMPLES.keys() | NO_EXAMPLE.keys() == RULES.keys()
    assert not EXAMPLES.keys() & NO_EXAMPLE.keys()
    assert {code[0] for code in RULES} == GROUPS.keys()
    assert FOUND.keys() == RULES.keys()


@pytest.mark.parametrize("code", EXAMPLES)
def test_broken_example_gives_its_code_and_the_kept_one_nothing(code, tmp_path, capsys):
    path, broken, kept = EXAMPLES[code]
    assert codes(tmp_path / "broken", path, broken, capsys) >= {code}
    assert codes(tmp_path / "kept", KEPT_PATHS.get(code, path), kept, capsys) == set()


@pytest.mark.parametrize("lang", PAGES)
def test_page_of_the_rules_is_fresh(lang, capsys):
    said = f"run python -m ingest rules --lang {lang} > {PAGES[lang]}"
    assert PAGES[lang].read_text("utf-8") == rules_page(lang), said
    assert main(["rules", "--lang", lang]) == 0
    assert capsys.readouterr().out == rules_page(lang)


def test_problem_is_said_in_both_languages():
    problem = Problem("a.md", 2, 3, "Q002", "no title")
    assert problem.shown() == "a.md:2:3: Q002 no title; expected a first heading `# question`"
    assert problem.shown("zh") == "a.md:2:3: Q002 没有标题（no title）；应为：一级标题 `# 问题`"


@pytest.mark.parametrize("code", RULES)
def test_rule_is_said_in_chinese(code):
    assert all(re.search("[\u4e00-\u9fff]", text) for text in RULES[code][2:])
