"""The Content-Security-Policy of a built site.

The theme has inline scripts that differ from page to page and from release to release, so their hashes are computed
from the pages themselves: of those alone that its templates write. Every page lists all of them: instant navigation
runs the next page's scripts under the first page's policy.
"""

import base64
import hashlib
import re
from collections.abc import Iterable

from publish.scripts import is_theirs

SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>(.*?)</script>", re.DOTALL)
META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
HEAD = re.compile(r"<head>(\s*<meta charset=[^>]*>)?")  # browsers look for the charset in the first 1024 bytes alone


def hashes(page: str) -> list[str]:
    """What the policy says for each inline script of the theme's in a page."""
    digests = (hashlib.sha256(text.encode()).digest() for text in {*SCRIPT.findall(page)} if is_theirs(text))
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def policy(scripts: Iterable[str]) -> str:
    """The policy under which pages with these scripts work: nothing from another host, no script but the site's own.

    Args:
        scripts: What `hashes` says of each page.

    `wasm-unsafe-eval` lets WebAssembly compile (Pyodide); it does not allow `eval`. The theme's icons are
    `data:` images.
    """
    allowed = " ".join(["'self'", "'wasm-unsafe-eval'", *sorted({*scripts})])
    return (
        f"default-src 'self'; script-src {allowed}; "
        "style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )


def with_policy(page: str, content: str) -> str:
    """The page with this policy ("" for none), first in its head after the charset; one that it had is replaced."""
    tag = f'<meta http-equiv="Content-Security-Policy" content="{content}">' if content else ""
    return HEAD.sub(lambda head: head[0] + tag, META.sub("", page), count=1)
