"""Characters that nobody sees: some turn the direction of what stands around them, others hide words in a text.

They are taken out of what is shown. What people wrote stays in their file as it is.
"""

import html
import re

from ingest.model import Source
from ingest.problems import Problem

# Embeddings, overrides and isolates, and the marks of direction: with them `evil.example` can look like anything.
OVERRIDES = "\u202a-\u202e\u2066-\u2069"
_TURNING = f"\u061c\u200e\u200f{OVERRIDES}"
# Controls but tab and line end, separators of lines, soft hyphens, fillers, joiners of words, operators that are not
# seen, annotations, and the tags that repeat ASCII unseen.
_HIDDEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029"
    "\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
)
# What makes one sign of several, and is nothing where it has none to make: a family of emoji, a letter of Persian.
_JOINING = "\u200c\u200d\ufe0e\ufe0f\U000e0100-\U000e01ef"
CONTROL = re.compile(f"[{_TURNING}{_HIDDEN}{_JOINING}]+")
TURNING = re.compile(f"[{_TURNING}]")
_EMOJI = r"#*0-9\xa9\xae\u203c-\u3299\U0001f000-\U0001faff"
_JOINED = {
    "\u200c": re.compile("[\u0600-\u109f]"),
    "\u200d": re.compile("[\u0600-\u109f\u2190-\u2bff\U0001f000-\U0001faff\ufe0f]"),
    "\ufe0e": re.compile(f"[{_EMOJI}]"),
    "\ufe0f": re.compile(f"[{_EMOJI}]"),
}
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")  # which a selector gives another form


def visible(text: str) -> str:
    """The text without characters that are not seen; what joins emoji, or letters that are written joined, stays."""
    return CONTROL.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    kept, before = "", found.string[max(0, found.start() - 1) : found.start()]
    for char in found[0]:
        rule = _JOINED.get(char) or (_IDEOGRAPH if char >= "\U000e0100" else None)
        if rule and rule.match(before):
            kept, before = kept + char, char
    return kept


def check_direction(source: Source) -> list[Problem]:
    """The first character that turns the direction of a text, and how many there are."""
    if source.text.isascii() or not (first := TURNING.search(source.text)):
        return []
    above = source.text.count("\n", 0, first.start())
    line_start = source.text.rfind("\n", 0, first.start()) + 1
    count = len(TURNING.findall(source.text))
    more = f", and {count - 1} more" if count > 1 else ""
    what = f"U+{ord(first[0]):04X}{more}; it is not shown"
    return [Problem(source.path, above + 1, first.start() - line_start + 1, "L004", what)]


def unescape(text: str) -> str:
    """HTML's entities as their characters, but for numbers that are none: of thousands of digits Python reads none."""
    return html.unescape(re.sub(r"&(?=#[1-9][0-9]{7})", "＆", re.sub(r"&#0+(?=[0-9])", "&#", text)))
