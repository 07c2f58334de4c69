"""What the index remembers between builds: of each document its terms and what is shown of it; and all postings.

Everything is found again by the text that it was made of, so a changed note costs its own terms alone.
"""

import hashlib
import json
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ingest.memory import recall, remember
from ingest.tree import Tree
from publish.search.documents import Document
from publish.search.levels import levels
from publish.search.names import Names

CUT = {"lead": 300, "section": 400}  # characters that are kept for showing
PATCHED = 0.02  # of the documents: where more are others than before, all postings are made anew
HEAD = ("kind", "address", "title", "english", "filters", "date", "language", "url", "anchor")


@dataclass
class Known:
    """A document without its text.

    Attributes:
        key: A hash of what it was made of.
        head: Its fields in `HEAD`.
        terms: Each the number of a word, times 16, and its level.
        shown: JSON of what a result says.
    """

    key: str
    head: Document
    terms: bytes
    shown: str


class Kept:
    """The memory, and what this build adds to it."""

    def __init__(self, tree: Tree, name: str, program: str) -> None:
        """Recall what the same program has remembered.

        Args:
            tree: The checkout.
            name: The file; it may be deleted at any time.
            program: A hash of all that documents' terms depend on, beside the documents.
        """
        self._tree, self._name, self._program = tree, name, program
        self.words: list[str] = []
        self._before: dict[str, list[Any]] = {}
        self._order: list[str] = []
        self._made: list[bytes] = []
        known, signature = recall(tree, name, program)
        if signature:
            self.words, self._before, self._order, self._made = known
        self._is_new = not signature
        self._place = {word: at for at, word in enumerate(self.words)}
        self._now: dict[str, list[Any]] = {}

    def find(self, name: str, text: str) -> Known | None:
        """A document by what it is made of, if it was seen before."""
        key = hashlib.sha256(f"{name}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
        found = self._before.get(key)
        if not found:
            return None
        self._now[key] = found
        return Known(key, Document(**dict(zip(HEAD, found[0], strict=True))), found[1], found[2])

    def add(self, name: str, text: str, document: Document, names: Names) -> Known:
        """A document that was not seen before."""
        key = hashlib.sha256(f"{name}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
        packed = array("I")
        for term, level in levels(document, names).items():
            at = self._place.setdefault(term, len(self.words))
            if at == len(self.words):
                self.words.append(term)
            packed.append(at << 4 | level)
        fields = [getattr(document, field) for field in HEAD]
        self._now[key] = [fields, packed.tobytes(), _shown(document)]
        return Known(key, Document(**dict(zip(HEAD, fields, strict=True))), *self._now[key][1:])

    def postings(self, documents: Sequence[Known]) -> dict[str, bytes]:
        """For each term its postings: of each document the step from the one before, times 16, plus its level."""
        order = [document.key for document in documents]
        others = [at for at, key in enumerate(order) if at >= len(self._order) or self._order[at] != key]
        if len(order) == len(self._order) and len(others) <= PATCHED * len(order):
            self._patch(documents, others)
        else:
            self._invert(documents)
        self._order = order
        return {word: own for word, own in zip(self.words, self._made, strict=False) if own}

    def _invert(self, documents: Sequence[Known]) -> None:
        last = [-1] * len(self.words)
        made = [bytearray() for _ in self.words]
        for number, document in enumerate(documents):
            for packed in array("I", document.terms):
                at = packed >> 4
                value = (number - last[at]) << 4 | packed & 15
                last[at] = number
                own = made[at]
                while value > 127:
                    own.append(value & 127 | 128)
                    value >>= 7
                own.append(value)
        self._made = [bytes(own) for own in made]

    def _patch(self, documents: Sequence[Known], others: Sequence[int]) -> None:
        """Bring the postings up to date with documents that are others than before, at the same numbers."""
        changes: dict[int, dict[int, int | None]] = {}
        for number in others:
            for packed in array("I", self._before[self._order[number]][1]):
                changes.setdefault(packed >> 4, {})[number] = None
            for packed in array("I", documents[number].terms):
                changes.setdefault(packed >> 4, {})[number] = packed & 15
        self._made += [b""] * (len(self.words) - len(self._made))
        for at, changed in changes.items():
            kept = [entry for entry in _unpacked(self._made[at]) if entry[0] not in changed]
            kept += [(number, level) for number, level in changed.items() if level is not None]
            self._made[at] = packed_postings(sorted(kept))

    def save(self) -> None:
        """Keep what this build has used."""
        if self._is_new or self._now.keys() != self._before.keys():
            with suppress(OSError):
                remember(self._tree, self._name, (self.words, self._now, self._order, self._made), self._program)


def packed_postings(levels: Sequence[tuple[int, int]]) -> bytes:
    """Postings of numbers of documents in order, with the level of each."""
    made, last = bytearray(), -1
    for number, level in levels:
        value = (number - last) << 4 | level  # `varint`, without a call for each
        last = number
        while value > 127:
            made.append(value & 127 | 128)
            value >>= 7
        made.append(value)
    return bytes(made)


def _unpacked(postings: bytes) -> list[tuple[int, int]]:
    found, number, value, shift = [], -1, 0, 0
    for byte in postings:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            number += value >> 4
            found.append((number, value & 15))
            value = shift = 0
    return found


def varint(value: int) -> bytes:
    """A number in as many bytes as it takes: seven bits each, the low ones first; the highest bit: more follow."""
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


def _shown(document: Document) -> str:
    """What a result says: address, title, the sections' beginnings."""
    parts = [[part.anchor, part.heading, _cut(part.text, CUT["section"])] for part in document.sections if part.text]
    lead = _cut(document.lead, CUT["lead"])
    made = {
        "at": document.address,
        "title": document.title,
        "english": document.english,
        "status": document.filters.get("status", [""])[0],
        "url": document.url,
        "anchor": document.anchor,
        "lead": "" if parts and parts[0][2].startswith(lead.rstrip("…")) else lead,
        "parts": parts,
    }
    kept = {key: value for key, value in made.items() if value or key in ("at", "title")}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
