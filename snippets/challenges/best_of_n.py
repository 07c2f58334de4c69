r"""`pass_at_k` 把「每个答案对的概率是 $c/N$」当真，又放回去抽了 $k$ 次，结果偏低。改成无偏的：从抽到的 $N$ 个里
不放回地取 $k$ 个，至少一个对的概率。要对每一组 $c$、$k$ 都对。

`pass_at_k` takes $c/N$ for the probability of a right answer and draws $k$ times with replacement: that is too low.
Give the probability that at least one is right among $k$ of the $N$ answers, drawn without replacement.
"""

# --8<-- [start:task]
from math import comb


def pass_at_k(N, c, k):  # c of N answers are right
    return 1 - (1 - c / N) ** k


print(pass_at_k(10, 3, 5), "C(10, 5) =", comb(10, 5))
# --8<-- [end:task]

# --8<-- [start:answer]
from math import comb


def pass_at_k(N, c, k):  # c of N answers are right
    return 1 - comb(N - c, k) / comb(N, k)


print(pass_at_k(10, 3, 5), "C(10, 5) =", comb(10, 5))
# --8<-- [end:answer]

# --8<-- [start:check]
from itertools import combinations

for N in range(1, 8):
    for c in range(N + 1):
        for k in range(1, N + 1):
            ways = list(combinations([True] * c + [False] * (N - c), k))
            expected = sum(any(way) for way in ways) / len(ways)
            found = pass_at_k(N, c, k)
            assert abs(found - expected) < 1e-9, (
                f"{N} 个答案里 {c} 个对，取 {k} 个：一一数过，{len(ways)} 种取法里至少一个对的占 {expected:.4f}，"
                f"现在是 {found:.4f} ‖ of {N} answers {c} are right, {k} are taken: in {expected:.4f} of the "
                f"{len(ways)} ways one is right, and this says {found:.4f}"
            )
# --8<-- [end:check]
