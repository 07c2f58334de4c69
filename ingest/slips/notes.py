"""All slips of a talk note."""

from collections.abc import Collection, Iterator
from datetime import date

from ingest.model import Source, Talk
from ingest.notes.parse import REQUIRED
from ingest.slips.head import head_slips
from ingest.slips.marks import mark_slips, section_slips
from ingest.slips.signatures import signature_slips
from ingest.slips.slip import Slip, body_lines
from ingest.slips.texts import text_slips


def note_slips(source: Source, talk: Talk, pictures: Collection[str] = (), today: date | None = None) -> Iterator[Slip]:
    """What is wrong with a note beyond what its parser says.

    Args:
        source: The note.
        talk: What was read of it.
        pictures: Paths of the pictures that there are.
        today: The day to compare dates with; None where dates may lie anywhere.
    """
    lines = body_lines(source.text)
    kinds = {section.kind for section in talk.sections}
    yield from head_slips(talk, lines, today)
    yield from section_slips(talk, [name for kind, name in REQUIRED.items() if kind not in kinds])
    yield from mark_slips(talk, lines)
    yield from signature_slips(talk, lines)
    for question in talk.questions:
        if "$" in question.title:
            yield Slip(question.line, 1, "Q018", f"TeX in {question.title[:40]!r}")
    yield from text_slips(source, pictures)
