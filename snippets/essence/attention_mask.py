"""Each mask is one condition on i and j; what is hidden gets -inf before the softmax."""

import torch


def causal(i, j):
    return j <= i  # 只看自己和前面 ‖ itself and what came before


def window(i, j, w):
    return (j <= i) & (i - w < j)  # 只看最近 w 个 ‖ the last w only


def prefix(i, j, n):
    return (j <= i) | (j < n)  # 前 n 个谁都看得见 ‖ the first n are seen by all


def attend(Q, K, V, rule):
    i, j = torch.arange(len(Q))[:, None], torch.arange(len(K))  # 行查询，列 key ‖ rows query, columns key
    M = torch.zeros(len(Q), len(K)).masked_fill(~rule(i, j), -torch.inf)
    A = (Q @ K.T / K.shape[-1] ** 0.5 + M).softmax(dim=-1)  # e^-∞ = 0，其余自动归一 ‖ e^-∞ = 0: the rest sums to 1
    return A @ V
