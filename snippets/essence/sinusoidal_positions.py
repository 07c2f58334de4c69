"""A vector of sines and cosines for each position m, and the step from m to m + k."""

import torch


def positions(m, d):
    θ = 10000.0 ** (-torch.arange(0, d, 2) / d)  # 从快到慢的钟 ‖ clocks from fast to slow
    p = torch.empty(len(m), d)
    p[:, 0::2] = (m[:, None] * θ).sin()
    p[:, 1::2] = (m[:, None] * θ).cos()
    return p


def add(x):
    T, d = x.shape
    return x * d**0.5 + positions(torch.arange(T), d)


def shift(p, k):
    sin, cos = p[:, 0::2], p[:, 1::2]
    q = positions(torch.tensor([k]), p.shape[1])
    sin_k, cos_k = q[:, 0::2], q[:, 1::2]  # 只依赖 k 的旋转 ‖ a rotation that depends on k alone
    pairs = [sin * cos_k + cos * sin_k, cos * cos_k - sin * sin_k]
    return torch.stack(pairs, dim=-1).flatten(1)
