r"""`levels` 给出均匀的格点。把它改成 **NF**：$2^{b}$ 个格点放在正态分布的分位数上，0 是其中之一。
做法与 NF4 相同：最外面的概率 $p_{\max}=1-\frac12\bigl(\frac1{2(2^b-1)}+\frac1{2\cdot2^b}\bigr)$；
从 $p_{\max}$ 到 0.5（不含）等分，正的取 $2^{b-1}$ 个，负的取 $2^{b-1}-1$ 个；都除以最大的，从小到大排。

`levels` are even. Make them those of **NF**: $2^b$ levels at quantiles of a normal distribution, 0 among them.
As in NF4, the outermost probability is $p_{\max}=1-\frac12\bigl(\frac1{2(2^b-1)}+\frac1{2\cdot2^b}\bigr)$; even
steps of probability lead from it towards 0.5, $2^{b-1}$ above and $2^{b-1}-1$ below; all divided by the
largest, in rising order.
"""

# --8<-- [start:task]
from statistics import NormalDist

import torch


def levels(bits):  # -> (2 ** bits,)
    return torch.linspace(-1, 1, 2**bits)


print(levels(3))
# --8<-- [end:task]


# --8<-- [start:answer]
from statistics import NormalDist

import torch


def levels(bits):  # -> (2 ** bits,)
    count, quantile = 2**bits, NormalDist().inv_cdf
    most = 1 - (1 / (2 * (count - 1)) + 1 / (2 * count)) / 2
    above, below = count // 2, count // 2 - 1
    found = [quantile(most + (0.5 - most) * step / above) for step in range(above)]
    found += [-quantile(most + (0.5 - most) * step / below) for step in range(below)]
    return torch.tensor(sorted([*found, 0.0])) / quantile(most)


print(levels(3))
# --8<-- [end:answer]


# --8<-- [start:check]
from snippets.qlora import nf4_levels

for bits in (3, 2, 4):
    found = levels(bits)
    assert found.shape == (2**bits,), (
        f"{bits} 位应当有 {2**bits} 个格点，现在是 {tuple(found.shape)} ‖ "
        f"{bits} bits should have {2**bits} levels, got {tuple(found.shape)}"
    )
    assert (found.diff() > 0).all(), (
        f"{bits} 位：格点应当从小到大，互不相同 ‖ {bits} bits: levels should ascend, each different"
    )
    assert (found == 0).any(), f"{bits} 位：0 必须恰好是一个格点 ‖ {bits} bits: 0 must be exactly one of the levels"
    assert abs(found[0].item() + 1) < 1e-6 and abs(found[-1].item() - 1) < 1e-6, (
        f"{bits} 位：两端应当是 -1 与 1 ‖ {bits} bits: the ends should be -1 and 1"
    )
    above = int((found > 0).sum())
    assert above == 2 ** (bits - 1), (
        f"{bits} 位：正的应当有 {2 ** (bits - 1)} 个，现在是 {above} 个 ‖ "
        f"{bits} bits: {2 ** (bits - 1)} levels should be positive, got {above}"
    )
assert torch.allclose(levels(4), nf4_levels(), atol=1e-5), (
    "4 位时应当就是 NF4 的格点 ‖ 4 bits should give the levels of NF4"
)
want = torch.tensor([-1.0, -0.535, -0.247, 0.0, 0.183, 0.382, 0.623, 1.0])
assert torch.allclose(levels(3), want, atol=2e-3), (
    f"3 位时应当约为 -1、-0.535、-0.247、0、0.183、0.382、0.623、1，现在是 {levels(3).tolist()} ‖ "
    f"3 bits should give about -1, -0.535, -0.247, 0, 0.183, 0.382, 0.623, 1, got {levels(3).tolist()}"
)
torch.manual_seed(0)
x = torch.randn(200, 64)
x = x / x.abs().amax(1, keepdim=True)


def error(q):
    """Mean squared distance to the nearest level."""
    return (x[..., None] - q).abs().amin(-1).square().mean().item()


assert error(levels(3)) < error(torch.linspace(-1, 1, 8)), (
    "正态的权重上，误差应当比均匀的格点小 ‖ on normal weights the error should be smaller than with even levels"
)
# --8<-- [end:check]
