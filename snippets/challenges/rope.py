"""有的模型（GLM、Phi）只转每个头的前 r 维，其余不动。改写 rope：频率按 r 算，前 r 维里前后两半配对。

Some models (GLM, Phi) turn only the first r features of a head and leave the others. Rewrite rope so: frequencies by
r, pairs from the two halves of the first r.
"""

# --8<-- [start:task]
import torch


def rope(x, m, r):  # (T, d), (T,)；r 是偶数 ‖ (T, d), (T,); r is even
    d = x.shape[-1]
    angle = m[:, None] * 10000.0 ** (-torch.arange(0, d, 2) / d)
    cos, sin = angle.cos(), angle.sin()
    a, c = x.chunk(2, dim=-1)
    return torch.cat([a * cos - c * sin, a * sin + c * cos], dim=-1)


print(rope(torch.ones(3, 8), torch.arange(3), r=4))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def rope(x, m, r):
    turned, kept = x[..., :r], x[..., r:]
    angle = m[:, None] * 10000.0 ** (-torch.arange(0, r, 2) / r)
    cos, sin = angle.cos(), angle.sin()
    a, c = turned.chunk(2, dim=-1)
    return torch.cat([a * cos - c * sin, a * sin + c * cos, kept], dim=-1)


# --8<-- [end:answer]

# --8<-- [start:check]
import math

for d, r in ((8, 4), (6, 2), (8, 8), (10, 6)):
    x, m = torch.randn(5, d), torch.tensor([0, 1, 2, 7, 50])
    y = rope(x, m, r)
    assert tuple(y.shape) == (5, d), (
        f"形状应当是 (5, {d})，得到 {tuple(y.shape)} ‖ the shape should be (5, {d}), got {tuple(y.shape)}"
    )
    assert torch.allclose(y[:, r:], x[:, r:], atol=1e-5), (
        f"d={d}, r={r}：第 {r} 维起不该动 ‖ d={d}, r={r}: from dimension {r} on nothing should move"
    )
    for t, position in enumerate(m.tolist()):
        for i in range(r // 2):
            angle = position * 10000.0 ** (-2 * i / r)
            a, c = x[t, i].item(), x[t, i + r // 2].item()
            real, imaginary = y[t, i].item(), y[t, i + r // 2].item()
            right = abs(real - (a * math.cos(angle) - c * math.sin(angle))) < 1e-4
            right = right and abs(imaginary - (a * math.sin(angle) + c * math.cos(angle))) < 1e-4
            assert right, (
                f"d={d}, r={r}：位置 {position} 的第 {i} 对应当转 {angle:.4f} 弧度（频率用的是 r 吗？） ‖ "
                f"d={d}, r={r}: at position {position} pair {i} should turn by {angle:.4f} rad (do the "
                "frequencies use r?)"
            )
# --8<-- [end:check]
