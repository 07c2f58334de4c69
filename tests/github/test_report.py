"""The report on a pull request says what `ingest check` says, for every file that starts it."""

import json
import subprocess
import sys

import report

from tests.ingest.conftest import CONCEPT, NOTE, QUESTION


def checked(project):
    folders = [f"--{name}={project / name}" for name in ("talks", "docs", "snippets")]
    command = [sys.executable, "-m", "ingest", "check", "--format", "json", *folders]
    return json.loads(subprocess.run(command, capture_output=True, check=False).stdout)


BAD = {
    "talks/notes/102.md": NOTE.replace("101", "102").replace("2024-03-02", "某天"),
    "talks/questions/zz-again.md": QUESTION,
    "talks/questions/unknown.md": "---\ntopics: [nowhere]\n---\n\n# 别的事？\n",
    "talks/papers/2026-W40.jsonl": "no record\n",
    "talks/feeds.opml": "<opml><body>",
    "docs/topics/lora.md": CONCEPT.replace("summary:", "summary: #"),
}


def test_report_says_what_the_check_says_for_every_kind_of_file(project):
    for path, text in BAD.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, "utf-8")
    expected = checked(project)
    assert {problem["path"] for problem in expected} >= set(BAD)
    found = report.report(7, set(BAD), project)
    said = [(p["path"], p["line"], p["code"]) for p in found["problems"]]
    assert sorted(said) == sorted((p["path"], p["line"], p["code"]) for p in expected if p["path"] in BAD)
    assert found["errors"] == sum(p["severity"] == "error" for p in expected)
    assert found["warnings"] == sum(p["severity"] == "warning" for p in expected)
    severities = [p["severity"] for p in found["problems"]]
    assert severities == sorted(severities)


def test_error_in_a_file_that_was_not_changed_is_told_apart(project):
    (project / "talks/notes/102.md").write_text(BAD["talks/notes/102.md"], "utf-8")
    found = report.report(7, {"talks/questions/unmerge-lora.md"}, project)
    assert found["problems"] == []
    assert [(p["path"], p["code"]) for p in found["elsewhere"]] == [("talks/notes/102.md", "N003")]
    assert found["topics"] == ["lora"]


def test_problems_are_said_in_chinese_and_not_more_than_a_comment_needs(project):
    for number in range(report.MOST + 20):
        (project / f"talks/questions/{number}.md").write_text("---\ntopics: [nowhere]\n---\n\n# 问题\n", "utf-8")
    found = report.report(7, {f"talks/questions/{number}.md" for number in range(200)}, project)
    assert len(found["problems"]) == report.MOST
    assert "应为" in found["problems"][0]["message"]
    assert found["errors"] + found["warnings"] > report.MOST


def test_check_that_breaks_or_does_not_end_is_reported(project, monkeypatch):
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **k: real([sys.executable, "-c", "raise MemoryError"], **k))
    found = report.report(7, set(), project)
    assert (found["failure"], found["topics"], found["understood"]) == ("MemoryError", [], [])
    monkeypatch.setattr(report, "SECONDS", 0.2)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **k: real([sys.executable, "-c", "import time; time.sleep(9)"], **k)
    )
    assert "more than 0.2 seconds" in report.report(7, set(), project)["failure"]


def test_report_says_what_was_understood_of_changed_notes_and_questions(project):
    found = report.report(7, {"talks/notes/101.md", "docs/topics/lora.md"}, project)
    [told] = found["understood"]
    assert told["path"] == "talks/notes/101.md"
    assert {"时间：2024-03-02 21:00", "问题：2 个，待回答 1 个", "链接：1", "概念：LoRA"} <= set(told["lines"])
    assert "  Q2 显存不够怎么办？ — 待回答（群友）" in told["lines"]
    [told] = report.report(7, {"talks/questions/unmerge-lora.md"}, project)["understood"]
    assert told["lines"][0] == "题目：LoRA 合并之后还能拆开吗？ — 1 个回答"
