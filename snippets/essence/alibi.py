"""Scores lose m for every step back."""

import torch


def alibi(Q, K, V):
    n, T, d_k = Q.shape
    m = 2.0 ** (-8 * torch.arange(1, n + 1) / n)  # 每个头一个斜率 ‖ one slope for each head
    i, j = torch.arange(T)[:, None], torch.arange(T)
    distance = i - j
    S = Q @ K.transpose(-2, -1) / d_k**0.5
    S = S - m[:, None, None] * distance  # 缩放之后再减分 ‖ subtracted after scaling
    S = S.masked_fill(distance < 0, -torch.inf)  # 未来不许看 ‖ the future is hidden
    return S.softmax(dim=-1) @ V
