"""`python -m publish serve`: the site on 127.0.0.1:8000, brought up to date while its sources change.

A change in `talks/` or to a page of `docs/` builds only the pages that it touches, with MkDocs' own build, to the same
bytes as `make site`; every other change has `make site` build all. The search index follows: it takes longer.
"""

import logging
import os
import re
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from watchfiles import watch

from ingest.addresses import OWNED
from ingest.cli import main as ingest
from publish import languages
from publish.csp import write_policy
from publish.sitemaps import name_counterparts

INCLUDE = re.compile(r'^\s*--8<-- "([^":]+)', re.MULTILINE)
CONFIGURATIONS = ("mkdocs.base.yml", "mkdocs.yml", "mkdocs.en.yml")
OTHER = ("snippets", "ingest", "browser", "publish", "theme", *CONFIGURATIONS)  # all pages depend on it


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def outputs(root: Path) -> Iterator[tuple[Path, Path]]:
    """Every page's source with the page that is built of it."""
    docs = root / "docs"
    for source in docs.rglob("*.md"):
        name = source.relative_to(docs)
        if name.parts[0] != "generated":
            folder = name.parent if name.stem == "index" else name.with_suffix("")
            yield source, root / "site" / folder / "index.html"


def outdated(root: Path) -> list[Path]:
    """Built pages that are older than their source or than a file it includes; pages not built yet are among them."""
    found = []
    for source, page in outputs(root):
        names = INCLUDE.findall(source.read_text("utf-8"))
        included = [
            path for name in names for path in (root / "snippets" / name, root / "docs" / name) if path.is_file()
        ]
        if not page.is_file() or page.stat().st_mtime < max(path.stat().st_mtime for path in (source, *included)):
            found.append(page)
    return found


def refresh(root: Path) -> list[Path] | None:
    """Bring `site/` up to date after a change in `talks/` or `docs/`.

    Returns:
        The pages built, or None where a page has gone: then all has to be built, as lists and addresses change.
    """
    begun = time.time()
    ingest(["build", *(f"--{name}={root / name}" for name in ("talks", "docs", "snippets"))])
    site = root / "site"
    built = {page for page in site.rglob("index.html") if "pagefind" not in page.parts}
    if built - {page for _, page in outputs(root)}:
        return None
    late = outdated(root)
    for page in built.intersection(late):
        os.utime(page, (0, 0))  # MkDocs looks at the page's own source alone
    inventory = (site / "objects.inv").read_bytes()
    build(load_config(str(root / "mkdocs.yml")), dirty=True)
    (site / "objects.inv").write_bytes(inventory)  # mkdocstrings lists the pages built now alone
    if any(page.is_relative_to(site / "en") for page in late):
        languages.make(root, site)  # they are few
    changed = [page for page in site.rglob("*.html") if page.stat().st_mtime >= begun]
    name_counterparts(site)
    write_policy(site, changed)
    for page in changed:
        os.utime(page, (begun, begun))  # what was saved meanwhile is newer
    return changed


def make(root: Path) -> None:
    """Build all."""
    subprocess.run(["make", "--no-print-directory", "site"], cwd=root, check=False)


def update(root: Path, changed: Iterable[Path]) -> None:
    """Bring `site/` up to date after these files changed; what does not build is said, and the old pages stay."""
    begun = time.perf_counter()
    try:
        whole = any(path.suffix != ".md" or path.relative_to(root).parts[0] in OTHER for path in changed)
        pages = None if whole else refresh(root)
        if pages is None:
            make(root)
        else:
            print(f"{len(pages)} pages built in {time.perf_counter() - begun:.1f} s", flush=True)
    except Exception:  # a page that cannot be built must not end the server
        traceback.print_exc()


def index(root: Path, due: threading.Event) -> None:
    """Write the search index anew whenever it is due."""
    while due.wait():
        due.clear()
        command = ["nice", sys.executable, "-m", "publish", "index", str(root / "site")]  # the next change goes first
        subprocess.run(command, cwd=root, check=False)


def watched(root: Path) -> Iterator[set[Path]]:
    """Sources that changed, some at a time; what ingest generates is no source."""
    generated = tuple(str(root / "docs" / name) for name in (*OWNED, "notebooks", "records", "runtime"))
    places = [root / name for name in ("talks", "docs", *OTHER)]
    for changes in watch(*places, debounce=200, step=50, raise_interrupt=False):
        if found := {Path(name) for _, name in changes if not name.startswith(generated)}:
            yield found


def main() -> None:
    """Build, serve, and watch, until interrupted."""
    root = Path.cwd()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("mkdocs.commands.build").addFilter(lambda record: "'dirty' build" not in record.msg)
    make(root)
    server = ThreadingHTTPServer(("127.0.0.1", 8000), partial(Quiet, directory=str(root / "site")))
    due = threading.Event()
    for target in (server.serve_forever, partial(index, root, due)):
        threading.Thread(target=target, daemon=True).start()
    print("http://127.0.0.1:8000/", flush=True)
    for changed in watched(root):
        update(root, changed)
        due.set()
