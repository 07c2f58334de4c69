r"""FP8 and MXFP4: few bits, with a scale for each block

Eight bits can be a floating-point number too. E4M3 has three bits after the point and reaches 448, E5M2 has two and
reaches 57,344; MXFP4's elements have one and reach 6. What lies outside is lost, so a scale moves each block of numbers
into the range, and what is multiplied in few bits must be added up in many.

$$
s = \frac{\max |x|}{\mathrm{max}_\text{format}} \;\text{ or }\; 2^{\lfloor \log_2 \max |x| \rfloor - e_{\max}}, \qquad
x \approx s \cdot \mathrm{round}\Big(\frac xs\Big), \qquad
y_{ij} = \sum_b s^x_{ib}\, s^w_{jb} \sum_{k \in b} \hat x_{ik}\, \hat w_{jk}
$$

Papers: [FP8 Formats for Deep Learning](https://arxiv.org/abs/2209.05433),
[Microscaling Data Formats](https://arxiv.org/abs/2310.10537) (MX, scales that are powers of two),
[DeepSeek-V3](https://arxiv.org/abs/2412.19437), section 3.3 (blocks, and sums taken over in float32).

Letters: `M`, `N` rows of the two factors, `K` what they are multiplied along; `s` is a block's scale.
"""

from typing import NamedTuple

import torch
from torch import Tensor


# --8<-- [start:core]
class Format(NamedTuple):
    """A small floating-point format: how fine, from where on it is no finer, and how far."""

    mantissa: int
    """Bits after the point."""
    min_exponent: int
    """Of the smallest normal number; below it steps stay the same, down to 0."""
    max: float
    """The largest number."""


E4M3 = Format(3, -6, 448.0)  # torch.float8_e4m3fn: no infinity, so that the top exponent still counts
E5M2 = Format(2, -14, 57344.0)  # torch.float8_e5m2
E3M2 = Format(2, -2, 28.0)
E2M3 = Format(3, 0, 7.5)
E2M1 = Format(1, 0, 6.0)  # the elements of MXFP4: 0, 1/2, 1, 3/2, 2, 3, 4, 6 and their negatives


def round_to(x: Tensor, form: Format) -> Tensor:
    """Each number as the format has it: the nearest, of two the even one; beyond the largest, the largest.

    Args:
        x: Any shape. NaN stays.
        form: Such as `E4M3`.

    Returns:
        Shape of `x`, float32.
    """
    x = x.float().clamp(-form.max, form.max)
    exponent = x.abs().clamp(min=2.0**form.min_exponent).log2().floor()
    step = (exponent - form.mantissa).exp2()  # from one number to the next, here
    return (x / step).round() * step


def quantize_blocks(
    x: Tensor, block: tuple[int, int], form: Format = E4M3, power_of_two: bool = False
) -> tuple[Tensor, Tensor]:
    """Round a matrix block by block, each under a scale of its own.

    Args:
        x: `(M, K)`.
        block: Rows and columns of a block, which divide `M` and `K`: DeepSeek-V3 has `(1, 128)` for activations and
            `(128, 128)` for weights, MX `(1, 32)`; `(M, K)` is one scale for all.
        form: Of the elements.
        power_of_two: MX's scales (E8M0): of the block's largest number only the exponent counts, and what is then
            still beyond the largest element saturates. Otherwise the largest number becomes the largest element.

    Returns:
        Elements, as float32 numbers of the format, `(M, K)`.
        Scales, float32, `(M / rows, K / columns)`; 1 for a block of zeros.

    Raises:
        ValueError: If `x` is no matrix, or blocks do not divide it.
    """
    if x.ndim != 2 or min(block) < 1 or x.shape[0] % block[0] or x.shape[1] % block[1]:
        raise ValueError(f"blocks {block} do not divide x {tuple(x.shape)}")
    x = x.float()
    peak = x.view(x.shape[0] // block[0], block[0], -1, block[1]).abs().amax(dim=(1, 3))  # (M / rows, K / columns)
    if power_of_two:
        scale = (peak.log2().floor() - torch.tensor(form.max).log2().floor()).clamp(min=-127).exp2()
    else:
        scale = (peak / form.max).clamp(min=2.0**-126)
    scale = torch.where(peak > 0, scale, torch.ones_like(scale))
    return round_to(x / _spread(scale, block), form), scale


def dequantize_blocks(elements: Tensor, scales: Tensor) -> Tensor:
    """What the elements stand for, `(M, K)`, float32; the block's size is read off the shapes."""
    block = (elements.shape[0] // scales.shape[0], elements.shape[1] // scales.shape[1])
    return elements * _spread(scales, block)


def scaled_matmul(x: Tensor, x_scales: Tensor, w: Tensor, w_scales: Tensor) -> Tensor:
    """`x wᵀ` of quantized factors: each block's product is multiplied by its two scales and added up in float32.

    Args:
        x: Elements `(M, K)`.
        x_scales: `(M, K / b)`: one row of `x`, `b` columns each.
        w: Elements `(N, K)`.
        w_scales: `(N / rows, K / b)`, of the same `b`.

    Returns:
        Shape `(M, N)`, float32.

    Raises:
        ValueError: If the blocks along `K` differ.
    """
    blocks = x_scales.shape[1]
    if x.shape[1] != w.shape[1] or w_scales.shape[1] != blocks or x_scales.shape[0] != x.shape[0]:
        shapes = [tuple(t.shape) for t in (x, x_scales, w, w_scales)]
        raise ValueError(f"x, x_scales, w, w_scales {shapes} are not (M, K), (M, K / b), (N, K), (N / rows, K / b)")
    w_scales = w_scales.repeat_interleave(w.shape[0] // w_scales.shape[0], dim=0)  # (N, K / b)
    result = x.new_zeros(())
    for b, (some, others) in enumerate(zip(x.chunk(blocks, dim=1), w.chunk(blocks, dim=1), strict=True)):
        result = result + (some @ others.T) * x_scales[:, b, None] * w_scales[None, :, b]
    return result


def short_sum(terms: Tensor, mantissa: int = 13, every: int | None = None) -> Tensor:
    """Add up one after another in a register of few bits, as FP8 products once were on tensor cores.

    Args:
        terms: `(..., K)`.
        mantissa: Bits after the point of the running sum.
        every: Add the running sum to one in float32 after so many terms, and begin anew. None: never.

    Returns:
        Shape `(...)`, float32.
    """
    register = Format(mantissa, -126, torch.finfo(torch.float32).max)
    total = running = torch.zeros_like(terms[..., 0], dtype=torch.float32)
    for k in range(terms.shape[-1]):
        running = round_to(running + terms[..., k], register)
        if every and (k + 1) % every == 0:
            total, running = total + running, torch.zeros_like(running)
    return total + running


def _spread(scales: Tensor, block: tuple[int, int]) -> Tensor:
    """A scale for each element."""
    return scales.repeat_interleave(block[0], dim=0).repeat_interleave(block[1], dim=1)


# --8<-- [end:core]


def demo() -> None:
    """What a scale for all, one for each block, and MXFP4 leave of a matrix with one outlier."""
    torch.manual_seed(0)
    x = torch.randn(8, 512)
    x[3, 5] = 1e5
    for name, block, form, power in (
        ("E4M3, one scale", (8, 512), E4M3, False),
        ("E4M3, 1 x 128", (1, 128), E4M3, False),
        ("MXFP4, 1 x 32", (1, 32), E2M1, True),
    ):
        wrong = dequantize_blocks(*quantize_blocks(x, block, form, power)) - x
        print(f"{name:16} relative error of the first rows {(wrong[:3].norm() / x[:3].norm()).item():.3f}")


if __name__ == "__main__":
    demo()
