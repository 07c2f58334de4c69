"""Feeds of every kind, and bytes that are none."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feeds import from_xml
from ingest.feeds.parse import Feed, parse_feed
from ingest.feeds.text import decode, plain, published_on, tex_accents
from ingest.feeds.xml import read_plain
from tests.ingest.feed_checks import check_total

FEEDS = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[4] / "shared" / "inputs" / "feeds"


def feed(name: str) -> Feed:
    return parse_feed((FEEDS / name).read_bytes(), name)


def codes(found: Feed) -> list[str]:
    return [problem.code for problem in found.problems]


def rss(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'.encode()


def test_arxiv_rss_gives_clean_titles_split_authors_and_the_day_as_written() -> None:
    found = feed("arxiv_new_cross_replace.xml")
    first, second = found.papers
    assert (found.title, found.problems) == ("cs.CL updates on arXiv.org", ())
    assert first.id == "arxiv:9912.00001"
    assert first.title == "A Fréchet Bound for <think> Tokens & $n<m$"
    assert first.authors == ("Björn Ek", "Wei Li", "Ada Roe, Jr")
    assert first.published == date(2026, 11, 16)
    assert (second.arxiv_id, second.doi) == ("9912.00002", "10.5555/abc.2")


def test_an_announced_replacement_is_a_revision_without_a_date() -> None:
    (revised,) = feed("arxiv_new_cross_replace.xml").revised
    assert (revised.id, revised.published) == ("arxiv:9801.00003", None)


def test_arxiv_atom_unwraps_the_title_and_keeps_the_first_date() -> None:
    found = feed("arxiv_api_wrapped_title.xml")
    (paper,) = found.papers
    assert found.title == "arXiv API"
    assert paper.title == "A Title That the Interface Wraps by Hand"
    assert paper.url == "https://arxiv.org/abs/9912.00001"
    assert paper.authors == ("Björn Ek", "Wei Li")
    assert (paper.published, paper.doi) == (date(2026, 11, 13), "10.5555/abc.1")


def test_hugging_face_daily_papers() -> None:
    first, second = feed("hf_daily_papers.json").papers
    assert (first.id, first.title, first.authors) == (
        "arxiv:9912.00001",
        "A Title in Two Lines",
        ("Björn Ek", "Wei Li"),
    )
    assert first.published == date(2026, 11, 14)  # the paper's, not the evening it was posted
    assert (second.authors, second.published) == ((), date(2026, 11, 15))


def test_json_feed_resolves_links_and_lists_an_untitled_entry_by_its_address() -> None:
    found = feed("json_feed.json")
    first, second = found.papers
    assert (first.title, first.url) == ("One & Two", "https://blog.example/posts/one")
    assert (first.authors, first.published) == (("Ada Roe",), date(2026, 11, 16))
    assert second.title == second.url == "https://blog.example/posts/two"
    (problem,) = found.problems
    assert (problem.code, problem.message) == (
        "P004",
        "1 of 3 entries without a link (left out), 1 of 3 entries without a title (listed by their address), "
        "1 of 4 items that are no entries (left out)",
    )


def test_rss_10_has_its_date_and_doi_in_extensions_and_a_mail_address_is_no_author() -> None:
    (paper,) = feed("rss10_dc_date.xml").papers
    assert (paper.id, paper.published) == ("doi:10.5555/j.1", date(2026, 11, 16))
    assert paper.authors == ("Roe, Ada",)


@pytest.mark.parametrize(
    ("name", "title", "problems"),
    [
        ("blank_before_declaration.xml", "Survives", []),
        ("gbk_declared.xml", "注意力机制镕", []),
        ("utf16_declared_bytes_utf8.xml", "位置编码", ["P008"]),
        ("bare_ampersand.xml", "R&D at work", ["P008"]),
        ("undefined_entity.xml", "café models", ["P008"]),
        ("doctype_without_entities.xml", "How XXE works", ["P005"]),
    ],
)
def test_a_damaged_feed_keeps_its_entries(name: str, title: str, problems: list[str]) -> None:
    found = feed(name)
    assert [paper.title for paper in found.papers] == [title]
    assert codes(found) == problems


def test_a_fault_in_xml_is_reported_where_it_stands() -> None:
    (problem,) = feed("bare_ampersand.xml").problems
    line = (FEEDS / "bare_ampersand.xml").read_text().split("\n")[problem.line - 1]
    assert "&" in line[: problem.column] and "<title>Q" in line


def test_a_declared_chinese_date_and_author_list_are_read() -> None:
    (paper,) = feed("gbk_declared.xml").papers
    assert (paper.published, paper.authors) == (date(2026, 11, 16), ("张三", "李四", "王五"))


@pytest.mark.parametrize("name", ["external_entity.xml", "entity_bomb_utf16.xml"])
def test_an_entity_declaration_refuses_the_feed(name: str) -> None:
    found = feed(name)
    assert (found.papers, codes(found)) == ((), ["P006"])


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE rss [<!ENTITY % p 'x'>]>",
        "<!-- <rss> --><?x <rss> ?>\n<!doctype rss [<!entity a 'x'>]>",
        "junk <!DOCTYPE rss [<!ENTITY a 'x'>]>",
    ],
)
def test_no_prolog_hides_an_entity_declaration(prolog: str) -> None:
    item = "<item><title>t</title><link>https://a.example/</link></item>"
    assert codes(parse_feed(prolog.encode() + rss(item), "f")) == ["P006"]


def test_a_post_about_entities_is_no_declaration() -> None:
    item = "<item><title>t</title><link>https://a.example/</link><pubDate>2026-11-16</pubDate>"
    found = parse_feed(rss(item, "<description><![CDATA[<!DOCTYPE a [<!ENTITY b 'c'>]>]]></description></item>"), "f")
    assert (len(found.papers), codes(found)) == (1, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty document"),
        (b"plain words", "a document that is no feed"),
        (b'{"error": "rate limit"}', "JSON that is no feed"),
        (b"[" * 100_000, "JSON that cannot be read"),
        (b"<OAI-PMH><record><title>t</title></record></OAI-PMH>", "a document that is no feed"),
        ((FEEDS / "html_instead.html").read_bytes(), "an HTML page"),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, said: str) -> None:
    found = parse_feed(content, "f")
    problem = found.problems[-1]
    assert (problem.code, found.papers) == ("P002", ())
    assert problem.message.startswith(said)


@pytest.mark.parametrize("content", [(FEEDS / "empty_weekend.xml").read_bytes(), b"[]"])
def test_an_empty_weekend_is_a_warning(content: bytes) -> None:
    (problem,) = parse_feed(content, "f").problems
    assert (problem.code, problem.severity) == ("P003", "warning")


def test_entries_without_ids_or_dates_are_counted_once() -> None:
    found = feed("no_ids_no_dates.xml")
    assert [paper.url for paper in found.papers] == [
        "https://bare.example/blog/first",
        "https://bare.example/blog/second",
    ]
    assert [(problem.code, problem.message[:6]) for problem in found.problems] == [
        ("P004", "1 of 3"),
        ("P005", "2 of 3"),
    ]


@pytest.mark.parametrize("path", sorted(FEEDS.glob("*.xml")), ids=lambda path: path.stem)
def test_the_quick_reading_of_plain_xml_equals_feedparsers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = parse_feed(path.read_bytes(), path.name)
    monkeypatch.setattr(from_xml, "read_plain", lambda text: None)
    assert parse_feed(path.read_bytes(), path.name) == quick


ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><entry>{}</entry></feed>"
ENTRY = "<item><title>a</title><link>http://a.example/</link></item>"
ATOM_ENTRY = b"<entry><title>a</title><link rel='alternate' type='text/html' href='http://a.example/'/>"
ATOM_ENTRY += b"<issued>2026-11-16T08:00:00Z</issued></entry>"
RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
DC = "xmlns:dc='http://purl.org/dc/elements/1.1/'"


@pytest.mark.parametrize(
    ("content", "quick"),
    [
        (rss("<item><title>a</title><link>/b</link><author>a@b.example (Ada Roe)</author></item>"), True),
        (rss("<item><title>a</title><guid>http://a.example/b</guid><author>Ada &lt;a@b.org&gt;</author></item>"), True),
        (rss("<item><title>a&#146;s</title><guid isPermaLink='false'>http://a.example/b</guid></item>"), True),
        (rss("<item><title>caf\xc3\xa9</title><link>http://a.example/b</link></item>"), True),
        (rss(f"<item {DC}><dc:title>a</dc:title><link>//a.example/b</link><dc:date>2026-11-16</dc:date></item>"), True),
        (rss("<item><title>a <b>c</b></title><link>http://a.example/b</link></item>"), False),
        (rss("<item><headline>a</headline><link>http://a.example/b</link></item>"), False),
        (rss("<group><item><title>a</title><link>http://a.example/b</link></item></group>"), False),
        (rss("<item xml:base='http://a.example'><title>a</title><link>b</link></item>"), False),
        (ATOM.format("<title type='html'>a &lt;b&gt;</title><link href='http://a.example/b'/>").encode(), True),
        (ATOM.format("<link href='http://a.example/b' rel='self'/><id>http://a.example/c</id>").encode(), True),
        (ATOM.format("<title type='text/plain' mode='base64'>YQ==</title><id>http://a.example/c</id>").encode(), False),
        (ATOM.format("<author><name>Ada</name></author><updated>2026-11-16</updated><id>tag:a</id>").encode(), True),
    ],
)  # fmt: skip
def test_plain_xml_is_read_quickly_and_the_rest_by_feedparser(
    content: bytes, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (read_plain(content.decode()) is not None) == quick
    found = parse_feed(content, "http://base.example/")
    monkeypatch.setattr(from_xml, "read_plain", lambda text: None)
    assert parse_feed(content, "http://base.example/") == found


@pytest.mark.parametrize(
    ("content", "titles", "problems"),
    [
        (rss(ENTRY) + b"junk <after> the root", ["a"], ["P008", "P005"]),
        (rss(ENTRY, "<item><title><![CDATA[b]]</title>"), ["a"], ["P008", "P004", "P005"]),
        (rss(ENTRY).replace(b"2.0", b"0.91"), ["a"], ["P005"]),
        (f"<rdf:RDF {RDF} xmlns='http://purl.org/rss/1.0/'>{ENTRY}</rdf:RDF>".encode(), ["a"], ["P005"]),
        (b"<feed version='0.3' xmlns='http://purl.org/atom/ns#'>" + ATOM_ENTRY + b"</feed>", ["a"], []),
        (b"<channel><item href='http://a.example/'><title>a</title></item></channel>", ["a"], ["P005"]),
    ],
    ids=["junk after the root", "unclosed CDATA", "RSS 0.91", "RSS 1.0", "Atom 0.3", "CDF"],
)
def test_old_and_broken_forms_are_read(content: bytes, titles: list[str], problems: list[str]) -> None:
    found = parse_feed(content, "f")
    assert [paper.title for paper in found.papers] == titles
    assert codes(found) == problems


def test_versions_are_read_wherever_a_feed_names_them() -> None:
    rss_papers = feed("arxiv_new_cross_replace.xml")
    assert [paper.versions for paper in (*rss_papers.papers, *rss_papers.revised)] == [("v1",), ("v1",), ("v4",)]
    assert [paper.versions for paper in feed("arxiv_api_wrapped_title.xml").papers] == [("v2",)]
    assert [paper.versions for paper in feed("hf_daily_papers.json").papers] == [(), ()]


def test_a_digest_gives_its_english_titles_and_no_summary() -> None:
    found = feed("digest_with_summary_as_title.xml")
    assert [paper.title for paper in found.papers] == ["Graphs for Retrieval", "An Older Form", "一篇普通的文章"]
    assert [paper.title for paper in found.revised] == ["A New Version"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026年11月16日", date(2026, 11, 16)),
        ("2026-11-16T23:30:00-08:00", date(2026, 11, 16)),
        ("Mon, 16 Nov 2026 00:00:00 -0500", date(2026, 11, 16)),
        ("16 Nov 26 10:00 GMT", date(2026, 11, 16)),
        ("Mon Nov 16 09:00:00 UTC 2026", date(2026, 11, 16)),
        ("November 16, 2026", date(2026, 11, 16)),
        ("2026/1/5", date(2026, 1, 5)),
        ("0000-00-00", None),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("2026-02-30", None),
        ("2026-11", None),
        ("2026年11月", None),
        ("11/16/2026", None),
        ("16 Nov 20:26", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_day_is_read_and_never_guessed(text: str, day: date | None) -> None:
    assert published_on(text) == day


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A <b>bold</b><br/>claim &amp; &lt;s&gt;", "A bold claim & <s>"),
        ("<think> and n<m, p > q", "<think> and n<m, p > q"),
        ("x<script>alert(1)</script>y", "xy"),
        ("大语言\n  模型 LLM\nnow", "大语言模型 LLM now"),
        ("a\x00b\u200bc\x07\ud800", "abc"),
        ("AT&T &#x4e2d;", "AT&T 中"),
    ],
)
def test_a_title_becomes_one_plain_line(text: str, line: str) -> None:
    assert plain(text) == line


def test_tex_accents_become_letters_and_formulas_stay() -> None:
    assert (
        tex_accents(r"Fr\'echet, Erd\H{o}s, G\"{o}del, Fran\c{c}ois, $\alpha$")
        == "Fréchet, Erdős, Gödel, François, $\\alpha$"
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"])
def test_text_is_decoded_whatever_its_encoding(codec: str) -> None:
    text = "<rss><title>大语言模型的位置编码</title></rss>"
    assert decode(text.encode(codec))[0].lstrip("\ufeff") == text


@pytest.mark.parametrize("declared", ["", "<?xml version='1.0' encoding='UTF-8'?>"])
@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb18030", "论文"),
        ("gbk", "注意力机制镕，大语言模型的位置编码"),
        ("big5", "大型語言模型的位置編碼"),
        ("shift_jis", "大規模言語モデルの位置符号化"),
        ("euc_kr", "대규모 언어 모델의 위치 인코딩"),
        ("cp1251", "Большие языковые модели"),
    ],
)
def test_text_that_is_no_utf8_is_told_by_its_bytes(codec: str, text: str, declared: str) -> None:
    xml = f"{declared}<rss><title>T</title><title>{text}</title></rss>"
    found, remark = decode(xml.encode(codec))
    assert found == xml
    assert remark.startswith(f"text declared as {'utf-8' if declared else 'nothing'} that reads as ")


def test_utf8_that_is_declared_as_something_else_is_read_as_utf8() -> None:
    xml = "<?xml version='1.0' encoding='gb2312'?><title>位置编码</title>"
    assert decode(xml.encode()) == (xml, "text declared as gb2312 that reads as utf-8")


def test_a_letter_cut_in_two_costs_only_itself() -> None:
    text, remark = decode("<title>大语言模型的位置编码".encode()[:-1] + b"</title>")
    assert text == "<title>大语言模型的位置编\ufffd</title>"
    assert remark == "text declared as nothing that reads as utf-8 but for 1 letters"


def test_the_servers_charset_counts_where_nothing_is_declared() -> None:
    content = rss("<item><title>attenção</title><link>http://a.example/b</link></item>").decode().encode("cp1252")
    found = parse_feed(content, "f", "windows-1252")
    assert [paper.title for paper in found.papers] == ["attenção"]
    assert codes(found) == ["P005"]


@pytest.mark.parametrize("name", ["punycode", "utf-7", "zlib", "rot13", "no-such-codec", "idna"])
def test_a_declared_codec_that_no_feed_uses_is_not_run(name: str) -> None:
    text, remark = decode(f'<?xml version="1.0" encoding="{name}"?><a>é</a>'.encode())
    assert text.endswith("<a>é</a>")
    assert name in remark


def test_a_wrapped_link_names_its_paper() -> None:
    item = "<item><title>A</title><link>https://arxiv.o\nrg/abs/9912.00001</link></item>"
    assert [paper.id for paper in parse_feed(rss(item), "f").papers] == ["arxiv:9912.00001"]


def test_a_title_ends_where_arxivs_suffix_began() -> None:
    item = "<item><title>An Older Form . (arXiv:9912.00001v2 [cs.CL])</title><link>http://a.example/</link></item>"
    (paper,) = parse_feed(rss(item), "f").papers
    assert paper.title == "An Older Form"


SEEDS = [path.read_bytes() for path in sorted(FEEDS.iterdir())]


@settings(deadline=None)  # other work may share the machine
@given(st.binary(max_size=200))
def test_any_bytes_give_records_and_problems(content: bytes) -> None:
    check_total(content)


@settings(deadline=None)  # other work may share the machine
@given(st.sampled_from(SEEDS), st.data())
def test_a_mutated_feed_gives_records_and_problems(seed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed)))
    until = data.draw(st.integers(at, min(at + 40, len(seed))))
    chunk = st.sampled_from([b"<", b"&", b"\0", b"\xff", b"]]>", b"<![CDATA[", b"\\ud800", b"&#0;", b"<item>", b"null"])
    check_total(seed[:at] + data.draw(st.one_of(chunk, st.binary(max_size=8))) + seed[until:])


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared inputs are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "papers", "revised", "problems"),
    [
        ("arxiv_api_atom.xml", 2, 0, []),
        ("arxiv_cs_cl.xml", 4, 1, ["P004"]),
        ("arxiv_weekend_empty.xml", 0, 0, ["P003"]),
        ("blog_ollama.xml", 31, 0, []),
        ("blog_openai.xml", 5, 0, []),
        ("cn_chat_arxiv_cs_ir.xml", 38, 10, ["P005"]),
        ("external_entity.xml", 0, 0, ["P006"]),
        ("hf_daily_papers.json", 5, 0, []),
        ("html_instead_of_feed.html", 0, 0, ["P002"]),
        ("json_feed.json", 20, 0, []),
    ],
)
def test_real_feeds(name: str, papers: int, revised: int, problems: list[str]) -> None:
    found = parse_feed((REAL / name).read_bytes(), name)
    assert (len(found.papers), len(found.revised), codes(found)) == (papers, revised, problems)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared inputs are not beside this checkout")
def test_no_chinese_summary_of_the_real_digest_is_kept() -> None:
    found = parse_feed((REAL / "cn_chat_arxiv_cs_ir.xml").read_bytes(), "f")
    for paper in found.papers + found.revised:
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in paper.title)
        assert "arXiv:" not in paper.title
