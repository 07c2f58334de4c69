"""What lies on a PDF's page without being part of it: values of forms and free texts, which show, and comments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import decode_text

UNSEEN = 0b100010  # flags of what is hidden, or shown to nobody
BUTTON = 1 << 16  # flag of a box that is pushed, not ticked


@dataclass(frozen=True, slots=True)
class Note:
    """A text on a page, its box (left, bottom, right, top), and whether it is a comment that is no part of the text."""

    text: str
    box: tuple[float, float, float, float]
    comment: bool = False


def notes_of(page: PDFPage) -> Iterator[Note]:
    """The texts that lie on a page."""
    for reference in resolve1(page.annots) or []:
        note = resolve1(reference)
        box = resolve1(note.get("Rect")) if isinstance(note, dict) else None
        flags = resolve1(note.get("F")) if isinstance(note, dict) else 0
        if not isinstance(box, list) or len(box) != 4 or (isinstance(flags, int) and flags & UNSEEN):
            continue
        x0, y0, x1, y1 = (float(resolve1(value)) for value in box)
        kind = _name(note.get("Subtype"))
        text = _value(note) if kind == "Widget" else "" if kind in ("Link", "Popup") else _text(note.get("Contents"))
        if text.strip():
            yield Note(text.strip(), (x0, y0, x1, y1), kind not in ("Widget", "FreeText"))


def _value(field: dict[str, Any]) -> str:
    """What is filled into a field of a form; it may say so only above itself."""
    kind = _name(_inherited(field, "FT"))
    if kind == "Btn":
        flags = _inherited(field, "Ff")
        state = _name(field.get("AS"))
        return "[x]" if state not in ("", "Off") and not (isinstance(flags, int) and flags & BUTTON) else ""
    return _text(_inherited(field, "V")) if kind in ("Tx", "Ch") else ""


def _inherited(field: dict[str, Any], name: str) -> Any:
    for _ in range(10):
        if name in field:
            return resolve1(field[name])
        above = resolve1(field.get("Parent"))
        if not isinstance(above, dict):
            return None
        field = above
    return None


def _name(value: Any) -> str:
    value = resolve1(value)
    return str(value.name) if isinstance(value, PSLiteral) else ""


def _text(value: Any) -> str:
    value = resolve1(value)
    return decode_text(value) if isinstance(value, bytes) else _name(value)
