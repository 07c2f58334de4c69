r"""`quantize` 给整个矩阵一个尺度，一个离群值就让别的数都舍成 0。改成 MXFP4：每行连续 32 个数一块，尺度是 2 的幂
（块里最大数的指数减 2，因为 6 的指数是 2），元素是最近的 E2M1 数（一样近取尾数为偶数的，超出 6 的封顶）。
全 0 的块还是 0。

`quantize` has one scale for the matrix, so that one outlier rounds all else to 0. Make it MXFP4: a block is 32 numbers
of a row, its scale a power of two (the exponent of the block's largest number less 2, which is that of 6), its elements
are the nearest E2M1 numbers (of two the one with the even mantissa; beyond 6 it is 6). A block of zeros stays zero.
"""

# --8<-- [start:task]
import torch

LEVELS = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])  # E2M1


def quantize(x):  # (M, K) -> what the numbers became, (M, K)
    scale = x.abs().max() / 6
    nearest = (x.abs().unsqueeze(-1) / scale - LEVELS).abs().argmin(dim=-1)
    return x.sign() * LEVELS[nearest] * scale


x = torch.ones(1, 64)
x[0, 0] = 100.0
print(quantize(x)[0, [0, 1, 63]])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch

LEVELS = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])  # E2M1


def quantize(x):  # (M, K) -> what the numbers became, (M, K)
    blocks = x.view(x.shape[0], -1, 32)
    peak = blocks.abs().amax(dim=-1, keepdim=True)
    scale = (peak.clamp(min=1e-30).log2().floor() - 2).exp2()
    y = (blocks / scale).abs()
    step = y.clamp(min=1).log2().floor().exp2() / 2
    y = ((y / step).round() * step).clamp(max=6)
    return (blocks.sign() * y * scale).view_as(x)


x = torch.ones(1, 64)
x[0, 0] = 100.0
print(quantize(x)[0, [0, 1, 63]])
# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.fp8 import E2M1, dequantize_blocks, quantize_blocks

x = torch.ones(1, 64)
x[0, 0] = 100.0
found = quantize(x)[0]
assert found[63] == 1, "离群值只该影响它自己那一块 32 个数 ‖ an outlier must touch its own block of 32 alone"
assert found[0] == 96, (
    f"100 的指数是 6，尺度应当是 2⁴ = 16，100 / 16 封顶在 6，得 96，现在是 {found[0].item()} ‖ the exponent of 100 is "
    f"6, the scale 2⁴ = 16, and 100 / 16 becomes 6: 96, not {found[0].item()}"
)
assert quantize(torch.zeros(2, 32)).eq(0).all(), "全 0 的块要还是 0 ‖ a block of zeros must stay zero"
ties = torch.tensor([[6.0, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0] + [0.0] * 24])
even = torch.tensor([6.0, 0.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0])
assert torch.equal(quantize(ties)[0, :8], even), (
    f"一样近时取尾数为偶数的：应当是 {even.tolist()}，现在是 {quantize(ties)[0, :8].tolist()} ‖ of two that are as "
    f"near take the even mantissa: {even.tolist()}, not {quantize(ties)[0, :8].tolist()}"
)
torch.manual_seed(0)
x = torch.randn(3, 96) * torch.tensor([[1.0], [1e-6], [3e4]])
want = dequantize_blocks(*quantize_blocks(x, (1, 32), E2M1, power_of_two=True))
assert torch.equal(quantize(x), want), "与 MXFP4 不一致 ‖ this is not MXFP4"
# --8<-- [end:check]
