r"""Verifiable rewards: a program says whether an answer is right, and it must not be fooled

Where an answer can be checked, no reward model is needed, and none can be flattered: find the answer in what was
written, compare it with the right one, give 1 or 0 (RLVR). The difficulty is in two words, find and compare. What is
too strict calls right answers wrong (1/2, 0.5, \frac{1}{2}); what is too lenient is found out by training, which looks
for nothing else.

$$
r(y)=[\,\mathrm{find}(y)\equiv a\,]+w\,[\,y\ \text{is well-formed}\,],\qquad
\Pr(\text{a group teaches})=1-p^G-(1-p)^G
$$

Papers: [DeepSeek-R1](https://arxiv.org/abs/2501.12948v1), section 2.2.2 of its first version (rewards by rules);
[Tulu 3](https://arxiv.org/abs/2411.15124) (RLVR); answers are written as in [MATH](https://arxiv.org/abs/2103.03874).

Letters: `N` completions, `G` of them for one question, `p` how likely one is right.
"""

import ast
import math
import operator
import re
from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


# --8<-- [start:core]
def extract_answer(text: str) -> str | None:
    r"""What stands in the last `\boxed{...}` behind the thoughts, its braces balanced; None if there is none.

    Two boxes that say different things are no answer: one of them may be right by chance.
    """
    text, found = text.rpartition("</think>")[2].partition("<think>")[0], []
    for match in re.finditer(r"\\boxed\s*\{", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth == 0:
            found.append(text[match.end() : end - 1])
    return found[-1] if found and all(is_equal(one, found[-1]) for one in found) else None


def is_equal(answer: str, truth: str) -> bool:
    """Whether two answers are the same: numbers by value, pairs and lists part by part, other things by their letters.

    Lists without brackets, or in braces, have no order. Numbers without roots and pi are compared exactly: 0.333 is not
    a third. Units and the signs of per cent and degrees do not count.
    """
    (bracket, ours), (other, theirs) = _parts(answer), _parts(truth)
    if bracket != other or len(ours) != len(theirs):  # [0, 1) is not (0, 1)
        return False
    if not bracket:
        for part in ours:
            place = next((place for place, one in enumerate(theirs) if _same(part, one)), None)
            if place is None:
                return False
            theirs.pop(place)
    return not bracket or all(map(_same, ours, theirs))


def value(text: str) -> Fraction | float | None:
    r"""A number in digits, + - * / ^, fractions, roots and pi; None for anything else. Nothing is executed.

    `3\frac{1}{2}` is none: it may be meant as a sum or as a product.
    """
    text, before = re.sub(r"\s", "", re.sub(r"\\cdot|\\times", "*", text)), ""
    if len(text) > 200 or re.search(r"\d\\frac", text):
        return None
    while text != before:  # from the inside to the outside
        before, text = text, re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", re.sub(r"\\sqrt\{([^{}]*)\}", r"((\1)^(1/2))", text))
    text = re.sub(r"(?<=[\d)])(?=pi|\()|(?<=pi)(?=pi|\()", "*", text.replace(r"\pi", "pi"))
    if not re.fullmatch(r"(?:[\d.+\-*/()^]|pi)+", text) or "**" in text:
        return None
    try:
        return _evaluate(ast.parse(text.replace("^", "**"), mode="eval").body)
    except (SyntaxError, KeyError, ValueError, ArithmeticError, TypeError):
        return None


def accuracy_reward(completions: Sequence[str], solution: Sequence[str]) -> Tensor:
    """1 where the answer of a completion is its solution, else 0, `(N,)`.

    Raises:
        ValueError: If there are not as many of both.
    """
    if len(completions) != len(solution):
        raise ValueError(f"{len(completions)} completions and {len(solution)} solutions")
    answers = [extract_answer(text) for text in completions]
    return torch.tensor([float(one is not None and is_equal(one, a)) for one, a in zip(answers, solution, strict=True)])


def format_reward(completions: Sequence[str]) -> Tensor:
    """1 for thoughts in `<think>...</think>`, once and at the beginning, and something behind them, else 0, `(N,)`."""
    form = re.compile(r"\s*<think>((?!</?think>).)*</think>\s*\S((?!</?think>).)*", re.DOTALL)
    return torch.tensor([float(form.fullmatch(text) is not None) for text in completions])


def teaches(p: float, G: int) -> float:
    """How likely `G` answers, each right with `p`, are not all alike; if they are, their advantages are 0."""
    return 1 - p**G - (1 - p) ** G


def _evaluate(node: ast.expr) -> Fraction | float:
    """The number of an expression, exact as far as it is rational."""
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left), _evaluate(node.right)
        if not isinstance(node.op, ast.Pow):
            return OPERATIONS[type(node.op)](left, right)
        if abs(right) > 64 or abs(left) > 1e6:
            raise ValueError("a power that may take for ever")
        power = left**right
        if isinstance(power, complex):
            raise ValueError("a root of a negative number")
        return power
    if isinstance(node, ast.UnaryOp):
        return -_evaluate(node.operand) if isinstance(node.op, ast.USub) else _evaluate(node.operand)
    if isinstance(node, ast.Constant):
        return Fraction(repr(node.value))
    if isinstance(node, ast.Name) and node.id == "pi":
        return math.pi
    raise ValueError("neither a number nor pi")


def _parts(text: str) -> tuple[str, list[str]]:
    """The brackets around an answer, and its parts, without what does not change them."""
    text = re.sub(r"\\left|\\right|\\[!,;: $%]|[$%°]|\^\{?\\circ\}?", "", text.replace("{,}", ",")).replace("−", "-")
    text = re.sub(r"\\[dt]frac", r"\\frac", re.sub(r"\\([{}])", r"\1", text)).strip().rstrip(".")
    text = re.sub(r"^[A-Za-z]\s*=", "", text)
    text = re.sub(r"(?<=\S)\s*\\(?:text|mathrm)\{[^{}]*\}$", "", text)  # a unit
    text = re.sub(r"\\(?:text|mathrm)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", re.sub(r"\\sqrt(\d)", r"\\sqrt{\1}", text)).strip()
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return "", [text.replace(",", "")]
    parts = _split(text)
    inside = _split(text[1:-1]) if len(parts) == 1 and text[:1] in ("(", "[", "{") and text[-1] in ")]}" else []
    if len(inside) < 2:
        return "", parts
    return (text[0] + text[-1]).replace("{}", ""), inside


def _split(text: str) -> list[str]:
    """What stands between commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _same(one: str, other: str) -> bool:
    """Whether two parts are the same number or, if they are none, the same letters."""
    ours, theirs = value(one), value(other)
    if ours is None or theirs is None:
        words = [re.sub(r"\s", "", text).lower() for text in (one, other)]
        words = [word[1:-1] if re.fullmatch(r"\([a-z]\)", word) else word for word in words]  # (B) is B
        return ours is theirs and words[0] == words[1] != ""
    exact = isinstance(ours, Fraction) and isinstance(theirs, Fraction)
    return ours == theirs if exact else math.isclose(ours, theirs)


# --8<-- [end:core]


def demo() -> None:
    """What is found, and whether it is 1/2."""
    for text in (r"\boxed{\frac{1}{2}}", r"\boxed{0.5}", r"\boxed{.333}", "1/2", r"\boxed{1/2} or \boxed{2}"):
        print(f"{text:26} found {extract_answer(text)!s:12} reward {accuracy_reward([text], ['1/2']).item():.0f}")


if __name__ == "__main__":
    demo()
