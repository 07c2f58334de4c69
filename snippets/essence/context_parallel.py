"""Context parallelism: keys and values go round, and what is seen is merged by its sum of exponentials."""

import torch
from torch import Tensor


def attend(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scores = q @ k.mT * q.shape[-1] ** -0.5
    ℓ = scores.logsumexp(dim=-1, keepdim=True)  # 合并时要用的，就这一个数 ‖ all that a merge needs besides y
    return (scores - ℓ).exp() @ v, ℓ


def ring(q: list[Tensor], k: list[Tensor], v: list[Tensor]) -> list[Tensor]:
    R, results = len(q), []  # 每张卡一段序列 ‖ each rank has a part of the sequence
    for r in range(R):
        y, ℓ = attend(q[r], k[r], v[r])
        for step in range(1, R):
            s = (r - step) % R  # 这一步转到这里的键值 ‖ whose keys and values have come here
            y2, ℓ2 = attend(q[r], k[s], v[s])
            total = torch.logaddexp(ℓ, ℓ2)
            y, ℓ = (ℓ - total).exp() * y + (ℓ2 - total).exp() * y2, total
        results.append(y)
    return results
