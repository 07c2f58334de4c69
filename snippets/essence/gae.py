"""GAE: one pass from the last token to the first."""

import torch
from torch import Tensor


def gae(r: Tensor, V: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    A = torch.zeros_like(V)
    A_next = V_next = V.new_zeros(len(V))  # 回答结束之后没有将来 ‖ nothing comes after the end
    for t in reversed(range(V.shape[1])):
        delta = r[:, t] + gamma * V_next - V[:, t]  # 一步之内的意外 ‖ the surprise of one step
        A_next = delta + gamma * lam * A_next  # 后面的意外按 γλ 打折传来 ‖ later surprises, discounted by γλ
        A[:, t], V_next = A_next, V[:, t]
    R = A + V  # critic 的回归目标 ‖ what the critic should have said
    return A, R
