"""What is made of a group of packages when it has come: tutorials' habits that a page cannot have as they are."""

import importlib
import sys
from types import ModuleType
from typing import Any

# Files that tutorials open as if everybody had them: `classics` puts its own in their place.
FILES = ("input.txt", "names.txt", "the-verdict.txt", "timemachine.txt")


def came(group: str) -> None:
    """A group lies in site-packages from now on."""
    importlib.invalidate_caches()
    if group == "classics":
        importlib.import_module("classics").install()
    elif group == "tqdm":
        bars(importlib.import_module("tqdm"))


def bars(tqdm: Any) -> None:
    """No thread watches the bars, and those for notebooks are the plain ones: there are no widgets."""
    tqdm.tqdm.monitor_interval = 0
    plain = ModuleType("tqdm.notebook")
    vars(plain).update(tqdm=tqdm.tqdm, trange=tqdm.trange, tqdm_notebook=tqdm.tqdm, tnrange=tqdm.trange)
    sys.modules[plain.__name__] = tqdm.notebook = plain
    tqdm.tqdm_notebook, tqdm.tnrange = tqdm.tqdm, tqdm.trange


def provide(names: set[str]) -> None:
    """Have the files there that a code opens."""
    if classics := sys.modules.get("classics"):
        classics.provide(sorted(names))
