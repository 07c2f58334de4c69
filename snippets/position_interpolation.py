r"""Position interpolation: longer text within trained angles

A model with rotary positions was trained up to `L` tokens. Beyond, its angles are ones it has never seen, and scores
can grow without bound. Interpolation squeezes the `L'` positions of a longer text into the trained range: position
3001 of 4096 becomes 1500.5 of 2048. Angles exist for fractions too, and between seen points a sum of slow waves
cannot jump.

$$
f'(x, m) = f\Big(x, \frac{m L}{L'}\Big), \qquad
\text{score at distance } s: \; a(s) = \sum_{j} \alpha_j \cos s\theta_j + \beta_j \sin s\theta_j, \qquad
\theta_j = b^{-2j/D}
$$

Paper: [Extending Context Window of Large Language Models via Positional
Interpolation](https://arxiv.org/abs/2306.15595), section 2.

Letters: `B` batch, `T` sequence, `H` heads, `D` head width, `L` trained and `L'` wanted length.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def interpolation_factor(trained_length: int, target_length: int) -> float:
    """What positions are divided by, `L' / L`.

    It belongs to the model, not to the text: a model tuned with a factor needs it for short texts too.

    Raises:
        ValueError: If a length is below 1, or the target is the shorter one: there is nothing to squeeze.
    """
    if trained_length < 1 or target_length < trained_length:
        raise ValueError(f"target_length {target_length} is not at least trained_length {trained_length}, or that is 0")
    return target_length / trained_length


def interpolated_angles(positions: Tensor, head_width: int, factor: float = 1.0, base: float = 10000.0) -> Tensor:
    """The angle of every pair at every position. Dividing all frequencies by `factor` instead would be the same.

    Args:
        positions: Any real numbers, `(...)`.
        head_width: `D`, even.
        factor: From `interpolation_factor`; 1 is plain RoPE.
        base: `b`.

    Returns:
        Shape `(..., D / 2)`, float32.

    Raises:
        ValueError: If `head_width` is odd or not positive, `factor` below 1 or `base` not positive.
    """
    if head_width < 2 or head_width % 2:
        raise ValueError(f"head_width {head_width} is not even and positive")
    if not factor >= 1:
        raise ValueError(f"factor {factor} is below 1")
    if not base > 0:
        raise ValueError(f"base {base} is not positive")
    exponents = torch.arange(0, head_width, 2, dtype=torch.float32, device=positions.device) / head_width
    return (positions.to(torch.float32) / factor).unsqueeze(-1) * base**-exponents


def interpolated_rope(x: Tensor, positions: Tensor, factor: float = 1.0, base: float = 10000.0) -> Tensor:
    """Turn queries or keys, pairing feature `j` with `j + D / 2` as transformers does.

    Args:
        x: Shape `(B, H, T, D)`.
        positions: Shape `(T,)`, or `(B, T)` where rows differ, as transformers has `position_ids`.
        factor: See `interpolated_angles`.
        base: See `interpolated_angles`.

    Returns:
        Shape `(B, H, T, D)`, in the dtype of `x`.

    Raises:
        ValueError: As `interpolated_angles`, and if positions are not `(T,)` or `(B, T)`.
    """
    if positions.shape[-1] != x.shape[-2]:
        raise ValueError(f"{positions.shape[-1]} positions are not one for each of {x.shape[-2]}")
    if positions.ndim == 2 and positions.shape[0] in (1, x.shape[0]):
        positions = positions.unsqueeze(1)  # (B, 1, T), the same for all heads
    elif positions.ndim != 1 and positions.shape[:-1] not in ((1, 1), (x.shape[0], 1)):
        raise ValueError(f"positions {tuple(positions.shape)} are not (T,) or (B, T) of x {tuple(x.shape)}")
    angles = interpolated_angles(positions, x.shape[-1], factor, base)  # (..., T, D / 2)
    cos, sin = angles.cos(), angles.sin()
    first, second = x.to(torch.promote_types(x.dtype, cos.dtype)).chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1).to(x.dtype)


def score_waves(distances: Tensor, head_width: int, factor: float = 1.0, base: float = 10000.0) -> Tensor:
    """The waves that every score is made of, at each distance between query and key.

    A query and a key choose the coefficients, `α_j = q_j k_j + q_{j+D/2} k_{j+D/2}` and
    `β_j = q_j k_{j+D/2} - q_{j+D/2} k_j`; the score is `score_waves(...) @ coefficients`.

    Args:
        distances: Position of the query minus that of the key, `(...)`.
        head_width: See `interpolated_angles`, as are the other arguments.
        factor: See there.
        base: See there.

    Returns:
        Shape `(..., D)`: cosines, then sines.
    """
    angles = interpolated_angles(distances, head_width, factor, base)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


# --8<-- [end:core]


def demo() -> None:
    """From 2048 to 4096: positions halve, and every angle is one that was trained."""
    factor = interpolation_factor(2048, 4096)
    position = torch.tensor([3001.0])
    print(f"factor {factor}: position 3001 is treated as {(position / factor).item()}")
    trained = interpolated_angles(torch.tensor([2047.0]), 128)[0]
    for name, f in (("extrapolated", 1.0), ("interpolated", factor)):
        angles = interpolated_angles(torch.tensor([4095.0]), 128, f)[0]
        new = ((angles > trained + 1e-3 * trained) & (trained < 2 * torch.pi)).sum().item()
        print(f"{name}: {new} of 64 pairs reach an angle that training never showed")


if __name__ == "__main__":
    demo()
