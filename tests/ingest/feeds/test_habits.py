"""Habits of servers and feeds, each with what is expected of it written down before it was tried."""

import json
import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ingest.feeds.parse import parse_feed
from ingest.feeds.text import published_on
from ingest.heads import LONGEST_WAIT
from ingest.urls import canonical_url
from tests.ingest.feed_server import FeedServer, Handler
from tests.ingest.feeds.test_kinds import DAY, NOW, THREE, archived, bring, page, rss
from tests.ingest.feeds.test_met import CHUNKED, HEAD, atom, json_feed, raw_server

pytestmark = pytest.mark.usefixtures("in_this_process")
CASES = Path(__file__).parents[4] / "shared" / "inputs" / "feeds" / "cases"


# --- redirects -------------------------------------------------------------------------------------------------------


def ask_all(server: FeedServer, tmp_path: Path, answers: dict[str, Callable[[Handler], None]]) -> dict[str, str]:
    """What was said of each answer, by its name; each comes from a host of its own, and a good one stands beside."""
    pages = enumerate(answers.values(), 2)
    server.pages |= {f"/{number}/feed": answer for number, answer in pages} | {"/good": page()}
    urls = [server.at(number, f"/{number}/feed") for number in range(2, len(answers) + 2)]
    _, said = bring(tmp_path, *urls, server.url + "/good")
    assert len(archived(tmp_path)) >= 3, said
    return {
        name: "; ".join(line for line in said if line.startswith(url + ":"))
        for name, url in zip(answers, urls, strict=True)
    }


def test_a_redirect_is_read_as_browsers_read_it(server: FeedServer, tmp_path: Path) -> None:
    forms = (
        "there", "./there", "../{}/there", "/{}/there", f"//127.0.0.{{0}}:{server.port}/{{0}}/there",
        f"HTTP://127.0.0.{{0}}:{server.port}/{{0}}/there",
        " /{}/there ", "/{}/there#newest", "\\{}\\there", "http:///{}/there", "?there",
    )  # fmt: skip
    for number in range(2, len(forms) + 2):
        server.pages |= dict.fromkeys([f"/{number}/there", f"/{number}/feed?there"], page())
    said = ask_all(
        server, tmp_path, {form: page(302, b"", Location=form.format(at)) for at, form in enumerate(forms, 2)}
    )
    assert said == dict.fromkeys(forms, "")


def test_a_redirect_to_another_kind_of_address_is_refused(server: FeedServer, tmp_path: Path) -> None:
    expected = {f"{kind}://a.example/x": f"an address of kind {kind}:" for kind in ("feed", "ftp", "ws", "gopher")}
    expected |= {f"{kind}:x": "InvalidURL" for kind in ("data", "javascript", "about")}
    said = ask_all(server, tmp_path, {location: page(301, b"", Location=location) for location in expected})
    assert {location: expected[location] in line for location, line in said.items()} == dict.fromkeys(expected, True)


def test_a_private_address_is_one_however_it_is_written(server: FeedServer, tmp_path: Path) -> None:
    hosts = (
        "[::ffff:10.0.0.1]", "[fe80::1%25eth0]", "[::]", "0", "0x7f.1", "2130706433", "[fd00::1]",
        "[64:ff9b::7f00:1]", "127.1", "localhost.",
    )  # fmt: skip
    said = ask_all(
        server, tmp_path, {host: page(301, b"", Location=f"http://{host}:{server.port}/good") for host in hosts}
    )
    assert {host: line.count("P007") for host, line in said.items()} == dict.fromkeys(hosts, 1), said


def test_a_name_in_other_letters_is_asked_for_and_costs_its_source_alone(server: FeedServer, tmp_path: Path) -> None:
    server.pages |= {
        "/": page(301, b"", Location="http://例子.invalid/feed".encode().decode("latin-1")),
        "/good": page(),
    }
    _, said = bring(
        tmp_path, server.url + "/", "http://例子.invalid/feed", "http://xn--.invalid/", server.at(2, "/good")
    )
    assert [line.split(" ")[1] for line in said] == ["P007"] * 3 and len(archived(tmp_path)) == 3


def test_a_machine_of_the_new_kind_of_addresses_is_asked(tmp_path: Path) -> None:
    class Six(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    feeds = FeedServer("", 0, {"/feed": page()})
    try:
        server = Six(("::1", 0), type("H", (Handler,), {"feeds": feeds}))
    except OSError:
        pytest.skip("this machine has none")
    with server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        bring(tmp_path, f"http://[::1]:{server.server_address[1]}/feed")
        server.shutdown()
        thread.join()
    assert len(archived(tmp_path)) == 3
    assert feeds.requests[0].host == f"[::1]:{server.server_address[1]}"


def test_a_name_and_password_are_sent_and_not_archived(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/feed"] = page()
    address = server.url.replace("//", "//ada:secret@")
    bring(tmp_path, f"{address}/feed")
    assert server.requests[-1].headers.get("authorization", "").startswith("Basic ")
    stored = "".join(path.read_text() for path in (tmp_path / "talks" / "papers").iterdir())
    assert len(archived(tmp_path)) == 3 and "secret" not in stored


# --- waits and statuses ----------------------------------------------------------------------------------------------


def test_a_wait_that_says_nothing_is_ours(server: FeedServer, tmp_path: Path) -> None:
    waits = {
        "Mon, 23 Nov 2020 00:00:00 GMT": 1,  # long over
        "120, 60": 1, "+120": 1, "١٢٠": 1, "1e9": 1, "99999999999999999999": LONGEST_WAIT / 3600, "7200": 2,
    }  # fmt: skip
    for number, wait in enumerate(waits, 2):
        server.pages[f"/{number}"] = page(429, b"", Retry_After=wait.encode().decode("latin-1"))
    outcomes, said = bring(tmp_path, *(server.at(number, f"/{number}") for number in range(2, len(waits) + 2)))
    assert all("429" in line for line in said) and len(said) == len(waits)
    for outcome, (wait, hours) in zip(outcomes, waits.items(), strict=True):
        assert 300 <= outcome.state.wait_until - NOW.timestamp() <= hours * 3600, wait


def test_what_is_gone_is_told_and_keeps_what_it_gave(server: FeedServer, tmp_path: Path) -> None:
    server.pages |= {"/": page()}
    bring(tmp_path, server.url + "/")
    server.pages |= {"/": page(410, b"<rss><channel><item/></channel></rss>")}
    _, said = bring(tmp_path, server.url + "/", now=NOW + timedelta(days=1))
    assert "410 Gone" in said[0] and len(archived(tmp_path)) == 3


ODD = {
    "an unchanged page with a body": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "304"),
    "three kinds of hints": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "404 Not Found",
    ),
    "a status of its own": (b"HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n", "999"),
    "a status of one letter": (b"HTTP/1.1 2 OK\r\n\r\n", ""),
    "a choice": (b"HTTP/1.1 300 Multiple Choices\r\nContent-Length: 0\r\n\r\n", "300"),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", ""),
    "HTTP/2 at once": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", ""),
    "a letter of TLS": (b"\x15\x03\x01\x00\x02\x02\x28", ""),
    "chunks that do not end": (HEAD + CHUNKED + b"%x\r\n%s\r\n" % (len(THREE), THREE), ""),
    "packed, by the length before": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 900\r\n\r\n\x1f\x8b", ""),
    "zstandard": (HEAD + b"Content-Encoding: zstd\r\nContent-Length: 8\r\n\r\n(\xb5/\xfd\x04\x00\x01\x00", "zstd"),
    "nothing but a way on": (HEAD + b"Refresh: 0; url=/feed\r\nContent-Length: 0\r\n\r\n", "empty"),
}  # fmt: skip


def test_an_answer_that_is_no_feed_is_one_line(server: FeedServer, tmp_path: Path) -> None:
    server.pages |= {"/good": page()}
    with ExitStack() as stack:
        urls = [stack.enter_context(raw_server(answer)) for answer, _ in ODD.values()]
        _, said = bring(tmp_path, *urls, server.at(2, "/good"))
    assert len(archived(tmp_path)) == 3
    for url, (name, (_, why)) in zip(urls, ODD.items(), strict=True):
        lines = [line for line in said if line.startswith(url)]
        assert len(lines) == 1 and why in lines[0], (name, lines)


@pytest.mark.parametrize(
    "body",
    [
        b"(\xb5/\xfd\x04\x00\x01\x00\x00",
        b"PK\x03\x04" + bytes(30),
        b"BZh91AY&SY",
        b"\xfd7zXZ\x00\x00",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n",
    ],
    ids=["zstandard", "zip", "bzip2", "xz", "pdf", "png"],
)  # fmt: skip
def test_a_file_of_another_kind_is_one_line(body: bytes, tmp_path: Path) -> None:
    found = parse_feed(body, "f")
    assert not found.papers and [problem.code for problem in found.problems] == ["P002"]


def test_a_length_that_counts_letters_cuts_the_feed_and_it_is_asked_for_again(
    server: FeedServer, tmp_path: Path
) -> None:
    """Bytes were meant: a page of Chinese ends in its first third, and the validators are of the whole."""
    whole = rss(
        *(f"<title>大语言模型的中文标题{at}号</title><link>https://a.example/{at}</link>{DAY}" for at in range(9))
    )
    letters = str(len(whole.decode()))
    server.pages |= {"/": lambda handler: handler.answer(200, whole, Content_Length=letters, ETag='"1"')}
    _, said = bring(tmp_path, server.url + "/")
    assert said and 0 < len(archived(tmp_path)) < 9
    server.pages |= {"/": page(body=whole, ETag='"1"')}
    bring(tmp_path, server.url + "/", now=NOW + timedelta(days=1))
    assert "if-none-match" not in server.requests[-1].headers
    assert len(archived(tmp_path)) == 9


def test_a_validator_goes_back_as_it_came(server: FeedServer, tmp_path: Path) -> None:
    etags = ['W/"a"', 'w/"a"', '""', '"a" ', '"a", "b"', "a b", '"a-gzip"', "'a'"]
    server.pages |= {f"/{number}": page(ETag=etag) for number, etag in enumerate(etags, 2)}
    urls = [server.at(number, f"/{number}") for number in range(2, len(etags) + 2)]
    for day in range(2):
        server.requests.clear()
        bring(tmp_path, *urls, now=NOW + timedelta(days=day))
    sent = {request.path: request.headers.get("if-none-match") for request in server.requests}
    assert sent == {f"/{number}": etag.strip() for number, etag in enumerate(etags, 2)}


# --- encodings -------------------------------------------------------------------------------------------------------

HAN = "<title>论注意力 café</title><link>https://a.example/1</link>" + DAY


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-16", rss(HAN)),
        ("binary", rss(HAN)),
        ("utf8mb4", rss(HAN)),
        ("us-ascii", rss(HAN)),
        ("utf-7", rss(HAN)),
        ("", b"<?xml version='1.0' encoding='UTF8'?>" + rss(HAN)),
        ("", b"<?xml version='1.0' encoding='unicode'?>" + rss(HAN)),
        ("", b"<?xml version='1.0' encoding='ascii'?>" + rss(HAN)),
        ("", b"<?xml version='1.0' encoding='utf-16'?>" + rss(HAN)),
        ("", b"<?xml version='1.0' encoding=''?>" + rss(HAN)),
        ("", b"<?xml version='1.0' encoding='utf-8;'?>" + rss(HAN)),
        ("", b"<?xml version='1.1' encoding='utf-8'?>" + rss(HAN)),
        ("", rss(HAN).decode().encode("utf-32")),
        ("", rss(HAN).decode().encode("utf-16-le")),
        ("", b"\xef\xbb\xbf\xef\xbb\xbf\n" + rss(HAN)),
        ("gb2312", rss(HAN).decode().encode("gb18030")),
        ("", rss("\ufeff" + HAN.replace("论", "\ufeff论"))),
    ],
)  # fmt: skip
def test_a_charset_that_lies_costs_no_letter(charset: str, body: bytes) -> None:
    (paper,) = parse_feed(body, "f", charset).papers
    assert paper.title == "论注意力 café"


# --- XML -------------------------------------------------------------------------------------------------------------

LINK = "https://a.example/1"
DUBLIN, ATOM = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/2005/Atom"
RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'"
ITEM = f"<item><title>A</title><link>{LINK}</link></item>"
PLAIN = rss(f"<title>A</title><link>{LINK}</link>{DAY}")
ENTRY = f"<id>1</id><title>A</title><updated>2026-11-23T00:00:00Z</updated><link href='{LINK}'/>"


def instead(end: str) -> bytes:
    """An empty channel that ends so."""
    return rss().replace(b"</channel>", end.encode())


FORMS: dict[str, bytes] = {
    "a link by its element's name alone": (
        f"<rdf:RDF {RDF}><item rdf:about='{LINK}'><title>A</title></item></rdf:RDF>".encode()
    ),
    "an Atom link in a feed of RSS": rss(f"<title>A</title><link href='{LINK}'/>{DAY}"),
    "a link of RSS in a feed of Atom": atom(f"<title>A</title><link>{LINK}</link><updated>2026-11-23</updated>"),
    "a link that a page's writer closed": rss(
        f"<title>A</title><link/>{LINK}\n<guid isPermaLink='false'>1</guid>{DAY}"
    ),
    "CDATA everywhere": rss(
        f"<title><![CDATA[ A ]]></title><link> <![CDATA[ {LINK} ]]> </link><guid><![CDATA[{LINK}]]></guid>"
        "<pubDate><![CDATA[Mon, 23 Nov 2026 00:00:00 GMT]]></pubDate>"
    ),
    "CDATA in CDATA": rss(
        f"<title>A</title><link>{LINK}</link>"
        "<description><![CDATA[a <![CDATA[b]]]]><![CDATA[> c]]></description>"
    ),
    "prefixes that were changed over": rss(
        f"<title>A</title><link>{LINK}</link><media:creator xmlns:media='{DUBLIN}'>Ada Roe</media:creator>"
        f"<atom:title xmlns:atom='http://search.yahoo.com/mrss/'>Wrong</atom:title>"
    ),
    "Atom under Dublin Core's prefix": (
        f"<dc:feed xmlns:dc='{ATOM}'><dc:title>F</dc:title>"
        f"<dc:entry><dc:title>A</dc:title><dc:link href='{LINK}'/></dc:entry></dc:feed>"
    ).encode(),
    "a base on the entry": atom(ENTRY.replace(LINK, "1"), more=" xml:base='https://a.example/b/'").replace(
        b"<entry>", b"<entry xml:base='../'>"
    ),
    "a base on the link": atom(ENTRY.replace(f"<link href='{LINK}'", "<link xml:base='https://a.example/x' href='1'")),
    "a base on the channel": rss(f"<title>A</title><link>1</link>{DAY}").replace(
        b"<channel>", b"<channel xml:base='https://a.example/'>"
    ),
    "capitals": PLAIN.replace(b"item>", b"ITEM>").replace(b"title>", b"Title>"),
    "small letters": PLAIN.replace(b"pubDate", b"pubdate"),
    "a root in capitals": PLAIN.replace(b"<rss", b"<RSS").replace(b"</rss", b"</RSS"),
    "two channels": instead("</channel><channel><title>B</title>" + ITEM + "</channel>"),
    "items beside the channel": instead("</channel>" + ITEM),
    "an entry in a list of its own": instead("<items>" + ITEM + "</items></channel>"),
    "a port that need not be said": rss("<title>A</title><link>HTTPS://A.Example:443/1</link>"),
    "a guid that is no address": rss(f"<title>A</title><guid isPermaLink='FALSE'>https://wrong.example/</guid><link>{LINK}</link>"),
    "an address in the guid, after blanks": rss(f"<title>A</title><guid isPermaLink='true'>\n  {LINK}\n</guid>"),
    "a processing instruction between": rss(f"<title>A</title><?php echo 1 ?><link>{LINK}</link>"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ["", "<description>a <br> b</description>"], ids=["sound", "damaged"])
@pytest.mark.parametrize("name", FORMS)
def test_an_entry_is_found_in_every_form(name: str, fault: str) -> None:
    content = FORMS[name]
    if fault:
        content = content.replace(b"</item>", fault.encode() + b"</item>").replace(
            b"</entry>", b"<summary>a <br> b</summary></entry>"
        )
    found = parse_feed(content, "f")
    assert [(paper.title, paper.url) for paper in found.papers] == [("A", LINK)], found.problems


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("Ada Roe;Ben Wu", ("Ada Roe", "Ben Wu")),
        ("张三，李四", ("张三", "李四")),
        ("张三、李四", ("张三", "李四")),
        ("张三 李四", ("张三 李四",)),
        ("&lt;b&gt;Ada Roe&lt;/b&gt;", ("Ada Roe",)),
        ("Roe, Ada", ("Roe, Ada",)),
    ],
)
def test_authors_are_parted_where_they_are(text: str, authors: tuple[str, ...]) -> None:
    item = f"<title>A</title><link>{LINK}</link><dc:creator>{text}</dc:creator>"
    (paper,) = parse_feed(rss(item), "f").papers
    assert paper.authors == authors


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026年11月16日",
        "2026 年 11 月 16 日 星期一",
        "2026年11月16日 上午8:00",
        "２０２６年１１月１６日",
        "2026.11.16",
        "周一, 16 11月 2026 08:00:00 +0800",  # WordPress in Chinese
        "星期一, 16 十一月 2026 08:00:00 +0800",
        "2026年11月16日(月) 8:00",
        "2026년 11월 16일",
        "2026-11-16T08:00:00,123Z",
        "2026-11-16T24:00:00",
        "2026-11-16T08:00:60Z",
        "20261116",
        "2026-W47-1",
        "<b>2026-11-16</b>",
        "16-Nov-2026",
        "Mon,16 Nov 2026 08:00",
        "Mon, 16 Nov 2026 08:00:00 GMT+8",
        "Mon, 16 Nov 2026 08:00:00 +0800 (CST)",
        "Mon, 16 Nov 26 08:00:00",
        "Monday, November 16th, 2026 at 8:00 am",
        "2026-11-16 08:00:00 Asia/Shanghai",
        "2026-11-16T08:00:00+08",
        "2026-11-16T08:00:00 +0800",
        "2026-11-16T08:00:00.000Z[UTC]",
        "Mon Nov 16 2026 08:00:00 GMT+0800 (China Standard Time)",  # JavaScript's own
        "1794787200",
        "1794787200000",
    ],
)
def test_a_day_is_read_as_people_and_programs_write_it(text: str) -> None:
    assert published_on(text) == date(2026, 11, 16)


@pytest.mark.parametrize(
    "text",
    [
        "16/11/26",
        "11月16日",
        "2026年",
        "昨天",
        "3 小时前",
        "2 hours ago",
        "令和八年",
        "2026-13-01",
        "2026年2月30日",
        "0",
        "-1",
        "NaN",
    ],
)
def test_a_day_that_is_not_said_is_none(text: str) -> None:
    assert published_on(text) is None


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"id": "1", "external_url": LINK, "title": "A"}, ("A", LINK)),
        ({"id": LINK, "title": "A"}, ("A", LINK)),
        ({"id": 7, "url": LINK, "title": "A", "content_text": None}, ("A", LINK)),
        ({"id": "1", "url": "/1", "title": "A"}, ("A", LINK)),
        ({"id": "1", "url": LINK, "title": "A", "authors": None, "tags": "x"}, ("A", LINK)),
        ({"id": "1", "url": LINK, "title": " A\u200b ", "author": {"name": None}}, ("A", LINK)),
        ({"id": "1", "url": LINK, "title": "A &amp; B"}, ("A & B", LINK)),
        ({"id": "1", "url": LINK, "title": "A", "date_published": 1794787200}, ("A", LINK)),
        ({"id": "1", "url": LINK, "title": "A", "date_published": "", "date_modified": "2026-11-16"}, ("A", LINK)),
        ({"id": {"a": 1}, "url": LINK, "title": "A"}, ("A", LINK)),
    ],
)
def test_an_item_of_json_is_read_whatever_stands_beside(item: dict[str, object], expected: tuple[str, str]) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "F", "home_page_url": "https://a.example/",
            "authors": [{"name": "Ada Roe"}], "items": [None, 7, item]}  # fmt: skip
    found = parse_feed(json.dumps(feed).encode(), "f")
    assert [(paper.title, paper.url) for paper in found.papers] == [expected], found.problems


@pytest.mark.parametrize("items", ["null", "{}", '"x"', "7"])
def test_a_list_that_is_none_is_a_line(items: str) -> None:
    content = json_feed("").replace(b"[]", items.encode())
    found = parse_feed(content, "f")
    assert not found.papers and len(found.problems) == 1


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://例子.example/1", "https://xn--fsqu00a.example/1"),
        ("https://a.example:443/1", "https://a.example/1"),
        ("https://A.EXAMPLE/1", "https://a.example/1"),
        ("https://a.example/1?fbclid=x&utm_campaign=y", "https://a.example/1"),
        ("https://a.example/1#:~:text=b", "https://a.example/1"),
        ("https://a.example/1?utm_source=x&amp;utm_medium=rss", "https://a.example/1"),
    ],
)
def test_two_spellings_of_an_address_are_one(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


# --- what was tried once by hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        "<title>A post ({n} comments)</title><link>{LINK}</link>{DAY}<guid isPermaLink='false'>1</guid>",
        "<title>A post of some length</title><link>{LINK}</link>{DAY}<guid>https://a.example/?r={n}</guid>",
        "<title>A post of some length</title><link>{LINK}</link><pubDate>2026-11-2{n}</pubDate>",
        "<title>A post of some length</title><link>{LINK}?utm_source={n}</link>{DAY}<guid>n-{n}</guid>",
    ],
    ids=["title", "guid", "date", "tracking"],
)  # fmt: skip
def test_what_changes_with_every_answer_does_not_make_the_archive_grow(item: str, tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / "feed.xml"
        path.write_bytes(rss(item.format(n=number, LINK=LINK, DAY=DAY)))
        bring(tmp_path, str(path), now=NOW + timedelta(days=number))
    assert len(archived(tmp_path)) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"authors": None},
        {"authors": [{"name": None}, {"name": "Ada Roe", "hidden": True}, 7, None]},
        {"publishedAt": 1763596800000},
        {"publishedAt": "2026-11-20", "upvotes": "many"},
        {"title": "A\n  B", "githubRepo": None, "summary": 7},
    ],
)
def test_a_paper_of_hugging_face_is_read_whatever_is_null(more: dict[str, object]) -> None:
    text = json.dumps([{"paper": {"id": "2611.40001", "title": "A"} | more, "title": None}])
    (paper,) = parse_feed(text.encode(), "f", today=NOW.date()).papers
    assert paper.arxiv_id == "2611.40001" and paper.title in ("A", "A B") and "None" not in paper.authors


def test_three_thousand_authors_are_read_at_once() -> None:
    names = ", ".join(f"Ada Roe{at}" for at in range(3_000))
    item = f"<title>A</title><link>https://arxiv.org/abs/2611.00001</link><dc:creator>{names}</dc:creator>"
    content = rss(item, title="cs.CL updates on arXiv.org", link="http://rss.arxiv.org/rss/cs.CL")
    began = time.process_time()
    (paper,) = parse_feed(content, "f", today=NOW.date()).papers
    assert len(paper.authors) == 3_000 and time.process_time() - began < 2


def test_what_never_ends_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _, said = bring(tmp_path, str(tmp_path / "pipe"), "/dev/zero", str(tmp_path), "a.example/rss", "feed://a.example/")
    assert ["not a file" in line for line in said[:3]] == [True] * 3 and len(said) == 5


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared inputs are not beside this checkout")
def test_the_given_cases_make_one_archive_in_every_order(tmp_path: Path) -> None:
    paths = [str(path) for path in sorted(CASES.iterdir())]
    made = []
    for number in range(2):
        random.Random(number).shuffle(paths)
        for _ in range(1 + (number == 0)):  # the first twice
            bring(tmp_path / str(number), *paths)
        weeks = sorted((tmp_path / str(number) / "talks" / "papers").iterdir())
        made.append({path.name: path.read_bytes() for path in weeks})
    assert made[0] == made[1] and sum(content.count(b"\n") for content in made[0].values()) > 130
