"""A talk's page: its points first, each with its place on the page; what is the same every time comes last, folded."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

from ingest.addresses import slug_for
from ingest.model import Question, Section, Talk

# What a section wishes for next time, and who is put forward: of use to those who were there.
WISH = re.compile(r"^【(?:建议|提名)区】.*(?:\n(?!\s*$|\s*[-*#>`]).+)*", re.MULTILINE)
HOUSE = {"meta", "join", "past"}  # kinds of sections that say how a talk is held, and whom to ask to be let in


@dataclass(frozen=True, slots=True)
class Part:
    """A section on a talk's page: where it is found, its questions, and whether it is folded at the end."""

    section: Section
    anchor: str
    asked: tuple[Question, ...]
    is_house: bool

    @property
    def texts(self) -> list[str]:
        """What it says, as Markdown; its wishes stand at the end of the page."""
        return [text for block in self.section.blocks if (text := WISH.sub("", block.text).strip("\n"))]

    @property
    def wishes(self) -> list[str]:
        """What it wishes for, as Markdown."""
        return [wish for block in self.section.blocks for wish in WISH.findall(block.text)]


def parts_of(talk: Talk) -> tuple[list[Part], tuple[Question, ...]]:
    """The sections of a talk, and the questions that stand above the first."""
    asked = _by_section(talk)
    taken = {slug_for(question.id.rpartition("-")[2]) for question in talk.questions} | {"run", "points"}
    numbers: Counter[str] = Counter()
    parts = []
    for section in talk.sections:
        anchor = _anchor(section.title, taken, numbers)
        taken.add(anchor)
        parts.append(Part(section, anchor, tuple(asked.get(section.line, ())), section.kind in HOUSE))
    return parts, tuple(asked.get(0, ()))


def points(parts: Sequence[Part]) -> list[tuple[Part, list[Part]]]:
    """The sections that say something of this talk alone, each with its subsections."""
    found: list[tuple[Part, list[Part]]] = []
    for part in parts:
        if part.is_house:
            continue
        if part.section.level > 2 and found:
            found[-1][1].append(part)
        else:
            found.append((part, []))
    return found


def _by_section(talk: Talk) -> dict[int, list[Question]]:
    """Questions by the line of the section they stand in (0: before the first)."""
    asked: dict[int, list[Question]] = defaultdict(list)
    lines = [section.line for section in talk.sections]
    for question in talk.questions:
        above = bisect_left(lines, question.line)
        asked[lines[above - 1] if above else 0].append(question)
    return asked


def _anchor(title: str, taken: Container[str], numbers: Counter[str]) -> str:
    """A heading's place, as Markdown's own table of contents would name it; one that is taken gets a number.

    Args:
        title: The heading.
        taken: Places that other headings have.
        numbers: From where a free number is looked for, of each place.
    """
    text = re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", title)).lstrip("_ ").strip().lower().replace(" ", "-")
    anchor = text if re.search(r"\w", text) else "section"
    while (found := f"{anchor}_{numbers[anchor]}" if numbers[anchor] else anchor) in taken:
        numbers[anchor] += 1
    return found
