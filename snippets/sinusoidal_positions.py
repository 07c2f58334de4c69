r"""Sinusoidal positions

Attention compares contents and is blind to order: shuffle the words, and the outputs are merely shuffled with them.
The original Transformer adds to every word vector a vector of its position: sines and cosines of many frequencies,
like the hands of clocks that run at different speeds. Their dot products depend on the distance alone.

$$
p_{m, 2i} = \sin(m\, \theta_i), \qquad p_{m, 2i+1} = \cos(m\, \theta_i), \qquad \theta_i = 10000^{-2i / C}, \qquad
p_m \cdot p_n = \sum_i \cos\big((m - n)\, \theta_i\big)
$$

Paper: [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section 3.5.

Letters: `B` batch, `T` sequence, `C` model width, `i` the pair, 0 to `C / 2 - 1`.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def sinusoidal_positions(positions: Tensor, width: int, base: float = 10000.0) -> Tensor:
    """A vector for each position, sines and cosines alternating.

    Args:
        positions: Any real numbers, any shape `(...)`.
        width: `C`, even.
        base: The slowest pair turns nearly this many times more slowly than the fastest.

    Returns:
        Shape `(..., C)`, float32, each entry in [-1, 1].

    Raises:
        ValueError: If `width` is odd or not positive, or `base` is not positive.
    """
    _check(width, base)
    exponents = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device) / width  # 2i / C
    angles = positions.to(torch.float32).unsqueeze(-1) * base**-exponents  # (..., C / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def add_positions(x: Tensor, real: Tensor | None = None, base: float = 10000.0) -> Tensor:
    """Word vectors times √C plus their positions, as the paper feeds them to the first layer.

    The factor is for word vectors drawn with entries of about 1/√C, which positions would drown; `nn.Embedding` draws
    entries of about 1, and then it makes the words √C times as loud as the positions.

    Args:
        x: Word vectors, `(B, T, C)`.
        real: Bool or 0/1 `(B, T)`, False at padding, a tokenizer's `attention_mask`; positions count from each row's
            first real token. None: from the first column.
        base: See `sinusoidal_positions`.

    Returns:
        Shape `(B, T, C)`, in the dtype of `x`.

    Raises:
        ValueError: As `sinusoidal_positions`, and if `real` is of floats or not `(B, T)`.
    """
    B, T, C = x.shape
    if real is None:
        positions = torch.arange(T, device=x.device)
    elif real.is_floating_point() or real.shape != (B, T):
        raise ValueError(f"real is {real.dtype} {tuple(real.shape)}, not bool or 0/1 {(B, T)}")
    else:
        positions = (real.long().cumsum(dim=-1) - 1).clamp(min=0)  # (B, T)
    return (x * C**0.5 + sinusoidal_positions(positions, C, base)).to(x.dtype)


def shift_positions(vectors: Tensor, steps: float, base: float = 10000.0) -> Tensor:
    """Vectors of the positions `steps` further on, by a rotation that does not need to know where they are.

    Args:
        vectors: From `sinusoidal_positions`, `(..., C)`.
        steps: How far.
        base: The one they were made with.

    Returns:
        Shape `(..., C)`.

    Raises:
        ValueError: As `sinusoidal_positions`.
    """
    turn = sinusoidal_positions(torch.tensor(steps, device=vectors.device), vectors.shape[-1], base)
    (sin, cos), (sin_k, cos_k) = ((v[..., 0::2], v[..., 1::2]) for v in (vectors, turn))
    return torch.stack([sin * cos_k + cos * sin_k, cos * cos_k - sin * sin_k], dim=-1).flatten(-2)


def _check(width: int, base: float) -> None:
    """Raise ValueError unless `width` is even and positive and `base` positive."""
    if width < 2 or width % 2:
        raise ValueError(f"width {width} is not even and positive")
    if not base > 0:
        raise ValueError(f"base {base} is not positive")


# --8<-- [end:core]


def demo() -> None:
    """A few vectors, and the product of two of them at three distances and two places."""
    for m, vector in enumerate(sinusoidal_positions(torch.arange(3), 6).tolist()):
        print(f"position {m}:", [round(entry, 3) for entry in vector])
    for distance in (0, 1, 50):
        products = []
        for start in (0, 1000):
            here, there = sinusoidal_positions(torch.tensor([start, start + distance]), 64)
            products.append((here @ there).item())
        print(f"distance {distance:2}: product {products[0]:.2f} at 0, {products[1]:.2f} at 1000")


if __name__ == "__main__":
    demo()
