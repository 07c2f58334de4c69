"""Parse a collection of questions and answers, as people keep them in Markdown or export them from GitHub Discussions.

A question begins at a heading, a bold line or a line that is marked (`Q1:`, `问：`, `**Problem:**`) or asks (`…？`);
where a text has none of these, at a short line that stands alone and asks, or has a list below it: a heading that was
copied without its mark. What follows, up to the next question, is its answer. Text before the first question, headings
that group questions, and tables of contents are nobody's: they are returned as they stand.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ingest.front_matter import front_matter
from ingest.invisible import visible
from ingest.markup import FENCE, WORDS, fenced_lines
from ingest.model import Answer, Block, Field, Question, Source
from ingest.problems import Problem

_NUMBER = r"(?:\(?\d{1,3}(?:\.\d{1,3})*\s*[.、)）:：]?\s+|\d{1,3}(?:\.\d{1,3})*\s*[.、)）:：]\s*)"
_COUNT = r"\s*(?:\d{1,3}\s*)?"
HEADING = re.compile(rf"^ {{0,3}}(#{{1,6}})\s+({WORDS})(?:\s+#+)?\s*$")
BOLD = re.compile(r"^(?:[-*+]\s+)?\*\*(.+?)\*\*\s*$")
ASKED = re.compile(
    rf"^(?:[-*+]\s+)?(?:\*\*)?(?:[QqＱ]{_COUNT}[:：.、]|问题?{_COUNT}[:：]|(?:Question|Problem){_COUNT}[:：])"
    rf"(?:\*\*)?\s*({WORDS})\s*$",
    re.IGNORECASE,
)
SAID = re.compile(
    rf"^(?:[-*+]\s+)?(?:\*\*)?(?:[AaＡΑ]{_COUNT}|(?:回答|答案|答){_COUNT}|(?:Answer|Solution){_COUNT})[:：]"
    r"(?:\*\*)?\s*(.*)$",
    re.IGNORECASE,
)
ANSWER_TITLE = re.compile(r"^\W*(?:回答|答案|Answer|Solution)\s*+\d{0,3}\W*$", re.IGNORECASE)
CONTENTS_TITLE = re.compile(r"^\W*(?:目\s*录|(?:table of )?contents|toc)\W*$", re.IGNORECASE)
TITLE = re.compile(r"(?![-*+•·>|`$!\[【\s]|参考|Ref).{2,80}(?<![。；：，,;:.、])$")
LISTED = re.compile(r"\s*(?:[-*+•·]\s|\d{1,3}[.)]\s|参考|Ref)")
UNMARKED = 3  # so many lines that ask make a collection of a text without marks
ITEM = re.compile(r"\s*+(?:(?:[-*+]|\d{1,3}[.)])\s*+)?")
ELSEWHERE = re.compile(  # behind a link
    r"(?:[-*+]\s+)?\[(?=[^\[\]]*?(?:答案|answer))[^\[\]]*+\]\([^()]*+\)", re.IGNORECASE
)


_Found = tuple[int, str, list[str], list[tuple[int, list[str]]]]  # line, title, text, answers with their lines


def parse_collection(source: Source) -> tuple[list[Question], list[Block], list[Problem]]:
    """The questions of a text, what is in none of them, and problems.

    Every line of the body is in exactly one question or in one unplaced block.
    """
    meta, body, first, problems = front_matter(source)
    lines = body.split("\n")
    fenced = fenced_lines(lines)
    found: list[_Found] = []
    unplaced: list[Block] = []
    if isinstance(meta.get("question"), str):
        found.append((1, " ".join(meta["question"].split()), [], []))
    level = _level(lines, fenced)
    unmarked = _unmarked(lines, fenced)
    for at, line in enumerate(lines):
        number = first + at
        heading = None if at in fenced else HEADING.match(line)
        title = heading[2] if heading else line
        if at in fenced or not line.strip():
            _append(found, unplaced, line, number)
        elif _is_contents(line):
            unplaced.append(Block(line, number))
        elif (heading or at in unmarked) and CONTENTS_TITLE.match(title):
            found.append((number, "", [line], []))
        elif found and found[-1][1] and heading and ANSWER_TITLE.match(title):
            found[-1][3].append((number, []))
        elif found and found[-1][1] and (reply := SAID.match(title.lstrip("✅📌 "))):
            found[-1][3].append((number, [reply[1]] if reply[1] else []))
        elif (asked := title.strip() if at in unmarked else _asked(line, heading, level)) is not None:
            found.append((number, asked, [], []))
        elif heading and level and len(heading[1]) < level:
            found.append((number, "", [line], []))  # a heading of a group ends the question above it
        else:
            _append(found, unplaced, line, number)
    questions: list[Question] = []
    for number, title, text, marked in found:
        answers = [Answer("\n".join(lines).strip("\n").rstrip(), "", line) for line, lines in marked]
        if not title:
            unplaced += [Block("\n".join(text).strip("\n"), number)]
            continue
        said = "\n".join(text).strip("\n")
        if said.strip() and not answers and not ELSEWHERE.fullmatch(said.strip()):
            said, answers = "", [Answer(said.rstrip(), "", number + 1)]
        kept = tuple(answer for answer in answers if answer.text.strip())
        questions.append(Question(f"q{len(questions) + 1}", title, said, "", kept, source.path, number))
    return questions, sorted(unplaced, key=lambda block: block.line), problems


def _level(lines: list[str], fenced: set[int]) -> int:
    """The level of the headings that are questions: where several ask, theirs; 0 where none does."""
    levels = [
        len(heading[1])
        for at, line in enumerate(lines)
        if at not in fenced and (heading := HEADING.match(line)) and _marked(heading[2])
    ]
    return max(sorted(set(levels)), key=levels.count, default=0)


def _unmarked(lines: list[str], fenced: set[int]) -> set[int]:
    """Indexes of the lines that were headings, in a text where no question has a mark."""
    if any(at not in fenced and _asked(line, HEADING.match(line), 0) is not None for at, line in enumerate(lines)):
        return set()
    padded = ["", *lines, ""]
    alone = [at for at, line in enumerate(lines) if TITLE.match(line) and not (padded[at] + padded[at + 2]).strip()]
    asking = {at for at in alone if _asks(lines[at])}
    if len(asking) < UNMARKED:
        return set()
    below = [""]  # the next line with text, of each line from the last to the first
    for line in reversed(lines[1:]):
        below.append(line if line.strip() else below[-1])
    return asking | {at for at in alone if LISTED.match(below[-1 - at])}


def _marked(title: str) -> bool:
    return bool(ASKED.match(title.lstrip("✅📌 "))) or _asks(title)


def _asks(text: str) -> bool:
    """Whether a question mark stands at the end, whatever signs are around it."""
    word = re.match(r".*\w", text, re.DOTALL)
    return any(mark in text[word.end() if word else 0 :] for mark in "?？")


def _is_contents(line: str) -> bool:
    """Whether a line is an item of a table of contents: a link into the text, and nothing else."""
    link = line[found.end() :].rstrip() if (found := ITEM.match(line)) else ""
    wiki = link.startswith("[[#") and link.endswith("]]") and len(link) > 4
    return wiki or (link.startswith("[") and link.endswith(")") and "](#" in link)


def _asked(line: str, heading: re.Match[str] | None, level: int) -> str | None:
    """The question that a line asks, without its mark and number; None where it asks none."""
    title = heading[2] if heading else line
    bold = None if heading else BOLD.match(line)
    if asked := ASKED.match(title.lstrip("✅📌 ")):
        title = asked[1].removesuffix("**")
    elif bold and (_asks(bold[1]) or re.match(_NUMBER, bold[1])):
        title = bold[1]
    elif not (heading and (len(heading[1]) == level or _asks(title))):
        return None
    title = visible(re.sub(f"^{_NUMBER}", "", title.strip().strip("*").strip())).strip()
    return title or None


def _append(found: list[_Found], unplaced: list[Block], line: str, number: int) -> None:
    if not found:
        if line.strip():
            unplaced.append(Block(line, number))
        return
    _, _, text, answers = found[-1]
    (answers[-1][1] if answers else text).append(line)


def parse_discussions(text: str, path: str, to_markdown: Callable[[str], str]) -> list[Question]:
    """Questions of GitHub Discussions: a webhook's payload, a list, or a GraphQL answer with `nodes` or `edges`.

    Args:
        text: JSON.
        path: Where it was read.
        to_markdown: Makes Markdown of the HTML of a `bodyHTML`, which is read where there is no `body`.

    Raises:
        ValueError: It is no JSON, or holds no discussion.
    """
    found = list(_discussions(json.loads(text)))
    if not found:
        raise ValueError("no discussion with a title")
    return [_discussion(item, path, to_markdown) for item in found]


def _discussions(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _discussions(item)
    elif isinstance(value, dict):
        asked, chosen = value.get("discussion"), value.get("answer")
        if isinstance(asked, dict) and isinstance(chosen, dict):  # a webhook tells of them side by side
            yield from _discussions({**asked, "answer": chosen})
        elif isinstance(value.get("title"), str) and ("body" in value or "bodyHTML" in value or "number" in value):
            yield value
        else:
            for item in value.values():
                yield from _discussions(item)


def _discussion(item: dict[str, Any], path: str, to_markdown: Callable[[str], str]) -> Question:
    chosen = item.get("answer")
    accepted = chosen if isinstance(chosen, dict) else {}
    said = [accepted] if accepted else []
    for comment in _nodes(item.get("comments")):
        replies = (comment, *_nodes(comment.get("replies")))
        said += [reply for reply in replies if not (accepted and reply.get("id") == accepted.get("id"))]
    found = (
        Answer(_body(one, to_markdown), _author(one), 1, one is accepted or bool(one.get("isAnswer"))) for one in said
    )
    answers = tuple(answer for answer in found if answer.text)
    name = (
        f"discussion-{item['number']}" if isinstance(item.get("number"), int) else str(item.get("id") or "discussion")
    )
    if form := parse_form(_body(item, to_markdown), path):
        return replace(form, id=name, asker=form.asker or _author(item), answers=(*form.answers, *answers))
    return Question(
        name, " ".join(item["title"].split()), _body(item, to_markdown), _author(item),
        answers, path, 1,
    )  # fmt: skip


def parse_form(text: str, path: str) -> Question | None:
    """The question that an answer to `.github/ISSUE_TEMPLATE/question.yml` asks; None where the text is none."""
    parts = re.split(r"(?m)^### (问题|背景|回答|参考|相关概念|提问者|许可)\s*$", text.replace("\r\n", "\n"))
    said = {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    said |= {name: "" for name, body in said.items() if body == "_No response_"}
    if parts[0].strip() or not {"问题", "回答", "许可"} <= said.keys() or not said["问题"]:
        return None
    agreed = re.match(r"-\s*\[x\]", said["许可"], re.IGNORECASE)
    return Question(
        "q1", " ".join(said["问题"].split()), said.get("背景", ""), said.get("提问者", ""),
        (Answer(said["回答"], "", 1),) if said["回答"] else (), path, 1,
        topics=tuple(re.findall(r"[\w-]+", said.get("相关概念", ""))), remarks=said.get("参考", ""),
        fields=(Field("licence", "CC-BY-4.0", 1),) if agreed else (),
    )  # fmt: skip


def _nodes(value: Any) -> list[dict[str, Any]]:
    """Items of a connection (`nodes`, or `edges` with a `node`), of a list, or of nothing (null, a count)."""
    if isinstance(value, dict):
        edges = [edge.get("node") for edge in value.get("edges") or () if isinstance(edge, dict)]
        value = value.get("nodes") or edges
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _author(item: dict[str, Any]) -> str:
    author = item.get("author") or item.get("user")
    return str(author.get("login") or "") if isinstance(author, dict) else str(author or "")


def _body(item: dict[str, Any], to_markdown: Callable[[str], str]) -> str:
    return str(item.get("body") or to_markdown(str(item.get("bodyHTML") or ""))).strip()


def write_question(question: Question, origin: str, licence: str) -> str:
    """The text of a file of `talks/questions/`, with its origin and licence in the front matter.

    Headings inside of it that a question file would take for its own parts go two levels deeper.
    """
    licence = licence or next((field.value for field in question.fields if field.name == "licence"), "")
    head = {"topics": question.topics, "asker": question.asker, "origin": origin, "licence": licence}
    fields = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    parts = ["---\n" + "\n".join(fields) + "\n---", f"# {question.title}", _deeper(question.text)]
    for answer in question.answers:
        parts += ["## 回答（采纳）" if answer.accepted else "## 回答", _closed(_deeper(answer.text))]
        parts += [f"—{answer.author}"] if answer.author else []
    web = origin.startswith(("https://", "http://"))
    taken = f"- [{'，'.join(part for part in (origin, licence) if part)}](<{origin}>)" if web else ""
    if references := "\n".join(part for part in (question.remarks, taken) if part):
        parts += ["## 参考", references]
    return "\n\n".join(part for part in parts if part) + "\n"


def _deeper(text: str) -> str:
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    return "\n".join(
        f"##{line.lstrip(' ')}" if at not in fenced and re.match(r" {0,3}#{1,2}\s", line) else line
        for at, line in enumerate(lines)
    )


def _closed(text: str) -> str:
    """A text whose last fence is closed, so that it does not swallow what follows."""
    lines = text.split("\n")
    if len(lines) - 1 in fenced_lines(lines) and (opened := [line for line in lines if FENCE.match(line)]):
        mark = FENCE.match(opened[-1])
        return text if mark is None or lines[-1].strip() == mark[1] else f"{text}\n{mark[1]}"
    return text
