"""Post the report of a run on its pull request as one comment, or renew the comment: `comment.py RUN HEAD`.

Runs with a token that may write, over a report that a stranger's run made: every string of it is shown as code, on
one line and cut short, and nothing of it is run. Whatever is missing is said, and is no failure of this run.
"""

import io
import itertools
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from github import Refused, address, api, raw, repository, say

MARK = "<!-- openllm-wiki: check-notes -->"
BOT = "github-actions[bot]"
LARGEST = 1_000_000  # bytes of a report
COMMENT = 65_536  # characters that GitHub takes
ROWS = 30
FILES, LINES, LINE = 2, 24, 80  # of what was understood; letters of a line


def main(run: str, head: str) -> None:
    """Find the report, the pull request and the comment, and write."""
    content = fetch(run)
    if content is None:
        return say(f"运行 {run} 没有留下报告（report），不写评论。")
    report = read(content)
    number = report.get("number")
    if type(number) is not int or number < 1:
        return say("报告里没有合并请求的编号，不写评论。")
    try:
        checked = api(f"repos/{repository()}/pulls/{number}")["head"]["sha"] == head
    except Refused as error:
        if "HTTP 404" not in str(error):
            raise
        checked = False
    if not checked:
        return say(f"检查的不是 #{number} 现在的提交，这份报告不用了。")
    old = next((one["id"] for one in comments(number) if is_ours(one)), None)
    where = f"issues/comments/{old}" if old else f"issues/{number}/comments"
    body = {"body": render(report, preview(head))}
    api(f"repos/{repository()}/{where}", "PATCH" if old else "POST", body)


def fetch(run: str) -> bytes | None:
    """The report as the run left it, no more than one byte too much of it; None where it left none."""
    found = api(f"repos/{repository()}/actions/runs/{run}/artifacts?name=report")["artifacts"]
    kept = next((one for one in found if not one["expired"]), None)
    if kept is None or kept["size_in_bytes"] > LARGEST:
        return None
    packed = raw(f"repos/{repository()}/actions/artifacts/{kept['id']}/zip")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open("report.json") as file:
            return file.read(LARGEST + 1)
    except Exception:  # a stranger's archive: whatever is wrong with it, there is no report
        return None


def read(content: bytes) -> dict[str, Any]:
    """A report, empty where it is none."""
    try:
        report = json.loads(content) if len(content) <= LARGEST else None
    except (ValueError, RecursionError):
        report = None
    return report if isinstance(report, dict) else {}


def comments(number: int) -> Iterator[dict[str, Any]]:
    """Every comment of a pull request, oldest first; a page is asked for when it is needed."""
    for page in itertools.count(1):
        found = api(f"repos/{repository()}/issues/{number}/comments?per_page=100&page={page}")
        yield from found
        if len(found) < 100:
            return


def is_ours(comment: dict[str, Any]) -> bool:
    """Whether this script wrote it; who deleted their account is nobody, and a text may be missing."""
    author = (comment.get("user") or {}).get("login")
    return author == BOT and (comment.get("body") or "").startswith(MARK)


def preview(head: str) -> str:
    """The page of the run that builds this commit's site; "" where there is none."""
    try:
        found = api(f"repos/{repository()}/actions/workflows/preview.yml/runs?head_sha={head}&per_page=1")
    except Refused:
        return ""
    runs = found.get("workflow_runs") or []
    return f"{address()}/actions/runs/{int(runs[0]['id'])}" if runs else ""


def render(report: object, preview: str = "") -> str:
    """The comment's Markdown, whatever the report holds; `preview` is an address of our own."""
    data = report if isinstance(report, dict) else {}
    problems, elsewhere = rows(data.get("problems")), rows(data.get("elsewhere"))
    topics = data.get("topics")
    lines = [MARK, "### 笔记与问答的检查", "", verdict(data)]
    lines += listed(problems)
    if elsewhere:
        lines += ["", "这次没有改、但检查也说有错的文件：", *listed(elsewhere)]
    if isinstance(topics, list) and topics:
        lines += ["", "会链接到的概念：" + "、".join(code(name) for name in topics[:ROWS])]
    lines += [line for row in rows(data.get("understood"))[:FILES] for line in told(row)]
    if preview:
        lines += ["", f"网站的预览：[这次运行]({preview})做好以后，页面底部的 Artifacts 里有 site，说明也在那里。"]
    lines += ["", "本机检查：`make check`；写法见 `docs/guide/notes.md`，规则见 `docs/guide/rules.md`。"]
    return "\n".join(lines)[:COMMENT]


def told(row: dict[str, object]) -> list[str]:
    """What was understood of one file, a line each, so that its author sees what is missing."""
    said = row.get("lines")
    lines = said[:LINES] if isinstance(said, list) else []
    return (
        ["", f"从 {cell(row, 'path')} 里读到的：", "", *(f"- {code(str(line)[:LINE])}" for line in lines)]
        if lines
        else []
    )


def verdict(data: dict[str, Any]) -> str:
    """What the check says, in one sentence."""
    if data.get("failure"):
        return f"检查自己没能做完：{code(data['failure'])}。请维护者看一看运行记录。"
    errors, warnings = count(data.get("errors")), count(data.get("warnings"))
    if errors:
        return f"检查没有通过：{errors} 处错误" + (f"，{warnings} 处提醒：" if warnings else "：")
    return f"检查通过，有 {warnings} 处提醒。" if warnings else "检查通过，没有发现问题。"


def count(value: object) -> int:
    """A number of things, 0 where it is none."""
    return min(value, 10**6) if type(value) is int and value > 0 else 0


def rows(value: object) -> list[dict[str, object]]:
    """The mappings of a list; nothing else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def listed(problems: list[dict[str, object]]) -> list[str]:
    """A line for each problem, cut short."""
    lines = [
        f"- {cell(row, 'path')} 第 {cell(row, 'line')} 行，{cell(row, 'code')}：{cell(row, 'message')}"
        for row in problems[:ROWS]
    ]
    return lines + ([f"- ……另有 {len(problems) - ROWS} 处，见运行记录"] if len(problems) > ROWS else [])


def cell(row: dict[str, object], key: str) -> str:
    """One value of a row, as code."""
    return code(row.get(key, "?"))


def code(value: object) -> str:
    """Any value as inline code that cannot end before its end."""
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]+", " ", str(value)).strip()
    text = text.encode("utf-8", "replace").decode()  # JSON may hold half a character
    return f"`{text.replace('`', 'ˋ')[:200] or '?'}`"


if __name__ == "__main__":
    main(*sys.argv[1:])
