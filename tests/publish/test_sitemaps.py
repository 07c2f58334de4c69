"""What the two sitemaps say of pages in both languages."""

from xml.etree import ElementTree

from publish.sitemaps import sitemaps

SPACES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def read(text):
    """Every page's address, with its addresses by language."""
    urls = ElementTree.fromstring(text).findall("s:url", SPACES)
    links = [{link.get("hreflang"): link.get("href") for link in url.findall("x:link", SPACES)} for url in urls]
    return dict(zip([url.findtext("s:loc", namespaces=SPACES) for url in urls], links, strict=True))


def test_each_page_in_both_languages_names_both():
    found = sitemaps("https://x.org/w/", ["", "guide/", "qa/open/"], ["en/", "en/guide/", "en/alone/"])
    both = {page: {"zh": f"https://x.org/w/{page}", "en": f"https://x.org/w/en/{page}"} for page in ("", "guide/")}
    chinese = {f"https://x.org/w/{page}": links for page, links in both.items()}
    english = {f"https://x.org/w/en/{page}": links for page, links in both.items()}
    assert read(found["sitemap.xml"]) == chinese | {"https://x.org/w/qa/open/": {}}
    assert read(found["en/sitemap.xml"]) == english | {"https://x.org/w/en/alone/": {}}


def test_addresses_are_escaped_and_sorted():
    text = sitemaps("https://x.org/", ["b&c/", "a/"])["sitemap.xml"]
    assert list(read(text)) == ["https://x.org/a/", "https://x.org/b&c/"]
