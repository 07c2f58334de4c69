"""Process reward: rollouts label the steps, the steps' scores make one, and progress is what a step gained."""

from math import prod


def step_labels(outcomes, hard=False):  # 每一步之后续写 K 次的对错 ‖ right or not, K rollouts after each step
    if hard:
        return [max(o) for o in outcomes]  # 只要有一次对 ‖ whether one was right
    return [sum(o) / len(o) for o in outcomes]  # 对的比例，V 的无偏估计 ‖ their share, V without bias


def first_error(reachable, S):  # 一错就再也到不了：可以二分 ‖ once wrong, always wrong: search by halves
    low, high = 0, S + 1
    while high - low > 1:
        t = (low + high) // 2
        low, high = (t, high) if reachable(t) else (low, t)
    return high


def solution_score(p, how):  # 各步的分合成一个 ‖ the steps' scores, as one
    return {"min": min(p), "product": prod(p), "last": p[-1], "mean": sum(p) / len(p)}[how]


def progress(V, V0):  # 每一步让胜算多了多少 ‖ by how much each step raised the chances
    return [after - before for before, after in zip([V0, *V], V, strict=False)]
