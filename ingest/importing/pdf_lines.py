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

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.done or "".join(glyph.text for glyph in self.glyphs).strip()
