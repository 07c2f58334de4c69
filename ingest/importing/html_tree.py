"""A page's tree made plain before it is written: formulas, code, pictures, notes, tables and what is no text.

Every function changes the tree in place; what it takes out is told to `Kept`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bs4 import BeautifulSoup, Comment, Declaration, Doctype, ProcessingInstruction, Tag
from bs4.element import NavigableString

from ingest.importing.signs import sign

HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
UNSEEN = ["sr-only", "visually-hidden", "screen-reader-text"]  # classes of what is only read aloud
SIGNS = re.compile(r"font-family\s*:\s*[\"']?(Wingdings|Symbol)\b", re.IGNORECASE)
STYLES = {
    "strong": re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)"),
    "code": re.compile(r"font-family\s*:(?:(?!font-family)[^;])*(?:courier|mono|consol|menlo)", re.IGNORECASE),
    "sup": re.compile(r"vertical-align\s*:\s*super"),
    "sub": re.compile(r"vertical-align\s*:\s*sub\b"),
    "s": re.compile(r"text-decoration(?:(?!text-decoration)[^;])*line-through"),
}
BLOCKS = ["p", "div", "section", "ul", "ol", "table", "pre", "blockquote", "figure", "h1", "h2", "h3", "h4", "h5", "h6"]
SOURCES = ("data-src", "data-original", "data-actualsrc", "data-lazy-src", "data-croporisrc", "data-origin", "src")


@dataclass(slots=True)
class Dropped:
    """What was taken out of a document on purpose: why, and its text, which the census then does not miss."""

    reasons: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def say(self, reason: str, text: str = "") -> None:
        """Note it; of the text a piece is shown."""
        shown = " ".join(text.split())
        self.reasons.append(f"{reason}: {shown[:30]!r}" if shown else reason)
        self.texts.append(text)


def text_of(tree: Any) -> Iterator[str]:
    """Every text that a browser would show or could open, for the census: nothing of scripts, styles and the head."""
    silent = {id(tree): any(map(_is_silent, (tree, *tree.parents)))}
    for node in tree.descendants:
        if not isinstance(node, NavigableString):
            silent[id(node)] = silent[id(node.parent)] or _is_silent(node)
        elif silent[id(node.parent)] or isinstance(node, (Comment, Declaration, Doctype, ProcessingInstruction)):
            continue
        else:
            yield str(node)


def _is_silent(node: Any) -> bool:
    """Whether a browser shows nothing of an element, or the same once more beside it."""
    if node.name in ("script", "style", "head", "title", "template"):
        return not (node.name == "script" and str(node.get("type", "")).startswith("math/tex"))
    drawn = "katex-html" in (node.get("class") or ())
    hidden = node.get("aria-hidden") == "true"
    return (drawn or hidden) and ((drawn and hidden) or node.find_previous_sibling(class_="katex-mathml") is not None)


def classes(tree: Any) -> None:
    """What a page's own style sheets say of letters by class, as Google's do, at each piece of text itself."""
    said: dict[str, list[str]] = {}
    for sheet in tree.find_all("style"):
        for rule in sheet.get_text().split("}"):
            names, _, rules = rule.partition("{")
            for name in names.split(","):
                if found := re.fullmatch(r"\s*(?:span)?\.([\w-]+)\s*", name):
                    said.setdefault(found[1], []).append(rules)
    for node in tree.find_all("span", class_=True) if said else ():
        rules = ";".join(rule for name in node["class"] for rule in said.get(name, ()))
        if any(style.search(rules) for style in STYLES.values()):
            node["style"] = f"{rules};{node.get('style') or ''}"


def styles(tree: Any) -> None:
    """What editors say by styles alone, as elements: bold, raised and lowered letters, code, a document's title."""
    make = BeautifulSoup("", "html.parser").new_tag
    for node in tree.find_all("span", style=True):
        for name, style in STYLES.items():
            if style.search(str(node["style"])) and not node.find_parent(
                ["h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", name]
            ):
                node.wrap(make(name))
    for node in tree.find_all("p", class_="title"):
        if tree.find("h1") is None or "doc-content" in ((tree.body or {}).get("class") or ()):
            node.name = "h1"
    for rule in tree.find_all("hr"):  # above footnotes, which go elsewhere
        below = [each for each in rule.next_siblings if not (isinstance(each, Tag) and each.get("data-note"))]
        if len(below) < len(list(rule.next_siblings)) and not "".join(each.get_text() for each in below).strip():
            rule.decompose()


def titles(tree: Any, dropped: Dropped) -> None:
    """Titles of what is folded are bold lines; signs that only link a heading to itself go."""
    make = BeautifulSoup("", "html.parser").new_tag
    for node in tree.find_all("summary"):
        bold = make("strong")
        bold.string = " ".join(node.get_text(" ").split())
        node.replace_with(line := make("p"))
        line.append(bold)
    headings = tree.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])
    for above, heading in pairwise(headings):
        if above.name == heading.name == "h1" and above.get_text().strip() == heading.get_text().strip():
            dropped.say("a title that stands there twice", above.get_text())  # that of what stays as one scrolls
            above.decompose()
    for heading in filter(lambda each: not each.decomposed, headings):
        for link in heading.find_all("a", href=re.compile("^#")):
            if not any(map(str.isalnum, link.get_text())):
                link.decompose()


def signs(tree: Any, dropped: Dropped) -> None:
    """Letters in which Word draws signs by their font."""
    for node in tree.find_all(style=SIGNS):
        font = SIGNS.search(str(node["style"]))
        for text in node.find_all(string=lambda text: len(text.strip()) == 1):
            if font and (shown := sign(ord(text.strip()), font[1])):
                dropped.texts.append(str(text))
                text.replace_with(shown)


def boxes(tree: Any) -> None:
    """Boxes to tick show whether they are."""
    for node in [*tree.find_all("input", type="checkbox"), *tree.find_all(class_=["checkbox-on", "checkbox-off"])]:
        ticked = node.has_attr("checked") or "checkbox-on" in (node.get("class") or ())
        behind = node.next_sibling
        words = str(behind.extract()).lstrip() if isinstance(behind, NavigableString) else ""
        node.replace_with(f"[{'x' if ticked else ' '}] {words}")


def pictures(tree: Any, place: Callable[[Sequence[str]], str] | None) -> None:
    """Pictures, the lazy ones too, where they will lie; one that was left out leaves its description."""
    for node in tree.find_all("noscript"):
        shown = [
            near for near in (node.previous_sibling, node.next_sibling) if isinstance(near, Tag) and near.name == "img"
        ]
        node.decompose() if shown and node.find("img") else node.unwrap()
    for image in tree.find_all(["img", "amp-img"]):
        image.name = "img"
        sources = _sources(image)
        target = place(sources) if place else sources[0]
        if target:
            image["src"] = target
        else:
            alt = str(image.get("alt") or "")
            image.replace_with(f"[图片：{alt}]" if alt else "")


def _sources(image: Any) -> list[str]:
    """The addresses that a picture is really loaded from, the likeliest first; at least one, which may be ""."""
    found = [str(image.get(name) or "").strip() for name in SOURCES]
    listed = str(image.get("srcset") or image.get("data-srcset") or "")
    if image.parent is not None and image.parent.name == "picture":
        listed = listed or ",".join(str(source.get("srcset") or "") for source in image.parent.find_all("source"))
    candidates = [part.split() for part in re.split(r",\s+", listed) if part.strip()]
    largest = sorted(candidates, key=_size_of, reverse=True)
    shown = [*filter(None, found), *(part[0] for part in largest)]
    empty = ("data:image/gif", "data:image/svg", "about:")  # what stands there until the picture is loaded
    real = [source for source in shown if not source.startswith(empty)]
    return [f"https:{source}" if source.startswith("//") else source for source in (real or shown or [""])]


def _size_of(part: list[str]) -> float:
    """How large a picture of a `srcset` is, as it says there."""
    said = re.sub(r"[^\d.]", "", part[-1]) if len(part) > 1 else ""
    return float(said) if re.fullmatch(r"\d+(?:\.\d*)?", said) else 1


def embedded(tree: Any, dropped: Dropped) -> None:
    """Videos, frames and drawings become a link, or what is said of them, or a word in the report."""
    make = BeautifulSoup("", "html.parser").new_tag
    for node in tree.find_all(
        [
            "iframe",
            "video",
            "audio",
            "embed",
            "object",
            "canvas",
            "mpvideosnap",
            "mpvoice",
            "mp-common-profile",
            "mp-common-videosnap",
        ]
    ):
        if node.decomposed or node.parent is None:
            continue
        inner = node.find("source")
        source = str(
            next(
                (node.get(name) for name in ("data-src", "src", "data") if node.get(name)),
                inner.get("src") if inner else "",
            )
            or ""
        )
        source = f"https:{source}" if source.startswith("//") else source
        said = [str(node[name]) for name in ("title", "data-desc", "data-nickname", "name") if node.get(name)]
        inside = node.get_text(" ", strip=True)
        words = "，".join(dict.fromkeys(said)) or inside
        if re.match("https?://", source):
            element = make("a", href=source)
            element.string = words or f"嵌入的内容（{node.name}）"
            node.insert_after(" ")
            node.replace_with(element)
            if words != inside:
                dropped.texts.append(inside)
            continue
        dropped.say(f"an embedded {node.name}", words)
        node.replace_with(f"[嵌入的内容：{words}] " if words else "")
    for node in tree.find_all("svg"):
        for name in ("style", "defs", "title", "desc"):
            for part in node.find_all(name):
                dropped.texts.append(part.get_text())
                part.decompose()
        if node.get_text(strip=True):
            parts = node.find_all("foreignobject") or node.find_all("foreignObject")
            if not parts:
                dropped.say("a drawing (svg), its words are kept", node.get_text(" "))
                dropped.texts.pop()
                node.string = "；".join(part.strip() for part in node.stripped_strings)
            node.name = "div"
        else:
            if node.find(["path", "rect", "circle", "line", "polyline", "polygon", "image"]) and not node.find_parent(
                ["a", "button", "h1", "h2", "h3", "h4", "h5", "h6"]
            ):
                dropped.say("a drawing (svg)")
            node.decompose()


def silent(tree: Any, dropped: Dropped) -> None:
    """Scripts, styles, comments, and what a browser does not show."""
    for node in tree.find_all(["script", "style", "template", "head", "title", "link", "meta"]):
        node.decompose()
    for comment in tree.find_all(
        string=lambda text: isinstance(text, (Comment, Declaration, Doctype, ProcessingInstruction))
    ):
        comment.extract()
    hidden = tree.find_all(lambda tag: tag.has_attr("hidden") or bool(HIDDEN.search(str(tag.get("style") or ""))))
    for node in [*hidden, *tree.find_all(class_=UNSEEN)]:
        if node.decomposed or node.name == "tex":
            continue
        if node.get_text(strip=True):
            dropped.say("hidden text", node.get_text(" "))
        node.decompose()


def rubies(tree: Any) -> None:
    """`注意力` with its reading behind it in brackets."""
    for node in tree.find_all("rp"):
        node.decompose()
    for node in tree.find_all("rt"):
        node.insert_before("（")
        node.insert_after("）")
        node.unwrap()


def wide_links(tree: Any) -> None:
    """A link around whole blocks becomes their text, and a link below them where its address is not written yet."""
    make = BeautifulSoup("", "html.parser").new_tag
    for node in tree.find_all("a", href=True):
        if not node.find(BLOCKS):
            continue
        target = str(node["href"])
        node.name = "div"
        del node["href"]
        written = node.find(string=lambda text, target=target: text and text.strip() == target)
        if re.match("https?://", target) and not written:
            link = make("a", href=target)
            link.string = target
            below = make("p")
            below.append(link)
            node.append(below)
