"""Constrained decoding: from an automaton to a mask for each step."""

import torch
from torch import Tensor


def table(delta: dict[tuple[int, str], int], ends: set[int], V: list[str], eos: int) -> Tensor:
    end = 1 + max([*ends, *delta.values()])
    A = torch.full((end + 1, len(V)), -1)  # -1：不许 ‖ -1: not allowed
    for s in range(end):
        for v, text in enumerate(V):
            after: int | None = s
            for letter in text:  # 一个 token 逐字走一遍 ‖ a token, walked letter by letter
                after = None if after is None else delta.get((after, letter))
            A[s, v] = -1 if after is None or not text else after
        A[s, eos] = end if s in ends else -1
    A[end, eos] = end
    alive = torch.arange(end + 1) == end
    for _ in range(end):  # 从终点往回：走得到的才许进 ‖ back from the end: only what comes there may be entered
        alive |= ((A >= 0) & alive[A]).any(dim=1)
    return torch.where(alive[A], A, -1)


def step(logits: Tensor, A: Tensor, s: int) -> Tensor:  # (V,)
    return logits.masked_fill(A[s] < 0, float("-inf")).softmax(dim=-1)
