r"""Grouped-query attention: MHA, MQA, GQA

While generating, reading the cached keys and values from memory takes longer than computing with them. Grouped-query
attention keeps all `H` query heads and lets each group of `H / G` of them share one head of keys and values: the
cache shrinks by `H / G`. `G = H` is multi-head attention (MHA), `G = 1` multi-query attention (MQA).

$$
O_h = \mathrm{softmax}\Big(\frac{Q_h K_{g(h)}^\top}{\sqrt{D}}\Big) V_{g(h)}, \qquad
g(h) = \Big\lfloor \frac{h}{H / G} \Big\rfloor
$$

Papers: [Fast Transformer Decoding](https://arxiv.org/abs/1911.02150) (MQA),
[GQA](https://arxiv.org/abs/2305.13245), sections 2.1 and 2.2.

Letters: `B` batch, `T` sequence, `S` length of the keys, `C` model width, `H` query heads, `G` key/value heads, `D`
head width.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn


# --8<-- [start:core]
def grouped_query_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention in which query heads `h` of one group share keys and values, which are never copied.

    The queries of a group are laid one below the other, as if they were a longer sequence of one head.

    Args:
        query: Shape `(B, H, T, D)`.
        key: Shape `(B, G, S, D)`; `G` divides `H`.
        value: Shape `(B, G, S, D)`.
        mask: Bool or 0/1, `(T, S)` or with all four dimensions, 1 where it is the same along one: a mask `(B, T, S)`
            must come as `(B, 1, T, S)`. True where a query may look at a key. None: everywhere.

    Returns:
        Shape `(B, H, T, D)`; zeros where a query may look nowhere.

    Raises:
        ValueError: If `G` does not divide `H`, or `mask` is of floats or has other dimensions.
    """
    B, H, T, D = query.shape
    G, S = key.shape[1:3]
    _check_heads(H, G)
    stacked = (query * D**-0.5).reshape(B, G, H // G * T, D)  # head h is in group h // (H / G)
    scores = (stacked @ key.transpose(-2, -1)).view(B, H, T, S)
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))  # bf16 would round the sum of the softmax
    if mask is None:
        weights = scores.softmax(dim=-1)
    elif mask.is_floating_point() or mask.ndim not in (2, 4):
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 (T, S) or (B or 1, H or 1, T, S)")
    else:
        mask = mask.bool()
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1).masked_fill(~mask, 0.0)
    return (weights.to(value.dtype).view(B, G, H // G * T, S) @ value).view(B, H, T, D)


def pool_heads(weight: Tensor, heads: int, kv_heads: int) -> Tensor:
    """Turn the key or value projection of a multi-head model into a grouped one: the mean over each group.

    Training then goes on for a few percent of the original steps ("uptraining"). Means start better than one head
    picked from each group.

    Args:
        weight: Of the projection, `(heads * D, C)`; a bias `(heads * D,)` works too.
        heads: `H`.
        kv_heads: `G`; divides `H`.

    Returns:
        Shape `(kv_heads * D, C)`.

    Raises:
        ValueError: If `kv_heads` does not divide `heads`, or `heads` the rows of `weight`.
    """
    _check_heads(heads, kv_heads)
    if weight.shape[0] % heads:
        raise ValueError(f"{weight.shape[0]} rows are not divisible by heads {heads}")
    grouped = weight.reshape(kv_heads, heads // kv_heads, -1, *weight.shape[1:])  # (G, H / G, D, C)
    return grouped.mean(dim=1).flatten(0, 1)


class Cache(Protocol):
    """What a cache must be able to do, such as `KVCache` of the snippet `kv_cache`."""

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store `(B, G, T, D)` twice and return all so far, `(B, G, S, D)` twice."""


class GroupedQueryAttention(nn.Module):
    """Causal self-attention with fewer key/value heads than query heads: that of Llama, if queries and keys are turned.

    Args:
        width: Model width `C`, transformers' `hidden_size`.
        heads: `H`, its `num_attention_heads`; must divide `width`.
        kv_heads: `G`, its `num_key_value_heads`; must divide `heads`.
        bias: Whether the projections have a bias.

    Raises:
        ValueError: If something does not divide.
    """

    def __init__(self, width: int, heads: int, kv_heads: int, bias: bool = False) -> None:
        super().__init__()
        _check_heads(heads, kv_heads)
        if width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.heads, self.kv_heads = heads, kv_heads
        kv_width = width // heads * kv_heads
        self.q_proj = nn.Linear(width, width, bias=bias)
        self.k_proj = nn.Linear(width, kv_width, bias=bias)
        self.v_proj = nn.Linear(width, kv_width, bias=bias)
        self.o_proj = nn.Linear(width, width, bias=bias)

    def forward(
        self,
        x: Tensor,
        attention_mask: Tensor | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """A position looks at itself and at what came before.

        Args:
            x: Shape `(B, T, C)`, the positions that follow those in `cache`.
            attention_mask: Bool or 0/1 `(B, S)`, False at padding, for all positions so far. None: no padding.
            rotate: What to do to queries and keys `(B, ., T, D)`: `lambda q: rope(q, cos, sin)`. None: nothing.
            cache: Filled up by `T` positions, turned already. None: `x` is all there is.

        Returns:
            Shape `(B, T, C)`. Rows at padding are to be ignored.
        """
        B, T, C = x.shape
        D = C // self.heads
        query = self.q_proj(x).view(B, T, self.heads, D).transpose(1, 2)  # (B, H, T, D)
        key = self.k_proj(x).view(B, T, self.kv_heads, D).transpose(1, 2)  # (B, G, T, D)
        value = self.v_proj(x).view(B, T, self.kv_heads, D).transpose(1, 2)  # (B, G, T, D)
        if rotate is not None:
            query, key = rotate(query), rotate(key)
        if cache is not None:
            key, value = cache.append(key, value)  # (B, G, S, D)
        S = key.shape[2]
        mask = torch.ones(T, S, dtype=torch.bool, device=x.device).tril(S - T)  # the queries are the last T of S
        if attention_mask is not None:
            mask = mask & attention_mask.bool()[:, None, None, :]  # (B, 1, T, S)
        heads = grouped_query_attention(query, key, value, mask)  # (B, H, T, D)
        return self.o_proj(heads.transpose(1, 2).reshape(B, T, C))


def _check_heads(heads: int, kv_heads: int) -> None:
    """Raise ValueError unless `kv_heads` divides `heads`."""
    if heads < 1 or kv_heads < 1 or heads % kv_heads:
        raise ValueError(f"heads {heads} are not divisible by kv_heads {kv_heads}")


# --8<-- [end:core]


def demo() -> None:
    """Fewer key/value heads: fewer parameters, and a cache smaller by as much."""
    torch.manual_seed(0)
    x = torch.randn(2, 10, 512)
    for name, kv_heads in (("MHA", 8), ("GQA", 2), ("MQA", 1)):
        layer = GroupedQueryAttention(width=512, heads=8, kv_heads=kv_heads)
        parameters = sum(parameter.numel() for parameter in layer.parameters())
        cached = 2 * layer.k_proj.out_features
        print(f"{name}: output {tuple(layer(x).shape)}, {parameters:9,} parameters, {cached:5} numbers cached a token")


if __name__ == "__main__":
    demo()
