"""Text -> the terms of the index. `browser/search/words.js` cuts what readers type by the same rules.

A run of Chinese characters is its overlapping pairs, and its last character (位置编码: 位置 置编 编码 码), so that a
search for a beginning finds every character. A compound of Latin letters is stored in one piece and in parts.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from opencc import OpenCC

from publish.search import HAN, constants

LATIN = rf"(?:(?![{HAN}])[^\W_])"
TOKEN = re.compile(rf"(?P<han>[{HAN}]+)|{LATIN}+(?:[-_.]{LATIN}+)*")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
CAMEL = re.compile("[a-z][A-Z]")
COMPOUND = re.compile(rf"[-_.]|{CAMEL.pattern}")
_ASKING = constants("asking.js")
ASKING = re.compile("|".join(sorted(" ".join(_ASKING["phrases"]).split(), key=len, reverse=True)))
JOINING = frozenset(_ASKING["joining"])
LITTLE = frozenset(" ".join(_ASKING["english"]).split())


@cache
def simplified() -> dict[str, str]:
    """Every traditional character that has a simplified form, with it."""
    convert = OpenCC("t2s").convert
    common = (chr(point) for start, end in ((0x3400, 0x4DC0), (0x4E00, 0xA000)) for point in range(start, end))
    return {character: new for character in common if (new := convert(character)) != character}


@cache
def _forms() -> dict[int, str]:
    return str.maketrans(simplified())


def narrow(text: str) -> str:
    """Text in one width, in simplified characters; case as it was."""
    return unicodedata.normalize("NFKC", text).translate(_forms())


def pairs(run: str) -> list[str]:
    """Overlapping pairs of a run of characters, and its last character."""
    return [run[at : at + 2] for at in range(len(run))]


@cache
def word_terms(word: str) -> tuple[str, ...]:
    """A word of Latin letters in one piece, and the parts of a compound: `top_p`, `KV-Cache`, but not `bf16`."""
    whole = re.sub(r"[-_.]", "", word).lower()
    if not COMPOUND.search(word):
        return (whole,)
    pieces = re.split(r"[-_.]", word)
    parts = [part for piece in pieces if CAMEL.search(piece) for part in PART.findall(piece)]
    return tuple(dict.fromkeys(map(str.lower, [whole, *pieces, *parts])))


def terms(text: str) -> Iterator[str]:
    """Every term of a text that `narrow` made."""
    for token in TOKEN.finditer(text):
        if token["han"]:
            yield from pairs(token[0])
        else:
            yield from word_terms(token[0])


def subject(text: str) -> list[str]:
    """The terms of a title that say what it is about, each once; all of them where nothing else would be left."""
    kept = [term for piece in _telling(text) for term in _of_piece(piece)]
    return list(dict.fromkeys(kept)) or list(dict.fromkeys(terms(text)))


def only_asks(text: str) -> bool:
    """Whether a text from `narrow` says nothing of a subject: `什么是大模型`, `what is an LLM`."""
    return not any(_telling(text))


def _telling(text: str) -> Iterator[str]:
    """What is left of a text without the words that ask."""
    for token in TOKEN.finditer(text):
        if not token["han"]:
            yield from [token[0]] if token[0].lower() not in LITTLE else []
            continue
        for run in ASKING.sub(" ", token[0]).split():
            if not (len(run) == 1 and run in JOINING):
                yield run


def _of_piece(piece: str) -> list[str]:
    if re.match(f"[{HAN}]", piece):
        return pairs(piece)[:-1] or [piece]
    return [word_terms(piece)[0]]
