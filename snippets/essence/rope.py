"""Turn each pair of features by its angle m θ_i."""

import torch


def rope(x, m, b=10000.0):
    d = x.shape[-1]
    θ = b ** (-torch.arange(0, d, 2) / d)  # 每对一个速度，从 1 到约 1/b ‖ a speed for each pair, from 1 to about 1/b
    angle = m[:, None] * θ
    cos, sin = angle.cos(), angle.sin()
    a, c = x[..., : d // 2], x[..., d // 2 :]  # 前后两半配成对：a + i c ‖ the halves make the pairs, a + i c
    return torch.cat([a * cos - c * sin, a * sin + c * cos], dim=-1)


def score(q, k, m, n):
    return (rope(q, m) * rope(k, n)).sum(dim=-1)  # 角度相减：只看 m - n ‖ angles subtract: only m - n is left
