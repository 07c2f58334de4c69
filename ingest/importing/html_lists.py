"""Lists of a page's tree that their editors wrote as something else."""

import re
from typing import Any

from bs4 import BeautifulSoup, Tag

from ingest.importing.html_tree import Dropped


def lists(tree: Any, dropped: Dropped) -> None:
    """Lists that Google writes one behind the other are put into each other, by the level that their class names."""
    for node in tree.find_all(["ul", "ol"], class_=re.compile(r"^lst-kix_\w+-[1-8]$")):
        level = int(str(next(name for name in node["class"] if name.startswith("lst-kix_")))[-1])
        place = node.find_previous_sibling()
        for _ in range(level):  # down to the last item of the level above
            items = place.find_all("li", recursive=False) if isinstance(place, Tag) else []
            below = items[-1].find_all(["ul", "ol"], recursive=False) if items else []
            if not items:
                break
            place = below[-1] if below and _ < level - 1 else items[-1]
        if isinstance(place, Tag) and place.name == "li":
            place.append(node.extract())
    for node in tree.find_all("p", style=re.compile(r"mso-list\s*:")):
        _item_of_word(node, dropped)
    for node in tree.find_all(["ul", "ol"]):  # a list that only holds the next level of the one above, as Yuque's
        above = node.find_previous_sibling()
        items = above.find_all("li") if isinstance(above, Tag) and above.name in ("ul", "ol") else []
        if items and node.find(["ul", "ol"], recursive=False) and not node.find("li", recursive=False):
            for inner in node.find_all(["ul", "ol"], recursive=False):
                items[-1].append(inner.extract())
            node.decompose()
    for node in tree.find_all(["ul", "ol"]):  # a list right below a list, as Word and old editors write
        if (
            node.parent is not None
            and node.parent.name in ("ul", "ol")
            and isinstance(above := node.find_previous_sibling("li"), Tag)
        ):
            above.append(node.extract())


def _item_of_word(node: Any, dropped: Dropped) -> None:
    """A paragraph before which Word wrote the bullet of a list is an item; one with a number keeps it as text."""
    bullet = node.find(style=re.compile(r"mso-list\s*:\s*ignore", re.IGNORECASE))
    text = bullet.get_text().strip() if bullet else ""
    if not text or (text != "o" and any(map(str.isalnum, text))):
        return
    level = re.search(r"level(\d)", str(node["style"]))
    make = BeautifulSoup("", "html.parser").new_tag
    dropped.texts.append(text)
    bullet.decompose()
    above = node.find_previous_sibling()
    node.name, node.attrs = "li", {}
    place = above if isinstance(above, Tag) and above.get("data-word") else None
    if place is None:
        node.insert_before(place := make("ul", attrs={"data-word": "1"}))
    for _ in range(int(level[1]) - 1 if level else 0):
        items = place.find_all("li", recursive=False)
        if not items:
            break
        place = items[-1].find("ul", recursive=False) or items[-1]
        if place.name == "li":
            place.append(inner := make("ul"))
            place = inner
    place.append(node.extract())
