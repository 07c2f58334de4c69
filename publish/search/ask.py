"""Ask a built site's index as a reader would: Node runs browser/search/, so that what is measured is what is shown."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from publish.search import SCRIPTS

ASK = Path(__file__).with_name("ask.mjs")


def node() -> list[str]:
    """How Node is called here.

    Raises:
        SystemExit: There is none.
    """
    if found := shutil.which("node"):
        return [found]
    try:
        from playwright._impl._driver import compute_driver_executable  # the tests' environment has one
    except ImportError:
        sys.exit("python -m publish search needs Node 18 or newer")
    return [compute_driver_executable()[0]]


def answers(queries: Iterable[str], site: Path, language: str = "zh") -> Iterator[list[str]]:
    """For each query the addresses of the pages that a search shows, in order.

    Args:
        queries: On one line each.
        site: The built site.
        language: `zh` or `en`: of the part of the site in which the search is opened.

    Raises:
        OSError: Node failed; it says why on stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        modules = Path(folder)
        for script in SCRIPTS.glob("*.js"):
            shutil.copy(script, modules)
        (modules / "package.json").write_text('{"type": "module"}', "utf-8")  # what ends in .js is a module there, too
        command = [*node(), str(ASK), str(modules), str((site / "search").resolve()), language]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            assert process.stdin and process.stdout
            for query in queries:
                process.stdin.write(" ".join(query.split()) + "\n")
                process.stdin.flush()
                if not (line := process.stdout.readline()):
                    raise OSError("Node gave no answer")
                yield json.loads(line)
            process.stdin.close()
