r"""Layer norm: every token for itself

The numbers of a deep network grow or shrink from layer to layer. Layer norm brings the features of one sample (in a
Transformer: of one token) to mean 0 and variance 1, then lets a learned scale and shift undo as much of it as helps.
Nothing is averaged over the batch or over time, so training and inference compute the same.

$$
y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot \gamma + \beta, \qquad
\mu = \frac{1}{D} \sum_j x_j, \qquad \sigma^2 = \frac{1}{D} \sum_j (x_j - \mu)^2
$$

Paper: [Layer Normalization](https://arxiv.org/abs/1607.06450), section 3.

Letters: `B` batch, `T` sequence, `D` features that are averaged over: the last dimension, or the last few.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


# --8<-- [start:core]
def layer_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, dims: int = 1, eps: float = 1e-5
) -> Tensor:
    """Normalise over the last `dims` dimensions.

    Args:
        x: Shape `(..., *shape)`: `(B, T, D)` with `dims=1` for text.
        weight: `γ`, of that `shape`. None: 1.
        bias: `β`, of that `shape`. None: 0.
        dims: How many of the last dimensions are averaged over.
        eps: Keeps the root away from 0; it stands inside of it.

    Returns:
        Of `x`'s shape and dtype; statistics are taken in float32 or wider.

    Raises:
        ValueError: If `dims` is not in 1 to `x.ndim`, or `weight` or `bias` has another shape.
    """
    if not 1 <= dims <= x.ndim:
        raise ValueError(f"dims {dims} is not in 1 to {x.ndim}")
    shape = x.shape[x.ndim - dims :]
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != shape:
            raise ValueError(f"{name} {tuple(parameter.shape)} is not {tuple(shape)}")
    over = tuple(range(-dims, 0))
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    centred = wide - wide.mean(dim=over, keepdim=True)
    variance = centred.square().mean(dim=over, keepdim=True)  # biased: divided by D, not by D - 1
    y = centred * (variance + eps).rsqrt()
    if weight is not None:
        y = y * weight
    if bias is not None:
        y = y + bias
    return y.to(x.dtype)


class LayerNorm(nn.Module):
    """Layer norm with learned scale and shift, `2 D` parameters in all.

    Args:
        shape: Of what is averaged over: `D`, or for instance `(C, H, W)` for pictures.
        eps: See `layer_norm`.
        bias: Whether there is a shift `β`; many models since 2022 leave it out.

    Raises:
        ValueError: If `shape` is empty or holds a number below 1.
    """

    def __init__(self, shape: int | Sequence[int], eps: float = 1e-5, bias: bool = True) -> None:
        super().__init__()
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not shape or min(shape) < 1:
            raise ValueError(f"shape {shape} is not one or more positive numbers")
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(..., *shape)`."""
        return layer_norm(x, self.weight, self.bias, self.weight.ndim, self.eps)


# --8<-- [end:core]


def demo() -> None:
    """Statistics of two tokens before and after, and the number of parameters for text and for pictures."""
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [100.0, 200.0, 300.0, 400.0]]])
    for name, tokens in (("before", x), ("after", LayerNorm(4)(x).detach())):
        mean, std = tokens.mean(dim=-1).abs(), tokens.std(dim=-1, unbiased=False)
        print(f"{name:6} means {mean[0].tolist()}, deviations {[round(s, 3) for s in std[0].tolist()]}")
    for shape in ((10,), (5, 10, 15)):
        print(f"shape {shape}: {sum(parameter.numel() for parameter in LayerNorm(shape).parameters())} parameters")


if __name__ == "__main__":
    demo()
