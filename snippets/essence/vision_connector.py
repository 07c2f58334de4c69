"""Vision connector: fewer and longer vectors, an MLP, and their places in the text."""

import torch
import torch.nn.functional as F


def pixel_shuffle(v, s):  # v: (M, N, V) -> (M, N/s², V·s²)
    M, N, V = v.shape
    side = round(N**0.5)
    v = v.view(M, side // s, s, side // s, s, V).transpose(2, 3)  # 一个 s×s 方块的凑到一起 ‖ those of a square together
    return v.reshape(M, N // s**2, V * s**2)


def project(v, W1, b1, W2, b2):  # 到语言模型的宽度 ‖ to the language model's width
    return F.gelu(v @ W1.T + b1) @ W2.T + b2


def merge(ids, x, h, image):  # x: (B, T, C)，h: (M, N, C) ‖ x: (B, T, C), h: (M, N, C)
    holds = ids == image
    j = (holds.flatten().cumsum(0) - 1).view_as(ids)  # 是第几个占位符 ‖ the how many-th placeholder
    return torch.where(holds.unsqueeze(-1), h.flatten(0, 1)[j], x)
