"""The search index: `documents.py` reads what there is to find, `index.py` writes it, browser/search/ asks it.

The format is described in docs/guide/search.md.
"""

import json
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[2] / "browser" / "search"


def constants(name: str) -> dict[str, Any]:
    """What a script of the search shares with this room: the JSON in it."""
    text = (SCRIPTS / name).read_text("utf-8")
    found: dict[str, Any] = json.loads(text[text.index("= {") + 2 : text.rindex("}") + 1])
    return found


_SHARED = constants("shared.js")
FILTERS: tuple[str, ...] = tuple(_SHARED["filters"])  # what narrows a search, by its name in the index
HAN: str = _SHARED["han"]  # Chinese characters, for a class of a regular expression
