"""改成深度优先、能回溯：现在的代码每一步只走裁判最看好的一条，走不通就放弃。请在判为 impossible 的地方剪枝，
走到死路就退回去换一条，直到找到解；真的无解时返回 None。

Make it depth-first, with backtracking: the code follows the judge's favourite and gives up at a dead end. Prune what
is judged impossible, go back from a dead end and try the next, until a solution is found; return None where there is
none.
"""

# --8<-- [start:task]
import random
from fractions import Fraction

from snippets.tree_of_thoughts import judge, propose

rank = {"sure": 0, "maybe": 1, "impossible": 2}.get


def search(numbers, rng):
    """A tuple of fractions to the equations that make 24, or None."""
    if len(numbers) == 1:
        return [] if numbers == (24,) else None
    thoughts = sorted(propose(numbers), key=lambda thought: rank(judge(thought[1], 24, rng)))
    equation, left = thoughts[0]
    rest = search(left, rng)
    return None if rest is None else [equation, *rest]


for puzzle in ([4, 9, 10, 13], [3, 3, 8, 8]):
    print(puzzle, search(tuple(map(Fraction, puzzle)), random.Random(0)))
# --8<-- [end:task]

# --8<-- [start:answer]
import random
from fractions import Fraction

from snippets.tree_of_thoughts import judge, propose

rank = {"sure": 0, "maybe": 1, "impossible": 2}.get


def search(numbers, rng):
    """A tuple of fractions to the equations that make 24, or None."""
    if len(numbers) == 1:
        return [] if numbers == (24,) else None
    judged = [(rank(judge(left, 24, rng)), equation, left) for equation, left in propose(numbers)]
    for verdict, equation, left in sorted(judged, key=lambda item: item[0]):
        if verdict < 2:
            rest = search(left, rng)
            if rest is not None:
                return [equation, *rest]
    return None


# --8<-- [end:answer]

# --8<-- [start:check]
import random
from fractions import Fraction

from snippets import tree_of_thoughts as module

asked = []


def judge(numbers, target, rng):
    asked.append(numbers)
    return module.judge(numbers, target, rng)


for puzzle, solvable in (([4, 9, 10, 13], True), ([2, 7, 8, 9], True), ([3, 3, 8, 8], True), ([1, 1, 1, 1], False)):
    numbers = tuple(map(Fraction, puzzle))
    asked.clear()
    found = search(numbers, random.Random(4))
    if not solvable:
        assert found is None, f"{puzzle} 无解，应返回 None，不是 {found}"
        assert len(asked) < 60, "1 1 1 1 第一步之后就都是 impossible：剪掉，不要再往下走"
        continue
    assert found, f"{puzzle} 有解，却没有找到：一条路不通要退回来，换下一条"
    for equation in found:
        following = dict(module.propose(numbers))
        assert equation in following, f"{puzzle}：从 {[str(n) for n in numbers]} 出发没有 {equation} 这一步"
        numbers = following[equation]
    assert numbers == (24,), f"{puzzle}：走完之后剩下 {[str(n) for n in numbers]}，不是 24"
# --8<-- [end:check]
