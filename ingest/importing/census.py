"""A census of letters: what a document shows, counted apart from its conversion, held against what became of it."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.importing.radicals import mend_radicals

NEAR = 20_000  # letters: how far ahead a piece is looked for before all of the text is


@dataclass(frozen=True, slots=True)
class Census:
    """How many letters and digits a document shows, how many of them are missing, and a piece that is."""

    letters: int = 0
    missing: int = 0
    sample: str = ""

    @property
    def share(self) -> float:
        """The part that is missing, from 0 to 1."""
        return self.missing / max(1, self.letters)


def take(seen: Iterable[str], dropped: Iterable[str], text: str) -> Census:
    """Count.

    Args:
        seen: The pieces of text that the document shows, in their order.
        dropped: Those that were left out on purpose, and said to be.
        text: What the document became.

    A piece that stands in the text as it was is there; of any other, letters count as missing that the text does not
    have beside the pieces that are there.
    """
    there = letters(text) + "\0" + "\0".join(map(letters, dropped))
    left = Counter(there)
    at = total = 0
    pieces = list(seen)
    torn: list[tuple[str, str]] = []
    for piece in pieces:
        bare = letters(piece)
        if not bare:
            continue
        total += len(bare)
        found = there.find(bare, at, at + NEAR + len(bare))
        if found < 0:
            found = there.find(bare)
        if found < 0:
            torn.append((piece, bare))
            continue
        at = found + len(bare)
        left.subtract(bare)
    more = -left  # letters of pieces that stand there once, and should more often
    missing = more.total()
    left += Counter(more)
    sample = next(
        (" ".join(piece.split())[:60] for piece in pieces if missing and more.keys() & set(letters(piece))), ""
    )
    for piece, bare in torn:
        lacking = 0
        for letter in bare:
            left[letter] -= 1
            lacking += left[letter] < 0
        missing += lacking
        if lacking and (not sample or (lacking * 2 > len(bare) and len(sample) < 10)):
            sample = " ".join(piece.split())[:60]
    return Census(total, missing, sample)


def letters(text: str) -> str:
    """Letters and digits, in the one form that they have in a note."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", mend_radicals(text))))
