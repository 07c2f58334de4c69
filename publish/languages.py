"""The English pages: `python -m publish.languages site` builds them and puts them below `site/en/`.

mkdocs.en.yml builds them from the same docs/ as the Chinese pages, so every address in them, of pages and of assets, is
right where they go and nothing is there twice. The theme leads from each page to its counterpart (theme/partials/).
"""

import logging
import shutil
import sys
import tempfile
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort


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


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m publish.languages SITE")
    logging.basicConfig(format="%(levelname)s - %(message)s", level=logging.WARNING)
    try:
        make(Path.cwd(), Path(sys.argv[1]))
    except Abort as error:
        sys.exit(str(error))
