"""A note read line by line into a draft.

Each line is a field, a section heading, a question, an answer mark, or plain text, and plain text belongs to whatever
stands open above it: an answer, a question, a section, or nothing (`unplaced`). Headings count by their names, not
their levels: converters get the levels wrong.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.marks import Mark, ask_mark, asks, is_topic, say_mark
from ingest.markup import unread_lines
from ingest.model import Field
from ingest.notes.names import split_names
from ingest.notes.sections import HEADING, ORDINAL, SECTIONS, SUBSECTIONS, section_name, tight_sections
from ingest.questions.rows import rows_of

FIELDS = {
    "编号": "number", "时间": "time", "本期提要": "summary", "主持人": "hosts", "编辑": "editors",
    "版块负责人": "contributors", "具体内容贡献者": "contributors", "贡献者": "contributors",
    "本期贡献者": "contributors", "talk视频": "video",
}  # fmt: skip
LONGEST = 2_000  # letters of a line in which other marks than `Q1：` are looked for
OTHER_FIELDS = {"talk模板", "小要求", "缘起", "结构", "提名区", "建议区", "本周主题", "本期主题"}
FIELD = re.compile(
    r"^\s*(?:[-*+]\s+|#{1,6}\s+)?【\s*([^【】\s](?:[^【】]{0,18}[^【】\s])?)\s*】"
    r"(?:\s*-\s*([^:：【】\s](?:[^:：【】]{0,10}[^:：【】\s])?)\s*(?=[:：]))?\s*[:：]?\s*(.*)$"
)
DIVIDING_FIELD = r"(?=【(?:贡献者|编辑|主持人|时间|提名区|建议区|本期提要)】\s*[:：])"
SECOND_FIELD = re.compile(rf"(?<=[^\s\-*+#])\s*{DIVIDING_FIELD}")
QUESTION = re.compile(r"^\s*(?:#{1,6}\s*)?(?:\*\*)?[QqＱ]\s*(\d{1,3})\s*[:：]\s*(.*)$")
NUMBERED = re.compile(r"^\s{0,3}(?:#{1,6}\s*)?(?:\*\*)?(\d{1,2})(?:[.．、]|[)）](?=\s))\s*(\S.*)$")
EMPTY_ITEM = re.compile(r"\s{0,3}\d{1,2}[.．、]\s*")
FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\[\]\s]{1,40}\]:")
NOTES = "注"
# Latin, full-width, Greek and Cyrillic A: converters mix them up.
ANSWER = re.compile(r"^\s*(?:#{1,6}\s*)?(?:\*\*)?[（(]?(?:[AaＡΑА]\s*(?:\d{1,3}\s*)?|答案?\s*)[:：]\s*(.*)$")


@dataclass(slots=True)
class DraftQuestion:
    """A question while its lines are being gathered."""

    number: str
    section: str
    level: int  # of its heading, 0 if it is none
    lines: list[tuple[int, str]]
    indent: int = 0  # of the item that it is: what stands below is set in as far
    item: bool = False  # whether it is one of a numbered list, which says all on its line
    answers: list[list[tuple[int, str]]] = field(default_factory=list)


@dataclass(slots=True)
class DraftSection:
    """A section while its lines are being gathered."""

    kind: str
    title: str
    level: int
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A note while its lines are being gathered; `sink` is where plain text goes now."""

    title: str = ""
    fields: list[Field] = field(default_factory=list)
    sections: list[DraftSection] = field(default_factory=list)
    questions: list[DraftQuestion] = field(default_factory=list)
    unplaced: list[tuple[int, str]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    footnotes: list[tuple[int, str]] = field(default_factory=list)
    question: DraftQuestion | None = None
    last: int = 0  # the largest number of a question
    item: int = 0  # number of the last item of the section's list, 0 before the first
    inner: int = 0  # the same of a list inside of the open answer

    @property
    def kind(self) -> str:
        """Kind of the section that stands open, "" before the first."""
        return self.sections[-1].kind if self.sections else ""

    @property
    def sink(self) -> list[tuple[int, str]]:
        """Where plain text goes: the open answer, question or section, else `unplaced`."""
        if self.question:
            return self.question.answers[-1] if self.question.answers else self.question.lines
        return self.sections[-1].lines if self.sections else self.unplaced

    def ask(self, number: str, text: str, line: int, level: int, indent: int = 0) -> DraftQuestion:
        """Begin a question; one without a number gets the next."""
        name = int(number) if number else self.last + 1
        self.last = max(self.last, name)
        section = self.sections[-1].title if self.sections else ""
        self.question = DraftQuestion(str(name), section, level, [(line, text)], indent)
        self.questions.append(self.question)
        self.inner = 0
        return self.question

    def open_section(self, kind: str, title: str, level: int, line: int) -> None:
        """Begin a section; whatever question stood open ends."""
        self.question = None
        self.item = self.inner = 0
        self.sections.append(DraftSection(kind, title, level, line))


def split_fields(body: str) -> list[tuple[int, str]]:
    """Lines with their offset; a line that holds two fields becomes two."""
    return [(at, part) for at, line in enumerate(body.split("\n")) for part in SECOND_FIELD.split(line)]


def read_lines(draft: Draft, lines: Sequence[tuple[int, str]], first: int) -> None:
    """Put every line of a note where it belongs; `first` is the first one's number in the file."""
    texts = [text for _, text in lines]
    fenced = unread_lines(texts)
    # Bare numbers mark questions only in a note that has no `Q1:` of its own.
    marks = (ask_mark(text) for at, text in enumerate(texts) if at not in fenced and len(text) < LONGEST)
    numbered = not any(mark and mark.number for mark in marks)
    footnote = False
    alone_at = {
        at for at in range(len(texts)) if not "".join(texts[max(0, at - 1) : at] + texts[at + 1 : at + 2]).strip()
    }
    tight = tight_sections(texts, alone_at)
    rows = rows_of(texts, fenced)
    for at, (offset, text) in enumerate(lines):
        number = first + offset
        alone = at in alone_at or at in tight
        footnote = at not in fenced and bool(FOOTNOTE.match(text) or (footnote and re.match(r"\s{2,}\S", text)))
        if footnote:
            draft.footnotes.append((number, text))
        elif draft.kind == "free-talk" and (row := rows.get(at)):
            asked = draft.ask("", row[0], number, 0)
            asked.item = True
            asked.answers += [[(number, said) for said in row[1].split("\n")]] if row[1] else []
        elif draft.kind == "free-talk" and at in rows:
            draft.question = None
            draft.sink.append((number, text))
        elif at in fenced or not (
            _take_title(draft, text)
            or _take_section(draft, text, number, alone)
            or _take_field_line(draft, text, number)
            or _take_question(draft, text, number)
            or (numbered and _take_item(draft, lines, at, number))
            or _take_answer(draft, text, number)
        ):
            draft.sink.append((number, _less_indented(text, draft.question.indent if draft.question else 0)))
    if draft.footnotes:
        place = next((s for s in reversed(draft.sections) if section_name(s.title) == NOTES), None)
        if place is None:
            draft.open_section("other", NOTES, 2, draft.footnotes[0][0])
            place = draft.sections[-1]
        place.lines += draft.footnotes


def _less_indented(text: str, indent: int) -> str:
    return text[min(indent, len(text) - len(text.lstrip(" "))) :] if indent else text


def _take_title(draft: Draft, text: str) -> bool:
    named = FIELD.match(text)
    if draft.title or draft.sections or draft.fields or (named and section_name(named[1]) in FIELDS):
        return False
    heading = HEADING.match(text)
    title = (heading[2] or "") if heading else text.strip() if re.match(r"\s*OpenLLM\s+Talk\b", text) else ""
    if not title or section_name(title) in SECTIONS:
        return False
    draft.title = title
    return True


def _take_section(draft: Draft, text: str, number: int, alone: bool) -> bool:
    heading = HEADING.match(text)
    title = (heading[2] or "") if heading else text.strip()
    name = section_name(title)
    if not (heading or alone) or not name:
        return False
    if name in SECTIONS:
        draft.open_section(SECTIONS[name], title, 2, number)
    elif name in SUBSECTIONS and draft.sections and (heading or (not draft.question and not ORDINAL.match(title))):
        draft.open_section(draft.kind, title, 3, number)
    elif heading and heading[1] == "##" and not _is_mark(text):
        draft.open_section("other", title, 2, number)
    elif heading and draft.question and len(heading[1]) <= draft.question.level and not _asks_on(draft, text):
        draft.open_section(draft.kind, title, 3, number)  # what follows the questions
    else:
        return False
    return True


def _asks_on(draft: Draft, text: str) -> bool:
    """Whether a heading below a question is the next one."""
    item = NUMBERED.match(text) if draft.kind == "free-talk" else None
    return _is_mark(text) or bool(item and asks(item[2]))


def _is_mark(text: str) -> bool:
    mark = ask_mark(text) or say_mark(text)
    return bool(mark and (mark.plain or mark.number)) or any(each.match(text) for each in (QUESTION, ANSWER, FIELD))


def _take_field_line(draft: Draft, text: str, number: int) -> bool:
    match = FIELD.match(text)
    if match is None:
        return False
    value = f"（{match[2]}）{match[3]}" if match[2] else match[3]
    return take_field(draft, match[1], value, number, text)


def take_field(draft: Draft, name: str, value: str, number: int, line: str) -> bool:
    """Take a field. One that describes the talk goes to `fields`; one inside a section stays in its text."""
    key = section_name(name)
    if key in SECTIONS and SECTIONS[key] not in ("meta", draft.kind):
        draft.open_section(SECTIONS[key], name, 2, number)
        draft.sink.append((number, line))
        return True
    if key not in FIELDS and key not in OTHER_FIELDS and key not in SECTIONS:
        return False
    if key in FIELDS and draft.kind in ("", "meta"):
        draft.fields.append(Field(name, value, number))
        return True
    if FIELDS.get(key) == "contributors":
        draft.people += split_names(value)
    draft.question = None
    draft.sink.append((number, line))
    return True


def _take_question(draft: Draft, text: str, number: int) -> bool:
    if len(text) > LONGEST:
        match = QUESTION.match(text)
        mark = Mark(str(int(match[1])), match[2].strip()) if match else None
    else:
        mark = ask_mark(text)
    if mark is None:
        return False
    if not QUESTION.match(text):  # any other mark than `Q1：` counts where questions are asked
        if draft.kind != "free-talk" or (not mark.plain and not (mark.level or asks(mark.text))):
            return False
        if mark.named and not asks(mark.text):
            return False
    draft.ask(mark.number, mark.text, number, mark.level, mark.indent)
    return True


def _take_item(draft: Draft, lines: Sequence[tuple[int, str]], at: int, number: int) -> bool:
    """An item of a list, where a note has no other marks: a question by what it says, not by its number."""
    text = lines[at][1]
    if draft.kind == "free-talk" and EMPTY_ITEM.fullmatch(text):
        draft.question = None
        return False
    match = NUMBERED.match(text) if draft.kind == "free-talk" else None
    if match is None:
        return False
    count, said = int(match[1]), match[2].strip()
    if draft.question and count == (draft.inner or 0) + 1 and count <= draft.item and not _is_asked(said, lines, at):
        draft.inner = count  # a list inside of the answer
        return False
    if draft.inner and count == draft.inner + 1 and count != draft.item + 1:
        draft.inner = count
        return False
    draft.item, draft.inner = count, 0
    if not _is_asked(said, lines, at):
        draft.question = None  # it answers nothing
        return False
    heading = HEADING.match(text)
    draft.ask(match[1], _less_bold(said), number, len(heading[1]) if heading else 0).item = True
    return True


def _less_bold(said: str) -> str:
    """An item without the stars around all of it, of which the first may stand before its number."""
    if said.count("**") % 2:
        return said.replace("**", "", 1)
    return said[2:-2] if re.fullmatch(r"\*\*(?:(?!\*\*).)+\*\*", said) else said


def _is_asked(said: str, lines: Sequence[tuple[int, str]], at: int) -> bool:
    """Whether an item asks, names a topic to talk about, or is answered by a mark; statements and citations are not."""
    if asks(said) or is_topic(said):
        return True
    following = next((text for _, text in lines[at + 1 : at + 13] if text.strip()), "")
    answer = say_mark(following)
    return bool(answer and answer.plain)


def _take_answer(draft: Draft, text: str, number: int) -> bool:
    if not draft.question or (len(text) > LONGEST and not ANSWER.match(text)):
        return False
    mark = say_mark(text)
    if mark is None or (not mark.plain and mark.number != draft.question.number):
        return False
    draft.question.answers.append([(number, mark.text)])
    blanks = len(text) - len(text.lstrip()) if draft.question.indent else 0
    draft.question.indent = max(draft.question.indent, mark.indent, blanks)
    return True
