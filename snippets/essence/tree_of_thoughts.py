"""Tree of thoughts: propose, judge, keep the best b, and so on."""

from collections.abc import Callable, Hashable, Iterable

S = Hashable  # 一个状态 ‖ a state
Propose = Callable[[S], Iterable[tuple[str, S]]]  # 状态到后续的思路 ‖ a state to the thoughts that follow
Judge = Callable[[S], float]


def search(root: S, G: Propose, V: Judge, b: int, T: int) -> list[tuple[list[str], S]]:
    kept = [([], root)]  # S_0：只有问题本身 ‖ S_0: the problem itself
    for _ in range(T):
        found: dict[S, list[str]] = {}
        for thoughts, s in kept:
            for thought, s_next in G(s):  # 模型提出后续的思路 ‖ the model proposes next thoughts
                found.setdefault(s_next, [*thoughts, thought])  # 同一状态只留一条路 ‖ one way to each state
        best = sorted(found, key=V, reverse=True)[:b]  # 打分，留下最好的 b 个 ‖ judge, and keep the best b
        kept = [(found[s], s) for s in best]
    return kept
