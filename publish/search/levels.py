"""A document -> its terms, each with how much the document is about it. No document's depend on another's."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from publish.search.documents import Document
from publish.search.names import Names
from publish.search.terms import narrow, subject, terms

# How much a word counts by where it stands, before its number of occurrences saturates.
HEADING, LEAD, PROSE, REFERENCE, CODE = 2.5, 2.0, 1.0, 0.4, 0.0
AVERAGE = 350  # terms of a document: a constant, see above
LEAST = (0, 0.09, 0.13, 0.199, 0.249, 0.333, 0.499, 0.999)  # of a title, what levels 8…15 say at least


def levels(document: Document, names: Names) -> dict[str, int]:
    """The terms of a document, each with its level.

    0: only the code has it; 1…7: how much the text is about it; 8…15: it stands in the title or a name, and how much of
    that it is.
    """
    counts: dict[str, float] = {}
    coded: set[str] = set()
    size = 0.0
    for weight, text in _said(document):
        text = narrow(text)
        found = Counter(terms(text))
        if weight == CODE:
            coded |= found.keys()
            continue
        size += sum(found.values()) * min(weight, 1)
        found.update([f"@{sense}" for sense, _ in names.find(text)])
        for term, count in found.items():
            counts[term] = counts.get(term, 0) + weight * count
    fit = 0.4 + 0.6 * max(size / AVERAGE, 0.4)  # a line or two is about its words, and answers little
    made = dict.fromkeys(coded, 0)
    made |= {term: 1 + min(6, int(7 * count / (count + fit))) for term, count in counts.items()}
    for title in _titles(document):
        for term, share in _shares(title, names).items():
            level = 7 + bisect_right(LEAST, share)
            made[term] = max(made.get(term, 0), level)
    return made


def _said(document: Document) -> Iterator[tuple[float, str]]:
    """Texts, those of one weight together."""
    yield LEAD, document.lead
    yield HEADING, "\n".join(section.heading for section in document.sections)
    yield PROSE, "\n".join(section.text for section in document.sections)
    yield REFERENCE, "\n".join(document.references)
    yield CODE, "\n".join(section.code for section in document.sections)


def _titles(document: Document) -> Iterator[str]:
    """All that a document is called, and the parts of its titles."""
    for title in filter(None, (document.title, document.english)):
        yield title
        if document.kind == "concept":
            yield from (part for part in re.split("[：:（(]", title.rstrip(")）")) if part.strip() and part != title)
    yield from document.names


def _shares(title: str, names: Names) -> dict[str, float]:
    """How much of a title each of its terms is: words that ask are nothing, a sense is as much as its words."""
    text = narrow(title)
    about = subject(text)
    shares = dict.fromkeys(terms(text), 0.0) | dict.fromkeys(about, 1 / len(about) if about else 0.0)
    for sense, words in names.find(text):
        own = [term for term in subject(words) if term in about]
        shares[f"@{sense}"] = max(shares.get(f"@{sense}", 0), len(own) / len(about) if about else 1.0)
    return shares
