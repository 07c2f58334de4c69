"""The reward model: a score at the last token, and the Bradley-Terry loss over all pairs of a ranking."""

import torch
import torch.nn.functional as F
from torch import Tensor


def score(r: Tensor, mask: Tensor) -> Tensor:
    last = mask.sum(dim=1) - 1  # 右填充时最后一个有效 token ‖ the last real token, padding on the right
    return r[torch.arange(len(r)), last]


def pair_loss(r_w: Tensor, r_l: Tensor) -> Tensor:
    return -F.logsigmoid(r_w - r_l)  # -log P(好的胜) ‖ -log P(the better one wins)


def ranking_loss(r: Tensor) -> Tensor:  # (B, K)，好的在前 ‖ (B, K), the best first
    K = r.shape[1]
    better, worse = torch.triu_indices(K, K, offset=1)  # K(K-1)/2 对 ‖ the K (K - 1) / 2 pairs
    return pair_loss(r[:, better], r[:, worse]).mean(dim=1)  # 每个回答只前向一次 ‖ one forward pass each
