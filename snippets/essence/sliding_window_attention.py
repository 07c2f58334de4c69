"""Sliding-window attention: a window, tokens kept for good, and a learned place to rest."""

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, w: int, n_sink: int, b: Tensor) -> Tensor:  # q, k, v: (H, T, D)
    H, T, D = q.shape
    i, j = torch.arange(T)[:, None], torch.arange(T)
    window = (j <= i) & ((j > i - w) | (j < n_sink))  # 最近 w 个，加最前面几个 ‖ the last w, and the first few
    s = (q @ k.transpose(-1, -2) / D**0.5).masked_fill(~window, float("-inf"))
    rest = b[:, None, None].expand(H, T, 1)  # 每个头一个数，只占权重、没有值 ‖ one number a head: weight, and no value
    A = torch.cat([s, rest], dim=-1).softmax(dim=-1)[..., :-1]  # 和小于 1 ‖ rows sum to less than 1
    return A @ v


def slot(p: int, w: int, n_sink: int) -> int:
    return p if p < n_sink else n_sink + (p - n_sink) % w  # 新的盖掉最旧的 ‖ the newest overwrites the oldest
