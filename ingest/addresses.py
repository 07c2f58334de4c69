"""Where pages lie: what kinds there are, and the file name of a record's page."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page.

    Attributes:
        name: What readers call it, in Chinese; the search index knows it by this name.
        english: The same in English.
        folder: Where its pages lie under docs/.
        template: What writes one of them; "" where people do.
        searched: Whether a search can be narrowed to it.
    """

    name: str
    english: str
    folder: str
    template: str
    searched: bool = False

    def page(self, slug: str) -> str:
        """The page's path under docs/."""
        return f"{self.folder}/{slug}.md"


# A new kind of page begins here: rendering, cleaning, the list of what git ignores and the search read it.
KINDS = {
    "concept": Kind("概念", "Concepts", "topics", "", searched=True),
    "question": Kind("问答", "Q&A", "qa", "question", searched=True),
    "talk": Kind("讨论", "Talks", "talks", "talk", searched=True),
    "paper": Kind("论文", "Papers", "papers", "week", searched=True),
    "person": Kind("人物", "People", "people", "person"),
    "change": Kind("更新", "Changes", "changes", "changes"),
    "module": Kind("模块", "Modules", "reference", "reference"),
}
GENERATED = "generated"  # parts of pages, which hand-written ones include
SEARCHED = f"{GENERATED}/search.jsonl"  # what a search is to find of the records: see `ingest.searched`


def searched_papers(week: str) -> str:
    """The same of a week's papers, a file for each, so that one that did not change is not written again."""
    return f"{GENERATED}/search/{week.lower()}.jsonl"


# Folders under docs/ that hold nothing but what a build writes.
OWNED = (*(kind.folder for kind in KINDS.values() if kind.template), GENERATED)
RESERVED = re.compile(r"index|open|ask|page-\d+|con|prn|aux|nul|com\d|lpt\d")


@lru_cache(maxsize=50_000)  # a question's page is named a dozen times in a build
def slug_for(text: str) -> str:
    """A safe, stable file name for an id: lower-case letters and digits of any script, hyphens and underscores.

    An id that is none, is too long, or is a reserved name, gets a hash, which keeps two ids apart.
    """
    slug = re.sub(r"[^\w-]+", "-", _folded(text)).strip("-")
    if slug and slug == text and len(slug) <= 60 and not RESERVED.fullmatch(slug):
        return slug
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[:60].strip('-')}-{digest}".lstrip("-")


def name_slug(name: str) -> str:
    """The same for a name, which may be written in several widths and cases."""
    return slug_for(re.sub(r"\s+", "-", _folded(name).strip()))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
