"""Symmetric absmax quantization in groups, and two 4-bit numbers in a byte."""

import torch
from torch import Tensor


def quantize(x: Tensor, b: int, G: int) -> tuple[Tensor, Tensor]:
    x = x.float().unflatten(-1, (-1, G))  # 每 G 个权重一组；在 float32 里算 ‖ groups of G weights, in float32
    s = x.abs().amax(dim=-1, keepdim=True) / (2 ** (b - 1) - 1)  # 最大的正好到头 ‖ the largest just fits
    q = (x / s).round()  # 误差不超过 s/2 ‖ off by s / 2 at most
    return q.to(torch.int8), s


def dequantize(q: Tensor, s: Tensor) -> Tensor:
    return (s * q).flatten(-2)


def pack(q: Tensor) -> Tensor:
    low, high = q[..., 0::2] & 0xF, q[..., 1::2] & 0xF  # 各留 4 位 ‖ 4 bits of each
    return low.to(torch.uint8) | (high.to(torch.uint8) << 4)
