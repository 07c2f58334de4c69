"""Equality against sympy on random expressions, and a list of answers that try to fool the judge."""

import itertools
import random

import pytest
import torch

from snippets.essence import verifiable_reward as essence
from snippets.verifiable_reward import accuracy_reward, extract_answer, format_reward, is_equal, teaches, value


def expressions(count, seed=0):
    """Random numbers as LaTeX and as sympy has them."""
    import sympy

    draw = random.Random(seed)

    def make(depth):
        kind = draw.choice(["number"] if depth == 0 else ["number", "frac", "sqrt", "sum", "product", "power", "minus"])
        if kind == "number":
            text = draw.choice(["1", "2", "3", "4", "6", "0.5", "1.25", r"\pi"])
            return text, sympy.pi if text == r"\pi" else sympy.Rational(text)
        if kind == "sqrt":
            text, number = make(0)
            return rf"\sqrt{{{text}}}", sympy.sqrt(number)
        left, a = make(depth - 1)
        if kind == "minus":
            return f"(-({left}))", -a
        if kind == "power":
            return f"({left})^{{2}}", a**2
        right, b = make(depth - 1)
        if kind == "frac":
            return (rf"\frac{{{left}}}{{{right}}}", a / b) if b != 0 else (left, a)
        return (f"({left})+({right})", a + b) if kind == "sum" else (rf"({left})\cdot({right})", a * b)

    return [make(3) for _ in range(count)]


def test_values_are_those_of_sympy():
    for text, number in expressions(120):
        found = value(text)
        assert found is not None, text
        if number.is_Rational and "sqrt" not in text and "pi" not in text:
            assert (found.numerator, found.denominator) == (number.p, number.q), text
        else:
            assert float(found) == pytest.approx(float(number), rel=1e-12), text


def test_equal_are_the_pairs_that_are_equal_for_sympy():
    """By sixty digits, where it has roots."""
    pairs = list(itertools.combinations(expressions(60, seed=1), 2))
    same = [bool(abs((a - b).evalf(60)) < 1e-50) for (_, a), (_, b) in pairs]
    assert 20 < sum(same) < len(same) / 2
    for ((one, _), (other, _)), expected in zip(pairs, same, strict=True):
        assert is_equal(one, other) == is_equal(other, one) == expected, (one, other)


SAME = [
    ("1/2", r"\frac{1}{2}"),
    ("0.5", r"\dfrac12"),
    (r"\tfrac{1}{2}", ".5"),
    (r"-\frac{3}{4}", "-0.75"),
    ("1,234", "1234"),
    ("1{,}234{,}567.5", "1234567.5"),
    (r"1\,234", "1234"),
    (r"12\text{ cm}", "12"),
    (r"12 \mathrm{kg}", "12"),
    (r"\$5", "5"),
    (r"50\%", "50"),
    (r"90^\circ", "90°"),
    (r"90^{\circ}", "90"),
    ("x = 5", "5"),
    ("5.", "5"),
    ("+5", "5"),
    ("−5", "-5"),
    (r"\sqrt{12}", r"2\sqrt{3}"),
    (r"\sqrt2", r"\sqrt{2}"),
    (r"2\pi", r"\pi\cdot 2"),
    (r"\pi(1+1)", r"2\pi"),
    (r"2(3+4)", "14"),
    (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}"),
    (r"\frac{\frac{1}{2}}{3}", r"\frac{1}{6}"),
    (r"3 \times 10^{2}", "300"),
    ("2^{-1}", "0.5"),
    ("(1, 2)", r"\left( 1, \frac{4}{2} \right)"),
    ("[0, 1)", "[0,1.0)"),
    ("1, 2", "2, 1"),
    (r"\{1, 2\}", "2,1"),
    ("1, 1, 2", "1, 2, 1"),
    (r"(1,2),(3,4)", "(3,4), (1,2)"),
    ("(B)", "B"),
    ("b", "B"),
    (r"\text{Monday}", "monday"),
    ("x^2 + 1", "x^2+1"),
    (r"3\frac{1}{2}", r"3\frac{1}{2}"),
    (r"\sqrt{4}", "2"),
    ("0", "-0"),
    (r"\pi\pi", r"\pi^2"),
    (r"\sqrt{2}\cdot\sqrt{2}", "2"),
    ("X", "x"),
    ("X = 5", "5"),
    ("X, 1", "1, X"),
]
OTHER = [
    ("0.333", r"\frac{1}{3}"),
    ("3.14159265", r"\pi"),
    ("1", "-1"),
    ("(1, 2)", "(2, 1)"),
    ("(0, 1)", "[0, 1]"),
    ("(0, 1)", "[0, 1)"),
    ("(1, 2)", "1, 2"),
    ("(1, 2)", "(1, 2, 3)"),
    ("1, 2", "1"),
    ("1, 1, 2", "1, 2, 2"),
    ("1,23", "123"),
    ("12,34", "1234"),
    (r"3\frac{1}{2}", "3.5"),
    (r"3\frac{1}{2}", "1.5"),
    ("", ""),
    ("", "0"),
    ("5", ""),
    ("50 or 60", "50"),
    ("5 cm", "5"),
    ("A", "(B)"),
    ("x^2", "x^3"),
    (r"\text{}", "0"),
    ("nan", "1"),
    ("1/0", "1/0.0"),
    ("5", "5x"),
    ("10000000000", "10000000001"),
    ("(0.5, 2)X", "(1/2, 2)X"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_right_answers_written_in_another_way_are_right(one, other):
    assert is_equal(one, other)
    assert is_equal(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_answers_are_wrong(one, other):
    assert not is_equal(one, other)
    assert not is_equal(other, one)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "print(1)",
        "9^9^9^9",
        "9**99",
        "2**3",
        "(-1)^{0.5}",
        "1/0",
        "0^{-1}",
        "(" * 150,
        "1" * 300,
        "+" * 199,
        "1e5",
        "1_0",
        "0x1",
        "1//2",
        "1 if 1 else 2",
        "1,2",
        "pi2",
        "1.(2)",
        "pi.pi",
        "(1)2",
        "007",
        "2^{65}",
        "1000001^2",
    ],
)
def test_what_is_no_number_is_not_evaluated(text):
    assert value(text) is None


def test_powers_up_to_a_limit():
    assert value("2^{64}") == 2**64
    assert value("1000000^2") == 10**12
    assert value("2^{-64}") == value(r"\frac{1}{2^{64}}")


def test_numbers_up_to_a_length():
    assert value("1" * 200) == int("1" * 200)
    assert value("1" * 201) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so \boxed{5}.", "5"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed {\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{4} and again \boxed{ 4.0 }", " 4.0 "),
        (r"\boxed{4}, no, \boxed{5}", None),
        (r"<think>\boxed{5}</think> I do not know", None),
        (r"<think>\boxed{5}", None),
        (r"<think>\boxed{4}</think>\boxed{5}", "5"),
        (r"\boxed{5} <think>\boxed{4}", "5"),
        (r"<think>a</think>\boxed{5}</think>", None),
        (r"\boxed{5", None),
        (r"\boxed{4} \boxed{5", "4"),
        ("the answer is 5", None),
        ("", None),
    ],
)
def test_answer_that_counts(text, found):
    assert extract_answer(text) == found


def test_rewards(device):
    completions = [r"<think>x</think>\boxed{0.5}", r"<think>\boxed{1/2}</think>?", r"\boxed{1/2}", r"\boxed{2}"]
    assert accuracy_reward(completions, ["1/2"] * 4).tolist() == [1, 0, 1, 0]
    assert accuracy_reward(completions[:2], ["2", "1/2"]).tolist() == [0, 0]
    assert format_reward(completions).tolist() == [1, 1, 0, 0]
    assert accuracy_reward([], []).dtype == format_reward([]).dtype == torch.float32
    with pytest.raises(ValueError, match="4 completions and 1 solutions"):
        accuracy_reward(completions, ["1"])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<think>a\nb</think>\nc\nd", True),
        ("  <think></think>c", True),
        ("<think>a</think>", False),
        ("<think>a</think> \n", False),
        ("a<think>b</think>c", False),
        ("<think>a</think>b<think>c</think>d", False),
        ("<think><think>a</think>b", False),
        ("<think>a</think>b</think>", False),
        ("<think>a", False),
        ("a", False),
    ],
)
def test_form(text, right):
    assert format_reward([text]).tolist() == [float(right)]


@pytest.mark.parametrize(("p", "G"), [(0.0, 4), (1.0, 4), (0.5, 1), (0.3, 2), (0.3, 5), (0.01, 8)])
def test_groups_that_teach_counted_over_all_outcomes(p, G):
    expected = 0.0
    for outcome in itertools.product([True, False], repeat=G):
        if len(set(outcome)) == 2:
            right = sum(outcome)
            expected += p**right * (1 - p) ** (G - right)
    assert teaches(p, G) == pytest.approx(expected, abs=1e-12)


def test_essence_gives_what_the_module_gives():
    texts = [
        r"\boxed{0.5}",
        r"\boxed{1/2} \boxed{1/2}",
        r"\boxed{1} \boxed{2}",
        r"<think>\boxed{1/2}</think>",
        r"<think>\boxed{1}</think>\boxed{2/4}",
        r"\boxed{1,234}",
        r"\boxed{B}",
        r"\boxed{1/0}",
        "1/2",
    ]
    for truth in ("1/2", "1234", "B"):
        expected = accuracy_reward(texts, [truth] * len(texts)).tolist()
        assert [essence.reward(text, truth) for text in texts] == expected
    assert essence.teaches(0.3, 5) == teaches(0.3, 5)
