"""Which inline scripts a page may hold: those that the theme's own templates write, and no other.

Their text is taken from the templates, so that a policy can name them without trusting what it finds in a page.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
WAY = r"(?:[./]*|/(?:[\w.~%-]+/)*)"  # to the site's root, from a page, or on 404.html from that of its host
OPENED = re.compile(r"<script\b", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
LOADED = re.compile(r'\s(?:src=|type="application/(?:ld\+)?json")')  # from the site, or data
ACTIVE = set("applet base embed form frame frameset iframe link meta noscript object portal script style".split())
# The names by which the theme's scripts look for its parts, and for data; the first that a page has is taken.
THEIRS = re.compile(r"__(?:config|scripts|drawer|search|toc|nav|palette|consent|comments|feedback|progress)")
# Of an article in small letters. One by one, each with letters to look for, they take a fifth of the time.
SUSPECT = [
    re.compile(rf"<(?:{'|'.join(sorted(ACTIVE))})\b"),
    re.compile(r"on(?<=[\s\"'/]on)[a-z]+\s*="),
    re.compile(r"(?:javascript|vbscript|data)\s*:"),
    re.compile(rf"\sid=[\"']?{THEIRS.pattern}"),
    re.compile(r"\ssrc=[\"']?\s*(?:https?:|[/\\]{2}|[^\s\"'>]*&)"),
]
# An address as far as it goes, each looked at by itself: a text may say `src=` a hundred thousand times.
ADDRESS = re.compile(r"(?:href|src)\s*=\s*(?=\"([^\"]*)|'([^']*)|([^\s>\"'=]*))")
ELSEWHERE = re.compile(r"https?:|[/\\]{2}", re.IGNORECASE)  # of another host's, which nothing may be asked of
SCHEME = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)


@cache
def theme() -> tuple[re.Pattern[str], ...]:
    """Inline scripts of Material and of the project's `theme/`; a value put in is the way to the site's root.

    They are looked for once: a build clears the cache.
    """
    found = find_spec("material")
    folder = Path((found.origin if found else "") or "").parent / "templates" / "partials" / "javascripts"
    paths = sorted([*folder.glob("*.html"), *Path("theme").rglob("*.html")])  # of the project that is built
    texts = [text for path in paths for text in INLINE.findall(path.read_text("utf-8"))]
    return tuple(re.compile(WAY.join(map(re.escape, VALUE.split(text))) + r"\s*") for text in texts)


def is_theirs(script: str) -> bool:
    """Whether the theme wrote an inline script."""
    return any(known.fullmatch(script) for known in theme())


# What our own pages have, a pattern for each attribute: the way from a question that repeats another to that one, and
# the search on the page that tells how to ask. A contributor's text is shown as text, a hand-written page has no tags.
OURS = {
    "meta": {"http-equiv": "refresh", "content": r"0; url=\.\./[\w-]+/"},
    "form": {"class": "wiki-ask", "action": r"\.\./", "method": "get"},
}


def _is_ours(tag: str, attributes: Mapping[str, str | None]) -> bool:
    wanted = OURS.get(tag, {})
    return wanted.keys() == attributes.keys() != set() and all(
        re.fullmatch(pattern, attributes[name] or "") for name, pattern in wanted.items()
    )


class _Article(HTMLParser):
    """Elements that act, of a text's HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        acts = [name for name, value in attrs if name.startswith("on") or SCHEME.match("".join((value or "").split()))]
        acts += [f"src={value}" for name, value in attrs if name == "src" and ELSEWHERE.match((value or "").strip())]
        acts += [f"id={value}" for name, value in attrs if name == "id" and THEIRS.match(value or "")]
        if acts or (tag in ACTIVE and not _is_ours(tag, dict(attrs))):
            self.acts.append(f"<{' '.join([tag, *acts])}>")


def faults(page: str) -> list[str]:
    """What a built page holds that neither the theme writes nor a text may say: a line for each."""
    found = list(SCRIPT.finditer(page))
    strange = [script[2] for script in found if not (LOADED.search(script[1]) or is_theirs(script[2]))]
    lines = [f"an inline script that the theme did not write: {text.strip()[:60]!r}" for text in strange]
    if len(found) != len(OPENED.findall(page)):
        lines.append("a script that does not end")
    start, end = page.find("<article"), page.rfind("</article>")
    text = page[max(start, 0) : max(end, 0)]
    if _is_suspect(text.lower()):  # parsing each page would take seconds
        article = _Article()
        article.feed(text)
        lines += [f"an element that acts, in the text: {element}" for element in article.acts]
    return lines


def _is_suspect(text: str) -> bool:
    """Whether a text in small letters may act: by what it names, or an address that may hide a scheme."""
    addresses = ("".join(found.groups("")) for found in ADDRESS.finditer(text))
    return any(suspect.search(text) for suspect in SUSPECT) or any(
        ":" in address and re.search(r"[\s&]", address) for address in addresses
    )
