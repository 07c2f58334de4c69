"""The pictures by which pages are shared: a concept that has none yet has the site's, at the address its page names."""

import re
from collections.abc import Iterable

from publish.memory import Project

FOLDER = "assets/cards"
CONCEPT = re.compile(r"topics/(\w+)/index\.html")
SITE = "site.png"


def write(project: Project, files: Iterable[str], names: Iterable[str]) -> set[str]:
    """Give concepts without a card of their own the site's; returns where in the site these are.

    Args:
        project: The project, its pages built.
        files: Where in the site the files beside the pages are.
        names: Where in the site the pages are.
    """
    has = {*files}
    concepts = (found[1] for name in names if (found := CONCEPT.fullmatch(name)))
    lack = {name for concept in concepts if (name := f"{FOLDER}/{concept}.png") not in has}
    if not lack or f"{FOLDER}/{SITE}" not in has:
        return set()
    card = project.tree.read(f"site/{FOLDER}/{SITE}")
    for name in lack:
        project.tree.write(f"site/{name}", card)
    return lack
