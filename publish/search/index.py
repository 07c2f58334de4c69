"""Write `site/search/`: what browser/search/reader.js reads. The format is described in docs/guide/search.md.

Files but `index.json` are compressed here, so that a site needs no server that does it.
"""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ingest.files import read
from ingest.model import Concept
from ingest.synonyms import Entry, parse_synonyms
from ingest.tree import Tree
from publish.search import FILTERS, SCRIPTS
from publish.search.documents import Document, concepts_in, document_of, in_order, kind_name, lines_of
from publish.search.kept import Kept, Known, varint
from publish.search.names import Names, folded
from publish.search.pinyin import spelled
from publish.search.terms import simplified

FORMAT = 3
SHARD = 4_000  # bytes of postings in a file of the index, about
PACK = 1_500  # bytes of texts in a file, about
TOGETHER = 64  # files of texts that share a name: one changed document renames those of its own
SUGGESTED = 270  # questions that are suggested before an index is loaded


def build(project: Tree, site: str = "site") -> int:
    """Write `search/` into a site below a project; returns how many documents are in the index.

    Raises:
        OSError: What the index is made of cannot be read, or is no longer what the guard looked at.
    """
    table = "talks/synonyms.txt"
    is_there = project.kind(table) == "file"
    # What `ingest check` could not read, and has told, is left out.
    synonyms, _ = parse_synonyms(read([project.root / table], project.root)[0] if is_there else ())
    concepts = concepts_in(project)
    names = Names(concepts, synonyms)
    by_name = {concept.name: concept for concept in concepts}
    kept = Kept(project, ".cache/search.bin", _program(names))
    found = []
    for text, name in lines_of(project):
        known = kept.find(name, text)
        if not known and (document := document_of(text, name, by_name)):
            known = kept.add(name, text, document, names)
        if known:
            found.append(known)
    documents = in_order(found)
    files = _files(documents, kept.postings(documents), names, synonyms, concepts)
    _put(files, project, f"{site}/search")
    kept.save()
    return len(documents)


def _program(names: Names) -> str:
    """A hash of all that terms depend on beside the documents."""
    made = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), SCRIPTS / "asking.js", SCRIPTS / "shared.js"):
        made.update(path.read_bytes())
    made.update(json.dumps([[sense.id, sense.names] for sense in names.senses]).encode())
    return made.hexdigest()


def _files(
    known: Sequence[Known],
    postings: dict[str, bytes],
    names: Names,
    synonyms: Sequence[Entry],
    concepts: Sequence[Concept],
) -> Iterator[tuple[str, bytes]]:
    """Every file of the index by its name, before it is compressed; the one that names the others last."""
    documents = [one.head for one in known]
    entry: dict[str, Any] = {"format": FORMAT, "count": len(documents), "runs": _runs(documents)}
    entry["firsts"], entry["shards"] = [], []
    for first, content in _shards(postings):
        name = _name(content)
        entry["firsts"].append(first)
        entry["shards"].append(name)
        yield f"terms/{name}.bin", content
    entry["packs"], entry["groups"] = [], []
    packs = list(_packs(known))
    for at in range(0, len(packs), TOGETHER):
        group = packs[at : at + TOGETHER]
        name = _name(b"".join(content for _, content in group))
        entry["groups"].append(name)
        for number, (size, content) in enumerate(group):
            entry["packs"].append(size)
            yield f"texts/{name}/{number}.bin", content
    numbers = {document.address: number for number, document in enumerate(documents)}
    for name, value in {
        "names": _names(names, synonyms, concepts, numbers),
        "suggested": _suggested(documents),
        "filters": _columns(documents),
        "pinyin": {sense.id: said for sense in names.senses if sense.page and (said := spelled(sense.names))},
        "forms": ["".join(simplified()), "".join(simplified().values())],
    }.items():
        content = _json(value)
        entry[name] = _name(content)
        yield f"{name}-{entry[name]}.bin", content
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
        same = next(
            (at for at, (a, b) in enumerate(zip(before, written, strict=False)) if a != b),
            min(len(before), len(written)),
        )
        before = written
        lot += (
            varint(same) + varint(len(written) - same) + written[same:] + varint(len(postings[term])) + postings[term]
        )
        if len(lot) >= SHARD:
            yield first, bytes(lot)
            lot = bytearray()
    if lot:
        yield first, bytes(lot)


def _packs(documents: Sequence[Known]) -> Iterator[tuple[int, bytes]]:
    """What is shown of documents, some in a file, with how many they are."""
    lot: list[str] = []
    size = 0
    for document in documents:
        if lot and size + len(document.shown) > PACK:
            yield len(lot), f"[{','.join(lot)}]".encode("utf-8", "surrogatepass")
            lot, size = [], 0
        lot.append(document.shown)
        size += len(document.shown)
    if lot:
        yield len(lot), f"[{','.join(lot)}]".encode("utf-8", "surrogatepass")


def _names(
    names: Names, synonyms: Sequence[Entry], concepts: Sequence[Concept], numbers: dict[str, int]
) -> dict[str, Any]:
    """Senses with their names, and for concepts the document, the title in both languages; hints."""
    by_name = {concept.name: concept for concept in concepts}
    senses = []
    for sense in names.senses:
        if not sense.names:  # what all of its words say, everybody says
            continue
        own: list[Any] = (
            [numbers[f"topics/{sense.id}/"], by_name[sense.id].title, by_name[sense.id].english] if sense.page else []
        )
        names_of = _joined(sense.names)
        senses.append(["" if sense.id == names_of.partition("=")[0] else sense.id, names_of, *own])
    pages = {name.removeprefix("topics/").rstrip("/"): number for name, number in numbers.items()}
    pages["topics/index"] = numbers.get("topics/", 0)
    helped: dict[str, list[int]] = {}  # by what somebody says: the pages that help
    said = [(entry.names, entry.pages) for entry in synonyms]
    # A phrase of one page may have become the name of another since.
    said += [
        (tuple(own for own in one.phrases if names.page_of(own) in ("", one.name)), (one.name,)) for one in concepts
    ]
    for words, wanted in said:
        for name in map(folded, words):
            known = helped.setdefault(name, [])
            known += (pages[page] for page in wanted if page in pages and pages[page] not in known)
    together: dict[tuple[int, ...], list[str]] = {}
    for name, known in helped.items():
        together.setdefault(tuple(known), []).append(name)
    hints = [[_joined(words), list(help_)] for help_, words in together.items() if help_]
    english = {name.removeprefix("en/"): number for name, number in numbers.items() if name.startswith("en/")}
    twins = [[numbers[name], number] for name, number in english.items() if name in numbers]
    return {"senses": senses, "hints": hints, "twins": twins}


def _joined(words: Sequence[str]) -> str:
    """Words as a line of talks/synonyms.txt has them: a fifth shorter than a list of JSON."""
    return "=".join(word for word in words if "=" not in word)


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


def _name(content: bytes) -> str:
    """A name that says what is in a file."""
    return hashlib.sha256(content).hexdigest()[:10]


def _put(files: Iterable[tuple[str, bytes]], tree: Tree, place: str) -> None:
    """Bring an index into a site, what names the others last; then what is of an older one goes."""
    there = {name for name, _ in tree.walk(place)}
    made = set()
    for name, content in files:
        path = f"{place}/{name}"
        made.add(path)
        if name == "index.json":
            tree.write(path, content)
        elif path not in there:  # a name says what is in the file
            level = 6 if "/" in name else 9  # those few that every search fetches, as small as they get
            tree.write(path, gzip.compress(content, level, mtime=0), anew=True)
    for path in there - made:
        tree.remove(path)
        tree.prune(path.rpartition("/")[0])
