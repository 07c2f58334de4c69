"""Policy gradients: four advantages, and the loss that they all share."""

from torch import Tensor


def rloo(r: Tensor) -> Tensor:  # (B, G)：每行一个提示的 G 个回答 ‖ (B, G): a row is the G responses to one prompt
    G = r.shape[1]
    others = (r.sum(dim=1, keepdim=True) - r) / (G - 1)  # 别人的平均，不含自己 ‖ the mean of the others, not oneself
    return r - others


def dr_grpo(r: Tensor) -> Tensor:
    return r - r.mean(dim=1, keepdim=True)  # 含自己：是 RLOO 的 (G-1)/G 倍 ‖ with oneself: (G-1)/G of RLOO


def reinforce_pp(r: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor, beta: float) -> Tensor:
    k = (logp - logp_ref) * mask  # (N, T)
    to_come = k.flip(1).cumsum(dim=1).flip(1)  # 从 t 到末尾的 KL ‖ the KL from t to the end
    A = r[:, None] - beta * to_come
    mean, std = A[mask].mean(), A[mask].std(correction=0)
    return (A - mean) / std * mask  # 在全批的 token 上归一 ‖ normalised over all tokens of the batch


def loss(logp: Tensor, A: Tensor, mask: Tensor) -> Tensor:  # A: (N, T)
    return -(A * logp * mask).sum(dim=1).mean()  # 对 token 求和，不除以长度 ‖ a sum over tokens, not divided by length
