r"""Quantization: weights in 8 or 4 bits

Reading weights is what generation waits for, so they are stored small: integers, and for every group of weights one
scale that brings the largest of the group to the largest integer. Each weight is off by half a scale at most, if the
arithmetic is done in float32 also for weights in bfloat16; one outlier makes its whole group coarse, which is why
groups are short. Two 4-bit integers share a byte.

$$
s = \frac{\max_i |x_i|}{2^{b-1} - 1}, \qquad q_i = \mathrm{round}(x_i / s), \qquad \hat x_i = s \, q_i, \qquad
|x_i - \hat x_i| \le \frac{s}{2}
$$

Papers: [LLM.int8()](https://arxiv.org/abs/2208.07339) (absmax, section 2), [QLoRA](https://arxiv.org/abs/2305.14314)
(groups, section 2).

Letters: `b` bits, `G` weights of a group, `n` weights of a row, a multiple of `G`; `...` any leading shape.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
def quantize(x: Tensor, bits: int, group: int | None = None) -> tuple[Tensor, Tensor]:
    """Round to symmetric integers, group by group along the last dimension.

    Args:
        x: `(..., n)`, finite.
        bits: 2 to 8.
        group: `G`, which divides `n`; without it a row is one group.

    Returns:
        q: int8 in [-(2^(b-1) - 1), 2^(b-1) - 1], `(..., n)`.
        scale: In float32 or wider, above 0, `(..., n / G)`: float16 has nothing below 6e-8, and bfloat16 three digits.

    Raises:
        ValueError: If `bits` is outside 2 to 8, `group` does not divide `n`, or `x` is not finite.
    """
    group = x.shape[-1] if group is None else group
    if not 2 <= bits <= 8:
        raise ValueError(f"bits {bits} is not in 2 to 8")
    if group < 1 or x.shape[-1] % group:
        raise ValueError(f"width {x.shape[-1]} is not divisible by group {group}")
    if not x.isfinite().all():
        raise ValueError("x is not finite")
    largest = 2 ** (bits - 1) - 1
    grouped = x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(-1, (-1, group))  # (..., n / G, G)
    scale = grouped.abs().amax(dim=-1, keepdim=True) / largest
    scale = torch.where(scale > 0, scale, 1)  # zeros stay zeros
    q = (grouped / scale).round()
    return q.flatten(-2).to(torch.int8), scale.squeeze(-1)


def dequantize(q: Tensor, scale: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Integers `(..., n)` times the scales of their groups `(..., n / G)`: `(..., n)`.

    The product is rounded once, to `dtype`. None: that of `scale`.
    """
    grouped = q.unflatten(-1, (scale.shape[-1], -1)).to(scale.dtype)
    return (grouped * scale.unsqueeze(-1)).flatten(-2).to(dtype or scale.dtype)


def pack_int4(q: Tensor) -> Tensor:
    """Two neighbours in a byte, the first in the low half: int8 `(..., n)` to uint8 `(..., n / 2)`.

    Raises:
        ValueError: If `n` is odd, or a value is outside [-8, 7].
    """
    if q.shape[-1] % 2:
        raise ValueError(f"width {q.shape[-1]} is odd")
    if ((q < -8) | (q > 7)).any():
        raise ValueError("a value does not fit into 4 bits")
    low, high = q[..., 0::2] & 0xF, q[..., 1::2] & 0xF  # two's complement, the low 4 bits
    return (low.to(torch.uint8)) | (high.to(torch.uint8) << 4)


def unpack_int4(packed: Tensor) -> Tensor:
    """The way back: uint8 `(..., n / 2)` to int8 `(..., n)`."""
    halves = torch.stack([packed & 0xF, packed >> 4], dim=-1).flatten(-2).to(torch.int8)  # 0 to 15
    return torch.where(halves > 7, halves - 16, halves)


def bits_per_weight(bits: int, group: int, scale_bits: int = 32) -> float:
    """What a weight takes with its share of the scale: 4 bits in groups of 128 are 4.25, with 16-bit scales 4.125."""
    return bits + scale_bits / group


class QuantizedLinear(nn.Module):
    """A linear layer whose weight is stored in 8 or 4 bits and brought back for each product; it is not trained.

    Memory and bandwidth are saved, not computation: the product runs in the dtype of the input.

    Args:
        base: The layer to take over, `(..., in) -> (..., out)`.
        bits: 8 or 4.
        group: See `quantize`; it divides `in`.

    Raises:
        ValueError: If `bits` is neither, or what `quantize` and `pack_int4` refuse.
    """

    def __init__(self, base: nn.Linear, bits: int = 4, group: int | None = 64) -> None:
        super().__init__()
        if bits not in (4, 8):
            raise ValueError(f"bits {bits} is not 4 or 8")
        q, scale = quantize(base.weight.detach(), bits, group)
        self.bits = bits
        self.register_buffer("stored", pack_int4(q) if bits == 4 else q)  # (out, in / 2) or (out, in)
        self.register_buffer("scale", scale)  # (out, in / G)
        self.register_buffer("bias", None if base.bias is None else base.bias.detach().clone())

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        """The weight as the product uses it, `(out, in)`, in `dtype`. None: that of the scales."""
        return dequantize(unpack_int4(self.stored) if self.bits == 4 else self.stored, self.scale, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(..., in)` to `(..., out)`."""
        out = x @ self.weight(x.dtype).T
        return out if self.bias is None else out + self.bias


# --8<-- [end:core]


def demo() -> None:
    """What bits and groups do to the error, with one outlier among the weights."""
    torch.manual_seed(0)
    weight = torch.randn(8, 1024)
    weight[0, 0] = 50.0
    for bits in (8, 4):
        for group in (1024, 128, 32):
            error = (dequantize(*quantize(weight, bits, group)) - weight).square().mean().sqrt()
            print(f"int{bits}, groups of {group:4}: {bits_per_weight(bits, group):.3f} bits, error {error:.4f}")


if __name__ == "__main__":
    demo()
