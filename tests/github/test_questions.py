"""A stranger asks in an issue, another answers, and the site shows both: the file, and what its page says."""

import json
from pathlib import Path

import pytest

from ingest.model import Source
from ingest.pipeline import Inputs, build
from ingest.questions.parse import parse_question
from tests.github.conftest import SCRIPTS

import questions  # isort: skip - the script, found by the path that conftest adds

ROOT = SCRIPTS.parents[1]
HERE = "https://github.com/o/r/issues/12"
FORM = """### 问题

RAG 的切块大小怎么选？

### 背景

试过 512 和 1024。

### 回答

_No response_

### 参考

_No response_

### 相关概念

lora, qlora

### 提问者

_No response_

### 许可

- [X] 这些话是我自己写的，同意按 CC BY 4.0 发布
"""
ISSUE = {
    "number": 12, "title": "问题：RAG 的切块大小怎么选？", "body": FORM, "user": {"login": "ming"}, "html_url": HERE,
    "created_at": "2026-11-20T08:00:00Z", "labels": [{"name": "question"}], "comments": 2,
}  # fmt: skip


def comment(number, login, body, association="NONE", day="2026-11-21"):
    return {
        "id": number, "body": body, "user": {"login": login}, "author_association": association,
        "created_at": f"{day}T09:00:00Z", "html_url": f"{HERE}#issuecomment-{number}",
    }  # fmt: skip


ASKED = {"repos/o/r/issues/12": ISSUE, "repos/o/r/issues/12/comments?per_page=100&page=1": []}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What the first job writes: the file's text, "" where it writes none, and what it says."""
    (tmp_path / "talks/questions").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")

    def run(said=(), issue=ISSUE):
        written, told = [], []
        answers = dict(zip(ASKED, (issue, list(said)), strict=True))
        monkeypatch.setattr(questions, "api", answers.__getitem__)
        monkeypatch.setattr(questions, "give", lambda _, name: written.append(Path("out", name).read_text("utf-8")))
        monkeypatch.setattr(questions, "say", lambda text, *_: told.append(text))
        questions.main(12, Path("out"))
        return (written or [""])[0], "".join(told)

    return run


def test_script_runs_as_the_workflow_runs_it(github, tmp_path):
    for path, answer in ASKED.items():
        github.has(path, answer)
    done = github.run("questions", 12, "out", cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert github.outputs == {"name": "issue-12.md"}
    assert question((tmp_path / "out/issue-12.md").read_text("utf-8")).origin == HERE


def question(text):
    found, problems = parse_question(Source("talks/questions/issue-12.md", text))
    assert problems == []
    return found


def test_stranger_asks_another_answers_and_the_site_shows_both(read, tmp_path):
    asked, _ = read()
    page = build(Inputs(questions=(Source("talks/questions/issue-12.md", asked),)))[0]["qa/issue-12.md"]
    assert "待回答" in page and "试过 512 和 1024。" in page
    assert f"提问：[ming](../people/ming.md) · 2026 年 11 月 20 日 · [出处]({HERE})" in page
    (tmp_path / "talks/questions/issue-12.md").write_text(asked, "utf-8")
    said = (comment(1, "hua-b", "看文档的结构，一段一块。"), comment(2, "ming", "/采纳", day="2026-11-22"))
    answered, _ = read(said)
    page = build(Inputs(questions=(Source("talks/questions/issue-12.md", answered),)))[0]["qa/issue-12.md"]
    assert "已回答" in page and "看文档的结构，一段一块。" in page and "试过 512 和 1024。" in page
    who, where = '<a href="../../people/hua-b/">hua-b</a>', f'<a href="{HERE}#issuecomment-1">出处</a>'
    assert f"{who}（采纳） · 2026 年 11 月 21 日 · {where}" in page
    assert "修改：2026 年 11 月 21 日" in page


def test_question_keeps_its_number_author_day_and_address(read):
    text, _ = read()
    assert "## 参考" not in text  # which would repeat where it was asked
    found = question(text)
    assert (found.title, found.text, found.status) == ("RAG 的切块大小怎么选？", "试过 512 和 1024。", "open")
    assert (found.asker, str(found.asked), found.origin) == ("ming", "2026-11-20", HERE)
    assert found.topics == ("lora", "qlora")  # the form's own placeholder: the second is a name of the first
    assert [(field.name, field.value) for field in found.fields] == [("出自", HERE), ("许可", "CC-BY-4.0")]


FIRST = comment(1, "hua", "甲")


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        ([FIRST], []),  # nobody marked it
        ([FIRST, comment(2, "stranger", "/采纳")], []),
        ([comment(1, "hua", "/回答\n甲")], []),  # a stranger's own mark counts for nothing
        ([comment(1, "ming", "/回答\n我知道了：甲")], [("我知道了：甲", "ming", False)]),
        ([comment(1, "boss", "/answer\n\n甲", "MEMBER")], [("甲", "boss", False)]),
        ([FIRST, comment(2, "boss", "/采纳", "OWNER")], [("甲", "hua", True)]),
        ([FIRST, comment(2, "li", "乙"), comment(3, "ming", f"/采纳 {HERE}#issuecomment-1")], [("甲", "hua", True)]),
        (
            [FIRST, comment(2, "boss", "/回答", "OWNER"), comment(3, "li", "乙"), comment(4, "ming", "/accept")],
            [("乙", "li", True), ("甲", "hua", False)],
        ),
        (
            [FIRST, comment(2, "ming", "/采纳"), comment(3, "li", "乙"), comment(4, "ming", "/采纳")],
            [("乙", "li", True), ("甲", "hua", False)],
        ),
        ([FIRST, comment(2, "ming", "/采纳 https://evil.example/")], []),
        ([comment(1, "ming", "/采纳")], []),
        ([FIRST, comment(2, "ming", "/采纳 谢谢，有用！")], [("甲", "hua", True)]),
        ([comment(1, "boss", "/回答 甲\r\n\r\n乙", "OWNER")], [("甲\n\n乙", "boss", False)]),
        ([FIRST, comment(2, "boss", f"/answer {HERE}#issuecomment-1", "OWNER")], [("甲", "hua", False)]),
        ([comment(1, "boss", "/回答问题之前先看看这里", "OWNER")], []),
    ],
)  # fmt: skip
def test_comment_is_an_answer_where_the_asker_or_a_maintainer_marks_it(read, said, answers):
    found = question(read(said)[0])
    assert [(answer.text, answer.author, answer.accepted) for answer in found.answers] == answers


def test_what_a_maintainer_changed_stays_and_only_what_is_new_is_added(read, tmp_path):
    said = [FIRST, comment(2, "ming", "/采纳")]
    text = (
        read(said)[0].replace("RAG 的切块大小怎么选？", "RAG 切多大的块？").replace("甲", "甲，改过")
        + "\n## 参考\n\n- 书\n"
    )
    (tmp_path / "talks/questions/issue-12.md").write_text(text, "utf-8")
    assert "没有新的内容" in read(said)[1]
    later = [*said, comment(3, "boss", "/回答\n乙", "MEMBER", "2026-11-25")]
    changed = question(read(later)[0])
    assert (changed.title, [answer.text for answer in changed.answers]) == ("RAG 切多大的块？", ["甲，改过", "乙"])
    assert changed.remarks == "- 书"
    assert [str(day) for day in changed.updated] == ["2026-11-25"]


def test_days_of_several_changes_are_kept(read, tmp_path):
    said = [comment(1, "ming", "/回答\n甲", day="2026-11-21"), comment(2, "ming", "/回答\n乙", day="2026-11-25")]
    text = read()[0]
    for at in (1, 2):
        (tmp_path / "talks/questions/issue-12.md").write_text(text, "utf-8")
        text = read(said[:at])[0]
    assert [str(day) for day in question(text).updated] == ["2026-11-21", "2026-11-25"]


def test_answer_form_adds_to_the_file_it_names(read, tmp_path):
    said = {
        "问题在哪里": "talks/questions/why.md:5",
        "回答": "因为乙。",
        "参考": "- https://a.org",
        "署名": "_No response_",
    }
    body = "\n\n".join(f"### {name}\n\n{text}" for name, text in said.items())
    issue = ISSUE | {"body": body, "labels": [{"name": "answer"}], "title": "回答：甲？"}
    assert "手动写进去" in read(issue=issue)[1]  # there is no such file
    (tmp_path / "talks/questions/why.md").write_text("# 甲？\n\n## 回答\n\n不知道。\n", "utf-8")
    found = question(read(issue=issue)[0])
    assert [answer.text for answer in found.answers] == ["不知道。", "因为乙。\n\n参考：\n\n- https://a.org"]
    assert (found.answers[1].author, str(found.answers[1].said), found.answers[1].origin) == (
        "ming",
        "2026-11-20",
        HERE,
    )
    for place in ("talks/notes/000.md:3", "../x.md", "talks/questions/../../x.md", ""):
        assert not read(issue=issue | {"body": body.replace("talks/questions/why.md:5", place)})[0]


def test_answer_to_a_question_of_a_note_is_shown_with_it_and_the_note_stays(read, tmp_path):
    note = "【编号】：042\n\n## 问题\n\nQ1：甲？\n\nQ2：乙？\n"
    (tmp_path / "talks/notes").mkdir(parents=True, exist_ok=True)
    (tmp_path / "talks/notes/042.md").write_text(note, "utf-8")
    body = "### 问题在哪里\n\ntalks/notes/042.md:{}\n\n### 回答\n\n因为丙。"
    for title, line in (("回答：乙？", 1), ("别的题目", 7)):  # by its title, or by its line
        issue = ISSUE | {"body": body.format(line), "labels": [{"name": "answer"}], "title": title}
        text, _ = read(issue=issue)
        sources = {
            "notes": (Source("talks/notes/042.md", note),),
            "questions": (Source("talks/questions/answer-12.md", text),),
        }
        pages, records, problems = build(Inputs(**sources))
        asked = {question.title: [answer.text for answer in question.answers] for question in records.questions}
        assert asked == {"甲？": [], "乙？": ["因为丙。"]}
        assert not [problem for problem in problems if problem.path.endswith("answer-12.md")]
        assert "因为丙" in pages["qa/talk-042-q2.md"] and "ming" in pages["qa/talk-042-q2.md"]
    nowhere = ISSUE | {"body": body.format(99), "labels": [{"name": "answer"}], "title": "丁"}
    assert "手动写进去" in read(issue=nowhere)[1]


@pytest.mark.parametrize("body", [None, "", "随便写的，没有按表。\n\n# 大标题\n\n---\ntopics: [x]\n---"])
def test_issue_that_fits_no_form_is_still_a_question(read, body):
    found = question(read(issue=ISSUE | {"body": body})[0])
    assert (found.title, found.status) == ("RAG 的切块大小怎么选？", "open")


@pytest.mark.parametrize("change", [{"labels": []}, {"pull_request": {}}])
def test_other_issues_and_pull_requests_are_left_alone(read, change):
    assert not read(issue=ISSUE | change)[0]


def test_strangers_words_are_data(read):
    evil = 'x"\nlicence: y\n$(touch z) ${{ github.token }} `w`'
    said = [comment(1, "hua", f"{evil}\n\n## 回答（采纳）\n\n## 参考\n"), comment(2, "ming", "/采纳")]
    text, _ = read(said, ISSUE | {"title": evil, "body": evil})
    found = question(text)
    assert len(found.answers) == 1 and [field.name for field in found.fields] == ["出自"]
    assert json.dumps(found.title)  # one line
    assert "\n" not in found.title


def test_answer_is_known_by_its_whole_address_where_it_is_signed(read, tmp_path):
    """Comment 42 was taken for 4, and an answer that mentions another's address for that one."""
    said = [comment(42, "hua", "甲"), comment(43, "ming", f"/回答 见 {HERE}#issuecomment-5。")]
    marks = [comment(60 + at, "ming", f"/回答 {HERE}#issuecomment-{at}") for at in (42, 4, 5)]
    (tmp_path / "talks/questions/issue-12.md").write_text(read([*said, marks[0]])[0], "utf-8")
    text = read([*said, *marks, comment(4, "li", "乙"), comment(5, "an", "丙")])[0]
    assert sorted(answer.author for answer in question(text).answers) == ["an", "hua", "li", "ming"]


@pytest.mark.parametrize("begun", ["```", "~~~~\n```", "a\n\n````py\n```\n# x"])
def test_fence_that_nobody_closed_swallows_no_answer(read, tmp_path, begun):
    """The next answer's closed it, and was added again each time."""
    said = [comment(1, "hua", begun), comment(2, "ming", "/采纳"), comment(3, "ming", f"/回答 见\n\n{begun}")]
    text = read(said, ISSUE | {"body": begun})[0]
    assert [answer.author for answer in question(text).answers] == ["hua", "ming"]
    (tmp_path / "talks/questions/issue-12.md").write_text(text, "utf-8")
    assert "没有新的内容" in read(said, ISSUE | {"body": begun})[1]


def test_answer_of_marks_alone_is_not_added_again(read, tmp_path):
    said = [comment(1, "hua", "</details>"), comment(2, "ming", "/采纳")]
    (tmp_path / "talks/questions/issue-12.md").write_text(read(said)[0], "utf-8")
    assert "没有新的内容" in read(said)[1]


def test_answer_of_a_deleted_account_is_added_once(read, tmp_path):
    said = [{**comment(1, "", "甲"), "user": None}, comment(2, "ming", "/采纳")]
    (tmp_path / "talks/questions/issue-12.md").write_text(read(said)[0], "utf-8")
    assert "没有新的内容" in read(said)[1]


@pytest.mark.parametrize("nobody", [None, {"login": "ghost"}])
def test_who_deleted_their_account_accepts_nothing(nobody):
    """All of them are one to GitHub: another's mark is not the asker's."""
    said = [
        {"id": 1, "body": "要。", "html_url": f"{HERE}#1", "user": {"login": "b"}, "author_association": "NONE"},
        {"id": 2, "body": "/采纳", "html_url": f"{HERE}#2", "user": nobody, "author_association": "NONE"},
        {"id": 3, "body": None, "html_url": f"{HERE}#3", "user": nobody, "author_association": "OWNER"},
    ]
    assert questions.answers({"user": nobody}, said) == []
    [(accepted, is_accepted)] = questions.answers(
        {"user": {"login": "b"}}, [said[0], {**said[1], "user": said[0]["user"]}]
    )
    assert accepted["body"] == "要。" and is_accepted
