"""The Content-Security-Policy of a built site.

The theme has inline scripts that differ from page to page and from release to release, so their hashes are computed
from the pages themselves. Every page lists all of them: instant navigation runs the next page's scripts under the first
page's policy.
"""

import base64
import hashlib
import re
from collections.abc import Iterable

SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>(.*?)</script>", re.DOTALL)
META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def hashes(pages: Iterable[str]) -> list[str]:
    """What the policy says for each inline script of these pages."""
    scripts = {text for page in pages for text in SCRIPT.findall(page)}
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
