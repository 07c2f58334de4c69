"""Six weeks of two sites' calendars: weekends, holidays, an outage, late announcements; and what is asked for again."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.feeds.catch_up import addresses, is_missed, next_page
from ingest.feeds.fetch import Settings, run_fetch
from ingest.feeds.records import decode, week_of
from ingest.model import Paper, Source
from ingest.web import Manners
from tests.ingest.calendars import Sites
from tests.ingest.feed_server import Handler, feed_server

SETTINGS = Settings(Manners(pauses=(), attempts=1, patience=60, grace=60))
LIST = """<opml version="2.0"><body>
<outline text="arXiv" xmlUrl="{url}/rss/cs.CL"
 archiveUrl="{url}/api/query?search_query=cat:cs.CL+AND+submittedDate:[{{from}}+TO+{{to}}]&amp;max_results=20"/>
<outline text="HF" xmlUrl="{url}/api/daily_papers" archiveUrl="{url}/api/daily_papers?date={{day}}" again="3"/>
</body></opml>"""
pytestmark = pytest.mark.usefixtures("in_this_process")
MONDAY = date(2026, 10, 12)


class Everything(dict[str, object]):
    """The sites' answer for every address."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites

    def get(self, path: str, default: object = None) -> object:
        return lambda handler: self.sites.answer(handler)


def archived(talks: Path) -> dict[str, list[Paper]]:
    found = {}
    for path in sorted((talks / "papers").glob("*.jsonl")):
        week, problems = decode(Source(path.name, path.read_text()))
        assert problems == ()
        found[week.name] = list(week.papers)
    return found


def replay(sites: Sites, talks: Path, url: str, days: int) -> list[str]:
    """Run every day at 5:47 UTC, as the workflow does; what was said."""
    talks.mkdir(exist_ok=True)
    (talks / "feeds.opml").write_text(LIST.format(url=url))
    said = []
    for number in range(days):
        sites.now = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 5, 47, tzinfo=UTC) + timedelta(days=number)
        _, problems = run_fetch([], talks, sites.now, SETTINGS)
        said += [f"{sites.now:%m-%d} {problem.code} {problem.message}" for problem in problems]
    return said


TROUBLE = {
    "nothing": {},
    "holidays, an outage of five days, late announcements": {
        "holidays": frozenset({date(2026, 11, 11), date(2026, 10, 30)}),
        "outage": frozenset(date(2026, 10, 27) + timedelta(days=at) for at in range(5)),
        "late": frozenset({date(2026, 10, 16), date(2026, 11, 2), date(2026, 11, 3)}),
    },
}


@pytest.mark.parametrize("name", TROUBLE)
def test_in_six_weeks_every_paper_comes_once_and_stands_in_its_week(name: str, tmp_path: Path) -> None:
    end = MONDAY + timedelta(days=41)
    now = datetime.now(UTC)
    sites = Sites(now, MONDAY - timedelta(days=1), end - timedelta(days=5), **TROUBLE[name])  # type: ignore[arg-type]
    with feed_server() as server:
        server.pages = Everything(sites)  # type: ignore[assignment]
        replay(sites, tmp_path / "talks", server.url, 42)
    weeks = archived(tmp_path / "talks")
    counts = Counter(paper.arxiv_id for papers in weeks.values() for paper in papers)
    due = {paper.number: paper for paper in sites.papers}
    assert set(counts) == set(due)
    assert max(counts.values()) == 1
    for week, papers in weeks.items():
        for paper in papers:
            assert week in {week_of(due[paper.arxiv_id].sent.date()), week_of(due[paper.arxiv_id].announced)}
    liked = {paper.number for paper in sites.liked()}
    assert {paper.arxiv_id for papers in weeks.values() for paper in papers if paper.votes} == liked
    if name == "nothing":  # nobody is asked for what was seen
        assert not [path for path in sites.asked[6:] if "/api/query" in path and "start=0" in path]


def test_a_day_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    sites = Sites(datetime.now(UTC), MONDAY - timedelta(days=1), MONDAY)
    with feed_server() as server:
        server.pages = Everything(sites)  # type: ignore[assignment]
        replay(sites, tmp_path / "talks", server.url, 5)
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "talks" / "papers").iterdir()}
        sites.now += timedelta(hours=1)
        run_fetch([], tmp_path / "talks", sites.now, SETTINGS)
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "talks" / "papers").iterdir()} == before


def test_since_brings_what_appeared_from_a_day_on(tmp_path: Path) -> None:
    talks = tmp_path / "talks"
    talks.mkdir()
    sites = Sites(datetime(2026, 11, 20, 12, tzinfo=UTC), MONDAY, date(2026, 11, 18))
    with feed_server() as server:
        server.pages = Everything(sites)  # type: ignore[assignment]
        (talks / "feeds.opml").write_text(LIST.format(url=server.url))
        run_fetch([], talks, sites.now, SETTINGS, date(2026, 11, 2))
    found = {paper.arxiv_id for papers in archived(talks).values() for paper in papers}
    assert {paper.number for paper in sites.papers if paper.sent.date() >= date(2026, 11, 2)} <= found
    weeks = archived(talks)
    assert sum(len(papers) for papers in weeks.values()) == len(found)
    assert {path.split("?")[0] for path in sites.asked} == {"/rss/cs.CL", "/api/query", "/api/daily_papers"}


def test_what_could_not_be_caught_up_is_asked_for_the_next_day(tmp_path: Path) -> None:
    sites = Sites(
        datetime.now(UTC), MONDAY - timedelta(days=1), date(2026, 10, 22), late=frozenset({date(2026, 10, 20)})
    )
    real = sites.answer

    def broken(handler: Handler) -> None:
        if "/api/query" in handler.path and sites.now.date() < date(2026, 10, 23):
            return handler.answer(500)
        return real(handler)

    sites.answer = broken  # type: ignore[method-assign]
    with feed_server() as server:
        server.pages = Everything(sites)  # type: ignore[assignment]
        said = replay(sites, tmp_path / "talks", server.url, 15)
    assert any("P007 500" in line for line in said)
    found = {paper.arxiv_id for papers in archived(tmp_path / "talks").values() for paper in papers}
    assert {paper.number for paper in sites.papers} <= found


def test_a_source_that_stands_still_is_told(tmp_path: Path) -> None:
    sites = Sites(datetime.now(UTC), MONDAY - timedelta(days=7), MONDAY + timedelta(days=60))
    frozen: dict[str, bytes] = {}
    real = sites._feed
    sites._feed = lambda query: frozen.setdefault("feed", real(query))  # type: ignore[method-assign]
    with feed_server() as server:
        server.pages = Everything(sites)  # type: ignore[assignment]
        said = replay(sites, tmp_path / "talks", server.url, 10)
    assert not [line for line in said if "P014" in line and line < "10-16"]
    assert "10-21 P014 nothing newer than 2026-10-12 for 9 days" in said


@pytest.mark.parametrize(
    ("covered", "reached", "weekends", "missed"),
    [
        ("2026-11-20", "2026-11-23", False, False),  # Friday, Monday
        ("2026-11-20", "2026-11-24", False, True),
        ("2026-11-20", "2026-11-22", True, True),
        ("2026-11-23", "2026-11-24", False, False),
        ("2026-11-24", "2026-11-23", False, False),
        ("2020-01-01", "2026-11-23", False, True),
    ],
)
def test_a_missed_day_is_one_between_two(covered: str, reached: str, weekends: bool, missed: bool) -> None:
    assert is_missed(date.fromisoformat(covered), date.fromisoformat(reached), weekends) == missed


def test_templates_are_filled() -> None:
    since, until = date(2026, 11, 27), date(2026, 12, 1)
    assert addresses("a?q=[{from}+TO+{to}]", since, until) == ["a?q=[202611270000+TO+202612012359]"]
    assert addresses("a?d={day}", since, until)[::4] == ["a?d=2026-11-27", "a?d=2026-12-01"]
    assert addresses("a?w={week}", since, until) == ["a?w=2026-W48", "a?w=2026-W49"]


def test_the_next_page_keeps_the_question() -> None:
    url = "https://a.example/api/query?search_query=cat:cs.CL+AND+submittedDate:[2026+TO+2027]&max_results=5"
    assert next_page(url, 7) == (
        "https://a.example/api/query?search_query=cat:cs.CL+AND+submittedDate:[2026+TO+2027]&max_results=1000&start=7"
    )
