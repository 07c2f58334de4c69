"""Authors as feeds name them, each by a name of its own."""

import re
from collections.abc import Iterable, Iterator

from ingest.feeds.text import plain, tex_accents

_ARXIV = re.compile(r" ?(?:[;；、，]|,(?! (?:Jr|Sr|I{2,3}|IV)\b)) ?")  # arXiv writes one comma list
_OTHERS = re.compile(r" ?[;；、，] ?")  # elsewhere a comma may be part of a name: `Doe, Jane`
# `Roe, A., Wu, B. C.`: pairs of a surname and initials, as bioRxiv writes them
_INITIALS = re.compile(r"([^,;]{1,60}, ?(?:[^\W\d_]\.[ -]?){1,4})(?:,|;|$)\s*")


def split_names(authors: Iterable[str], arxiv: bool) -> tuple[str, ...]:
    """Each name once, in order. Affiliations in brackets are no part of arXiv's names; mail addresses are none."""
    lines = (plain(author) for author in authors)
    found = (name for line in lines for name in _split(line, arxiv))
    return tuple(dict.fromkeys(name for name in found if name and "@" not in name))


def _split(line: str, arxiv: bool) -> Iterator[str]:
    pairs = list(_INITIALS.finditer(line))
    if len(pairs) > 1 and "".join(found[0] for found in pairs) == line:
        yield from (found[1].strip() for found in pairs)
    elif arxiv:
        yield from _ARXIV.split(_without_brackets(tex_accents(line)))
    else:
        yield from _OTHERS.split(line)


def _without_brackets(line: str) -> str:
    """Without what stands in round brackets, however deep."""
    depth, kept = 0, []
    for part in re.split(r"( ?\(|\))", line):
        if part.endswith("("):
            depth += 1
        elif part == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(part)
    return "".join(kept)
