"""The sitemaps of both languages: `python -m publish.sitemaps site` has each page name its counterpart.

Search engines read it there, not in the pages' heads: for every language that a `<link>` there names, the theme's
script would ask for a sitemap.
"""

import re
import sys
from collections.abc import Collection
from pathlib import Path

FOLDERS = {"zh": "", "en": "en/"}  # in the site
PLACE = re.compile(r"<loc>(.*?)</loc>(?:<xhtml:link [^>]*>)*")
URLS = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def name_counterparts(site: Path) -> None:
    """Write hreflang links into the sitemaps of a built site; nothing where there is but one language."""
    paths = {folder: site / folder / "sitemap.xml" for folder in FOLDERS.values()}
    if not all(path.is_file() for path in paths.values()):
        return
    places = {folder: PLACE.findall(path.read_text("utf-8")) for folder, path in paths.items()}
    root = min(places[""], key=len)
    both = set.intersection(*({place.removeprefix(root + folder) for place in places[folder]} for folder in places))
    for folder, path in paths.items():
        path.write_text(with_counterparts(path.read_text("utf-8"), root, root + folder, both), "utf-8")


def with_counterparts(sitemap: str, root: str, own: str, both: Collection[str]) -> str:
    """A sitemap in which each page that is there in both languages has a link to either.

    Args:
        sitemap: Its XML; links from an earlier call are replaced.
        root: The site's address.
        own: The address below which the sitemap's language stands.
        both: Pages in both languages, by their address below that of their language.
    """

    def linked(place: re.Match[str]) -> str:
        page = place[1].removeprefix(own)
        links = [
            f'<xhtml:link rel="alternate" hreflang="{language}" href="{root}{folder}{page}"/>'
            for language, folder in FOLDERS.items()
        ]
        return "".join([f"<loc>{place[1]}</loc>", *(links if page in both else [])])

    return PLACE.sub(linked, sitemap).replace(f"{URLS}>", f'{URLS} xmlns:xhtml="http://www.w3.org/1999/xhtml">', 1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m publish.sitemaps SITE")
    name_counterparts(Path(sys.argv[1]))
