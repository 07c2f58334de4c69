"""One paper in the dialects of feeds: the quick reader and feedparser make the same of every document.

Each sample says what `PAPER` says, or differs in the fields that stand beside it, and whether the quick reader takes
it: so neither can both readers be wrong alike, nor the quick one stand aside unnoticed.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.feeds import from_xml as reader
from ingest.feeds.parse import parse_feed
from ingest.model import Paper

URL = "https://a.example/p"
PAPER = Paper("", "On Attention", URL, "", "", ("Ada Roe",), date(2026, 11, 16), "Wire", authority="own")
DAY = "<pubDate>Mon, 16 Nov 2026 08:00:00 GMT</pubDate>"
BODY = f"<title>On Attention</title><link>{URL}</link><author>Ada Roe</author>{DAY}"
ENTRY = (
    f"<title>On Attention</title><link href='{URL}'/><id>tag:a.example,2026:1</id>"
    "<author><name>Ada Roe</name></author><published>2026-11-16T08:00:00Z</published>"
)
DC = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
DCTERMS = "xmlns:dcterms='http://purl.org/dc/terms/'"
CONTENT = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
ITUNES = "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
ARXIV = "xmlns:arxiv='http://arxiv.org/schemas/atom'"
PRISM = "xmlns:prism='http://prismstandard.org/namespaces/basic/2.0/'"
MEDIA = "xmlns:media='http://search.yahoo.com/mrss/'"
RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
XHTML = "xmlns='http://www.w3.org/1999/xhtml'"


def rss(item: str, head: str = "", version: str = "2.0", names: str = "") -> str:
    channel = f"<title>Wire</title><link>https://a.example/</link>{head}<item>{item}</item>"
    return f"<rss version='{version}' {names}><channel>{channel}</channel></rss>"


def rdf(item: str, namespace: str, names: str = "") -> str:
    channel = "<channel><title>Wire</title><link>https://a.example/</link></channel>"
    return f"<rdf:RDF {RDF} xmlns='{namespace}' {names}>{channel}<item>{item}</item></rdf:RDF>"


def atom(entry: str, head: str = "", names: str = "") -> str:
    about = f"<title>Wire</title><link href='https://a.example/'/><id>tag:a.example,2026:0</id>{head}"
    return f"<feed xmlns='http://www.w3.org/2005/Atom' {names}>{about}<entry>{entry}</entry></feed>"


def without(part: str, whole: str = BODY) -> str:
    """An entry with one part taken out."""
    assert part in whole
    return whole.replace(part, "")


NO_DAY, NO_AUTHOR = without(DAY), without("<author>Ada Roe</author>")
NO_LINK, NO_TITLE = without(f"<link>{URL}</link>"), without("<title>On Attention</title>")
NO_NAME = without("<author><name>Ada Roe</name></author>", ENTRY)
NO_DATE = without("<published>2026-11-16T08:00:00Z</published>", ENTRY)
NO_HREF = without(f"<link href='{URL}'/>", ENTRY)
UNTITLED = without("<title>On Attention</title>", ENTRY)
QUICK, SLOW = True, False
Sample = tuple[bool, str | bytes, dict[str, Any]]


def dated(written: str, day: date | None = PAPER.published) -> Sample:
    return QUICK, rss(f"{NO_DAY}<pubDate>{written}</pubDate>"), {"published": day}


SAMPLES: dict[str, Sample] = {
    # Formats
    "RSS 2.0": (QUICK, rss(BODY), {}),
    "RSS 0.91": (QUICK, rss(BODY, version="0.91"), {}),
    "RSS 0.92": (QUICK, rss(BODY, version="0.92"), {}),
    "RSS 0.93": (QUICK, rss(BODY, version="0.93"), {}),
    "RSS 0.94": (QUICK, rss(BODY, version="0.94"), {}),
    "RSS 0.90": (SLOW, rdf(f"{NO_AUTHOR}<author>Ada Roe</author>", "http://my.netscape.com/rdf/simple/0.9/"), {}),
    "RSS 1.0": (SLOW, rdf(BODY, "http://purl.org/rss/1.0/"), {}),
    "RSS 1.0 with Dublin Core": (
        SLOW,
        rdf(
            f"<title>On Attention</title><link>{URL}</link>"
            "<dc:creator>Ada Roe</dc:creator><dc:date>2026-11-16</dc:date>",
            "http://purl.org/rss/1.0/",
            DC,
        ),
        {},
    ),
    "RSS in a namespace": (SLOW, rss(BODY, names="xmlns='http://backend.userland.com/rss2'"), {}),
    "Atom 1.0": (QUICK, atom(ENTRY), {}),
    "Atom 1.0 with a prefix": (
        QUICK,
        f"<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:title>Wire</a:title><a:entry><a:title>On Attention</a:title>"
        f"<a:link href='{URL}'/><a:author><a:name>Ada Roe</a:name></a:author><a:updated>2026-11-16</a:updated>"
        "</a:entry></a:feed>",
        {},
    ),
    "Atom 0.3": (
        SLOW,
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>Wire</title><entry><title>On Attention</title>"
        f"<link rel='alternate' type='text/html' href='{URL}'/><author><name>Ada Roe</name></author>"
        "<issued>2026-11-16T08:00:00Z</issued></entry></feed>",
        {},
    ),
    "CDF": (
        SLOW,
        f"<channel><title>Wire</title><item href='{URL}'><title>On Attention</title><author>Ada Roe</author>{DAY}"
        "</item></channel>",
        {},
    ),
    # Titles
    "CDATA in a title": (QUICK, rss(f"<title><![CDATA[On Attention]]></title>{NO_TITLE}"), {}),
    "CDATA in pieces": (QUICK, rss(f"<title>On <![CDATA[Att]]>ention</title>{NO_TITLE}"), {}),
    "HTML in CDATA": (QUICK, rss(f"<title><![CDATA[On <b>Attention</b>]]></title>{NO_TITLE}"), {}),
    "escaped HTML": (QUICK, rss(f"<title>On &lt;i&gt;Attention&lt;/i&gt;</title>{NO_TITLE}"), {}),
    "inline markup": (SLOW, rss(f"<title>On <b>Attention</b></title>{NO_TITLE}"), {}),
    "lines in a title": (QUICK, rss(f"<title>\n  On\n\tAttention\n</title>{NO_TITLE}"), {}),
    "a comment in a title": (QUICK, rss(f"<title>On <!-- no --> Attention</title>{NO_TITLE}"), {}),
    "an empty title, then another": (QUICK, rss(f"<title/><dc:title>On Attention</dc:title>{NO_TITLE}", names=DC), {}),
    "no title": (QUICK, rss(NO_TITLE), {"title": URL}),
    "Atom title of HTML": (QUICK, atom(f"<title type='html'>On &lt;b&gt;Attention&lt;/b&gt;</title>{UNTITLED}"), {}),
    "Atom title of XHTML": (
        SLOW,
        atom(f"<title type='xhtml'><div {XHTML}>On <em>Attention</em></div></title>{UNTITLED}"),
        {},
    ),
    "Atom title as text/plain": (SLOW, atom(f"<title type='text/plain'>On Attention</title>{UNTITLED}"), {}),
    "Atom title in base64": (
        SLOW,
        atom(f"<title type='text/plain' mode='base64'>T24gQXR0ZW50aW9u</title>{UNTITLED}"),
        {},
    ),
    "Chinese": (QUICK, rss(f"<title>论注意力</title>{NO_TITLE}"), {"title": "论注意力"}),
    # Entities and letters
    "entities of XML": (QUICK, rss(f"<title>R&amp;D &#x4e2d;&#25991;</title>{NO_TITLE}"), {"title": "R&D 中文"}),
    "an entity twice escaped": (QUICK, rss(f"<title>R&amp;amp;D</title>{NO_TITLE}"), {"title": "R&D"}),
    "an entity of HTML": (QUICK, rss(f"<title>caf&eacute;</title>{NO_TITLE}"), {"title": "café"}),
    "a bare ampersand": (QUICK, rss(f"<title>R&D</title>{NO_TITLE}"), {"title": "R&D"}),
    "Windows' quotation marks": (QUICK, rss(f"<title>&#147;On&#148;</title>{NO_TITLE}"), {"title": "“On”"}),
    "UTF-8 taken for Latin-1": (QUICK, rss(f"<title>caf\xc3\xa9</title>{NO_TITLE}"), {"title": "café"}),
    "a control character": (QUICK, rss(f"<title>On\x07Attention</title>{NO_TITLE}"), {}),
    "a doctype": (QUICK, "<!DOCTYPE rss SYSTEM 'rss-0.91.dtd'>" + rss(BODY, version="0.91"), {}),
    # Encodings
    "UTF-8 with a mark": (QUICK, rss(BODY).encode("utf-8-sig"), {}),
    "UTF-16": (QUICK, ("<?xml version='1.0' encoding='utf-16'?>" + rss(BODY)).encode("utf-16"), {}),
    "UTF-16 big-endian": (QUICK, rss(BODY).encode("utf-16-be"), {}),
    "GB 18030": (
        QUICK,
        ("<?xml version='1.0' encoding='gb18030'?>" + rss(f"<title>论注意力</title>{NO_TITLE}")).encode("gb18030"),
        {"title": "论注意力"},
    ),
    "Big5": (
        QUICK,
        ("<?xml version='1.0' encoding='big5'?>" + rss(f"<title>論注意力</title>{NO_TITLE}")).encode("big5"),
        {"title": "論注意力"},
    ),
    "Shift JIS": (
        QUICK,
        ("<?xml version='1.0' encoding='sjis'?>" + rss(f"<title>注意について</title>{NO_TITLE}")).encode("shift_jis"),
        {"title": "注意について"},
    ),
    "Latin-1": (
        QUICK,
        ("<?xml version='1.0' encoding='iso-8859-1'?>" + rss(f"<title>Frédé</title>{NO_TITLE}")).encode("latin-1"),
        {"title": "Frédé"},
    ),
    "blanks before the declaration": (QUICK, "\n\n <?xml version='1.0'?>" + rss(BODY), {}),
    "an instruction before the root": (QUICK, "<?xml-stylesheet href='a.xsl'?><!-- a -->" + rss(BODY), {}),
    # Links
    "a relative link": (QUICK, rss(f"{NO_LINK}<link>/p</link>"), {}),
    "a link without a scheme": (QUICK, rss(f"{NO_LINK}<link>//a.example/p</link>"), {}),
    "blanks around a link": (QUICK, rss(f"{NO_LINK}<link>\n {URL}\n</link>"), {}),
    "a guid for a link": (QUICK, rss(f"{NO_LINK}<guid>{URL}</guid>"), {}),
    "a guid that is no link, beside one": (QUICK, rss(f"{BODY}<guid isPermaLink='false'>x1</guid>"), {}),
    "a link beside a guid": (QUICK, rss(f"<guid>https://a.example/other</guid>{BODY}"), {}),
    "an Atom link in RSS": (
        QUICK,
        rss(
            f"{BODY}<atom:link rel='self' href='https://a.example/x'/>",
            names="xmlns:atom='http://www.w3.org/2005/Atom'",
        ),
        {},
    ),
    "links of several kinds": (
        QUICK,
        atom(
            f"<link rel='self' href='https://a.example/x'/><link rel='enclosure' href='https://a.example/a.mp3'/>"
            f"<link rel='alternate' type='text/html' href='{URL}'/>{NO_HREF}"
        ),
        {},
    ),
    "a PDF beside the page": (
        QUICK,
        atom(f"<link rel='related' type='application/pdf' title='pdf' href='https://a.example/p.pdf'/>{ENTRY}"),
        {},
    ),
    "a relative link in Atom": (QUICK, atom(f"<link href='p'/>{NO_HREF}"), {}),
    "xml:base on the feed": (SLOW, atom(f"<link href='p'/>{NO_HREF}", names="xml:base='https://a.example/'"), {}),
    # Authors; feedparser takes .org for the end of an address, and cuts .example in two
    "an address with a name": (QUICK, rss(f"{NO_AUTHOR}<author>ada@a.org (Ada Roe)</author>"), {}),
    "a name with an address": (QUICK, rss(f"{NO_AUTHOR}<author>Ada Roe &lt;ada@a.org&gt;</author>"), {}),
    "an address alone": (QUICK, rss(f"{NO_AUTHOR}<author>ada@a.example</author>"), {"authors": ()}),
    "Dublin Core's creator": (QUICK, rss(f"{NO_AUTHOR}<dc:creator>Ada Roe</dc:creator>", names=DC), {}),
    "two creators": (
        QUICK,
        rss(f"{NO_AUTHOR}<dc:creator>Ada Roe</dc:creator><dc:creator>李四</dc:creator>", names=DC),
        {"authors": ("Ada Roe", "李四")},
    ),
    "names in one element": (QUICK, rss(f"{NO_AUTHOR}<author>张三、李四</author>"), {"authors": ("张三", "李四")}),
    "a podcast's author": (QUICK, rss(f"{NO_AUTHOR}<itunes:author>Ada Roe</itunes:author>", names=ITUNES), {}),
    "no author": (QUICK, rss(NO_AUTHOR), {"authors": ()}),
    "Atom authors with more than a name": (
        QUICK,
        atom(
            f"<author><name>Ada Roe</name><uri>https://a.example/ada</uri></author>"
            f"<author><name>Wei Li</name><email>wei@a.example</email></author>{NO_NAME}"
        ),
        {"authors": ("Ada Roe", "Wei Li")},
    ),
    # Dates
    "a date with a zone": dated("Mon, 16 Nov 2026 23:30:00 -0800"),
    "a date without a weekday": dated("16 Nov 2026 08:00 GMT"),
    "a date of two digits": dated("16 Nov 26 08:00 GMT"),
    "an ISO date": dated("2026-11-16T08:00:00+08:00"),
    "a Chinese date": dated("2026年11月16日"),
    "a date of C's": dated("Mon Nov 16 09:00:00 UTC 2026"),
    "no date": dated("yesterday", None),
    "Dublin Core's date": (QUICK, rss(f"{NO_DAY}<dc:date>2026-11-16</dc:date>", names=DC), {}),
    "the day it was issued": (
        QUICK,
        rss(
            f"{NO_DAY}<dcterms:modified>2026-11-20</dcterms:modified><dcterms:issued>2026-11-16</dcterms:issued>",
            names=DCTERMS,
        ),
        {},
    ),
    "published and updated": (QUICK, atom(f"{ENTRY}<updated>2026-11-20T00:00:00Z</updated>"), {}),
    "updated alone": (QUICK, atom(f"{NO_DATE}<updated>2026-11-16T00:00:00Z</updated>"), {}),
    # Identifiers
    "a DOI of PRISM": (
        QUICK,
        rss(f"{BODY}<prism:doi>10.5555/a.1</prism:doi>", names=PRISM),
        {"doi": "10.5555/a.1", "id": "doi:10.5555/a.1"},
    ),
    "a DOI of arXiv": (
        QUICK,
        atom(f"{ENTRY}<arxiv:doi>10.5555/a.1</arxiv:doi>", names=ARXIV),
        {"doi": "10.5555/a.1", "id": "doi:10.5555/a.1"},
    ),
    "a DOI for a guid": (
        QUICK,
        rss(f"{BODY}<guid isPermaLink='false'>doi:10.5555/a.1</guid>"),
        {"doi": "10.5555/a.1", "id": "doi:10.5555/a.1"},
    ),
    "an arXiv page": (
        QUICK,
        atom(f"<link href='http://arxiv.org/abs/9912.00001v2'/>{NO_HREF}"),
        {"url": "https://arxiv.org/abs/9912.00001", "arxiv_id": "9912.00001", "versions": ("v2",), "authority": ""},
    ),
    # What stands beside
    "categories, comments, an enclosure": (
        QUICK,
        rss(f"{BODY}<category>cs.CL</category><comments>{URL}#c</comments><enclosure url='{URL}.mp3' type='a/b'/>"),
        {},
    ),
    "a whole post": (
        QUICK,
        rss(f"{BODY}<content:encoded><![CDATA[<p>Said <a href='x'>here</a>.</p>]]></content:encoded>", names=CONTENT),
        {},
    ),
    "pictures of Media RSS": (QUICK, rss(f"{BODY}<media:title>A photo</media:title>", names=MEDIA), {}),
    "XHTML for content": (QUICK, atom(f"{ENTRY}<content type='xhtml'><div {XHTML}><p>Said.</p></div></content>"), {}),
    "an element of nobody's": (SLOW, rss(f"{BODY}<rating>5</rating>"), {}),
    "capital letters": (QUICK, rss(BODY.replace("pubDate", "PubDate")), {}),
    "a logo with a title of its own": (QUICK, rss(BODY, head="<image><title>Logo</title><url>a.png</url></image>"), {}),
    "elements in another order": (QUICK, rss(f"{DAY}{NO_DAY}"), {}),
    "junk after the root": (SLOW, rss(BODY) + "junk", {}),
    "a tag that is not closed": (SLOW, rss(BODY).removesuffix("</channel></rss>"), {}),
}


def test_there_are_samples_of_every_kind() -> None:
    quick = sum(sample[0] for sample in SAMPLES.values())
    assert quick >= 55 and len(SAMPLES) - quick >= 14


@pytest.mark.parametrize("name", SAMPLES)
def test_both_readers_make_the_same_paper_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, document, differs = SAMPLES[name]
    content = document if isinstance(document, bytes) else document.encode()
    read_plain, taken = reader.read_plain, []

    def watched(text: str) -> Any:
        found = read_plain(text)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(reader, "read_plain", watched)
    found = parse_feed(content, "https://a.example/feed")
    assert any(taken) == quick
    (paper,) = found.papers
    assert replace(paper, id=differs.get("id", ""), guid="", abstract="") == replace(PAPER, **differs)
    monkeypatch.setattr(reader, "read_plain", lambda text: None)
    assert parse_feed(content, "https://a.example/feed") == found
