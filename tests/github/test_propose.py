"""Proposals of the workflows: a branch each time, nothing forced, no fork in the way, and a word where they may not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GH = """#!{python}
import json, os, sys

with open("{log}", "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
if sys.argv[1:3] == ["pr", "list"]:
    print(os.environ["OPEN"])
if sys.argv[1:3] == ["pr", "create"]:
    if "REFUSAL" in os.environ:
        sys.exit(os.environ["REFUSAL"])
    print("https://github.com/o/r/pull/9")
"""


class Repository:
    """A checkout whose origin is a folder, and a `gh` that writes down what it is asked."""

    def __init__(self, folder):
        self.work, self.log, self.bin = folder / "work", folder / "gh.log", folder / "bin"
        self.origin = folder / "origin.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", self.origin, cwd=folder)
        self.git("clone", "--quiet", self.origin, self.work, cwd=folder)
        self.commit("a.txt", "old\n")
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.bin.mkdir()
        (self.bin / "gh").write_text(GH.format(python=sys.executable, log=self.log), "utf-8")
        (self.bin / "gh").chmod(0o755)

    def git(self, *command, cwd=None):
        author = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        done = subprocess.run(["git", *author, *command], cwd=cwd or self.work, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, name, text):
        (self.work / name).write_text(text, "utf-8")
        self.git("add", name)
        self.git("commit", "--quiet", "--message", name)

    def branches(self):
        """Branch to commit, at the origin."""
        shown = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads", cwd=self.origin)
        return dict(line.split() for line in shown.splitlines())

    def propose(self, run="7", listed=(), refusal=None):
        env = os.environ | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "BASE": "main",
            "GITHUB_RUN_ID": run,
            "GITHUB_RUN_ATTEMPT": "1",
            "OPEN": json.dumps(listed),
        }
        env |= {"REFUSAL": refusal} if refusal else {}
        command = [sys.executable, ROOT / ".github/scripts/propose.py", "lock", "Newest", "body", "a.txt"]
        return subprocess.run(command, cwd=self.work, env=env, capture_output=True, text=True)

    def asked(self, *beginning):
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [call for call in map(json.loads, lines) if call[: len(beginning)] == list(beginning)]


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def listed(number, branch, fork=False):
    return {"number": number, "headRefName": branch, "isCrossRepository": fork}


def test_change_is_proposed_with_the_named_files_alone(repository):
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    (repository.work / "b.txt").write_text("not asked for\n", "utf-8")
    done = repository.propose()
    assert (done.returncode, done.stdout) == (0, "https://github.com/o/r/pull/9\n"), done.stderr
    assert set(repository.branches()) == {"main", "lock/7-1"}
    assert repository.git("show", "--name-only", "--format=%an %s", "lock/7-1", cwd=repository.origin).split("\n") == [
        "github-actions[bot] Newest", "", "a.txt", "",
    ]  # fmt: skip
    [call] = repository.asked("pr", "create")
    assert call[2:] == ["--base", "main", "--head", "lock/7-1", "--title", "Newest", "--body", "body"]


def test_nothing_new_asks_for_nothing(repository):
    assert repository.propose().stdout == "nothing new\n"
    assert repository.asked() == []
    assert set(repository.branches()) == {"main"}


def test_earlier_proposal_keeps_what_was_added_to_it_and_is_told(repository):
    repository.commit("a.txt", "mended by hand\n")
    repository.git("push", "--quiet", "origin", "HEAD:lock/6-1")
    repository.git("reset", "--quiet", "--hard", "origin/main")
    before = repository.branches()
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    done = repository.propose(listed=[listed(5, "lock/6-1"), listed(4, "feeds/1-1"), listed(3, "locket")])
    assert done.returncode == 0, done.stderr
    assert before.items() <= repository.branches().items()
    assert [call[2] for call in repository.asked("pr", "comment")] == ["5"]


def test_who_asks_again_and_again_fills_no_list(repository):
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    still_open = [listed(number, f"lock/{number}") for number in range(10)]
    done = repository.propose(listed=[*still_open[1:], listed(99, "lock/99", fork=True)])
    assert done.returncode == 0 and repository.asked("pr", "create")
    repository.git("reset", "--quiet", "--hard", "HEAD^")
    (repository.work / "a.txt").write_text("newer\n", "utf-8")
    done = repository.propose(run="8", listed=still_open)
    assert done.returncode == 0 and "::warning::nothing was proposed" in done.stdout
    assert len(repository.asked("pr", "create")) == 1 and "lock/8-1" not in repository.branches()


def test_fork_with_the_same_branch_is_not_in_the_way(repository):
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    assert repository.propose(listed=[listed(5, "lock/7-1", fork=True)]).returncode == 0
    assert len(repository.asked("pr", "create")) == 1
    assert repository.asked("pr", "comment") == []


def test_missing_permission_is_said_and_leaves_no_branch(repository):
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    done = repository.propose(refusal="GitHub Actions is not permitted to create or approve pull requests")
    assert done.returncode == 0
    assert done.stdout.startswith("::warning::")
    assert "Allow GitHub Actions to create and approve pull requests" in done.stdout
    assert set(repository.branches()) == {"main"}


def test_another_failure_fails(repository):
    (repository.work / "a.txt").write_text("new\n", "utf-8")
    done = repository.propose(refusal="HTTP 500")
    assert done.returncode == 1
    assert "HTTP 500" in done.stderr
