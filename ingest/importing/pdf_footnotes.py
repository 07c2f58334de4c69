"""Footnotes of a PDF: small lines at a page's end, which would stand in the middle of what goes on overleaf."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.importing.escape import escape
from ingest.importing.pdf_furniture import Page
from ingest.importing.pdf_lines import WIDE, Line

BEGINS = re.compile(r"\s*\[?(\d{1,2}|[*†‡①-⑳])\]?[.、]?\s*(?=\D)(\S.*)")
SMALL = 0.9  # of the size of the body


def without_footnotes(pages: Sequence[Page]) -> list[Line]:
    """Take the footnotes out of the pages: each as `[^2-1]: …`, by its page and number; their marks name them so."""
    sizes: Counter[float] = Counter()
    for line in (line for page in pages for line in page.lines if line.kind == "text"):
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0
    notes: list[Line] = []
    for at, page in enumerate(pages, 1):
        found = _at_end(page.lines, body)
        if not found or not (_is_named(page, found) or _is_below_rule(page, found)):
            continue
        said: dict[str, list[str]] = {}
        for line in found:
            begun = BEGINS.fullmatch(line.text)
            if begun and begun[1] not in said:
                said[begun[1]] = [begun[2]]
            else:
                said[next(reversed(said))].append(line.text)
        gone = set(map(id, found))
        page.lines = [line for line in page.lines if id(line) not in gone]
        for line in page.lines:
            line.glyphs = [
                replace(glyph, text=f"[^{at}-{mark[1]}]")
                if (mark := re.fullmatch(r"\[(\d{1,2})\]", glyph.text)) and mark[1] in said
                else glyph
                for glyph in line.glyphs
            ]
        notes += [
            replace(found[0], kind="note", done=f"[^{at}-{name}]: {escape(_joined(parts))}")
            for name, parts in said.items()
        ]
    return notes


def _is_named(page: Page, notes: Sequence[Line]) -> bool:
    """Whether a raised number in the text leads to the first note."""
    begun = BEGINS.fullmatch(notes[0].text)
    marks = (f"[{begun[1]}]", f"^{begun[1]}$") if begun else ()
    others = (glyph.text for line in page.lines if line not in notes for glyph in line.glyphs)
    return any(text in marks for text in others)


def _is_below_rule(page: Page, notes: Sequence[Line]) -> bool:
    """Whether a short rule stands right above the first note, as TeX and Word draw it."""
    top, left = notes[0].y + notes[0].size, notes[0].x0
    widest = max(line.x1 for line in page.lines) - left
    return any(
        -1 < y - top < 2 * notes[0].size and x0 < left + 6 and x1 - x0 < 0.6 * widest for x0, x1, y in page.rules
    )


def _at_end(lines: Sequence[Line], body: float) -> list[Line]:
    """The small lines at the end of a page, from the first one that has a number; none where it is nothing but them."""
    text = sorted((line for line in lines if line.kind == "text"), key=lambda line: -line.y)
    first = len(text)
    while first and text[first - 1].size < body * SMALL:
        first -= 1
    while first < len(text) and not BEGINS.fullmatch(text[first].text):
        first += 1
    return text[first:] if first else []


def _joined(parts: Sequence[str]) -> str:
    out = parts[0]
    for part in parts[1:]:
        out += part if WIDE.match(out[-1:]) and WIDE.match(part) else f" {part}"
    return out
