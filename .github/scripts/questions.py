"""What was asked or answered in an issue, as a file of `talks/questions/`: `questions.py NUMBER FOLDER`.

Runs in the job that can only read; the file lies in FOLDER, its name and the proposal's kind are outputs. A question
keeps its number, author, day and address. A comment becomes an answer where the asker or a maintainer marks it:
`/回答` or `/answer` on the first line of one's own comment, `/采纳` or `/accept` (with the other comment's address, or
right below it) for somebody else's. Nothing that is in the file already is written again, so that what a maintainer
changed there stays.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from github import api, give, repository, say

from ingest.model import Answer
from ingest.questions.discussions import parse_discussion, said_where
from ingest.questions.parse import SOURCES, parse_answer
from ingest.questions.write import write_answer, write_question

TALKS = Path("talks")
MARK = re.compile(r"\s*/(回答|answer|采纳|accept)\b[ \t]*([^\r\n]*)")
ADDRESS = re.compile(r"https?://\S+")
MAINTAINERS = {"OWNER", "MEMBER", "COLLABORATOR"}
PLACE = re.compile(r"talks/questions/([a-z0-9][a-z0-9_-]*\.md)(?::\d+)?")
PER_PAGE = 100


def main(number: int, folder: Path) -> None:
    """Write the file that an issue asks for; say why where it asks for none."""
    issue = api(f"repos/{repository()}/issues/{number}")
    labels = {label["name"] for label in issue["labels"]}
    if "pull_request" in issue or not labels & {"question", "answer"}:
        return say(f"#{number} 没有标签 question 或 answer，没有收下。")
    name, text = answered(issue) if "answer" in labels else asked(issue, number)
    if not name:
        return say(f"#{number} 没有写明是 talks/questions/ 里的哪个文件，请维护者手动写进去。", "warning")
    path = TALKS / "questions" / name
    if path.exists() and path.read_text("utf-8") == text:
        return say(f"#{number} 里没有新的内容。")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    give("name", name)


def asked(issue: dict[str, Any], number: int) -> tuple[str, str]:
    """The file of a question: new, or as it stands with the answers that are not in it yet."""
    name = f"issue-{number}.md"
    marked = [{**comment, "isAnswer": accepted} for comment, accepted in answers(issue, comments(number))]
    title = re.sub(r"^(?:问题|Question)\s*[:：]\s*", "", issue["title"]) or issue["title"]
    item = {**issue, "title": title, "comments": marked}
    question = parse_discussion(item, name, str)  # its body is Markdown already
    path = TALKS / "questions" / name
    if not path.exists():
        return name, write_question(question, issue["html_url"], "")
    return name, with_answers(path.read_text("utf-8"), question.answers)


def answered(issue: dict[str, Any]) -> tuple[str, str]:
    """The file that an answer belongs to, with it; empty where it names none that is there."""
    parts = re.split(r"(?m)^### (.+?)\s*$", (issue["body"] or "").replace("\r\n", "\n"))
    said = {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    said = {name: "" if text == "_No response_" else text for name, text in said.items()}
    place = PLACE.fullmatch(said.get("问题在哪里", ""))
    path = TALKS / "questions" / place[1] if place else None
    if path is None or not path.is_file() or not said.get("回答"):
        return "", ""
    given = parse_answer(list(enumerate(said["回答"].split("\n"), 1)))
    text = given.text + (f"\n\n参考：\n\n{said['参考']}" if said.get("参考") else "")
    author = given.author or said.get("署名") or issue["user"]["login"]
    answer = Answer(text, author, 1, False, *said_where(issue))
    return path.name, with_answers(path.read_text("utf-8"), [answer])


def comments(number: int) -> list[dict[str, Any]]:
    """Every comment of an issue, oldest first."""
    found: list[dict[str, Any]] = []
    for page in range(1, 100):
        some = api(f"repos/{repository()}/issues/{number}/comments?per_page={PER_PAGE}&page={page}")
        found += some
        if len(some) < PER_PAGE:
            break
    return found


def answers(issue: dict[str, Any], said: list[dict[str, Any]]) -> list[tuple[dict[str, Any], bool]]:
    """The comments that the asker or a maintainer marked, in their order, and whether each was accepted."""
    marked: dict[int, bool] = {}
    texts = {comment["id"]: comment["body"] for comment in said}
    for at, comment in enumerate(said):
        mark = MARK.match(comment["body"])
        trusted = comment["user"]["login"] == issue["user"]["login"] or comment["author_association"] in MAINTAINERS
        if not mark or not trusted:
            continue
        text = f"{mark[2]}{comment['body'][mark.end() :]}".strip()
        if mark[1] in ("回答", "answer") and text and not ADDRESS.fullmatch(text):
            marked[comment["id"]], texts[comment["id"]] = False, text
        elif other := _meant(ADDRESS.search(mark[2]), said, at):
            accepted = mark[1] in ("采纳", "accept")
            if accepted:  # the last word counts
                marked = dict.fromkeys(marked, False)
            marked[other["id"]] = accepted
    return [({**one, "body": texts[one["id"]]}, marked[one["id"]]) for one in said if one["id"] in marked]


def _meant(address: re.Match[str] | None, said: list[dict[str, Any]], at: int) -> dict[str, Any] | None:
    """The comment of an address, or without one the last before that says something."""
    if address:
        return next((one for one in said if one["html_url"] == address[0]), None)
    return next((one for one in reversed(said[:at]) if not MARK.match(one["body"])), None)


def with_answers(text: str, given: Iterable[Answer]) -> str:
    """A question file with the answers whose address it does not hold, above its references, and the last one's day."""
    new = [answer for answer in given if answer.origin not in text]
    if not new:
        return text
    lines = text.rstrip("\n").split("\n")
    at = next((at for at, line in enumerate(lines) if SOURCES.match(line)), len(lines))
    parts = ["\n".join(lines[:at]).rstrip(), *map(write_answer, new), "\n".join(lines[at:])]
    days = [answer.said for answer in new if answer.said]
    return with_day("\n\n".join(part for part in parts if part) + "\n", str(max(days)) if days else "")


def with_day(text: str, day: str) -> str:
    """A question file whose head says that it was changed on a day."""
    if not day or not text.startswith("---\n"):
        return text
    if known := re.search(r"(?m)\A---\n(?:(?!---$).*\n)*?updated: *\[?(.*?)\]?$", text):
        days = dict.fromkeys([*filter(None, (found.strip() for found in known[1].split(","))), day])
        return f"{text[: known.start(1)].rstrip('[')}[{', '.join(days)}]{text[known.end() :]}"
    return text.replace("\n---\n", f"\nupdated: {day}\n---\n", 1)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
