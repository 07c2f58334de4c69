"""What servers and feeds really do, kind by kind: odd bodies, absurd headers, damaged entries, arXiv's own habits."""

import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import brotli
import pytest

from ingest.feeds.fetch import Settings, fetch
from ingest.feeds.outcome import Outcome
from ingest.feeds.parse import Feed, parse_feed
from ingest.feeds.records import decode
from ingest.feeds.sandbox import Limits
from ingest.feeds.text import legal
from ingest.model import Paper, Source
from ingest.unpacking import CannotUnpack, Unpacker
from ingest.web import Manners
from tests.ingest.feed_server import FeedServer, Handler, feed_server

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TODAY = NOW.date()
QUICK = Settings(Manners(patience=60, grace=60, attempts=1), Limits(seconds=20))
NAMES = "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:arxiv='http://arxiv.org/schemas/atom'"
DAY = "<pubDate>Mon, 23 Nov 2026 00:00:00 -0500</pubDate>"


def rss(*items: str, title: str = "A Blog", link: str = "https://a.example/") -> bytes:
    entries = "".join(f"<item>{item}</item>" for item in items)
    head = f"<title>{title}</title><link>{link}</link>"
    return f"<rss version='2.0' {NAMES}><channel>{head}{entries}</channel></rss>".encode()


def post(number: int, more: str = "") -> str:
    return f"<title>Post {number}</title><link>https://a.example/{number}</link>{DAY}{more}"


def arxiv(number: str, kind: str = "new", day: str = DAY, version: str = "v1", more: str = "") -> str:
    about = f"arXiv:{number}{version} Announce Type: {kind} Abstract: We propose a thing."
    guid = f"<guid isPermaLink='false'>oai:arXiv.org:{number}{version}</guid>"
    link = f"<link>https://arxiv.org/abs/{number}</link>"
    return f"<title>On {number}</title>{link}<description>{about}</description>{guid}{day}{more}"


def of_arxiv(*items: str) -> Feed:
    content = rss(*items, title="cs.CL updates on arXiv.org", link="http://rss.arxiv.org/rss/cs.CL")
    return parse_feed(content, "f", today=TODAY)


THREE = rss(post(1), post(2), post(3))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


def bring(tmp_path: Path, *urls: str, now: datetime = NOW) -> tuple[tuple[Outcome, ...], list[str]]:
    outcomes, problems = fetch(urls, tmp_path / "talks" / "papers", tmp_path / "talks" / ".feeds.sqlite", now, QUICK)
    return outcomes, [problem.shown() for problem in problems]


def archived(tmp_path: Path) -> list[Paper]:
    paths = sorted((tmp_path / "talks" / "papers").glob("*.jsonl"))
    return [paper for path in paths for paper in decode(Source(path.name, path.read_text()))[0].papers]


def page(status: int = 200, body: bytes = THREE, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(status, body, **headers)


# --- nothing a server says ends a run --------------------------------------------------------------------------------

ABSURD = {
    "a port that is none": page(301, b"", Location="http://8.8.8.8:99999/feed"),
    "a port of 70000": page(302, b"", Location="https://8.8.8.8:70000/"),
    "a wait beyond all time": page(429, b"", Retry_After="Mon, 23 Nov 99999999999 00:00:00 GMT"),
    "a clock beyond all time": page(
        503, b"", Retry_After="Mon, 23 Nov 2026 00:00:00 GMT", Date="1 Jan 999999999 0:0:0"
    ),
    "a wait of a zone": page(429, b"", Retry_After="Mon, 23 Nov 2026 00:00:00 +99999999999999"),
    "a host of dots": page(301, b"", Location="http://.../feed"),
    "a host too long": page(301, b"", Location=f"http://{'a' * 300}.example/"),
    "brackets": page(301, b"", Location="http://[::1/feed"),
    "no end of digits": page(301, b"", Location="http://99999999999999999999/"),
    "surrogates": page(301, b"", Location="http://a.example/\xed\xa0\x80"),
}


def test_whatever_a_server_says_costs_its_own_source_alone(server: FeedServer, tmp_path: Path) -> None:
    server.pages |= {f"/{number}": answer for number, answer in enumerate(ABSURD.values())} | {"/good": page()}
    urls = [server.at(number + 2, f"/{number}") for number in range(len(ABSURD))]
    outcomes, said = bring(tmp_path, *urls, "http://8.8.8.8:70000/feed", server.url + "/good")
    assert [bool(outcome.state.error) for outcome in outcomes] == [True] * (len(ABSURD) + 1) + [False]
    assert len([line for line in said if "P007" in line]) == len(ABSURD) + 1
    assert len(archived(tmp_path)) == 3


def test_a_fault_of_our_own_costs_one_source_alone(
    server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages |= {"/bad": page(), "/good": page(body=rss(post(4)))}
    real = Settings().manners.__class__
    assert real is Manners

    async def broken(self: object, content: bytes, *rest: object) -> Feed:
        if b"Post 4" in content:
            return parse_feed(content, "f", today=TODAY)
        raise ZeroDivisionError("what nobody thought of")

    monkeypatch.setattr("ingest.feeds.read.Sandbox.parse", broken)
    _, said = bring(tmp_path, server.at(2, "/bad"), server.url + "/good")
    assert [line.split(";")[0] for line in said] == [
        f"{server.at(2, '/bad')}:1:1: P007 ZeroDivisionError: what nobody thought of"
    ]
    assert [paper.title for paper in archived(tmp_path)] == ["Post 4"]


def test_a_proxy_that_cannot_be_is_told(server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "127.0.0.1:99999")
    _, said = bring(tmp_path, "http://feeds.invalid/a")
    assert len(said) == 1 and "P007" in said[0]


def raw(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


BODIES: dict[str, tuple[str | None, bytes]] = {
    "gzip": ("gzip", gzip.compress(THREE)),
    "x-gzip": ("x-gzip", gzip.compress(THREE)),
    "zlib": ("deflate", zlib.compress(THREE)),
    "bare deflate": ("deflate", raw(THREE)),
    "gzip called deflate": ("deflate", gzip.compress(THREE)),
    "brotli": ("br", brotli.compress(THREE)),
    "brotli and gzip": ("br, gzip", gzip.compress(brotli.compress(THREE))),
    "nothing": ("", THREE),
    "a charset": ("UTF-8", THREE),
    "none": ("none", THREE),
    "chunks of a cloud": ("aws-chunked", THREE),
    "gzip and a cloud's chunks": ("gzip,aws-chunked", gzip.compress(THREE)),
    "gzip, identity": ("gzip, identity", gzip.compress(THREE)),
    "twice": ("gzip, gzip", gzip.compress(gzip.compress(THREE))),
    "twice, told once": ("gzip", gzip.compress(gzip.compress(THREE))),
    "plain called gzip": ("gzip", THREE),
    "plain called deflate": ("deflate", THREE),
    "plain called br": ("br", THREE),
    "plain called zstd": ("zstd", THREE),
    "gzip, not told": (None, gzip.compress(THREE)),
    "two members": ("gzip", gzip.compress(THREE[:100]) + gzip.compress(THREE[100:])),
    "an empty member in between": ("gzip", gzip.compress(THREE[:9]) + gzip.compress(b"") + gzip.compress(THREE[9:])),
    "padded": ("gzip", gzip.compress(THREE) + bytes(100)),
    "junk after": ("gzip", gzip.compress(THREE) + b"junk"),
}


def unpacked(codings: str, body: bytes, size: int) -> bytes:
    unpacker = Unpacker(codings)
    parts = [unpacker.feed(body[at : at + size], 10**6) for at in range(0, len(body), size)]
    return b"".join(parts) + unpacker.end()


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_unpacked_as_it_was_meant(name: str, size: int) -> None:
    codings, body = BODIES[name]
    assert unpacked(codings or "", body, size) == THREE


def test_bodies_come_through_the_network_too(server: FeedServer, tmp_path: Path) -> None:
    for number, (codings, body) in enumerate(BODIES.values()):
        server.pages[f"/{number}"] = page(body=body, **({} if codings is None else {"Content_Encoding": codings}))
    outcomes, _ = bring(tmp_path, *(server.at(number + 2, f"/{number}") for number in range(len(BODIES))))
    assert [len(outcome.feed.papers) if outcome.feed else outcome.state.error for outcome in outcomes] == [3] * len(
        BODIES
    )


@pytest.mark.parametrize("packing", [gzip.compress, zlib.compress, raw, brotli.compress])
def test_half_a_body_is_no_body(packing: Callable[[bytes], bytes]) -> None:
    body = packing(random.Random(1).randbytes(2_000))
    with pytest.raises(CannotUnpack, match="ends in the middle"):
        unpacked("br" if packing is brotli.compress else "deflate", body[: len(body) // 2], 100)


def test_half_a_feed_is_asked_for_again(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/"] = page(body=gzip.compress(THREE)[:-12], Content_Encoding="gzip", ETag='"1"')
    _, said = bring(tmp_path, server.url + "/")
    assert "a packed body that ends in the middle" in said[0] and not archived(tmp_path)
    server.pages["/"] = page(body=gzip.compress(THREE), Content_Encoding="gzip", ETag='"1"')
    bring(tmp_path, server.url + "/", now=NOW + timedelta(days=1))
    assert len(archived(tmp_path)) == 3 and "if-none-match" not in server.requests[-1].headers


def test_a_bomb_of_bombs_is_stopped(server: FeedServer, tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 10**8))
    server.pages["/"] = page(body=bomb, Content_Encoding="gzip")
    _, said = bring(tmp_path, server.url + "/")
    assert "more than 15,728,640 bytes" in said[0]


def test_too_many_requests_without_a_time_is_not_asked_again_at_once(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/"] = page(429, b"")
    how = replace(QUICK, manners=replace(QUICK.manners, attempts=2))
    fetch([server.url + "/"], tmp_path / "papers", None, NOW, how)
    assert server.asked() == ["/"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(403, b"", cf_mitigated="challenge"), "403 Forbidden (a challenge that only a browser can answer)"),
        (page(body=b"<html><title>Just a moment...</title></html>"), "a challenge that only a browser can answer"),
        (
            page(body=b"<html><link rel=alternate type='application/rss+xml' href='/feed?a&amp;b'></html>"),
            "an HTML page, whose feed is {url}feed?a&b",
        ),
    ],
)
def test_what_stands_in_a_feeds_place_is_named(
    answer: Callable[[Handler], None], said: str, server: FeedServer, tmp_path: Path
) -> None:
    server.pages["/"] = answer
    _, lines = bring(tmp_path, server.url + "/")
    assert said.format(url=server.url + "/") in lines[0]


# --- a damaged entry costs no other ----------------------------------------------------------------------------------

DAMAGE = (
    "R&D",
    "&#29;",
    "&#xD83D;&#xDE00;",
    "&#55357;",
    "&#1114112;",
    "&nbsp;",
    "<br>",
    "</p>",
    "<b",
    "]]>",
    "\x07",
    "<x:y/>",
)


@pytest.mark.parametrize("many", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_costs_no_other(damage: str, many: bool) -> None:
    number = 700 if many else 3
    long = "<description>" + "some words of a long text " * 30
    items = [post(at, f"{long}{damage if at == 1 else ''}</description>") for at in range(number)]
    found = parse_feed(rss(*items), "f")
    assert {f"Post {at}" for at in range(number) if at != 1} <= {paper.title for paper in found.papers}
    assert all(paper.published for paper in found.papers if paper.title != "Post 1")
    assert [problem.code for problem in found.problems if problem.code != "P005"] == ["P008"]


def test_large_damaged_feeds_are_read_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """feedparser, which takes five times as long, sees the damaged entries alone."""
    import feedparser

    seen: list[int] = []
    real = feedparser.parse
    monkeypatch.setattr(feedparser, "parse", lambda text, **how: seen.append(len(text.getvalue())) or real(text, **how))
    long = "<description>" + "some words of a long text " * 30
    for damage in DAMAGE:
        seen.clear()
        content = rss(*(post(at, f"{long}{damage if at == 1 else ''}</description>") for at in range(700)))
        assert len(parse_feed(content, "f").papers) >= 699
        assert sum(seen) < 10_000, damage


@pytest.mark.parametrize(
    "text",
    [
        '[{"paper": {"id": "2611.40001", "title": "A"}}, {"nothing": 1}, null, {"paper": {"id": "2611.40002"}}]',
        '{"papers": [{"paper": {"id": "2611.40001"}}, {"paper": null}, 3, {"paper": {"id": "2611.40002"}}]}',
        '[{"id": "2611.40001", "title": "A"}, {"title": "no id"}, [], {"id": "2611.40002", "title": "B"}]',
    ],
)
def test_an_item_without_a_paper_costs_no_other(text: str) -> None:
    found = parse_feed(text.encode(), "f")
    assert [paper.arxiv_id for paper in found.papers] == ["2611.40001", "2611.40002"]
    assert "2 of 4 items that are no entries (left out)" in found.problems[0].message


def test_votes_and_code_of_hugging_face_are_kept() -> None:
    text = '[{"paper": {"id": "2611.40001", "title": "A", "upvotes": 31, "githubRepo": "https://github.com/a/b"}}]'
    (paper,) = parse_feed(text.encode(), "f").papers
    assert (paper.votes, paper.code, paper.authority) == (31, "https://github.com/a/b", "Hugging Face")


def test_semantic_scholar_and_openreview_are_read() -> None:
    text = (
        '{"data": [{"paperId": "p", "title": "A", "externalIds": {"ArXiv": "2611.40001"}, "authors": [{"name": "Ada"}],'
        ' "publicationDate": "2026-11-20"}]}'
    )
    (paper,) = parse_feed(text.encode(), "f").papers
    assert (paper.arxiv_id, paper.authors, paper.published) == ("2611.40001", ("Ada",), date(2026, 11, 20))
    text = '{"notes": [{"id": "n", "forum": "AbCd123", "pdate": 1795132800000, "content": {"title": {"value": "A"}}}]}'
    (paper,) = parse_feed(text.encode(), "f").papers
    assert (paper.url, paper.published) == ("https://openreview.net/forum?id=AbCd123", date(2026, 11, 20))


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "papers", "revised"),
    [
        (arxiv("2611.10001"), 1, 0),
        (arxiv("2611.10001", "cross"), 1, 0),
        (
            arxiv("2610.10001", "cross", "<pubDate>Mon, 02 Nov 2026 00:00:00 -0500</pubDate>"),
            1,
            0,
        ),  # before the weekend
        (arxiv("2610.10001", "cross"), 0, 1),
        (arxiv("2103.04567", "cross"), 0, 1),
        (arxiv("2103.04567"), 0, 1),
        (arxiv("2611.10001", "replace", version="v2"), 0, 1),
        (arxiv("2611.10001", "replace-cross", version="v2"), 0, 1),
        (arxiv("2611.10001", "words", more="<arxiv:announce_type>replace</arxiv:announce_type>"), 0, 1),
        (arxiv("hep-th/9901001", "cross"), 0, 1),
    ],
)
def test_old_papers_that_are_announced_again_are_no_news(item: str, papers: int, revised: int) -> None:
    found = of_arxiv(item)
    assert (len(found.papers), len(found.revised)) == (papers, revised)
    assert all(paper.published is None for paper in found.revised)


@pytest.mark.parametrize("year", ["2027", "2062", "2126", "1601", "1900"])
def test_a_day_that_cannot_be_is_refused_with_a_line(year: str) -> None:
    found = parse_feed(rss(post(1).replace("2026", year), post(2)), "f", today=TODAY)
    assert [paper.published for paper in found.papers] == [None, date(2026, 11, 23)]
    refused = next(problem for problem in found.problems if problem.code == "P012")
    assert refused.message.startswith(f"1 of 2 entries with a day that cannot be ({year}-11-23")


def test_tomorrow_is_today_somewhere() -> None:
    day = "<pubDate>Sun, 29 Nov 2026 00:00:00 +1400</pubDate>"
    assert parse_feed(rss(post(1).replace(DAY, day)), "f", today=TODAY).papers[0].published == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("number", "day", "told"),
    [
        ("2611.10001", "23 Nov 2026", date(2026, 11, 23)),
        ("2612.10001", "23 Nov 2026", date(2026, 11, 23)),  # sent in before the month of its announcement
        ("2610.10001", "02 Nov 2026", date(2026, 11, 2)),  # announced after a weekend
        ("2610.10001", "23 Nov 2026", None),
        ("2402.10001", "23 Nov 2026", None),
        ("2611.10001", "23 Nov 2025", None),
    ],
)
def test_an_arxiv_id_bounds_the_day_that_others_tell(number: str, day: str, told: date | None) -> None:
    item = f"<title>Read</title><link>https://arxiv.org/abs/{number}</link><pubDate>{day}</pubDate>"
    assert parse_feed(rss(item), "f", today=date(2027, 3, 1)).papers[0].published == told


# --- what arXiv says of itself ---------------------------------------------------------------------------------------


def api(*entries: str, total: int = 0, first: int = 0) -> bytes:
    search = "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'"
    head = f"<opensearch:totalResults {search}>{total}</opensearch:totalResults>"
    head += f"<opensearch:startIndex {search}>{first}</opensearch:startIndex>"
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>ArXiv Query: a</title>{head}{body}</feed>".encode()


def entry(number: int) -> str:
    page = f"http://arxiv.org/abs/2611.{number:05}v1"
    link = f"<link href='{page}' rel='alternate' type='text/html'/>"
    return f"<id>{page}</id><title>On {number}</title>{link}<published>2026-11-20T10:00:00Z</published>"


def test_an_error_of_the_interface_is_no_paper() -> None:
    page = "http://arxiv.org/api/errors#incorrect_id_format_for_1"
    said = f"<id>{page}</id><title>Error</title><summary>incorrect id format for 1</summary><link href='{page}'/>"
    found = parse_feed(api(said, total=1), "f")
    assert not found.papers
    assert [(problem.code, problem.message) for problem in found.problems] == [
        ("P002", "an error of arXiv's API: incorrect id format for 1")
    ]
    assert parse_feed(api(total=45210), "f").problems[0].message == "no entries, although there are 45,210"


def pages(total: int, size: int, fails: int = -1) -> Callable[[Handler], None]:
    """A server that gives `size` entries at most, and breaks on the page that begins with entry `fails`."""

    def answer(handler: Handler) -> None:
        start = int(handler.path.partition("start=")[2].partition("&")[0] or 0)
        if start == fails:
            return handler.answer(503)
        entries = (entry(number) for number in range(start, min(start + size, total)))
        return handler.answer(200, api(*entries, total=total, first=start))

    return answer


class Everywhere(dict[str, Callable[[Handler], None]]):
    """One answer for every address."""

    def get(self, path: str, default: object = None) -> Callable[[Handler], None]:  # type: ignore[override]
        return self["/"]


@pytest.mark.parametrize(("total", "size"), [(250, 100), (100, 100), (101, 100), (7, 3)])
def test_a_list_in_pages_is_read_to_its_end(total: int, size: int, server: FeedServer, tmp_path: Path) -> None:
    server.pages = Everywhere({"/": pages(total, size)})
    _, said = bring(tmp_path, f"{server.url}/api/query?search_query=cat:cs.CL&max_results={size}")
    assert (len(archived(tmp_path)), len(server.requests), said) == (total, -(-total // size), [])


def test_a_list_without_end_is_left_with_a_line(server: FeedServer, tmp_path: Path) -> None:
    server.pages = Everywhere({"/": pages(45_210, 2)})
    _, said = bring(tmp_path, f"{server.url}/api/query?search_query=cat:cs.CL")
    assert len(archived(tmp_path)) == 60
    assert [line.split(": ")[1].split(";")[0] for line in said] == ["P013 60 of 45,210 entries read"]


def test_a_page_that_fails_is_told_and_the_list_is_asked_for_again(server: FeedServer, tmp_path: Path) -> None:
    server.pages = Everywhere({"/": pages(250, 100, fails=100)})
    url = f"{server.url}/api/query?search_query=cat:cs.CL"
    _, said = bring(tmp_path, url)
    assert len(archived(tmp_path)) == 100
    assert "P007 the entries from number 101 on: 503" in said[0]
    server.pages = Everywhere({"/": pages(250, 100)})
    bring(tmp_path, url, now=NOW + timedelta(days=1))
    assert len(archived(tmp_path)) == 250


@pytest.mark.parametrize(
    "said",
    [
        "This paper has been withdrawn by the authors due to an error.",
        "This submission has been withdrawn by arXiv administrators.",
        "This article was retracted.",
    ],
)
def test_a_withdrawn_paper_is_marked(said: str) -> None:
    item = arxiv("2611.10001", "replace", version="v2").replace("We propose a thing.", said)
    assert of_arxiv(item).revised[0].withdrawn
    assert not of_arxiv(arxiv("2611.10001")).papers[0].withdrawn
    assert not parse_feed(rss(item.replace("oai:arXiv.org:", "")), "f").revised[0].withdrawn  # a blog's word


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ada Roe, Ben Wu (University of X, Dept. (A))", ("Ada Roe", "Ben Wu")),
        ("Ada Roe (X), Ben Wu (Y (Z (W)))", ("Ada Roe", "Ben Wu")),
        ("Ada Roe (unclosed, Ben Wu", ("Ada Roe",)),
    ],
)
def test_affiliations_are_no_names(written: str, names: tuple[str, ...]) -> None:
    assert of_arxiv(arxiv("2611.10001", more=f"<dc:creator>{written}</dc:creator>")).papers[0].authors == names


def test_surnames_and_initials_are_pairs() -> None:
    (paper,) = parse_feed(rss(post(1, "<dc:creator>Roe, A., Wu, B. C., Li, D.-E.</dc:creator>")), "f").papers
    assert paper.authors == ("Roe, A.", "Wu, B. C.", "Li, D.-E.")


# --- identity --------------------------------------------------------------------------------------------------------


def test_links_with_a_token_do_not_make_the_archive_grow(server: FeedServer, tmp_path: Path) -> None:
    def answer(handler: Handler) -> None:
        token = f"{random.getrandbits(64):x}"
        items = (
            f"<title>Post {at}</title><link>https://a.example/{at}?{name}={token}</link>{DAY}"
            f"<guid isPermaLink='false'>stable-{at}</guid>"
            for at, name in enumerate(("PHPSESSID", "s", "token"))
        )
        handler.answer(200, rss(*items))

    server.pages["/"] = answer
    for day in range(3):
        bring(tmp_path, server.url + "/", now=NOW + timedelta(days=day))
    assert len(archived(tmp_path)) == 3


MIRRORS = """
https://arxiv.org/abs/2611.10001 https://arxiv.org/pdf/2611.10001v2 https://rss.arxiv.org/abs/2611.10001
http://xxx.lanl.gov/abs/2611.10001 https://www.alphaxiv.org/abs/2611.10001
https://www.alphaxiv.org/overview/2611.10001v1
https://papers.cool/arxiv/2611.10001 https://scirate.com/arxiv/2611.10001 https://huggingface.co/papers/2611.10001
https://www.semanticscholar.org/arxiv/2611.10001 https://api.semanticscholar.org/arXiv:2611.10001
https://ar5iv.labs.arxiv.org/html/2611.10001 https://tldr.takara.ai/p/2611.10001
https://doi.org/10.48550/arXiv.2611.10001
""".split()


def test_every_mirror_is_one_paper_under_arxivs_address(server: FeedServer, tmp_path: Path) -> None:
    for number, address in enumerate(MIRRORS):
        item = f"<title>Mirror {number}</title><link>{address}</link>{DAY}"
        server.pages[f"/{number}"] = page(body=rss(item, title=f"Mirror {number}"))
    server.pages["/arxiv"] = page(body=rss(arxiv("2611.10001"), title="cs.CL updates on arXiv.org"))
    bring(tmp_path, *(server.at(at + 2, f"/{at}") for at in range(len(MIRRORS))), server.url + "/arxiv")
    (paper,) = archived(tmp_path)
    assert (paper.title, paper.url) == ("On 2611.10001", "https://arxiv.org/abs/2611.10001")
    assert len(paper.also) == len(MIRRORS)


@pytest.mark.parametrize(
    "addresses",
    [
        ("https://openreview.net/forum?id=AbCd123", "https://openreview.net/pdf?id=AbCd123"),
        ("https://openreview.net/forum?id=AbCd123", "https://openreview.net/attachment?id=AbCd123&amp;name=pdf"),
        ("https://aclanthology.org/2026.acl-long.1/", "https://aclanthology.org/2026.acl-long.1.pdf"),
        ("https://aclanthology.org/P19-1001", "https://www.aclweb.org/anthology/P19-1001.pdf"),
        ("https://aclanthology.org/2026.acl-long.1/", "https://doi.org/10.18653/v1/2026.acl-long.1"),
        ("https://proceedings.mlr.press/v235/roe24a.html", "https://proceedings.mlr.press/v235/roe24a/roe24a.pdf"),
    ],
)
def test_a_page_and_its_pdf_are_one_paper(addresses: tuple[str, str], tmp_path: Path) -> None:
    for number, address in enumerate(addresses):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(rss(f"<title>Called {number}</title><link>{address}</link>{DAY}"))
        bring(tmp_path, str(path))
    assert len(archived(tmp_path)) == 1


@pytest.mark.parametrize(
    "code", [*range(33), 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10FFFF, 0x110000]
)
def test_references_that_no_xml_may_hold_are_taken_out_in_every_spelling(code: int) -> None:
    illegal = code > 0x10FFFF or 0xD800 <= code < 0xE000 or (code < 32 and code not in (9, 10, 13))
    illegal = illegal or code in (0xFFFE, 0xFFFF)
    for text in (f"&#{code};", f"&#x{code:x};", f"&#x00{code:X};", f"&#00{code};"):
        assert (legal(text) != text) == illegal, text
