"""Masked language model: choose 15 %, hide most of them, and ask for these alone."""

import torch
import torch.nn.functional as F


def mask_tokens(x, MASK, V):
    choice, fate = torch.rand(2, *x.shape)
    M = choice < 0.15  # 被选中的位置 ‖ the chosen positions
    labels = x.masked_fill(~M, -100)  # 其余不计损失 ‖ the others have no loss
    others = torch.randint(V, x.shape)
    x = x.masked_fill(M & (fate < 0.8), MASK)  # 80% 换成 [MASK] ‖ 80 % become [MASK]
    x = torch.where(M & (fate >= 0.9), others, x)  # 10% 换成随机 token ‖ 10 % become any token
    return x, labels  # 剩下的 10% 不动 ‖ the last 10 % stay


def loss(logits, labels):  # logits: (B, T, V)
    M = labels != -100
    return F.cross_entropy(logits[M], labels[M])  # 只在 M 上平均 ‖ the mean over M alone
