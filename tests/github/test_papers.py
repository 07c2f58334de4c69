"""What the feeds brought becomes a pull request that grows, whatever strangers and settings do; with real git."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ATTRIBUTES = (Path(__file__).parents[2] / ".gitattributes").read_text("utf-8")

OPEN = "repos/o/r/pulls"
LIST = "repos/o/r/pulls?head=o:feeds/papers&state=all&per_page=100"
WEEK = "talks/papers/2026-W40.jsonl"


def git(where, *arguments):
    command = ["git", "-C", where, "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout.strip()


class Project:
    """A repository on a server, as a run finds it; each run works on a clone of its own."""

    def __init__(self, tmp_path: Path, github, begun: Path) -> None:
        self.tmp_path, self.github, self.runs = tmp_path, github, 0
        self.server, self.home = tmp_path / "server", tmp_path / "home"
        if begun.exists():  # git takes its time, and every test begins with the same
            for folder in (self.server, self.home):
                shutil.copytree(begun / folder.name, folder)
            git(self.home, "remote", "set-url", "origin", self.server)
        else:
            git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "trunk", self.server)
            git(tmp_path, "clone", "--quiet", self.server, self.home)
            texts = {"talks/papers/2026-W39.jsonl": "old\n", "talks/feeds.json": "{}\n", "README.md": "hello\n"}
            self.write({**texts, ".gitattributes": ATTRIBUTES})
            for folder in (self.server, self.home):
                shutil.copytree(folder, begun / folder.name)
        self.says([])
        github.has(OPEN, {"number": 3}, "POST")

    def write(self, files, branch="trunk"):
        """Commit files on a branch of the server."""
        git(self.home, "fetch", "--quiet", "origin")
        known = git(self.home, "ls-remote", "--heads", "origin", branch)
        git(self.home, "checkout", "--quiet", "-B", branch, *([f"origin/{branch}"] if known else []))
        for name, text in files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        git(self.home, "add", "--all")
        git(self.home, "commit", "--quiet", "--message", "x")
        git(self.home, "push", "--quiet", "origin", branch)

    def says(self, pulls):
        """What GitHub says of the pull requests: state and commit of each, and whose the branch is."""
        self.github.has(
            LIST,
            [{"state": state, "head": {"sha": sha, "repo": {"full_name": name}}} for state, sha, name in pulls],
        )

    def fetch(self, papers, record="{}\n", meanwhile=None):
        """One run of feeds.yml, in which the feeds bring these lines; the run of its second half."""
        self.runs += 1
        clone = self.tmp_path / f"run-{self.runs}"
        found = self.tmp_path / f"found-{self.runs}"
        git(self.tmp_path, "clone", "--quiet", self.server, clone)
        assert self.github.run("papers", "start", cwd=clone).returncode == 0
        base = self.github.outputs["base"]
        if meanwhile:
            self.write(meanwhile)
        (clone / WEEK).parent.mkdir(parents=True, exist_ok=True)
        held = (clone / WEEK).read_text("utf-8") if (clone / WEEK).exists() else ""
        (clone / WEEK).write_text("".join(sorted({*held.splitlines(True), *papers})), "utf-8")
        (clone / "talks/feeds.json").write_text(record, "utf-8")
        git(self.tmp_path, "clone", "--quiet", self.server, f"{clone}-2")
        (found / "papers").mkdir(parents=True)
        for path in (clone / "talks/papers").iterdir():
            (found / "papers" / path.name).write_bytes(path.read_bytes())
        (found / "feeds.json").write_text(record, "utf-8")
        assert self.github.run("papers", "start", base, cwd=f"{clone}-2").returncode == 0
        return self.github.run("papers", "finish", found, cwd=f"{clone}-2", BASE="trunk")

    def read(self, name, branch="feeds/papers"):
        return git(self.server, "show", f"{branch}:{name}")

    @property
    def tip(self):
        return git(self.server, "rev-parse", "feeds/papers")

    def has_branch(self):
        return bool(git(self.server, "branch", "--list", "feeds/papers"))


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """Where the server and a clone of it are kept, once they were made."""
    return tmp_path_factory.mktemp("begun") / "project"


@pytest.fixture
def wiki(tmp_path, github, begun):
    return Project(tmp_path, github, begun)


def test_papers_are_proposed_and_nothing_else_is_changed(wiki):
    assert wiki.fetch(["a\n"]).returncode == 0
    assert wiki.read(WEEK) == "a"
    assert git(wiki.server, "diff", "--name-only", "trunk", "feeds/papers").split() == [WEEK]
    [(method, path, body)] = wiki.github.written
    assert (method, path, body["base"], body["head"]) == ("POST", OPEN, "trunk", "feeds/papers")


def test_nothing_new_makes_no_branch_and_no_pull_request(wiki):
    wiki.write({WEEK: "a\n"})
    done = wiki.fetch(["a\n"], record='{"seen": 1}\n')
    assert (done.returncode, wiki.github.written, wiki.has_branch()) == (0, [], False)


def test_what_nobody_has_merged_yet_is_kept_and_added_to(wiki):
    wiki.fetch(["a\n"])
    first = wiki.tip
    wiki.says([("open", first, "o/r")])
    wiki.write({"README.md": "hello again\n"})
    wiki.write({"note.md": "a reviewer's own\n"}, "feeds/papers")
    assert wiki.fetch(["b\n"]).returncode == 0
    assert wiki.read(WEEK) == "a\nb"
    assert wiki.read("README.md") == "hello again"
    assert wiki.read("note.md") == "a reviewer's own"
    assert git(wiki.server, "merge-base", first, "feeds/papers") == first
    assert not wiki.github.written


def test_day_without_news_leaves_the_branch_where_it_is(wiki):
    wiki.fetch(["a\n"])
    wiki.says([("open", tip := wiki.tip, "o/r")])
    wiki.write({"README.md": "hello again\n"})
    assert wiki.fetch(["a\n"]).returncode == 0
    assert wiki.tip == tip


@pytest.mark.parametrize("merged", [True, False])
def test_after_a_decision_the_branch_begins_anew_and_still_goes_forward(wiki, merged):
    wiki.fetch(["a\n"])
    first = wiki.tip
    wiki.says([("closed", first, "o/r")])
    wiki.write({WEEK: "a\n"} if merged else {"README.md": "no\n"})  # merged as one commit of its own, or refused
    assert wiki.fetch(["b\n"]).returncode == 0
    assert wiki.read(WEEK) == ("a\nb" if merged else "b")
    assert git(wiki.server, "diff", "--name-only", "trunk", "feeds/papers").split() == [WEEK]
    assert git(wiki.server, "merge-base", first, "feeds/papers") == first
    assert [call[1] for call in wiki.github.written] == [OPEN]


def test_both_sides_changed_the_record_of_feeds(wiki):
    wiki.fetch(["a\n"], record='{"a": 1}\n')
    wiki.says([("open", wiki.tip, "o/r")])
    wiki.write({"talks/feeds.json": '{"b": 2}\n'})
    assert wiki.fetch(["b\n"], record='{"c": 3}\n').returncode == 0
    assert wiki.read("talks/feeds.json") == '{"c": 3}'


def test_paper_added_by_hand_meanwhile_is_kept(wiki):
    wiki.fetch(["a\n", "c\n"])
    wiki.says([("open", wiki.tip, "o/r")])
    wiki.write({WEEK: "by hand\nc\n"})
    assert wiki.fetch(["d\n"]).returncode == 0
    assert wiki.read(WEEK).split("\n") == ["a", "by hand", "c", "d"]


def test_what_is_merged_while_the_feeds_are_asked_is_not_taken_back(wiki):
    assert wiki.fetch(["a\n"], meanwhile={"talks/papers/2026-W39.jsonl": "old\nnewer\n"}).returncode == 0
    base = git(wiki.server, "merge-base", "trunk", "feeds/papers")
    assert git(wiki.server, "diff", "--name-only", base, "feeds/papers").split() == [WEEK]


def test_nothing_but_a_commit_of_the_default_branch_is_begun_from(wiki, tmp_path):
    wiki.write({"evil": "x"}, "another")
    git(tmp_path, "clone", "--quiet", wiki.server, tmp_path / "clone")
    for since in (git(wiki.server, "rev-parse", "another"), "--help", "nothing"):
        assert wiki.github.run("papers", "start", since, cwd=tmp_path / "clone").returncode != 0


def test_branch_of_that_name_in_a_fork_does_not_stand_in_the_way(wiki):
    wiki.says([("open", "0" * 40, "stranger/r"), ("open", "0" * 40, "o/fork-in-the-same-house")])
    assert wiki.fetch(["a\n"]).returncode == 0
    assert [call[1] for call in wiki.github.written] == [OPEN]


def test_setting_that_forbids_pull_requests_is_named_and_the_papers_wait_on_the_branch(wiki):
    said = "gh: GitHub Actions is not permitted to create or approve pull requests. (HTTP 403)"
    wiki.github.refuses(OPEN, said, "POST")
    done = wiki.fetch(["a\n"])
    assert done.returncode == 0
    assert done.stdout.startswith("::warning::")
    assert "https://github.com/o/r/settings/actions" in done.stdout
    assert "https://github.com/o/r/compare/trunk...feeds/papers?expand=1" in done.stdout
    assert wiki.fetch(["b\n"]).returncode == 0
    assert wiki.read(WEEK) == "a\nb"
    wiki.github.has(OPEN, {"number": 3}, "POST")  # the setting is right now, and nothing is new
    wiki.fetch(["b\n"])
    assert [call[1] for call in wiki.github.written] == [OPEN]


def test_other_refusals_are_red(wiki):
    wiki.github.refuses(OPEN, "gh: Server Error (HTTP 502)", "POST")
    assert wiki.fetch(["a\n"]).returncode != 0


def test_only_weeks_of_papers_are_taken_from_the_job_that_read_what_strangers_serve(wiki, tmp_path):
    found = tmp_path / "found"
    (found / "papers").mkdir(parents=True)
    (found / "papers/evil.py").write_text("x")
    (found / "papers/2026-W41.jsonl").symlink_to("/etc/hostname")
    (found / "papers/2026-W42.jsonl").write_text("a\n")
    (found / "feeds.json").write_text("{}\n")
    git(tmp_path, "clone", "--quiet", wiki.server, tmp_path / "clone")
    assert wiki.github.run("papers", "finish", found, cwd=tmp_path / "clone", BASE="trunk").returncode == 0
    changed = git(wiki.server, "diff", "--name-only", "trunk", "feeds/papers").split()
    assert changed == ["talks/papers/2026-W42.jsonl"]


def test_conflict_that_only_people_can_settle_is_said(wiki, tmp_path):
    wiki.fetch(["a\n"])
    wiki.says([("open", wiki.tip, "o/r")])
    git(wiki.home, "checkout", "--quiet", "trunk")
    git(wiki.home, "mv", "README.md", "ONE.md")
    wiki_commit(wiki.home, "trunk")
    git(wiki.home, "fetch", "--quiet", "origin", "feeds/papers")
    git(wiki.home, "checkout", "--quiet", "-B", "feeds/papers", "FETCH_HEAD")
    git(wiki.home, "mv", "README.md", "TWO.md")
    wiki_commit(wiki.home, "feeds/papers")
    git(tmp_path, "clone", "--quiet", wiki.server, tmp_path / "clone")
    done = wiki.github.run("papers", "start", cwd=tmp_path / "clone")
    assert done.returncode == 1
    assert "merge the default branch into it, or delete it" in done.stderr


def wiki_commit(home, branch):
    git(home, "commit", "--quiet", "--message", "x")
    git(home, "push", "--quiet", "origin", branch)
