"""反过来问：要让最慢的一对在 L 个 token 之内恰好转一圈，底数 b 该取多大？

Asked the other way round: for which base b does the slowest pair turn exactly once within L tokens?
"""

# --8<-- [start:task]
import math


def base(d, L):  # d 是每头宽度 ‖ d: width of a head
    return 10000.0


def turns(d, b, L):  # 最慢的一对转几圈 ‖ how often the slowest pair turns
    return L * b ** (-(d - 2) / d) / (2 * math.pi)


for L in (4096, 32768, 131072):
    print(f"{L:6} tokens: base {base(128, L):9.0f}, {turns(128, base(128, L), L):.3f} turns")
# --8<-- [end:task]

# --8<-- [start:answer]
import math


def base(d, L):
    return (L / (2 * math.pi)) ** (d / (d - 2))  # L · b^(-(d-2)/d) = 2π


# --8<-- [end:answer]

# --8<-- [start:check]
import math

for d, L in ((128, 4096), (128, 131072), (64, 2048), (4, 1000)):
    slowest = base(d, L) ** (-(d - 2) / d)  # 第 d/2 - 1 对，每个 token 转的角
    around = L * slowest / (2 * math.pi)
    assert abs(around - 1) < 1e-6, (
        f"d={d}, L={L}：底数 {base(d, L):.0f} 时最慢的一对转了 {around:.3f} 圈，应当是 1 圈 ‖ "
        f"d={d}, L={L}: with base {base(d, L):.0f} the slowest pair turns {around:.3f} times, expected 1"
    )
# --8<-- [end:check]
