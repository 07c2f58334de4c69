"""`python -m publish serve`: the site on 127.0.0.1, built again whenever its sources change.

Every build is a process of its own: whatever becomes of it, the server goes on with the pages that there are.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from watchfiles import watch

from ingest import guard
from ingest.reporting import report

SOURCES = ("talks", "docs", "snippets", "theme", "ingest", "browser", "publish")
BUILD = (sys.executable, "-m", "publish", "build")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word, and what lies in it alone."""

    def translate_path(self, path: str) -> str:
        """The file that is asked for, of a folder its page; one that is not there where a link is on the way."""
        found = super().translate_path(path)
        found += "index.html" * found.endswith("/")
        root = str(Path(self.directory).parent)  # which may be reached by a link
        is_here = os.path.realpath(found) == os.path.realpath(root) + found.removeprefix(root)
        return found if is_here else f"{os.devnull}/"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def changes(root: Path) -> Iterator[set[Path]]:
    """Sources that changed, some at a time; what a build writes is no source."""
    generated = tuple(str(root / "docs" / name) for name in guard.GENERATED)
    places = [path for path in (*(root / name for name in SOURCES), *root.glob("mkdocs*.yml")) if path.exists()]
    for found in watch(*places, debounce=200, step=50, raise_interrupt=False):
        if sources := {Path(name) for _, name in found if not name.startswith(generated)}:
            yield sources


def serve(root: Path, port: int) -> int:
    """Build, serve and watch, until interrupted; an exit code.

    Args:
        root: The project's folder.
        port: Of 127.0.0.1; 0 for any that is free.
    """
    if problems := guard.shape(root):  # what watches sources follows links, to the whole disk
        return 2 * report(problems)
    site = root / "site"
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(site)))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"127.0.0.1:{port} cannot be served: {reason}; another port: --port {port + 1}", file=sys.stderr)
        return 2
    threading.Thread(target=server.serve_forever, daemon=True).start()
    indexing: list[subprocess.Popen[bytes]] = []
    try:
        update(root, indexing)
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        for _ in changes(root):
            if problems := guard.shape(root):
                return 2 * report(problems)
            update(root, indexing)
    except KeyboardInterrupt:
        pass
    finally:
        stop(indexing)
        server.shutdown()
        server.server_close()
    return 0


def update(root: Path, indexing: list[subprocess.Popen[bytes]]) -> None:
    """Build what changed; then the search index, which takes longer, until the next change.

    Args:
        root: The project's folder.
        indexing: The process that builds the index, if one runs.
    """
    stop(indexing)
    subprocess.run([*BUILD, "--without", "search"], cwd=root, check=False)
    indexing.append(subprocess.Popen(["nice", *BUILD], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes, and forget them."""
    while processes:
        process = processes.pop()
        process.terminate()
        process.wait()
