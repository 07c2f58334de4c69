"""Footnotes of a page's tree."""

import re
from collections import defaultdict
from typing import Any

from bs4 import BeautifulSoup

from ingest.importing.html_tree import Dropped

BLOCKS = ["li", "p", "div", "aside", "dd"]


def notes(tree: Any, dropped: Dropped) -> None:
    """Footnotes: links that lead to each other. A mark becomes `<note>`, its text `[^1]: …` at the page's end.

    What reviewers wrote beside the text (Google's `cmnt`) is private and goes.
    """
    make = BeautifulSoup("", "html.parser").new_tag
    named = tree.find_all(id=True) + tree.find_all("a", attrs={"name": True})
    places = {str(node.get("id") or node.get("name")): node for node in named}
    leading: dict[str, list[Any]] = defaultdict(list)  # by the place that they lead to
    for link in tree.find_all("a", href=re.compile("^#.")):
        leading[str(link["href"])[1:]].append(link)
    count = 0
    for name, links in leading.items():
        target = places.get(name)
        block = _block_of(target)
        marks = [link for link in links if not link.decomposed and block is not None and block not in link.parents]
        backs = _backs(block, marks)
        if not marks or not backs or block in (mark.parent for mark in marks):
            continue
        outer = [_whole(mark) for mark in marks]
        dropped.texts += [node.get_text() for node in (*outer, *backs)]
        for back in backs:
            back.decompose()
        if name.startswith("cmnt"):
            dropped.say("a comment of a reviewer")
            dropped.texts.append(block.get_text())
            for node in (*outer, block):
                node.decompose()
            continue
        count += 1
        for node in outer:
            node.replace_with(make("note", attrs={"name": str(count)}))
        _move(tree, block, str(count))
    for mark in tree.find_all("sup", attrs={"data-text": True, "data-numero": True}):  # of Zhihu
        count += 1
        dropped.texts.append(mark.get_text())
        body = make("div", attrs={"data-note": str(count)})
        body.string = f"{mark['data-text']} {mark.get('data-url') or ''}".strip()
        (tree.body or tree).append(body)
        mark.replace_with(make("note", attrs={"name": str(count)}))


def _block_of(target: Any) -> Any:
    """What holds a note's text."""
    if target is None or target.decomposed or target.parent is None:
        return None
    return target if target.name in BLOCKS else target.find_parent(BLOCKS)


def _backs(block: Any, marks: list[Any]) -> list[Any]:
    """The links of a note that lead back to its marks."""
    own = {
        str(node.get(key)) for mark in marks for node in (mark, mark.parent) for key in ("id", "name") if node.get(key)
    }
    return [link for link in block.find_all("a", href=True) if str(link["href"])[1:] in own] if own else []


def _whole(mark: Any) -> Any:
    """A mark with the raised letters around it, if there is nothing else in them."""
    above = mark.parent
    alone = above.name == "sup" and above.get_text(strip=True) == mark.get_text(strip=True)
    return above if alone else mark


def _move(tree: Any, block: Any, name: str) -> None:
    """Put a note's text at the page's end; what held it goes if nothing is left in it."""
    body = BeautifulSoup("", "html.parser").new_tag("div", attrs={"data-note": name})
    for child in list(block.children):
        body.append(child.extract())
    (tree.body or tree).append(body)
    shell = block.parent
    block.decompose()
    while shell is not None and shell.name in ("ol", "ul", "div", "section") and not shell.get_text(strip=True):
        shell, empty = shell.parent, shell
        empty.decompose()
