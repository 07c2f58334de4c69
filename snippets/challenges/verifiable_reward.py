"""这个判题函数用 `eval` 比较两个数：答案里写一段程序，它就执行；写错格式，训练就崩。改成：小数、分数（`a/b`）、带千位
逗号的整数按**精确的值**比较，其余一律算错，不执行任何东西，也不抛异常。

This judge compares two numbers by `eval`: a program in the answer is run, and a slip of form stops the training. Change
it: decimals, fractions (`a/b`) and whole numbers with commas between thousands are compared by their **exact** values;
all else is wrong; nothing is executed, nothing raised.
"""


# --8<-- [start:task]
def same(answer, truth):
    """Whether two numbers, as texts, are equal."""
    return abs(eval(answer) - eval(truth)) < 1e-3


print(same("1/2", "0.5"), same("0.333", "1/3"))
# --8<-- [end:task]


# --8<-- [start:answer]
import re
from fractions import Fraction


def number(text):
    text = text.strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text):
        text = text.replace(",", "")
    if not re.fullmatch(r"-?(\d+/\d+|\d+(\.\d+)?|\.\d+)", text):
        return None
    try:
        return Fraction(text)
    except ZeroDivisionError:
        return None


def same(answer, truth):
    """Whether two numbers, as texts, are equal."""
    found = number(answer)
    return found is not None and found == number(truth)


print(same("1/2", "0.5"), same("0.333", "1/3"))
# --8<-- [end:answer]


# --8<-- [start:check]
for one, other in (("1/2", "0.5"), ("2/4", "1/2"), ("-3", "-3.0"), (" 7 ", "7"), ("0.1", "1/10"), ("12", "12")):
    assert same(one, other), f"{one} 与 {other} 是同一个数 ‖ {one} and {other} are one number"
for one, other in (("0.333", "1/3"), ("3.14159", "3.1416"), ("1", "-1"), ("1/2", "2")):
    assert not same(one, other), (
        f"{one} 与 {other} 不是同一个数，接近也不行 ‖ {one} and {other} are not one number, close as they may be"
    )
try:
    assert same("1,234,567", "1234567"), "千位的逗号不改变数值 ‖ commas between thousands do not change a number"
    assert not same("1,2", "12"), "1,2 不是 12 ‖ 1,2 is not 12"
    for wrong in ("", "about 5", "1/0", "5 apples", "1//2", "(", "None", "1 2"):
        assert not same(wrong, "5"), f"{wrong!r} 不是数，应当算错 ‖ {wrong!r} is no number and should be wrong"
except AssertionError:
    raise
except Exception as error:
    raise AssertionError(
        f"不许抛异常，一个怪答案不该停下整个训练：{error!r} ‖ "
        f"nothing should be raised, an odd answer should not stop the training: {error!r}"
    ) from None
ran = []


def cheat():
    ran.append(True)
    return 5


try:
    cheated = same("cheat()", "5")
except Exception:
    cheated = False
assert not ran and not cheated, "答案里的程序被执行了 ‖ the program in the answer was run"
assert not same("2+3", "5"), "只认数，不认算式 ‖ numbers alone, no expressions"
# --8<-- [end:check]
