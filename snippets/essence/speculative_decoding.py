"""Speculative decoding: accept a prefix of the draft, so that the large model's distribution is kept."""

import torch


def verify(y, q, p):  # 草稿 y: (K,), q: (K, V), p: (K + 1, V) ‖ the draft y: (K,), q: (K, V), p: (K + 1, V)
    K = len(y)
    u = torch.rand(K, dtype=torch.float64)
    for k in range(K):
        if u[k] < p[k, y[k]] / q[k, y[k]]:  # 以 min(1, p/q) 的概率接受 ‖ accept with probability min(1, p/q)
            continue
        rest = (p[k] - q[k]).clamp(min=0)  # 草稿给少了的部分 ‖ what the draft gave too little of
        # 换一个，后面作废 ‖ replace it, drop what follows
        return torch.cat([y[:k], rest.multinomial(1)])
    return torch.cat([y, p[K].multinomial(1)])  # 全接受，白得一个 ‖ all accepted: one more for free


def expected_tokens(p, q, K):
    a = torch.minimum(p, q).sum()  # 平均接受率：两个分布的重叠 ‖ acceptance: how much the two overlap
    return (1 - a ** (K + 1)) / (1 - a)
