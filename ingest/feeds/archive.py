"""The paper archive: one JSON record per line, one file per ISO week. Records are added and completed, never lost."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import islice
from pathlib import PurePosixPath

from ingest.model import Paper, Source, Week
from ingest.problems import Problem
from ingest.urls import arxiv_id, canonical_url, doi_of, paper_id

_TEXTS, _LISTS = ("id", "title", "url", "arxiv_id", "doi", "published", "feed"), ("authors", "topics", "versions")
_KEYS = tuple(item.name for item in fields(Paper))  # also the order in a line


def week_of(day: date) -> str:
    """The ISO week of a day: `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


# --- lines and records ----------------------------------------------------------------------------------------------


def encode(week: Week) -> str:
    """The file of a week: sorted by day and id, undated first, empty fields left out."""
    return "".join(_line(paper) + "\n" for paper in sorted(week.papers, key=_order))


def decode(source: Source) -> tuple[Week, tuple[Problem, ...]]:
    """The week in a file. A line that is no record is a problem; such a file must not be written over.

    A line written by hand needs `title` and `url`; ids are read from the address where they are left out.
    """
    name = PurePosixPath(source.path).stem
    papers, problems = [], []
    if not _is_week(name):
        problems.append(Problem(source.path, 1, 1, "P009", f"the name {name}"))
    for number, line in enumerate(source.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            papers.append(_record(json.loads(line, object_pairs_hook=_distinct)))
        except json.JSONDecodeError as error:
            problems.append(Problem(source.path, number, error.colno, "P001", f"no JSON ({error.msg})"))
        except (ValueError, RecursionError) as error:
            problems.append(Problem(source.path, number, 1, "P001", str(error)))
    return Week(name, tuple(papers)), tuple(problems)


def _line(paper: Paper) -> str:
    known = {key: value for key in _KEYS if (value := getattr(paper, key))}
    return json.dumps(known | {"published": str(paper.published)} if paper.published else known, ensure_ascii=False)


def _order(paper: Paper) -> tuple[object, ...]:
    return paper.published or date.min, *_by_id(paper)


def _by_id(paper: Paper) -> tuple[object, ...]:
    day = paper.published or date.min
    return paper.id, paper.title, paper.url, paper.doi, paper.authors, paper.feed, paper.versions, paper.topics, day


def _is_week(name: str) -> bool:
    try:
        return week_of(date.fromisoformat(f"{name}-1")) == name
    except ValueError:
        return False


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key that stands twice")
    return dict(pairs)


def _record(value: object) -> Paper:
    """The record a line holds.

    Raises:
        ValueError: Saying what is wrong with it.
    """
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} where a record should be")
    if unknown := sorted(value.keys() - set(_KEYS)):
        raise ValueError(f"the unknown key {unknown[0]}")
    for key in _TEXTS:
        if not isinstance(value.get(key, ""), str):
            raise ValueError(f"a {key} that is no text")
    for key in _LISTS:
        if not (isinstance(listed := value.get(key, []), list) and all(isinstance(item, str) for item in listed)):
            raise ValueError(f"a value of {key} that is no list of texts")
    if not all(re.fullmatch(r"v[1-9]\d{0,3}", version, re.ASCII) for version in value.get("versions", [])):
        raise ValueError("a version that is not like v2")
    if not (value.get("title") and value.get("url")):
        raise ValueError("a record without title or url")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair") from None
    url = canonical_url(value["url"])
    if not url.startswith(("http://", "https://")):
        raise ValueError("a url that is no web address")
    day = date.fromisoformat(value["published"]) if value.get("published") else None
    arxiv = value.get("arxiv_id") or arxiv_id(url)
    doi = value.get("doi") or ("" if arxiv else doi_of(url))
    return Paper(
        id=value.get("id") or paper_id(url, arxiv, doi),
        title=" ".join(value["title"].split()),
        url=url,
        arxiv_id=arxiv,
        doi=doi,
        authors=tuple(value.get("authors", ())),
        published=day,
        feed=value.get("feed", ""),
        topics=tuple(value.get("topics", ())),
        versions=tuple(value.get("versions", ())),
    )


# --- merging --------------------------------------------------------------------------------------------------------

# A feed may be made to give one DOI, address or title to everything; it must not cost the square of its length.
_ROUNDS, _MOST = 20, 50

Batch = tuple[Iterable[Paper], Iterable[Paper]]  # the papers of a feed, and the revisions it announces


@dataclass(slots=True, eq=False)
class _Slot:
    """A record and what it is known by; `week` is "" until it is archived."""

    paper: Paper
    keys: set[str] = field(default_factory=set)
    week: str = ""


def merge_all(weeks: Sequence[Week], batches: Iterable[Batch], today: date) -> tuple[tuple[Week, ...], tuple[int, ...]]:
    """The archive with the papers of feeds added, sorted by week, and how many were new in each batch.

    Papers are one and the same if they share an arXiv id, a DOI or an address, unless their arXiv ids differ; where
    they share none of these, if title and first author are the same. A paper that the archive holds fills the gaps of
    its record and adds its versions; a record's other fields, and its week, stay as they are. A new one goes to the
    week of its publication, or of `today` where that is unknown. The order of a batch means nothing; of two batches
    the first is preferred.

    It is done as often as it changes anything, so that the next fetch changes nothing. Once is enough but where
    sources contradict each other: an address that two papers share fills the gaps of one in the first round and may
    fill those of the other in the second.
    """
    sorted_batches = [
        tuple([(paper, tuple(_keys(paper))) for paper in sorted(papers, key=_by_id)] for papers in batch)
        for batch in batches
    ]
    done, new = tuple(weeks), [0] * len(sorted_batches)
    for _ in range(_ROUNDS):
        shelf = _Shelf(done)
        for number, (papers, revised) in enumerate(sorted_batches):
            before = len(shelf.slots)
            for paper, keys in papers:
                shelf.add(paper, keys)
            for paper, keys in revised:
                shelf.add(paper, keys, only_known=True)
            new[number] += max(0, len(shelf.slots) - before)
        after = shelf.filed(today)
        if after == done:
            break
        done = after
    return done, tuple(new)


class _Shelf:
    """All records, found by what they are known by."""

    def __init__(self, weeks: tuple[Week, ...]) -> None:
        slots = [_Slot(paper, set(), week.name) for week in weeks for paper in week.papers]
        slots.sort(key=lambda slot: (slot.paper.id, slot.week))  # the order in a file changes as dates become known
        self.slots = dict.fromkeys(slots)
        self.holders: dict[str, dict[_Slot, None]] = {}
        for slot in slots:
            self._learn(slot, _keys(slot.paper))

    def add(self, paper: Paper, keys: tuple[str, ...], only_known: bool = False) -> None:
        known = dict.fromkeys(slot for key in keys if key[0] != "=" for slot in self._holders_of(key))
        # What is archived stays, so it is the home; among new ones the surest id is.
        found = sorted(known, key=lambda slot: (not slot.week, "" if slot.week else slot.paper.id))
        found = [slot for slot in found if _agree(slot.paper, paper)]
        if not found:
            alike = (slot for key in keys if key[0] == "=" for slot in self._holders_of(key))
            found = [slot for slot in alike if _alike(slot.paper, paper)][:1]
        if found:
            home, *others = found
            home.paper = _filled(home.paper, paper)
        elif only_known:
            return
        else:
            home, others = _Slot(paper), []
            self.slots[home] = None
        self._learn(home, keys)
        for other in others:
            if not other.week and _agree(home.paper, other.paper):  # this paper has shown that the two are one
                home.paper = _filled(home.paper, other.paper)
                del self.slots[other]
                for key in other.keys:
                    del self.holders[key][other]
                self._learn(home, other.keys)

    def filed(self, today: date) -> tuple[Week, ...]:
        weeks: dict[str, list[Paper]] = {}
        for slot in self.slots:
            paper = slot.paper
            if not slot.week:  # another feed may have told a surer id
                paper = replace(paper, id=paper_id(paper.url, paper.arxiv_id, paper.doi))
            weeks.setdefault(slot.week or week_of(paper.published or today), []).append(paper)
        return tuple(Week(name, tuple(sorted(weeks[name], key=_order))) for name in sorted(weeks))

    def _learn(self, slot: _Slot, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in slot.keys:
                slot.keys.add(key)
                self.holders.setdefault(key, {})[slot] = None

    def _holders_of(self, key: str) -> Iterator[_Slot]:
        return islice(self.holders.get(key, ()), _MOST)


def _keys(paper: Paper) -> Iterator[str]:
    """All that a paper is known by, surest first; the last resort begins with `=`."""
    if paper.arxiv_id:
        yield f"arxiv:{paper.arxiv_id}"
    if paper.doi:
        yield f"doi:{paper.doi}"
    yield f"url:{paper.url.partition('://')[2].rstrip('/')}"  # http and https are one page
    title = _letters(paper.title)
    if paper.authors and len(title) >= _TELLING:
        yield f"={title}={_letters(_surname(paper.authors[0]))}"


_TELLING = 15  # letters of a title that two works hardly share: `GPT-4 Technical Report` has 19


def _letters(text: str) -> str:
    """Its letters and digits, without case and accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return "".join(filter(str.isalnum, text.casefold()))


def _surname(name: str) -> str:
    """`Roe` of `Ada Roe`, `A. Roe` and `Roe, Ada`."""
    return name.partition(",")[0] if "," in name else name.rpartition(" ")[2]


def _agree(one: Paper, other: Paper) -> bool:
    return not (one.arxiv_id and other.arxiv_id) or one.arxiv_id == other.arxiv_id


def _alike(one: Paper, other: Paper) -> bool:
    """Whether two papers of one title and first author are one. A blog repeats both every week, so what one feed
    lists twice is two, and two posts without ids are one only if they came out on one day."""
    apart = (one.arxiv_id and other.arxiv_id) or (one.doi and other.doi) or one.feed == other.feed
    named = one.arxiv_id or one.doi or other.arxiv_id or other.doi
    return not apart and bool(named or (one.published and one.published == other.published))


def _filled(record: Paper, paper: Paper) -> Paper:
    """The record with its empty fields taken from the paper. A title that is only the address is a gap too."""
    gaps = {key: value for key in _KEYS if (value := getattr(paper, key)) and not getattr(record, key)}
    if record.title == record.url and paper.title != paper.url:
        gaps["title"] = paper.title
    if not set(paper.versions) <= set(record.versions):
        versions = {*record.versions, *paper.versions}
        gaps["versions"] = tuple(sorted(versions, key=lambda version: int(version[1:])))
    return replace(record, **gaps) if gaps else record
