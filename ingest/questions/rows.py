"""Questions that are kept as the rows of a table: a column asks, another answers."""

import re
from collections.abc import Sequence

ASKS = re.compile(r"\W*+(?:问题?|题目|面试题|提问|标题|q|questions?)\W*+", re.IGNORECASE)
ANSWERS = re.compile(r"\W*+(?:(?:参考)?(?:答案?|回答|解答|解析|要点)|a|answers?)\W*+", re.IGNORECASE)
COUNTS = re.compile(r"\W*+(?:序号?|编号|题号|no\.?|id|num(?:ber)?)?\W*+", re.IGNORECASE)
RULE = re.compile(r"\s*+(?:\|\s*+)?:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+(?:\|\s*+)?")
MOST = 50  # columns
Row = tuple[str, str]  # the question and its answer, as written


def rows_of(lines: Sequence[str], fenced: set[int]) -> dict[int, Row | None]:
    """By the indexes of lines: what rows of such tables ask and answer; None for what is no row of one that asks."""
    found: dict[int, Row | None] = {}
    for at in range(len(lines) - 1):
        if "|" not in lines[at] or at in fenced or at in found or not RULE.fullmatch(lines[at + 1]):
            continue
        head = _cells(lines[at])
        asking = [column for column, name in enumerate(head) if ASKS.fullmatch(name)]
        answering = [column for column, name in enumerate(head) if ANSWERS.fullmatch(name)]
        if len(asking) != 1 or not answering:
            continue
        found |= {at: None, at + 1: None}
        for below in range(at + 2, len(lines)):
            if "|" not in lines[below] or below in fenced:
                break
            found[below] = _row(_cells(lines[below]), head, asking[0], answering)
    return found


def _row(cells: Sequence[str], head: Sequence[str], asking: int, answering: Sequence[int]) -> Row | None:
    """A question with its answer, and what other columns say of it below."""
    if asking >= len(cells) or not cells[asking]:
        return None
    parts = [cells[column] for column in answering if column < len(cells) and cells[column]]
    for column, said in enumerate(cells):
        name = head[column] if column < len(head) else ""
        if said and column != asking and column not in answering and not (COUNTS.fullmatch(name) and said.isdecimal()):
            parts.append(f"{name}：{said}" if name else said)
    return cells[asking], "\n\n".join(parts)


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|")
    bare = bare[:-1] if bare.endswith("|") and not bare.endswith("\\|") else bare
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", bare, maxsplit=MOST)]
