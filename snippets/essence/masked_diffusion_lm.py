"""Masked diffusion: masks as noise, cross-entropy over t as the bound, and writing in any order."""

import torch
import torch.nn.functional as F


def loss(model, x, M):  # x: (B, L)
    t = torch.rand(len(x), 1)  # 每篇一个遮盖率，0 到 1 都有 ‖ one rate a text, anything from 0 to 1
    masked = torch.rand(x.shape) < t
    nll = F.cross_entropy(model(x.masked_fill(masked, M)).mT, x, reduction="none")
    return (nll * masked / t).mean()  # 1/t：平均起来是 −log p 的上界 ‖ 1/t: on average a bound of −log p


def write(model, L, M, S):  # S 步，每步写下 L/S 个 ‖ S steps of L/S tokens
    x = torch.full((1, L), M)
    for _ in range(S):
        p, guess = model(x).softmax(2).max(2)  # 遮住的全猜一遍 ‖ guess all that is masked
        p[x != M] = -1
        keep = p.topk(L // S).indices  # 只留最有把握的，其余重新遮上 ‖ keep the surest, mask the rest again
        x = x.scatter(1, keep, guess.gather(1, keep))
    return x
