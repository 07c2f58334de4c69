"""One step of decoding with a KV cache: one query against all keys so far."""

import torch
from torch import Tensor


def step(x: Tensor, W_qkv: Tensor, W_o: Tensor, K: Tensor, V: Tensor) -> tuple[Tensor, ...]:
    B, H, _, D = K.shape  # 缓存：(B, H, S, D) ‖ the cache: (B, H, S, D)
    q, k, v = (x @ W_qkv.T).view(B, 3, H, 1, D).unbind(dim=1)  # 只算新的一个位置 ‖ the new position alone
    K, V = torch.cat([K, k], dim=2), torch.cat([V, v], dim=2)  # 历史的 k、v 不再变 ‖ the past never changes
    weights = (q @ K.transpose(-2, -1) / D**0.5).softmax(dim=-1)  # 不用掩码：缓存里只有过去 ‖ no mask: all is past
    return (weights @ V).reshape(B, 1, H * D) @ W_o.T, K, V


def cache_bytes(L: int, H_kv: int, d_h: int, T: int, B: int, b: int) -> int:
    return 2 * L * H_kv * d_h * T * B * b  # 2：K 与 V ‖ 2: K and V
