"""RETRO: every position attends to the neighbours of the last chunk that is complete."""

import torch


def chunked_cross_attention(q, k, v):  # q: (T, D); k, v: (L, K, R, D)
    T, D = q.shape
    L = len(k)
    m = T // L  # 每块 m 个 token ‖ tokens of a chunk
    k, v = k.flatten(1, 2), v.flatten(1, 2)  # (L, K R, D)：一块的全部邻居 token ‖ all that a chunk's neighbours say
    out = torch.zeros(T, D)
    for p in range(T):
        u = (p - (m - 1)) // m  # 最近一个已经完整的块 ‖ the last chunk that is complete
        if u >= 0:  # 开头 m - 1 个位置什么也不看 ‖ the first m - 1 positions see nothing
            weights = (k[u] @ q[p] / D**0.5).softmax(0)
            out[p] = weights @ v[u]
    return out
