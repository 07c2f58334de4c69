"""The last step of a build: `python -m browser.csp site` writes the site's Content-Security-Policy into every page.

The theme has inline scripts that differ from page to page and from release to release, so their hashes are computed
from the pages themselves. Every page lists all of them: instant navigation runs the next page's scripts under the first
page's policy. On the way, the pages become smaller (`slim.py`), say where they are in the other
language (`languages.py`), and generated ones lose the theme's link to edit them.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from browser.languages import in_both, lead, tell
from browser.slim import slim
from ingest.render import OWNED

SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>(.*?)</script>", re.DOTALL)
META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
DATA = re.compile(r'<script type="application/ld\+json">.*?</script>', re.DOTALL)
FACTS = re.compile(r' data-md-component="source"')  # by which the theme asks the repository's host for its stars
EDIT = re.compile(r'<a href="[^"]*"[^>]* rel="edit">.*?</a>', re.DOTALL)  # on a generated page it leads nowhere
HEAD = re.compile(r"<head>(\s*<meta charset=[^>]*>)?")  # browsers look for the charset in the first 1024 bytes alone


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


def write(site: Path, changed: Collection[Path] = ()) -> int:
    """Put the policy first after the charset into the head of the pages of a built site; returns of how many.

    Data for search engines follows it: instant navigation takes each script of an article for JavaScript.

    Args:
        site: The built site.
        changed: Where only these pages were built since: they alone are written, if the others' policy lets them work.
    """
    paths = sorted(site.rglob("*.html"))
    other = next((path for path in paths if changed and path not in changed), None)
    kept = META.search(other.read_text("utf-8")) if other else None
    if kept and all(one in kept[0] for one in hashes(path.read_text("utf-8") for path in changed)):
        paths, tag = sorted(changed), kept[0]
    else:
        content = policy(path.read_text("utf-8") for path in paths)
        tag = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    both = in_both(site)
    tell(site, both)
    for path in paths:
        text = lead(path.read_text("utf-8"), path.relative_to(site).as_posix(), both)
        text = FACTS.sub("", META.sub("", text))
        if path.relative_to(site).parts[0] in OWNED:
            text = EDIT.sub("", text)
        start = tag + "".join(DATA.findall(text))
        text = HEAD.sub(lambda match, start=start: match[0] + start, DATA.sub("", text), count=1)
        path.write_text(slim(text), "utf-8")
    return len(paths)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m browser.csp SITE")
    print(f"policy written into {write(Path(sys.argv[1]))} pages")
