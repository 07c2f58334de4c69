"""The pages of papers: a digest, weeks with their picks, a list to filter, feeds of every concept, and their data."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from ingest.addresses import KINDS
from ingest.feeds.info import FeedInfo
from ingest.feeds.records import UNDATED
from ingest.feeds.when import month_of
from ingest.model import Concept, Paper, Week
from ingest.pages.atom import atom
from ingest.pages.ranking import moves, picks, ranked, why
from ingest.pages.records import atom_entry

PAPER = KINDS["paper"]
ON_PAGE = 400  # papers of a week on its page, so that it stays light; the others are in the list
IN_GROUP = 40
LISTED = 100  # papers on the list's page, for who has no script
NEWEST = 50  # entries of a feed
MOVED = 12
Page = Callable[..., str]


class PaperPages:
    """All that the site says of papers.

    Args:
        weeks: All there are.
        concepts: By name.
        kept: Gives a page by its path and what it is made of; renders it where that is new.
        page: Renders a template with values.
    """

    def __init__(self, weeks: Sequence[Week], concepts: Mapping[str, Concept], kept: Page, page: Page) -> None:
        self.weeks = sorted((week for week in weeks if week.name != UNDATED), key=lambda week: week.name, reverse=True)
        self.undated = next((week for week in weeks if week.name == UNDATED), Week(UNDATED, ()))
        self.concepts, self._kept, self._page = concepts, kept, page
        self.titles = {name: concept.short for name, concept in concepts.items()}
        self.picks = {week.name: picks(week) for week in self.weeks}
        self.picked = {paper.id for found in self.picks.values() for paper in found}

    def newest(self) -> Week | None:
        """The newest week that has papers."""
        return next((week for week in self.weeks if week.papers), None)

    def by_concept(self) -> dict[str, list[Paper]]:
        """The papers of each concept, newest first."""
        found: dict[str, list[Paper]] = defaultdict(list)
        for week in self.weeks:
            for paper in reversed(week.papers):  # a file is sorted by day
                for name in paper.topics:
                    found[name].append(paper)
        return found

    def why(self, paper: Paper) -> str:
        """What speaks for a paper, but for its code, on one line."""
        return " · ".join(why(paper, self.titles))

    def pages(self, feeds: Sequence[FeedInfo]) -> Iterator[tuple[str, str]]:
        """Path under docs/ and text of everything."""
        for week in self.weeks:
            slug = week.name.lower()
            for name, make in ((PAPER.page(slug), self._week), (f"{PAPER.folder}/{slug}.json", self._rows)):
                yield name, self._kept(name, week, partial(make, week))
        newest = self.newest()
        described = moves(self.weeks[self.weeks.index(newest) :] if newest else ())
        years: dict[str, list[Week]] = defaultdict(list)
        for week in self.weeks:
            if week.papers:  # the page of an empty one stays, for who has its address
                years[week.name[:4]].append(week)
        values = {"newest": newest, "years": years, "undated": self.undated, "moved": described[0][:MOVED]}
        yield PAPER.page("index"), self._page("weeks", of=self, too_little=described[1], **values)
        latest = [paper for week in self.weeks for paper in ranked(week.papers)][:LISTED]
        total = sum(len(week.papers) for week in self.weeks)
        yield PAPER.page("list"), self._page("papers", papers=latest, total=total, of=self)
        yield f"{PAPER.folder}/weeks.json", self._index()
        yield PAPER.page(UNDATED), self._page("undated", groups=self._undated(), of=self)
        yield f"{PAPER.folder}/{UNDATED}.json", self._rows(self.undated)
        yield PAPER.page("feeds"), self._page("feeds", feeds=feeds)
        yield from self._atom()

    def _week(self, week: Week) -> str:
        chosen = self.picks[week.name]
        rest = [paper for paper in ranked(week.papers) if paper not in chosen]
        shown, groups = set(rest[:ON_PAGE]), defaultdict(list)
        for paper in rest:
            groups[next((name for name in paper.topics if name in self.concepts), "")].append(paper)
        order = [*(name for name in self.concepts if name in groups), *([""] if "" in groups else [])]
        listed = [
            (self.concepts.get(name), [p for p in groups[name] if p in shown][:IN_GROUP], len(groups[name]))
            for name in order
        ]
        names = list(dict.fromkeys(name for paper in (*chosen, *week.papers) for name in paper.topics))[:20]
        return self._page("week", week=week, picks=chosen, groups=listed, names=names, of=self)

    def _rows(self, week: Week) -> str:
        """A week as data for the list: `docs/guide/papers.md` says what its columns are."""
        feeds = list(dict.fromkeys(name for paper in week.papers for name in (paper.feed, *paper.also)))
        rows = [
            [
                str(paper.published or ""),
                paper.title,
                paper.arxiv_id if paper.url == f"https://arxiv.org/abs/{paper.arxiv_id}" else paper.url,
                [name for name in paper.topics if name in self.concepts],
                [feeds.index(name) for name in (paper.feed, *paper.also) if name],
                paper.code,
                paper.votes,
                int(paper.id in self.picked) + 2 * paper.withdrawn,
            ]
            for paper in ranked(week.papers)
        ]
        return _json({"week": week.name, "feeds": feeds, "papers": rows})

    def _index(self) -> str:
        """What the list knows before it asks for a week: its concepts and sources, and where each concept is."""
        place = {name: at for at, name in enumerate(self.concepts)}
        weeks = []
        for week in self.weeks:
            if week.papers:
                inside = sorted({place[name] for paper in week.papers for name in paper.topics if name in place})
                weeks.append([week.name, len(week.papers), inside])
        feeds = {name for week in self.weeks for paper in week.papers for name in (paper.feed, *paper.also)} - {""}
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

    def _atom(self) -> Iterator[tuple[str, str]]:
        chosen = [paper for week in self.weeks for paper in self.picks[week.name]][:NEWEST]
        found = self.by_concept()
        lists = [("picks", "每周精选的论文", chosen)]
        lists += [(name, f"关于 {self.titles[name]} 的论文", found.get(name, [])[:NEWEST]) for name in self.concepts]
        for name, title, papers in lists:
            entries = [atom_entry(paper, day, self.why(paper)) for paper in papers if (day := paper.published)]
            yield f"{PAPER.folder}/{name}.xml", atom(f"OpenLLM Wiki：{title}", f"papers/{name}.xml", entries)


def days_of(week: str) -> str:
    """The days of a week: `11-23 至 11-29`."""
    monday = date.fromisoformat(f"{week}-1")
    return f"{monday:%m-%d} 至 {monday + timedelta(days=6):%m-%d}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
