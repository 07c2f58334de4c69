"""Blocks of code in a page's tree, whatever program set them."""

import re
from typing import Any

from bs4 import BeautifulSoup

from ingest.importing.html_tree import Dropped

PROMPTS = [
    "jp-InputPrompt",
    "jp-OutputPrompt",
    "jp-InputArea-prompt",
    "jp-OutputArea-prompt",
    "input_prompt",
    "output_prompt",
]


def code(tree: Any, dropped: Dropped) -> None:
    """Blocks of code: a line for each `<code>`, item or `<br>`, without the numbers that editors set beside it, nor
    the name of its language and the button to copy it that pages set above it."""
    for node in tree.find_all("code"):
        if "\n" in node.get_text().strip() and not node.find_parent("pre"):
            node.wrap(BeautifulSoup("", "html.parser").new_tag("pre"))
    for node in tree.find_all("button"):
        if node.get_text(strip=True):
            dropped.say("a button", node.get_text(" "))
        node.decompose()
    for node in tree.find_all(class_=PROMPTS):
        if node.get_text(strip=True):
            dropped.say("the number of a cell", node.get_text())
        node.decompose()
    for table in tree.find_all("table"):
        cell = table.find(class_=["code", "rouge-code", "hljs-ln-code"])
        gutter = table.find(class_=["gutter", "linenos", "lineno", "rouge-gutter", "hljs-ln-numbers"])
        if cell is not None and gutter is not None:
            pre = BeautifulSoup("", "html.parser").new_tag("pre")
            lines = table.find_all(class_="hljs-ln-code")
            inner = cell.find("pre") or cell
            pre.string = "\n".join(line.get_text() for line in lines) if lines else _lines_of(inner)
            dropped.texts.append(gutter.get_text())
            (table.find_parent("figure") or table.find_parent("pre") or table).replace_with(pre)
    for pre in tree.find_all("pre"):
        if pre.decomposed or pre.parent is None:
            continue
        inside = pre.find_all("code")
        if len(inside) == 1 and (around := _around(pre, inside[0])):
            dropped.say("the label of a block of code", around)
            pre.replace_with(pre := inside[0].wrap(BeautifulSoup("", "html.parser").new_tag("pre")))
        language = " ".join([*(pre.get("class") or ()), *((pre.code or pre).get("class") or ())])
        found = re.search(r"(?:lang(?:uage)?-|brush:\s*)([\w+#-]+)", language)
        name = str(pre.get("data-lang") or pre.get("lang") or (found[1] if found else ""))
        text = _lines_of(pre)
        pre.clear()
        pre.string = text.replace("\xa0", " ").strip("\n")
        pre.attrs = {"data-language": name.lower()} if re.fullmatch(r"[\w+#-]{1,20}", name) else {}


def _around(pre: Any, inner: Any) -> str:
    """What a block says beside its code in elements of their own: a word or two, or else it is no label."""
    texts = [text for text in pre.find_all(string=True) if inner not in text.parents and text.strip()]
    alone = all(text.parent is not pre and text.parent not in inner.parents for text in texts)
    return "\n".join(texts) if alone and len("".join(texts)) <= 40 else ""


def _lines_of(pre: Any) -> str:
    for br in pre.find_all("br"):
        br.replace_with("\n")
    for name in ("code", "li", "div", "p"):
        lines = [line for line in pre.find_all(name) if not line.find(name)]
        if len(lines) > 1 and "\n" not in "".join(line.get_text() for line in lines).strip("\n"):
            return "\n".join(line.get_text().strip("\n") for line in lines)
    return str(pre.get_text())
