"""The check that pages show what their code prints can fail, and mends what it finds."""

import pytest

from tools import outputs


def block(code, output=None, ticks="```"):
    """A runnable block, and its output block where there is one."""
    text = f"{ticks} {{ .python .runnable }}\n{code}\n{ticks}\n"
    return text if output is None else f"{text}\n{ticks} {{ .text .output }}\n{output}\n{ticks}\n"


@pytest.fixture
def page(tmp_path):
    """Write a page and return its path."""

    def write(*parts):
        path = tmp_path / "page.md"
        path.write_text("# Page\n\n" + "\nBetween.\n\n".join(parts) + "\nAfter.\n", encoding="utf-8")
        return path

    return write


def test_right_output_is_no_problem(page):
    assert outputs.problems(page(block("print(1 + 1)", "2"))) == []


def test_wrong_output_is_a_problem_that_shows_both(page):
    path = page(block("print(1 + 1)", "3"))
    assert outputs.problems(path) == [f"{path}:3: the output shown is\n3\nand the block prints\n2"]


def test_missing_output_block_is_a_problem(page):
    path = page(block("print(1 + 1)"), "```text\n2\n```\n")
    assert outputs.problems(path) == [f"{path}:3: the block prints something and no output block follows\n2"]


def test_output_block_that_does_not_follow_at_once_is_missing(page):
    path = page(block("print(1 + 1)"), "``` { .text .output }\n2\n```\n")
    assert len(outputs.problems(path)) == 1


def test_output_shown_for_a_block_that_prints_nothing_is_a_problem(page):
    assert len(outputs.problems(page(block("x = 1", "1")))) == 1
    assert len(outputs.problems(page(block("x = 1", "")))) == 1
    assert outputs.problems(page(block("x = 1"))) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("print(", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import warnings\nwarnings.warn('old')", "UserWarning: old"),
        ("import os\nos._exit(3)", "exit code 3"),
    ],
)
def test_block_that_fails_is_a_problem(page, code, message):
    path = page(block("print(1)", "1"), block(code, "1"))
    (problem,) = outputs.problems(path)
    assert message in problem
    assert ": the block fails" in problem


def test_block_that_never_ends_is_a_problem():
    assert outputs.run(["while True: pass"], seconds=0.5) == [("", "not done after 0.5 seconds")]


def test_blocks_of_a_page_share_their_names_and_nothing_else(page):
    assert outputs.problems(page(block("x = 20\nprint(x)", "20"), block("print(x + 1)", "21"))) == []
    assert "NameError" in outputs.problems(page(block("print(x)", "20")))[0]


def test_other_fences_are_left_alone(page):
    others = "```python\n1 / 0\n```\n", "````\n" + block("1 / 0") + "````\n", "``` { .python }\n1 / 0\n```\n"
    assert outputs.blocks(page(*others).read_text(encoding="utf-8")) == []


def test_blanks_that_every_printed_line_begins_with_are_kept(page):
    assert outputs.problems(page(block("print('  a\\n  b')", "  a\n  b"))) == []
    assert len(outputs.problems(page(block("print('  a\\n  b')", "a\nb")))) == 1


def test_indented_and_longer_fences_are_read(page):
    indented = "".join(f"    {line}\n" for line in block("if True:\n    print('a')", "a").splitlines())
    assert outputs.problems(page(indented, block("print('```')", "```", ticks="````"))) == []


def test_import_of_snippets_works(page):
    assert outputs.problems(page(block("from snippets.__main__ import names\nprint('lora' in names())", "True"))) == []


def test_write_mends_wrong_missing_and_needless_outputs_and_nothing_else(page):
    path = page(block("print(1)", "wrong\nlines"), block("print('a  ')\nprint('`b`')"), block("x = 1", "needless"))
    assert outputs.problems(path, write=True) == []
    expected = page(block("print(1)", "1"), block("print('a  ')\nprint('`b`')", "a\n`b`"), block("x = 1"))
    text = expected.read_text(encoding="utf-8")
    path = page(block("print(1)", "wrong\nlines"), block("print('a  ')\nprint('`b`')"), block("x = 1", "needless"))
    outputs.problems(path, write=True)
    assert path.read_text(encoding="utf-8") == text
    assert outputs.problems(path) == []


def test_write_does_not_touch_a_page_that_is_right(page):
    path = page(block("print(1)", "1"))
    path.chmod(0o444)
    before = path.stat().st_mtime_ns
    assert outputs.problems(path, write=True) == []
    assert path.stat().st_mtime_ns == before


def test_write_still_reports_exceptions(page):
    path = page(block("1 / 0", "0"))
    before = path.read_text(encoding="utf-8")
    assert len(outputs.problems(path, write=True)) == 1
    assert path.read_text(encoding="utf-8") == before


def test_generated_pages_are_not_looked_at(tmp_path):
    for folder in ("topics", *outputs.GENERATED):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.md").write_text(block("print(1)", "1"), encoding="utf-8")
    (tmp_path / "plain.md").write_text("no code", encoding="utf-8")
    assert outputs.pages(tmp_path) == [tmp_path / "topics" / "page.md"]


def test_command_exits_with_0_1_or_2(page, capsys, tmp_path):
    path = page(block("print(1)", "2"))
    assert outputs.main([str(path)]) == 1
    assert "page.md:3: the output shown is" in capsys.readouterr().out
    assert outputs.main([str(path), "--write"]) == 0
    assert outputs.main([str(path)]) == 0
    assert outputs.main([str(tmp_path / "none.md")]) == 2
    assert "none.md" in capsys.readouterr().err
