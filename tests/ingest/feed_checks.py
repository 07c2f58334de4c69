"""What holds of any bytes that are read as a feed."""

from datetime import date

from ingest.feeds.archive import merge_all
from ingest.feeds.parse import parse_feed
from ingest.feeds.records import decode, encode
from ingest.model import Source


def check_total(content: bytes, today: date = date(2026, 11, 21)) -> None:
    """Records and problems come out, and the records can be archived once and for all."""
    found = parse_feed(content, "f")
    codes = [problem.code for problem in found.problems]
    for paper in found.papers + found.revised:
        assert paper.id and paper.title and paper.url.startswith(("http://", "https://"))
        assert "\n" not in paper.title
    assert len(set(codes)) >= len(codes) - 1  # two P008: encoding and XML
    assert found.papers or found.revised or found.problems
    weeks, _ = merge_all((), [(found.papers, found.revised)], today)
    for week in weeks:
        assert decode(Source(f"{week.name}.jsonl", encode(week))) == (week, ())
    assert merge_all(weeks, [(found.papers, found.revised)], date(2030, 1, 1)) == (weeks, (0,))
