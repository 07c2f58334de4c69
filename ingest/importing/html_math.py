"""Formulas and indexes of a page's tree, whatever program wrote them, as `<tex>` elements."""

import re
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from ingest.importing.addresses import drawn_formula
from ingest.importing.html_tree import Dropped
from ingest.importing.mathematics import Math, tex

TEX_ATTRIBUTES = ("data-tex", "data-formula", "data-latex", "data-equation", "data-math")
FORMULA_CLASS = re.compile(r"\b(?:latex|tex|math|formula|equation|ee_img|mwe-math\S*)\b", re.IGNORECASE)


def formulas(tree: Any, dropped: Dropped) -> None:
    """Formulas of MathJax, KaTeX, MathML and editors become `<tex>`."""
    make = BeautifulSoup("", "html.parser").new_tag

    def put(node: Any, formula: str, display: bool) -> None:
        element = make("tex", attrs={"display": "1"} if display else {})
        element.string = _bare(formula)
        node.replace_with(element)

    for node in tree.find_all("script", type=re.compile("^math/tex")):
        for shown in list(node.previous_siblings):  # what MathJax drew of it stands before it
            if isinstance(shown, Tag) and any("MathJax" in name for name in shown.get("class") or ()):
                dropped.texts.append(shown.get_text())
                shown.decompose()
            elif isinstance(shown, Tag) or str(shown).strip():
                break
        put(node, node.get_text(), "mode=display" in node["type"])
    for node in tree.find_all(attrs={"data-mathml": re.compile("<math")}):  # MathJax 2, saved without its scripts
        if tree in node.parents and (math := BeautifulSoup(str(node["data-mathml"]), "html.parser").math):
            dropped.texts.append(node.get_text())
            display = node.find_parent(class_=["MathJax_Display", "MathJax_SVG_Display"])
            put(display or node, tex(_mathml(math)), bool(display) or math.get("display") == "block")
    for node in tree.find_all("math"):
        if node.decomposed or tree not in node.parents or node.find_parent("tex"):
            continue  # it went with what stood around it
        outer = node.find_parent(class_=["katex-display", "katex"]) or node.find_parent("mjx-container") or node
        display = "katex-display" in (outer.get("class") or ()) or outer.find_parent(class_="katex-display") is not None
        display = display or node.get("display") == "block" or outer.get("display") == "true"
        note = node.find("annotation", encoding=re.compile("tex", re.IGNORECASE))
        formula = note.get_text() if note else tex(_mathml(node))
        if note:  # what it draws is said by the TeX beside it
            note.extract()
            dropped.texts.append(node.get_text())
        put(outer.find_parent(class_="katex-display") or outer, formula, display)
    for name in TEX_ATTRIBUTES:
        for node in tree.find_all(attrs={name: re.compile(r"\S")}):
            if tree in node.parents:
                put(node, str(node[name]), node.name in ("div", "section", "figure", "p"))
    for node in tree.find_all("img"):
        asked = drawn_formula(str(node.get("src") or node.get("data-src") or ""))
        drawn = FORMULA_CLASS.search(" ".join([*(node.get("class") or ()), str(node.get("eeimg") or "") and "formula"]))
        if asked:
            put(node, asked, False)
        elif drawn and node.get("alt"):
            put(node, str(node["alt"]), False)


def _bare(formula: str) -> str:
    """TeX without the marks around it."""
    formula = formula.strip()
    for begin, end in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")):
        if formula.startswith(begin) and formula.endswith(end) and len(formula) > len(begin + end):
            formula = formula[len(begin) : -len(end)].strip()
            break
    return formula.strip("% \n")


def _mathml(node: Tag) -> Math:
    children = [_mathml(child) for child in node.children if isinstance(child, Tag)]
    if node.name == "semantics":
        children = children[:1]
    text = "" if children else node.get_text()
    return Math(node.name, children, text, {name: str(value) for name, value in node.attrs.items()})


def _before(node: Any) -> Any:
    """What stands right before an element, in whatever spans either is."""
    while node.previous_sibling is None and node.parent is not None and node.parent.name == "span":
        node = node.parent
    node = node.previous_sibling
    while isinstance(node, Tag) and node.name == "span" and node.contents:
        node = node.contents[-1]
    return node


def indexes(tree: Any) -> None:
    """`10<sup>5</sup>` becomes a formula together with what it stands at; what is no index stays text."""
    make = BeautifulSoup("", "html.parser").new_tag
    for node in tree.find_all(["sup", "sub"]):
        text = node.get_text().strip()
        if not text or node.find(["a", "note", "tex", "img"]) or not re.fullmatch(r"[-+−–±*\w.,()=/ ′∗†]{1,20}", text):
            continue
        if re.search(r"[\u2e80-\uffff]", text) or re.fullmatch(r"st|nd|rd|th|TM|®|\[?\d+\]", text):
            continue
        mark = "^" if node.name == "sup" else "_"
        text = text.replace("−", "-").replace("–", "-").replace("*", r"\ast ")
        index = mark + (text if len(text) == 1 else f"{{{text}}}")
        before = _before(node)
        if isinstance(before, Tag) and before.name == "tex" and before.get("index"):
            before.string = before.get_text() + index
            node.decompose()
            continue
        element = make("tex", attrs={"index": "1"})
        said = str(before) if isinstance(before, NavigableString) else ""
        base = re.search(r"(?:[A-Za-z\u0370-\u03ff]|(?<!\d)\d+(?:\.\d+)?)$", said)
        if base and isinstance(before, NavigableString):
            word = re.search(r"[A-Za-z]{2,12}$", said) if mark == "_" else None
            taken = word[0] if word and not word[0].isupper() else base[0]
            before.replace_with(said[: -len(taken)])
            index = (rf"\mathrm{{{taken}}}" if len(taken) > 1 and taken.isalpha() else taken) + index
        else:
            index = "{}" + index
        element.string = index
        node.replace_with(element)
