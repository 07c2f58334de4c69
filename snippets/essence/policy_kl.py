"""How far the new policy is from the one that sampled, and whether to stop."""

import torch
from torch import Tensor


def exact_kl(z_old: Tensor, z: Tensor) -> Tensor:
    p_old = z_old.softmax(dim=-1)
    log_ratio = z_old.log_softmax(dim=-1) - z.log_softmax(dim=-1)
    return (p_old * log_ratio).sum(dim=-1)  # 要对整个词表求和 ‖ a sum over the whole vocabulary


def estimates(logp: Tensor, logp_old: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    d = logp_old - logp  # 只用采样到的 token ‖ the sampled tokens alone
    k1 = d.mean()  # 可能为负 ‖ may come out negative
    k2 = (d**2).mean() / 2
    k3 = (torch.exp(-d) - 1 + d).mean()
    return k1, k2, k3


def should_stop(kl: float, target: float) -> bool:
    return kl > 1.5 * target  # 丢下这一批剩下的更新 ‖ the batch's other updates are dropped
