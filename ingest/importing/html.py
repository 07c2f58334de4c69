"""HTML to Markdown, its pictures as files."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from ingest.importing.decode import INSTALL, CannotConvert
from ingest.importing.tidy import tidy
from ingest.markup import fenced_lines
from ingest.pictures import kind_of

PICTURES = "import-pictures"  # stands in links until the note's number is known


def html_to_markdown(html: str) -> str:
    """A piece of HTML as Markdown; pictures keep their addresses.

    Raises:
        CannotConvert: The libraries are missing.
    """
    try:
        return tidy(to_markdown(html)) if html.strip() else ""
    except ImportError as error:
        raise CannotConvert(f"{error.name} is not installed: {INSTALL}") from error


class FoundPictures:
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


def to_markdown(html: str, place: Callable[[str], str] | None = None) -> str:
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
