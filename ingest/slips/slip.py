"""A slip: what is wrong on a line, and the line as it should be where only one thing can be meant."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.markup import FENCE, fenced_lines
from ingest.model import Source
from ingest.problems import Problem

ROUNDS = 8  # of mending: a line may have several slips
CODE = re.compile(r"``[^`]+``|`[^`]+`|\$\$[^$]+\$\$|\$[^$]+\$")


@dataclass(frozen=True, slots=True, order=True)
class Slip:
    """One slip on a 1-based line; `better` is what the line should be, lines of it parted by `\\n`, or None."""

    line: int
    column: int
    code: str
    message: str
    better: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line outside fences.

    Attributes:
        number: 1-based.
        text: As written.
        plain: The same length, with blanks for code and formulas.
    """

    number: int
    text: str
    plain: str

    def slip(self, code: str, message: str, better: str | None = None, column: int = 1) -> Slip:
        """A slip on this line."""
        return Slip(self.number, column, code, message, better if better != self.text else None)

    def swap(self, code: str, message: str, start: int, end: int, new: str | None) -> Slip:
        """A slip of one part of this line, which `new` should stand for; None where nobody can tell."""
        better = None if new is None else self.text[:start] + new + self.text[end:]
        return self.slip(code, message, better, start + 1)


def body_lines(text: str) -> list[Line]:
    """The lines of a file that say something: none of its front matter, of fences, or of formulas of several lines."""
    lines = text.split("\n")
    left = fenced_lines(lines) | set(range(head_end(lines)))
    formula = False
    kept = []
    for at, line in enumerate(lines):
        if at in left or FENCE.match(line):
            continue
        odd = line.count("$$") % 2 == 1
        if formula or odd:
            formula ^= odd and not (formula and HEADING_LIKE.match(line))
            if not HEADING_LIKE.match(line):
                continue
            formula = False
        kept.append(Line(at + 1, line, blanked(CODE, line)))
    return kept


def blanked(code: re.Pattern[str], line: str) -> str:
    """A line of the same length with blanks for what is code."""
    return code.sub(lambda match: " " * len(match[0]), line) if "`" in line or "$" in line else line


HEADING_LIKE = re.compile(r"\s*(?:#{1,6}\s|[QA]\d{1,3}\s*[:：])")


def head_end(lines: Sequence[str]) -> int:
    """How many lines the front matter takes, 0 where there is none."""
    if lines[0].rstrip() != "---":
        return 0
    return next((at + 1 for at, line in enumerate(lines) if at and line.rstrip() in ("---", "...")), 0)


def problems_of(path: str, slips: Iterable[Slip]) -> list[Problem]:
    """Slips as problems of a file."""
    return [Problem(path, slip.line, slip.column, slip.code, slip.message) for slip in slips]


def mended(source: Source, find: Callable[[Source], Iterable[Slip]]) -> str:
    """A text with every slip mended of which `find` says how. Applying it twice changes nothing but in odd cases."""
    text = source.text
    for _ in range(ROUNDS):
        better = _first_by_line(find(Source(source.path, text)))
        if not better:
            break
        lines = text.split("\n")
        text = "\n".join(better.get(at, line) for at, line in enumerate(lines, 1))
    return text


def _first_by_line(slips: Iterable[Slip]) -> dict[int, str]:
    found: dict[int, str] = {}
    for slip in slips:
        if slip.better is not None:
            found.setdefault(slip.line, slip.better)
    return found


def unclosed_fences(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Indexes of the fences that are never closed, or that swallow what cannot be code, and what is wrong with each."""
    fenced = fenced_lines(lines)
    at = 0
    while at < len(lines):
        mark = FENCE.match(lines[at])
        if mark and at not in fenced:
            yield at, "a fence that is never closed"
        elif mark:
            closing = re.compile(rf"^ {{0,3}}{re.escape(mark[1][0])}{{{len(mark[1])},}}\s*$")
            end = next(later for later in range(at + 1, len(lines)) if closing.match(lines[later]))
            if swallowed := _swallowed(lines[at + 1 : end], mark[1]):
                yield at, f"a fence that is not closed before {swallowed.strip()[:30]!r}"
            at = end
        at += 1


def _swallowed(inside: Sequence[str], mark: str) -> str:
    """The first line in a fence that shows that its end was forgotten, or ""."""
    for line in inside:
        again = FENCE.match(line)
        if again and again[1].startswith(mark) and line.strip().strip(mark[0]):
            return line
        if len(mark) == 3 and re.match(r"#{1,6} ?Q\d{1,3}[:：]|A\d{1,3}：", line):
            return line
    return ""
