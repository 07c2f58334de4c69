"""Slips in a note's questions and answers: marks that the parser cannot read, and what they then lose."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ingest.model import Talk
from ingest.notes.lines import ANSWER, NUMBERED, QUESTION
from ingest.notes.sections import SECTIONS as KNOWN_SECTIONS
from ingest.notes.sections import SUBSECTIONS as KNOWN_SUBSECTIONS
from ingest.notes.sections import section_name
from ingest.slips.slip import Line, Slip

SIGNATURE = r"(?:\s*+[—–―-]{1,2}\s*+[\w.][\w. ]{0,19})?\s*+"
BEFORE = r"\s*+(?P<item>(?:[-*+>•]|\d{1,2}[.)、])\s*+)?(?P<heading>#{1,6}\s*+)?(?P<open>\*\*|__|【|\[|（|\()?\s*+"
AFTER = r"\s*+(?P<close>\*\*|__|】|\]|）|\))?\s*+(?P<dot>[.．、:：;；,，·]|-(?!\d))?\s*+(?P<rest>.*)"
LOOSE_QUESTION = re.compile(
    rf"{BEFORE}(?:[QqＱ]|(?:问题|提问|问|[Qq]uestion))\s*+[.．]?\s*+(?P<number>\d{{1,3}})(?![\d_%/]){AFTER}$"
)
NO_NUMBER = re.compile(
    rf"{BEFORE}(?:[QqＱ]|问题?|提问|[Qq]uestion)\s*+[一二三四五六七八九十]*\s*+(?:\*\*)?\s*+[:：、]\s*+(?:\*\*)?(?P<rest>\S.*)$"
)
LOOSE_ANSWER = re.compile(
    rf"{BEFORE}(?:[AaＡΑА]|回答|答案?|[Aa]nswer)\s*+[.．]?\s*+(?P<number>\d{{0,3}})(?!\d){AFTER}$"
)
NUMBERED_ANSWER = re.compile(r"\s*(?:#{1,6}\s*)?(?:\*\*)?[（(]?(?:[AaＡΑА]|答案?)\s*(\d{1,3})\s*[:：]")
WIDE_MARK = re.compile(
    r"\s*(?:#{1,6}\s*)?([ＱＡΑА])\s*([\d０-９]{0,3})(?=\s*[:：])"
    r"|\s*(?:#{1,6}\s*)?([QA])\s*([０-９]{1,3})(?=\s*[:：])"
)
HEADING = re.compile(r"\s{0,3}(#{1,6})\s++(.*)$")
ASKS = re.compile(rf"[？?][”」』)）]?{SIGNATURE}$")
LONGEST = 12  # letters of what may be meant for a section's name
INSIDE = re.compile(r"(?<=\S)\s++(?:#{1,6}\s*+)?([Qq])\s*(\d{1,3})\s*[:：]|(?<=[？?])\s*([Aa])\s*(\d{1,3})\s*[:：]")


def mark_slips(talk: Talk, lines: Sequence[Line]) -> Iterator[Slip]:
    """Slips in the marks of a note, whose lines outside fences these are."""
    walk = _Walk(talk)
    for line in lines:
        yield from walk.take(line)
    yield from walk.finish()


class _Walk:
    """Goes through the lines, and knows which section and question stand open."""

    def __init__(self, talk: Talk) -> None:
        self.sections = {section.line: section.kind for section in talk.sections}
        self.taken = {question.line for question in talk.questions}
        self.kind = ""
        self.question = 0  # number of the one that stands open, 0 where there is none
        self.last = 0  # number of the last one
        self.answers: list[tuple[Line, bool]] = []  # marks of the open question, and whether text followed

    def take(self, line: Line) -> Iterator[Slip]:
        if line.number in self.sections:
            yield from self.finish()
            self.kind, self.question = self.sections[line.number], 0
            if slip := self._unread(line):  # a question's heading without its colon ends the question before it
                yield slip
            return
        text = line.plain
        if match := QUESTION.match(text) or (NUMBERED.match(text) if line.number in self.taken else None):
            yield from self._question(line, match)
        elif match := ANSWER.match(text):
            yield from self._answer(line, match)
        elif slip := self._unread(line):
            yield slip
        elif text.strip() and self.answers:
            self.answers[-1] = (self.answers[-1][0], True)
        yield from self._inside(line)

    def finish(self) -> Iterator[Slip]:
        """Empty answers of the question that ends, where others say something."""
        if len(self.answers) > 1:
            for line, filled in self.answers:
                if not filled:
                    yield line.slip("N015", f"{line.text.strip()!r} says nothing, and another answer does")
        self.answers = []

    def _question(self, line: Line, match: re.Match[str]) -> Iterator[Slip]:
        yield from self.finish()
        self.question = self.last = int(match[1])
        if not re.sub(rf"\*|^{SIGNATURE}$", "", line.text[match.start(2) :]).strip():
            yield line.slip("N016", f"{line.text.strip()!r} asks nothing")
        yield from self._wide(line)

    def _answer(self, line: Line, match: re.Match[str]) -> Iterator[Slip]:
        if not self.question:
            if self.kind == "free-talk":
                yield line.slip("N013", f"{line.text.strip()[:40]!r} follows no question")
            return
        self.answers.append((line, bool(line.text[match.start(1) :].strip(" *"))))
        number = NUMBERED_ANSWER.match(line.plain)
        if number and int(number[1]) != self.question:
            yield line.slip("N014", f"A{int(number[1])} below Q{self.question}")
        yield from self._wide(line)

    def _wide(self, line: Line) -> Iterator[Slip]:
        if match := WIDE_MARK.match(line.plain):
            letter, digits = match[1] or match[3], match[2] or match[4]
            start = match.start(1) if match[1] else match.start(3)
            new = ("Q" if letter in "QＱ" else "A") + (str(int(digits)) if digits else "")
            yield line.swap("N026", f"{match[0].strip()!r} is not the Latin letter and digits", start, match.end(), new)

    def _unread(self, line: Line) -> Slip | None:
        """What is meant for a mark and is none."""
        if (match := LOOSE_QUESTION.match(line.plain)) and self._means_question(match):
            self.question = self.last = int(match["number"])
            self.answers = []
            rest = line.text[match.start("rest") :].strip()
            rest = rest.removesuffix(match["open"] or "\0").strip()
            better = f"### Q{int(match['number'])}：{rest}" if rest else None
            return line.slip("N010", f"{line.text.strip()[:40]!r} is read as text", better)
        if self.kind != "free-talk":
            return None
        if NO_NUMBER.match(line.plain):
            return line.slip("N010", f"{line.text.strip()[:40]!r} has no number")
        if (match := LOOSE_ANSWER.match(line.plain)) and self._means_answer(match):
            rest = line.text[match.start("rest") :].strip()
            self.answers.append((line, bool(rest)))
            return line.slip("N012", f"{line.text.strip()[:40]!r} is read as text", f"A{self.question}：{rest}")
        heading = HEADING.match(line.plain)
        if heading and len(heading[1]) <= 3 and ASKS.search(heading[2]):
            return line.slip("N011", f"{line.text.strip()[:40]!r} is read as a heading")
        return None

    def _means_question(self, match: re.Match[str]) -> bool:
        if match["heading"] or (match["open"] in ("**", "【") and (match["close"] or match["dot"])):
            return True
        if self.kind != "free-talk":
            return False
        follows = self.last < int(match["number"]) <= self.last + 3
        return follows and bool((match["dot"] and match["rest"]) or ASKS.search(match["rest"]))

    def _means_answer(self, match: re.Match[str]) -> bool:
        if not self.question or int(match["number"] or self.question) != self.question:
            return False
        word = match[0].strip()[:1] not in "AaＡΑА"
        marked = match["item"] or match["heading"] or match["open"]
        if marked and (match["dot"] or match["close"]):
            return bool(match["number"]) or word
        if not match["number"]:
            return False
        return bool(match["dot"]) or not any(filled for _, filled in self.answers)

    def _inside(self, line: Line) -> Iterator[Slip]:
        """A mark in the middle of a line, as texts from chats have it."""
        if self.kind != "free-talk" or not self.last:
            return
        for match in INSIDE.finditer(line.plain):
            number = int(match[2] or match[4])
            if number == (self.last + 1 if match[1] else self.question):
                mark = f"### Q{number}：" if match[1] else f"A{number}："
                new = f"{line.text[: match.start()]}\n\n{mark}{line.text[match.end() :].strip()}"
                column = match.start() + len(match[0]) - len(match[0].lstrip()) + 1
                yield line.slip("N030", f"{match[0].strip()!r} within a line", new, column)
                return


def section_slips(talk: Talk, missing: Sequence[str]) -> Iterator[Slip]:
    """Headings that are no section's name and nearly one, and sections that come twice."""
    seen: dict[str, int] = {}
    for section in talk.sections:
        name = section_name(section.title)
        if section.level == 2 and name in KNOWN_SECTIONS and name in seen:
            yield Slip(section.line, 1, "N020", f"{section.title!r} again, first on line {seen[name]}")
        seen.setdefault(name, section.line)
        if section.kind != "other" or not 0 < len(name) <= LONGEST or name in KNOWN_SUBSECTIONS:
            continue
        near = [
            (SequenceMatcher(None, name, section_name(known)).ratio(), known)
            for known in (*missing, *(known for known in KNOWN_SECTIONS if len(known) > 2))
        ]
        ratio, known = max(near)
        needed = 0.5 if known in missing else 0.7
        if ratio >= needed:
            shown = "Free Talk" if known == "freetalk" else known
            yield Slip(section.line, 1, "N019", f"{section.title!r} is no section; did you mean {shown}?")
