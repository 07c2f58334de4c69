"""Soft prompts: vectors in front of the input, or keys and values in front of every layer's."""

import torch


def shallow(H, e):  # H: (m, d)，可训练；e: (B, T, d) ‖ H: (m, d), trained; e: (B, T, d)
    return torch.cat([H.expand(len(e), -1, -1), e], dim=1)  # [H; e(x)]


def deep(Q, K, V, P_K, P_V):  # Q, K, V: (T, D); P_K, P_V: (m, D)，可训练 ‖ Q, K, V: (T, D); P_K, P_V: (m, D), trained
    m, T = len(P_K), len(Q)
    K, V = torch.cat([P_K, K]), torch.cat([P_V, V])  # (m + T, D)
    # 前缀人人可见，其余因果 ‖ all see the prefix, the rest is causal
    seen = torch.ones(T, m + T, dtype=torch.bool).tril(m)
    scores = (Q @ K.T / Q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf)
    return scores.softmax(-1) @ V


def parameters(m, d, L):
    return m * d, 2 * L * m * d  # 浅层，深层 ‖ shallow, deep
