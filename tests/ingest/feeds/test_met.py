"""What users of other readers met, kind by kind; each case names the report that tells of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.feeds.listed import read_opml
from ingest.feeds.parse import parse_feed
from ingest.feeds.text import published_on
from ingest.urls import canonical_url
from tests.ingest.feed_server import FeedServer, Handler
from tests.ingest.feeds.test_kinds import DAY, NOW, THREE, archived, bring, page, post, rss

pytestmark = pytest.mark.usefixtures("in_this_process")
ATOM = "http://www.w3.org/2005/Atom"


def atom(*entries: str, more: str = "") -> bytes:
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f"<feed xmlns='{ATOM}'{more}><title>A</title><id>https://a.example/</id>{body}</feed>".encode()


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Sun, 15 Dec 2024 12:15 PM", date(2024, 12, 15)),  # spacecowboy/Feeder#456
        ("Mon, May 25 2020 04:45:26 +0000", date(2020, 5, 25)),  # NetNewsWire#2109
        ("Fri, 22 Jul 2016 15:30:07 Z", date(2016, 7, 22)),  # poetaster/tidings#42
        ("17 Mar 2020 23:00:00 AEDT", date(2020, 3, 17)),  # sdepold/feedrapp#63
        ("Wed, 30 Nov -0001 00:00:00 +0000", None),  # what WordPress writes for MySQL's zero
        ("0000-00-00 00:00:00", None),
        ("Sat, 17 Jan 1970 23:08:42 Z", None),  # milliseconds taken for seconds: RoyalRoadLegends#73
        ("Thu, 01 Jan 1970 08:00:00 +0800", None),  # JianshuRSS#1
        ("Mon, 01 Jan 0001 00:00:00 +0000", None),  # scientific-python.org#869
    ],
)
def test_days_that_others_could_not_read_are_read_and_the_zeros_of_machines_are_none(
    text: str, day: date | None
) -> None:
    (paper,) = parse_feed(rss(f"<title>A</title><link>https://a.example/1</link><pubDate>{text}</pubDate>"), "f").papers
    assert paper.published == day
    if day is None:
        found = published_on(text)
        assert found is None or found.year < 1950


def test_an_atom_entry_may_be_dated_as_rss_is() -> None:  # emacs-elfeed/elfeed#345
    entry = "<title>A</title><link href='https://a.example/1'/><pubDate>Mon, 23 Nov 2026 00:00:00 GMT</pubDate>"
    (paper,) = parse_feed(atom(entry), "f").papers
    assert paper.published == date(2026, 11, 23)


# --- forms of entries ------------------------------------------------------------------------------------------------


def test_attributes_may_bear_the_name_of_their_space() -> None:  # FreshRSS#1892
    entry = (
        "<id>tag:a.example,2026:1</id><title>A</title><updated>2026-11-23T00:00:00Z</updated>"
        f"<link n:href='https://a.example/1' n:rel='alternate' xmlns:n='{ATOM}' n:type='text/html'/>"
    )
    (paper,) = parse_feed(atom(entry), "f").papers
    assert paper.url == "https://a.example/1"


@pytest.mark.parametrize("fault", ["", "&nbsp;", "<br>"])
@pytest.mark.parametrize(
    "more",
    [
        "<image><title>Wrong</title><url>https://a.example/i.png</url><link>https://w.example/</link></image>",
        "<media:content xmlns:media='http://search.yahoo.com/mrss/'><media:title>Wrong</media:title></media:content>",
        "<media:title xmlns:media='http://search.yahoo.com/mrss/'>Wrong</media:title>",
        "<itunes:title xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>Wrong</itunes:title>",
        "<source url='https://w.example/feed'>Wrong</source>",
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_an_entry_has_its_own_title_and_link(first: bool, more: str, fault: str) -> None:
    # feedjira#119, miniflux#714
    own = f"<title>Right</title><link>https://a.example/1</link>{DAY}"
    item = (more + own if first else own + more) + f"<description>so{fault} it is</description>"
    (paper,) = parse_feed(rss(item), "f").papers
    assert (paper.title, paper.url) == ("Right", "https://a.example/1")


def test_the_channel_is_not_called_as_its_search_box() -> None:  # Ranchero-Software/RSParser#76
    box = "<textInput><title>Search</title><link>https://a.example/find</link></textInput>"
    found = parse_feed(rss(post(1)).replace(b"<item>", box.encode() + b"<item>", 1), "f")
    assert (found.title, len(found.papers)) == ("A Blog", 1)


@pytest.mark.parametrize("more", ["<encoded>hello</encoded>", "<x:encoded xmlns:x='urn:x'>hello</x:encoded>"])
def test_a_text_outside_its_space_costs_nothing(more: str) -> None:  # mmcdole/gofeed#303
    assert len(parse_feed(rss(post(1, more), post(2)), "f").papers) == 2


def test_an_entry_without_id_and_link_is_counted_and_costs_no_other() -> None:  # lemon24/reader#281
    found = parse_feed(rss(post(1), "<title>Nowhere</title>", post(2)), "f")
    assert len(found.papers) == 2 and "1 of 3 entries without a link (left out)" in found.problems[0].message


def test_an_empty_feed_before_the_feed_hides_nothing() -> None:  # kurtmckee/feedparser#62
    entry = "<title>A</title><link href='https://a.example/1'/><updated>2026-11-23T00:00:00Z</updated>"
    content = b"<?xml version='1.0' encoding='UTF-8'?>\n<feed/>\n" + atom(entry)
    assert [paper.title for paper in parse_feed(content, "f").papers] == ["A"]


def test_the_page_behind_a_counting_service_is_the_paper() -> None:
    """FeedBurner's addresses lead through a host that may close; beside them stands the page."""
    space = b"<rss xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0' "
    more = "<feedburner:origLink>https://a.example/posts/1</feedburner:origLink>"
    item = f"<title>A</title><link>http://feedproxy.google.com/~r/a/~3/xYz/</link>{DAY}{more}"
    for fault in ("", "<description>a <br> b</description>"):
        (paper,) = parse_feed(rss(item + fault).replace(b"<rss ", space), "f").papers
        assert paper.url == "https://a.example/posts/1"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.google.com/url?rct=j&sa=t&url=https://a.example/1&ct=ga&cd=CAIyGz&usg=AOv",  # Google Alerts
        "https://www.google.com/url?q=https%3A%2F%2Fa.example%2F1&sa=D",
        "https://out.reddit.com/t3_abc?url=https%3A%2F%2Fa.example%2F1&token=AQAA",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F1&h=AT0",
        "https://steamcommunity.com/linkfilter/?u=https%3A%2F%2Fa.example%2F1",
    ],
)
def test_a_redirector_leads_to_its_target(address: str) -> None:
    expected = "https://a.example/1" if "steam" not in address else address  # a site of its own, not known
    assert canonical_url(address) == expected


def test_a_medium_link_does_not_say_which_feed_it_came_from() -> None:
    assert canonical_url("https://medium.com/@a/b-1?source=rss-0c9--2") == "https://medium.com/@a/b-1"


# --- JSON ------------------------------------------------------------------------------------------------------------


def json_feed(text: str) -> bytes:
    return ('{"version": "https://jsonfeed.org/version/1", "title": "A", "items": [' + text + "]}").encode()


def test_json_may_hold_line_ends_within_its_texts() -> None:  # NSHipster#38
    item = '{"id": "1", "url": "https://a.example/1", "title": "A\n\tB", "content_html": "\n<p>x</p>\n"}'
    assert [paper.title for paper in parse_feed(json_feed(item), "f").papers] == ["A B"]


def test_half_a_pair_in_json_costs_a_letter(tmp_path: Path) -> None:  # NetNewsWire#2493
    items = ", ".join(
        f'{{"id": "{half} {at}", "url": "https://a.example/{at}", "title": "Trophy {half} {at}", '
        f'"authors": [{{"name": "Ada {half}"}}], "date_published": "2026-11-23{half}"}}'
        for at, half in enumerate([r"\udfc6", r"\ud83c", r"\ud83c\udfc6"])
    )
    path = tmp_path / "a.json"
    path.write_bytes(json_feed(items))
    for _ in range(2):
        _, said = bring(tmp_path, str(path))
    assert len(archived(tmp_path)) == 3, said


@pytest.mark.parametrize("text", ['[{"a": 1,}]', ")]}',\n[]", 'callback([{"paper": {}}])', '{"a": }'])
def test_what_is_nearly_json_is_named(text: str) -> None:
    (problem,) = parse_feed(text.encode(), "f").problems
    assert problem.code == "P002"


# --- servers ---------------------------------------------------------------------------------------------------------


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A server that answers with these bytes, whatever it is asked, until one says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        where = listening.getsockname()[:2]

        def serve() -> None:
            asked = True
            while asked:
                connection, _ = listening.accept()
                with connection, suppress(OSError):  # it may have had enough
                    asked = bool(connection.recv(65_536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{where[1]}/"
        finally:
            socket.create_connection(where).close()
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(THREE)
READ = {
    "line feeds alone": (HEAD + LENGTH + b"\r\n").replace(b"\r", b"") + THREE,  # miniflux-legacy#367
    "no reason": b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n" + THREE,
    "HTTP/1.0, to the end": b"HTTP/1.0 200 OK\r\n\r\n" + THREE,
    "no content type": HEAD + LENGTH + b"\r\n" + THREE,  # lemon24/reader#108
    "a download": HEAD + LENGTH + b"Content-Type: application/x-download\r\n\r\n" + THREE,  # FreshRSS#1410
    "a type escaped": HEAD + LENGTH + b"Content-Type: application/rss%2Bxml; charset=utf-8\r\n\r\n" + THREE,  # 1743
    "a type with a file": HEAD + LENGTH + b"Content-Type: text/html; charset=; filename=feed.xml\r\n\r\n" + THREE,
    "hints before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + LENGTH + b"\r\n" + THREE,
    "letters of Latin-1": HEAD + LENGTH + b"X-Name: Gen\xe8ve\r\nETag: \"\xe9\"\r\n\r\n" + THREE,
    "chunks with words": HEAD + CHUNKED + b"%x;a=b\r\n%s\r\n0\r\nT: x\r\n\r\n" % (len(THREE), THREE),
    "more than was said": HEAD + LENGTH + b"\r\n" + THREE + b"<!-- cached -->",
}  # fmt: skip
REFUSED = {
    "a line without a colon": HEAD + LENGTH + b"get-ban.php: userdata not support\r\n\"X: 0\"\r\n\r\n" + THREE,
    "a path for a name": HEAD + LENGTH + b"result/forum.php: no\r\n\r\n" + THREE,  # encode/httpx#1363
    "no head": THREE,
    "a radio": b"ICY 200 OK\r\n\r\n" + THREE,
    "two lengths": HEAD + LENGTH + b"Content-Length: 9\r\n\r\n" + THREE,
    "a length of letters": HEAD + b"Content-Length: many\r\n\r\n" + THREE,
    "a chunk of all": HEAD + CHUNKED + b"FFFFFFFFFFFFFFFF\r\n" + THREE,
    "a chunk of less than nothing": HEAD + CHUNKED + b"-5\r\n" + THREE,
    "codings of transfer": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a head of a megabyte": HEAD + b"Set-Cookie: " + b"a" * 1_000_000 + b"\r\n\r\n" + THREE,
    "nothing": b"",
    "a part": b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/500\r\n" + LENGTH + b"\r\n" + THREE,
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_an_odd_answer_is_read(name: str, tmp_path: Path) -> None:
    with raw_server(READ[name]) as url:
        _, said = bring(tmp_path, url)
    assert len(archived(tmp_path)) == 3, said


@pytest.mark.parametrize("name", REFUSED)
def test_an_answer_that_is_none_costs_its_source_alone(name: str, server: FeedServer, tmp_path: Path) -> None:
    server.pages["/good"] = page(body=rss(post(9)))
    with raw_server(REFUSED[name]) as url:
        _, said = bring(tmp_path, url, server.at(2, "/good"))
    assert [line.split(" ")[1] for line in said] == ["P007"]
    assert [paper.title for paper in archived(tmp_path)] == ["Post 9"]


@pytest.mark.parametrize(
    "header",
    [
        {"ETag": "*"},  # which every page is
        {"Last_Modified": "Thu, 01 Jan 1970 00:00:01 GMT"},  # of reproducible builds: each version has the same
        {"Last_Modified": "Tue, 01 Jan 1980 00:00:00 GMT"},
        {"Last_Modified": "Sun, 01 Jan 2062 00:00:00 GMT"},
        {"Last_Modified": "-1"},
    ],
)
def test_a_validator_that_fits_every_version_is_not_believed(
    header: dict[str, str], server: FeedServer, tmp_path: Path
) -> None:
    content = [THREE]

    def answer(handler: Handler) -> None:
        asked = {"if-none-match", "if-modified-since"} & handler.request_made.headers.keys()
        handler.answer(304, b"", **header) if asked else handler.answer(200, content[0], **header)

    server.pages["/"] = answer
    bring(tmp_path, server.url + "/")
    content[0] = rss(post(4))
    bring(tmp_path, server.url + "/", now=NOW + timedelta(days=1))
    assert len(archived(tmp_path)) == 4


def test_a_site_that_gives_what_is_asked_for_gives_its_feed(server: FeedServer, tmp_path: Path) -> None:
    def answer(handler: Handler) -> None:
        wants = "rss+xml" in handler.request_made.headers.get("accept", "")
        handler.answer(200, THREE if wants else b"<html><title>Home</title></html>")

    server.pages["/"] = answer
    bring(tmp_path, server.url + "/")
    assert len(archived(tmp_path)) == 3


def test_an_older_copy_that_comes_in_between_adds_nothing(server: FeedServer, tmp_path: Path) -> None:
    """Two machines behind one name, of which one is late (A List Apart#365)."""
    newer, older = rss(post(1), post(2), post(3)), rss(post(1), post(2))
    for day, content in enumerate([newer, older, newer, older]):
        server.pages["/"] = page(body=content, ETag=f'"{day}"')
        bring(tmp_path, server.url + "/", now=NOW + timedelta(days=day))
    assert len(archived(tmp_path)) == 3


def test_a_move_to_a_page_is_no_move(server: FeedServer, tmp_path: Path) -> None:
    """A site that sends its feed's readers to a login for a day gets them back."""
    url, day = server.url + "/feed", iter(range(9))
    answers: list[Callable[[Handler], None]] = [
        page(),
        page(301, b"", Location="/login"),
        page(body=rss(post(4))),
    ]
    server.pages["/login"] = page(body=b"<html><title>Log in</title></html>")
    for answer in answers:
        server.pages["/feed"] = answer
        bring(tmp_path, url, now=NOW + timedelta(days=2 * next(day)))
    assert len(archived(tmp_path)) == 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # the scheme of links and names: feedbin#206, #431
        ("http://a.example/1 http://a.example/?p=1", "https://a.example/1 https://a.example/?p=1"),
        ("http://a.example/1 http://a.example/?p=1", "https://a.example/2026/a-new-slug http://a.example/?p=1"),
        ("http://a.example/1 http://a.example/?p=1", "https://a.example/2026/a-new-slug https://a.example/?p=1"),
        ("https://a.example/1 id-1", "https://www.a.example/1 id-1"),
        # another house: LeaVerou/blog#18
        ("https://old.example/2023/a-post/ https://old.example/2023/a-post/",
         "https://new.example/2023/a-post/ https://new.example/2023/a-post/"),
    ],
)  # fmt: skip
def test_a_site_that_moves_does_not_tell_all_of_it_again(
    before: str, after: str, server: FeedServer, tmp_path: Path
) -> None:
    for number, names in enumerate((before, after)):
        link, guid = names.split()
        item = f"<title>On the moving of houses</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid>{DAY}"
        server.pages["/"] = page(body=rss(item))
        bring(tmp_path, server.url + "/", now=NOW + timedelta(days=number))
    assert len(archived(tmp_path)) == 1


def test_many_entries_with_one_address_are_not_lost_in_silence(tmp_path: Path) -> None:
    """A page of news, to which every entry leads."""
    items = (
        f"<title>Day {at}</title><link>https://a.example/news</link><guid isPermaLink='false'>n-{at}</guid>{DAY}"
        for at in range(4)
    )
    path = tmp_path / "a.xml"
    path.write_bytes(rss(*items))
    _, said = bring(tmp_path, str(path))
    assert len(archived(tmp_path)) == 4 or any("one address" in line for line in said)


# --- lists -----------------------------------------------------------------------------------------------------------


def test_the_list_may_write_its_names_in_any_case() -> None:
    text = (
        '<opml version="2.0"><body><outline text="A" xmlUrl="https://a.example/feed"/>'
        '<outline title="B" xmlurl="https://b.example/feed"/></body></opml>'
    )
    feeds, _ = read_opml(text.encode(), "f")
    assert [feed.url for feed in feeds] == ["https://a.example/feed", "https://b.example/feed"]
