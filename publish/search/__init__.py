"""The search index of a built site: `index.py` writes it, `merge.py` makes one of the indexes of its parts."""

import json
from pathlib import Path

_SCRIPT = Path(__file__).resolve().parents[2] / "browser" / "search" / "shared.js"
_SHARED = _SCRIPT.read_text("utf-8")
_SHARED = json.loads(_SHARED[_SHARED.index("{") : _SHARED.rindex("}") + 1])

FILTERS: tuple[str, ...] = tuple(_SHARED["filters"])  # what narrows a search, by its name in the index
HAN: str = _SHARED["han"]  # Chinese characters, for a class of a regular expression
