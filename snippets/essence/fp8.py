"""FP8 and MXFP4: round to a short mantissa, under a scale for each block."""

import torch
from torch import Tensor


def round_to(x: Tensor, m: int, e_min: int, top: float) -> Tensor:  # E4M3: 3, -6, 448
    e = x.abs().clamp(min=2.0**e_min).log2().floor()  # 在哪个 2 的幂之上；太小的都算最低档 ‖ above which power of two
    step = 2.0 ** (e - m)  # 这里相邻两数的间隔 ‖ from one number to the next, here
    return ((x / step).round() * step).clamp(-top, top)  # 超出就封顶 ‖ beyond the largest, the largest


def quantize(x: Tensor, block: int = 128) -> tuple[Tensor, Tensor]:
    x = x.unflatten(-1, (-1, block))  # (M, K / b, b)
    s = x.abs().amax(-1, keepdim=True) / 448  # 每块一个尺度：最大的数正好用到头 ‖ the largest becomes the largest
    return round_to(x / s, 3, -6, 448.0), s


def matmul(x: Tensor, w: Tensor) -> Tensor:  # (M, K), (N, K) -> (M, N)
    (x, s), (w, t) = quantize(x), quantize(w)
    parts = torch.einsum("mbk,nbk->bmn", x, w)  # 块内用低位数乘 ‖ within a block: few bits
    return torch.einsum("bmn,mb,nb->mn", parts, s[..., 0], t[..., 0])  # 块间用 float32 加 ‖ across: float32
