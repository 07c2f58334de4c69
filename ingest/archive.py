"""The paper archive: one JSON record per line, one file per ISO week. Records are added and completed, never lost."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import PurePosixPath

from ingest.model import Paper, Source, Week
from ingest.problems import Problem
from ingest.urls import arxiv_id, canonical_url, doi_of, paper_id

_TEXTS, _LISTS = ("id", "title", "url", "arxiv_id", "doi", "published", "feed"), ("authors", "topics")
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


def _order(paper: Paper) -> tuple[date, str, str]:
    return paper.published or date.min, paper.id, _line(paper)


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
    )


# --- merging --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Slot:
    """A record and what it is known by; `week` is "" until it is archived."""

    paper: Paper
    keys: set[str] = field(default_factory=set)
    week: str = ""


def merge(weeks: Sequence[Week], papers: Iterable[Paper], today: date) -> tuple[Week, ...]:
    """The archive with papers added, sorted by week.

    Papers are one and the same if they share an arXiv id, a DOI or an address, unless their arXiv ids differ. A paper
    that the archive holds fills the gaps of its record; a record's other fields, and its week, stay as they are. A new
    one goes to the week of its publication, or of `today` where that is unknown. The order of `papers` means nothing;
    merge one feed after the other to prefer the first.
    """
    papers = tuple(papers)

    def step(weeks: tuple[Week, ...]) -> tuple[Week, ...]:
        return _filed(
            (slot.week or week_of(slot.paper.published or today), slot.paper) for slot in _merged(weeks, papers)
        )

    return _settled(weeks, step)


def complete(weeks: Sequence[Week], papers: Iterable[Paper]) -> tuple[Week, ...]:
    """The archive with its gaps filled from papers, none added."""
    papers = tuple(papers)

    def step(weeks: tuple[Week, ...]) -> tuple[Week, ...]:
        return _filed((slot.week, slot.paper) for slot in _merged(weeks, papers) if slot.week)

    return _settled(weeks, step)


def _settled(weeks: Sequence[Week], step: Callable[[tuple[Week, ...]], tuple[Week, ...]]) -> tuple[Week, ...]:
    """The archive after as many steps as change it, so that the next fetch changes nothing.

    One is enough but where sources contradict each other: an address that two papers share fills the gaps of one in
    the first step and may fill those of the other in the second. Gaps only ever become fewer, so this ends.
    """
    done = tuple(weeks)
    while (after := step(done)) != done:
        done = after
    return done


def _filed(papers: Iterable[tuple[str, Paper]]) -> tuple[Week, ...]:
    weeks: dict[str, list[Paper]] = {}
    for week, paper in papers:
        weeks.setdefault(week, []).append(paper)
    return tuple(Week(name, tuple(sorted(weeks[name], key=_order))) for name in sorted(weeks))


def _merged(weeks: tuple[Week, ...], papers: tuple[Paper, ...]) -> list[_Slot]:
    slots = [_Slot(paper, set(_keys(paper)), week.name) for week in weeks for paper in week.papers]
    slots.sort(key=lambda slot: (slot.paper.id, slot.week))  # the order in a file changes as dates become known
    holders: dict[str, list[_Slot]] = {}
    for slot in slots:
        for key in slot.keys:
            holders.setdefault(key, []).append(slot)
    for paper in sorted(papers, key=lambda paper: (paper.id, _line(paper))):  # by arXiv id, then DOI, then address
        keys = dict.fromkeys(_keys(paper))
        known = dict.fromkeys(slot for key in keys for slot in holders.get(key, ()))
        # What is archived stays, so it is the home; among new ones the surest id is.
        found = sorted(known, key=lambda slot: (not slot.week, "" if slot.week else slot.paper.id))
        home = next((slot for slot in found if _agree(slot.paper, paper)), None)
        if home is None:
            home = _Slot(paper)
            slots.append(home)
        else:
            home.paper = _filled(home.paper, paper)
        _learn(home, keys, holders)
        for other in [slot for slot in found if slot is not home and not slot.week and _agree(home.paper, slot.paper)]:
            home.paper = _filled(home.paper, other.paper)  # this paper has shown that the two are one
            slots.remove(other)
            for key in other.keys:
                holders[key].remove(other)
            _learn(home, other.keys, holders)
    return slots


def _learn(slot: _Slot, keys: Iterable[str], holders: dict[str, list[_Slot]]) -> None:
    for key in keys:
        if key not in slot.keys:
            slot.keys.add(key)
            holders.setdefault(key, []).append(slot)


def _keys(paper: Paper) -> Iterator[str]:
    """All that a paper is known by, surest first."""
    if paper.arxiv_id:
        yield f"arxiv:{paper.arxiv_id}"
    if paper.doi:
        yield f"doi:{paper.doi}"
    yield f"url:{paper.url}"


def _agree(one: Paper, other: Paper) -> bool:
    return not (one.arxiv_id and other.arxiv_id) or one.arxiv_id == other.arxiv_id


def _filled(record: Paper, paper: Paper) -> Paper:
    """The record with its empty fields taken from the paper. A title that is only the address is a gap too."""
    gaps = {key: value for key in _KEYS if (value := getattr(paper, key)) and not getattr(record, key)}
    if record.title == record.url and paper.title != paper.url:
        gaps["title"] = paper.title
    return replace(record, **gaps)
