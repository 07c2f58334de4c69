"""What people's Markdown means to us: fences, addresses and links."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ingest.model import Link
from ingest.urls import canonical_url

CJK = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
BARE_URL = re.compile(rf"https?://[^\s<>\"'`{CJK}“”]+")
# Nothing in it is tried in two ways: a line of ten thousand beginnings costs no more than one of ten thousand letters.
MARKED_LINK = re.compile(
    r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*+)\]\(<?(https?://(?:[^\s()<>]|\([^\s()<>]*\))++)>?(?:[^()\n]|\([^()\n]*\))*+\)"
)
WORDS = r"(?:\S++(?:\s++\S++)*?)?"  # as few words of a line as will do, each looked at once
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_OPENING = re.compile(r"(`{3,}+) *(.*)")
FORMULA = re.compile(r"\$\$|\\\[|\\begin\{(\w+\*?)\}.*")
FENCE_END = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*$")


def fenced_lines(lines: Sequence[str]) -> set[int]:
    """Indexes of the lines inside code fences, fence lines included. A fence that is never closed is plain text."""
    ends = fence_ends(lines)
    inside: set[int] = set()
    after = 0
    for at in sorted(ends):
        if at >= after:
            after = ends[at] + 1
            inside.update(range(at, after))
    return inside


def unread_lines(lines: Sequence[str]) -> set[int]:
    """Indexes of lines in which nothing is a mark: code, also that of an item, which is set in, and formulas."""
    fenced = fenced_lines(lines)
    deeper = ["" if at in fenced else line.lstrip() for at, line in enumerate(lines)]
    return fenced | fenced_lines(deeper) | _formula_lines(lines)


def _formula_lines(lines: Sequence[str]) -> set[int]:
    """Those between lines that are `$$`, between `\\[` and `\\]`, or of one environment of TeX."""
    inside: set[int] = set()
    begun, end = -1, ""
    for at, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            begun = -1
        elif begun >= 0 and bare.endswith(end):
            inside.update(range(begun, at + 1))
            begun = -1
        elif begun < 0 and (opening := FORMULA.fullmatch(bare)):
            begun, end = at, rf"\end{{{opening[1]}}}" if opening[1] else {"$$": "$$"}.get(bare, r"\]")
    return inside


def fence_ends(lines: Sequence[str]) -> dict[int, int]:
    """For each line that could open a fence and is closed, the next line of the same mark, as often or more.

    From the last line to the first: of the closing lines below, only those longer than all nearer ones are kept.
    """
    ends: dict[int, int] = {}
    below: dict[str, list[tuple[int, int]]] = {"`": [], "~": []}  # by mark: (-length, line), the nearest last
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if "```" not in line and "~~~" not in line:
            continue
        if opening := FENCE.match(line):
            closing = below[opening[1][0]]
            if found := bisect_right(closing, -len(opening[1]), key=lambda end: end[0]):
                ends[at] = closing[found - 1][1]
        if ending := FENCE_END.match(line):
            closing = below[ending[1][0]]
            while closing and -closing[-1][0] <= len(ending[1]):
                closing.pop()
            closing.append((-len(ending[1]), at))
    return ends


def join_lines(lines: Sequence[str]) -> str:
    """One line out of several: a blank between Latin words, nothing between Chinese characters."""
    joined = " ".join(line.strip() for line in lines if line.strip())
    return re.sub(rf"(?<=[{CJK}]) (?=[{CJK}])", "", joined)


def bare_urls(text: str) -> Iterator[re.Match[str]]:
    """Addresses standing in text, without the punctuation that ends the sentence around them."""
    for match in BARE_URL.finditer(text):
        end = match.end()
        ending = ".,;:!?*_\\|]" if "(" in match[0] else ".,;:!?*_\\|])"
        while text[end - 1] in ending:
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


def code_blocks(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First and last line of each block of code at the margin, from 0, and what stands behind its opening marks."""
    ends: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        if line.startswith("```") and not (bare := line.rstrip(" \t")).strip("`"):
            ends[bare].append(at)
    after = -1
    for at, line in enumerate(lines):
        if at <= after or not (opening := _OPENING.match(line)):
            continue
        places = ends[opening[1]]
        if (place := bisect_right(places, at)) < len(places):
            after = places[place]
            yield at, after, opening[2]
