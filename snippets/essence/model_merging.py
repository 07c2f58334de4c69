"""Model merging: task vectors, an election of signs, chance, and an arc."""

import torch


def trim(τ, density):  # 只留绝对值最大的一部分 ‖ keep the largest by size
    kept = τ.abs().flatten().topk(int(density * τ.numel())).indices
    mask = torch.zeros(τ.numel()).index_fill(0, kept, 1)
    return τ * mask.view(τ.shape)


def ties(τs, density):  # τs: (M, ...)，各模型减去基座 ‖ τs: (M, ...), each model minus the base
    τs = torch.stack([trim(τ, density) for τ in τs])
    sign = torch.where(τs.sum(0) >= 0, 1, -1)  # 每个数选出一个方向 ‖ one direction for each number
    agree = τs.sign() == sign
    return (agree * τs).sum(0) / agree.sum(0).clamp(min=1)  # 只平均同方向的 ‖ the mean of those that agree


def dare(τ, density):  # 随机丢掉，留下的放大，期望不变 ‖ drop by chance, enlarge the rest: the mean stays
    return τ * torch.bernoulli(torch.full_like(τ, density)) / density


def slerp(a, b, t):
    Ω = torch.acos((a * b).sum() / (a.norm() * b.norm()))
    return torch.sin((1 - t) * Ω) / torch.sin(Ω) * a + torch.sin(t * Ω) / torch.sin(Ω) * b
