"""The Content-Security-Policy of a built site: `python -m publish.csp site` writes it into every page.

The theme has inline scripts that differ from page to page and from release to release, so their hashes are computed
from the pages themselves: of those alone that its templates write. Every page lists all of them: instant navigation
runs the next page's scripts under the first page's policy. A page that holds another script is told.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from publish.scripts import faults, is_theirs

SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>(.*?)</script>", re.DOTALL)
META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
HEAD = re.compile(r"<head>(\s*<meta charset=[^>]*>)?")  # browsers look for the charset in the first 1024 bytes alone


def hashes(pages: Iterable[str]) -> list[str]:
    """What the policy says for each inline script of the theme's in these pages."""
    scripts = {text for page in pages for text in SCRIPT.findall(page) if is_theirs(text)}
    return sorted(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts)


def policy(pages: Iterable[str]) -> str:
    """The policy under which all these pages work: nothing from another host, no script but the site's own.

    `wasm-unsafe-eval` lets WebAssembly compile (Pyodide, Pagefind); it does not allow `eval`. The theme's icons are
    `data:` images.
    """
    allowed = " ".join(["'self'", "'wasm-unsafe-eval'", *hashes(pages)])
    return (
        f"default-src 'self'; script-src {allowed}; "
        "style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )


def with_policy(page: str, content: str) -> str:
    """The page with this policy, first in its head after the charset; one that it had is replaced."""
    tag = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    return HEAD.sub(lambda head: head[0] + tag, META.sub("", page), count=1)


def write_policy(site: Path, changed: Collection[Path] = ()) -> None:
    """Write the policy into the pages of a built site.

    Args:
        site: The built site.
        changed: Where only these pages were built since: they alone are written, if the others' policy lets them work.
    """
    paths = sorted(site.rglob("*.html"))
    other = next((path for path in paths if changed and path not in changed), None)
    kept = META.search(other.read_text("utf-8")) if other else None
    if kept and all(one in kept[1] for one in hashes(path.read_text("utf-8") for path in changed)):
        paths, content = sorted(changed), kept[1]
    else:
        content = policy(path.read_text("utf-8") for path in paths)
    for path in paths:
        path.write_text(with_policy(path.read_text("utf-8"), content), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m publish.csp SITE")
    site = Path(sys.argv[1])
    write_policy(site)
    wrong = [f"{path}: {fault}" for path in sorted(site.rglob("*.html")) for fault in faults(path.read_text("utf-8"))]
    sys.exit("\n".join(wrong) or 0)
