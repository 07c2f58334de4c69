"""The entropy of a policy from its logits, and its gradient."""

from torch import Tensor


def entropy(z: Tensor) -> Tensor:
    p = z.softmax(dim=-1)  # 先变成概率：logits 不是概率 ‖ probabilities first: logits are none
    return z.logsumexp(dim=-1) - (p * z).sum(dim=-1)  # 因为 log p = z - logsumexp(z) ‖ for log p = z - logsumexp(z)


def entropy_gradient(z: Tensor) -> Tensor:
    log_p = z.log_softmax(dim=-1)
    H = entropy(z)[..., None]
    return -log_p.exp() * (log_p + H)  # 比平均更可能的被压低 ‖ what is likelier than average is pushed down


def loss(actor: Tensor, critic: Tensor, H: Tensor, c_v: float, c_e: float) -> Tensor:
    return actor + c_v * critic - c_e * H.mean()  # 奖励熵，损失里是减号 ‖ entropy is rewarded: a minus in the loss
