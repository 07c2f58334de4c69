"""The addresses of hand-written Markdown: those of the web, and for pictures none but the site's own."""

import re
from collections.abc import Iterator

from ingest.invisible import unescape

# Each looked for at every place: what one takes for its own may hold another.
SEEN = 300  # letters of an address; what it leads to stands at its beginning
TARGET = re.compile(rf"(?=\]\(\s*<?([^)>]{{0,{SEEN}}})|\]:\s*<?(\S{{1,{SEEN}}})|<([a-zA-Z][\w+.-]*:[^<>]*)>)")
SCHEMES = {"http", "https", "mailto"}
ELSEWHERE = re.compile(r"https?:|//", re.IGNORECASE)
# What a link or a picture says so that for every reading it ends where it seems to.
PLAIN = r"(?:[^\[\]()<>\\`$!]|` *+`)*+"
LINK = re.compile(rf"(?<!!)\[{PLAIN}(?:!\[{PLAIN}\]\({PLAIN}\){PLAIN})*+$")
REFERRING = re.compile(rf"!\[(?!{PLAIN}\]\([\w./#-]*+\))")  # a picture whose address may stand elsewhere


def strange_addresses(written: str, text: str) -> Iterator[tuple[int, str]]:
    """Where an address stands that a page may not have, and what is wrong with it.

    Args:
        written: The page's text.
        text: The same without code.
    """
    first, referring = text.find("!["), REFERRING.search(text) is not None

    def is_shown(found: re.Match[str]) -> bool:
        """Whether what has the address may be a picture."""
        inside, defined, _ = found.groups()
        if defined is not None:
            return referring
        if inside is None or not -1 < first < found.start():
            return False
        return not LINK.search(text, max(0, found.start() - SEEN), found.start())

    for found in TARGET.finditer(text):
        at, end = found.span(found.lastindex or 0)
        raw = re.sub(r"[\x00-\x20`]|\u00ad", "", unescape(written[at:end]))  # of code in it a generator takes the text
        address = raw.replace("\\", "")
        is_hidden = end - at >= SEEN and len(address) < SEEN // 10  # by what says nothing, beyond where we look
        scheme, colon, _ = address.partition(":")
        if is_hidden or (scheme and colon and not re.search(r"[/?#]", scheme) and scheme.lower() not in SCHEMES):
            yield found.start(), f"an address {address[:40]!r}"
        elif ELSEWHERE.match(raw.replace("\\", "/")) and is_shown(found):
            yield found.start(), f"a picture of another host's, {address[:40]!r}"
