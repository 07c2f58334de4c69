r"""NTK-aware RoPE: a larger base for longer text

Position interpolation slows every pair of a rotary embedding alike, also the fast ones that tell neighbours apart.
Raising the base instead leaves the fastest pair as it was, slows the slowest as much as interpolation does, and the
others in between. Dynamic NTK raises it only as far as the text at hand needs; YaRN treats pairs by how often they
turn within the trained length.

$$
b' = b \cdot s^{D / (D - 2)}, \qquad \theta'_j = b'^{-2j/D}, \qquad
\theta'_0 = 1, \quad \theta'_{D/2-1} = \theta_{D/2-1} / s
$$

Papers: the [post that proposed it](https://www.reddit.com/r/LocalLLaMA/comments/14lz7j5/), June 2023;
[YaRN](https://arxiv.org/abs/2309.00071), sections 3.1 to 3.4.

Letters: `D` head width, `j` the pair, 0 to `D / 2 - 1`, `s` the factor by which the window grows, `L` trained length.
All functions return frequencies `θ'`, to be multiplied by positions as plain RoPE's are.
"""

import math

import torch
from torch import Tensor


# --8<-- [start:core]
def ntk_base(head_width: int, factor: float, base: float = 10000.0) -> float:
    """The base `b'` that slows the slowest pair by `factor` and the fastest not at all.

    Args:
        head_width: `D`, even and above 2: with a single pair there is nothing between fastest and slowest.
        factor: `s`, at least 1. Since pairs in between are slowed by less, take it larger than the window's growth.
        base: `b`.

    Returns:
        `b'`.

    Raises:
        ValueError: If `head_width` is odd or below 4, `factor` below 1 or `base` not above 1.
    """
    if head_width < 4 or head_width % 2:
        raise ValueError(f"head_width {head_width} is not even and at least 4")
    if not factor >= 1:
        raise ValueError(f"factor {factor} is below 1")
    if not base > 1:
        raise ValueError(f"base {base} is not above 1")
    return base * factor ** (head_width / (head_width - 2))


def ntk_frequencies(head_width: int, factor: float, base: float = 10000.0) -> Tensor:
    """NTK-aware frequencies, `(D / 2,)`, float32; arguments and errors are those of `ntk_base`."""
    return _frequencies(head_width, ntk_base(head_width, factor, base))


def dynamic_ntk_frequencies(
    head_width: int, length: int, trained_length: int, factor: float = 1.0, base: float = 10000.0
) -> Tensor:
    """Frequencies for a text of `length`: the model's own up to the trained length, NTK-aware ones beyond.

    Keys cached before the length grew were turned by other angles: cache them unturned, or accept the error.

    Args:
        head_width: `D`.
        length: Of the text so far.
        trained_length: `L`.
        factor: Steepness; with 1 the factor is `length / L`.
        base: `b`.

    Returns:
        Shape `(D / 2,)`, float32.

    Raises:
        ValueError: As `ntk_base`, and if `trained_length` is below 1.
    """
    if trained_length < 1:
        raise ValueError(f"trained_length {trained_length} is below 1")
    grown = factor * max(length, trained_length) / trained_length - (factor - 1)
    return ntk_frequencies(head_width, grown, base)


def yarn_frequencies(
    head_width: int,
    factor: float,
    trained_length: int,
    base: float = 10000.0,
    fast_turns: float = 32.0,
    slow_turns: float = 1.0,
) -> Tensor:
    """YaRN's frequencies ("NTK by parts"): fast pairs stay, slow ones are divided by `factor`, a ramp lies between.

    Args:
        head_width: `D`.
        factor: `s`.
        trained_length: `L`.
        base: `b`.
        fast_turns: Pairs that turn more often than this within `L` stay: they measure distances nearby.
        slow_turns: Pairs that turn less often than this never showed all their angles: they are interpolated.

    Returns:
        Shape `(D / 2,)`, float32.

    Raises:
        ValueError: As `dynamic_ntk_frequencies`, and if not `fast_turns > slow_turns > 0`.
    """
    if not fast_turns > slow_turns > 0:
        raise ValueError(f"fast_turns {fast_turns} is not above slow_turns {slow_turns}, or that is not positive")
    if trained_length < 1:
        raise ValueError(f"trained_length {trained_length} is below 1")
    ntk_base(head_width, factor, base)  # validates

    def pair_that_turns(times: float) -> float:
        """The (fractional) pair `j` with `L θ_j / 2π = times`."""
        return head_width / 2 * math.log(trained_length / (2 * math.pi * times), base)

    low = max(math.floor(pair_that_turns(fast_turns)), 0)
    high = min(math.ceil(pair_that_turns(slow_turns)), head_width - 1)
    plain = _frequencies(head_width, base)
    ramp = ((torch.arange(len(plain)) - low) / max(high - low, 1e-3)).clamp(0, 1)  # 0 stays, 1 interpolates
    return plain * (1 - ramp) + plain / factor * ramp


def yarn_attention_factor(factor: float) -> float:
    """What YaRN multiplies cosines and sines by, so that longer texts do not flatten the attention.

    It is `√(1 / t)` of the paper's temperature `t`; both queries and keys are multiplied, so scores are divided by `t`.
    """
    return 0.1 * math.log(max(factor, 1.0)) + 1.0


def _frequencies(head_width: int, base: float) -> Tensor:
    """Plain RoPE's frequencies, `(D / 2,)`."""
    return base ** (-torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)


# --8<-- [end:core]


def demo() -> None:
    """How much each method slows the fastest, the middle and the slowest of 64 pairs, for a window 4 times as long."""
    plain = ntk_frequencies(128, 1.0)
    methods = {
        "interpolation": plain / 4,
        "NTK-aware": ntk_frequencies(128, 4.0),
        "dynamic, at 4 L": dynamic_ntk_frequencies(128, 8192, 2048),
        "YaRN": yarn_frequencies(128, 4.0, 2048),
    }
    for name, frequencies in methods.items():
        slower = (plain / frequencies)[[0, 16, 32, 48, 63]]
        print(f"{name:15}", [round(ratio, 2) for ratio in slower.tolist()])


if __name__ == "__main__":
    demo()
