"""Tree of thoughts against exhaustive search over expressions written another way."""

import itertools
import random
from fractions import Fraction

import pytest

from snippets.essence import tree_of_thoughts as essence
from snippets.tree_of_thoughts import judge, propose, solutions, tree_of_thoughts

PUZZLES = [[4, 9, 10, 13], [3, 3, 8, 8], [1, 1, 1, 1], [1, 5, 5, 5], [2, 2, 2, 2]]


def fractions(*numbers):
    """A state."""
    return tuple(map(Fraction, numbers))


def values(numbers):
    """Everything the numbers can make: split them in two in every way, and join what the parts can make."""
    if len(numbers) == 1:
        return {numbers[0]}
    found = set()
    for size in range(1, len(numbers)):
        for chosen in itertools.combinations(range(len(numbers)), size):
            left = values(tuple(numbers[i] for i in chosen))
            right = values(tuple(numbers[i] for i in range(len(numbers)) if i not in chosen))
            for a, b in itertools.product(left, right):
                found |= {a + b, a - b, a * b} | ({a / b} if b else set())
    return found


def replay(numbers, equations):
    """What is left after the equations, each checked: its numbers are there, and it is right."""
    left = list(fractions(*numbers))
    for equation in equations:
        a, sign, b, _, result = equation.split()
        a, b, result = map(Fraction, (a, b, result))
        left.remove(a)
        left.remove(b)
        assert {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[sign] == result
        left.append(result)
    return left


@pytest.mark.parametrize("numbers", [(4, 9, 10), (1, 1, 7), (3, 8, 3), (6, 6, 6), (0, 5, 2)])
def test_exhaustive_search_reaches_what_splitting_in_two_reaches(numbers):
    reachable = values(fractions(*numbers))
    for target in range(-5, 60):
        assert bool(solutions(fractions(*numbers), target)) == (target in reachable)


@pytest.mark.parametrize("numbers", PUZZLES)
def test_with_nothing_dropped_the_search_is_exhaustive_and_its_equations_hold(numbers):
    equations, _ = tree_of_thoughts(numbers, breadth=10**6, opinions=1, judge=lambda *_: "maybe")
    assert bool(equations) == (24 in values(fractions(*numbers)))
    if equations:
        assert len(equations) == 3
        assert replay(numbers, equations) == [24]


@pytest.mark.parametrize("seed", range(3))
def test_what_a_narrow_search_finds_holds(seed):
    equations, _ = tree_of_thoughts([4, 9, 10, 13], breadth=5, seed=seed)
    assert replay([4, 9, 10, 13], equations) in ([24], [4, 9, 10, 13])
    assert tree_of_thoughts([4, 9, 10, 13], breadth=5, seed=seed)[0] == equations


def test_proposals_by_hand():
    """Of 2 and 3: 5, -1, 6, 2/3 and, the other way round, 5, 1, 6, 3/2. Nothing is divided by 0."""
    assert dict(propose(fractions(2, 3))) == {
        "2 + 3 = 5": (5,),
        "2 - 3 = -1": (-1,),
        "2 * 3 = 6": (6,),
        "2 / 3 = 2/3": (Fraction(2, 3),),
        "3 + 2 = 5": (5,),
        "3 - 2 = 1": (1,),
        "3 * 2 = 6": (6,),
        "3 / 2 = 3/2": (Fraction(3, 2),),
    }
    assert [equation for equation, _ in propose(fractions(0, 1)) if "/ 0" in equation] == []
    assert len(propose(fractions(0, 1))) == 7
    assert dict(propose(fractions(1, 5, 9)))["9 - 5 = 4"] == (1, 4)


@pytest.mark.parametrize(
    ("numbers", "opinion"),
    [
        ((24,), "sure"),
        ((23,), "impossible"),
        ((3, 8), "sure"),
        ((3, 7), "impossible"),
        ((1, 1, 1), "impossible"),  # (1 + 1)^3 = 8
        ((0, 1, 1), "impossible"),
        ((1, 1, 5), "impossible"),  # 2 · 2 · 6 = 24: the numerator stays below
        ((97, 98, 99), "impossible"),  # looks too large
        ((96, 97, 98), "maybe"),
        ((Fraction(1, 9), 1, 1), "maybe"),  # 1 / (1/9) + 1: the bound is for whole numbers
        ((-1, 1, 1), "maybe"),
    ],
)
def test_opinions_by_hand(numbers, opinion):
    assert judge(fractions(*numbers), 24, random.Random(0)) == opinion


def test_target_is_24_unless_another_is_given():
    assert [solutions(fractions(number)) for number in (24, 25)] == [1, 0]
    assert judge(fractions(3, 4), 12, random.Random(0)) == "sure"


def test_judge_plays_three_lines():
    """From three numbers a line is two choices; 9, 9 and 1 never make 24, so it plays all three lines."""
    choices = []

    class Counting(random.Random):
        def choice(self, options):
            choices.append(options)
            return super().choice(options)

    judge(fractions(9, 9, 1), 24, Counting(0))
    assert len(choices) == 6


def test_bound_rules_out_nothing_that_can_be_reached():
    for numbers in itertools.combinations_with_replacement(range(4), 3):
        reach = (numbers[0] + 1) * (numbers[1] + 1) * (numbers[2] + 1)
        assert max(values(fractions(*numbers))) < reach
        for target in range(1, 30):
            if judge(fractions(*numbers), target, random.Random(0)) == "impossible":
                assert reach <= target or min(numbers) > 4 * target


def test_judge_is_sure_only_of_what_can_be_reached_and_finds_it_by_trying():
    opinions = {judge(fractions(4, 6, 1), 24, random.Random(seed)) for seed in range(30)}
    assert opinions == {"sure", "maybe"}
    assert {judge(fractions(9, 9, 1), 24, random.Random(seed)) for seed in range(30)} == {"maybe"}


def test_states_that_look_best_are_kept():
    """A judge that likes one state alone: with b = 1 the search goes through it, wherever it leads."""

    def likes(wanted):
        return lambda numbers, *_: "sure" if numbers in (wanted, (24,)) else "maybe"

    good, bad = fractions(4, 6), fractions(3, 7)
    assert tree_of_thoughts([4, 3, 3], 1, judge=likes(good))[0] == ["3 + 3 = 6", "4 * 6 = 24"]
    assert tree_of_thoughts([4, 3, 3], 1, judge=likes(bad))[0] == []
    shuns = tree_of_thoughts(
        [4, 3, 3], 1, judge=lambda numbers, *_: "maybe" if numbers in (good, (24,)) else "impossible"
    )
    assert shuns[0] == ["3 + 3 = 6", "4 * 6 = 24"]


@pytest.mark.parametrize(("opinions", "equations"), [(20, ["3 + 3 = 6", "4 * 6 = 24"]), (21, [])])
def test_one_sure_opinion_weighs_as_much_as_twenty_maybes(opinions, equations):
    """Sure once and else impossible is 20 + 19 · 0.001 against 20 maybes, but 20 + 20 · 0.001 against 21."""
    good, opinion = fractions(4, 6), itertools.chain(["sure"], itertools.repeat("impossible"))

    def once(numbers, *_):
        return next(opinion) if numbers == good else "sure" if numbers == (24,) else "maybe"

    assert tree_of_thoughts([4, 3, 3], 1, opinions, judge=once)[0] == equations


def test_defaults_keep_five_states_and_ask_three_times():
    found = tree_of_thoughts([4, 9, 10, 13])
    assert found == tree_of_thoughts([4, 9, 10, 13], breadth=5, opinions=3, target=24, seed=0)
    assert found != tree_of_thoughts([4, 9, 10, 13], seed=1)


def test_last_equation_must_reach_the_target():
    assert tree_of_thoughts([4, 6], 1)[0] == ["4 * 6 = 24"]
    assert tree_of_thoughts([4, 7], 100)[0] == []
    assert tree_of_thoughts([4, 7], 1, target=11)[0] == ["4 + 7 = 11"]
    assert tree_of_thoughts([24], 1) == ([], 0)


def test_opinions_are_counted_once_for_states_that_are_the_same():
    """Of 2 and 3 come six states (5 and 6 twice); asked twice each, twelve opinions."""
    calls = []
    _, judged = tree_of_thoughts([2, 3], 1, opinions=2, judge=lambda *state: calls.append(state) or "maybe")
    assert judged == len(calls) == 12


@pytest.mark.parametrize("arguments", [([], 1, 1), ([1, 2], 0, 1), ([1, 2], 1, 0)])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="are none, or breadth"):
        tree_of_thoughts(*arguments)


@pytest.mark.parametrize("breadth", [1, 5])
def test_essence_is_the_module(breadth):
    def verdict(left, target=24, rng=None):  # an opinion that nobody has to guess
        if len(left) <= 2:
            return "sure" if solutions(left, target) else "impossible"
        return "sure" if max(left) < 14 and solutions(left, target) else "maybe"

    value = {"sure": 3.0, "maybe": 1.0, "impossible": 0.001}
    solved = 0
    for puzzle in ([4, 9, 10, 13], [4, 5, 6, 10], [2, 7, 8, 9], [1, 1, 1, 1]):
        root = tuple(sorted(fractions(*puzzle)))
        kept = essence.search(root, propose, lambda left: value[verdict(left)], b=breadth, T=3)
        shown = [thoughts for thoughts, left in kept if left == (24,)]
        assert tree_of_thoughts(puzzle, breadth, judge=verdict)[0] == (shown[0] if shown else [])
        solved += bool(shown)
    assert 0 < solved < 4
