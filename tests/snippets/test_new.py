"""`python -m snippets new`: what it begins passes for nothing before its author has written it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from snippets import __main__ as command
from snippets._new import MARK, begin, skeleton
from snippets._notebook import EXAMPLE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """A project without a snippet."""
    for name in ("snippets/essence", "snippets/challenges", "tests/snippets", "docs/topics"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


WRITTEN = [
    path
    for pattern in ("snippets/**/[!_]*.py", "tests/snippets/test_*.py", "docs/topics/*.md")
    for path in sorted(ROOT.glob(pattern))
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_of_a_skeleton_is_left(path):
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    left = [f"{path.relative_to(ROOT)}:{number}: {line.strip()}" for number, line in lines if MARK in line]
    assert not left, "still to be written:\n" + "\n".join(left)


def test_all_files_are_begun_and_every_one_says_what_to_write(project):
    paths = begin("rms_norm", project)
    assert [path.relative_to(project).as_posix() for path in paths] == [
        "snippets/rms_norm.py",
        "snippets/essence/rms_norm.py",
        "snippets/challenges/rms_norm.py",
        "tests/snippets/test_rms_norm.py",
        "docs/topics/rms_norm.md",
    ]
    assert all(path.read_text("utf-8").count(MARK) >= 2 for path in paths)


def test_skeleton_is_a_snippet_and_a_concept_with_an_example(project):
    begin("rms_norm", project)
    (project / "talks").mkdir()
    folders = [f"--{name}={project / name}" for name in ("talks", "docs", "snippets")]
    run = [sys.executable, "-m", "ingest", "build", "--json", *folders]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    # What is still to be written is all that is wrong.
    assert {problem["code"] for problem in json.loads(done.stdout)["problems"]} == {"M015"}, done.stdout
    assert "[运行例子](topics/rms_norm.md)" in (project / "docs/generated/snippets.md").read_text("utf-8")
    assert EXAMPLE.search((project / "docs/topics/rms_norm.md").read_text("utf-8"))


def test_skeleton_passes_the_linter(project):
    paths = begin("rms_norm", project)
    for check in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *check, "--config", ROOT / "pyproject.toml", "--no-cache"]
        done = subprocess.run([*ruff, *paths[:4]], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_every_test_of_the_skeleton_fails_with_what_is_to_be_written(project):
    begin("rms_norm", project)
    for name in ("snippets", "tests", "tests/snippets"):
        (project / name / "__init__.py").touch()
    conftest = "import pytest, torch\n\n@pytest.fixture\ndef device():\n    return torch.device('cpu')\n"
    (project / "tests" / "snippets" / "conftest.py").write_text(conftest, "utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:randomly", "tests"]
    done = subprocess.run(run, cwd=project, capture_output=True, text=True)
    tests = [node for node in ast.parse(skeleton("x")["tests/snippets/test_x.py"]).body if "test_" in ast.dump(node)]
    assert f"{len(tests)} failed in" in done.stdout.splitlines()[-1]
    assert done.stdout.count(MARK) >= len(tests)


@pytest.mark.parametrize("there", ["snippets/x.py", "tests/snippets/test_x.py", "docs/topics/x.md"])
def test_where_one_file_is_there_none_is_written(project, monkeypatch, capsys, there):
    (project / there).write_text("mine", "utf-8")
    monkeypatch.setattr(command, "ROOT", project)
    assert command.main(["new", "x"]) == 1
    assert f"{project / there} is already there; nothing was written" in capsys.readouterr().err
    assert [path.read_text("utf-8") for path in project.rglob("*.*")] == ["mine"]


@pytest.mark.parametrize("name", ["", "RMSNorm", "rms-norm", "2d", "_x", "x_", "a/b", "../x", "lambda", "index", "规"])
def test_name_that_cannot_be_one_is_refused(project, monkeypatch, capsys, name):
    monkeypatch.setattr(command, "ROOT", project)
    assert command.main(["new", name]) == 2
    assert f"error: '{name}' cannot be a snippet's name" in capsys.readouterr().err
    assert list(project.rglob("*.*")) == []


def test_outside_of_the_project_nothing_is_begun(tmp_path, monkeypatch, capsys):
    (tmp_path / "snippets").mkdir()
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main(["new", "x"]) == 2
    assert "is not there; run it in a clone of the project" in capsys.readouterr().err
    assert list((tmp_path / "snippets").iterdir()) == []


def test_command_names_every_file_and_what_comes_next(project, monkeypatch, capsys):
    monkeypatch.setattr(command, "ROOT", project)
    monkeypatch.setattr(command, "write_site", lambda names, docs: [])
    assert command.main(["new", "rms_norm"]) == 0
    *paths, hint = capsys.readouterr().out.splitlines()
    assert paths == [*skeleton("rms_norm"), "docs/notebooks/rms_norm.ipynb"]
    assert MARK in hint and "make outputs NAMES=rms_norm" in hint
