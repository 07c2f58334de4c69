"""Text of files in whatever encoding can be told."""

from ingest.encodings import looks_simplified

SAVE_AGAIN = "open it in Word, WPS or LibreOffice and save it as .docx without a password"
INSTALL = 'pip install -e ".[import]"'


class CannotConvert(ValueError):
    """Says why a document could not be read, and what helps."""


def decode(content: bytes) -> tuple[str, str]:
    """Text of a file in whatever encoding can be told, and that encoding.

    Raises:
        CannotConvert: None can be told.
    """
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, name)
    if content.count(0) * 5 > len(content) and len(content) % 2 == 0:  # UTF-16 without its mark
        even, odd = content[::2].count(0), content[1::2].count(0)
        return _decoded(content, "utf-16-le" if odd > even else "utf-16-be")
    for name, likely in (("utf-8", None), ("gb18030", looks_simplified)):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if likely is None or likely(text):
            return text, name
    return _guessed(content)


def _decoded(content: bytes, name: str) -> tuple[str, str]:
    try:
        return content.decode(name), name
    except UnicodeDecodeError as error:
        raise CannotConvert(f"it begins like {name}, but byte {error.start} does not fit") from error


def _guessed(content: bytes) -> tuple[str, str]:
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise CannotConvert(f"it is no UTF-8, and to tell more encodings takes {INSTALL}") from error
    best = from_bytes(content).best()
    if best is None:
        raise CannotConvert("its encoding cannot be told; save it as UTF-8")
    return str(best), best.encoding
