"""key 分在两台机器上，各自算出最大分数 m、指数和 l、加权和 o。把两份合成一份，使 o / l 等于一次算完的结果。

The keys of a long text lie on two machines; each computes (m, l, o): largest score, sum of exponentials and weighted
sum, both relative to its own m. Merge the two into one, so that o / l is the attention computed at once.
"""

# --8<-- [start:task]
import torch


def part(s, v):  # 一台机器：分数 (S,)，值 (S, D) ‖ one machine: scores (S,), values (S, D)
    m = s.max()
    p = (s - m).exp()
    return m, p.sum(), p @ v


def merge(first, second):
    (m1, l1, o1), (_, l2, o2) = first, second
    return m1, l1 + l2, o1 + o2


s, v = torch.tensor([1.0, 3.0, 2.0, 5.0]), torch.tensor([[10.0], [20.0], [30.0], [40.0]])
_, total, o = merge(part(s[:2], v[:2]), part(s[2:], v[2:]))
print("merged", o / total, "at once", s.softmax(dim=0) @ v)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def part(s, v):
    m = s.max()
    p = (s - m).exp()
    return m, p.sum(), p @ v


def merge(first, second):
    (m1, l1, o1), (m2, l2, o2) = first, second
    m = torch.maximum(m1, m2)
    a, b = (m1 - m).exp(), (m2 - m).exp()  # 都换到新的基准，不会溢出 ‖ both to the new base: no overflow
    return m, a * l1 + b * l2, a * o1 + b * o2


# --8<-- [end:answer]

# --8<-- [start:check]
for size, cut in ((1.0, 3), (1.0, 7), (20.0, 1), (500.0, 5)):
    scores, values = size * torch.randn(8), torch.randn(8, 3)
    whole = scores.softmax(dim=0) @ values
    for order in (0, 1):
        halves = [part(scores[:cut], values[:cut]), part(scores[cut:], values[cut:])]
        m, total, o = merge(*(halves[::-1] if order else halves))
        assert bool(torch.isfinite(o / total).all()), (
            f"分数有 {size:.0f} 那么大时得到 {o / total}：基准要取两个 m 里大的 ‖ "
            f"scores as large as {size:.0f} gave {o / total}: take the larger of both m as the base"
        )
        assert torch.allclose(o / total, whole, atol=1e-4), (
            f"分数约 {size:.0f}、在第 {cut} 个切开：应当是 {whole}，得到 {o / total} ‖ "
            f"scores of about {size:.0f}, cut at {cut}: expected {whole}, got {o / total}"
        )
        assert abs((m - scores.max()).item()) < 1e-4, (
            f"合并后的 m 应当是全部分数的最大值 {scores.max():.3f}，得到 {m:.3f} ‖ "
            f"the merged m should be the maximum of all scores {scores.max():.3f}, got {m:.3f}"
        )
pieces = [part(scores[i : i + 2], values[i : i + 2]) for i in range(0, 8, 2)]
_, total, o = merge(merge(pieces[0], pieces[1]), merge(pieces[2], pieces[3]))
assert torch.allclose(o / total, whole, atol=1e-4), (
    "四份两两合并，也应当等于一次算完：l、o 要以合并后的 m 为基准 ‖ "
    "four parts merged in pairs should equal one pass too: l and o are relative to the merged m"
)
# --8<-- [end:check]
