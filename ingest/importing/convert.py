"""Documents to Markdown: .docx, .pdf, .html, .md and .txt as people export them, in any encoding that can be told.

An edge: it reads the file. The libraries come with the extra `import` and are loaded when they are needed.
"""

import base64
import binascii
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from ingest.markup import CJK, fenced_lines
from ingest.pictures import kind_of

INSTALL = 'pip install -e ".[import]"'
PICTURES = "import-pictures"  # stands in links until the note's number is known
FORMATS = (".docx", ".pdf", ".html", ".htm", ".md", ".markdown", ".txt")
UNPACKED = 300_000_000

DROPPED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\xad\ufeff\u200b\u2060]")
PRIVATE = "[\ue000-\uf8ff]"
LIGATURE = re.compile("[\ufb00-\ufb06\u2f00-\u2fd5]")
UNDERLINE = re.compile(r"</?u>", re.IGNORECASE)
MARKED = re.compile(
    r"\s*(?:#{1,6}(?:\s|$)|[-*+>|•]|\d{1,3}[.、)）]|【|\[\^|[QqAaＱＡ]\s*\d{0,3}\s*[:：]|[问答]\s*[:：]|答案|\$\$|https?://|!?\[)"
)
OPEN_URL = re.compile(r"(?:^|[^\w(\[<])(https?://[!-;=?-Z^-~]+)$", re.ASCII)
URL_REST = re.compile(r"\s*([\w\-./?=&%#~+]*[-_./?=&%#\d][\w\-./?=&%#~+]*)\s*$", re.ASCII)


class CannotConvert(ValueError):
    """Says why a document could not be read, and what helps."""


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


def tidy(text: str) -> str:
    """What exports leave in a text, mended: control characters, bullets, ligatures, torn lines and addresses.

    Applying it twice changes nothing.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\u2028", "\n")
    text = DROPPED.sub("", text.replace("\u2029", "\n\n"))
    text = LIGATURE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = re.sub(rf"(?m)^([ \t]*){PRIVATE}[ \t]*", r"\1- ", text)
    text = re.sub(PRIVATE, "", text)
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    lines = [line if at in fenced else UNDERLINE.sub("", line).rstrip() for at, line in enumerate(lines)]
    return "\n".join(_join(lines, fenced)).strip("\n") + "\n"


def _join(lines: list[str], fenced: set[int]) -> list[str]:
    """Lines with torn Chinese sentences and torn addresses whole again; fences are left alone."""
    joined: list[str] = []
    open_line = False  # whether the last line may go on
    for at, line in enumerate(lines):
        if open_line and at not in fenced and line.strip():
            above = joined[-1]
            rest = URL_REST.match(line)
            torn_url = rest and OPEN_URL.search(above) and _columns(above) >= 60 and not MARKED.match(line)
            if torn_url or (
                re.search(f"[{CJK}]$", above)
                and not re.search("[。？！；：…）】》」』]$", above)
                and re.match(f"[{CJK}]", line)
                and not MARKED.match(line)
                and _columns(above) >= 40
                and not re.match(r"\s*(?:#{1,6}\s|\|)", above)
            ):
                joined[-1] = above + line.strip()
                continue
        joined.append(line)
        open_line = at not in fenced and bool(line.strip())
    return joined


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


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
    for name, likely in (("utf-8", None), ("gb18030", _looks_simplified)):
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


def _looks_simplified(text: str) -> bool:
    """Whether what is not ASCII is mostly among the 3,755 common characters and the punctuation of GB 2312."""
    foreign = [char for char in text if not char.isascii()]
    common = 0
    for char in foreign:
        try:
            lead = char.encode("gb2312")[0]
        except UnicodeEncodeError:
            continue
        common += lead <= 0xA3 or 0xB0 <= lead <= 0xD7
    return common >= 0.9 * len(foreign)


def _guessed(content: bytes) -> tuple[str, str]:
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise CannotConvert(f"it is no UTF-8, and to tell more encodings takes {INSTALL}") from error
    best = from_bytes(content).best()
    if best is None:
        raise CannotConvert("its encoding cannot be told; save it as UTF-8")
    return str(best), best.encoding


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

    pictures = _Pictures()

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
    return Converted(_markdown(result.value), pictures.found, pictures.left_out)


def _html(content: bytes) -> Converted:
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(content, is_html=True)
    try:
        text, encoding = content.decode(declared or "ascii"), str(declared)
        if content.startswith(b"\xef\xbb\xbf"):
            text, encoding = decode(content)
    except (LookupError, UnicodeDecodeError):
        text, encoding = decode(content)
    pictures = _Pictures()
    return Converted(_markdown(text, pictures.place), pictures.found, pictures.left_out, encoding)


def html_to_markdown(html: str) -> str:
    """A piece of HTML as Markdown; pictures keep their addresses.

    Raises:
        CannotConvert: The libraries are missing.
    """
    try:
        return tidy(_markdown(html)) if html.strip() else ""
    except ImportError as error:
        raise CannotConvert(f"{error.name} is not installed: {INSTALL}") from error


class _Pictures:
    """Pictures as files: only kinds that run nothing, named by their place in the document."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}
        self.left_out: list[str] = []

    def add(self, content: bytes, kind: str) -> str:
        ending = kind_of(content)
        if not ending:
            self.left_out.append(f"a picture ({kind})")
            return ""
        name = f"{len(self.found) + 1}.{ending}"
        self.found[name] = content
        return f"{PICTURES}/{name}"

    def place(self, source: str) -> str:
        """Where a picture of an HTML page will lie: `data:` becomes a file, the web stays, the rest is left out."""
        if match := re.match(r"data:([\w/+.-]*)((?:;[\w=.-]+)*),(.*)", source, re.DOTALL):
            try:
                raw = unquote_to_bytes(match[3])
                content = base64.b64decode(raw) if match[2].endswith(";base64") else raw
            except binascii.Error:
                content = b""
            return self.add(content, match[1] or "unknown kind")
        if re.match(r"https?://", source, re.IGNORECASE):
            return source
        self.left_out.append(f"a picture ({source[:60]})")
        return ""


def _markdown(html: str, place: Callable[[str], str] | None = None) -> str:
    """HTML as Markdown, without what is no text; a picture that was left out leaves its description."""
    from bs4 import BeautifulSoup, Comment, Doctype
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(html, "html.parser")
    for node in soup(["script", "style", "noscript", "template", "head", "iframe", "object", "svg"]):
        node.decompose()
    for node in soup("math"):
        tex = node.find("annotation", encoding="application/x-tex")
        node.replace_with(f"${tex.get_text().strip()}$" if tex else node.get_text())
    for comment in soup.find_all(string=lambda text: isinstance(text, (Comment, Doctype))):
        comment.extract()
    for image in soup("img"):
        source = str(image.get("src") or "")
        target = place(source) if place else source
        if target:
            image["src"] = target
        else:
            image.replace_with(f"[图片：{image['alt']}]" if image.get("alt") else "")
    for cell in soup(["td", "th"]):
        for paragraph in cell("p"):
            paragraph.insert_after(" ")
            paragraph.unwrap()
        for found in cell(string=re.compile(r"\|")):
            found.replace_with(str(found).replace("|", "\\|"))
    for table in soup("table"):  # an empty first row would be the table's head
        for row in table("tr"):
            if row.get_text(strip=True) or row("img"):
                break
            row.decompose()

    class Converter(MarkdownConverter):
        """A line break begins a paragraph: one kept as a line's end would vanish between Chinese characters."""

        def convert_br(self, element: Any, text: str, parent_tags: set[str]) -> str:
            if parent_tags & {"pre", "_noformat"}:
                return f"\n{text}"
            return (" " if parent_tags & {"td", "th", "li", "_inline"} else "\n\n") + text

    converter = Converter(
        heading_style="ATX",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        table_infer_header=True,
        strip=["u"],
    )
    text = re.sub(r"<((?:https?|mailto):[^<>\s]+)>", r"\1", converter.convert_soup(soup))
    return _below_title(re.sub(r"\n{3,}", "\n\n", text).strip())


def _below_title(text: str) -> str:
    """Headings one level deeper where a document has several of the first: a note's first level is its title's."""
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    headings = [at for at, line in enumerate(lines) if at not in fenced and re.match(r"#{1,6}\s", line)]
    if sum(lines[at].startswith("# ") for at in headings) > 1:
        for at in headings:
            if at and not lines[at].startswith("######"):  # what stands first is the title
                lines[at] = "#" + lines[at]
    return "\n".join(lines)
