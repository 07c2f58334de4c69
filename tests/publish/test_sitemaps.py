"""What the two sitemaps say of pages in both languages."""

import pytest

from publish.sitemaps import name_counterparts

PAGES = {"sitemap.xml": ("", "guide/", "qa/open/"), "en/sitemap.xml": ("en/", "en/guide/")}


@pytest.fixture
def site(tmp_path):
    """The sitemaps of a site with two pages in both languages and one in Chinese alone."""
    (tmp_path / "en").mkdir()
    for name, places in PAGES.items():
        urls = "".join(f"<url><loc>https://x.org/w/{place}</loc></url>" for place in places)
        text = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def texts(site):
    return [(site / name).read_text("utf-8") for name in PAGES]


def test_each_page_in_both_languages_names_both(site):
    name_counterparts(site)
    for text in texts(site):
        assert 'xmlns:xhtml="http://www.w3.org/1999/xhtml"' in text
        for page in ("", "guide/"):
            links = (
                f'<xhtml:link rel="alternate" hreflang="zh" href="https://x.org/w/{page}"/>'
                f'<xhtml:link rel="alternate" hreflang="en" href="https://x.org/w/en/{page}"/>'
            )
            assert f"</loc>{links}</url>" in text
        assert text.count("<xhtml:link ") == 4


def test_what_is_written_twice_is_the_same(site):
    """The server of `make serve` writes sitemaps again that were written before."""
    name_counterparts(site)
    first = texts(site)
    name_counterparts(site)
    assert texts(site) == first


def test_page_that_has_gone_is_no_counterpart_any_more(site):
    name_counterparts(site)
    english = site / "en/sitemap.xml"
    english.write_text(
        english.read_text("utf-8").replace("https://x.org/w/en/guide/</loc>", "https://x.org/w/en/b/</loc>"), "utf-8"
    )
    name_counterparts(site)
    assert [text.count("<xhtml:link ") for text in texts(site)] == [2, 2]


def test_site_in_one_language_is_left_alone(site):
    (site / "en/sitemap.xml").unlink()
    before = (site / "sitemap.xml").read_text("utf-8")
    name_counterparts(site)
    assert (site / "sitemap.xml").read_text("utf-8") == before
