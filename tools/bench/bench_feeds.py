"""Feeds parsed, cleaned and deduplicated, against feedparser alone on the same bytes; and feeds that did not change."""

import io
import itertools
import re
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import feedparser

from ingest.feeds.archive import merge_all
from ingest.feeds.fetch import fetch
from ingest.feeds.parse import parse_feed
from tests.ingest.feed_server import Handler, feed_server
from tools.bench.table import Row

TITLE = "订阅源：抓取与解析"
ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "inputs" / "feeds"
FEEDS, SIZE = 200, 225_000  # 45 MB
ITEM = re.compile(r"<(item|entry)\b.*?</\1>", re.DOTALL)
TOTAL = re.compile(r"(<opensearch:totalResults[^>]*>)\d+<")
NUMBER = re.compile(r"\b\d{4}\.\d{4,5}\b")  # of arXiv


def make_feeds() -> list[bytes]:
    """Real feeds (or those of the tests) with their entries repeated under other numbers and addresses.

    A third of the entries stand in another feed too, as papers do that arXiv lists in several categories.
    """
    folder = REAL if REAL.is_dir() else ROOT / "tests" / "ingest" / "feeds" / "samples"
    paths = [path for path in sorted(folder.glob("*.xml")) if len(parse_feed(path.read_bytes(), path.name).papers) > 1]
    # None of them is a page of a longer list, of which the others would be asked for.
    sources = itertools.cycle(TOTAL.sub(r"\g<1>0<", path.read_text("utf-8")) for path in paths)
    return [_enlarged(next(sources), number * 100_000 * 2 // 3) for number in range(FEEDS)]


def _enlarged(source: str, first: int) -> bytes:
    entries = [found[0] for found in ITEM.finditer(source)]
    start, end = source.index(entries[0]), source.rindex(entries[-1]) + len(entries[-1])
    parts, size = [source[:start]], start
    for number in itertools.count(first):
        part = _renumbered(entries[number % len(entries)], number)
        parts.append(part)
        size += len(part.encode())
        if size > SIZE:
            return "".join([*parts, source[end:]]).encode()
    raise AssertionError("count() has no end")


def _renumbered(entry: str, number: int) -> str:
    entry = NUMBER.sub(f"{2400 + number // 100_000 % 12 + 1:04d}.{number % 100_000:05d}", entry)
    return re.sub(r"(?<!\d)</(link|guid)>", rf"-{number}</\1>", entry)


def measure() -> list[Row]:
    """Speed of parsing and of conditional requests."""
    feeds = make_feeds()
    size = f"{FEEDS} 个真实大小的源、{sum(map(len, feeds)) / 1e6:.0f} MB"
    bare = _seconds(lambda: [feedparser.parse(io.BytesIO(content)) for content in feeds])
    counts: list[int] = []

    def ours() -> None:
        parsed = [parse_feed(content, f"feed {number}") for number, content in enumerate(feeds)]
        weeks, _ = merge_all((), [(feed.papers, feed.revised) for feed in parsed], date(2026, 11, 21))
        counts.append(sum(len(feed.papers) for feed in parsed))
        counts.append(sum(len(week.papers) for week in weeks))

    took = _seconds(ours)
    ratio = bare / took
    rows = [
        Row(f"{size}：只用 `feedparser.parse`", f"{FEEDS / bare:.1f} 个/s"),
        Row(f"{size}：解析、清洗、去重（{counts[0]:,} 条，去重后 {counts[1]:,} 条）", f"{FEEDS / took:.1f} 个/s"),
        Row("后者比前者快", f"{ratio:.1f} 倍", "≥ 2", ratio >= 2),
    ]
    return rows + _measure_unchanged(feeds)


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _measure_unchanged(feeds: list[bytes]) -> list[Row]:
    """All of them from a server on this machine, on sixteen hosts, fetched twice."""

    def answer(handler: Handler) -> None:
        known = handler.headers.get("If-None-Match") == '"1"'
        content = b"" if known else feeds[int(handler.path.removeprefix("/"))]
        handler.answer(304 if known else 200, content, ETag='"1"')

    with tempfile.TemporaryDirectory() as name, feed_server() as server:
        archive, states = Path(name) / "papers", Path(name) / "states"
        server.pages |= {f"/{number}": answer for number in range(FEEDS)}
        urls = [server.at(number % 16 + 1, f"/{number}") for number in range(FEEDS)]
        seconds, touched = [], []
        for _ in range(2):
            started = time.perf_counter()
            outcomes, _ = fetch(urls, archive, states, datetime.now(UTC))
            seconds.append(time.perf_counter() - started)
            touched.append({path.name: path.stat().st_mtime_ns for path in archive.iterdir()})
        assert all(outcome.feed is None and not outcome.state.error for outcome in outcomes)
        written = len(touched[1].items() - touched[0].items())
        return [
            Row(f"{FEEDS} 个源从本机的服务器抓取、解析、写入档案", f"{seconds[0]:.1f} s"),
            Row("没有变化时再抓取一次", f"{seconds[1]:.2f} s，写 {written} 个档案文件", "0 个", written == 0),
        ]
