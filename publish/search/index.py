"""Write `site/search/`: what browser/search/reader.js reads. The format is described in docs/guide/search.md.

A document's terms do not depend on other documents, so they are remembered by what it is made of, and a changed note
costs its own terms and the postings of all.
"""

import gzip
import hashlib
import json
import marshal
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from ingest.model import Source
from ingest.synonyms import parse_synonyms
from ingest.tree import Tree
from publish.search import FILTERS, SCRIPTS
from publish.search.documents import (
    Document,
    concepts_in,
    document_of,
    kind_name,
    lines_of,
    sorted_documents,
)
from publish.search.names import Names, folded
from publish.search.pinyin import spelled
from publish.search.terms import narrow, simplified, subject, terms

FORMAT = 1
SHARD = 4_000  # bytes of postings in a file of the index, about
PACK = 1_500  # bytes of texts in a file, about
TOGETHER = 64  # files of texts that share a name: one changed document renames those of its own
CUT = {"lead": 300, "section": 400}  # characters that are kept for showing
SUGGESTED = 300  # questions that are suggested before an index is loaded

# How much a word counts by where it stands, before its number of occurrences saturates.
HEADING, LEAD, PROSE, REFERENCE, CODE = 2.5, 2.0, 1.0, 0.4, 0.0
AVERAGE = 350  # terms of a document: a constant, so that no document's terms depend on others
SHARES = (1 / 20, 1 / 11, 1 / 7.5, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 1)  # what levels 8…15 say of a title


def levels(document: Document, names: Names) -> dict[str, int]:
    """The terms of a document, each with its level.

    0: only the code has it; 1…7: how much the text is about it; 8…15: it stands in the title or a name, and how much of that it is.
    """
    counts: Counter[str] = Counter()
    coded: set[str] = set()
    size = 0.0
    for weight, text in _said(document):
        text = narrow(text)
        found = Counter(terms(text))
        if not weight:
            coded |= found.keys()
            continue
        size += sum(found.values()) * min(weight, 1)
        for term, count in found.items():
            counts[term] += weight * count  # type: ignore[assignment]
        for sense, _ in names.find(text):
            counts[f"@{sense}"] += weight  # type: ignore[assignment]
    fit = 0.4 + 0.6 * size / AVERAGE
    made = {term: 1 + min(6, int(7 * count / (count + fit))) for term, count in counts.items()}
    made |= {term: 0 for term in coded if term not in counts}
    for title in _titles(document):
        for term, share in _shares(title, names).items():
            level = 8 + max(at for at, least in enumerate((0, *SHARES[1:])) if share >= least - 1e-6)
            made[term] = max(made.get(term, 0), level)
    return made


def _said(document: Document) -> Iterator[tuple[float, str]]:
    yield LEAD, document.lead
    for section in document.sections:
        yield HEADING, section.heading
        yield PROSE, section.text
        yield CODE, section.code
    for reference in document.references:
        yield REFERENCE, reference


def _titles(document: Document) -> Iterator[str]:
    """All that a document is called, and the parts of its titles."""
    for title in (document.title, document.english):
        if title:
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


class Tokens:
    """What documents are made of, remembered between builds: of each the terms and levels, by a hash of its text."""

    def __init__(self, path: Path, program: str) -> None:
        self._path, self._program = path, program
        self.words: list[str] = []
        self._before: dict[str, bytes] = {}
        with suppress(OSError, ValueError, EOFError, TypeError):
            known, words, before = marshal.loads(path.read_bytes())  # noqa: S302 - our own cache, in no checkout
            if known == program:
                self.words, self._before = words, before
        self._place = {word: at for at, word in enumerate(self.words)}
        self._now: dict[str, bytes] = {}

    def of(self, key: str, document: Document, names: Names) -> "array[int]":
        """A document's terms: each the number of its word, times 16, and its level."""
        packed = array("I")
        if key in self._before:
            packed.frombytes(self._before[key])
        else:
            for term, level in levels(document, names).items():
                at = self._place.setdefault(term, len(self.words))
                if at == len(self.words):
                    self.words.append(term)
                packed.append(at << 4 | level)
        self._now[key] = packed.tobytes()
        return packed

    def save(self) -> None:
        """Keep what this build has used, where it is anything else than before."""
        if self._now.keys() != self._before.keys():
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(marshal.dumps((self._program, self.words, self._now)))


def build(root: Path, site: Path | None = None) -> int:
    """Write `search/` into a site; returns how many documents are in the index."""
    site = site or root / "site"
    table = root / "talks" / "synonyms.txt"
    synonyms, _ = parse_synonyms([Source(table.name, table.read_text("utf-8"))] if table.is_file() else [])
    concepts = concepts_in(root / "docs")
    names = Names(concepts, synonyms)
    by_name = {concept.name: concept for concept in concepts}
    shared = _program(names)
    found = []
    keys: dict[int, str] = {}
    for text, name in lines_of(root):
        if document := document_of(text, name, by_name):
            keys[id(document)] = hashlib.sha256(f"{name}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:20]
            found.append(document)
    documents = sorted_documents(found)
    tokens = Tokens(root / ".cache" / "search.bin", shared)
    postings = _inverted(documents, keys, tokens, names)
    files = dict(_files(documents, postings, names, concepts))
    tokens.save()
    _put(files, Tree(site.parent), f"{site.name}/search")
    return len(documents)


def _program(names: Names) -> str:
    """A hash of all that terms depend on beside the documents."""
    made = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), SCRIPTS / "asking.js", SCRIPTS / "shared.js"):
        made.update(path.read_bytes())
    made.update(json.dumps([[sense.id, sense.names] for sense in names.senses]).encode())
    return made.hexdigest()


def _inverted(documents: Sequence[Document], keys: dict[int, str], tokens: Tokens, names: Names) -> dict[str, bytes]:
    """For each term its postings: of each document in order the step from the one before, times 16, and the level."""
    last: list[int] = []
    made: list[bytearray] = []
    for number, document in enumerate(documents, 1):
        for packed in tokens.of(keys[id(document)], document, names):
            at, level = packed >> 4, packed & 15
            if at >= len(made):
                last += [0] * (at + 1 - len(made))
                made += (bytearray() for _ in range(at + 1 - len(made)))
            value = (number - last[at]) << 4 | level
            last[at] = number
            own = made[at]
            while value > 127:
                own.append(value & 127 | 128)
                value >>= 7
            own.append(value)
    return {word: bytes(own) for word, own in zip(tokens.words, made, strict=False) if own}


def _files(
    documents: Sequence[Document], postings: dict[str, bytes], names: Names, concepts: Sequence[Any]
) -> Iterator[tuple[str, bytes]]:
    """Every file of the index by its name; the one that names the others last."""
    entry: dict[str, Any] = {"format": FORMAT, "count": len(documents), "runs": _runs(documents)}
    entry["firsts"], entry["shards"] = [], []
    for first, content in _shards(postings):
        name, stored = _hashed("terms", content)
        entry["firsts"].append(first)
        entry["shards"].append(name)
        yield f"terms/{name}.bin", stored
    entry["packs"], entry["groups"] = [], []
    packs = list(_packs(documents))
    for at in range(0, len(packs), TOGETHER):
        group = packs[at : at + TOGETHER]
        name = hashlib.sha256(b"".join(content for _, content in group)).hexdigest()[:10]
        entry["groups"].append(name)
        for number, (size, content) in enumerate(group):
            entry["packs"].append(size)
            yield f"texts/{name}/{number}.bin", _zipped(content)
    numbers = {document.address: number for number, document in enumerate(documents)}
    for name, value in {
        "names": _names(names, concepts, numbers),
        "suggested": _suggested(documents),
        "filters": _columns(documents),
        "forms": ["".join(simplified()), "".join(simplified().values())],
    }.items():
        entry[name], stored = _hashed(name, _json(value))
        yield f"{name}-{entry[name]}.bin", stored
    yield "index.json", _json(entry)


def _runs(documents: Sequence[Document]) -> list[list[Any]]:
    """The numbers of documents of one kind and one language: `[kind, language, how many]`, in order."""
    return [
        [kind_name(kind), language, len(list(run))]
        for (kind, language), run in groupby(documents, key=lambda one: (one.kind, one.language))
    ]


def _shards(postings: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Terms in lots that a browser fetches at once, in the order of JavaScript's strings, with the first of each."""
    ordered = sorted(postings, key=lambda term: term.encode("utf-16-be", "surrogatepass"))
    lot, first, before = bytearray(), "", b""
    for term in ordered:
        if not lot:
            first, before = term, b""
        written = term.encode("utf-8", "surrogatepass")
        same = next((at for at, (a, b) in enumerate(zip(before, written, strict=False)) if a != b), min(len(before), len(written)))
        before = written
        lot += _varint(same) + _varint(len(written) - same) + written[same:] + _varint(len(postings[term])) + postings[term]
        if len(lot) >= SHARD:
            yield first, bytes(lot)
            lot = bytearray()
    if lot:
        yield first, bytes(lot)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


def _packs(documents: Sequence[Document]) -> Iterator[tuple[int, bytes]]:
    """What is shown of documents, some in a file, with how many they are."""
    lot: list[dict[str, Any]] = []
    size = 0
    for document in documents:
        shown = _shown(document)
        length = len(json.dumps(shown, ensure_ascii=False))
        if lot and size + length > PACK:
            yield len(lot), _json(lot)
            lot, size = [], 0
        lot.append(shown)
        size += length
    if lot:
        yield len(lot), _json(lot)


def _shown(document: Document) -> dict[str, Any]:
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
    return {key: value for key, value in made.items() if value or key in ("at", "title")}


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _names(names: Names, concepts: Sequence[Any], numbers: dict[str, int]) -> dict[str, Any]:
    """Senses with their names, and for concepts the document, the title in both languages; hints; pinyin."""
    by_name = {concept.name: concept for concept in concepts}
    senses = []
    for sense in names.senses:
        own = [numbers[f"topics/{sense.id}/"], by_name[sense.id].title, by_name[sense.id].english] if sense.page else []
        senses.append([sense.id, sense.names, *own])
    pages = {name.removeprefix("topics/").rstrip("/"): number for name, number in numbers.items()}
    hints = [
        [[folded(name) for name in hint.names], [pages[page] for page in hint.pages if page in pages]]
        for hint in names.hints
    ]
    pinyin = {sense.id: spelled(sense.names) for sense in names.senses if sense.page}
    return {"senses": senses, "hints": hints, "pinyin": {key: value for key, value in pinyin.items() if value}}


def _suggested(documents: Sequence[Document]) -> list[list[str]]:
    """Questions and hand-written pages with their addresses: of each concept in turn the newest."""
    turns: dict[str, int] = defaultdict(int)
    ranked = []
    for at, document in enumerate(documents):
        if document.kind == "question":
            topic = (document.filters.get("topic") or [""])[0]
            ranked.append((turns[topic], at))
            turns[topic] += 1
    chosen = [at for _, at in sorted(ranked)[:SUGGESTED]]
    chosen += [at for at, document in enumerate(documents) if document.kind == "" and document.title]
    return [[documents[at].title, documents[at].address] for at in chosen]


def _columns(documents: Sequence[Document]) -> dict[str, Any]:
    """For each filter its values, and of each document, in order, which of them it has: `0,0,1 4,,2`; and the days."""
    made: dict[str, Any] = {}
    for name in FILTERS:
        if name == "kind":  # `runs` tells
            continue
        of_all = [document.filters.get(name, []) for document in documents]
        values = sorted({value for own in of_all for value in own})
        place = {value: str(at) for at, value in enumerate(values)}
        made[name] = {"values": values, "of": ",".join(" ".join(place[value] for value in own) for own in of_all)}
    made["date"] = [document.date for document in documents]
    return made


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


def _hashed(_: str, content: bytes) -> tuple[str, bytes]:
    """A name that says what is in a file, and the file."""
    return hashlib.sha256(content).hexdigest()[:10], _zipped(content)


def _put(files: dict[str, bytes], tree: Tree, place: str) -> None:
    """Bring an index into a site, what names the others last; then what is of an older one goes."""
    there = dict(tree.walk(place))
    for name, content in files.items():
        path = f"{place}/{name}"
        if name == "index.json" or path not in there:  # other names say what is in them
            tree.write(path, content)
    for path in there:
        if path.removeprefix(f"{place}/") not in files:
            tree.remove(path)
            tree.prune(path.rpartition("/")[0])

