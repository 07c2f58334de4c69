"""What was asked or answered in an issue, as a file of `talks/questions/`: `questions.py NUMBER FOLDER`.

Runs in the job that can only read; the file lies in FOLDER, its name and the proposal's kind are outputs. A question
keeps its number, author, day and address. A comment becomes an answer where the asker or a maintainer marks it:
`/回答` or `/answer` on the first line of one's own comment, `/采纳` or `/accept` (with the other comment's address, or
right below it) for somebody else's. A note stays as the evening was: an answer to one of its questions is a file of
its own that says whose `duplicate_of` it is, and the site shows it with the question. Nothing that is in the file
already is written again, so that what a maintainer changed there stays.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from github import api, give, repository, say

from ingest.model import Answer, Source
from ingest.notes.parse import parse_note
from ingest.plain import plain
from ingest.questions.discussions import parse_discussion, said_where
from ingest.questions.parse import SOURCES, parse_answer, parse_question
from ingest.questions.write import write_answer, write_question

TALKS = Path("talks")
MARK = re.compile(r"\s*/(回答|answer|采纳|accept)\b[ \t]*([^\r\n]*)")
ADDRESS = re.compile(r"https?://\S+")
MAINTAINERS = {"OWNER", "MEMBER", "COLLABORATOR"}
PLACE = re.compile(r"talks/questions/([a-z0-9][a-z0-9_-]*\.md)(?::\d+)?")
NOTE = re.compile(r"talks/notes/([a-z0-9][a-z0-9_-]*\.md)(?::(\d+))?")
PER_PAGE = 100


def main(number: int, folder: Path) -> None:
    """Write the file that an issue asks for; say why where it asks for none."""
    issue = api(f"repos/{repository()}/issues/{number}")
    labels = {label["name"] for label in issue["labels"]}
    if "pull_request" in issue or not labels & {"question", "answer"}:
        return say(f"#{number} 没有标签 question 或 answer，没有收下。")
    name, text = answered(issue, number) if "answer" in labels else asked(issue, number)
    if not name:
        return say(f"#{number} 没有写明是 talks/ 里哪个文件的哪个问题，请维护者手动写进去。", "warning")
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


def answered(issue: dict[str, Any], number: int) -> tuple[str, str]:
    """The file that an answer belongs to, with it; empty where it names no question that is there."""
    parts = re.split(r"(?m)^### (.+)$", (issue["body"] or "").replace("\r\n", "\n"))
    said = {name.strip(): text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    said = {name: "" if text == "_No response_" else text for name, text in said.items()}
    if not said.get("回答"):
        return "", ""
    name, before = place(said.get("问题在哪里", ""), issue["title"], number)
    given = parse_answer(list(enumerate(said["回答"].split("\n"), 1)))
    text = given.text + (f"\n\n参考：\n\n{said['参考']}" if said.get("参考") else "")
    author = given.author or said.get("署名") or (issue.get("user") or {}).get("login", "")
    answer = Answer(text, author, 1, False, *said_where(issue))
    return name, with_answers(before, [answer]) if name else ""


def place(said: str, title: str, number: int) -> tuple[str, str]:
    """The file that an answer goes to and what stands in it so far, by what the form says and its issue's title."""
    if named := PLACE.fullmatch(said):
        path = TALKS / "questions" / named[1]
        return (path.name, path.read_text("utf-8")) if path.is_file() else ("", "")
    note = NOTE.fullmatch(said)
    path = TALKS / "notes" / note[1] if note else TALKS
    if not note or not path.is_file():
        return "", ""
    asked_there = parse_note(Source(str(path), path.read_text("utf-8")))[0].questions
    wanted = re.sub(r"^回答\s*[:：]\s*", "", title)
    by_title = (one for one in asked_there if one.title == wanted)  # a line may have moved since the page was built
    by_line = (one for one in asked_there if str(one.line) == note[2])
    if not (found := next(by_title, None) or next(by_line, None)):
        return "", ""
    own = TALKS / "questions" / f"answer-{number}.md"
    new = f"---\nduplicate_of: {found.id}\n---\n\n# {found.title}\n"
    return own.name, own.read_text("utf-8") if own.exists() else new


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
    texts = {comment["id"]: comment["body"] or "" for comment in said}
    for at, comment in enumerate(said):
        mark = MARK.match(texts[comment["id"]])
        trusted = _is_asker(comment, issue) or comment["author_association"] in MAINTAINERS
        if not mark or not trusted:
            continue
        text = f"{mark[2]}{texts[comment['id']][mark.end() :]}".strip()
        if mark[1] in ("回答", "answer") and text and not ADDRESS.fullmatch(text):
            marked[comment["id"]], texts[comment["id"]] = False, text
        elif other := _meant(ADDRESS.search(mark[2]), said, at):
            accepted = mark[1] in ("采纳", "accept")
            if accepted:  # the last word counts
                marked = dict.fromkeys(marked, False)
            marked[other["id"]] = accepted
    named = ({**one, "user": one.get("user") or {"login": "ghost"}} for one in said)  # GitHub says so, too
    return [({**one, "body": texts[one["id"]]}, marked[one["id"]]) for one in named if one["id"] in marked]


def _is_asker(comment: dict[str, Any], issue: dict[str, Any]) -> bool:
    """Whether who asked says something; all who deleted their account are nobody, or GitHub's one ghost."""
    known = (issue.get("user") or {}).get("login") not in (None, "ghost")
    return known and (comment.get("user") or {}).get("login") == issue["user"]["login"]


def _meant(address: re.Match[str] | None, said: list[dict[str, Any]], at: int) -> dict[str, Any] | None:
    """The comment of an address, or without one the last before that says something."""
    if address:
        return next((one for one in said if one["html_url"] == address[0]), None)
    return next((one for one in reversed(said[:at]) if not MARK.match(one["body"] or "")), None)


def with_answers(text: str, given: Iterable[Answer]) -> str:
    """A question file with the answers whose address it does not hold, above its references, and the last one's day."""
    known = {"", *(answer.origin for answer in parse_question(Source("", text))[0].answers)}
    new = [answer for answer in given if answer.origin not in known and plain(answer.text).strip()]
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
