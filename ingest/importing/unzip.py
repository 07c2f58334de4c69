"""The parts of a zip such as a .docx, no more of it than a document has. An edge: `zipfile` can read files."""

import io
import zipfile
import zlib

from ingest.importing.decode import SAVE_AGAIN, CannotConvert

LARGEST_XML = 40_000_000  # bytes of all parts that are XML; a thousand pages have fewer
LARGEST = 300_000_000  # bytes of all parts
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old .doc, or a .docx with a password",
    b"{\\rt": "an RTF file",
    b"%PDF": "a PDF",
    b"<htm": "an HTML page",
    b"<!DO": "an HTML page",
}


def unzip(content: bytes) -> dict[str, bytes]:
    """The parts of a zip by their names, in lower case.

    Raises:
        CannotConvert: It is none, is damaged, or would unpack to too much.
    """
    if kind := OTHERS.get(content[:4]):
        raise CannotConvert(f"it is {kind}, no .docx; {SAVE_AGAIN}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            texts = sum(entry.file_size for entry in entries if entry.filename.lower().endswith((".xml", ".rels")))
            size = sum(entry.file_size for entry in entries)
            if texts > LARGEST_XML or size > LARGEST:
                raise CannotConvert(f"unpacked it would take {size} bytes")
            return {entry.filename.lower(): archive.read(entry) for entry in entries if not entry.is_dir()}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, CannotConvert):
            raise
        raise CannotConvert(f"it is no .docx, or is cut off ({error}); {SAVE_AGAIN}") from error
