"""The KL penalty: every token pays for leaving the reference, the last one gets the score."""

import torch
from torch import Tensor


def token_rewards(R: Tensor, logp: Tensor, logp_ref: Tensor, beta: float) -> Tensor:
    k = logp - logp_ref  # 同一个回答，两个模型各算一次 ‖ one response, its probability under both models
    r = -beta * k  # 离开参考模型要付钱 ‖ leaving the reference costs
    r[:, -1] += R  # 总分只给最后一个 token ‖ the score goes to the last token
    return r


def estimates(logp: Tensor, logp_ref: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    d = logp - logp_ref
    k1 = d  # 无偏，方差大 ‖ unbiased, much variance
    k2 = d**2 / 2  # 有偏；放进损失时梯度是对的 ‖ biased; the right gradient as a loss
    k3 = torch.exp(-d) - 1 + d  # 无偏且不为负；作损失是反方向的 KL ‖ unbiased, never negative; as a loss the other KL
    return k1, k2, k3
