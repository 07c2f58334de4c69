r"""Tree of thoughts: breadth-first search on the game of 24

A chain of thought is written once, from left to right; a wrong first step cannot be taken back. A tree of thoughts
lets the model propose several next steps, has it judge how far each one can lead, and keeps the most promising. In
the game of 24 a thought is one equation: three of them turn four numbers into 24.

$$
S_t = \operatorname*{arg\,top\text{-}b}_{s \in \{ s' + z \,:\, s' \in S_{t-1},\, z \in G(s') \}} V(s)
$$

Paper: [Tree of Thoughts](https://arxiv.org/abs/2305.10601), algorithm 1 and section 4.1. The judge here is a program,
which knows some things and guesses others, in place of the language model.

Letters: `S_t` the states kept after `t` steps, `b` how many; `G` proposes thoughts, `V` judges states.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations

# --8<-- [start:core]
Numbers = tuple[Fraction, ...]
SURE, MAYBE, IMPOSSIBLE = 20.0, 1.0, 0.001  # what the paper's code gives each word


def propose(numbers: Numbers) -> list[tuple[str, Numbers]]:
    """Every thought that follows: an equation of two of the numbers, and what is left, smallest first."""
    thoughts = {}
    for i, j in combinations(range(len(numbers)), 2):
        rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
        for a, b in ((numbers[i], numbers[j]), (numbers[j], numbers[i])):
            results = {f"{a} + {b}": a + b, f"{a} - {b}": a - b, f"{a} * {b}": a * b}
            if b != 0:
                results[f"{a} / {b}"] = a / b
            for equation, result in results.items():
                thoughts.setdefault(f"{equation} = {result}", tuple(sorted([*rest, result])))
    return list(thoughts.items())


def solutions(numbers: Numbers, target: int = 24) -> int:
    """How many ways through the whole tree end at `target`: exhaustive search."""
    if len(numbers) == 1:
        return int(numbers[0] == target)
    return sum(solutions(left, target) for _, left in propose(numbers))


def judge(numbers: Numbers, target: int, rng: random.Random) -> str:
    """One opinion of a state: sure, maybe or impossible.

    One or two numbers are worked out. Of three or more it rules out what is too small to get there and, like a person
    in a hurry, what looks too large; else it plays three lines at random, and is sure if one of them gets there.
    """
    if len(numbers) <= 2:
        return "sure" if solutions(numbers, target) else "impossible"
    reach = 1
    for number in numbers:
        reach *= number + 1  # whole numbers never make a fraction p / q with p + q above this
    if all(number >= 0 and number.denominator == 1 for number in numbers) and reach <= target:
        return "impossible"
    if min(numbers) > 4 * target:
        return "impossible"
    for _ in range(3):
        left = numbers
        while len(left) > 1:
            left = rng.choice(propose(left))[1]
        if left[0] == target:
            return "sure"
    return "maybe"


def tree_of_thoughts(
    numbers: list[int],
    breadth: int = 5,
    opinions: int = 3,
    target: int = 24,
    seed: int = 0,
    judge: Callable[[Numbers, int, random.Random], str] = judge,
) -> tuple[list[str], int]:
    """Search breadth first, keeping the `breadth` states that look best after each step.

    Args:
        numbers: What to start from; the game has four.
        breadth: `b`, at least 1; the paper takes 1 and 5.
        opinions: How often each state is judged, at least 1; the paper takes 3.
        target: What to reach.
        seed: Of the judge's guesses.
        judge: Numbers, target and a source of randomness to "sure", "maybe" or "impossible".

    Returns:
        The equations of a solution; empty if none was found.
        How many states were judged: what the search costs in calls of a model.

    Raises:
        ValueError: If there are no numbers, or `breadth` or `opinions` is below 1.
    """
    if not numbers or breadth < 1 or opinions < 1:
        raise ValueError(f"numbers {numbers} are none, or breadth {breadth} or opinions {opinions} is below 1")
    rng, weights = random.Random(seed), {"sure": SURE, "maybe": MAYBE, "impossible": IMPOSSIBLE}
    states: list[tuple[list[str], Numbers]] = [([], tuple(sorted(map(Fraction, numbers))))]
    judged = 0
    for _ in range(len(numbers) - 1):
        values: dict[Numbers, tuple[float, list[str]]] = {}  # the same numbers by another way are the same state
        for equations, left in states:
            for equation, following in propose(left):
                if following not in values:
                    value = sum(weights[judge(following, target, rng)] for _ in range(opinions))
                    values[following] = value, [*equations, equation]
                    judged += opinions
        best = sorted(values.items(), key=lambda item: -item[1][0])[:breadth]
        states = [(equations, left) for left, (_, equations) in best]
    found = [equations for equations, left in states if left == (target,)]
    return (found[0] if found else []), judged


# --8<-- [end:core]


def demo() -> None:
    """One state per step often misses what five find; the whole tree is far larger than what they look at."""
    for numbers in ([4, 9, 10, 13], [3, 3, 8, 8], [1, 1, 1, 1]):
        for breadth in (1, 5):
            equations, judged = tree_of_thoughts(numbers, breadth)
            print(f"{numbers}, b = {breadth}: {', '.join(equations) or 'not found'} ({judged} opinions)")


if __name__ == "__main__":
    demo()
