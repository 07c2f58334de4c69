r"""QLoRA: a base in 4 bits, updates in 16

LoRA still holds the base in 16 bits. QLoRA stores it in 4, turns each matrix back for its product and lets gradients
pass through to the updates alone. With 16 levels it matters where they lie: trained weights are nearly normal, so NF4
puts its levels at quantiles of the normal distribution, each about as likely to be used as the next, and one at 0. The
scales, one for 64 weights, are quantized themselves.

$$
q_i = \Phi^{-1}(p_i) / \Phi^{-1}(p_{\max}), \qquad \hat w = a_{\text{block}} \, q_{c(w)}, \qquad
y = \hat W x + \frac{\alpha}{r} B A x, \qquad \text{bits} = 4 + \frac{8}{64} + \frac{32}{64 \cdot 256}
$$

Paper: [QLoRA](https://arxiv.org/abs/2305.14314), section 3 and appendix E.

Letters: `n` weights of a row, a multiple of the block; `a` the largest of a block, `c` a weight's code, 0 to 15; `in`,
`out` widths of the layer, `r` rank.
"""

from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def nf4_levels() -> Tensor:
    """The 16 values that a code stands for, from -1 to 1, float32 `(16,)`.

    Quantiles at even distances of probability, seven below 0 and eight above, so that 0 is one of them.
    """
    most = (1 - 1 / 30 + 1 - 1 / 32) / 2  # the outermost stand for a tail each: no level at infinity
    quantile = NormalDist().inv_cdf
    below = [-quantile(most + (0.5 - most) * step / 7) for step in range(7)]
    above = [quantile(most + (0.5 - most) * step / 8) for step in range(8)]
    levels = torch.tensor(sorted([*below, 0.0, *above]))
    return levels / levels.max()


def quantize_nf4(x: Tensor, block: int = 64) -> tuple[Tensor, Tensor]:
    """The nearest level for each weight, once its block is divided by its largest.

    Args:
        x: `(..., n)`.
        block: Weights that share a scale; divides `n`.

    Returns:
        Codes, uint8 `(..., n)`, 0 to 15.
        Largest of each block, `(..., n / block)`, in float32 or wider.

    Raises:
        ValueError: If `block` does not divide `n`.
    """
    if block < 1 or x.shape[-1] % block:
        raise ValueError(f"width {x.shape[-1]} is not divisible by block {block}")
    blocks = x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(-1, (-1, block))  # (..., n / block, block)
    largest = blocks.abs().amax(dim=-1)
    levels = nf4_levels().to(blocks)
    middles = (levels[1:] + levels[:-1]) / 2  # (15,)
    relative = blocks / largest.masked_fill(largest == 0, 1.0).unsqueeze(-1)
    codes = (relative.unsqueeze(-1) > middles).sum(dim=-1)
    return codes.flatten(-2).to(torch.uint8), largest


def dequantize_nf4(codes: Tensor, largest: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The weights that codes `(..., n)` and scales `(..., n / block)` stand for, rounded once to `dtype`."""
    levels = nf4_levels().to(largest)[codes.long()].unflatten(-1, (largest.shape[-1], -1))
    return (levels * largest.unsqueeze(-1)).flatten(-2).to(dtype or largest.dtype)


def double_quantize(largest: Tensor, block: int = 256) -> tuple[Tensor, Tensor, Tensor]:
    """Scales in 8 bits: they are all positive, so their mean is taken off first.

    Args:
        largest: From `quantize_nf4`, any shape; all are put in one row, filled up to a multiple of `block`.
        block: Scales that share a scale of their own.

    Returns:
        Codes, int8 `(m,)`.
        Scale of each block, float32 `(m / block,)`.
        The mean, a scalar.
    """
    mean = largest.float().mean()
    flat = largest.float().flatten() - mean
    blocks = F.pad(flat, (0, -len(flat) % block)).view(-1, block)
    scale = blocks.abs().amax(dim=-1) / 127
    codes = (blocks / scale.masked_fill(scale == 0, 1.0).unsqueeze(-1)).round()
    return codes.to(torch.int8).flatten(), scale, mean


def undo_double(codes: Tensor, scale: Tensor, mean: Tensor, shape: torch.Size) -> Tensor:
    """The scales again, of `shape`."""
    flat = (codes.view(len(scale), -1) * scale.unsqueeze(-1)).flatten() + mean
    return flat[: shape.numel()].view(shape)


class QLoRALinear(nn.Module):
    """A linear layer whose weight is frozen in NF4, with a trainable update of rank `rank`.

    Args:
        base: The layer to take over, `(..., in) -> (..., out)`.
        rank: `r`, peft's `r`.
        alpha: `α`, peft's `lora_alpha`.
        block: Weights that share a scale; divides `in`.

    Raises:
        ValueError: If `rank` is below 1 or `block` does not divide `in`; `in` must be even, two codes share a byte.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, block: int = 64) -> None:
        super().__init__()
        if rank < 1 or base.in_features % 2:
            raise ValueError(f"rank {rank} is below 1, or width {base.in_features} is odd")
        codes, largest = quantize_nf4(base.weight.detach(), block)
        self.shape, self.scale = largest.shape, alpha / rank
        self.register_buffer("packed", codes[:, 0::2] | (codes[:, 1::2] << 4))  # (out, in / 2)
        for name, part in zip(("codes", "scales", "mean"), double_quantize(largest), strict=True):
            self.register_buffer(name, part)
        self.register_buffer("bias", None if base.bias is None else base.bias.detach().clone())
        self.lora_a = nn.Parameter(torch.empty(rank, base.in_features))  # (r, in), in float32 as in peft
        nn.init.kaiming_uniform_(self.lora_a, a=5**0.5)
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank))  # (out, r)

    def weight(self, dtype: torch.dtype) -> Tensor:
        """The frozen weight as the product uses it, `(out, in)`; made anew each time, never kept."""
        codes = torch.stack([self.packed & 0xF, self.packed >> 4], dim=-1).flatten(-2)
        return dequantize_nf4(codes, undo_double(self.codes, self.scales, self.mean, self.shape), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(..., in)` to `(..., out)`, in the dtype of `x`."""
        update = F.linear(F.linear(x.to(self.lora_a.dtype), self.lora_a), self.lora_b) * self.scale
        return F.linear(x, self.weight(x.dtype), self.bias) + update.to(x.dtype)


# --8<-- [end:core]


def demo() -> None:
    """Where the levels lie, what they cost normal weights beside even ones, and how many bits a weight takes."""
    torch.manual_seed(0)
    print("levels:", [round(level, 2) for level in nf4_levels().tolist()])
    weight = torch.randn(64, 1024)
    even = weight.unflatten(-1, (-1, 64))
    scale = even.abs().amax(dim=-1, keepdim=True) / 7
    ways = {"NF4": dequantize_nf4(*quantize_nf4(weight)), "int4": ((even / scale).round() * scale).flatten(-2)}
    for name, back in ways.items():
        print(f"{name:4} error {(back - weight).square().mean().sqrt().item():.4f}")
    layer = QLoRALinear(nn.Linear(1024, 1024, bias=False), rank=8, alpha=16.0)
    size = sum(buffer.numel() * buffer.element_size() for buffer in layer.buffers())
    print(f"{8 * size / 1024**2:.3f} bits a weight")


if __name__ == "__main__":
    demo()
