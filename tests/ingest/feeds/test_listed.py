"""The list of feeds, and the record of how they did."""

import json
from datetime import date

import pytest
from markdown_it import MarkdownIt

from ingest.feeds.info import FeedInfo
from ingest.feeds.listed import encode_record, parse_feeds, read_opml, wanted, with_record
from ingest.model import Paper, Source
from ingest.pipeline import Inputs, build

OPML = '<opml><body><outline text=" A\n B " xmlUrl="https://a.b/f" htmlUrl="https://a.b"/></body></opml>'


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
        (b'<opml><outline xmlUrl="file:///etc/passwd"/></opml>', 1, "an xmlUrl that is no web address: 'file:///etc"),
    ],
)
def test_bad_opml_is_a_problem(content: bytes, line: int, said: str) -> None:
    feeds, (problem,) = read_opml(content, "talks/feeds.opml")
    assert (feeds, problem.code, problem.line) == ([], "P010", line)
    assert problem.message.startswith(said)


def test_the_page_of_feeds_shows_what_strangers_wrote_as_text() -> None:
    outline = '<outline text="a|b &lt;script&gt; [c](d)" xmlUrl="https://a.b/f|g)" htmlUrl="javascript:alert(1)"/>'
    record = {"https://a.b/f|g)": {"error": "<img src=x>|", "since": "2026-11-20", "moved_to": "https://a.c/`x`"}}
    sources = (
        Source("talks/feeds.opml", f"<opml><body>{outline}</body></opml>"),
        Source("talks/feeds.json", json.dumps(record)),
    )
    pages, _, problems = build(Inputs(feeds=sources))
    (row,) = (line for line in pages["papers/feeds.md"].split("\n") if "2026-11-20" in line)
    shown = MarkdownIt("commonmark").enable("table").render(f"| a | b | c | d |\n|---|---|---|---|\n{row}")
    assert problems == []
    assert '<a href="https://a.b/f%7Cg%29">a|b &lt;script&gt; [c](d)</a>' in shown
    assert "自 2026-11-20 起读不到：&lt;img src=x&gt;|；已搬到 https://a.c/`x`" in shown
    assert shown.count("<td>") == 4


def test_a_record_is_read_as_it_was_written() -> None:
    bare = FeedInfo("https://a.b/f", "A B", "https://a.b")
    full = FeedInfo(
        "https://a.b/f", "A B", "https://a.b", 0, date(2026, 11, 16), "404", date(2026, 11, 20), "https://a.c/"
    )
    assert encode_record([bare]) == '{\n "https://a.b/f": {}\n}\n'
    assert with_record([bare], encode_record([full])) == (full,)
    sources = [Source("talks/feeds.opml", OPML), Source("talks/feeds.json", encode_record([full]))]
    assert parse_feeds(sources) == ((full,), [])
    assert parse_feeds(sources[:1]) == ((bare,), [])
    assert parse_feeds(sources[1:]) == ((), [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        *(json.dumps({"https://a.b/f": value}) for value in (1, {"papers": "2"}, {"since": "soon"}, {"error": 404})),
    ],
)
def test_a_damaged_record_is_a_problem_and_the_feeds_are_still_listed(text: str) -> None:
    feeds, (problem,) = parse_feeds([Source("talks/feeds.opml", OPML), Source("talks/feeds.json", text)])
    assert feeds == (FeedInfo("https://a.b/f", "A B", "https://a.b"),)
    assert (problem.path, problem.code) == ("talks/feeds.json", "P001")


RULES = """<opml><body><outline text="G" keep="paper, reasoning" block="pricing">
<outline text="A" xmlUrl="https://a.example/f"/>
<outline text="B" xmlUrl="https://b.example/f" keep="注意力" again="5"
 archiveUrl="https://b.example/q?from={from}&amp;to={to}"/></outline>
<outline text="C" xmlUrl="https://c.example/f"/></body></opml>"""


def test_rules_of_a_group_count_for_what_is_in_it() -> None:
    (a, b, c), problems = read_opml(RULES.encode(), "f")
    assert problems == ()
    assert (a.keep, a.block, b.keep, b.block) == (("paper", "reasoning"), ("pricing",), ("注意力",), ("pricing",))
    assert (b.archive, b.again, c.keep, c.archive) == ("https://b.example/q?from={from}&to={to}", 5, (), "")


@pytest.mark.parametrize("template", ["https://b.example/q", "file:///etc/{day}", "https://b.example/{from}"])
def test_an_archive_without_a_place_for_days_is_a_problem(template: str) -> None:
    text = f'<opml><body><outline text="A" xmlUrl="https://a.example/f" archiveUrl="{template}"/></body></opml>'
    (feed,), (problem,) = read_opml(text.encode(), "f")
    assert (feed.archive, problem.code) == ("", "P010")


@pytest.mark.parametrize(
    ("title", "abstract", "is_wanted"),
    [
        ("A paper on things", "", True),
        ("Newspapers and wallpaper", "", False),  # whole words
        ("Something", "It is about REASONING.", True),
        ("A paper on pricing", "", False),
        ("A paper", "With a word on pricing.", True),  # what is blocked is what it is about
        ("Nothing of it", "", False),
    ],
)
def test_keep_and_block_choose(title: str, abstract: str, is_wanted: bool) -> None:
    (rules, *_), _ = read_opml(RULES.encode(), "f")
    assert wanted(Paper("url:1", title, "https://a.example/1", abstract=abstract), rules) == is_wanted
