"""Scores divided by √d_k, and how much gradient softmax then lets through."""

import torch


def scores(q, k):
    d_k = q.shape[-1]
    return q @ k.T / d_k**0.5  # 方差从 d_k 回到 1 ‖ variance d_k becomes 1


def gradient(s):
    p = s.softmax(dim=-1)
    J = torch.diag(p) - p[:, None] * p  # ∂p/∂s = diag(p) - p pᵀ
    return J.square().sum().sqrt()  # p 接近独热时趋于 0 ‖ near 0 where p is nearly one-hot


def saturation(q, k):
    s = scores(q, k)
    largest = s.softmax(dim=-1).amax(dim=-1)
    gradients = torch.stack([gradient(row) for row in s])
    return s.square().mean(), largest.mean(), gradients.mean()
