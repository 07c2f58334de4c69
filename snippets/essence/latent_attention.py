"""The last token against cached latents c: keys and values made, or their matrices absorbed."""

import torch


def plain(q, q_rope, c, k_rope, W_K, W_V):
    N, P = q.shape[-1], q_rope.shape[-1]
    k = torch.einsum("hnr,sr->hsn", W_K, c)  # 为 S 个位置展开每个头的 key ‖ keys of each head for S positions
    v = torch.einsum("hvr,sr->hsv", W_V, c)
    s = torch.einsum("hn,hsn->hs", q, k) + q_rope @ k_rope.T  # 位置那一段各头共用 ‖ one key for all heads
    a = (s / (N + P) ** 0.5).softmax(dim=-1)
    return torch.einsum("hs,hsv->hv", a, v)


def absorbed(q, q_rope, c, k_rope, W_K, W_V):
    N, P = q.shape[-1], q_rope.shape[-1]
    u = torch.einsum("hn,hnr->hr", q, W_K)  # query 变到潜空间 ‖ the query moves to the latent space
    a = ((u @ c.T + q_rope @ k_rope.T) / (N + P) ** 0.5).softmax(dim=-1)
    return torch.einsum("hr,hvr->hv", a @ c, W_V)  # 先加权，最后乘一次 W_V ‖ the sum first, W_V once
