"""A talk back to the text of `talks/TEMPLATE.md`: what `import`, `fmt` and `new` write.

`parse_note(write_note(talk))` is the same talk. What a note says stays as written; fields, headings, question marks,
answer marks and signatures get their one form.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from ingest.marks import ask_mark, say_mark
from ingest.markup import fenced_lines
from ingest.model import Answer, Field, Question, Section, Source, Talk
from ingest.notes.lines import DIVIDING_FIELD, LONGEST
from ingest.notes.names import split_answer, split_attribution
from ingest.notes.parse import parse_note
from ingest.problems import Problem

ORDER = ("编号", "时间", "本期提要", "主持人", "编辑", "版块负责人", "talk视频")
PEOPLE = ("版块负责人", "具体内容贡献者", "贡献者", "本期贡献者")  # one list, in the order written

# The parser divides a line before such a field: a list mark or heading mark would be a line of its own.
MARKED_FIELD = re.compile(rf"^\s*(?:[-*+]|#{{1,6}})\s+{DIVIDING_FIELD}")
HEADING = re.compile(r" {0,3}#{1,3}\s+(?!#*\s*$|【)")
MARK = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:#{1,6}\s*)?(?:\*\*)?[（(]?(?:[QqＱAaＡΑА]\s*+\d{0,3}\s*[:：]|答案?\s*[:：]|\d{1,2}\.)"
)
SIGNATURE = re.compile(r"[-—–―]\s*(?:from|来自)|大佬?的分享|大佬")
BLOCK = re.compile(r"\s*(?:[-*+>|#]|```|~~~|\d{1,3}[.)]|\$\$)|\s{4}")


def format_note(source: Source) -> tuple[str, Talk, list[Problem], str]:
    """A note in canonical form.

    Returns:
        The text, the talk, its problems, and the letters of the source that the text lacks: "" unless the parser
        gave something up, in which case the text must not replace the source.
    """
    talk, problems = parse_note(Source(source.path, _mend_fields(source.text)))
    text = write_note(talk)
    for _ in range(3):  # a question's title and text may only come together once they are written
        again = write_note(parse_note(Source(source.path, _mend_fields(text)))[0])
        if again == text:
            break
        text = again
    return text, talk, problems, lost(source.text, text)


def write_note(talk: Talk) -> str:
    """The canonical Markdown of a talk."""
    known = {*talk.hosts, *talk.editors, *talk.contributors}
    parts = [_title(talk.title), "\n".join(f"【{field.name}】：{_one_line(field.value)}" for field in _fields(talk))]
    parts += [block.text for block in talk.unplaced]
    lines = [question.line for question in talk.questions]
    for section, following in pairwise((None, *talk.sections, None)):
        first = bisect_right(lines, section.line) if section else 0
        last = bisect_left(lines, following.line) if following else len(lines)
        asked = talk.questions[first:last]
        parts += _section(section) if section else ()
        # The parser takes `## name` for a subsection where it ends a question that is a heading.
        unknown = following is not None and (following.level, following.kind) == (2, "other")
        parts += [_question(question, known, unknown and question is asked[-1]) for question in asked]
    return "\n\n".join(part.rstrip() for part in parts if part.strip()) + "\n"


def lost(before: str, after: str) -> str:
    """The letters and digits of one text that another lacks; marks that `write_note` sets anew do not count."""
    missing = _letters(before) - _letters(after)
    return "".join(sorted(missing.elements()))


def _letters(text: str) -> Counter[str]:
    bare = (SIGNATURE.sub("", _unmarked(line)) for line in text.splitlines())
    return Counter(char for line in bare for char in line if char.isalnum())


def _unmarked(line: str) -> str:
    mark = (ask_mark(line) or say_mark(line)) if len(line) < LONGEST else None
    return mark.text if mark else MARK.sub("", line)


def _mend_fields(text: str) -> str:
    """Fields without list and heading marks."""
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    return "\n".join(line if at in fenced else MARKED_FIELD.sub("", line) for at, line in enumerate(lines))


def _title(title: str) -> str:
    closed = f"# {title}"
    return f"{closed} #" if re.search(r"(^|\s)#+$", title) else closed


def _fields(talk: Talk) -> list[Field]:
    """Fields in the template's order, the number always among them."""
    fields = list(talk.fields)
    if not any(_key(field) == "编号" for field in fields):
        fields.append(Field("编号", talk.number, 1))
    return sorted(fields, key=lambda field: _rank(_key(field)))


def _key(field: Field) -> str:
    return re.sub(r"\s", "", field.name).lower()


def _rank(key: str) -> int:
    key = "版块负责人" if key in PEOPLE else key
    return ORDER.index(key) if key in ORDER else len(ORDER)


def _one_line(value: str) -> str:
    return " ".join(value.split("\n")).strip()


def _section(section: Section) -> Iterable[str]:
    title = section.title
    if re.search(r"(^|\s)#+$", title):
        title += " #"
    yield f"{'#' * section.level} {title}"
    yield from (block.text for block in section.blocks)


def _question(question: Question, known: set[str], plain: bool) -> str:
    number = re.sub(r"^.*-q(\d+)(?:-\d+)?$", r"\1", question.id)
    texts = [question.text, *(answer.text for answer in question.answers)]
    # A heading of the third level or above inside would end a question that is a heading itself.
    mark = "" if plain or any(_has_heading(text) for text in texts) else "### "
    asked = _signed(question.title, question.asker, known)
    parts = [f"{mark}Q{number}：{asked}", question.text]
    parts += [_answer(number, answer, question.asker, known) for answer in question.answers] or [f"A{number}："]
    return "\n\n".join(part for part in parts if part.strip())


def _has_heading(text: str) -> bool:
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    return any(at not in fenced and HEADING.match(line) for at, line in enumerate(lines))


def _answer(number: str, answer: Answer, asker: str, known: set[str]) -> str:
    # A heading, fence, table or formula would swallow what stands on its last line.
    joint = "\n\n" if re.match(r"\s*(?:#|```|~~~|\||\$\$)", answer.text.split("\n")[-1]) else " "
    marks = ("", f"{joint}—", f"{joint}--", "-") if answer.author else ()
    forms = [f"{answer.text}{mark}{answer.author if mark else ''}" for mark in marks]
    # What is signed inside is left as it is, and so is what its asker signs.
    readable = (form for form in forms if split_answer(form, asker, known) == (answer.text, answer.author))
    text = next(readable, answer.text)
    return f"A{number}：" + ("\n\n" if BLOCK.match(text) else "") + text


def _signed(text: str, name: str, known: set[str]) -> str:
    if not name:
        return text
    for mark in (" —", " --", "-"):
        if split_attribution(f"{text}{mark}{name}", known) == (text, name):
            return f"{text}{mark}{name}"
    return f"{text} —{name}"
