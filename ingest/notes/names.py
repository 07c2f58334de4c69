"""Who is named: the signature at the end of a text, and the names in a field."""

import re
from collections.abc import Iterable, Iterator, Set

from ingest.markup import CJK

NAME = rf"(?:(?=[{CJK}])\w[\w·]{{0,7}}|[A-Za-z][\w.]{{1,19}}(?: [A-Z]\w{{1,14}}){{0,3}})"
# What stands after the last dash of a text; a name holds none.
SIGNER = re.compile(rf"\s*(?:from\s*|来自\s*)?({NAME})")
SIGNER_SHORT = re.compile(rf"\s*(?:from\s*|来自\s*)?([{CJK}]{{2,5}}|{NAME})")
ITEM = re.compile(r"\s*\n[ \t]*- ")  # a list's last item, which is no signature
REMARKS = (  # what may stand behind a signature: in brackets, a day, words that say what they are
    re.compile(r"\s*[（(][^（）()\n]+[)）][。.]?$"),
    re.compile(r"\s+\d{4}[-./年]\d{1,2}[-./月]\d{1,2}[^\n]{0,20}$"),
    re.compile(r"[\s，,；;]+(?:补充|更新|编辑|P\.?S\b|UPD(?:ATE)?\b|EDIT\b)[^\n]*$", re.IGNORECASE),
)
FARTHEST = 200  # letters of such a remark
LONGEST = 20  # letters of a name in a field
NOT_NAMES = re.compile(r"知乎|知平|optional|可选|文章|出处|机器之心|量子位|GitHub|Hugging Face", re.IGNORECASE)
PLACEHOLDER = re.compile(r"请|多人|待定|暂|后续|署名|认领|排名|^无$|^N/?A$|^TBD$", re.IGNORECASE)


def split_attribution(text: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """Split `answer text —name` into the text and the name; "" where nobody signed.

    Args:
        text: One paragraph or several; only its end is looked at, and a `-name;` of somebody known.
        known: Names that may also sign with a single hyphen glued to the text.
    """
    text = text.rstrip()
    names = known if isinstance(known, Set) else set(known)
    before, signer = _signature(text)
    if before and signer and ITEM.match(text, len(before)) and signer[1] not in names:
        return text, ""
    if before and signer and not NOT_NAMES.search(signer[1]):
        return before, re.sub(r"大佬?的分享$|大佬$", "", signer[1])
    for end in _before_remarks(text):
        before, signer = _signature(text[:end])
        if (
            signer
            and (signer[1] in names or before[-1:] in tuple("。！？!?.…”」）)"))
            and not NOT_NAMES.search(signer[1])
        ):
            return before + text[end:], signer[1]
    if name := _known_after_hyphen(text, len(text), names):
        return text[: -len(name) - 1].rstrip("- "), name
    ends = (mark.start() for mark in re.finditer("[；;，,]", text) if names)
    return text, next((name for end in ends if (name := _known_after_hyphen(text, end, names))), "")


def _before_remarks(text: str) -> Iterator[int]:
    """Where a remark at a text's end may begin."""
    tail = max(0, len(text) - FARTHEST)
    yield from (match.start() for remark in REMARKS if (match := remark.search(text, tail)))


def _signature(text: str) -> tuple[str, re.Match[str] | None]:
    """What stands before the last dash, if that can sign, and who signs behind it; each letter is looked at once.

    A double dash signs with any name; a single one only after a blank or the end of a sentence, with a short name.
    """
    at = max(map(text.rfind, "-—–―"))
    if at < 0:
        return "", None
    dashes = "-" if text[at] == "-" else "—–―"
    before = text[: at + 1].rstrip(dashes)
    if dashes != "-" or at + 1 - len(before) > 1:
        return before.rstrip(), SIGNER.fullmatch(text, at + 1)
    if before and (before[-1].isspace() or before[-1] in "？?。！!；;，,)）"):
        return before.rstrip(), SIGNER_SHORT.fullmatch(text, at + 1)
    return "", None


def _known_after_hyphen(text: str, end: int, names: Set[str]) -> str:
    """Which of the names ends at a place, with a hyphen before it; "" if none does."""
    starts = (at + 1 for at in range(max(0, end - LONGEST - 1), end) if text[at] == "-")
    return next((text[at:end] for at in starts if text[at:end] in names), "")


def split_answer(text: str, asker: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """An answer's text and who gave it: who signs its end, else a paragraph, unless that is who asked.

    What stands inside stays in the text; what the asker signs is a question.
    """
    body, author = split_attribution(text, known)
    if author and author != asker:
        return body, author
    signers = (split_attribution(paragraph, known)[1] for paragraph in text.split("\n"))
    return text, next((name for name in signers if name and name != asker), author)


def split_names(value: str) -> tuple[str, ...]:
    """Names in a field such as `羡鱼、suc16 (最好由主持人兼任)`; remarks in brackets and placeholders are no names."""
    bare = re.sub(r"[（(][^（）()]*[)）]", "", value)
    if re.match(r"\s*请|.*查看", bare):
        return ()
    names = (name.strip(" \t-—。.*") for name in re.split(r"[、，,;；/&+＋]|\s和\s|\sand\s", bare))
    return unique(name for name in names if 0 < len(name) <= LONGEST and not PLACEHOLDER.search(name))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(dict.fromkeys(names))
