r"""Attention masks: causal, padding, prefix, sliding window

A mask says which query may look at which key. All kinds are the same boolean matrix built by different rules, and
rules that hold at once are joined by `&`. True is "may look", as in `F.scaled_dot_product_attention`.

$$
A = \mathrm{softmax}(S + M), \qquad
M_{ij} = \begin{cases} 0 & \text{query } i \text{ may look at key } j \\ -\infty & \text{otherwise} \end{cases}
$$

Papers: [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section 3.2.3 (causal);
[GLM](https://arxiv.org/abs/2103.10360) (prefix); [Mistral 7B](https://arxiv.org/abs/2310.06825) (sliding window).

Letters: `B` batch, `T` number of queries, `S` number of keys. Where `S > T` the queries are the last `T` of `S`
positions, as in decoding with a cache.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def causal_mask(queries: int, keys: int | None = None, device: torch.device | str | None = None) -> Tensor:
    """A position looks at itself and at what came before.

    Args:
        queries: `T`.
        keys: `S`, at least `T`. None: as many as queries.
        device: Where to make the mask.

    Returns:
        Bool `(T, S)`.

    Raises:
        ValueError: If `queries` is negative or above `keys`.
    """
    query, key = _positions(queries, keys, device)
    return key <= query


def sliding_window_mask(
    queries: int, window: int, keys: int | None = None, device: torch.device | str | None = None
) -> Tensor:
    """A position looks at the last `window` positions, itself included; the other arguments are `causal_mask`'s.

    Stacked layers see further: after `n` of them `n (window - 1)` positions back.

    Returns:
        Bool `(T, S)`.

    Raises:
        ValueError: As `causal_mask`, and if `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"window {window} is below 1")
    query, key = _positions(queries, keys, device)
    return (key <= query) & (key > query - window)


def prefix_mask(prefix_lengths: Tensor, length: int) -> Tensor:
    """Prefix language model: the prefix is seen from everywhere, also from its own start; the rest is causal.

    Args:
        prefix_lengths: Integers `(B,)`, how many of the first positions are prefix; 0 gives the causal mask.
        length: `T`, which is also `S`.

    Returns:
        Bool `(B, T, T)`.

    Raises:
        ValueError: If a prefix is longer than the sequence.
    """
    _check_lengths(prefix_lengths, length)
    prefix = torch.arange(length, device=prefix_lengths.device) < prefix_lengths[:, None]  # (B, T)
    return causal_mask(length, device=prefix_lengths.device) | prefix[:, None, :]


def padding_mask(lengths: Tensor, length: int, side: str = "right") -> Tensor:
    """Which positions hold real tokens. `mask & padding[:, None, :]` keeps everybody from looking at the others.

    Args:
        lengths: Integers `(B,)`, the number of real tokens of each row.
        length: `T`, the length that all rows are filled up to.
        side: Where the filling stands: `right`, or `left` as batched generation wants it.

    Returns:
        Bool `(B, T)`, True at real tokens.

    Raises:
        ValueError: If a row is longer than `length`, or `side` is neither.
    """
    if side not in ("left", "right"):
        raise ValueError(f"side {side!r} is neither 'left' nor 'right'")
    _check_lengths(lengths, length)
    position = torch.arange(length, device=lengths.device)
    return position < lengths[:, None] if side == "right" else position >= length - lengths[:, None]


def position_ids(real: Tensor) -> Tensor:
    """Positions counted from each row's first real token, 0 at padding before it: `position_ids` of transformers.

    Args:
        real: Bool from `padding_mask`, or the 0/1 `attention_mask` of a tokenizer, `(B, T)`.

    Returns:
        Integers `(B, T)`.
    """
    return (real.long().cumsum(dim=-1) - 1).clamp(min=0)


def additive_mask(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The same mask as numbers to add to scores: 0, or so low that softmax makes it 0.

    Half the lowest finite number, not -inf: a row that may look nowhere stays finite, and a negative score can be
    added without overflow.

    Args:
        mask: Bool or 0/1, any shape.
        dtype: Of the scores; float16 reaches only -65504.

    Returns:
        Of `mask`'s shape.

    Raises:
        ValueError: If `mask` is of floats: it would be numbers to add already.
    """
    if mask.is_floating_point():
        raise ValueError(f"mask has dtype {mask.dtype}, not bool or 0/1 with True where a query may look")
    numbers = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return numbers.masked_fill(~mask.bool(), torch.finfo(dtype).min / 2)


def _positions(queries: int, keys: int | None, device: torch.device | str | None) -> tuple[Tensor, Tensor]:
    """Positions of the queries, `(T, 1)`, and of the keys, `(S,)`; the last query stands at the last key."""
    keys = queries if keys is None else keys
    if not 0 <= queries <= keys:
        raise ValueError(f"{queries} queries are not the last of {keys} keys")
    key = torch.arange(keys, device=device)
    return key[keys - queries :, None], key


def _check_lengths(lengths: Tensor, length: int) -> None:
    """Raise ValueError unless all `lengths` lie in 0 to `length`."""
    if bool(((lengths < 0) | (lengths > length)).any()):
        raise ValueError(f"lengths {lengths.tolist()} are not all in 0 to {length}")


# --8<-- [end:core]


def demo() -> None:
    """Draw every kind, rows being queries."""
    lengths = torch.tensor([4])
    masks = {
        "causal": causal_mask(5),
        "causal, 2 new queries": causal_mask(2, 5),
        "sliding window of 2": sliding_window_mask(5, 2),
        "prefix of 3": prefix_mask(torch.tensor([3]), 5)[0],
        "causal, left padding": causal_mask(5) & padding_mask(lengths, 5, "left")[0],
    }
    for name, mask in masks.items():
        print(name)
        for row in mask.tolist():
            print("  " + " ".join("#" if may_look else "." for may_look in row))


if __name__ == "__main__":
    demo()
