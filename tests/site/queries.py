"""The labelled queries, and what there is to find for each: read off the built pages, not off any search."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

from publish.search import HAN
from publish.search.terms import simplified

FILE = Path(__file__).with_name("queries.tsv")
SKIPPED = {"headerlink", "md-source-file", "md-content__button", "wiki-source", "wiki-chips", "wiki-badge", "example"}
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


class Said(HTMLParser):
    """Text of an article: what it says itself, and all that is shown (lists of other pages and so on)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.own, self.all, self.listed, self.kind = "", "", False, False
        self.open: list[bool] = []  # of each open element below the article: is its text the page's own?
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        classes = set((values.get("class") or "").split())
        self.kind |= (values.get("data-pagefind-filter") or "").startswith("kind")
        if tag in VOID or not (self.open or "md-content__inner" in classes):
            return
        own = not self.open or self.open[-1]
        ignored = "data-pagefind-ignore" in values or classes & SKIPPED or (tag == "div" and "arithmatex" in classes)
        self.open.append(own and not ignored and tag not in ("script", "style"))

    def handle_endtag(self, tag: str) -> None:
        if self.open and tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.all += data + " "
            self.own += data + " " if self.open[-1] else ""


@dataclass(frozen=True)
class Pages:
    """What every page of a built site says that is about something (has a kind)."""

    site: Path

    @cached_property
    def said(self) -> dict[str, tuple[str, str]]:
        """By address: a page's own text and all its text, folded."""
        found = {}
        for path in sorted(self.site.rglob("index.html")):
            page = Said(path.read_text("utf-8"))
            if page.kind:
                found[f"{path.parent.relative_to(self.site).as_posix()}/"] = (folded(page.own), folded(page.all))
        return found

    def relevant(self, query: Query, own: bool = True) -> set[str]:
        """Pages that say every word of a query, Latin ones where a word begins."""
        patterns = []
        for word in folded(query.text).split():
            latin = not re.search(f"[{HAN}]", word)
            patterns.append(re.compile((r"(?<![a-z0-9])" if latin else "") + re.escape(word)))
        texts = {address: texts[0 if own else 1] for address, texts in self.said.items()}
        return {address for address, text in texts.items() if all(pattern.search(text) for pattern in patterns)}
