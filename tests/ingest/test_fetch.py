"""Fetching from files and from a real server on this machine, which also fails in every way it can."""

import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.archive import decode
from ingest.fetch import LARGEST, USER_AGENT, Manners, fetch, read_opml, run_fetch
from ingest.model import Paper, Source

TODAY = date(2026, 11, 21)
FEEDS = Path(__file__).parent / "feeds"
REAL = Path(__file__).parents[3] / "shared" / "inputs" / "feeds"
QUICK = Manners(largest=20_000, patience=20, pause=0)


class Handler(BaseHTTPRequestHandler):
    """`/feeds/NAME` serves a fixture; the other paths misbehave."""

    agents: list[str]
    asked: list[float]

    def do_GET(self) -> None:
        self.asked.append(time.monotonic())
        self.agents.append(self.headers["User-Agent"])
        if self.path.startswith("/feeds/"):
            self.answer(200, (FEEDS / self.path.removeprefix("/feeds/")).read_bytes())
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/feeds/json_feed.json")
            self.end_headers()
        elif self.path == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"<rss>" * 1000)
            except OSError:
                pass  # the reader has had enough
        elif self.path == "/hangs-up":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"<rss>")
        elif self.path == "/silent":
            self.server.released.wait(30)  # type: ignore[attr-defined]
        else:
            self.answer(404, b"<html>not here</html>")
        self.close_connection = True

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.agents, Handler.asked = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.released = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.released.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "talks" / "papers"


def archived(archive: Path) -> list[Paper]:
    return [
        paper
        for path in sorted(archive.glob("*.jsonl"))
        for paper in decode(Source(path.name, path.read_text()))[0].papers
    ]


def bytes_of(archive: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.iterdir()}


def test_one_paper_in_rss_atom_and_hugging_face_is_archived_once(server: str, archive: Path) -> None:
    names = "arxiv_new_cross_replace.xml", "arxiv_api_wrapped_title.xml", "hf_daily_papers.json"
    counts, problems = fetch([f"{server}/feeds/{name}" for name in names], archive, TODAY, QUICK)
    assert problems == ()
    assert [(count.papers, count.new, count.revised) for count in counts] == [(2, 2, 1), (1, 0, 0), (2, 1, 0)]
    papers = {paper.arxiv_id: paper for paper in archived(archive)}
    assert sorted(papers) == ["9912.00001", "9912.00002", "9912.00009"]
    assert papers["9912.00001"].feed == "cs.CL updates on arXiv.org"
    assert papers["9912.00001"].doi == "10.5555/abc.1"  # only the Atom feed knows it
    assert set(Handler.agents) == {USER_AGENT}


def test_fetching_again_changes_no_byte(archive: Path) -> None:
    names = "arxiv_new_cross_replace.xml", "digest_with_summary_as_title.xml", "hf_daily_papers.json", "json_feed.json"
    locations = [str(FEEDS / name) for name in names]
    fetch(locations, archive, TODAY, QUICK)
    before = bytes_of(archive)
    counts, _ = fetch(locations, archive, date(2026, 12, 24), QUICK)
    assert bytes_of(archive) == before
    assert sum(count.new for count in counts) == 0 < sum(count.papers for count in counts)


def test_a_redirect_is_followed(server: str, archive: Path) -> None:
    counts, _ = fetch([f"{server}/moved"], archive, TODAY, QUICK)
    assert [count.papers for count in counts] == [2]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/none", "404 Not Found"),
        ("/endless", "more than 20,000 bytes"),
        ("/hangs-up", "RemoteProtocolError: peer closed connection"),
        ("/loop", "TooManyRedirects"),
        ("/silent", "nothing within 2 seconds"),
    ],
)
def test_a_failing_server_is_reported_and_the_next_feed_is_read(
    path: str, said: str, server: str, archive: Path
) -> None:
    good = f"{server}/feeds/hf_daily_papers.json"
    manners = Manners(largest=20_000, patience=2 if path == "/silent" else 20, pause=0)
    counts, (problem,) = fetch([f"{server}{path}", good], archive, TODAY, manners)
    assert (problem.path, problem.code) == (f"{server}{path}", "P007")
    assert problem.message.startswith(said)
    assert [count.location for count in counts] == [good]
    assert len(archived(archive)) == 2


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[broken", "http://", "http://a\0b/", "http://\u2603.invalid/"]
)
def test_an_address_that_leads_nowhere_is_reported(url: str, archive: Path) -> None:
    _, (problem,) = fetch([url], archive, TODAY, QUICK)
    assert (problem.code, "\n" in problem.message) == ("P007", False)


def test_a_feed_that_keeps_its_parser_busy_is_given_up(tmp_path: Path, archive: Path) -> None:
    bomb = tmp_path / "bomb.xml"  # feedparser looks for a mail address in time quadratic in its length
    bomb.write_text("<rss version='2.0' xml:base=''><channel><item><author>" + "a." * 300_000 + "</author></item></channel></rss>")
    counts, (problem,) = fetch([str(bomb), str(FEEDS / "hf_daily_papers.json")], archive, TODAY, Manners(patience=3))
    assert (problem.path, problem.message) == (str(bomb), "nothing within 3 seconds")
    assert [count.papers for count in counts] == [2]


def test_a_host_is_left_alone_between_two_requests(server: str, archive: Path) -> None:
    fetch([f"{server}/feeds/empty_weekend.xml"] * 2, archive, TODAY, Manners(pause=1.5))
    assert Handler.asked[1] - Handler.asked[0] >= 1.0  # counted from the parent's side; starting a child takes a while


def test_a_missing_file_a_folder_and_a_huge_file_are_reported(tmp_path: Path, archive: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(LARGEST + 1)
    _, problems = fetch([str(tmp_path / "none.xml"), str(tmp_path), str(huge)], archive, TODAY)
    assert [problem.code for problem in problems] == ["F001"] * 3
    assert [problem.message for problem in problems] == ["no such file", "not a file", "more than 15,728,640 bytes"]


def test_a_week_with_a_bad_line_is_not_written_over(archive: Path) -> None:
    archive.mkdir(parents=True)
    week = archive / "2026-W46.jsonl"
    week.write_text("half a record {\n")
    _, problems = fetch([str(FEEDS / "hf_daily_papers.json")], archive, TODAY, QUICK)
    assert week.read_text() == "half a record {\n"
    assert [(problem.path, problem.line, problem.code) for problem in problems] == [(week.as_posix(), 1, "P001")] * 2
    assert problems[1].message == "the file has errors, so 2 new papers wait until it is mended"


def test_a_week_that_is_no_text_is_not_written_over(archive: Path) -> None:
    archive.mkdir(parents=True)
    week = archive / "2026-W46.jsonl"
    week.write_bytes(b"\xff\xfe")
    _, problems = fetch([str(FEEDS / "hf_daily_papers.json")], archive, TODAY, QUICK)
    assert week.read_bytes() == b"\xff\xfe"
    assert [problem.code for problem in problems] == ["F002", "P001"]


def test_an_archive_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "papers").write_text("a file where the folder should be")
    _, (problem,) = fetch([str(FEEDS / "gbk_declared.xml")], tmp_path / "papers", TODAY, QUICK)
    assert problem.code == "F001"
    assert "cannot write" in problem.message


def test_the_command_reads_all_feeds_of_the_opml(tmp_path: Path, server: str) -> None:
    outlines = f'<outline text="a"><outline xmlUrl="{server}/feeds/json_feed.json"/></outline>'
    (tmp_path / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}{outlines}</body></opml>')
    lines, problems = run_fetch([], tmp_path, TODAY)
    assert lines == [f"A Blog: 2 papers, 2 new ({server}/feeds/json_feed.json)"]
    assert [problem.code for problem in problems] == ["P004"]
    assert (tmp_path / "papers" / "2026-W47.jsonl").is_file()


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"<opml>\n<body></opml>", 2, "XML that is not well-formed"),
        (b"<opml><body/></opml>", 1, "<opml> that names no feed"),
        (b'<rss><outline xmlUrl="https://a.b"/></rss>', 1, "<rss> that names no feed"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml><body><outline xmlUrl="&a;"/></body></opml>', 1, "a document type"),
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml/>'.encode("utf-16"), 1, "a document type"),
        (b'<?xml version="1.0" encoding="no-such"?><opml/>', 1, "XML that"),
        (b"", 1, "XML that is not well-formed"),
    ],
)
def test_bad_opml_is_a_problem(content: bytes, line: int, said: str) -> None:
    urls, (problem,) = read_opml(content, "talks/feeds.opml")
    assert (urls, problem.code, problem.line) == ([], "P010", line)
    assert problem.message.startswith(said)


def test_a_missing_opml_is_a_problem(tmp_path: Path) -> None:
    lines, (problem,) = run_fetch([], tmp_path, TODAY)
    assert (lines, problem.code, problem.path) == ([], "F001", (tmp_path / "feeds.opml").as_posix())


def test_our_own_opml_names_web_addresses_each_once() -> None:
    path = Path(__file__).parents[2] / "talks" / "feeds.opml"
    urls, problems = read_opml(path.read_bytes(), path.name)
    assert problems == ()
    assert len(urls) == path.read_text().count("xmlUrl=") > 0
    assert all(url.startswith("https://") for url in urls)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the shared inputs are not beside this checkout")
def test_real_feeds_are_archived_once(archive: Path) -> None:
    locations = [str(path) for path in sorted(REAL.iterdir())]
    counts, problems = fetch(locations, archive, TODAY)
    assert sum(count.new for count in counts) == len(archived(archive)) == 105
    assert sorted(problem.code for problem in problems) == ["P002", "P003", "P004", "P005", "P006"]
    before = bytes_of(archive)
    fetch(locations, archive, date(2027, 1, 1))
    assert bytes_of(archive) == before
