"""Footnotes of a page's tree."""

import re
from typing import Any

from bs4 import BeautifulSoup

from ingest.importing.html_tree import Dropped


def notes(tree: Any, dropped: Dropped) -> None:
    """Footnotes: two links that lead to each other. The mark becomes `<note>`, its text `[^1]: …` at the page's end.

    What reviewers wrote beside the text (Google's `cmnt`) is private and goes.
    """
    make = BeautifulSoup("", "html.parser").new_tag
    places = {
        str(node.get("id") or node.get("name")): node
        for node in tree.find_all(id=True) + tree.find_all("a", attrs={"name": True})
    }
    count = 0
    for mark in tree.find_all("a", href=re.compile("^#.")):
        if mark.decomposed or mark.parent is None:
            continue
        target = places.get(str(mark["href"])[1:])
        if target is None or target.decomposed or target.parent is None:
            continue
        own = (
            mark.get("id")
            or mark.get("name")
            or (mark.parent.get("id") if mark.parent.name in ("sup", "span") else None)
        )
        block = (
            target
            if target.name in ("li", "p", "div", "aside", "dd")
            else target.find_parent(["li", "p", "div", "aside", "dd"])
        )
        back = block.find("a", href=f"#{own}") if block is not None and own else None
        if back is None or back is mark or mark in block.descendants:
            continue
        back.decompose()
        outer = (
            mark.parent
            if mark.parent.name == "sup" and len(mark.parent.get_text(strip=True)) == len(mark.get_text(strip=True))
            else mark
        )
        if str(own).startswith("cmnt"):
            dropped.say("a comment of a reviewer", "")
            dropped.texts += [block.get_text(), outer.get_text()]
            block.decompose()
            outer.decompose()
            continue
        count += 1
        dropped.texts += [outer.get_text()]
        outer.replace_with(make("note", attrs={"name": str(count)}))
        body = make("div", attrs={"data-note": str(count)})
        for child in list(block.children):
            body.append(child.extract())
        (tree.body or tree).append(body)
        shell = block.parent
        block.decompose()
        while (
            shell is not None
            and shell.parent is not None
            and not shell.get_text(strip=True)
            and shell.name in ("ol", "ul", "div", "section")
        ):
            shell, empty = shell.parent, shell
            empty.decompose()
