"""PPO's two losses."""

import torch
from torch import Tensor


def actor(logp: Tensor, logp_old: Tensor, A: Tensor, eps: float) -> Tensor:
    rho = (logp - logp_old).exp()  # 用旧策略的样本估新策略：重要性采样 ‖ importance sampling: old samples, new policy
    plain = -rho * A
    clipped = -rho.clamp(1 - eps, 1 + eps) * A  # 出界就没有梯度 ‖ outside there is no gradient
    return torch.maximum(plain, clipped).mean()  # 取较差的：走反了能拉回来 ‖ the worse one: errors come back


def critic(V: Tensor, V_old: Tensor, R: Tensor, eps_v: float) -> Tensor:
    V_clip = V_old + (V - V_old).clamp(-eps_v, eps_v)  # 一批之内别走太远 ‖ not too far within a batch
    return 0.5 * torch.maximum((V - R) ** 2, (V_clip - R) ** 2).mean()
