"""The English pages: whole, English, and beside the Chinese ones without a second copy of anything."""

import posixpath
import re
from html import unescape

import pytest

from ingest.concepts import parse_concept
from ingest.model import Source
from publish.phrases import TAG, typeset
from tests.site.conftest import ROOT

DOCS = ROOT / "docs"
SWITCH = re.compile(r'<a href="([^"]*)" hreflang="(\w+)" class="md-select__link"')
HAN = re.compile("[\u4e00-\u9fff]")
TRANSLATED = (
    "about/index.md",
    "about/deploy.md",
    *sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "guide").glob("*.md")),
)
CONCEPTS = sorted(
    path.relative_to(DOCS / "en").as_posix() for path in (DOCS / "en/topics").glob("*.md") if path.name != "index.md"
)
GENERATED_IN_PART = ("index.md", "qa/index.md", "qa/open.md", "snippets.md", "topics/index.md")
FENCE = re.compile(r"^(`{3,})(.*?)\n.*?^\1$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"<(\w+)[^>]* lang=\"?zh\b.*?</\1>|<(code|pre|kbd)\b.*?</\2>|<script.*?</script>", re.DOTALL)

TYPED = re.compile(r'<label[^>]*data-kind="text"[^>]*>.*?<input [^>]*value="([^"]*)"')
OF_TYPED = re.compile(r'<p class="wiki-widget__(?:values|numbers)".*?</p>|<svg\b.*?</svg>', re.DOTALL)
SAMPLES = ("我们每周一起读论文",)  # what the widget of tokenizers counts tokens of


def outline(text):
    """What a translation keeps: levels of headings, kinds of code blocks, and how many rows and steps there are."""
    blocks = [info for _, info in FENCE.findall(text)]
    text = FENCE.sub("", text)
    rows, steps = (len(re.findall(mark, text, re.MULTILINE)) for mark in (r"^\|", r"^\d+\. "))
    return re.findall(r"^#+", text, re.MULTILINE), blocks, rows, steps


def leads(name, link):
    """The page or place that a link of the switch leads to, and its language."""
    if link[0].startswith("#"):
        return name + link[0], link[1]
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(name), link[0]))
    return posixpath.normpath(f"{folder}/index.html"), link[1]


@pytest.fixture(scope="module")
def english(site):
    """The built English pages."""
    return {name: page for name, page in site.pages.items() if name.startswith("en/")}


@pytest.mark.parametrize("name", TRANSLATED)
def test_guide_says_in_english_all_that_it_says_in_chinese(name):
    assert outline((DOCS / "en" / name).read_text("utf-8")) == outline((DOCS / name).read_text("utf-8"))


def test_every_english_page_has_a_chinese_one_and_is_built(english):
    sources = {path.relative_to(DOCS / "en").as_posix() for path in (DOCS / "en").rglob("*.md")}
    assert sources == {*TRANSLATED, *GENERATED_IN_PART, *CONCEPTS}
    assert all((DOCS / name).is_file() for name in sources)
    pages = {f"en/{name}".replace("index.md", "index.html").replace(".md", "/index.html") for name in sources}
    assert english.keys() == pages


def test_pages_are_english_but_for_what_they_quote(english):
    for name, page in english.items():
        assert '<html lang="en"' in page.text, name
        around, _, rest = page.text.partition("<article")
        article, _, after = rest.partition("</article>")
        shown = around + after
        if "/guide/" not in name:  # guides name the words of the forms, which are Chinese
            shown += article
        examples = set("".join([*map(unescape, TYPED.findall(article)), *SAMPLES]) if TYPED.search(article) else "")
        shown = OF_TYPED.sub(lambda m: "".join(char for char in m[0] if char not in examples), shown)  # noqa: B023
        words = unescape(re.sub("<[^>]*>", " ", QUOTED.sub(" ", shown))).replace("中文", "", 1)
        assert not HAN.search(words), (name, HAN.findall(words))
        labels = re.findall(r'(?:title|aria-label|placeholder|alt|content)="([^"]*)"', around + after)
        assert not HAN.search(" ".join(labels)), name


def test_every_concept_is_listed_by_its_english_title(english):
    article = english["en/topics/index.html"].text.partition("<article")[2]
    listed = article.partition('id="all"')[2]
    found = dict(re.findall(r'<li>\s*<a href="(?:\.\./\.\./topics/)?(\w+)/"[^>]*>(.*?)</a>', listed))
    concepts = [parse_concept(Source(path.name, path.read_text("utf-8")))[0] for path in (DOCS / "topics").glob("*.md")]
    said = {name: unescape(TAG.sub("", title)) for name, title in found.items()}
    assert said == {t.name: TAG.sub("", typeset(t.english)) for t in concepts if t}  # √d_k with its bar
    assert not any(HAN.search(title) for title in found.values())
    mapped = set(re.findall(r'id="map-\w+" xlink:href="(?:\.\./\.\./topics/)?(\w+)/"', article))
    assert mapped == found.keys()


def test_nothing_is_there_twice(site, english):
    files = {path.name for path in (site.folder / "en").rglob("*") if path.is_file()}
    assert files == {"index.html", "index.md", "sitemap.xml"}  # each page has a twin for programs
    for name, page in english.items():
        up = "../" * name.count("/")
        assert [address for address in page.loads if not address.startswith((f"{up}assets/", f"{up}runtime/"))] == []


def test_pages_lead_to_each_other_and_sitemaps_say_so(site, english):
    for name, page in site.pages.items():
        if name != "404.html":  # served at any depth: its links start at the site's root
            other = name.removeprefix("en/") if name in english else f"en/{name}"
            both = other in site.pages
            chinese = name.removeprefix("en/") if both else "index.html"
            assert [leads(name, link) for link in SWITCH.findall(page.text)] == [
                (chinese, "zh"),
                (f"en/{chinese}" if both else f"{name}#in-english", "en"),
            ], name
            assert ("in-english" in page.ids) is not both, name  # says that there is no English page
            assert ('<meta name="languages"' in page.text) == both, name
    for sitemap, count in (("sitemap.xml", len(site.pages) - len(english) - 1), ("en/sitemap.xml", len(english))):
        text = (site.folder / sitemap).read_text("utf-8")
        assert (text.count("<loc>"), text.count("<xhtml:link ")) == (count, 2 * len(english))
        for place, chinese, other in re.findall(r"<loc>([^<]*)</loc>" + '<xhtml:link[^>]*href="([^"]*)"/>' * 2, text):
            assert place in (chinese, other) and chinese.replace(":8000/", ":8000/en/", 1) == other
