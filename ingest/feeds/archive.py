"""The paper archive grows: papers of feeds merged into it. Records are added, completed and corrected, never lost."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from ingest.feeds.records import by_id, order, week_of
from ingest.limits import number_in
from ingest.model import Paper, Week
from ingest.urls import paper_id

# A feed may be made to give one DOI, address or title to everything; it must not cost the square of its length.
_ROUNDS, _MOST = 20, 50

Batch = tuple[Iterable[Paper], Iterable[Paper]]  # the papers of a feed, and the revisions it announces


@dataclass(slots=True, eq=False)
class _Slot:
    """A record and what it is known by; `week` is "" until it is archived."""

    paper: Paper
    keys: set[str] = field(default_factory=set)
    week: str = ""


def merge_all(weeks: Sequence[Week], batches: Sequence[Batch], today: date) -> tuple[tuple[Week, ...], tuple[int, ...]]:
    """The archive with the papers of feeds added, sorted by week, and how many were new in each batch.

    Papers are one and the same if they share an arXiv id, a DOI or an address, unless their arXiv ids differ; where
    they share none of these, if a feed gives them one name at one address, or if title and first author are the same.
    A paper that the archive holds fills the gaps of its record. Title, authors and day are taken from whoever knows
    best: arXiv before Hugging Face and a post's own site, these before anybody else, and of arXiv the latest version.
    Each stands in the week of its day, so it moves when that becomes known. The order of batches, and that within
    them, means nothing.

    It is done as often as it changes anything, so that the next fetch changes nothing. Once is enough but where
    sources contradict each other: an address that two papers share fills the gaps of one in the first round and may
    fill those of the other in the second.
    """
    found = [
        (only_known, paper, number)
        for number, batch in enumerate(batches)
        for only_known, papers in enumerate(batch)
        for paper in papers
    ]
    found.sort(key=lambda one: (one[0], -_trust(one[1].authority)[0], by_id(one[1])))
    entries = [(paper, tuple(keys_of(paper)), bool(only_known), number) for only_known, paper, number in found]
    done, new = tuple(weeks), [0] * len(batches)
    for _ in range(_ROUNDS):
        shelf = _Shelf(done)
        for paper, keys, only_known, number in entries:
            before = len(shelf.slots)
            shelf.add(paper, keys, only_known)
            new[number] += len(shelf.slots) - before
        after = shelf.filed(today)
        if after == done:
            break
        done = after
    return done, tuple(max(0, count) for count in new)


class _Shelf:
    """All records, found by what they are known by."""

    def __init__(self, weeks: tuple[Week, ...]) -> None:
        self.names = [week.name for week in weeks]
        slots = [_Slot(paper, set(), week.name) for week in weeks for paper in week.papers]
        slots.sort(key=lambda slot: (slot.paper.id, slot.week))  # the order in a file changes as dates become known
        self.slots = dict.fromkeys(slots)
        self.holders: dict[str, dict[_Slot, None]] = {}
        for slot in slots:
            self._learn(slot, keys_of(slot.paper))

    def add(self, paper: Paper, keys: tuple[str, ...], only_known: bool = False) -> None:
        known = dict.fromkeys(slot for key in keys if key[0] not in "=~" for slot in self._holders_of(key))
        # What is archived stays, so it is the home; among new ones the surest id is.
        found = sorted(known, key=lambda slot: (not slot.week, "" if slot.week else slot.paper.id))
        found = [slot for slot in found if _agree(slot.paper, paper)]
        if not found:
            named = (slot for key in keys if key[0] == "~" for slot in self._holders_of(key))
            found = [slot for slot in named if _is_repeated(slot.paper, paper)][:1]
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
        weeks: dict[str, list[Paper]] = {name: [] for name in self.names}  # a week that became empty has its page still
        for slot in self.slots:
            paper = slot.paper
            if not slot.week:  # another feed may have told a surer id
                paper = replace(paper, id=paper_id(paper.url, paper.arxiv_id, paper.doi), arrived=today, abstract="")
            weeks.setdefault(week_of(paper.published), []).append(paper)
        return tuple(Week(name, tuple(sorted(weeks[name], key=order))) for name in sorted(weeks))

    def _learn(self, slot: _Slot, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in slot.keys:
                slot.keys.add(key)
                self.holders.setdefault(key, {})[slot] = None

    def _holders_of(self, key: str) -> Iterator[_Slot]:
        return islice(self.holders.get(key, ()), _MOST)


def keys_of(paper: Paper) -> Iterator[str]:
    """All that a paper is known by, surest first; a feed's name for it begins with `~`, the last resort with `=`."""
    if paper.arxiv_id:
        yield f"arxiv:{paper.arxiv_id}"
    if paper.doi:
        yield f"doi:{paper.doi}"
    address = paper.url.partition("://")[2].rstrip("/")  # http and https are one page
    yield f"url:{address}"
    if found := _ACL.match(address) or _ACL.match(paper.doi):
        yield f"acl:{found[1].lower()}"
    if paper.guid:  # a site that moves to https, or drops its `www.`, moves the names of its posts too
        name = paper.guid.partition("://")[2] or paper.guid
        yield f"~{address.partition('/')[0].removeprefix('www.')}~{name}"
    title = _letters(paper.title)
    if len(title) >= _TELLING:
        yield f"={title}={_letters(_surname(paper.authors[0])) if paper.authors else _path(paper)}"


_ACL = re.compile(r"(?:aclanthology\.org/|10\.(?:18653/v1|3115/v1)/)([\w.-]+)$", re.IGNORECASE)
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
    lists twice is two unless the site moved to another host, and two posts without ids are one only if they came out
    on one day."""
    if (one.arxiv_id and other.arxiv_id) or (one.doi and other.doi):
        return False
    named = one.arxiv_id or one.doi or other.arxiv_id or other.doi
    if not (named or (one.published and one.published == other.published)):
        return False
    return one.feed != other.feed or _path(one) == _path(other) != ""


def _path(paper: Paper) -> str:
    """Where on its site a paper is, whatever the site's name."""
    return paper.url.partition("://")[2].partition("/")[2].rstrip("/")


def _is_repeated(one: Paper, other: Paper) -> bool:
    """Whether two entries to which a feed gives one name are one: some feeds give one name to everything."""
    return _letters(one.title) == _letters(other.title) or urlsplit(one.url).path == urlsplit(other.url).path


@lru_cache(1_000)
def _trust(authority: str) -> tuple[int, int]:
    """How much is known by whoever told of a paper, and of which version."""
    who, _, version = authority.rpartition(" v") if authority.startswith("arXiv v") else (authority, "", "1")
    return _TRUST.get(who, 0), number_in(version, 1)


_TRUST = {"own": 1, "Hugging Face": 2, "arXiv": 3}


def _filled(record: Paper, paper: Paper) -> Paper:
    """The record completed and corrected by the paper. A title that is only the address is a gap too."""
    before, now = _trust(record.authority), _trust(paper.authority)
    changes = {key: value for key in _GAPS if not getattr(record, key) and (value := getattr(paper, key))}
    if now > before:
        changes |= {key: value for key in _TOLD if (value := getattr(paper, key)) or key == "withdrawn"}
    if paper.title == paper.url:
        changes.pop("title", None)
    elif record.title == record.url:
        changes["title"] = paper.title
    if record.published and paper.published:
        if now[0] == before[0] == _TRUST["arXiv"]:  # a submission's day comes before that of its announcement
            changes["published"] = min(record.published, paper.published)
        elif now[0] > before[0]:
            changes["published"] = paper.published
    changes |= {
        "versions": tuple(sorted({*record.versions, *paper.versions}, key=lambda version: int(version[1:]))),
        "also": tuple(sorted({*record.also, paper.feed, *paper.also} - {record.feed, changes.get("feed", ""), ""})),
        "topics": tuple(dict.fromkeys((*record.topics, *paper.topics))),
        "votes": max(record.votes, paper.votes),
    }
    if now == before and paper.withdrawn:
        changes["withdrawn"] = True
    changes = {key: value for key, value in changes.items() if value != getattr(record, key)}
    return replace(record, **changes) if changes else record


_TOLD = ("title", "authors", "url", "line", "withdrawn", "authority")
_GAPS = ("arxiv_id", "doi", "authors", "published", "feed", "code", "guid", "line", "authority", "arrived")
