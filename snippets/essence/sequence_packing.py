"""Sequence packing: samples in one row that do not see each other."""

import torch


def pack(samples):
    x = torch.cat(samples)
    # s(t)：属于哪一条 ‖ s(t): which sample
    s = torch.cat([torch.full_like(sample, i) for i, sample in enumerate(samples)])
    # 每条从 0 数起 ‖ from 0 in each
    positions = torch.cat([torch.arange(len(sample)) for sample in samples])
    T = len(x)
    # 块对角加因果 ‖ same sample, and causal
    M = (s[:, None] == s[None, :]) & torch.ones(T, T, dtype=torch.bool).tril()
    labels = x.clone()
    labels[positions == 0] = -100  # 第一个 token 不由上一条预测 ‖ no sample predicts the first token of the next
    return x, positions, M, labels


def eta(lengths):
    return sum(lengths) / (len(lengths) * max(lengths))  # 补齐之后还有多少是真的 ‖ real tokens, if padded
