r"""ALiBi: attention with linear biases

No position vectors at all: every score loses points in proportion to how far back the key lies. Each head has its
own fixed slope, so that some look nearby and some far. The rule holds at any distance, also at those never seen in
training.

$$
A_{ij} = \mathrm{softmax}_j\Big(\frac{q_i \cdot k_j}{\sqrt{D}} - m_h\, (i - j)\Big), \qquad
m_h = 2^{-8 h / H}, \quad h = 1, \dots, H
$$

Paper: [Train Short, Test Long](https://arxiv.org/abs/2108.12409), section 3.

Letters: `B` batch, `T` queries, `S` keys (the queries are the last `T` of `S` positions), `H` heads, `D` head width.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def alibi_slopes(heads: int, device: torch.device | str | None = None) -> Tensor:
    """One slope for each head, from steep (looks nearby) to flat (looks far).

    For a power of two the slopes are `r, r², …` with `r = 2 ** (-8 / heads)`. Otherwise, as the authors' code has
    it, those for the power of two below, then every other one of those for the power of two above.

    Args:
        heads: `H`.
        device: Where to make them.

    Returns:
        Shape `(H,)`, float32, positive.

    Raises:
        ValueError: If `heads` is below 1.
    """
    if heads < 1:
        raise ValueError(f"heads {heads} is below 1")
    power = 2 ** (heads.bit_length() - 1)  # the largest power of two that is not above H
    exponents = [8 * h / power for h in range(1, power + 1)]
    exponents += [4 * h / power for h in range(1, 2 * (heads - power), 2)]
    return 2.0 ** -torch.tensor(exponents, device=device)


def alibi_bias(slopes: Tensor, queries: int, keys: int | None = None) -> Tensor:
    """What is added to the scores, after they were divided by √D.

    Args:
        slopes: From `alibi_slopes`, `(H,)`.
        queries: `T`.
        keys: `S`. None: as many.

    Returns:
        Shape `(H, T, S)`: 0 at a query's own position, `-m` times the distance before it, -inf after it.

    Raises:
        ValueError: If there are more queries than keys.
    """
    keys = queries if keys is None else keys
    if not 0 <= queries <= keys:
        raise ValueError(f"{queries} queries are not the last of {keys} keys")
    key = torch.arange(keys, device=slopes.device)
    distance = key[keys - queries :, None] - key  # (T, S), negative in the future
    return (-slopes[:, None, None] * distance).masked_fill(distance < 0, -torch.inf)


def alibi_row(slopes: Tensor, real: Tensor) -> Tensor:
    """The same bias up to a constant in each row, which softmax does not notice: `m` times the key's position.

    One row serves all queries (BLOOM stores this), but it is not causal: the mask must come on top.

    Args:
        slopes: From `alibi_slopes`, `(H,)`.
        real: Bool or 0/1 `(B, S)`, False at padding: a tokenizer's `attention_mask`. Positions count from the first
            real token.

    Returns:
        Shape `(B, H, 1, S)`, 0 at padding.
    """
    position = (real.long().cumsum(dim=-1) - 1) * real  # (B, S)
    return slopes[:, None, None] * position[:, None, None, :]


def alibi_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention with linear biases.

    Args:
        query: Shape `(B, H, T, D)`.
        key: Shape `(B, H, S, D)`.
        value: Shape `(B, H, S, D)`.

    Returns:
        Shape `(B, H, T, D)`.

    Raises:
        ValueError: If there are more queries than keys.
    """
    bias = alibi_bias(alibi_slopes(query.shape[1], query.device), query.shape[2], key.shape[2])  # (H, T, S)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # (B, H, T, S)
    weights = (scores + bias).softmax(dim=-1)  # float32 or wider: bfloat16 cannot tell 257 steps from 256
    return weights.to(value.dtype) @ value


# --8<-- [end:core]


def demo() -> None:
    """Slopes of eight heads, and how much of the attention to equal keys falls on the last 16 positions."""
    slopes = alibi_slopes(8)
    print("slopes:", slopes.tolist())
    weights = alibi_bias(slopes, 1, 512)[:, 0].softmax(dim=-1)  # (H, S)
    print("weight of the last 16 of 512:", [round(share, 2) for share in weights[:, -16:].sum(dim=-1).tolist()])


if __name__ == "__main__":
    demo()
