"""Documents to Markdown: .docx, .pdf, .html, .md and .txt as people export them, in any encoding that can be told.

An edge: it reads the file, and the pictures beside it. The libraries come with the extra `import` and are loaded when
they are needed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ingest.descriptors import read_named
from ingest.importing.census import Census, take
from ingest.importing.decode import INSTALL, SAVE_AGAIN, CannotConvert, decode
from ingest.importing.html import PICTURES, FoundPictures, Written, to_markdown
from ingest.importing.markdown import read_markdown
from ingest.importing.tidy import tidy
from ingest.importing.unzip import unzip
from ingest.limits import DOCUMENT
from ingest.pictures import LARGEST
from ingest.tree import Tree

BROKEN = "\ufffd"  # stands where a byte is no character
FORMATS = (".docx", ".pdf", ".html", ".htm", ".md", ".markdown", ".txt")
HELP = {  # what makes one of them of other files that people have
    ".doc .docm .odt .rtf .wps .pages": SAVE_AGAIN,
    ".ipynb": "in Jupyter, save it as Markdown: jupyter nbconvert --to markdown",
    ".zip .rar .7z": "unpack it, and give the .md or .html that lies in it",
    ".csv .tsv .xls .xlsx .numbers": "paste its cells into a .docx, a question in each row, below names of the columns",
    ".ppt .pptx .key": "save it as .pdf",
    ".mht .mhtml .webarchive": "open it in a browser and save it as .html",
    ".png .jpg .jpeg .heic .webp .gif .bmp .tif .tiff": "read it with OCR, and save what it says as .txt",
}


@dataclass(slots=True)
class Converted:
    """What a document became.

    Attributes:
        text: Markdown; pictures are linked as `import-pictures/NAME`.
        pictures: Their bytes by name; the name's ending says what they are.
        left_out: Pictures that could not be carried over, in words.
        encoding: Of a text file, as it was told.
        told: What else was left out on purpose, in words.
        faults: What could not be read although it should have been, in words.
        unread: Characters that have no text, which `faults` tells of.
        census: Its letters, counted apart from the conversion.
    """

    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    encoding: str = ""
    told: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unread: int = 0
    census: Census = field(default_factory=Census)


def convert(path: Path) -> Converted:
    """Read one document as Markdown.

    Raises:
        OSError: The file cannot be read.
        CannotConvert: Its format or encoding is not known, it is damaged, or a library is missing.
    """
    kind = path.suffix.strip().lower()
    if kind not in FORMATS:
        what = next((what for kinds, what in HELP.items() if kind in kinds.split()), f"one of {', '.join(FORMATS)}")
        raise CannotConvert(f"cannot convert {kind or 'a file without an ending'}: {what}")
    return convert_content(read_named(path, DOCUMENT), kind, FoundPictures(lambda name: _beside(path.parent, name)))


def convert_content(content: bytes, kind: str, pictures: FoundPictures) -> Converted:
    """The bytes of a document, whose name ends in `kind`, as Markdown.

    Raises:
        CannotConvert: As `convert` does.
    """
    readers = {".docx": _docx, ".pdf": _pdf, ".html": _html, ".htm": _html, ".md": _markdown, ".markdown": _markdown}
    reader: Callable[[bytes, FoundPictures], tuple[Written, Converted]] = readers.get(kind, _text)
    try:
        written, converted = reader(content, pictures)
    except ModuleNotFoundError as error:
        raise CannotConvert(f"{error.name} is not installed: {INSTALL}") from error
    except RecursionError as error:
        raise CannotConvert("its parts are nested too deep") from error
    converted.text = tidy(written.text)
    converted.told += written.reasons
    found = take(written.seen, written.dropped, converted.text)
    unread = converted.unread
    converted.census = Census(found.letters + unread, found.missing + unread, found.sample or "□" * min(unread, 10))
    return converted


def _beside(folder: Path, name: str) -> bytes | None:
    """A file below a document's folder, none that a link leads to; None where there is none, or it is too large."""
    try:
        if (folder / name).stat().st_size > LARGEST:
            return None
        return Tree(folder).read(name)
    except (OSError, ValueError):
        return None


def _text(content: bytes, pictures: FoundPictures) -> tuple[Written, Converted]:
    text, encoding = decode(content)
    return Written(text, text.split("\n")), Converted("", encoding=encoding)


def _markdown(content: bytes, pictures: FoundPictures) -> tuple[Written, Converted]:
    text, encoding = decode(content)
    return read_markdown(text, pictures), Converted("", pictures.found, pictures.left_out, encoding)


def _pdf(content: bytes, pictures: FoundPictures) -> tuple[Written, Converted]:
    from ingest.importing.pdf import pdf_to_markdown

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # what matters is said below, a line for each problem
    try:
        read = pdf_to_markdown(content, PICTURES)
    except (ModuleNotFoundError, RecursionError, MemoryError):
        raise
    except Exception as error:  # pdfminer raises whatever it stumbles over
        reason = (
            "it has a password" if "Password" in type(error).__name__ else f"{type(error).__name__} {error}".strip()
        )
        raise CannotConvert(f"it is no PDF that can be read: {reason}") from error
    written = Written(read.text, read.seen, read.told, read.dropped)
    return written, Converted("", read.pictures, read.left_out, faults=read.faults, unread=read.unread)


def _docx(content: bytes, pictures: FoundPictures) -> tuple[Written, Converted]:
    from ingest.importing.docx import docx_to_markdown

    written = docx_to_markdown(content, unzip, pictures.add)
    return written, Converted("", pictures.found, pictures.left_out)


def _html(content: bytes, pictures: FoundPictures) -> tuple[Written, Converted]:
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(content, is_html=True)
    faults: list[str] = []
    try:
        text, encoding = content.decode(declared or "ascii"), str(declared)
        if content.startswith(b"\xef\xbb\xbf"):
            text, encoding = decode(content)
    except (LookupError, ValueError):  # an encoding of no name, or with a NUL in it
        text, encoding = _mostly(content, str(declared or "")) or decode(content)
        if broken := text.count(BROKEN):
            faults.append(f"{broken} characters are not in the encoding that the page names ({encoding})")
    written = to_markdown(text, pictures.place_one)
    return written, Converted("", pictures.found, pictures.left_out, encoding, faults=faults)


def _mostly(content: bytes, declared: str) -> tuple[str, str] | None:
    """A page in the encoding that it names, of which a few characters are none; None where there are many."""
    try:
        text = content.decode(declared, "replace")
    except (LookupError, ValueError):
        return None
    foreign = sum(not char.isascii() for char in text)
    return (text, declared) if 0 < text.count(BROKEN) * 10 <= foreign else None
