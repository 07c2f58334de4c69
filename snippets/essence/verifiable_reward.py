"""Verifiable rewards: find the answer, compare it, 1 or 0."""

import re
from fractions import Fraction


def find(y: str) -> str | None:
    answer = y.rpartition("</think>")[2]  # 思考里写的不算 ‖ what the thoughts say does not count
    boxes = re.findall(r"\\boxed\{([^{}]*)\}", answer)
    return boxes[-1] if len(set(boxes)) == 1 else None  # 几个不同的答案等于没有 ‖ several answers are none


def number(text: str) -> Fraction | None:
    try:
        return Fraction(text.replace(",", ""))  # 0.5 与 1/2 相同，绝不用 eval ‖ 0.5 is 1/2; never eval
    except (ValueError, ZeroDivisionError):
        return None


def reward(y: str, a: str) -> float:
    found = find(y)
    if found is None:
        return 0.0
    right = number(a)
    return float(found.strip() == a.strip() if right is None else number(found) == right)


def teaches(p: float, G: int) -> float:
    return 1 - p**G - (1 - p) ** G  # 一组里有对有错的机会 ‖ right and wrong ones in a group
