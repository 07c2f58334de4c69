"""What readers take and change: copied files run, challenges are none before they are answered."""

import ast
import contextlib
import io
import re
import runpy
import sys

import pytest

from ingest.lessons import Challenge, parse_challenge, parse_essence
from ingest.model import Source
from snippets.__main__ import HERE, ROOT, names
from snippets._site import copied

CHALLENGES = sorted(path.stem for path in (HERE / "challenges").glob("*.py"))
ESSENCES = sorted(path.stem for path in (HERE / "essence").glob("*.py"))
TESTS_ESSENCE = re.compile(r"^def test_essence\w*\(", re.MULTILINE)


def challenge(name: str) -> Challenge:
    path = HERE / "challenges" / f"{name}.py"
    found, problems = parse_challenge(Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")))
    assert problems == []
    return found


def run(code: str, name: str) -> None:
    """Run code in a namespace of its own, as a page's Python does."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, f"<{name}>", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("name", names())
def test_copied_file_runs_by_itself(name, tmp_path, monkeypatch, capsys):
    """As one runs it who has nothing else of this project."""
    path = tmp_path / f"{name}.py"
    path.write_text(copied(name), "utf-8")
    for room in ("snippets", "browser", "ingest"):
        monkeypatch.setitem(sys.modules, room, None)  # importing it fails
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge_runs_as_it_is_and_does_not_pass(name):
    one = challenge(name)
    run(one.task, "task")
    with pytest.raises(AssertionError, match=r"[\u4e00-\u9fff]"):  # in words, which tell what is wrong
        run(f"{one.task}\n\n{one.check}", "task and check")


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge_is_passed_by_its_answer(name):
    one = challenge(name)
    run(f"{one.answer}\n\n{one.check}", "answer and check")


@pytest.mark.parametrize("name", [name for name in CHALLENGES if (ROOT / f"docs/en/topics/{name}.md").exists()])
def test_check_of_an_english_page_says_in_english_what_is_wrong(name):
    check = ast.parse(challenge(name).said("check", "en"))
    messages = [node.msg for node in ast.walk(check) if isinstance(node, ast.Assert) and node.msg]
    assert messages
    assert [found for message in messages if (found := re.findall(r"[\u4e00-\u9fff]+", ast.unparse(message)))] == []


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge_is_passed_by_its_answer_in_english(name):
    one = challenge(name)
    run(f"{one.said('answer', 'en')}\n\n{one.said('check', 'en')}", "answer and check")


@pytest.mark.parametrize("name", ESSENCES)
def test_essence_is_in_its_form_and_held_against_its_module(name):
    path = HERE / "essence" / f"{name}.py"
    assert parse_essence(Source(path.name, path.read_text("utf-8")))[1] == []
    test = (ROOT / f"tests/snippets/test_{name}.py").read_text("utf-8")
    assert TESTS_ESSENCE.search(test), f"no test_essence… in tests/snippets/test_{name}.py"
    assert "snippets.essence" in test
