"""DAPO, GSPO, CISPO: the same ratio, clipped at the token, at the sequence, or only as a weight."""

from torch import Tensor, minimum


def dapo(logπ: Tensor, logπ_old: Tensor, A: Tensor, mask: Tensor, low: float = 0.2, high: float = 0.28) -> Tensor:
    ρ = (logπ - logπ_old).exp()  # (N, T)，每个 token 一个比值 ‖ one ratio a token
    loss = -minimum(ρ * A, ρ.clamp(1 - low, 1 + high) * A)  # 上界放宽 ‖ the upper bound is wider
    return (loss * mask).sum() / mask.sum()  # 全批 token 一起平均 ‖ the mean over all tokens


def gspo(logπ: Tensor, logπ_old: Tensor, A: Tensor, mask: Tensor, low: float = 3e-4, high: float = 4e-4) -> Tensor:
    log_s = ((logπ - logπ_old) * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
    s = log_s.exp()  # (N, 1)，整条回答一个比值 ‖ one ratio for the whole response
    return -minimum(s * A, s.clamp(1 - low, 1 + high) * A).mean()


def cispo(logπ: Tensor, logπ_old: Tensor, A: Tensor, mask: Tensor, high: float = 4.0) -> Tensor:
    w = (logπ - logπ_old).exp().clamp(max=1 + high).detach()  # 裁的是权重 ‖ it is the weight that is clipped
    return -(w * A * logπ * mask).sum() / mask.sum()  # 每个 token 都有梯度 ‖ every token keeps its gradient
