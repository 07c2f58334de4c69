"""The policy of a built site as a line for a web server: `python -m publish.policy {nginx,caddy} [SITE]`.

Every page carries the policy in a `<meta>`; as a header it also covers what is no page, and may say who puts the site
into a frame, which a `<meta>` may not. Exit codes: 0 printed, 1 no such site, 2 wrong usage.
"""

import argparse
import html
import re
import sys
from collections.abc import Sequence
from pathlib import Path

META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
LINES = {
    "nginx": 'add_header Content-Security-Policy "{}" always;',
    "caddy": 'header Content-Security-Policy "{}"',
}


def policy(page: str) -> str:
    """The policy of a page's text, as a header says it; every page of a site has the same.

    Raises:
        ValueError: The page has none, or one that would end a quoted string.
    """
    found = META.search(page)
    text = html.unescape(found[1]) if found else ""
    if not text or re.search(r'["\\$\n]', text):
        raise ValueError("no Content-Security-Policy")
    return f"{text}; frame-ancestors 'self'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the line."""
    parser = argparse.ArgumentParser(prog="python -m publish.policy", description="A site's policy, for a web server.")
    parser.add_argument("server", choices=LINES)
    parser.add_argument("site", type=Path, nargs="?", default=Path("site"), metavar="SITE")
    options = parser.parse_args(arguments)
    try:
        print(LINES[options.server].format(policy((options.site / "index.html").read_text("utf-8"))))
    except (OSError, ValueError) as error:
        print(f"{options.site}/index.html: {error}; `make site` builds it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
