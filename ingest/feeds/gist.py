"""What an abstract says of its paper: in one sentence, and without what it was tried on."""

import re

LONGEST = 260  # letters
_END = re.compile(r"(?<=[a-z)\d%’'\"][.!?])\s+(?=[A-Z\"“(])")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|et al|vs|cf|resp|Fig|Eq|Sec|approx|w\.r\.t|Dr|No)\.$")
_SAID = re.compile(
    r"\b(?:we|this (?:paper|work|study|report|article)|our)\b.{0,60}\b(?:propos|introduc|present|show|find|found|"
    r"develop|extend|adapt|study|studie|investigat|demonstrat|release|describe|analy[sz]e|evaluat|design|train|build|survey|review|argue|prove)",
    re.IGNORECASE,
)
_TRIED = re.compile(
    r"\b(?:experiment\w*|outperform\w*|surpass\w*|achiev\w*|attain\w*|baselines?|state[- ]of[- ]the[- ]art|"
    r"results? (?:\w+ ){0,3}(?:show|demonstrat|indicat|reveal|suggest)\w*|"
    r"(?:on|across|over) [^.,;]{0,60}\b(?:benchmarks?|datasets?)|evaluat\w+ (?:on|across|over|against|with|using))\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\([^(),]*+,[^()]*+\)")  # `(MMLU, GSM8K)`
_SIZED = re.compile(
    r"\b[A-Z][\w.]{0,30}(?:-[\w.]{1,30}){0,4}-\d[\d.]{0,9}[BM]\b(?:-\w{1,30}){0,4}"
)  # `Qwen3-8B-Instruct`


def gist(abstract: str) -> str:
    """The first sentence in which the authors say what they did, else the first; "" where it is too long to be one."""
    short = [one for one in _sentences(abstract) if 30 <= len(one) <= LONGEST and one[-1:] in ".!?"]
    return next(filter(_SAID.search, short), short[0] if short else "")


def matter(abstract: str) -> tuple[str, str]:
    """The sentences in which the authors say what they did, and the others, without what the paper is compared with.

    Each sentence ends where results begin; lists in brackets and models by their sizes are left out.
    """
    sentences = _sentences(_SIZED.sub(" ", _LISTED.sub(" ", abstract)))
    parts: tuple[list[str], list[str]] = [], []
    for sentence in sentences:
        before = _TRIED.split(sentence, maxsplit=1)[0]
        parts[not _SAID.search(before)].append(before)
    return " ".join(parts[0]), " ".join(parts[1])


def _sentences(text: str) -> list[str]:
    sentences: list[str] = []
    for part in _END.split(" ".join(text.split())):
        if sentences and _ABBREVIATED.search(sentences[-1]):
            sentences[-1] += f" {part}"
        else:
            sentences.append(part)
    return sentences
