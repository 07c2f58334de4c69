"""Sentence embedding: the mean over real tokens, and the contrastive loss."""

import torch.nn.functional as F


def mean_pool(h, m):  # h: (B, T, C); m: (B, T)
    m = m[:, :, None]
    return (m * h).sum(1) / m.sum(1)  # padding 的 m 是 0，不进分子也不进分母 ‖ padding counts neither above nor below


def last_token(h, m):
    T = h.shape[1]
    last = T - 1 - m.flip(1).argmax(1)  # 最后一个 m = 1 的位置 ‖ the last position with m = 1
    return h[range(len(h)), last]


def contrastive_loss(e, e_plus, tau=0.05):  # (B, C)
    e, e_plus = F.normalize(e, dim=1), F.normalize(e_plus, dim=1)
    scores = e @ e_plus.T / tau  # (B, B)：对角线是正例 ‖ (B, B): the diagonal holds the pairs
    return (scores.logsumexp(1) - scores.diagonal()).mean()  # -log softmax
