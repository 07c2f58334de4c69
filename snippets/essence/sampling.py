"""Sampling: temperature, the three ways to cut the tail, and a draw by Gumbel noise."""

import torch


def sample(z, tau, k, p, min_p):  # z: (V,) logits
    z = z / tau  # 温度：只改比例 ‖ temperature: ratios alone change
    z = z.masked_fill(z < z.topk(k).values[-1], -torch.inf)  # top-k

    probs, order = z.softmax(-1).sort(descending=True, stable=True)
    before = probs.cumsum(-1) - probs  # 排在前面的一共多少 ‖ what the likelier ones hold together
    z[order[before >= p]] = -torch.inf  # top-p：跨过 p 的那个留下 ‖ top-p: the one that crosses p stays

    probs = z.softmax(-1)
    z = z.masked_fill(probs < min_p * probs.max(), -torch.inf)  # min-p

    u = torch.rand(z.shape, dtype=torch.float64)
    g = -torch.log(-torch.log(u))  # Gumbel 噪声 ‖ Gumbel noise
    return (z + g).argmax(-1)  # 恰好服从 softmax(z) ‖ distributed as softmax(z)
