"""What the documents tell people to type is there to be typed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ingest.hostile import repository_that_runs

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", ".github/PULL_REQUEST_TEMPLATE.md")),
    *sorted((ROOT / "docs/guide").glob("*.md")),
    *sorted((ROOT / "docs/en/guide").glob("*.md")),
]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_name_targets_that_there_are(path: Path) -> None:
    typed = set(re.findall(r"(?:^|`|&& |cpu )make ([a-z][a-z-]*)", path.read_text("utf-8"), re.MULTILINE))
    assert typed <= TARGETS


def test_the_first_commands_of_a_contributor_are_documented() -> None:
    for name in ("CONTRIBUTING.md", "docs/guide/contributing.md", "docs/en/guide/contributing.md"):
        first = re.search(r"^```(?:bash)?\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
        assert first and {"check", "new-note", "serve"} <= set(re.findall(r"^make ([a-z-]+)", first[1], re.MULTILINE))


def test_help_lists_every_target() -> None:
    assert [line.split()[0] for line in make("help").stdout.splitlines()] == re.findall(
        r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE
    )
    phony = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)).split())
    assert phony == TARGETS


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        ("new-note", "NUMBER"),
        ("new-question", "NAME"),
        ("new-concept", "NAME"),
        ("new-snippet", "NAME"),
        ("fix", "FILE"),
        ("show", "FILE"),
    ],
)
def test_a_name_that_is_missing_is_asked_for_before_anything_is_installed(target: str, missing: str) -> None:
    done = make(target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"say which: make TARGET {missing}=...")


def copied(folder: Path, ran: str) -> Path:
    """A project that is set up, of which every command only writes its arguments into `ran`."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {ran}\n', "utf-8")
    (folder / ".venv/bin/python").chmod(0o755)
    (folder / ".venv/.site").touch()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["$(touch made)", "$(shell touch made)", "`touch made`", "; touch made", '"; touch made; "', "a b", "$$x", "'"],
)
@pytest.mark.parametrize(
    "target", ["new-note NUMBER", "new-question NAME", "new-concept NAME", "fix FILE", "show FILE"]
)
def test_a_name_is_given_on_as_it_stands(tmp_path: Path, target: str, name: str) -> None:
    """A stranger names files, and a shell completes their names."""
    project = copied(tmp_path, "ran")
    what, variable = target.split()
    subprocess.run(["make", what, f"{variable}={name}"], cwd=project, check=True)
    assert (project / "ran").read_text("utf-8").splitlines()[-1] == name
    assert not (project / "made").exists()


@pytest.mark.parametrize(
    "name",
    [".venv/bin/python", ".VENV/bin/python", "yaml.pyc", "ingest/__pycache__/a.pyc", "re.abi3.so", ".gitmodules"],
)
def test_nothing_runs_that_a_branch_brings_unread(tmp_path: Path, name: str) -> None:
    """Not even where its stamps say that all is installed; nor where git takes the checkout for another user's."""
    project = copied(tmp_path, "ran")
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).touch()
    for command in (["init", "--quiet"], ["add", "--force", name]):
        subprocess.run(["git", *command], cwd=project, check=True)
    for environment in ({}, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}):
        done = subprocess.run(
            ["make", "site"], cwd=project, env={**os.environ, **environment}, capture_output=True, text=True
        )
        assert done.returncode == 2 and f"committed, though nobody can read it or make builds it: {name}" in done.stderr
    assert not (project / "ran").exists()


@pytest.mark.parametrize("bare", [False, True])
def test_nothing_runs_that_a_repository_names(tmp_path: Path, bare: bool) -> None:
    """One that came in an archive, or whose files a branch holds: to list what it has, git runs what it names."""
    repository_that_runs(tmp_path, bare)
    done = subprocess.run(["make", "help"], cwd=copied(tmp_path, "did"), capture_output=True, text=True)
    assert done.returncode == 0 and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", [".git", ".git/index", ".git/HEAD", ".git/config"])
def test_nothing_waits_for_a_repository_that_says_nothing(tmp_path: Path, name: str) -> None:
    project = copied(tmp_path, "did")
    if name != ".git":
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        (project / name).unlink(missing_ok=True)
    os.mkfifo(project / name)
    done = subprocess.run(["make", "help", "PATIENCE=1"], cwd=project, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "without git nothing tells whether ./.venv came" in done.stderr


@pytest.mark.parametrize("name", ["ingest/a.pyc", "re.so", ".VENV/bin/python"])
def test_an_archive_in_which_nobody_can_tell_whose_programs_are_is_told(tmp_path: Path, name: str) -> None:
    project = copied(tmp_path, "did")
    shutil.rmtree(project / ".venv")
    assert subprocess.run(["make", "help"], cwd=project, capture_output=True, text=True).stderr == ""
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).touch()
    done = subprocess.run(["make", "help"], cwd=project, capture_output=True, text=True)
    assert f"without git nothing tells whether ./{name.partition('/bin')[0]} came with these files" in done.stderr


def test_nothing_is_installed_where_a_branchs_link_leads(tmp_path: Path) -> None:
    project, victim = tmp_path / "project", tmp_path / "victim"
    (victim / "bin").mkdir(parents=True)
    (victim / "bin/python").write_text("#!/bin/sh\necho run >> ran\n", "utf-8")
    (victim / "bin/python").chmod(0o755)
    project.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (project / name).write_bytes((ROOT / name).read_bytes())
    (project / ".venv").symlink_to(victim)
    for command in (["init", "--quiet"], ["add", "--force", ".venv"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    done = subprocess.run(["make", "site"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2
    assert "committed, though nobody can read it or make builds it: .venv" in done.stderr
    assert not (project / "ran").exists() and not (victim / ".site").exists()
