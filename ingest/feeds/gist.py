"""The one sentence of an abstract that says most of a paper."""

import re

LONGEST = 260  # letters
_END = re.compile(r"(?<=[a-z)\d%’'\"][.!?])\s+(?=[A-Z\"“(])")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|et al|vs|cf|resp|Fig|Eq|Sec|approx|w\.r\.t|Dr|No)\.$")
_SAID = re.compile(
    r"\b(?:we|this (?:paper|work|study|report|article)|our)\b.{0,60}\b(?:propos|introduc|present|show|find|found|"
    r"develop|study|studie|investigat|demonstrat|release|describe|analy[sz]e|evaluat|design|train|build|survey|review|argue|prove)",
    re.IGNORECASE,
)


def gist(abstract: str) -> str:
    """The first sentence in which the authors say what they did, else the first; "" where it is too long to be one."""
    sentences: list[str] = []
    for part in _END.split(" ".join(abstract.split())):
        if sentences and _ABBREVIATED.search(sentences[-1]):
            sentences[-1] += f" {part}"
        else:
            sentences.append(part)
    short = [sentence for sentence in sentences if 30 <= len(sentence) <= LONGEST and sentence[-1:] in ".!?"]
    return next(filter(_SAID.search, short), short[0] if short else "")
