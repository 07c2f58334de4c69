"""Reranking: late interaction, and what an order is worth."""

import torch
from torch import Tensor


def maxsim(q: Tensor, d: Tensor, mask: Tensor) -> Tensor:  # q: (Q, D), d: (N, T, D), mask: (N, T)
    similarity = q @ d.transpose(1, 2)  # (N, Q, T)
    similarity = similarity.masked_fill(~mask[:, None], float("-inf"))
    return similarity.amax(dim=-1).sum(dim=-1)  # 查询的每个 token 找最像的，再相加 ‖ each token's best match, summed


def dcg(rel: Tensor, k: int) -> Tensor:  # rel: (N,)，按名次排好 ‖ rel: (N,), in the order of ranks
    r = torch.arange(1, len(rel) + 1)
    return (rel / torch.log2(r + 1))[:k].sum()


def ndcg(rel: Tensor, scores: Tensor, k: int) -> Tensor:
    order = scores.argsort(descending=True)
    return dcg(rel[order], k) / dcg(rel.sort(descending=True).values, k)  # 与最好的次序比 ‖ against the best order


def rr(rel: Tensor, scores: Tensor) -> float:
    ranks = (rel[scores.argsort(descending=True)] > 0).nonzero() + 1
    return 1 / ranks[0].item()  # 第一个相关的排在第几 ‖ where the first relevant one stands
