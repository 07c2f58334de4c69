"""What people's Markdown means to us: fences, addresses and links."""

import re
from collections.abc import Iterator, Sequence

from ingest.model import Link
from ingest.urls import canonical_url

CJK = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
BARE_URL = re.compile(rf"https?://[^\s<>\"'`{CJK}“”]+")
MARKED_LINK = re.compile(r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(<?(https?://(?:[^\s()<>]|\([^\s()<>]*\))+)>?[^)\n]*\)")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b\u2060\u2028\u2029]")
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")


def fenced_lines(lines: Sequence[str]) -> set[int]:
    """Indexes of the lines inside code fences, fence lines included. A fence that is never closed is plain text."""
    inside: set[int] = set()
    at = 0
    while at < len(lines):
        if opening := FENCE.match(lines[at]):
            mark = opening[1]
            closing = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}\s*$")
            end = next((later for later in range(at + 1, len(lines)) if closing.match(lines[later])), None)
            if end is not None:
                inside.update(range(at, end + 1))
                at = end
        at += 1
    return inside


def join_lines(lines: Sequence[str]) -> str:
    """One line out of several: a blank between Latin words, nothing between Chinese characters."""
    joined = " ".join(line.strip() for line in lines if line.strip())
    return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", joined)


def bare_urls(text: str) -> Iterator[re.Match[str]]:
    """Addresses standing in text, without the punctuation that ends the sentence around them."""
    for match in BARE_URL.finditer(text):
        end = match.end()
        while text[end - 1] in ".,;:!?*_\\|]" or (text[end - 1] == ")" and "(" not in text[match.start() : end]):
            end -= 1
        if trimmed := BARE_URL.match(text, match.start(), end):
            yield trimmed


def links_in(lines: Sequence[tuple[int, str]]) -> tuple[Link, ...]:
    """Every link in numbered lines. A bare address takes the text before it, on its own line or the line above."""
    found: list[Link] = []
    above = ""
    for number, line in lines:
        text = line.replace("\\_", "_")  # converters escape underscores inside addresses
        marked = list(MARKED_LINK.finditer(text))
        for match in marked:
            found.append(Link(canonical_url(match[2]), match[1].strip() or match[2], match[2], number))
        rest = MARKED_LINK.sub(lambda match: " " * len(match[0]), text)
        start = 0
        for match in bare_urls(rest):
            label = _plain(rest[start : match.start()])
            title = label or (above if not marked else "") or match[0]
            found.append(Link(canonical_url(match[0]), title, match[0], number))
            start, above = match.end(), ""
        if text.strip():
            above = _plain(text) if start == 0 and not marked else ""
    return tuple(sorted(found, key=lambda link: link.line))


def _plain(text: str) -> str:
    """A line's text without list marks, heading marks, brackets and emphasis."""
    return re.sub(r"^(#+|[-*+•]|\d+[.)])(\s+|$)|[<>*]|</?u>", "", text.strip()).strip(" :：-|；;")
