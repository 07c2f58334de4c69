"""What must hold for any bytes that are given for a document."""

from ingest.importing.convert import convert_content
from ingest.importing.decode import CannotConvert
from ingest.importing.document import as_talk, tell_kind
from ingest.importing.html import FoundPictures
from ingest.model import Source
from ingest.notes.write import format_note
from tests.ingest.importing.grown import grow
from tests.ingest.importing.word import NAMES, make_docx

KINDS = (".docx", ".html", ".md", ".txt", ".pdf")


def check_total(content):
    """A document of a kind that the first byte chooses, given or grown, is text and problems, or a refusal."""
    number = content[0] if content else KINDS.index(".txt")
    kind, body = KINDS[number % len(KINDS)], content[1:]
    if number // len(KINDS) % 2:
        body = grow(kind, body)
    elif kind == ".docx" and body[:2] != b"PK":
        inside = body.decode("utf-8", "replace")
        whole = f"<w:document {NAMES}><w:body>{inside}</w:body></w:document>"
        body = make_docx("", parts={"word/document.xml": whole})
    try:
        converted = convert_content(body, kind, FoundPictures())
    except CannotConvert as error:
        assert str(error)
        return
    census = converted.census
    assert 0 <= census.missing <= census.letters
    source = Source("101.md", converted.text)
    format_note(as_talk(source))
    for wanted in ("", "questions", "article"):
        tell_kind(source, wanted)
    tell_kind(as_talk(source), "talk")
