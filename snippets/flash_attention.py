r"""Flash attention: tiles and online softmax

Plain attention writes a matrix of `T x S` scores to memory and reads it back, which takes longer than computing it.
Flash attention goes through keys and values tile by tile and keeps, for each query, the largest score so far `m`, the
sum of exponentials `l` and the weighted sum of values `o`; a new largest score scales both sums down. The result is
exact, the memory O(T). The backward pass computes the weights again, from the scores and `m + log l`.

$$
m' = \max(m, \max_j s_j), \qquad
l' = e^{m - m'} l + \sum_j e^{s_j - m'}, \qquad
o' = e^{m - m'} o + \sum_j e^{s_j - m'} v_j, \qquad y = o / l
$$

Papers: [FlashAttention](https://arxiv.org/abs/2205.14135), algorithm 1;
[FlashAttention-2](https://arxiv.org/abs/2307.08691), algorithms 1 and 2.

Letters: `B` batch, `H` heads, `T` queries (if causal, the last of `S` positions), `S` keys, `D` head width, `t` and `s`
sizes of a tile. To be fast, all this must run in one kernel, as in `F.scaled_dot_product_attention`.
"""

from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
def flash_attention(query: Tensor, key: Tensor, value: Tensor, causal: bool = False, tile: int = 128) -> Tensor:
    """Attention without the matrix of scores, neither forwards nor backwards.

    Args:
        query: Shape `(..., T, D)`, mostly `(B, H, T, D)`.
        key: Shape `(..., S, D)`.
        value: Shape `(..., S, D)`.
        causal: Whether a query sees only its own position and what came before.
        tile: Queries and keys handled at a time; the memory for scores is its square.

    Returns:
        Shape `(..., T, D)`, in the dtype of `query`; sums are in float32 or wider.

    Raises:
        ValueError: If `tile` is below 1, there is no key, or causal queries outnumber the keys.
    """
    T, S = query.shape[-2], key.shape[-2]
    if tile < 1:
        raise ValueError(f"tile {tile} is below 1")
    if S == 0 or (causal and T > S):
        raise ValueError(f"{T} queries cannot look at {S} keys")
    return _Flash.apply(query, key, value, causal, tile)


def flash_forward(query: Tensor, key: Tensor, value: Tensor, causal: bool, tile: int) -> tuple[Tensor, Tensor]:
    """The forward pass; arguments are those of `flash_attention`.

    Returns:
        Output, `(..., T, D)`.
        Logarithm of each query's sum of exponentials, `(..., T, 1)`: all that the backward pass needs of the scores.
    """
    outputs, logsumexps = [], []
    for i in range(0, max(query.shape[-2], 1), tile):  # no query makes one empty tile
        m = total = summed = None
        for j in range(0, key.shape[-2], tile):
            scores = _scores(query, key, i, j, causal, tile)  # (..., t, s)
            if scores is None:  # this tile and all behind it lie in the future
                break
            v = value[..., j : j + tile, :].to(scores.dtype)
            largest = scores.amax(dim=-1, keepdim=True)  # (..., t, 1)
            if m is None:  # the first tile always holds a key that every query may see
                m, p = largest, (scores - largest).exp()
                total, summed = p.sum(dim=-1, keepdim=True), p @ v
            else:
                m, old = torch.maximum(m, largest), m
                p, shrink = (scores - m).exp(), (old - m).exp()
                total = shrink * total + p.sum(dim=-1, keepdim=True)  # (..., t, 1)
                summed = shrink * summed + p @ v  # (..., t, D)
        outputs.append(summed / total)
        logsumexps.append(m + total.log())
    return torch.cat(outputs, dim=-2).to(query.dtype), torch.cat(logsumexps, dim=-2)


def flash_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, output: Tensor, logsumexp: Tensor, causal: bool, tile: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The backward pass: with `p = exp(s - logsumexp)`, the derivative of a score is `p (grad · v - grad · y)`.

    Args:
        grad: Gradient of the output, `(..., T, D)`.
        query: As in `flash_attention`; so are `key`, `value`, `causal` and `tile`.
        key: See there.
        value: See there.
        output: From `flash_forward`.
        logsumexp: From `flash_forward`.
        causal: See there.
        tile: See there.

    Returns:
        Gradient of `query`, of its shape.
        Gradient of `key`, of its shape.
        Gradient of `value`, of its shape.
    """
    scale, wide = query.shape[-1] ** -0.5, logsumexp.dtype
    grad_query, grad_key, grad_value = (torch.zeros_like(tensor, dtype=wide) for tensor in (query, key, value))
    dots = (grad.to(wide) * output).sum(dim=-1, keepdim=True)  # (..., T, 1): grad · y
    for i in range(0, query.shape[-2], tile):
        rows = slice(i, i + tile)
        q, g = query[..., rows, :].to(wide), grad[..., rows, :].to(wide)  # (..., t, D)
        for j in range(0, key.shape[-2], tile):
            scores = _scores(query, key, i, j, causal, tile)
            if scores is None:
                break
            columns = slice(j, j + tile)
            k, v = key[..., columns, :].to(wide), value[..., columns, :].to(wide)  # (..., s, D)
            p = (scores - logsumexp[..., rows, :]).exp()  # (..., t, s), the weights
            grad_scores = p * (g @ v.transpose(-2, -1) - dots[..., rows, :])
            grad_query[..., rows, :] += scale * (grad_scores @ k)
            grad_key[..., columns, :] += scale * (grad_scores.transpose(-2, -1) @ q)
            grad_value[..., columns, :] += p.transpose(-2, -1) @ g
    return grad_query.to(query.dtype), grad_key.to(key.dtype), grad_value.to(value.dtype)


def _scores(query: Tensor, key: Tensor, i: int, j: int, causal: bool, tile: int) -> Tensor | None:
    """Scores of the tile that starts at query `i` and key `j`, -inf in the future; None if all of it is future."""
    q, k = query[..., i : i + tile, :], key[..., j : j + tile, :]
    offset = key.shape[-2] - query.shape[-2]  # query i stands at position i + offset
    first, last = i + offset, i + offset + q.shape[-2] - 1
    if causal and j > last:
        return None
    wide = torch.promote_types(query.dtype, torch.float32)
    scores = (q.to(wide) * query.shape[-1] ** -0.5) @ k.to(wide).transpose(-2, -1)
    if causal and j + k.shape[-2] - 1 > first:  # the tile crosses the diagonal
        positions = torch.arange(first, last + 1, device=query.device)[:, None]
        future = torch.arange(j, j + k.shape[-2], device=query.device) > positions
        scores = scores.masked_fill(future, -torch.inf)
    return scores


class _Flash(torch.autograd.Function):
    """Ties the two passes together for autograd, keeping O(T) numbers between them."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, causal: bool, tile: int) -> Tensor:
        """Keep inputs, output and logsumexp."""
        output, logsumexp = flash_forward(query, key, value, causal, tile)
        ctx.save_for_backward(query, key, value, output, logsumexp)
        ctx.causal, ctx.tile = causal, tile
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the three tensors; `causal` and `tile` have none."""
        return *flash_backward(grad, *ctx.saved_tensors, ctx.causal, ctx.tile), None, None


# --8<-- [end:core]


def demo() -> None:
    """Exact at any tile size, and how many scores are held at a time."""
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 300, 16)
    future = torch.ones(300, 300, dtype=torch.bool).triu(1)
    scores = (query @ key.transpose(-2, -1) * 16**-0.5).masked_fill(future, -torch.inf)
    expected = scores.softmax(dim=-1) @ value
    for tile in (300, 64, 17):
        output = flash_attention(query, key, value, causal=True, tile=tile)
        print(f"tile {tile:3}: equal {torch.allclose(output, expected, atol=1e-5)}, {tile**2} scores a head at a time")


if __name__ == "__main__":
    demo()
