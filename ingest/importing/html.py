"""HTML to Markdown, its pictures as files."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from ingest.importing.decode import INSTALL, CannotConvert
from ingest.importing.tidy import tidy
from ingest.markup import fenced_lines
from ingest.pictures import kind_of

PICTURES = "import-pictures"  # stands in links until the note's number is known
DEEPEST = 100  # elements in each other; what is deeper keeps its text, and browsers themselves stop at 512


def html_to_markdown(html: str) -> str:
    """A piece of HTML as Markdown; pictures keep their addresses.

    Raises:
        CannotConvert: The libraries are missing.
    """
    try:
        return tidy(to_markdown(html).text) if html.strip() else ""
    except ImportError as error:
        raise CannotConvert(f"{error.name} is not installed: {INSTALL}") from error


class FoundPictures:
    """Pictures as files: only kinds that run nothing, named by their place in the document.

    Args:
        beside: Reads a file that lies beside the document, by its path from there; None where there is none.
    """

    def __init__(self, beside: Callable[[str], bytes | None] = lambda path: None) -> None:
        self.found: dict[str, bytes] = {}
        self.left_out: list[str] = []
        self.beside = beside
        self._placed: dict[str, str] = {}

    def add(self, content: bytes, kind: str) -> str:
        """Where a picture will lie; "" for one that is of no kind that may."""
        ending = kind_of(content)
        if not ending:
            self.left_out.append(f"a picture ({kind})")
            return ""
        name = f"{len(self.found) + 1}.{ending}"
        self.found[name] = content
        return f"{PICTURES}/{name}"

    def place_one(self, sources: Sequence[str]) -> str:
        """Where a picture with several addresses will lie: one beside the document goes first."""
        near = (source for source in sources if not re.match(r"[\w+.-]+:", source) and self._near(source) is not None)
        return self.place(next(near, sources[0]))

    def place(self, source: str) -> str:
        """Where a picture will lie: `data:` and what lies beside the document become files, the web stays."""
        if source in self._placed:
            return self._placed[source]
        self._placed[source] = placed = self._place(source)
        return placed

    def _place(self, source: str) -> str:
        if match := re.match(r"data:([\w/+.-]*)((?:;[\w=.-]+)*),(.*)", source, re.DOTALL):
            try:
                raw = unquote_to_bytes(match[3])
                content = base64.b64decode(raw) if match[2].endswith(";base64") else raw
            except binascii.Error:
                content = b""
            return self.add(content, match[1] or "unknown kind")
        if re.match(r"https?://", source, re.IGNORECASE):
            return source
        found = self._near(source)
        if found is not None:
            return self.add(found, source)
        self.left_out.append(f"a picture ({source[:60]})" if source else "a picture without an address")
        return ""

    def _near(self, source: str) -> bytes | None:
        """A file beside the document, none above it; None where there is none."""
        path = unquote(source.split("?")[0].split("#")[0]).replace("\\", "/").removeprefix("./")
        inside = path and not re.match(r"[\w.+-]+:|/", path) and ".." not in PurePosixPath(path).parts
        return self.beside(path) if inside else None


@dataclass(slots=True)
class Written:
    """What a page became.

    Attributes:
        text: Markdown.
        seen: Every text of the page, taken before anything was done to it.
        reasons: What was taken out on purpose, in words.
        dropped: Its texts.
    """

    text: str
    seen: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def to_markdown(html: str, place: Callable[[Sequence[str]], str] | None = None) -> Written:
    """HTML as Markdown, without what is no text; a picture that was left out leaves its description."""
    from bs4 import BeautifulSoup
    from justhtml import JustHTML  # builds the tree that browsers build

    from ingest.importing import html_tree
    from ingest.importing.html_code import code
    from ingest.importing.html_lists import lists
    from ingest.importing.html_math import formulas, indexes
    from ingest.importing.html_notes import notes
    from ingest.importing.html_tables import tables
    from ingest.importing.writer import Writer

    built = JustHTML(html, sanitize=False, scripting_enabled=False)
    _named(built.root)
    tree = BeautifulSoup(built.to_html(pretty=False), "html.parser")
    dropped = html_tree.Dropped()
    seen = list(html_tree.text_of(tree))
    _flatten(tree)
    html_tree.classes(tree)
    formulas(tree, dropped)
    html_tree.silent(tree, dropped)
    code(tree, dropped)
    notes(tree, dropped)
    html_tree.signs(tree, dropped)
    html_tree.styles(tree)
    html_tree.titles(tree, dropped)
    html_tree.boxes(tree)
    html_tree.rubies(tree)
    html_tree.embedded(tree, dropped)
    html_tree.pictures(tree, place)
    indexes(tree)
    html_tree.wide_links(tree)
    lists(tree, dropped)
    tables(tree)
    text = Writer().convert_soup(tree)
    return Written(_below_title(re.sub(r"\n{3,}", "\n\n", text).strip()), seen, dropped.reasons, dropped.texts)


def _named(root: Any) -> None:
    """Take attributes away whose names are none, as slips leave them: they could not be written again."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for name in [name for name in getattr(node, "attrs", None) or () if re.search(r"[\s\"'<>/=\x00]", name)]:
            del node.attrs[name]
        waiting += getattr(node, "children", None) or ()
        waiting += filter(None, [getattr(node, "template_content", None)])


def _flatten(tree: Any) -> None:
    """Take elements away that stand deeper than anybody nests them; their text stays."""
    from ingest.importing.html_tree import text_of

    depths = {id(tree): 0}
    deep = []
    for node in tree.descendants:
        depth = depths[id(node)] = depths[id(node.parent)] + 1
        if depth == DEEPEST + 1 and getattr(node, "name", None):
            deep.append(node)
    for node in deep:
        node.replace_with(f"{' '.join(text_of(node))} ")


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
