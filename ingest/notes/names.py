"""Who is named: the signature at the end of a text, and the names in a field."""

import re
from collections.abc import Iterable

from ingest.markup import CJK

NAME = rf"(?:[{CJK}][\w{CJK}]{{0,7}}|[A-Za-z][\w.]{{1,19}}(?: [A-Z]\w{{1,14}}){{0,3}})"
# A double dash signs with any name; a single one only after a blank or the end of a sentence, with a short name.
SIGNED = re.compile(rf"\s*(?:[—–―]+|--+)\s*(?:from\s*|来自\s*)?({NAME})\s*$")
SIGNED_SHORT = re.compile(rf"(?:\s+|(?<=[？?。！!；;，,)）]))-\s*(?:from\s*|来自\s*)?((?:[{CJK}]{{2,5}}|{NAME}))\s*$")
NOT_NAMES = re.compile(r"知乎|知平|optional|可选|文章|出处|机器之心|量子位|GitHub|Hugging Face", re.IGNORECASE)
PLACEHOLDER = re.compile(r"请|多人|待定|暂|后续|署名|认领|排名|^无$|^N/?A$|^TBD$", re.IGNORECASE)


def split_attribution(text: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """Split `answer text —name` into the text and the name; "" where nobody signed.

    Args:
        text: One paragraph or several; only its end is looked at, and a `-name;` of somebody known.
        known: Names that may also sign with a single hyphen glued to the text.
    """
    text = text.rstrip()
    for pattern in (SIGNED, SIGNED_SHORT):
        match = pattern.search(text)
        if match and not NOT_NAMES.search(match[1]) and match.start() > 0:
            return text[: match.start()].rstrip(), re.sub(r"大佬?的分享$|大佬$", "", match[1])
    for name in known:
        if text.endswith(f"-{name}"):
            return text[: -len(name) - 1].rstrip("- "), name
        if re.search(rf"-{re.escape(name)}[；;，,]", text):
            return text, name
    return text, ""


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
    return unique(name for name in names if 0 < len(name) <= 20 and not PLACEHOLDER.search(name))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(dict.fromkeys(names))
