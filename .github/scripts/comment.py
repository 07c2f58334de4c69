"""Post a report on its pull request as one comment, or renew the comment: `comment.py REPORT HEAD`.

Runs with a token that may write, over a report that a stranger's run made: every string of it is shown as code, on
one line and cut short, and nothing of it is run. Standard library and `gh` alone.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

MARK = "<!-- openllm-wiki: check-notes -->"
LARGEST = 1_000_000
ROWS = 30


def render(report: object) -> str:
    """The comment's Markdown, whatever the report holds."""
    data = report if isinstance(report, dict) else {}
    problems, duplicates = rows(data.get("problems")), rows(data.get("duplicates"))
    topics = data.get("topics")
    lines = [MARK, "### 笔记与问答的检查", ""]
    lines.append(f"发现 {len(problems)} 处问题：" if problems else "没有发现问题。")
    lines += listed(
        [f"{code(r, 'path')} 第 {code(r, 'line')} 行，{code(r, 'code')}：{code(r, 'message')}" for r in problems]
    )
    if duplicates:
        lines += ["", "可能和已有的问题重复，请看看能不能合并："]
        lines += listed([f"{code(r, 'title')} 与 {code(r, 'other')}（{code(r, 'other_path')}）" for r in duplicates])
    if isinstance(topics, list) and topics:
        lines += ["", "会链接到的概念：" + "、".join(shown(name) for name in topics[:ROWS])]
    lines += ["", "本机检查：`python -m ingest check`；写法见 `docs/guide/notes.md`。"]
    return "\n".join(lines)


def rows(value: object) -> list[dict[str, object]]:
    """The mappings of a list; nothing else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def listed(lines: list[str]) -> list[str]:
    """As a list, cut short."""
    more = [f"- ……另有 {len(lines) - ROWS} 处"] if len(lines) > ROWS else []
    return [f"- {line}" for line in lines[:ROWS]] + more


def code(row: dict[str, object], key: str) -> str:
    """One value of a row, as code."""
    return shown(row.get(key, "?"))


def shown(value: object) -> str:
    """Any value as inline code that cannot end before its end."""
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]+", " ", str(value)).strip()
    text = text.encode("utf-8", "replace").decode()  # JSON may hold half a character
    return f"`{text.replace('`', 'ˋ')[:200] or '?'}`"


def main(path: str, head: str) -> None:
    """Find the pull request and its comment, and write."""
    content = Path(path).read_bytes()
    if len(content) > LARGEST:
        sys.exit("the report is too large")
    report = json.loads(content)
    number = report.get("number") if isinstance(report, dict) else None
    if not isinstance(number, int):
        sys.exit("the report names no pull request")
    repository = os.environ["GITHUB_REPOSITORY"]
    if gh(f"repos/{repository}/pulls/{number}")["head"]["sha"] != head:
        sys.exit(f"#{number} has another head than the one that was checked")
    comments = gh(f"repos/{repository}/issues/{number}/comments?per_page=100")
    old = next((c["id"] for c in comments if c["user"]["type"] == "Bot" and c["body"].startswith(MARK)), None)
    where = f"issues/comments/{old}" if old else f"issues/{number}/comments"
    gh(f"repos/{repository}/{where}", "--method", "PATCH" if old else "POST", "--raw-field", f"body={render(report)}")


def gh(*arguments: str):
    """One call of GitHub's interface."""
    return json.loads(subprocess.run(["gh", "api", *arguments], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
