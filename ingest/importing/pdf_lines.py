"""A line of a PDF, and what tells how one begins."""

import re
from dataclasses import dataclass

from ingest.markup import CJK

WIDE = re.compile(f"[{CJK}]")
STARTS = re.compile(r"\s*(?:【|[QqAaＱＡ]\s*+\d{0,3}\s*[:：]|答案?[:：]|\d{1,2}[.、)）]|https?://)")


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, where it begins and ends along its line, and the address that a link over it leads to, or ""."""

    text: str
    x0: float
    x1: float
    uri: str
    size: float = 0
    y: float = 0
    bold: bool = False


@dataclass(slots=True)
class Line:
    """One line of text, or a block that is done (`kind` "table" or "picture")."""

    glyphs: list[Glyph]
    page: int
    x0: float
    x1: float
    y: float
    size: float
    mono: bool = False
    kind: str = "text"
    done: str = ""
    typed: float = 0  # of a line that is code but for its Chinese, which stands in another face: the share of code
    columns: tuple[float, ...] = ()  # of a table, where they begin
    headed: bool = False  # of a table, whether its first row is bold and no other is
    cut: tuple[bool, bool] = (False, False)  # of a table, whether its first row and its last are open

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.done or "".join(glyph.text for glyph in self.glyphs).strip()


def first_word(line: Line) -> float:
    """Width of what cannot be torn from a line's beginning."""
    inked = [glyph for glyph in line.glyphs if glyph.text]
    start = next(at for at, glyph in enumerate(inked) if glyph.text.strip())
    end = start + 1
    if not WIDE.match(inked[start].text):
        while end < len(inked) and inked[end].text.strip() and not WIDE.match(inked[end].text):
            end += 1
    while end < len(inked) and re.match("[，。；：！？、）】》」』]", inked[end].text):
        end += 1
    return inked[end - 1].x1 - inked[start].x0
