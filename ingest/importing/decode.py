"""Text of files in whatever encoding can be told."""

from ingest.encodings import looks_simplified

SAVE_AGAIN = "open it in Word, WPS or LibreOffice and save it as .docx without a password"
INSTALL = 'pip install -e ".[import]"'


class CannotConvert(ValueError):
    """Says why a document could not be read, and what helps; of a text, where."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.line, self.column = line, column


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


def _first_fault(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _guessed(content: bytes) -> tuple[str, str]:
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise CannotConvert(f"it is no UTF-8, and to tell more encodings takes {INSTALL}") from error
    best = from_bytes(content).best()
    if best is None:
        at = _first_fault(content)
        before = content[:at].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        said = f"its encoding cannot be told: byte {content[at]:#04x} in line {line} is no UTF-8; save it as UTF-8"
        raise CannotConvert(said, line, column)
    return str(best), best.encoding
