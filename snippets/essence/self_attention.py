"""Multi-head self-attention of one sequence X, (T, C)."""

import torch


def heads_of(X, W, H):
    return (X @ W.T).view(len(X), H, -1).transpose(0, 1)  # (H, T, D)：每个头拿走 D 列 ‖ D columns for each head


def self_attention(X, W_Q, W_K, W_V, W_O, H):
    Q, K, V = heads_of(X, W_Q, H), heads_of(X, W_K, H), heads_of(X, W_V, H)
    D = Q.shape[-1]
    S = Q @ K.transpose(-2, -1) / D**0.5  # (H, T, T)：i 行 j 列是 i 对 j 的分数 ‖ row i, column j: i's score for j
    future = torch.ones(len(X), len(X)).triu(1).bool()
    S = S.masked_fill(future, -torch.inf)  # 未来不许看 ‖ the future is hidden
    A = S.softmax(dim=-1)  # 每行之和是 1 ‖ each row sums to 1
    heads = A @ V  # (H, T, D)
    return heads.transpose(0, 1).flatten(1) @ W_O.T  # 拼接，再混合 ‖ side by side, then mixed
