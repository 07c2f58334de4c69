"""The labelled queries, and what there is to find for each: read off the records and pages, not off any search."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

from ingest.tree import Tree
from publish.search import HAN
from publish.search.documents import Document, concepts_in, document_of, lines_of
from publish.search.terms import simplified

FILE = Path(__file__).with_name("queries.tsv")
VOID = {"br", "hr", "img", "input", "meta", "link", "wbr"}


@dataclass(frozen=True)
class Query:
    """What a reader types; `best` are the pages that answer it; of a `question` they are all that counts.

    `half`: of the questions of natural length, `a` for those that the ranking was tuned on, `b` for those that are only
    reported; "" for the others.
    """

    text: str
    best: tuple[str, ...]
    question: bool
    half: str = ""


def queries() -> list[Query]:
    """Every labelled query."""
    made = []
    for line in FILE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            text, labels, *half = line.split("\t")
            best = tuple(f"{name}/" for name in labels.split() if name != "?")
            made.append(Query(text, best, "?" in labels.split(), "".join(half)))
    return made


def folded(text: str) -> str:
    """Text as readers mean it: width, case, hyphens and traditional forms make no difference."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"(?<=\w)[-_](?=\w)", "", "".join(simplified().get(char, char) for char in text))


def _own(document: Document) -> Iterator[str]:
    """All texts of a document."""
    yield from (document.title, document.english, document.lead, *document.names, *document.references)
    for section in document.sections:
        yield from (section.heading, section.text, section.code)


class Shown(HTMLParser):
    """The text of a built page's article, lists of other pages and all."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.depth, self.quiet = "", 0, False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID and (self.depth or "md-content__inner" in (dict(attrs).get("class") or "").split()):
            self.depth += 1
        self.quiet = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= self.depth > 0 and tag not in VOID
        self.quiet = False

    def handle_data(self, data: str) -> None:
        if self.depth and not self.quiet:
            self.text += data + " "


@dataclass(frozen=True)
class Pages:
    """What every page that has a kind says itself, by the records, and what a reader sees of it."""

    project: Path
    site: Path

    @cached_property
    def said(self) -> dict[str, tuple[str, str]]:
        """By address: a page's own text and all its text, folded."""
        tree = Tree(self.project)
        concepts = {concept.name: concept for concept in concepts_in(tree)}
        own: dict[str, str] = {}
        for text, name in lines_of(tree):
            found = document_of(text, name, concepts)
            if found and found.kind and found.language != "en":  # a week's papers share a page
                own[found.address] = own.get(found.address, "") + "\n".join(_own(found)) + "\n"
        pages = {address: (self.site / address / "index.html").read_text("utf-8") for address in own}
        return {address: (folded(own[address]), folded(Shown(page).text)) for address, page in pages.items()}

    def relevant(self, query: Query, own: bool = True) -> set[str]:
        """Pages that say every word of a query, Latin ones where a word begins."""
        patterns = []
        for word in query.text.split():
            parts = [re.escape(folded(part)) for part in re.split("[-_]", word)]  # `kv-cache` is also said `KV cache`
            latin = not re.search(f"[{HAN}]", word)
            patterns.append(re.compile((r"(?<![a-z0-9])" if latin else "") + " ?".join(parts)))
        texts = {address: texts[0 if own else 1] for address, texts in self.said.items()}
        return {address for address, text in texts.items() if all(pattern.search(text) for pattern in patterns)}
