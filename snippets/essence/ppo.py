"""One round of PPO: sample once, then learn from the samples several times."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from snippets.gae import gae
from snippets.ppo import ToyLM
from snippets.ppo_loss import token_logps

Reward = Callable[[Tensor], Tensor]  # token 到分数 ‖ tokens to scores


def ppo_round(pi: ToyLM, ref: ToyLM, R: Reward, adam: Optimizer, beta: float, eps: float) -> None:
    with torch.no_grad():  # 一、经验：这里的一切都是数据 ‖ 1. experience: all of this is data
        y = pi.sample(64, 8)
        z, V_old = pi(y)
        logp_old, logp_ref = token_logps(z, y), token_logps(ref(y)[0], y)
        r = -beta * (logp_old - logp_ref)  # KL 惩罚 ‖ the KL penalty
        r[:, -1] += R(y)  # 奖励模型的分 ‖ the reward model's score
        A, returns = gae(r, V_old)
        A = (A - A.mean()) / (A.std() + 1e-8)
    for _ in range(4):  # 二、学习：同一批用四次 ‖ 2. learning: four times from one batch
        z, V = pi(y)
        rho = (token_logps(z, y) - logp_old).exp()
        actor = torch.maximum(-rho * A, -rho.clamp(1 - eps, 1 + eps) * A).mean()
        V_clip = V_old + (V - V_old).clamp(-eps, eps)
        critic = 0.5 * torch.maximum((V - returns) ** 2, (V_clip - returns) ** 2).mean()
        adam.zero_grad()
        (actor + 0.5 * critic).backward()
        adam.step()
