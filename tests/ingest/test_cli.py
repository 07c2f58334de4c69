"""The command line on a project on disk: exit codes, messages, and what is left behind."""

import json
import os
import re

import pytest

from ingest import pipeline
from ingest.cli import main
from ingest.importing import commands as documents
from ingest.importing import convert, document
from tests.ingest.conftest import CONCEPT, NOTE, QUESTION


def run(project, command, *arguments):
    places = ["--talks", project / "talks"] + (
        [] if command == "fetch" else ["--docs", project / "docs", "--snippets", project / "snippets"]
    )
    return main([str(part) for part in (command, *places, *arguments)])


def generated(project):
    return {p.relative_to(project).as_posix(): p.read_bytes() for p in (project / "docs").rglob("*.md")}


def test_good_project_is_built_and_a_second_run_writes_nothing(project, capsys):
    assert run(project, "build", "--json") == 0
    first, pages = json.loads(capsys.readouterr().out), generated(project)
    assert (first["talks"], first["questions"], first["topics"], first["problems"]) == (1, 3, 1, [])
    assert run(project, "build", "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["written"], second["removed"]) == (0, 0)
    assert generated(project) == pages


def test_nothing_is_built_again_until_a_source_or_a_page_is_touched(project, capsys, monkeypatch):
    run(project, "build", "--json")
    first, pages = json.loads(capsys.readouterr().out), generated(project)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "build", None)
        assert run(project, "build", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["questions"], again["pages"]) == (first["questions"], first["pages"])
    (project / "docs/qa/unmerge-lora.md").write_text("somebody else was here", "utf-8")
    run(project, "build")
    assert generated(project) == pages
    (project / "talks/questions/unmerge-lora.md").write_text(QUESTION.replace("能，", "能的，"), "utf-8")
    run(project, "build")
    assert "能的，" in (project / "docs/qa/unmerge-lora.md").read_text("utf-8")
    (project / ".cache/ingest.json").write_text("[]", "utf-8")
    assert run(project, "build") == 0


def test_problems_are_shown_again_by_each_build(project, capsys):
    (project / "talks/questions/unknown.md").write_text("---\ntopics: [nowhere]\n---\n\n# 丙？\n", "utf-8")
    for _ in range(2):
        assert run(project, "build") == 0  # a warning
        assert "T001" in capsys.readouterr().err


def test_every_problem_of_every_file_is_shown_and_the_rest_is_built(project, capsys):
    notes, questions = project / "talks" / "notes", project / "talks" / "questions"
    (notes / "102.md").write_bytes(NOTE.encode("gbk"))
    (notes / "103.md").write_text(NOTE, "utf-8")
    (notes / "104.md").write_text("【编号】：104\n\n## 本周新闻\n", "utf-8")
    (questions / "broken.md").write_text("---\ntopics: [a\n---\n\n# 甲？\n\n乙。\n", "utf-8")
    (questions / "unknown.md").write_text("---\ntopics: [nowhere]\n---\n\n# 丙？\n", "utf-8")
    (questions / "same.md").write_text("---\nid: unmerge-lora\n---\n\n# 丁？\n", "utf-8")
    (project / "docs/topics/rope.md").write_text(CONCEPT.replace("title: LoRA", "snippet: gone\ntitle: RoPE"), "utf-8")
    assert run(project, "build") == 1
    lines = capsys.readouterr().err.splitlines()
    places = [line.split(" ")[0] + line.split(" ")[1] for line in lines]
    assert places == [
        "docs/topics/rope.md:2:1:S001",
        "docs/topics/rope.md:5:1:T002",
        "docs/topics/rope.md:5:1:T002",
        "talks/notes/102.md:3:1:F002",
        "talks/notes/103.md:3:1:N002",
        "talks/notes/103.md:3:1:N028",
        "talks/notes/104.md:1:1:N003",
        "talks/notes/104.md:1:1:N004",
        "talks/questions/broken.md:2:11:F003",
        "talks/questions/unknown.md:2:1:T001",
        "talks/questions/unmerge-lora.md:5:1:Q001",
    ]
    assert all("; expected " in line for line in lines)
    assert {"docs/talks/101.md", "docs/talks/104.md", "docs/qa/broken.md"} <= set(generated(project))


def test_check_reports_on_the_named_files_alone(project, capsys):
    (project / "talks/questions/unknown.md").write_text("---\ntopics: [nowhere]\n---\n\n# 丙？\n", "utf-8")
    assert run(project, "check", project / "talks/notes/101.md") == 0
    assert run(project, "check", project / "talks/questions/unknown.md") == 0
    assert run(project, "check") == 0
    assert capsys.readouterr().err.count("T001") == 2


def test_check_of_one_note_knows_the_others_and_reads_nothing_else(project, capsys):
    (project / "talks/notes/102.md").write_text(NOTE, "utf-8")
    (project / "snippets/broken.py").write_text("(", "utf-8")
    assert run(project, "check", project / "talks/notes/102.md") == 1
    line, other = capsys.readouterr().err.splitlines()
    assert "talks/notes/102.md:3:1: N002 number 101 is taken by talks/notes/101.md" in line
    assert "talks/notes/102.md:3:1: N028 number 101 in the file 102.md" in other


def test_check_for_github_and_as_json(project, capsys):
    (project / "talks/questions/unknown.md").write_text("---\nduplicate_of: nowhere\n---\n\n# 丙？\n", "utf-8")
    assert run(project, "check", "--format", "github") == 1
    annotation = capsys.readouterr().out
    assert annotation.startswith("::error file=talks/questions/unknown.md,line=1,col=1,title=Q005::duplicate_of is")
    assert run(project, "check", "--format", "json") == 1
    [problem] = json.loads(capsys.readouterr().out)
    assert (problem["code"], problem["severity"], problem["line"]) == ("Q005", "error", 1)


def test_warnings_alone_pass(project, capsys):
    (project / "talks/notes/101.md").write_text(NOTE.replace("## 本周新闻", "一段说明\n\n## 本周新闻"), "utf-8")
    assert run(project, "check") == 0
    assert "N005" in capsys.readouterr().err


def test_parse_prints_a_talk_as_json(project, capsys):
    assert main(["parse", str(project / "talks/notes/101.md")]) == 0
    talk = json.loads(capsys.readouterr().out)
    assert (talk["kind"], talk["id"], talk["date"], talk["time"]) == ("talk", "talk-101", "2024-03-02", "21:00")
    assert talk["urls"] == ["https://example.org/lora"]
    assert [question["status"] for question in talk["questions"]] == ["answered", "open"]
    assert talk["questions"][0]["answers"] == [{"text": "从 8 试起。", "author": "小河"}]


def test_parse_prints_a_question_as_json(project, capsys):
    assert main(["parse", str(project / "talks/questions/unmerge-lora.md")]) == 0
    [question] = json.loads(capsys.readouterr().out)["questions"]
    assert (question["id"], question["status"]) == ("unmerge-lora", "answered")


@pytest.mark.parametrize("arguments", [["parse", "nowhere.md"], ["check", "nowhere.md"]])
def test_missing_file_is_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    assert "nowhere.md" in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["nonsense"])
    assert exit_info.value.code == 2
    assert main(["build", "--talks", "nowhere"]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_fetch_says_what_each_feed_brought_and_exits_2_on_an_unreadable_path(project, capsys):
    feed = project / "feed.json"
    feed.write_text('[{"paper": {"id": "2401.00001", "title": "A Paper", "publishedAt": "2024-01-02T00:00:00Z"}}]')
    assert run(project, "fetch", feed) == 0
    assert "2024-W01.jsonl" in [path.name for path in (project / "talks/papers").iterdir()]
    assert run(project, "fetch", project / "nowhere.xml") == 2
    assert "nowhere.xml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["parse", "import", "fmt", "check", "check --fix"])
@pytest.mark.parametrize("ending", ["md", "json"])
@pytest.mark.parametrize("what", ["a FIFO", "a device", "too much"])
def test_file_without_an_end_is_a_line(tmp_path, capfd, monkeypatch, command, ending, what):
    """Each hung, or took all memory."""
    path = tmp_path / f"a.{ending}"
    monkeypatch.setattr(convert, "DOCUMENT", 1000)
    for module in (document, documents):
        monkeypatch.setattr(module, "WHOLE", 1000)
    monkeypatch.setattr(document, "convert_within", convert.convert)  # in this process
    {"a FIFO": os.mkfifo, "a device": lambda to: to.symlink_to("/dev/zero")}.get(what, lambda to: to.touch())(path)
    if what == "too much":
        os.truncate(path, 10**10)
    name, *options = command.split()
    places = {"check": ("talks", "docs", "snippets"), "import": ("talks",)}.get(name, ())
    options += [f"--{place}={tmp_path}/project/{place}" for place in places]
    assert main([name, *options, str(path)]) in (1, 2)
    assert re.search("not a file|a FIFO|a link|more than|cannot convert", "".join(capfd.readouterr()))


def test_page_that_cannot_be_written_is_exit_code_2_and_says_so(project, capsys):
    (project / "docs/qa").write_text("a file where a folder belongs")
    assert run(project, "build") == 2
    assert "cannot write" in capsys.readouterr().err


def test_pages_of_a_removed_question_go(project):
    run(project, "build")
    (project / "talks/questions/unmerge-lora.md").unlink()
    run(project, "build")
    assert not (project / "docs/qa/unmerge-lora.md").exists()
    assert (project / "docs/topics/lora.md").read_text("utf-8") == CONCEPT


def test_same_input_gives_same_bytes_after_everything_generated_is_deleted(project):
    run(project, "build")
    pages = generated(project)
    for name in pages:
        if name != "docs/topics/lora.md":
            (project / name).unlink()
    run(project, "build")
    assert generated(project) == pages


def test_question_that_repeats_the_id_of_a_talks_question_is_reported(project, capsys):
    (project / "talks/questions/talk-101-q1.md").write_text(QUESTION, "utf-8")
    assert run(project, "check") == 1
    assert "Q001 id 'talk-101-q1' is taken by talks/notes/101.md" in capsys.readouterr().err
