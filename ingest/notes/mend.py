"""What `check --fix` may change by itself: blanks between Chinese and Latin, and the spelling of addresses.

Code, formulas, fields, headings, tables, signatures, HTML, the texts of links and very long lines stay as they are.
"""

import json
import re
from itertools import groupby

import autocorrect_py

from ingest.markup import BARE_URL, MARKED_LINK, bare_urls, fenced_lines
from ingest.urls import canonical_url

# The library can also change punctuation and the width of letters, which an author may have meant.
_OFF = (
    "space-punctuation space-bracket space-backticks space-dash space-dollar fullwidth halfwidth-word"
    " halfwidth-punctuation no-space-fullwidth no-space-fullwidth-quote spellcheck"
)
autocorrect_py.load_config(json.dumps({"rules": {"space-word": 1} | dict.fromkeys(_OFF.split(), 0)}))  # type: ignore[attr-defined]

LONGEST = 2_000  # letters of a line; to look for what is closed in a longer one would take too long
_LEFT = re.compile(r"\s*(?:[-*+]\s+)?【|\s*(?:#|\||\[[^\]]*\]:)|\s{4}|\t")  # lines in which a blank may mean something
_KEPT = re.compile(
    r"(`+)(?!`).+?(?<!`)\1(?!`)|\$[^$]+\$|\\[(\[].*?\\[)\]]"  # code and formulas
    r"|\[[^\[\]]*\]\([^)]*\)|\[[^\[\]]*\]|<[^>]*>"  # links and HTML
    rf"|{BARE_URL.pattern}|(?<=\S)\s*[-—–―]\s*\S+\s*$"  # addresses, a signature
)


def mend(text: str) -> str:
    """A note or question with what is safe to mend mended; no character but a blank, and parts of addresses, changes.

    Applying it twice changes nothing.
    """
    lines = text.split("\n")
    left = fenced_lines(lines)
    if lines[0].rstrip() == "---":  # front matter; one that is never closed is the whole file
        left |= set(range(next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), len(lines)) + 1))
    formula = False
    for at, line in enumerate(lines):
        odd = line.count("$$") % 2 or line.count(r"\[") != line.count(r"\]")
        if formula or odd or len(line) > LONGEST or _LEFT.match(line):
            left.add(at)
        formula ^= bool(odd)
    mended = list(lines)
    for blank, group in groupby(range(len(lines)), key=lambda at: not lines[at].strip()):
        paragraph = list(group)
        # A mark that is closed on another line: what lies between cannot be told line by line.
        whole = blank or any(lines[at].count(mark) % 2 for at in paragraph for mark in "`$" if at not in left)
        for at in paragraph if not whole else ():
            if at not in left:
                mended[at] = _mend_line(lines[at])
    return "\n".join(mended)


def _mend_line(line: str) -> str:
    parts, at = [], 0
    for match in _KEPT.finditer(line):
        parts += [_spaced(line[at : match.start()]), match[0]]
        at = match.end()
    return _respelled("".join([*parts, _spaced(line[at:])]))


def _spaced(text: str) -> str:
    """A run of plain text with blanks between Chinese and Latin."""
    inner = text.strip()
    spaced = autocorrect_py.format(inner)
    return text.replace(inner, spaced, 1) if inner and "".join(spaced.split()) == "".join(inner.split()) else text


def _respelled(line: str) -> str:
    """A line whose addresses have their canonical spelling, those in code excepted."""
    code = [match.span() for match in _KEPT.finditer(line) if match[0][0] in "`$\\"]
    links = [match.span(2) for match in MARKED_LINK.finditer(line)]
    bare = [match.span() for match in bare_urls(line) if not any(a <= match.start() < b for a, b in links)]
    for start, end in sorted(links + bare, reverse=True):
        url = line[start:end]
        better = canonical_url(url)
        unsafe = re.search(r"[\s()<>\[\]`$]", better) or better == url + "/"
        same = better.lower() == url.lower()  # as a DOI is printed, or a host: nothing is amiss
        if not (unsafe or same) and not any(a <= start < b for a, b in code):
            line = line[:start] + better + line[end:]
    return line
