"""Fetching from files and from a real server on this machine, which also fails in every way it can."""

import gzip
import os
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import brotli
import pytest

from ingest.feeds.fetch import Settings, fetch, run_fetch
from ingest.feeds.outcome import Outcome, status
from ingest.feeds.records import decode
from ingest.feeds.sandbox import Limits
from ingest.feeds.state import FeedState, load
from ingest.model import Paper, Source
from ingest.problems import Problem
from ingest.web import USER_AGENT, Manners, site_of
from tests.ingest.feed_server import FeedServer, Handler, feed_server

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FEEDS = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[4] / "shared" / "inputs" / "feeds"
# Patient with everything that a test is not about: other work may share the machine.
QUICK = Settings(Manners(largest=20_000, patience=60, grace=60, attempts=1), Limits(seconds=20))
JSON = (FEEDS / "json_feed.json").read_bytes()
DAILY = (FEEDS / "hf_daily_papers.json").read_bytes()


def settings(limits: Limits = QUICK.limits, force: bool = False, **manners: Any) -> Settings:
    return Settings(replace(QUICK.manners, **manners), limits, force)


def page(status: int = 200, body: bytes = JSON, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(status, body, **headers)


def moved(to: str, status: int = 302) -> Callable[[Handler], None]:
    return page(status, b"", Location=to)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as server:
        server.pages |= {f"/feeds/{path.name}": page(body=path.read_bytes()) for path in FEEDS.iterdir()}
        yield server


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    return tmp_path / "talks"


def bring(talks: Path, *locations: str, now: datetime = NOW, how: Settings = QUICK) -> Any:
    return fetch(locations, talks / "papers", talks / ".feeds.sqlite", now, how)


def only(talks: Path, location: str, now: datetime = NOW, how: Settings = QUICK) -> tuple[Outcome, list[str]]:
    (outcome,), problems = bring(talks, location, now=now, how=how)
    return outcome, [problem.code for problem in problems]


def archived(talks: Path) -> list[Paper]:
    return [
        paper
        for path in sorted((talks / "papers").glob("*.jsonl"))
        for paper in decode(Source(path.name, path.read_text()))[0].papers
    ]


def bytes_of(talks: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (talks / "papers").iterdir()}


# --- what comes in -------------------------------------------------------------------------------------------------


def test_one_paper_in_rss_atom_and_hugging_face_is_archived_once(server: FeedServer, talks: Path) -> None:
    names = "arxiv_new_cross_replace.xml", "arxiv_api_wrapped_title.xml", "hf_daily_papers.json"
    outcomes, problems = bring(talks, *(f"{server.url}/feeds/{name}" for name in names))
    assert problems == ()
    assert [(len(one.feed.papers), one.new, len(one.feed.revised)) for one in outcomes] == [
        (2, 2, 1),
        (1, 0, 0),
        (2, 1, 0),
    ]
    papers = {paper.arxiv_id: paper for paper in archived(talks)}
    assert sorted(papers) == ["9912.00001", "9912.00002", "9912.00009"]
    assert papers["9912.00001"].feed == "cs.CL updates on arXiv.org"
    assert papers["9912.00001"].doi == "10.5555/abc.1"  # only the Atom feed knows it
    assert papers["9912.00001"].versions == ("v1", "v2")
    assert {request.headers["user-agent"] for request in server.requests} == {USER_AGENT}


def test_fetching_files_again_changes_no_byte(talks: Path) -> None:
    names = "arxiv_new_cross_replace.xml", "digest_with_summary_as_title.xml", "hf_daily_papers.json", "json_feed.json"
    locations = [str(FEEDS / name) for name in names]
    bring(talks, *locations)
    before = bytes_of(talks)
    outcomes, _ = bring(talks, *locations, now=NOW + timedelta(days=33))
    assert bytes_of(talks) == before
    assert sum(one.new for one in outcomes) == 0 < sum(len(one.feed.papers) for one in outcomes)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("GZIP", gzip.compress),
        ("identity", bytes),
    ],
)
def test_a_packed_body_is_unpacked(
    coding: str, pack: Callable[[bytes], bytes], server: FeedServer, talks: Path
) -> None:
    server.pages["/"] = page(body=pack(JSON), Content_Encoding=coding)
    outcome, _ = only(talks, server.url + "/")
    assert outcome.feed and len(outcome.feed.papers) == 2
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate, br, identity"


def test_the_charset_of_the_answer_is_heard(server: FeedServer, talks: Path) -> None:
    body = "<rss><channel><title>Ação</title><item><link>http://a.example/</link></item></channel></rss>"
    server.pages["/"] = page(body=body.encode("cp1252"), Content_Type='text/xml; charset="Windows-1252"')
    outcome, codes = only(talks, server.url + "/")
    assert outcome.feed and outcome.feed.title == "Ação"
    assert "P008" not in codes


# --- what did not change -------------------------------------------------------------------------------------------


def validated(name: str, value: str, condition: str) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        known = handler.headers.get(condition) == value
        handler.answer(304 if known else 200, b"" if known else JSON, **{name: value})

    return answer


DAY = "Sat, 21 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    "answer",
    [
        validated("ETag", '"a1"', "If-None-Match"),
        validated("Last_Modified", DAY, "If-Modified-Since"),
        page(),  # no validators: the same bytes
    ],
    ids=["etag", "date", "digest"],
)
def test_an_unchanged_feed_is_neither_parsed_nor_written(
    answer: Callable[[Handler], None], server: FeedServer, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/"] = answer
    assert only(talks, server.url + "/")[0].new == 2
    before = bytes_of(talks)
    monkeypatch.setattr("ingest.feeds.read.Sandbox.parse", None)
    outcome, codes = only(talks, server.url + "/")
    assert (str(outcome), codes) == (f"{server.url}/: unchanged", [])
    assert bytes_of(talks) == before


def test_a_validator_that_cannot_be_sent_back_is_forgotten(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = page(ETag='"\xe9"')
    only(talks, server.url + "/")
    assert str(only(talks, server.url + "/")[0]).endswith(": unchanged")


def test_what_is_remembered_may_be_deleted_or_damaged(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = validated("ETag", '"a1"', "If-None-Match")
    only(talks, server.url + "/")
    before = bytes_of(talks)
    for damage in (Path.unlink, lambda path: path.write_bytes(b"no database")):
        damage(talks / ".feeds.sqlite")
        outcome, codes = only(talks, server.url + "/")
        assert outcome.feed and (outcome.new, codes) == (0, ["P004"])
        assert str(only(talks, server.url + "/")[0]).endswith(": unchanged")
    assert bytes_of(talks) == before


def test_an_archive_that_changed_is_brought_up_to_date(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = validated("ETag", '"a1"', "If-None-Match")
    server.pages["/other"] = page(body=DAILY)
    only(talks, server.url + "/")
    for path in (talks / "papers").iterdir():
        path.unlink()
    bring(talks, server.url + "/other")  # what is remembered of the first feed is not of this archive either
    assert only(talks, server.url + "/")[0].new == 2


def test_papers_that_could_not_be_written_are_asked_for_again(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = validated("ETag", '"a1"', "If-None-Match")
    (talks / "papers").mkdir(parents=True)
    week = talks / "papers" / "2026-W47.jsonl"
    week.write_text("half a record {\n")
    assert only(talks, server.url + "/")[1] == ["P004", "P001", "P001"]
    week.unlink()
    assert only(talks, server.url + "/")[0].new == 2


def test_force_asks_for_all_of_it(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = validated("ETag", '"a1"', "If-None-Match")
    only(talks, server.url + "/")
    outcome, _ = only(talks, server.url + "/", how=settings(force=True))
    assert outcome.feed and "if-none-match" not in server.requests[-1].headers


# --- redirects -----------------------------------------------------------------------------------------------------


def test_a_permanent_redirect_is_reported_and_remembered(server: FeedServer, talks: Path) -> None:
    server.pages |= {"/old": moved("/new", 301), "/new": moved("/newest", 308), "/newest": page()}
    outcome, codes = only(talks, server.url + "/old")
    assert outcome.state.moved_to == f"{server.url}/newest"
    assert codes == ["P004", "P011"]
    assert only(talks, server.url + "/old")[1] == ["P011"]
    assert server.asked() == ["/old", "/new", "/newest", "/newest"]
    del server.pages["/newest"]
    only(talks, server.url + "/old")
    server.pages["/old"] = page(body=DAILY)
    outcome, codes = only(talks, server.url + "/old", now=NOW + timedelta(days=3))
    assert outcome.feed and outcome.state.moved_to == "" and codes == []


def test_a_passing_redirect_is_followed_and_forgotten(server: FeedServer, talks: Path) -> None:
    server.pages |= {"/old": moved("/new"), "/new": moved("/newest", 301), "/newest": page()}
    outcome, codes = only(talks, server.url + "/old")
    assert outcome.feed and (outcome.state.moved_to, codes) == ("", ["P004"])


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "a redirect to an address of kind file:"),
        ("ftp://a.example/", "a redirect to an address of kind ftp:"),
        ("http://127.0.0.2:{port}/good", "127.0.0.2 leads to the private address 127.0.0.2"),
        ("http://2130706433:{port}/good", "2130706433 leads to the private address 127.0.0.1"),
        ("http://localhost:{port}/good", "localhost leads to the private address"),
        ("http://[::ffff:127.0.0.1]:{port}/good", "::ffff:127.0.0.1 leads to the private address"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 leads to the private address"),
        ("http://[64:ff9b::a00:1]/", "64:ff9b::a00:1 leads to the private address"),
        ("http://[64:ff9b:1::a00:1]/", "64:ff9b:1::a00:1 leads to the private address"),
        ("http://[fec0::1]/", "fec0::1 leads to the private address"),
    ],
)
def test_a_redirect_into_the_dark_is_refused(target: str, said: str, server: FeedServer, talks: Path) -> None:
    server.pages |= {"/": moved(target.format(port=server.port), 301), "/good": page()}
    outcome, codes = only(talks, server.url + "/")
    assert outcome.state.error.startswith(said)
    assert (codes, server.asked(), outcome.state.moved_to) == (["P007"], ["/"], "")


def test_a_redirect_to_a_private_address_may_be_allowed(server: FeedServer, talks: Path) -> None:
    server.pages |= {"/": moved(server.at(2, "/good")), "/good": page()}
    assert only(talks, server.url + "/", how=settings(allow_private=True))[0].new == 2
    assert [request.host for request in server.requests] == [f"127.0.0.{n}:{server.port}" for n in (1, 2)]


# --- failures ------------------------------------------------------------------------------------------------------


def test_a_failing_feed_is_left_alone_twice_as_long_each_time_up_to_48_hours(server: FeedServer, talks: Path) -> None:
    now, waits = NOW, []
    for failures in range(1, 12):
        outcome, codes = only(talks, server.url + "/none", now=now)
        assert (outcome.state.error, outcome.state.failures, codes) == ("404 Not Found", failures, ["P007"])
        waits.append(outcome.state.wait_until - now.timestamp())
        outcome, codes = only(talks, server.url + "/none", now=now + timedelta(seconds=waits[-1] - 1))
        assert (outcome.waits, codes) == (True, [])
        assert "left alone until 2026-" in str(outcome)
        now += timedelta(seconds=waits[-1] + 1)
    assert len(server.requests) == 11
    longest = [min(15 * 60 * 2**n, 48 * 3600) for n in range(11)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    server.pages["/none"] = page()
    assert only(talks, server.url + "/none", how=settings(force=True))[0].state.failures == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("86400", 86400),
        (timedelta(hours=20), 20 * 3600),
        ("999999999999", 48 * 3600),
        (timedelta(days=400), 48 * 3600),
        ("-5", 0),
        ("soon", 0),
        ("²", 0),
    ],
)
def test_retry_after_is_obeyed(header: str | timedelta, seconds: float, server: FeedServer, talks: Path) -> None:
    def answer(handler: Handler) -> None:
        now = datetime.now(UTC)  # by the server's clock, which its Date header tells
        text = header if isinstance(header, str) else format_datetime(now + header, usegmt=True)
        handler.send_response(429)
        handler.send_header("Retry-After", text.encode().decode("latin-1"))
        handler.end_headers()

    server.pages["/"] = answer
    outcome, _ = only(talks, server.url + "/")
    wait = outcome.state.wait_until - NOW.timestamp()
    assert outcome.state.error == "429 Too Many Requests"
    assert abs(wait - seconds) < 120 if seconds else wait <= 15 * 60


def test_a_passing_failure_is_tried_again_at_once(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = lambda handler: handler.answer(503 if len(server.requests) == 1 else 200, JSON)
    assert only(talks, server.url + "/", how=settings(attempts=2))[0].new == 2
    server.pages["/gone"] = page(410)
    only(talks, server.url + "/gone", how=settings(attempts=2))
    assert server.asked() == ["/", "/", "/gone"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[broken", "http://", "http://a\0b/", "http://\u2603.invalid/"]
)
def test_an_address_that_leads_nowhere_is_reported(url: str, talks: Path) -> None:
    _, (problem,) = bring(talks, url)
    assert (problem.code, "\n" in problem.message) == ("P007", False)


def test_a_missing_file_a_folder_and_a_huge_file_are_reported(tmp_path: Path, talks: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(20_001)
    _, problems = bring(talks, str(tmp_path / "none.xml"), str(tmp_path), str(huge))
    assert [problem.code for problem in problems] == ["F001"] * 3
    assert [problem.message for problem in problems] == ["no such file", "not a file", "more than 20,000 bytes"]


def test_a_proxy_of_the_environment_is_used(server: FeedServer, talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pages["http://feeds.invalid/a"] = page()
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    assert only(talks, "http://feeds.invalid/a")[0].new == 2
    assert server.requests[0].host == "feeds.invalid"
    server.pages["/direct"] = page(body=DAILY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert only(talks, server.url + "/direct")[0].new == 2
    assert server.asked() == ["http://feeds.invalid/a", "/direct"]


# --- hostile servers -----------------------------------------------------------------------------------------------

ITEM = b"<item><title>t</title><link>https://a.example/</link></item>"
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("k"))
)


def blanks(coding: str, pack: Callable[[bytes], bytes]) -> Callable[[Handler], None]:
    """100 MB, packed a thousandfold and more."""
    return lambda handler: handler.answer(200, pack(b" " * 10**8), Content_Encoding=coding)


HOSTILE: dict[str, tuple[Callable[[Handler], None], str]] = {
    "entity bomb": (page(body=BOMB + b"]><rss>&j;</rss>"), "an entity declaration"),
    "external entity": (page(body=(FEEDS / "external_entity.xml").read_bytes()), "an entity declaration"),
    "deep": (page(body=b"<rss><channel>" + b"<a>" * 3_000_000), "it takes more than 180 MB to parse"),
    "quadratic": (
        page(body=b"<rss xml:base=''><channel><item><author>" + b"a." * 300_000 + b"</author></item></channel></rss>"),
        "it takes more than 1.6 seconds to parse",
    ),
    "blanks": (lambda handler: handler.endless(b" " * 100_000), "more than 15,728,640 bytes"),
    "packed blanks": (blanks("gzip", gzip.compress), "more than 15,728,640 bytes"),
    "brotli bomb": (blanks("br", partial(brotli.compress, quality=1)), "more than 15,728,640 bytes"),
    "never ends": (lambda handler: handler.endless(ITEM * 1000), "more than 15,728,640 bytes"),
    "drips": (lambda handler: handler.endless(ITEM, pause=0.1), "slower than 4,096 bytes a second"),
    "stalls": (lambda handler: handler.endless(b"<rss>", pause=60), "slower than 4,096 bytes a second"),
    "loop": (lambda handler: moved(handler.path)(handler), "more than 5 redirects"),
    "file": (moved("file:///etc/passwd"), "a redirect to an address of kind file:"),
    "private": (moved("http://10.0.0.1/"), "10.0.0.1 leads to the private address 10.0.0.1"),
    "not gzip": (page(body=b"\x1f\x8bplain", Content_Encoding="gzip"), "a damaged packed body"),
    "zstd": (page(body=b"plain", Content_Encoding="zstd"), "a body packed as zstd"),
    "hangs up": (page(Content_Length="100000"), "RemoteProtocolError"),
    "html": (page(body=b"<html><body>log in</body></html>"), "an HTML page"),
    "nothing": (page(body=b""), "an empty document"),
    "304": (page(304, b""), "304 to a request without conditions"),
}


@pytest.mark.slow
def test_hostile_servers_cost_little_and_the_other_feeds_nothing(server: FeedServer, talks: Path) -> None:
    """Each in the two seconds and 200 MB that the code allows it; the margin here is for a loaded machine."""
    server.pages |= {f"/{number}": answer for number, (answer, _) in enumerate(HOSTILE.values())}
    slow = ("drips", "stalls")  # on hosts of their own, so that they are waited for together
    urls = {name: server.at(number if name in slow else 1, f"/{number}") for number, name in enumerate(HOSTILE)}
    took, last = {}, time.monotonic()

    def note(done: int, total: int, what: str) -> None:
        nonlocal last
        took[done], last = time.monotonic() - last, time.monotonic()

    how = Settings(Manners(attempts=1, grace=4), progress=note)
    first, final = f"{server.url}/feeds/hf_daily_papers.json", f"{server.url}/feeds/json_feed.json"
    outcomes, problems = bring(talks, first, *urls.values(), final, how=how)
    assert [(one.location, one.new) for one in outcomes if one.new] == [(first, 2), (final, 2)]
    said = {problem.path: problem.message for problem in problems}
    for name, url in urls.items():
        assert said[url].startswith(HOSTILE[name][1]), name
    assert max(took.values()) < 60
    assert len(took) == len(HOSTILE) + 2


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory of a child is told by wait4")
def test_the_command_survives_whatever_it_is_served(server: FeedServer, talks: Path) -> None:
    server.pages |= {f"/{number}": answer for number, (answer, _) in enumerate(HOSTILE.values())}
    urls = [server.at(number + 1, f"/{number}") for number in range(9)]
    command = [sys.executable, "-m", "ingest", "fetch", "--talks", str(talks), *urls]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("P007") + done.stderr.count("P006") == 9


def test_a_silent_server_is_given_up(server: FeedServer, talks: Path) -> None:
    server.pages["/"] = lambda handler: server.released.wait(60) and None
    outcome, _ = only(talks, server.url + "/", how=settings(patience=0.3))
    assert outcome.state.error == "nothing within 0.3 seconds"


# --- manners -------------------------------------------------------------------------------------------------------


def test_hosts_are_asked_side_by_side_and_each_one_request_at_a_time(server: FeedServer, talks: Path) -> None:
    together = threading.Barrier(3)

    def answer(handler: Handler) -> None:
        together.wait(30)  # broken unless three hosts are being asked at once
        handler.answer(200, JSON)

    server.pages["/"] = server.pages["/2"] = answer
    urls = [server.at(number, path) for number in range(1, 4) for path in ("/", "/2")]
    outcomes, _ = bring(talks, *urls)
    assert not any(one.state.error for one in outcomes)
    for number in range(1, 4):
        first, second = (one for one in server.requests if one.host.startswith(f"127.0.0.{number}:"))
        assert first.ended <= second.began


def test_no_more_hosts_are_asked_at_a_time_than_allowed(server: FeedServer, talks: Path) -> None:
    for number in range(4):
        server.pages[f"/{number}"] = page()
    bring(talks, *(server.at(number + 1, f"/{number}") for number in range(4)), how=settings(hosts=1))
    ends = [request.ended for request in server.requests]
    assert all(end <= later.began for end, later in zip(ends, server.requests[1:], strict=False))


def test_a_site_that_asks_for_a_pause_gets_it(server: FeedServer, talks: Path) -> None:
    server.pages |= {"/": moved("/a"), "/a": page()}
    bring(talks, f"{server.url}/", how=settings(pauses=(("127.0.0.1", 0.4),)))
    first, second = server.requests
    assert second.began - first.began >= 0.4


def test_all_of_arxiv_is_one_site_that_wants_fifteen_seconds() -> None:
    manners = Manners()
    hosts = ("rss.arxiv.org", "export.arxiv.org", "ARXIV.org")
    assert {site_of(f"https://{host}/rss/cs.CL", manners) for host in hosts} == {"arxiv.org"}
    assert site_of("https://notarxiv.org/", manners) == "notarxiv.org"
    assert dict(manners.pauses)["arxiv.org"] == 15


# --- the archive, the record and the command -----------------------------------------------------------------------


@pytest.mark.parametrize(("content", "code"), [(b"half a record {\n", "P001"), (b"\xff\xfe", "F002")])
def test_a_week_that_cannot_be_read_is_not_written_over(content: bytes, code: str, talks: Path) -> None:
    (talks / "papers").mkdir(parents=True)
    week = talks / "papers" / "2026-W46.jsonl"
    week.write_bytes(content)
    _, problems = bring(talks, str(FEEDS / "hf_daily_papers.json"))
    assert week.read_bytes() == content
    assert [problem.code for problem in problems] == [code, "P001"]
    assert problems[1].message == "the file has errors, so 2 new papers wait until it is mended"


def test_what_cannot_be_written_is_reported(server: FeedServer, tmp_path: Path) -> None:
    talks = tmp_path / "talks"
    talks.write_text("a file where the folder should be")
    server.pages["/"] = page()
    _, problems = bring(talks, server.url + "/")
    assert [problem.code for problem in problems] == ["P004", "F001", "F001"]
    assert all(problem.message.startswith("cannot write") for problem in problems[1:])


def opml(talks: Path, *urls: str) -> None:
    outlines = "".join(f'<outline text="Feed {n}" xmlUrl="{url}"/>' for n, url in enumerate(urls))
    talks.mkdir(exist_ok=True)
    (talks / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}{outlines}</body></opml>')


def test_the_command_reads_all_feeds_of_the_opml_and_records_how_they_did(server: FeedServer, talks: Path) -> None:
    urls = [f"{server.url}/feeds/json_feed.json", f"{server.url}/none", f"{server.url}/feeds/empty_weekend.xml"]
    opml(talks, *urls)
    lines, problems = run_fetch([], talks, NOW, QUICK)
    assert lines[0] == f"A Blog: 2 papers, 2 new ({urls[0]})"
    assert [problem.code for problem in problems] == ["P004", "P007", "P003"]
    record = talks / "feeds.json"
    before = record.read_text(), record.stat().st_mtime_ns
    assert '"error": "404 Not Found",\n  "since": "2026-11-21"' in before[0]
    assert f'"{urls[0]}": {{\n  "newest": "2026-11-17",\n  "papers": 2\n }}' in before[0]
    run_fetch([], talks, NOW + timedelta(days=3), QUICK)
    assert (record.read_text(), record.stat().st_mtime_ns) == before  # nothing about the feeds has changed
    run_fetch([str(FEEDS / "gbk_declared.xml")], talks, NOW, QUICK)
    assert record.read_text() == before[0]  # it is of the list alone
    server.pages["/none"] = page()
    run_fetch([urls[1]], talks, NOW + timedelta(days=6), QUICK)
    assert "404" not in record.read_text()


def test_a_broken_line_of_our_own_is_not_recorded(talks: Path) -> None:
    opml(talks, "http://127.0.0.1:9/a", "http://127.0.0.1:9/b")
    _, problems = run_fetch([], talks, NOW, QUICK)
    assert [problem.code for problem in problems] == ["P007"] * 2
    assert not (talks / "feeds.json").exists()


def test_status_tells_age_result_and_error_of_every_feed(server: FeedServer, talks: Path) -> None:
    urls = [f"{server.url}/feeds/json_feed.json", f"{server.url}/none"]
    opml(talks, *urls, "https://never.example/")
    run_fetch(urls, talks, NOW, QUICK)
    lines, problems = status(talks, NOW + timedelta(minutes=5))
    assert problems == ()
    assert lines[0].split() == ["5", "min", "2", "papers", urls[0]]
    assert re.fullmatch(r" +5 min  - +http\S+/none  failed 1 times: 404 Not Found; next in \d+ min", lines[1])
    assert lines[2].split() == ["never", "-", "https://never.example/"]
    assert [line.split()[:2] for line in status(talks, NOW + timedelta(hours=30))[0][:2]] == [["30", "h"]] * 2
    assert status(talks, NOW + timedelta(days=9))[0][0].startswith("   9 days")


def test_a_missing_opml_is_a_problem(talks: Path) -> None:
    for problems in (run_fetch([], talks, NOW)[1], status(talks, NOW)[1]):
        assert [(problem.code, problem.path) for problem in problems] == [("F001", (talks / "feeds.opml").as_posix())]


def test_progress_is_told_once_for_each_source(talks: Path) -> None:
    told: list[tuple[int, int, str]] = []
    paths = [str(FEEDS / "hf_daily_papers.json"), str(FEEDS / "none.xml")]
    bring(talks, *paths, how=replace(QUICK, progress=lambda *what: told.append(what)))
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    assert {what for _, _, what in told} == {
        f"Hugging Face Daily Papers: 2 papers ({paths[0]})",
        f"{paths[1]}: no such file",
    }


def test_what_is_remembered_is_of_this_version() -> None:
    assert load(Path(__file__)) == ({}, "")
    assert FeedState("https://a.example/").failures == 0


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the shared inputs are not beside this checkout")
def test_real_feeds_are_archived_once(talks: Path) -> None:
    locations = [str(path) for path in sorted(REAL.glob("*.*")) if path.suffix != ".py"]
    outcomes, problems = bring(talks, *locations, how=Settings())
    assert sum(one.new for one in outcomes) == len(archived(talks)) >= 105
    assert {problem.code for problem in problems} == {"P002", "P003", "P004", "P005", "P006"}
    before = bytes_of(talks)
    bring(talks, *locations, now=NOW + timedelta(days=41), how=Settings())
    assert bytes_of(talks) == before


def test_problems_of_a_feed_are_all_reported(talks: Path) -> None:
    _, problems = bring(talks, str(FEEDS / "no_ids_no_dates.xml"))
    assert [(problem.code, type(problem)) for problem in problems] == [("P004", Problem), ("P005", Problem)]
