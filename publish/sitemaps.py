"""The sitemaps of both languages: each page's address, and where the same page is in the other language.

That stands here rather than in the heads of pages: for each such link in a head, the theme's script fetches a sitemap.
They have no dates: the day of a build says nothing of a page.
"""

from collections.abc import Iterable, Iterator
from html import escape

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">
"""


def sitemaps(base: str, chinese: Iterable[str], english: Iterable[str] = ()) -> dict[str, bytes]:
    """Both sitemaps, by their names in the site.

    Args:
        base: The site's address.
        chinese: Addresses of the Chinese pages, relative to it.
        english: Those of the English ones, below `en/`.
    """
    pages = {"": sorted(chinese), "en/": sorted(page.removeprefix("en/") for page in english)}
    both = {*pages[""]}.intersection(pages["en/"])
    texts = {below: "".join(_urls(base, below, pages[below], both)) for below in pages}
    return {f"{below}sitemap.xml": f"{HEAD}{text}</urlset>\n".encode() for below, text in texts.items()}


def _urls(base: str, below: str, pages: Iterable[str], both: Iterable[str]) -> Iterator[str]:
    for page in pages:
        places = {"zh": escape(base + page), "en": escape(f"{base}en/{page}")} if page in both else {}
        links = (f'<xhtml:link rel="alternate" hreflang="{lang}" href="{href}"/>' for lang, href in places.items())
        yield f"<url><loc>{escape(base + below + page)}</loc>{''.join(links)}</url>\n"
