r"""RoPE: rotary position embedding

Every pair of features of a query or key is a point in a plane; RoPE turns it by an angle that grows with the
position. A dot product sees only the difference of two angles, so the score depends on how far apart two tokens are:
an absolute rule with a relative effect, without a single parameter.

$$
(R_m q)_j = q_j\, e^{\mathrm{i} m \theta_j}, \qquad \theta_j = b^{-2j/D}, \qquad
\langle R_m q, R_n k \rangle = \langle q, R_{n-m} k \rangle
$$

Paper: [RoFormer](https://arxiv.org/abs/2104.09864), section 3.2.2.

Letters: `B` batch, `T` sequence, `H` heads, `D` head width, `j` the pair, 0 to `D / 2 - 1`, `m` and `n` positions.

Which two features make a pair is a matter of layout: "halves" pairs feature `j` with `j + D / 2` (GPT-NeoX,
transformers), "neighbours" pairs `2j` with `2j + 1` (the paper, Meta's Llama). Weights for one do not fit the other.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def rope_frequencies(head_width: int, base: float = 10000.0, device: torch.device | str | None = None) -> Tensor:
    """Angle that each pair turns by per position.

    Args:
        head_width: `D`, even.
        base: `b`; a larger one turns more slowly and reaches further.
        device: Where to make them.

    Returns:
        Shape `(D / 2,)`, float32, from 1 down to nearly `1 / base`.

    Raises:
        ValueError: If `head_width` is odd or not positive, or `base` is not positive.
    """
    if head_width < 2 or head_width % 2:
        raise ValueError(f"head_width {head_width} is not even and positive")
    if not base > 0:
        raise ValueError(f"base {base} is not positive")
    exponents = torch.arange(0, head_width, 2, dtype=torch.float32, device=device) / head_width  # 2j / D
    return 1.0 / base**exponents


def rope_angles(positions: Tensor, frequencies: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every angle; made once and used in all layers.

    Args:
        positions: Any real numbers, `(..., T)`: `(T,)` for all rows alike, `(B, T)` for left-padded ones, as
            transformers has `position_ids`.
        frequencies: From `rope_frequencies`, `(D / 2,)`.

    Returns:
        Cosines, `(..., T, D / 2)`, in float32: bfloat16 cannot tell position 257 from 256.
        Sines, of the same form.
    """
    angles = positions.to(torch.float32).unsqueeze(-1) * frequencies  # (..., T, D / 2)
    return angles.cos(), angles.sin()


def rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn queries or keys (never values), pairing the first half of the features with the second.

    Args:
        x: Shape `(B, H, T, D)`; without a batch `(H, T, D)` or `(T, D)`.
        cos: From `rope_angles`: `(T, D / 2)`, or `(B, T, D / 2)`, the same for all heads; or `(B, 1, T, D / 2)`.
        sin: The same.

    Returns:
        Of the shape and dtype of `x`.

    Raises:
        ValueError: If the widths, lengths or batches do not fit.
    """
    wide, cos, sin = _fit(x, cos, sin)
    first, second = wide.chunk(2, dim=-1)  # (B, H, T, D / 2) each
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1).to(x.dtype)


def rope_neighbours(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """The same for the other layout, which pairs features `2j` and `2j + 1`."""
    wide, cos, sin = _fit(x, cos, sin)
    pairs = wide.unflatten(-1, (-1, 2))  # (B, H, T, D / 2, 2)
    first, second = pairs[..., 0], pairs[..., 1]
    return torch.stack([first * cos - second * sin, second * cos + first * sin], dim=-1).flatten(-2).to(x.dtype)


def neighbours_to_halves(weight: Tensor, heads: int) -> Tensor:
    """Reorder the rows of a query or key projection made for `rope_neighbours` so that it fits `rope`.

    Scores do not change: queries and keys are reordered alike.

    Args:
        weight: Shape `(heads * D, C)`; a bias `(heads * D,)` works too.
        heads: Heads in this projection.

    Returns:
        Of `weight`'s shape.

    Raises:
        ValueError: If the rows do not make `heads` heads of even width.
    """
    rows = weight.shape[0]
    if heads < 1 or rows % (2 * heads):
        raise ValueError(f"{rows} rows are not {heads} heads of even width")
    pairs = weight.reshape(heads, rows // heads // 2, 2, *weight.shape[1:])  # (H, D / 2, 2, C)
    return pairs.transpose(1, 2).reshape(weight.shape)


def _fit(x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`x` in the wider dtype of `x` and `cos`, so that half precision is rounded once, at the end; angles with heads.

    Angles `(B, T, D / 2)` would otherwise meet the heads of `x`, and fit by chance where `B` is `H`.
    """
    if x.shape[-1] != 2 * cos.shape[-1] or x.shape[-2] != cos.shape[-2] or cos.shape != sin.shape:
        raise ValueError(f"x {tuple(x.shape)} has not the length and twice the width of cos {tuple(cos.shape)}")
    if cos.ndim == 3 and x.ndim == 4:
        cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)  # (B, 1, T, D / 2)
    if cos.ndim > 2 and (cos.ndim != x.ndim or cos.shape[0] not in (1, x.shape[0])):
        raise ValueError(f"cos {tuple(cos.shape)} has another batch than x {tuple(x.shape)}")
    return x.to(torch.promote_types(x.dtype, cos.dtype)), cos, sin


# --8<-- [end:core]


def demo() -> None:
    """The score of one query and one key at three distances, each at two places."""
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 64)
    frequencies = rope_frequencies(64)
    for distance in (0, 3, 100):
        scores = []
        for start in (0, 1000):
            here = rope(query, *rope_angles(torch.tensor([start + distance]), frequencies))
            there = rope(key, *rope_angles(torch.tensor([start]), frequencies))
            scores.append((here * there).sum().item())
        print(f"distance {distance:3}: score {scores[0]:+.2f} at 0 and {scores[1]:+.2f} at 1000")


if __name__ == "__main__":
    demo()
