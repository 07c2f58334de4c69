"""The comment on a pull request: safe whatever a report holds, and no red run for what is nobody's fault."""

import json
import zipfile

import comment
import pytest
from hypothesis import given
from hypothesis import strategies as st

HEAD = "abc123"
COMMENTS = "repos/o/r/issues/7/comments"
OURS = {"login": "github-actions[bot]", "type": "Bot"}
PROBLEM = {
    "path": "talks/notes/101.md", "line": 3, "code": "N003", "severity": "error", "message": "no date in '某天'",
}  # fmt: skip


@pytest.fixture
def pull(github):
    """Pull request 7, whose head was checked and that nobody has commented on."""
    github.has("repos/o/r/pulls/7", {"head": {"sha": HEAD}})
    github.has(f"{COMMENTS}?per_page=100&page=1", [])
    for where in (COMMENTS, "issues/comments"):
        github.has(where, {}, "POST")
    return github


def post(github, report, **size):
    github.keeps(31, report if isinstance(report, str | bytes) else json.dumps(report, ensure_ascii=False), **size)
    return github.run("comment", 31, HEAD)


def test_first_report_is_a_new_comment_and_the_next_renews_it(pull):
    assert post(pull, {"number": 7, "errors": 1, "problems": [PROBLEM]}).returncode == 0
    [(method, path, body)] = pull.written
    assert (method, path) == ("POST", COMMENTS)
    assert "检查没有通过：1 处错误" in body["body"]
    pull.has(f"{COMMENTS}?per_page=100&page=1", [{"id": 2, "user": OURS, "body": body["body"]}])
    pull.has("repos/o/r/issues/comments/2", {}, "PATCH")
    assert post(pull, {"number": 7}).returncode == 0
    [(method, path, _)] = pull.written
    assert (method, path) == ("PATCH", "repos/o/r/issues/comments/2")


def test_comment_of_ours_is_found_behind_a_hundred_others_and_among_the_deleted(pull):
    others = [{"id": 1, "user": None, "body": comment.MARK}, {"id": 2, "user": OURS, "body": None}]
    others += [{"id": 3, "user": {"login": "someone"}, "body": comment.MARK}] * 98
    pull.has(f"{COMMENTS}?per_page=100&page=1", others)
    pull.has(f"{COMMENTS}?per_page=100&page=2", [{"id": 102, "user": OURS, "body": comment.MARK}])
    pull.has("repos/o/r/issues/comments/102", {}, "PATCH")
    assert post(pull, {"number": 7}).returncode == 0
    assert [call[1] for call in pull.written] == ["repos/o/r/issues/comments/102"]


def test_run_without_a_report_is_said_and_green(github):
    github.has("repos/o/r/actions/runs/31/artifacts?name=report", {"artifacts": []})
    done = github.run("comment", 31, HEAD)
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::")
    assert "没有留下报告" in done.stdout
    assert not github.written


@pytest.mark.parametrize(
    "report",
    ["[]", '{"number": "7"}', "{}", '{"number": true}', '{"number": 7.0}', '{"number": -7}', "[" * 100_000, "\x00",
     '{"number": ' + "1" * 5000 + "}", '{"number": 7, "x": "' + "a" * 1_000_000 + '"}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_report_that_names_no_pull_request_is_said_and_green(pull, report):
    done = post(pull, report, size=1000)
    assert (done.returncode, done.stderr) == (0, "")
    assert "没有合并请求的编号" in done.stdout
    assert not pull.written


def test_file_that_is_no_archive_or_holds_no_report_is_said_and_green(pull):
    pull.keeps_packed(31, b"no archive")
    assert "没有留下报告" in pull.run("comment", 31, HEAD).stdout
    pull.keeps(31, "{}", name="../report.json")
    assert "没有留下报告" in pull.run("comment", 31, HEAD).stdout
    assert not pull.written


def test_archive_is_not_read_further_than_a_report_may_be_long(pull):
    bomb = b'{"number": 7}' + b" " * 30_000_000
    done = post(pull, bomb)
    assert (done.returncode, pull.written) == (0, [])


@pytest.mark.parametrize("head", ["another", None])
def test_report_for_another_head_or_for_nothing_is_not_posted(pull, head):
    if head:
        pull.has("repos/o/r/pulls/7", {"head": {"sha": head}})
    else:
        del pull.answers["GET repos/o/r/pulls/7"]
    done = post(pull, {"number": 7})
    assert done.returncode == 0
    assert "检查的不是 #7" in done.stdout
    assert not pull.written


def test_what_github_refuses_is_red(pull):
    pull.refuses(COMMENTS, "gh: Resource not accessible by integration (HTTP 403)", "POST")
    done = post(pull, {"number": 7})
    assert done.returncode != 0
    assert "HTTP 403" in done.stderr


def test_preview_is_linked_where_its_run_is_known(pull):
    pull.has(
        f"repos/o/r/actions/workflows/preview.yml/runs?head_sha={HEAD}&per_page=1",
        {"workflow_runs": [{"id": 99, "html_url": "https://elsewhere.example"}]},
    )
    post(pull, {"number": 7})
    assert "(https://github.com/o/r/actions/runs/99)" in pull.written[0][2]["body"]


def test_longest_comment_fits(pull):
    row = dict.fromkeys(PROBLEM, "𝕏" * 300)
    report = {"number": 7, "errors": 10**9, "problems": [row] * 31, "elsewhere": [row] * 31, "topics": ["𝕏" * 300] * 40}
    report["understood"] = [{"path": "𝕏" * 300, "lines": ["𝕏" * 300] * 40}] * 10
    assert post(pull, report).returncode == 0
    body = pull.written[0][2]["body"]
    assert len(body) < comment.COMMENT
    assert body.endswith("`docs/guide/rules.md`。")


def test_comment_says_what_the_check_says():
    text = comment.render({"errors": 40, "warnings": 2, "problems": [PROBLEM] * 40, "topics": ["lora"]})
    assert text.startswith(comment.MARK)
    assert "检查没有通过：40 处错误，2 处提醒" in text
    assert "- `talks/notes/101.md` 第 `3` 行，`N003`：`no date in '某天'`" in text
    assert "- ……另有 10 处" in text
    assert "会链接到的概念：`lora`" in text
    read = {"path": "talks/notes/101.md", "lines": ["问题：2 个，待回答 1 个", "  Q1 甲？ — `1` 个回答"]}
    shown = comment.render({"errors": 0, "understood": [read, {"path": "x", "lines": 3}, 7]})
    assert "从 `talks/notes/101.md` 里读到的：\n\n- `问题：2 个，待回答 1 个`\n- `Q1 甲？ — ˋ1ˋ 个回答`\n" in shown
    assert "没有发现问题" in comment.render({"errors": 0, "problems": []})
    assert "检查通过，有 1 处提醒" in comment.render({"errors": 0, "warnings": 1, "problems": [PROBLEM]})
    assert "这次没有改" in comment.render({"errors": 1, "elsewhere": [PROBLEM]})
    broken = comment.render({"failure": "MemoryError", "errors": 0})
    assert "没能做完：`MemoryError`" in broken
    assert "没有发现问题" not in broken


JSON = st.recursive(
    st.none() | st.integers() | st.text()
    | st.sampled_from(["`@everyone` [x](javascript:1)", "a\n\n# b", "<img src=x>", "half \ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["problems", "elsewhere", "topics", "understood", "lines", "path", "line", "code",
          "message", "failure", "errors"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.slow
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


def test_archives_of_the_tests_are_what_they_seem(github):
    github.keeps(1, "{}")
    assert zipfile.ZipFile(github.folder / "report.zip").namelist() == ["report.json"]
