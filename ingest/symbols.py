"""Which letters of a concept page stand for what, so that formula, picture and code show each in one colour.

`symbols: [query Q q W_Q, key K k W_K]` in a page's front matter: a role, then the names that have it on this page.
"""

import re
from collections.abc import Mapping

from ingest.front_matter import line_of_key, strings
from ingest.model import Source
from ingest.problems import Problem

ROLES = ("query", "key", "value", "policy", "reference", "reward")  # docs/assets/colours.css has a colour for each
NAME = re.compile(r"[^\W\d]\w*")


def symbols_of(source: Source, meta: Mapping[str, object]) -> tuple[tuple[str, ...], list[Problem]]:
    """The roles with their names; a problem where a role is unknown or a name is none, or has two roles."""
    lines = strings(meta.get("symbols"))
    seen: set[str] = set()
    for line in lines:
        role, *names = line.split() or [""]
        wrong = [name for name in names if not NAME.fullmatch(name) or name in seen]
        if role not in ROLES or not names or wrong or len(names) != len(set(names)):
            what = f"symbols {line!r}: one of {', '.join(ROLES)}, then names that no other role has"
            return (), [Problem(source.path, line_of_key(source, "symbols"), 1, "T013", what)]
        seen |= set(names)
    return lines, []
