"""The English pages: `python -m publish.languages site` builds them and puts them below `site/en/`.

mkdocs.en.yml builds them from the same docs/ as the Chinese pages, so every address in them, of pages and of assets, is
right where they go and nothing is there twice. What a page says of its other language is written last, by `finish.py`.
"""

import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ALTERNATE = re.compile(r'<link rel="alternate"[^>]* hreflang=[^>]*>\s*|<meta name="languages"[^>]*>')
SWITCH = re.compile(r'(<a href=")[^"]*(" hreflang="(\w+)" class="md-select__link")')
PLACE = re.compile(r"<loc>(.*?)</loc>(?:<xhtml:link [^>]*>)*")


def gather(english: Path, site: Path) -> None:
    """Move what was built of mkdocs.en.yml into a built site: its pages, and their sitemap."""
    shutil.rmtree(site / "en", ignore_errors=True)
    shutil.move(english / "en", site / "en")
    shutil.move(english / "sitemap.xml", site / "en" / "sitemap.xml")


def make(root: Path, site: Path) -> None:
    """Build the English pages of a project into a built site.

    Raises:
        Abort: There are warnings; they were logged.
    """
    with tempfile.TemporaryDirectory() as folder:
        build(load_config(str(root / "mkdocs.en.yml"), site_dir=folder, strict=True))
        gather(Path(folder), site)


def in_both(site: Path) -> set[str]:
    """Pages that exist in both languages, by their Chinese names: `guide/notes/index.html`."""
    names = (path.relative_to(site / "en").as_posix() for path in (site / "en").rglob("*.html"))
    return {name for name in names if (site / name).is_file()}


def lead(text: str, name: str, both: Collection[str]) -> str:
    """A page that leads to where it is in the other language.

    The theme knows the two home pages alone, and its script asks for a sitemap beside whatever page a `<link>` in the
    head names. So the switch in the header gets the same page, where there is one, and search engines read of it there
    and in the sitemaps; the `<meta>` tells language.js.

    Args:
        text: The page's HTML.
        name: Its path in the site.
        both: What `in_both` finds.
    """
    text = ALTERNATE.sub("", text)
    if name == "404.html":  # served at any depth: its links start at the site's root
        return text
    page = name.removeprefix("en/")
    folder = page.removesuffix("index.html") if page in both else ""
    up = "../" * name.count("/") or "./"
    places = {"zh": folder, "en": f"en/{folder}"}
    text = SWITCH.sub(lambda link: f"{link[1]}{up}{places[link[3]]}{link[2]}", text)
    return text.replace("</head>", '<meta name="languages" content="zh en"></head>', 1) if page in both else text


def tell(site: Path, both: Collection[str]) -> None:
    """Name the pages' counterparts in the sitemaps, as search engines read them."""
    sitemaps = [path for path in (site / "sitemap.xml", site / "en" / "sitemap.xml") if path.is_file()]
    if len(sitemaps) < 2:
        return
    root = min(PLACE.findall(sitemaps[0].read_text("utf-8")), key=len)

    def named(place: re.Match[str]) -> str:
        page = place[1].removeprefix(root).removeprefix("en/")
        if f"{page}index.html" not in both:
            return place[0]
        addresses = (("zh", root + page), ("en", f"{root}en/{page}"))
        links = (f'<xhtml:link rel="alternate" hreflang="{lang}" href="{address}"/>' for lang, address in addresses)
        return f"<loc>{place[1]}</loc>{''.join(links)}"

    for path in sitemaps:
        text = PLACE.sub(named, path.read_text("utf-8"))
        spaces = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        text = text.replace(f"{spaces}>", f'{spaces} xmlns:xhtml="http://www.w3.org/1999/xhtml">', 1)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m publish.languages SITE")
    logging.basicConfig(format="%(levelname)s - %(message)s", level=logging.WARNING)
    try:
        make(Path.cwd(), Path(sys.argv[1]))
    except Abort as error:
        sys.exit(str(error))
