"""The last step of a build that touches pages: `python -m publish.finish site`.

Every page gets the site's policy (`csp.py`), says where it is in the other language (`languages.py`) and becomes
smaller (`slim.py`); generated ones lose the theme's link to edit them.
"""

import re
import sys
from collections.abc import Collection
from pathlib import Path

from ingest.addresses import OWNED
from publish.csp import META, hashes, policy
from publish.languages import in_both, lead, tell
from publish.slim import slim

DATA = re.compile(r'<script type="application/ld\+json">.*?</script>', re.DOTALL)
FACTS = re.compile(r' data-md-component="source"')  # by which the theme asks the repository's host for its stars
EDIT = re.compile(r'<a href="[^"]*"[^>]* rel="edit">.*?</a>', re.DOTALL)  # on a generated page it leads nowhere
# The theme's script stands at the end of a page and holds up its first paint nevertheless.
BUNDLE = re.compile(r'(<script) (src="[^"]*/bundle\.[^"]*")')
HEAD = re.compile(r"<head>(\s*<meta charset=[^>]*>)?")  # browsers look for the charset in the first 1024 bytes alone


def finish(site: Path, changed: Collection[Path] = ()) -> int:
    """Write the pages of a built site anew; returns how many.

    The policy comes first in the head, after the charset. Data for search engines follows it: instant navigation takes
    each script of an article for JavaScript.

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
        text = BUNDLE.sub(r"\1 defer \2", FACTS.sub("", META.sub("", text)))
        if path.relative_to(site).parts[0] in OWNED:
            text = EDIT.sub("", text)
        start = tag + "".join(DATA.findall(text))
        text = HEAD.sub(lambda match, start=start: match[0] + start, DATA.sub("", text), count=1)
        path.write_text(slim(text), "utf-8")
    return len(paths)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m publish.finish SITE")
    print(f"{finish(Path(sys.argv[1]))} pages finished")
