"""What GitHub runs for the project: valid, audited, pinned; what it keeps, and what it does where a setting lacks."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from ingest.pages.ways import Ways

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
PATHS = ("constraints.txt", "tools/oracles/constraints.txt")


def workflow(name):
    return yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text("utf-8"))


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_fit_githubs_schema():
    assert {path.stem for path in WORKFLOWS} == {
        "test", "pages", "preview", "feeds", "lock", "check-notes", "comment", "questions",
    }  # fmt: skip
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", GITHUB / "dependabot.yml")


def test_workflows_pass_zizmors_audit():
    run(BIN / "zizmor", "--offline", "--no-progress", "--strict-collection", GITHUB)


def test_audit_finds_what_it_should(tmp_path):
    bad = (GITHUB / "workflows/comment.yml").read_text("utf-8").replace("# zizmor: ignore[dangerous-triggers]", "#")
    (tmp_path / "bad.yml").write_text(bad, "utf-8")
    done = subprocess.run([BIN / "zizmor", "--offline", "--no-progress", tmp_path / "bad.yml"], capture_output=True)
    assert done.returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_permissions_minimal(path):
    text = path.read_text("utf-8")
    for action in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"[\w-]+(/[\w-]+){1,2}@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    plan = yaml.safe_load(text)
    assert plan["permissions"] in ({}, {"contents": "read"})
    for job in plan["jobs"].values():
        assert job["timeout-minutes"]
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_strangers_bring_meets_no_token_that_can_write():
    post = workflow("comment")
    for name in ("check-notes", "preview", "test"):
        assert workflow(name)["permissions"] == {"contents": "read"}
        assert not [job for job in workflow(name)["jobs"].values() if "permissions" in job]
        assert "secrets." not in (GITHUB / f"workflows/{name}.yml").read_text("utf-8")
    [checkout] = [step for step in post["jobs"]["comment"]["steps"] if "uses" in step]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    for name, job in (("feeds", "fetch"), ("lock", "update"), ("questions", "read")):
        assert "write" not in workflow(name)["jobs"][job]["permissions"].values()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_written_by_a_name_that_a_branch_may_have_made_a_link(path):
    steps = [step for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values() for step in job["steps"]]
    written = re.findall(r"(?<=\s)>+ *([^\s&]+)", "\n".join(step.get("run", "") for step in steps))
    assert all(re.fullmatch(r'/dev/null|"\$(RUNNER_TEMP/[\w.]+|GITHUB_\w+)"', name) for name in written), written


def triggers(plan):
    return plan[True]  # YAML 1.1 reads `on` as a truth


def test_no_branch_is_taken_for_the_default_one():
    for path in WORKFLOWS:
        plan = yaml.safe_load(path.read_text("utf-8"))
        for settings in filter(None, triggers(plan).values()) if isinstance(triggers(plan), dict) else ():
            assert "branches" not in settings
    mine = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert workflow("pages")["jobs"]["ask"]["if"] == mine
    assert all(job["if"].endswith(mine) for job in workflow("test")["jobs"].values())


def test_comment_waits_for_a_report_and_runs_no_shell_over_it():
    [job] = workflow("comment")["jobs"].values()
    assert job["if"].split("&& ")[1] == (
        """contains(fromJSON('["success", "failure"]'), github.event.workflow_run.conclusion)"""
    )
    assert job["steps"][-1]["run"] == 'python3 .github/scripts/comment.py "$RUN" "$HEAD"'


def test_site_is_built_and_deployed_only_where_there_are_pages():
    jobs = workflow("pages")["jobs"]
    assert jobs["build"]["needs"] == "ask"
    assert jobs["build"]["if"] == "needs.ask.outputs.url"
    assert jobs["deploy"]["needs"] == "build"
    [build] = [step for step in jobs["build"]["steps"] if "SITE_URL" in step.get("env", {})]
    assert build["env"]["SITE_URL"] == "${{ needs.ask.outputs.url }}"
    assert build["env"]["REPO_BRANCH"] == "${{ github.event.repository.default_branch }}"


def test_last_build_is_all_that_a_build_leaves():
    """Nothing of it may lack, or half a build would be taken for a whole one."""
    makefile = (GITHUB.parent / "Makefile").read_text("utf-8")
    cleaned = re.search(r"^clean:.*\n(?:\t@.*\n)*\trm -rf (.*)", makefile, re.MULTILINE)[1].split()
    [cached] = [
        step["with"]["path"].split()
        for step in workflow("pages")["jobs"]["build"]["steps"]
        if step.get("with", {}).get("key", "").startswith("build-")
    ]
    assert {*cached} - {".cache"} == {name for name in cleaned if not name.startswith(".")}


def test_clean_build_takes_nothing_that_earlier_runs_left():
    """Who suspects a cache has one way: the runtime's and pip's were taken all the same."""
    steps = workflow("pages")["jobs"]["build"]["steps"]
    caches = [step for step in steps if step.get("uses", "").startswith("actions/cache")]
    assert len(caches) == 2 and {step.get("if") for step in caches} == {"${{ !inputs.clean }}"}
    [build] = [step for step in steps if "make site" in step.get("run", "")]
    assert build["env"]["PIP_NO_CACHE_DIR"] == "${{ inputs.clean && '1' || '' }}"


def test_only_our_own_commits_run_where_caches_are_the_default_branchs():
    """A pull request's caches are its own; what these events start runs on the default branch, whoever causes them."""
    ours = {"push", "schedule", "workflow_dispatch"}
    for path in WORKFLOWS:
        events = workflow(path.stem)[True]  # as YAML reads `on`
        assert "pull_request_target" not in events
        for job in workflow(path.stem)["jobs"].values() if not {*events} <= ours | {"pull_request"} else ():
            uses = [step for step in job["steps"] if "uses" in step]
            assert not [step for step in uses if step["uses"].startswith("actions/cache")]
            checkouts = [step["with"]["ref"] for step in uses if step["uses"].startswith("actions/checkout")]
            assert checkouts == ["${{ github.event.repository.default_branch }}"]


def test_half_a_build_over_an_earlier_one_is_not_deployed():
    """Its last file says that a build has come to its end, and an earlier run's is removed first."""
    [build] = [step for step in workflow("pages")["jobs"]["build"]["steps"] if "SITE_URL" in step.get("env", {})]
    first, then = build["run"].splitlines()
    assert first == "rm -f site/.built"
    assert then.startswith("make site || { test -f site/.built &&")
    [build] = [step for step in workflow("preview")["jobs"]["site"]["steps"] if "make site" in step.get("run", "")]
    assert build["run"].splitlines() == ["rm -f site/.built", "make site || test -f site/.built"]
    assert '".built"' in (GITHUB.parent / "publish" / "build.py").read_text("utf-8")


def test_feeds_are_asked_every_day_after_arxiv_has_announced():
    """Midnight in New York is 4:00 UTC in summer and 5:00 in winter."""
    [[minute, hour, *days]] = [entry["cron"].split() for entry in triggers(workflow("feeds"))["schedule"]]
    assert (int(hour), days) == (5, ["*"] * 3)
    assert int(minute) > 15


def test_pythons_are_those_that_are_promised():
    """Debian 13 has the one that is left out."""
    pythons = workflow("test")["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.14"]
    assert workflow("test")["jobs"]["test"]["container"] == "debian:13-slim"
    assert 'requires-python = ">=3.11"' in (GITHUB.parent / "pyproject.toml").read_text("utf-8")
    assert "Python 3.11 to 3.14" in (GITHUB.parent / "README.md").read_text("utf-8")


def test_windows_is_sent_to_wsl_with_one_line():
    done = subprocess.run(["make", "OS=Windows_NT", "site"], cwd=GITHUB.parent, capture_output=True, text=True)
    assert done.returncode == 2
    assert "WSL" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    program = "import sys, runpy; sys.platform = 'win32'; runpy.run_module('ingest', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", program], cwd=GITHUB.parent, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "WSL" in done.stderr


def test_every_target_is_listed_without_gnu_tools():
    makefile = (GITHUB.parent / "Makefile").read_text("utf-8")
    done = subprocess.run(["make", "help"], cwd=GITHUB.parent, capture_output=True, text=True)
    named = re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[1].split()
    assert [line.split()[0] for line in done.stdout.splitlines()] == re.findall(r"^([a-z-]+):.*## ", makefile, re.M)
    assert {line.split()[0] for line in done.stdout.splitlines()} == set(named)


@pytest.mark.parametrize("name", ["feeds", "lock"])
def test_what_a_run_brought_cannot_replace_what_runs_beside_the_token(name):
    """The artifact is laid beside the checkout of the default branch, and named files of it are copied."""
    steps = workflow(name)["jobs"]["propose"]["steps"]
    assert steps[0]["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    [download] = re.findall(r"gh run download .*", "\n".join(step.get("run", "") for step in steps))
    assert '--dir "$RUNNER_TEMP/' in download
    assert "--force" not in (GITHUB / "workflows" / f"{name}.yml").read_text("utf-8")


def test_downloads_are_cached_by_the_lock():
    steps = [step for path in WORKFLOWS for job in workflow(path.stem)["jobs"].values() for step in job["steps"]]
    pythons = [step["with"] for step in steps if step.get("uses", "").startswith("actions/setup-python@")]
    assert len(pythons) == 6
    for settings in pythons:
        assert (settings["cache"], settings["cache-dependency-path"]) == ("pip", "constraints.txt")


LINES = [
    ("torch==2.13.0", True),
    ("numpy==2.4.6 ; python_full_version < '3.12'", True),
    ("# made by hand", True),
    ("--index-url=x", False),
    ("torch @ file:///x", False),
    ("a==1 --hash=x", False),
    ("a==1 ; x # y", False),
]


@pytest.mark.parametrize(("line", "fine"), LINES)
def test_only_versions_pass_from_the_run_to_the_proposal(tmp_path, line, fine):
    """The step's own script, with a `gh` that brings the line."""
    [take] = [step for step in workflow("lock")["jobs"]["propose"]["steps"] if "gh run download" in step.get("run", "")]
    gh = f'gh() {{ for f in {" ".join(PATHS)}; do mkdir -p "$(dirname "$7/$f")"; echo "$LINE" > "$7/$f"; done; }}\n'
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["bash", "-e", "-c", gh + take["run"]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path / "temp"), "LINE": line},
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == fine, done.stderr
    assert [(tmp_path / path).exists() for path in PATHS] == [fine, fine]


def test_tests_are_run_by_the_projects_own_command():
    assert workflow("test")["jobs"]["test"]["steps"][-1] == {"run": ".ci/run"}


def fields(name):
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / name).read_text("utf-8"))
    return {part["id"]: part for part in form["body"] if part["type"] != "markdown"}


def test_question_form_asks_for_what_a_question_file_holds():
    asked = fields("question.yml")
    assert [*asked] == ["question", "text", "answer", "sources", "topics", "asker", "licence"]
    assert asked["question"]["validations"]["required"] is True


@pytest.mark.parametrize("path", sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_forms_fit_githubs_schema(path):
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", path)


def test_pages_fill_in_fields_that_the_forms_have():
    ways = Ways("https://github.com/o/r")
    for address in (ways.ask(), ways.answer("甲", "a.md", 3), ways.correct("甲", "a.md", 3)):
        filled = dict(parse_qsl(urlsplit(address).query))
        assert {*filled} - {"template", "title"} <= {*fields(filled["template"])}
    assert dict(parse_qsl(urlsplit(ways.correct("甲", "a.md", 3)).query))["place"] == "a.md:3"


def test_what_an_issue_brought_is_one_file_with_a_plain_name():
    """The step's own check of the name, which comes from the job that read the issue."""
    [step] = [step for step in workflow("questions")["jobs"]["propose"]["steps"] if "run" in step]
    check = step["run"].splitlines()[0]
    for name, fine in (("issue-7.md", True), ("../x.md", False), ("a b.md", False), (".md", False), ("a.md;x", False)):
        done = subprocess.run(["bash", "-e", "-c", check], env={"NAME": name, "PATH": os.environ["PATH"]})
        assert (done.returncode == 0) == fine
    assert "${{" not in step["run"]
