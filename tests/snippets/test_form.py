"""Every snippet has the form that makes it readable, copyable and includable."""

import ast
import importlib
from pathlib import Path

import griffe
import pytest

from snippets.__main__ import names

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest) -> str:
    """Each snippet in turn."""
    return request.param


@pytest.fixture
def source(name: str) -> str:
    """Its text."""
    return (ROOT / "snippets" / f"{name}.py").read_text(encoding="utf-8")


def test_docstring_has_title_summary_paper_and_letters(source):
    title, blank, *rest = ast.get_docstring(ast.parse(source)).splitlines()
    assert title
    assert not title.endswith(".")
    assert blank == ""
    assert rest[0]
    assert any("https://" in line for line in rest)
    assert any(line.startswith("Letters: ") for line in rest)


def test_core_stands_between_its_marks_and_the_demo_below(source):
    lines = source.splitlines()
    start, end = lines.index("# --8<-- [start:core]"), lines.index("# --8<-- [end:core]")
    assert sum("--8<--" in line for line in lines) == 2
    assert start < end < lines.index("def demo() -> None:") < lines.index('if __name__ == "__main__":')
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name != "demo":
            assert start < node.lineno - 1 < end
    assert len(lines) <= 200


def test_every_function_and_class_has_a_docstring(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name != "__init__":
            assert ast.get_docstring(node), node.name


@pytest.fixture(scope="module")
def reference():
    """All modules, read once."""
    return griffe.load("snippets", search_paths=[ROOT], docstring_parser="google")


def test_reference_shows_one_line_for_each_value_returned(reference, name):
    """mkdocstrings takes every line of a Returns section for a value of its own."""
    module = reference[name]
    functions = list(module.functions.values())
    for class_ in module.classes.values():
        functions += class_.functions.values()
    for function in functions:
        for section in function.docstring.parsed if function.docstring else ():
            if section.kind is griffe.DocstringSectionKind.returns:
                returns = ast.parse(str(function.returns), mode="eval").body
                is_tuple = isinstance(returns, ast.Subscript) and returns.value.id == "tuple"
                assert len(section.value) == (len(returns.slice.elts) if is_tuple else 1), function.name


def test_demo_prints_the_same_every_time(name, capsys):
    demo = importlib.import_module(f"snippets.{name}").demo
    outputs = []
    for _ in range(2):
        demo()
        outputs.append(capsys.readouterr().out)
    assert outputs[0]
    assert outputs[0] == outputs[1]


def test_snippet_has_a_test_and_a_topic_page_that_includes_it(name):
    assert (ROOT / "tests" / "snippets" / f"test_{name}.py").is_file()
    page = (ROOT / "docs" / "topics" / f"{name}.md").read_text(encoding="utf-8")
    assert f"\nsnippet: {name}\n" in page
    code = (f'--8<-- "generated/code/{name}.md"', f'--8<-- "{name}.py:core"')
    assert sum(page.count(include) for include in code) == 1
    assert page.count("<!-- --8<-- [start:example] -->") == page.count("<!-- --8<-- [end:example] -->") == 1
