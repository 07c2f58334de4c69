"""Parse a file of `talks/questions/`: front matter, a title, answers, references."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from pathlib import PurePosixPath

from ingest.front_matter import front_matter, line_of_key, strings
from ingest.invisible import visible
from ingest.limits import TITLE_LETTERS, shortened
from ingest.markup import MARKED_LINK, WORDS, fenced_lines, links_in
from ingest.model import Answer, Field, Link, Question, Source
from ingest.notes.names import split_attribution
from ingest.notes.times import parse_time
from ingest.plain import plain
from ingest.problems import Problem

TITLE = re.compile(rf"^#\s+(?=\S)({WORDS})(?:\s+#+)?\s*$")
ANSWER = re.compile(
    r"^##\s+(?:回答|答案|Answer)\s*+[\d:：]*\s*+([（(](?:采纳|accepted)[)）])?\s*+[:：]?\s*$", re.IGNORECASE
)
DAY_AND_HOUR = re.compile(r"20\d\d-\d{1,2}-\d{1,2}[ T]+\d{1,2}[:：]\d\d(?::\d\d)?")  # as notes say it
KNOWN = {"id", "topics", "asker", "date", "duplicate_of"}
MANY = 50
NAMES = {"origin": "出自", "licence": "许可"}
SOURCES = re.compile(r"^##\s+(?:参考(?:资料)?|来源|References?|Sources?)\s*[:：]?\s*$", re.IGNORECASE)


def parse_question(source: Source) -> tuple[Question, list[Problem]]:
    """Read one question file. Total: a file without a title is still a question, named after its file."""
    meta, body, first, problems = front_matter(source)
    lines = [(first + at, text) for at, text in enumerate(plain(body).split("\n"))]
    fenced = fenced_lines([text for _, text in lines])
    title, title_line = "", 1
    # Parts in the order written: ("text" | "answer" | "accepted" | "sources", lines).
    parts: list[tuple[str, list[tuple[int, str]]]] = [("text", [])]
    for at, (number, text) in enumerate(lines):
        match = None if at in fenced else TITLE.match(text)
        if match and not title:
            title, title_line = visible(match[1]), number
        elif at not in fenced and (answer := ANSWER.match(text)):
            parts.append(("accepted" if answer[1] else "answer", [(number + 1, "")]))
        elif at not in fenced and SOURCES.match(text):
            parts.append(("sources", []))
        else:
            parts[-1][1].append((number, text))
    stem = PurePosixPath(source.path).stem
    if len(title) > TITLE_LETTERS:
        problems.append(Problem(source.path, title_line, 1, "L003", f"a title of {len(title)} letters"))
    if not title:
        problems.append(Problem(source.path, first, 1, "Q002", "no title"))
    said_date = meta.get("date")
    asked = _day(said_date)
    if asked is None and said_date is not None:
        problems.append(Problem(source.path, line_of_key(source, "date"), 1, "Q003", f"date is {said_date!r}"))
    said = _join(parts[0][1])
    answers = [_answer(part, kind == "accepted") for kind, part in parts if kind in ("answer", "accepted")]
    if said and not answers:  # without a heading 回答, all that is said is the answer
        said, answers = "", [_answer(parts[0][1], False)]
    sources, remarks = _references([line for kind, part in parts if kind == "sources" for line in part])
    fields = {name: visible("；".join(strings(value))) for name, value in meta.items() if name not in KNOWN}
    title, said = shortened(title, said)
    question = Question(
        id=str(meta.get("id") or stem),
        title=title or stem,
        text=said,
        asker=visible(str(meta.get("asker") or "")).strip(),
        answers=tuple(answer for answer in answers if answer.text),
        path=source.path,
        line=title_line,
        sources=sources,
        topics=strings(meta.get("topics")),
        asked=asked,
        duplicate_of=str(meta.get("duplicate_of") or ""),
        fields=tuple(
            Field(NAMES.get(name, name), said, line_of_key(source, name)) for name, said in fields.items() if said
        ),
        remarks=remarks,
    )
    return question, problems


def _day(value: object) -> date | None:
    """The day that a front matter's date names, with or without an hour; None where it names none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = DAY_AND_HOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    return parse_time(found[0])[0] if found else None


def _references(lines: list[tuple[int, str]]) -> tuple[tuple[Link, ...], str]:
    """The links of the references, and the lines that say more. What stands beside a line's one link is its title's."""
    links = list(links_in(lines))
    on_line: dict[int, list[int]] = defaultdict(list)
    for at, link in enumerate(links):
        on_line[link.line].append(at)
    remarks = []
    for number, written in lines:
        line, here = written, on_line[number]
        plain = MARKED_LINK.sub(r"\1", line)
        if len(here) == 1 and _letters(line) == _letters(plain) + _letters(links[here[0]].source):
            title = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", plain).strip()
            links[here[0]] = replace(links[here[0]], title=title)
            continue
        for at in here[:MANY]:  # a line of more links is kept whole
            line = line.replace(links[at].source, "", 1).replace(links[at].title, "", 1)
        if _letters(line):
            remarks.append(written)
    return tuple(links), "\n".join(remarks)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _answer(lines: list[tuple[int, str]], accepted: bool) -> Answer:
    last = next((at for at in range(len(lines) - 1, -1, -1) if lines[at][1].strip()), 0)
    signature = re.match(r"^\s*(?:—+|--+)\s*\S", lines[last][1]) if lines else None
    text = _join(lines)
    if signature:  # a line of its own, which split_attribution would take for a list item's end
        body, author = split_attribution(f"{_join(lines[:last])} {lines[last][1].strip()}")
        return Answer(body, author, lines[0][0], accepted)
    return Answer(text, "", lines[0][0] if lines else 1, accepted)


def _join(lines: list[tuple[int, str]]) -> str:
    return "\n".join(text for _, text in lines).strip("\n").rstrip()
