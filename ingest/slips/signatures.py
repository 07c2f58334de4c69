"""Slips in signatures: a name at the end of a line behind another mark than the dash."""

import re
from collections.abc import Iterator, Sequence

from ingest.markup import CJK
from ingest.model import Talk
from ingest.slips.slip import Line, Slip

MARK = r"(?P<mark>\s*[-‐‑‒–−－ー_~～@＠]{1,2}\s*|(?<=[。！？!?.\s])一+\s*|\s*[（(]\s*)"
ANYBODY = re.compile(rf"(?<=[{CJK}])-(?P<name>[{CJK}]{{2,3}})\s*$")
ITEM = re.compile(r"\s*[-*+]\s")  # of news: a link, a colon and words of one's own


def signature_slips(talk: Talk, lines: Sequence[Line]) -> Iterator[Slip]:
    """Lines that end with somebody's name behind a mark that signs nothing, or not everywhere."""
    known = {*talk.hosts, *talk.editors, *talk.contributors}
    known |= {name for q in talk.questions for name in (q.asker, *(a.author for a in q.answers)) if name}
    known = {name for name in known if len(name) > 1}
    first = min((section.line for section in talk.sections), default=1)
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    ends = re.compile(rf"(?<=\S){MARK}(?P<name>{names})[）)]?\s*$")
    for line in lines:
        if line.number <= first or re.match(r"\s*(?:【|\||#{1,6}\s+(?!Q))", line.text):
            continue
        match = ends.search(line.plain) if known else None
        if match and not line.plain[: match.start()].strip(" -*+>"):
            match = None
        if match and not re.fullmatch(r"\s*--\s*", match["mark"]):
            better = f"{line.text[: match.start()].rstrip()} —{match['name']}"
            yield line.slip("N018", f"{match[0].strip()!r} is no signature", better, match.start() + 1)
        elif not match and (match := _anybody(line.plain)) and match["name"] not in known:
            yield line.slip("N018", f"'-{match['name']}' is no signature", column=match.start("name"))


def _anybody(text: str) -> re.Match[str] | None:
    """A short name behind a hyphen at the end of an item of news, whoever that is."""
    return ANYBODY.search(text) if ITEM.match(text) and re.search(r"\)[:：]", text) else None
