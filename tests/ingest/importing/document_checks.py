"""What must hold for any bytes that are given for a document."""

from ingest.importing.convert import convert_content
from ingest.importing.decode import CannotConvert
from ingest.importing.document import as_talk, tell_kind
from ingest.importing.html import FoundPictures
from ingest.model import Source
from tests.ingest.importing.word import NAMES, make_docx

KINDS = (".docx", ".html", ".md", ".txt", ".pdf")


def check_total(content):
    """A document of a kind that the first byte chooses is text and problems, or a refusal with a reason."""
    kind = KINDS[content[0] % len(KINDS)] if content else ".txt"
    body = content[1:]
    if kind == ".docx":
        inside = body.decode("utf-8", "replace")
        whole = f"<w:document {NAMES}><w:body>{inside}</w:body></w:document>"
        body = make_docx("", parts={"word/document.xml": whole}) if body[:2] != b"PK" else body
    try:
        converted = convert_content(body, kind, FoundPictures())
    except CannotConvert as error:
        assert str(error)
        return
    census = converted.census
    assert 0 <= census.missing <= census.letters
    source = Source("101.md", converted.text)
    tell_kind(source)
    tell_kind(as_talk(source), "talk")
