"""The pages of papers: a digest, weeks with their picks, a list to filter, feeds of every concept, and their data."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from ingest.addresses import KINDS, searched_papers
from ingest.feeds.info import FeedInfo
from ingest.feeds.records import UNDATED
from ingest.feeds.weeks import Weeks
from ingest.feeds.when import month_of
from ingest.kept import Kept
from ingest.model import Concept, Paper, Week
from ingest.pages.atom import atom
from ingest.pages.days import week_zh
from ingest.pages.digest import LISTED, NEWEST, Digest, digest_of
from ingest.pages.ranking import moves, ranked, why
from ingest.pages.records import atom_entry
from ingest.searched import week_lines

PAPER = KINDS["paper"]
ON_PAGE = 400  # papers of a week on its page, so that it stays light; the others are in the list
IN_GROUP = 40
MOVED = 12
MILLISECONDS = 50  # for the pages of a week, about


class PaperPages:
    """All that the site says of papers. Of a week that did not change, only what was kept of it is looked at.

    Args:
        weeks: All there are.
        concepts: By name.
        kept: Results and pages of the last build.
        hashed: Gives the hash of what a page is made of, which may be many things.
        render: Renders a template with values.
    """

    def __init__(
        self,
        weeks: Sequence[Week],
        concepts: Mapping[str, Concept],
        kept: Kept,
        hashed: Callable[[object], str],
        render: Callable[..., str],
    ) -> None:
        weeks = Weeks.of(weeks)
        self.concepts, self._kept, self._hash, self._page = concepts, kept, hashed, render
        self._archive = weeks.stamps
        self.titles = {name: concept.short for name, concept in concepts.items()}
        self._made: dict[str, str] = {}
        self.weeks: list[Digest] = []
        for name, digest, made in self._each_week(weeks):
            self._made |= made
            if name != UNDATED:
                self.weeks.append(digest)
        self.undated = weeks.make(UNDATED) if UNDATED in weeks.stamps else Week(UNDATED, ())
        self._made.setdefault(f"{PAPER.folder}/{UNDATED}.json", self._rows(self.undated, digest_of(self.undated)))
        self.picks = {week.name: week.picks for week in self.weeks}
        self.picked = {paper.id for found in self.picks.values() for paper in found}

    def _each_week(self, weeks: Weeks) -> Iterator[tuple[str, Digest, dict[str, str]]]:
        """Each week's name, digest and pages, newest first."""
        kept, newest = self._kept, {name: weeks.stamps[name] for name in sorted(weeks.names, reverse=True)}
        paths = {name: {path: self._hash(stamp) for path in self._of(name)} for name, stamp in newest.items()}
        due = [
            name
            for name, stamp in newest.items()
            if not (kept.has(f"papers/{name}", stamp) and all(kept.stands(*page) for page in paths[name].items()))
        ]
        found = kept.each([partial(self._week_made, weeks, name) for name in due], MILLISECONDS)
        made = dict(zip(due, found, strict=True))
        for name, stamp in newest.items():
            digest, texts = made.get(name) or (kept.before(f"papers/{name}"), {})
            kept.results[f"papers/{name}"] = stamp, digest
            pages = {path: kept.page(path, of, partial(texts.get, path, "")) for path, of in paths[name].items()}
            yield name, digest, pages

    def _week_made(self, weeks: Weeks, name: str) -> tuple[Digest, dict[str, str]]:
        week = weeks.make(name)
        digest = digest_of(week)
        return digest, {path: make(week, digest) for path, make in self._of(name).items()}

    def _of(self, name: str) -> dict[str, Callable[[Week, Digest], str]]:
        """The pages that are made of one week alone, by their paths."""
        slug = name.lower()
        made: dict[str, Callable[[Week, Digest], str]] = {f"{PAPER.folder}/{slug}.json": self._rows}
        searched = searched_papers(name)
        made[searched] = lambda week, digest: week_lines(week, self.concepts, _shown(week, digest))
        return made if name == UNDATED else made | {PAPER.page(slug): self._week}

    def newest(self) -> Digest | None:
        """The newest week that has papers."""
        return next((week for week in self.weeks if week.count), None)

    def on(self, name: str) -> list[Paper]:
        """The papers of a concept, newest first, as many as a feed has."""
        return list(islice((paper for week in self.weeks for paper in week.on.get(name, ())), NEWEST))

    def count_on(self, name: str) -> int:
        """How many papers of a concept there are."""
        return sum(week.topics.get(name, 0) for week in self.weeks)

    def why(self, paper: Paper) -> str:
        """What speaks for a paper, but for its code, on one line."""
        return " · ".join(why(paper, self.titles))

    def pages(self, feeds: Sequence[FeedInfo]) -> Iterator[tuple[str, str]]:
        """Path under docs/ and text of everything."""
        yield from self._made.items()
        newest = self.newest()
        since = self.weeks[self.weeks.index(newest) :] if newest else ()
        moved, too_little = moves([(week.count, week.topics) for week in since])
        years: dict[str, list[Digest]] = defaultdict(list)
        for week in self.weeks:
            if week.count:  # the page of an empty one stays, for who has its address
                years[week.name[:4]].append(week)
        values = {"newest": newest, "years": years, "undated": self.undated, "moved": moved[:MOVED]}
        latest = list(islice((paper for week in self.weeks for paper in week.best), LISTED))
        total = sum(week.count for week in self.weeks)
        made: dict[str, Callable[[], str]] = {
            PAPER.page("index"): partial(self._page, "weeks", of=self, too_little=too_little, **values),
            PAPER.page("list"): partial(self._page, "papers", papers=latest, total=total, of=self),
            f"{PAPER.folder}/weeks.json": self._index,
            PAPER.page(UNDATED): lambda: self._page("undated", groups=self._undated(), of=self),
            **self._atom(),
        }
        yield from ((path, self._kept.page(path, self._hash(self._archive), make)) for path, make in made.items())
        yield PAPER.page("feeds"), self._page("feeds", feeds=feeds)

    def _week(self, week: Week, digest: Digest) -> str:
        chosen, shown, groups = digest.picks, _shown(week, digest), defaultdict(list)
        for paper in (paper for paper in ranked(week.papers) if paper not in chosen):
            groups[next((name for name in paper.topics if name in self.concepts), "")].append(paper)
        order = [*(name for name in self.concepts if name in groups), *([""] if "" in groups else [])]
        listed = [
            (self.concepts.get(name), [p for p in groups[name] if p in shown][:IN_GROUP], len(groups[name]))
            for name in order
        ]
        names = list(dict.fromkeys(name for paper in (*chosen, *week.papers) for name in paper.topics))[:20]
        return self._page("week", week=week, picks=chosen, groups=listed, names=names, of=self)

    def _rows(self, week: Week, digest: Digest) -> str:
        """A week as data for the list: `docs/guide/papers.md` says what its columns are."""
        feeds = list(dict.fromkeys(name for paper in week.papers for name in (paper.feed, *paper.also)))
        picked = {paper.id for paper in digest.picks}
        rows = [
            [
                str(paper.published or ""),
                paper.title,
                paper.arxiv_id if paper.url == f"https://arxiv.org/abs/{paper.arxiv_id}" else paper.url,
                [name for name in paper.topics if name in self.concepts],
                [feeds.index(name) for name in (paper.feed, *paper.also) if name],
                paper.code,
                paper.votes,
                int(paper.id in picked) + 2 * paper.withdrawn,
            ]
            for paper in ranked(week.papers)
        ]
        return _json({"week": week.name, "feeds": feeds, "papers": rows})

    def _index(self) -> str:
        """What the list knows before it asks for a week: its concepts and sources, and where each concept is."""
        place = {name: at for at, name in enumerate(self.concepts)}
        weeks = []
        for week in self.weeks:
            if week.count:
                inside = sorted(place[name] for name in week.topics if name in place)
                weeks.append([week.name, week.count, inside, week_zh(week.name)])
        feeds = {name for week in self.weeks for name in week.feeds}
        concepts = [[name, self.titles[name]] for name in place]
        undated = len(self.undated.papers)
        return _json({"concepts": concepts, "feeds": sorted(feeds), "weeks": weeks, "undated": undated})

    def _undated(self) -> list[tuple[str, list[Paper]]]:
        """Papers of no known day by the month that their arXiv ids name, newest first."""
        months: dict[str, list[Paper]] = defaultdict(list)
        for paper in self.undated.papers:
            month = month_of(paper.arxiv_id) if paper.arxiv_id else None
            months[f"{month:%Y-%m}" if month else ""].append(paper)
        return sorted(months.items(), reverse=True)

    def _atom(self) -> dict[str, Callable[[], str]]:
        def feed(name: str, title: str, papers: Callable[[], list[Paper]]) -> str:
            entries = [atom_entry(paper, day, self.why(paper)) for paper in papers() if (day := paper.published)]
            return atom(f"OpenLLM Wiki：{title}", f"papers/{name}.xml", entries)

        def chosen() -> list[Paper]:
            return [paper for week in self.weeks for paper in self.picks[week.name]][:NEWEST]

        feeds = {"picks": partial(feed, "picks", "每周精选的论文", chosen)} | {
            name: partial(feed, name, f"关于 {title} 的论文", partial(self.on, name))
            for name, title in self.titles.items()
        }
        return {f"{PAPER.folder}/{name}.xml": make for name, make in feeds.items()}


def _shown(week: Week, digest: Digest) -> set[Paper]:
    """The papers that a week's page shows: its picks and the best of the others; all where it has no week."""
    if week.name == UNDATED:
        return set(week.papers)
    return {*digest.picks, *[paper for paper in ranked(week.papers) if paper not in digest.picks][:ON_PAGE]}


def _json(value: object) -> str:
    """JSON in ASCII, which memory holds in a byte a letter."""
    return json.dumps(value, separators=(",", ":")) + "\n"
