"""The last step of a build: `python -m browser.csp site` writes the site's Content-Security-Policy into every page.

The theme has inline scripts that differ from page to page and from release to release, so their hashes are computed
from the pages themselves. Every page lists all of them: instant navigation runs the next page's scripts under the first
page's policy. On the way, the templates' blank lines and indentation go: a quarter of a page.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>(.*?)</script>", re.DOTALL)
META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
DATA = re.compile(r'<script type="application/ld\+json">.*?</script>', re.DOTALL)
# Line breaks with the blanks around them, but for those that are seen or hashed (first group).
BLANK = re.compile(r"(<(pre|textarea|script|style)\b.*?</\2>)|[ \t\r]*\n[ \t\r\n]*", re.DOTALL)
HEAD = re.compile(r"<head>(\s*<meta charset=[^>]*>)?")  # browsers look for the charset in the first 1024 bytes alone


def policy(pages: Iterable[str]) -> str:
    """The policy under which all these pages work: nothing from another host, no script but the site's own.

    `wasm-unsafe-eval` lets WebAssembly compile (Pyodide, Pagefind); it does not allow `eval`. The theme's icons are
    `data:` images.
    """
    scripts = {text for page in pages for text in SCRIPT.findall(page)}
    hashes = sorted(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(["'self'", "'wasm-unsafe-eval'", *(f"'sha256-{value}'" for value in hashes)])
    return (
        f"default-src 'self'; script-src {allowed}; style-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'"
    )


def write(site: Path) -> int:
    """Put the policy first after the charset into the head of every page of a built site; returns how many there are.

    Data for search engines follows it: instant navigation takes each script of an article for JavaScript.
    """
    paths = sorted(site.rglob("*.html"))
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy(path.read_text("utf-8") for path in paths)}">'
    for path in paths:
        text = META.sub("", path.read_text("utf-8"))
        start = tag + "".join(DATA.findall(text))
        text = HEAD.sub(lambda match, start=start: match[0] + start, DATA.sub("", text), count=1)
        path.write_text(BLANK.sub(lambda match: match[1] or "\n", text), "utf-8")
    return len(paths)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m browser.csp SITE")
    print(f"policy written into {write(Path(sys.argv[1]))} pages")
