"""GRPO: the group's mean is the baseline, one advantage serves a whole response, the KL stands in the loss."""

import torch
from torch import Tensor


def advantages(r: Tensor) -> Tensor:  # (B, G)：每行一个提示的 G 个回答 ‖ (B, G): a row is the G responses to one prompt
    return (r - r.mean(dim=1, keepdim=True)) / (r.std(dim=1, keepdim=True) + 1e-4)


def gain(logp: Tensor, logp_old: Tensor, A: Tensor, eps: float) -> Tensor:
    rho = (logp - logp_old).exp()  # 新旧概率之比 ‖ new probability over old
    A = A[:, None]  # 整条回答共用一个优势 ‖ one advantage for all tokens of a response
    return torch.minimum(rho * A, rho.clamp(1 - eps, 1 + eps) * A)  # 同 PPO 的裁剪 ‖ clipped as in PPO


def kl(logp: Tensor, logp_ref: Tensor) -> Tensor:
    d = logp - logp_ref
    return torch.exp(-d) - 1 + d  # 第三种估计，放在损失里 ‖ the third estimate, in the loss itself


def grpo(gain: Tensor, k: Tensor, mask: Tensor, beta: float) -> Tensor:
    loss = -(gain - beta * k) * mask
    return (loss.sum(dim=1) / mask.sum(dim=1)).mean()  # 先在回答内平均，再对回答平均 ‖ over a response, then over all
