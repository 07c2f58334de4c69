"""Documents to Markdown: .docx, .pdf, .html, .md and .txt as people export them, in any encoding that can be told.

An edge: it reads the file. The libraries come with the extra `import` and are loaded when they are needed.
"""

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.importing.decode import INSTALL, CannotConvert, decode
from ingest.importing.html import PICTURES, FoundPictures, to_markdown
from ingest.importing.tidy import tidy

FORMATS = (".docx", ".pdf", ".html", ".htm", ".md", ".markdown", ".txt")
UNPACKED = 300_000_000


@dataclass(slots=True)
class Converted:
    """What a document became.

    Attributes:
        text: Markdown; pictures are linked as `import-pictures/NAME`.
        pictures: Their bytes by name; the name's ending says what they are.
        left_out: What could not be carried over, in words.
        encoding: Of a text file, as it was told.
    """

    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    encoding: str = ""


def convert(path: Path) -> Converted:
    """Read one document as Markdown.

    Raises:
        OSError: The file cannot be read.
        CannotConvert: Its format or encoding is not known, it is damaged, or a library is missing.
    """
    kind = path.suffix.strip().lower()
    if kind not in FORMATS:
        raise CannotConvert(f"cannot convert {kind or 'a file without an ending'}: one of {', '.join(FORMATS)}")
    content = path.read_bytes()
    reader = {".docx": _docx, ".pdf": _pdf, ".html": _html, ".htm": _html}.get(kind, _text)
    try:
        converted = reader(content)
    except ImportError as error:
        raise CannotConvert(f"{error.name} is not installed: {INSTALL}") from error
    converted.text = tidy(converted.text)
    return converted


def _text(content: bytes) -> Converted:
    text, encoding = decode(content)
    return Converted(text, encoding=encoding)


def _pdf(content: bytes) -> Converted:
    from ingest.importing.pdf import pdf_to_markdown

    try:
        return Converted(*pdf_to_markdown(content, PICTURES))
    except ImportError:
        raise
    except Exception as error:  # pdfminer raises whatever it stumbles over
        raise CannotConvert(f"it is no PDF that can be read: {type(error).__name__} {error}".strip()) from error


STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Code'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
r[style-name='Code'] => code
r[style-name='HTML Code'] => code
"""


def _docx(content: bytes) -> Converted:
    import mammoth

    pictures = FoundPictures()

    def place(image: Any) -> dict[str, str]:
        with image.open() as stream:
            return {"src": pictures.add(stream.read(), image.content_type or "unknown kind")}

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > UNPACKED:
            raise CannotConvert(f"unpacked it would take {size} bytes")
        result = mammoth.convert_to_html(
            io.BytesIO(content), style_map=STYLES, convert_image=mammoth.images.img_element(place)
        )
    except CannotConvert:
        raise
    except Exception as error:  # a damaged archive can fail anywhere in mammoth
        raise CannotConvert(f"it is no .docx that can be read: {type(error).__name__} {error}".strip()) from error
    return Converted(to_markdown(result.value), pictures.found, pictures.left_out)


def _html(content: bytes) -> Converted:
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(content, is_html=True)
    try:
        text, encoding = content.decode(declared or "ascii"), str(declared)
        if content.startswith(b"\xef\xbb\xbf"):
            text, encoding = decode(content)
    except (LookupError, UnicodeDecodeError):
        text, encoding = decode(content)
    pictures = FoundPictures()
    return Converted(to_markdown(text, pictures.place), pictures.found, pictures.left_out, encoding)
