"""arXiv and Hugging Face as they behave over weeks, on a server of this machine: their calendars, pages and outages.

arXiv closes a day at 14:00 in New York and announces it at 20:00 (0:00 UTC), Sunday to Thursday; its feeds show the day
of New York alone, renewed at 5:00 UTC, and nothing on Saturdays, Sundays and holidays. Its interface finds papers once
they are announced, by the day on which they were sent in. Hugging Face lists papers on workdays after that.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from tests.ingest.feed_server import Handler

ARXIV = "xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:dc='http://purl.org/dc/elements/1.1/'"
SEARCH = "http://a9.com/-/spec/opensearch/1.1/"


@dataclass(frozen=True)
class Submission:
    """A paper: its number, when it was sent in (UTC), and the day in whose list it was announced."""

    number: str
    sent: datetime
    announced: date

    @property
    def title(self) -> str:
        return f"A Paper That Was Called {self.number}"


@dataclass
class Sites:
    """Both sites at a time.

    Attributes:
        now: The time, which the replay sets.
        first, last: Days between which papers are sent in.
        holidays: Workdays without an announcement.
        outage: Days on which neither site answers.
        late: Days whose feed is renewed hours after the run.
        a_day: Papers sent in on a workday; a fifth of that on others.
    """

    now: datetime
    first: date
    last: date
    holidays: frozenset[date] = frozenset()
    outage: frozenset[date] = frozenset()
    late: frozenset[date] = frozenset()
    a_day: int = 5
    papers: list[Submission] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, sent in enumerate(self._sent(), 1):
            self.papers.append(Submission(f"{self._announced(sent):%y%m}.{number:05}", sent, self._announced(sent)))

    def _sent(self) -> Iterator[datetime]:
        day = self.first
        while day <= self.last:
            number = self.a_day if day.weekday() < 5 else max(1, self.a_day // 5)
            for at in range(number):
                yield datetime(day.year, day.month, day.day, 24 * at // number, 30, tzinfo=UTC)
            day += timedelta(days=1)

    def _announced(self, sent: datetime) -> date:
        """The day of New York of the list: after 19:00 UTC, when a day is closed, in the one after the next."""
        day = (sent + timedelta(hours=5)).date() + timedelta(days=1)
        while day.weekday() > 4 or day in self.holidays:
            day += timedelta(days=1)
        return day

    def answer(self, handler: Handler) -> None:
        """Whichever page is asked for."""
        self.asked.append(handler.path)
        path, query = urlsplit(handler.path).path, parse_qs(urlsplit(handler.path).query)
        if self.now.date() in self.outage:
            return handler.answer(503, b"")
        pages = {"/rss/cs.CL": self._feed, "/api/query": self._interface, "/api/daily_papers": self._daily}
        return handler.answer(200, pages[path](query)) if path in pages else handler.answer(404)

    def _feed(self, query: dict[str, list[str]]) -> bytes:
        day = (self.now - timedelta(hours=5)).date()  # what was renewed last
        shown = [paper for paper in self.papers if paper.announced == day and day not in self.late]
        stamp = f"{day:%a, %d %b %Y} 00:00:00 -0500"
        items = "".join(
            f"<item><title>{paper.title}</title><link>https://arxiv.org/abs/{paper.number}</link>"
            f"<description>arXiv:{paper.number}v1 Announce Type: new Abstract: We do.</description>"
            f"<guid isPermaLink='false'>oai:arXiv.org:{paper.number}v1</guid><pubDate>{stamp}</pubDate>"
            f"<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Roe</dc:creator></item>"
            for paper in shown
        )
        head = "<title>cs.CL updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.CL</link>"
        return f"<rss version='2.0' {ARXIV}><channel>{head}{items}</channel></rss>".encode()

    def _interface(self, query: dict[str, list[str]]) -> bytes:
        low, _, high = query["search_query"][0].partition("submittedDate:[")[2].rstrip("]").partition(" TO ")
        known = [
            paper
            for paper in self.papers
            if paper.announced <= self.now.date() and low <= f"{paper.sent:%Y%m%d%H%M}" <= high
        ]
        start, size = int(query.get("start", ["0"])[0]), min(int(query.get("max_results", ["10"])[0]), 20)
        entries = "".join(
            f"<entry><id>http://arxiv.org/abs/{paper.number}v1</id><title>{paper.title}</title>"
            f"<link href='http://arxiv.org/abs/{paper.number}v1' rel='alternate' type='text/html'/>"
            f"<published>{paper.sent:%Y-%m-%dT%H:%M:%SZ}</published><author><name>Ada Roe</name></author></entry>"
            for paper in known[start : start + size]
        )
        numbers = f"<o:totalResults>{len(known)}</o:totalResults><o:startIndex>{start}</o:startIndex>"
        head = f"<title>ArXiv Query: search_query=cat:cs.CL</title>{numbers}"
        return f"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:o='{SEARCH}'>{head}{entries}</feed>".encode()

    def _daily(self, query: dict[str, list[str]]) -> bytes:
        days = [date.fromisoformat(day) for day in query.get("date", [])]
        listed = [paper for paper in self.liked() if paper.announced <= self.now.date()]
        if days:
            listed = [paper for paper in listed if paper.announced == days[0]]
        papers = (
            {"id": paper.number, "title": paper.title, "publishedAt": paper.sent.isoformat(), "upvotes": 7}
            for paper in listed[-5:]
        )
        return json.dumps([{"paper": paper} for paper in papers]).encode()

    def liked(self) -> list[Submission]:
        """Every fourth paper, which somebody puts into Hugging Face's list."""
        return self.papers[::4]
