"""One search index out of several: Pagefind's files for parts of a site -> those for the whole, quicker to open.

Pagefind keeps the words of all its pages in memory, about 0.25 MB a page: a site in parts needs that of one part. And
what a browser reads before its first search grows with the pages: a random name for each, its place in an order by
date, its number in each filter. Here pages are numbered from the newest on and named by their number, which says the
order; filters become columns (see `columns`) that compress well.

The format is that of Pagefind 1.5: CBOR behind twelve letters, gzipped. Of a word the index says
`[word, [[page, places, places in titles], …], [[other spelling, [the same]], …]]`; a page's number is the difference to
the page before, a negative place in titles is a field: -1 for the first.
"""

import gzip
import hashlib
import heapq
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import cbor2

from publish.search import FILTERS

LETTERS = b"pagefind_dcd"
CHUNK = 20_000  # places of words in a file of the index, at least: Pagefind's own number
MARKS = re.compile("[\u2e31-\u2e34]")
GRAIN = 16  # words: pages' lengths, which the ranking uses, are told this well and compress the better
LIBRARY = ("pagefind.js", "pagefind-worker.js", "wasm.unknown.pagefind")
PUT_IN = re.compile(
    r" \u2e33[^\W_]+| ?\u2e31(.)[^\s\u2e31\u2e34]?(?:\u2e34 ?)?|\u2e32(.)[^\s\u2e31\u2e34]?(?:\u2e34 ?)?|\u2e34 ?"
)


@dataclass(frozen=True)
class Page:
    """A page as Pagefind stored it: its part of the site, its number there, its length in words, its text."""

    part: int
    number: int
    length: int
    fragment: dict[str, Any]


def read(path: Path) -> bytes:
    """What a file of Pagefind's holds.

    Raises:
        ValueError: It is in no format known here.
    """
    content = gzip.decompress(path.read_bytes())
    if not content.startswith(LETTERS):
        raise ValueError(f"{path.name} does not begin as files of Pagefind 1.5 do")
    return content.removeprefix(LETTERS)


def write(path: Path, content: bytes) -> None:
    """Store as Pagefind does, the same bytes at any time."""
    path.write_bytes(gzip.compress(LETTERS + content, 6, mtime=0))  # 9 takes four times as long for 1 % less


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def plain(text: str) -> str:
    """A page's text as it is on the page: without what `expand` of search_index.py put in."""
    return PUT_IN.sub(lambda match: match[1] or match[2] or "", text)


def pages_of(part: int, folder: Path, listed: list[tuple[str, int]]) -> Iterator[Page]:
    """The pages of one part, their texts as on the page."""
    for number, (name, length) in enumerate(listed):
        fragment = json.loads(read(folder / "fragment" / f"{name}.pf_fragment"))
        fragment["content"] = plain(fragment["content"])
        fragment["meta"] = {key: plain(value) for key, value in fragment["meta"].items()}
        for anchor in fragment["anchors"]:
            anchor["text"] = plain(anchor["text"])
        yield Page(part, number, length, fragment)


def columns(pages: Sequence[Page]) -> dict[str, dict[str, Any]]:
    """For each filter its values, and of each page, in order, which of them it has: `0,0,1 4,,2`."""
    made = {}
    for name in FILTERS:
        of_pages = [page.fragment["filters"].get(name, []) for page in pages]
        values = sorted({value for own in of_pages for value in own})
        place = {value: str(at) for at, value in enumerate(values)}
        made[name] = {"values": values, "pages": ",".join(" ".join(place[value] for value in own) for own in of_pages)}
    return made


def located(pages: list[Any], numbers: list[int], fields: list[int]) -> Iterator[list[Any]]:
    """Where a word is, by the numbers of pages and fields in the whole."""
    at = 0
    for step, places, in_titles in pages:
        at += step
        yield [numbers[at], places, [fields[-place - 1] if place < 0 else place for place in in_titles]]


def words_of(folder: Path, chunks: list[Any], numbers: list[int], fields: list[int]) -> Iterator[tuple[str, Any]]:
    """The words of one part in order, each with its spellings ("" for the word itself) and where they are."""
    for _, _, name in chunks:
        for word, pages, others in cbor2.loads(read(folder / "index" / f"{name}.pf_index"))[0]:
            if MARKS.search(word):
                continue  # Pagefind stores what has punctuation with it and without
            spellings = [("", pages), *others]
            yield word, [(spelling, list(located(found, numbers, fields))) for spelling, found in spellings]


def packed(places: list[list[Any]]) -> list[list[Any]]:
    """Pages in order, each with the difference to the one before in place of its number."""
    places.sort(key=itemgetter(0))
    befores = [0, *(page for page, _, _ in places)]
    return [[page - before, *where] for before, (page, *where) in zip(befores, places, strict=False)]


def merged(streams: list[Iterator[tuple[str, Any]]]) -> Iterator[tuple[list[Any], int]]:
    """Words of all parts in order, as the index stores them, and how many places each has."""
    for word, entries in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        spellings: dict[str, list[list[Any]]] = {}
        for _, found in entries:
            for spelling, places in found:
                spellings.setdefault(spelling, []).extend(places)
        size = sum(len(places) + 1 for found in spellings.values() for _, places, _ in found)
        own = packed(spellings.pop(""))
        yield [word, own, [[other, packed(places)] for other, places in sorted(spellings.items())]], size


def chunked(words: Iterator[tuple[list[Any], int]], bounds: list[tuple[str, str]]) -> Iterator[list[Any]]:
    """Words in lots that a browser fetches at once; the first and last word of each is added to `bounds`."""
    lot, size = [], 0
    for word, places in words:
        lot.append(word)
        size += places
        if size >= CHUNK:
            bounds.append((lot[0][0], lot[-1][0]))
            yield lot
            lot, size = [], 0
    if lot:
        bounds.append((lot[0][0], lot[-1][0]))
        yield lot


def newest_first(parts: list[Path], metas: list[Any]) -> list[Page]:
    """All pages, those of the same day by their addresses, those without a date last."""
    pages = [page for at, part in enumerate(parts) for page in pages_of(at, part, metas[at][1])]
    pages.sort(key=lambda page: str(page.fragment["url"]))
    pages.sort(key=lambda page: page.fragment["filters"].get("date", [""])[0], reverse=True)
    return pages


def streams_of(parts: list[Path], metas: list[Any], pages: list[Page], fields: list[str]) -> list[Iterator[Any]]:
    """The words of each part, pages and fields by their numbers in the whole."""
    numbers = [[0] * len(meta[1]) for meta in metas]
    for number, page in enumerate(pages):
        numbers[page.part][page.number] = number
    return [
        words_of(part, meta[2], own, [-1 - fields.index(name) for name in meta[5]])
        for part, meta, own in zip(parts, metas, numbers, strict=True)
    ]


def store(folder: Path, ending: str, contents: Iterable[bytes]) -> bytes:
    """Write numbered files into a new folder; returns a digest of them."""
    folder.mkdir(parents=True)
    digest = hashlib.sha256()
    for number, content in enumerate(contents):
        write(folder / f"{number:05}.{ending}", content)
        digest.update(content)
    return digest.digest()


def merge(parts: list[Path], target: Path) -> int:
    """Write the index of a site from those of its parts, in place of what `target` had; returns the number of pages."""
    metas = [cbor2.loads(read(next(part.glob("*.pf_meta")))) for part in parts]
    pages, fields = newest_first(parts, metas), sorted({name for meta in metas for name in meta[5]})
    made = target.with_name(f"{target.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    texts = (compact(page.fragment | {"filters": {}}).encode() for page in pages)
    digest = store(made / "fragment" / "new", "pf_fragment", texts)
    bounds: list[tuple[str, str]] = []
    lots = chunked(merged(streams_of(parts, metas, pages, fields)), bounds)
    digest += store(made / "index" / "new", "pf_index", (cbor2.dumps([lot]) for lot in lots))
    name = hashlib.sha256(digest).hexdigest()[:8]  # browsers keep files by their address: it says what is in them
    for folder in ("fragment", "index"):
        (made / folder / "new").rename(made / folder / name)
    listed = [[f"{name}/{number:05}", max(1, round(page.length / GRAIN)) * GRAIN] for number, page in enumerate(pages)]
    chunks = [[first, last, f"{name}/{number:05}"] for number, (first, last) in enumerate(bounds)]
    write(made / f"pagefind.{name}.pf_meta", cbor2.dumps([metas[0][0], listed, chunks, [], [], fields]))
    (made / "facets.json").write_text(compact(columns(pages)), "utf-8")
    entry = json.loads((parts[0] / "pagefind-entry.json").read_text("utf-8"))
    entry["languages"] = {"unknown": {"hash": name, "wasm": None, "page_count": len(pages)}}
    (made / "pagefind-entry.json").write_text(compact(entry), "utf-8")
    for file in LIBRARY:
        shutil.copy(parts[0] / file, made)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    return len(pages)
