r"""AWQ and SmoothQuant: move a scale from the activations to the weights, or back

A linear layer does not change if a channel of its input is divided by a number and the weights that meet it are
multiplied by the same. Rounding does change. AWQ multiplies the weights of channels with large inputs before it rounds
the weights: their error is then divided again. SmoothQuant, which rounds inputs as well, shrinks the channels that
stick out, so that one scale serves all.

$$
W x = \big(W \operatorname{diag}(s)\big) \big(\operatorname{diag}(s)^{-1} x\big), \qquad
s_j^{\text{AWQ}} = \big(\mathrm{mean} |x_j|\big)^{\alpha}, \qquad
s_j^{\text{Smooth}} = \frac{\max |x_j|^{\alpha}}{\max |w_j|^{1 - \alpha}}
$$

Papers: [AWQ](https://arxiv.org/abs/2306.00978), section 3; [SmoothQuant](https://arxiv.org/abs/2211.10438), section 4.

Letters: `N` rows of calibration, `in`, `out` widths of the layer; `x_j`, `w_j` channel `j` of inputs and weight, `s_j`
its scale, `α` how much of the difficulty is moved.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
def rounded(x: Tensor, bits: int, group: int | None = None) -> Tensor:
    """What is left of `x` after rounding to symmetric integers and turning back.

    Args:
        x: `(..., n)`.
        bits: 2 to 8.
        group: Neighbours that share a scale; divides `n`. None: the whole row.

    Returns:
        Shape `(..., n)`, in float32 or wider.

    Raises:
        ValueError: If `bits` is out of range or `group` does not divide `n`.
    """
    group = x.shape[-1] if group is None else group
    if not 2 <= bits <= 8 or group < 1 or x.shape[-1] % group:
        raise ValueError(f"bits {bits} are not 2 to 8, or group {group} does not divide {x.shape[-1]}")
    grouped = _wide(x).unflatten(-1, (-1, group))
    scale = grouped.abs().amax(dim=-1, keepdim=True) / (2 ** (bits - 1) - 1)
    scale = scale.masked_fill(scale == 0, 1.0)
    return ((grouped / scale).round() * scale).flatten(-2)


def awq_scales(x: Tensor, alpha: float) -> Tensor:
    """Scale of each input channel from the mean size of its inputs.

    Args:
        x: Calibration inputs, `(..., in)`.
        alpha: 0 (no scale) to 1.

    Returns:
        Shape `(in,)`, positive, the geometric mean of the largest and the smallest is 1.
    """
    size = _wide(x).abs().flatten(0, -2).mean(dim=0)
    scales = size.pow(alpha).clamp(min=1e-4)
    return scales / (scales.max() * scales.min()).sqrt()


@torch.no_grad()
def search_awq(
    weight: Tensor, x: Tensor, bits: int = 4, group: int | None = None, steps: int = 20
) -> tuple[Tensor, float]:
    """The `α` of a grid for which the layer's output changes least.

    Args:
        weight: `(out, in)`.
        x: Calibration inputs, `(..., in)`.
        bits: As in `rounded`.
        group: As in `rounded`.
        steps: `α` is tried at 0, 1 / steps, … up to (steps - 1) / steps; 0 is rounding to nearest.

    Returns:
        The scales, `(in,)`.
        Their `α`.

    Raises:
        ValueError: If the widths differ or there are no steps.
    """
    if weight.shape[-1] != x.shape[-1] or steps < 1:
        raise ValueError(f"weight {tuple(weight.shape)} and x {tuple(x.shape)} do not fit, or steps {steps} is below 1")
    exact, best = F.linear(_wide(x), _wide(weight)), (float("inf"), 0.0)
    for step in range(steps):
        scales = awq_scales(x, step / steps)
        back = rounded(_wide(weight) * scales, bits, group) / scales
        best = min(best, ((F.linear(_wide(x), back) - exact).square().mean().item(), step / steps))
    return awq_scales(x, best[1]), best[1]


def smoothquant_scales(x: Tensor, weight: Tensor, alpha: float = 0.5) -> Tensor:
    """Scale of each input channel that shares the difficulty between inputs and weights.

    Args:
        x: Calibration inputs, `(..., in)`.
        weight: `(out, in)`.
        alpha: How much of it goes to the weights: at 0.5 the largest of both are the same in every channel.

    Returns:
        Shape `(in,)`, positive.

    Raises:
        ValueError: If the widths differ.
    """
    if weight.shape[-1] != x.shape[-1]:
        raise ValueError(f"weight {tuple(weight.shape)} and x {tuple(x.shape)} do not fit")
    inputs = _wide(x).abs().flatten(0, -2).amax(dim=0).clamp(min=1e-5)
    weights = _wide(weight).abs().amax(dim=0).clamp(min=1e-5)
    return inputs.pow(alpha) / weights.pow(1 - alpha)


def move_scales(norm_weight: Tensor, weight: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    """Put the scales where they cost nothing: into the norm before the layer, and into the layer.

    Args:
        norm_weight: Of the layer or RMS norm whose output is the layer's input, `(in,)`; a bias is divided likewise.
        weight: `(out, in)`; every layer that reads the same input must be multiplied.
        scales: `(in,)`.

    Returns:
        The norm's weight, divided, `(in,)`.
        The layer's weight, multiplied, `(out, in)`.
    """
    return norm_weight / scales, weight * scales


def rounded_linear(x: Tensor, weight: Tensor, bits: int = 8) -> Tensor:
    """A product of rounded inputs, a scale for each token, and rounded weights, a scale for each output: W8A8.

    Args:
        x: `(..., in)`.
        weight: `(out, in)`.
        bits: Of both.

    Returns:
        Shape `(..., out)`, in float32 or wider.
    """
    return F.linear(rounded(x, bits), rounded(weight, bits))


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """A few channels with large inputs: errors with and without moved scales."""
    torch.manual_seed(0)
    x, weight = torch.randn(128, 64), torch.randn(32, 64) / 8
    x[:, :3] *= 30
    exact = x @ weight.T
    scales, alpha = search_awq(weight, x, bits=4)
    smooth = smoothquant_scales(x, weight)
    for name, output in (
        ("W4, nearest", x @ rounded(weight, 4).T),
        (f"W4, AWQ with alpha {alpha:.2f}", x @ (rounded(weight * scales, 4) / scales).T),
        ("W8A8", rounded_linear(x, weight)),
        ("W8A8, SmoothQuant", rounded_linear(x / smooth, weight * smooth)),
    ):
        print(f"{name:25} off by {((output - exact).norm() / exact.norm()).item():.2%}")


if __name__ == "__main__":
    demo()
