"""Parse a file of `talks/questions/`: front matter, a title, answers, references."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from pathlib import PurePosixPath

from ingest.front_matter import front_matter, line_of_key, strings
from ingest.invisible import visible
from ingest.limits import LISTED, NAME_LETTERS, NAMES, TITLE_LETTERS, few_names, shortened
from ingest.markup import MARKED_LINK, WORDS, bare_urls, fenced_lines, links_in
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
KNOWN = {"id", "topics", "asker", "date", "updated", "duplicate_of", "interview"}
MANY = 50
SAID = {"origin": "出自", "licence": "许可"}
# A signature that says more: `—name（2026-11-29，https://…）`. A login on a site may hold hyphens, a name does not.
SAID_THERE = re.compile(r"(\s*(?:—++|--++)[^（(<>]*+)[（(]([^\n]*)[）)]\s*")
LOGIN = re.compile(r"\s*—+\s*([A-Za-z0-9][\w-]{0,38})\s*")
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
    said_date, changed = meta.get("date"), meta.get("updated")
    asked = _day(said_date)
    if asked is None and said_date is not None:
        problems.append(Problem(source.path, line_of_key(source, "date"), 1, "Q003", f"date is {said_date!r}"))
    days = [
        (value, _day(value)) for value in (changed if isinstance(changed, list) else [changed]) if value is not None
    ]
    problems += (
        Problem(source.path, line_of_key(source, "updated"), 1, "Q003", f"updated is {value!r}")
        for value, day in days
        if day is None
    )
    said = _join(parts[0][1])
    answers = [parse_answer(part, kind == "accepted") for kind, part in parts if kind in ("answer", "accepted")]
    sources, remarks = _references([line for kind, part in parts if kind == "sources" for line in part])
    fields = {name: visible("；".join(strings(value))) for name, value in meta.items() if name not in KNOWN}
    title, said = shortened(title, said)
    topics, asker = strings(meta.get("topics")), visible(str(meta.get("asker") or "")).strip()
    for key, count, most in (("topics", len(topics), LISTED), ("asker", len(asker), NAME_LETTERS)):
        if count > most:
            problems.append(Problem(source.path, line_of_key(source, key), 1, "L006", f"{key} of {count}"))
    question = Question(
        id=str(meta.get("id") or stem),
        title=title or stem,
        text=said,
        asker=asker[:NAME_LETTERS],
        answers=tuple(sorted((answer for answer in answers if answer.text), key=lambda answer: not answer.accepted)),
        path=source.path,
        line=title_line,
        sources=sources,
        topics=topics[:LISTED],
        asked=asked,
        duplicate_of=str(meta.get("duplicate_of") or ""),
        fields=tuple(
            Field(SAID.get(name, name), said, line_of_key(source, name)) for name, said in fields.items() if said
        ),
        remarks=remarks,
        updated=tuple(sorted({day for _, day in days if day})),
        origin=_address(str(meta.get("origin") or "")),
        interview=meta.get("interview") == "true",
    )
    (question,), names = few_names([question])
    if names > NAMES:
        problems.append(Problem(source.path, 1, 1, "L003", f"{names} names"))
    return question, problems


def _day(value: object) -> date | None:
    """The day that a front matter's date names, with or without an hour; None where it names none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = DAY_AND_HOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    return parse_time(found[0])[0] if found else None


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _address(text: str) -> str:
    """The first web address in a text, or ""."""
    return next((match[0] for match in bare_urls(text)), "")


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


def parse_answer(lines: list[tuple[int, str]], accepted: bool = False) -> Answer:
    """An answer out of numbered lines; who signs it stands on the last one, perhaps with the day and the address."""
    last = next((at for at in range(len(lines) - 1, -1, -1) if lines[at][1].strip()), 0)
    signature = lines[last][1] if lines and re.match(r"^\s*(?:—+|--+)\s*\S", lines[last][1]) else ""
    if not signature:
        return Answer(_join(lines), "", lines[0][0] if lines else 1, accepted)
    day, origin = None, ""
    if there := SAID_THERE.fullmatch(signature):
        found = re.search(r"\d{4}-\d\d-\d\d", there[2])
        day, origin = _day_of(found[0]) if found else None, _address(there[2])
        signature = there[1] if day or origin else signature
    body = _join(lines[:last])
    if login := LOGIN.fullmatch(signature):
        return Answer(body, login[1], lines[0][0], accepted, day, origin)
    # A line of its own, which split_attribution would take for a list item's end.
    body, author = split_attribution(f"{body} {signature.strip()}")
    return Answer(body, author, lines[0][0], accepted, day, origin)


def _join(lines: list[tuple[int, str]]) -> str:
    return "\n".join(text for _, text in lines).strip("\n").rstrip()
