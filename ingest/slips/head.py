"""Slips in a note's fields, above its first section."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import PurePosixPath

from ingest.markup import CJK
from ingest.model import Talk
from ingest.notes.lines import FIELD, FIELDS, OTHER_FIELDS
from ingest.notes.names import PLACEHOLDER
from ingest.notes.sections import SECTIONS, section_name
from ingest.slips.slip import Line, Slip

NAMES = ("编号", "时间", "本期提要", "主持人", "编辑", "版块负责人", "贡献者", "talk 视频")
_NAME = "|".join(re.escape(name).replace("talk", r"[Tt]alk\s*") for name in FIELDS)
BARE = re.compile(
    r"\s*+(?:[-*+]\s++)?(?:[\u2300-\u27bf\U0001f000-\U0001faff]\ufe0f?\s*+)?"
    rf"(?:\*\*|__)?[\[［〔(（「《<【]?\s*+(?P<name>{_NAME})\s*+[\]］〕)）」》>】]?"
    r"(?:\*\*|__)?\s*+[:：](?:\*\*|__)?\s*+(?P<value>.*)$"
)
ROW = re.compile(rf"\s*+\|\s*+(?:\*\*)?(?P<name>{_NAME})(?:\*\*)?\s*+[:：]?\s*+\|\s*+(?P<value>[^|]*?)\s*\|?\s*$")
RULE = re.compile(r"\s*+\|?(?:\s*+:?-{3,}+:?\s*+\|)++\s*+(?::?-{3,}+:?\s*+)?+")
PEOPLE = ("hosts", "editors", "contributors")
GLUED = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])|(?<!\s)\s*[|｜\\。·•]\s*|(?<=[{CJK}])和(?=[{CJK}]{{2}})")
SOON = timedelta(days=31)  # a note may be begun before its evening
WIDE_DIGITS = str.maketrans("０１２３４５６７８９：－／", "0123456789:-/")
VIDEO = re.compile(r"\b(BV[0-9A-Za-z]{10})\b")
NOT_YET = re.compile(r"^(?:后续|待|暂|无|尚|没有|未)")


def head_slips(talk: Talk, lines: Sequence[Line], today: date | None) -> Iterator[Slip]:
    """Slips in the fields of a note, whose lines outside fences these are."""
    first = min((section.line for section in talk.sections), default=len(lines) + 10**6)
    head = [line for line in lines if line.number < first]
    fields = {field.line: field for field in talk.fields}
    by_number = {line.number: line for line in lines}
    for line in head:
        if line.number not in fields:
            yield from _no_field(line)
    for number, field in fields.items():
        if own := by_number.get(number):
            yield from _value(own, FIELDS[section_name(field.name)], field.value, talk)
            yield from _value_below(own, field.value, head)
    yield from _twice(talk)
    yield from _date(talk, today)
    titled = re.search(r"\bTalk\s+(番外\d+|\d{3,4})(?!\d)", talk.title)
    if titled and titled[1] != talk.number:
        at = next((line.number for line in lines if titled[0] in line.text), 1)
        yield Slip(at, 1, "N028", f"number {titled[1]} in the title, {talk.number} in the field")
    stem = PurePosixPath(talk.path).stem
    if stem != talk.number and re.fullmatch(r"\d{3,4}|番外\d+", stem):
        line_number = next((f.line for f in talk.fields if FIELDS[section_name(f.name)] == "number"), 1)
        yield Slip(line_number, 1, "N028", f"number {talk.number} in the file {stem}.md")


def with_fields(text: str, first: int) -> str:
    """A text in which the fields above a line (1-based) have their brackets, as exports of databases leave them out."""
    lines = text.split("\n")
    for at, line in enumerate(lines[: max(0, first - 1)]):
        if not FIELD.match(line) and (bare := BARE.match(line) or ROW.match(line)):
            lines[at] = _field_of(bare)
            if at + 1 < len(lines) and RULE.fullmatch(lines[at + 1]):
                lines[at + 1] = ""
    return "\n".join(lines)


def _field_of(bare: re.Match[str]) -> str:
    name = next(name for name in NAMES + tuple(FIELDS) if section_name(name) == section_name(bare["name"]))
    return f"【{name}】：{bare['value'].rstrip(' 】')}"


def _no_field(line: Line) -> Iterator[Slip]:
    match = FIELD.match(line.text)
    if bare := BARE.match(line.text):
        yield line.slip("N022", f"{line.text.strip()[:40]!r} is no field", _field_of(bare))
    elif match and section_name(match[1]) not in (*FIELDS, *OTHER_FIELDS):
        near = get_close_matches(section_name(match[1]), [section_name(name) for name in NAMES], 1, 0.5)
        if near:
            name = next(name for name in NAMES if section_name(name) == near[0])
            yield line.slip("N021", f"no field is called {match[1]!r}; did you mean 【{name}】?")


def _value(line: Line, key: str, value: str, talk: Talk) -> Iterator[Slip]:
    at = line.text.rfind(value) if value else -1
    if at < 0:
        return
    if key in ("number", "time") and re.search("[０-９]", value):
        yield line.swap("N026", f"{value!r} in full width", at, at + len(value), value.translate(WIDE_DIGITS))
    if key in PEOPLE and not PLACEHOLDER.search(value):
        bare = re.sub(r"[（(][^（）()]*[)）]", lambda match: "、" * len(match[0]), value)
        glued = [match.span() for match in GLUED.finditer(bare) if match.end() < len(bare)]
        better = line.text
        for start, end in reversed(glued):  # all at once: a line may name dozens
            better = f"{better[: at + start]}、{better[at + end :]}"
        for start, _ in glued:
            yield line.slip("N025", f"{value[:40]!r} is not parted by 、", better, at + start + 1)
    if key == "video" and not talk.video and not NOT_YET.match(value):
        found = VIDEO.search(value)
        address = f"{line.text[:at]}https://www.bilibili.com/video/{found[1]}" if found else None
        yield line.slip("N029", f"{value[:40]!r} is no address", address, at + 1)


def _value_below(line: Line, value: str, head: Sequence[Line]) -> Iterator[Slip]:
    if value.strip():
        return
    below = next((other for other in head if other.number > line.number and other.text.strip()), None)
    titled = below and section_name(below.text) in SECTIONS
    if below and not titled and not re.match(r"\s*(?:#|>|【)", below.text) and not BARE.match(below.text):
        yield below.slip("N024", f"{below.text.strip()[:40]!r} below {line.text.strip()!r}")


def _twice(talk: Talk) -> Iterator[Slip]:
    seen: dict[str, int] = {}
    for field in talk.fields:
        name = section_name(field.name)
        if name in seen and FIELDS[name] not in PEOPLE:
            yield Slip(field.line, 1, "N023", f"【{field.name}】 again, first on line {seen[name]}")
        seen.setdefault(name, field.line)


def _date(talk: Talk, today: date | None) -> Iterator[Slip]:
    if today and talk.date and talk.date > today + SOON:
        line = next((f.line for f in talk.fields if FIELDS[section_name(f.name)] == "time"), 1)
        yield Slip(line, 1, "N027", f"{talk.date} lies {(talk.date - today).days} days ahead")
