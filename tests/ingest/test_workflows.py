"""What GitHub runs for the project: valid, audited, pinned, and the comment safe whatever a report holds."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.conftest import NOTE, QUESTION

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
PATHS = ("constraints.txt", "tools/oracles/constraints.txt")


def load(name):
    spec = importlib.util.spec_from_file_location(name, GITHUB / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


report, comment = load("report"), load("comment")


def workflow(name):
    return yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text("utf-8"))


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_fit_githubs_schema():
    assert {path.stem for path in WORKFLOWS} == {"test", "pages", "feeds", "lock", "check-notes", "comment"}
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
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    plan = yaml.safe_load(text)
    assert plan["permissions"] in ({}, {"contents": "read"})
    for job in plan["jobs"].values():
        assert job["timeout-minutes"]
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_strangers_bring_meets_no_token_that_can_write():
    check, post = workflow("check-notes"), workflow("comment")
    assert check["permissions"] == {"contents": "read"}
    assert "permissions" not in check["jobs"]["check"]
    [checkout] = [step for step in post["jobs"]["comment"]["steps"] if "uses" in step]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    for name, job in (("feeds", "fetch"), ("lock", "update")):
        assert workflow(name)["jobs"][job]["permissions"] == {"contents": "read"}


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
    assert len(pythons) == 4
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


def test_question_form_asks_for_what_a_question_file_holds():
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE/question.yml").read_text("utf-8"))
    assert [part["id"] for part in form["body"]] == [
        "title", "text", "answer", "sources", "topics", "asker", "licence",
    ]  # fmt: skip
    assert form["body"][0]["validations"]["required"] is True
    run(
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.github-issue-forms",
        GITHUB / "ISSUE_TEMPLATE/question.yml",
    )


def test_report_names_problems_duplicates_and_topics_of_the_changed_files_alone(project):
    (project / "talks/questions/again.md").write_text(QUESTION.replace("之后还能", "以后还能"), "utf-8")
    (project / "talks/questions/unknown.md").write_text("---\ntopics: [nowhere]\n---\n\n# 别的事？\n", "utf-8")
    (project / "talks/notes/102.md").write_text(NOTE.replace("101", "102").replace("2024-03-02", "某天"), "utf-8")
    found = report.report(7, {"talks/questions/again.md", "talks/notes/102.md"}, project)
    assert found["number"] == 7
    assert [(p["path"], p["code"]) for p in found["problems"]] == [("talks/notes/102.md", "N003")]
    assert ("LoRA 合并以后还能拆开吗？", "talks/questions/unmerge-lora.md") in [
        (pair["title"], pair["other_path"]) for pair in found["duplicates"]
    ]
    assert found["topics"] == ["lora"]
    assert json.loads(json.dumps(found)) == found


def test_comment_says_what_was_found():
    problem = {"path": "talks/notes/101.md", "line": 3, "code": "N003", "message": "no date in '某天'"}
    pair = {"title": "甲？", "other": "甲甲？", "other_path": "talks/questions/a.md"}
    text = comment.render({"problems": [problem] * 40, "duplicates": [pair], "topics": ["lora"]})
    assert text.startswith(comment.MARK)
    assert "- `talks/notes/101.md` 第 `3` 行，`N003`：`no date in '某天'`" in text
    assert "- ……另有 10 处" in text
    assert "- `甲？` 与 `甲甲？`（`talks/questions/a.md`）" in text
    assert "会链接到的概念：`lora`" in text
    assert "没有发现问题" in comment.render({"problems": []})


JSON = st.recursive(
    st.none() | st.integers() | st.text()
    | st.sampled_from(["`@everyone` [x](javascript:1)", "a\n\n# b", "<img src=x>", "half \ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["problems", "duplicates", "topics", "path", "line", "code", "message", "title", "other"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_a_report_holds_is_shown_as_code_on_its_line(data):
    from markdown_it import MarkdownIt

    text = comment.render(data)
    assert text.encode()
    tokens = MarkdownIt("commonmark").parse(text.removeprefix(comment.MARK))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block", "strong_open"}
    assert next(token.content for token in tokens if token.type == "inline") == "笔记与问答的检查"
    assert sum(token.type == "heading_open" for token in tokens) == 1
    plain = "".join(c.content for token in tokens for c in token.children or () if c.type == "text")
    assert "@" not in plain
    assert "<" not in plain


def test_report_for_another_head_is_not_posted(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text('{"number": 7}')
    calls = []
    answers = {"repos/o/r/pulls/7": {"head": {"sha": "right"}}}

    def gh(*arguments):
        calls.append(arguments)
        return answers.get(arguments[0], [])

    monkeypatch.setattr(comment, "gh", gh)
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    with pytest.raises(SystemExit, match="another head"):
        comment.main(str(path), "wrong")
    assert len(calls) == 1
    comment.main(str(path), "right")
    assert calls[-1][:3] == ("repos/o/r/issues/7/comments", "--method", "POST")
    answers["repos/o/r/issues/7/comments?per_page=100"] = [
        {"id": 1, "user": {"type": "User"}, "body": comment.MARK},
        {"id": 2, "user": {"type": "Bot"}, "body": comment.MARK + "old"},
    ]
    comment.main(str(path), "right")
    assert calls[-1][:3] == ("repos/o/r/issues/comments/2", "--method", "PATCH")


@pytest.mark.parametrize("content", ["[]", '{"number": "7"}', "{}"])
def test_report_without_a_number_is_not_posted(tmp_path, monkeypatch, content):
    (tmp_path / "report.json").write_text(content)
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    with pytest.raises(SystemExit, match="names no pull request"):
        comment.main(str(tmp_path / "report.json"), "head")
