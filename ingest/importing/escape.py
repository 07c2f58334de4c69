"""Plain text written so that it says the same in Markdown."""

import re

from ingest.plain import ACTING

# What people type as Markdown on purpose: code, formulas, links, and pairs of stars around words.
MEANT = re.compile(
    r"(?P<code>(?<!`)(`++)[^\n]{1,300}?(?<!`)\2(?!`))"
    r"|\$\$[^$]{1,2000}\$\$|\$(?=\S)[^$\n]{1,500}(?<=\S)\$(?!\d)"
    r"|\\\((?:(?!\\\)).){1,500}\\\)|\\\[(?:(?!\\\]).){1,500}\\\]"
    r"|!?\[[^\[\]\n]*\]\([^()\s]+\)|https?://[^\s<>`\u2e80-\uffff]+"
    r"|(?<![A-Za-z0-9*\\])(?P<stars>\*{1,3})(?=[^\s*、，,])[^*\n]+(?<=[^\s*、，,])(?P=stars)(?![A-Za-z0-9*])"
    r"|(?<![\w*\\])(?P<lines>__?)(?=[^\W_])[^_\n]*[\u4e00-\u9fff][^_\n]*(?<=[^\W_])(?P=lines)(?![\w_])"
)
ACTS = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|\*|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w+;)|~~|" + ACTING.pattern, re.IGNORECASE
)
HEADING_LIKE = re.compile(r"^(\s*)(#{1,6})(?=\s|$)")


def escape(text: str) -> str:
    """Plain text for Markdown: what would act by accident is escaped, what was typed on purpose stays.

    A text that was no heading never becomes one.
    """
    if not re.search(r"[\\*_`&~#<%]", text):
        return text
    out, at = [], 0
    for match in MEANT.finditer(text):
        out += [ACTS.sub(r"\\\g<0>", text[at : match.start()]), match[0]]
        at = match.end()
    return HEADING_LIKE.sub(r"\1\\\2", "".join([*out, ACTS.sub(r"\\\g<0>", text[at:])]))


def link(text: str, target: str) -> str:
    """A link whose target holds nothing that ends it early."""
    return f"[{text}]({address(target)})"


def address(target: str) -> str:
    """An address without what would end it early in Markdown."""
    return re.sub(r"[\s()<>\"]", lambda match: f"%{ord(match[0]):02X}" if match[0].isascii() else "%20", target.strip())


def label(text: str) -> str:
    """The words of a picture, in which brackets do not end it."""
    return re.sub(r"(?<!\\)([\[\]])", r"\\\1", " ".join(text.split()))
