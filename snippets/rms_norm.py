r"""RMS norm: layer norm without the mean

Layer norm centres and rescales. RMS norm only rescales, by the root of the mean square: nearly the same effect on
training, one statistic instead of two, and half the parameters. LLaMA and most models after it use it.

$$
y = \frac{x}{\mathrm{RMS}(x)} \odot \gamma, \qquad
\mathrm{RMS}(x) = \sqrt{\frac{1}{D} \sum_{j=1}^{D} x_j^2 + \epsilon}
$$

Paper: [Root Mean Square Layer Normalization](https://arxiv.org/abs/1910.07467), section 3.

Letters: `B` batch, `T` sequence, `D` features, the last dimension.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def rms_norm(x: Tensor, weight: Tensor | None = None, eps: float = 1e-6) -> Tensor:
    """Divide every token by the root of its mean square.

    Args:
        x: Shape `(..., D)`.
        weight: `γ`, `(D,)`. None: 1.
        eps: Keeps the root away from 0; it stands inside of it. LLaMA 7B has 1e-6, Llama 2 and 3 have 1e-5.

    Returns:
        Of `x`'s shape and dtype. The mean square is taken in float32 or wider, and rounded once, after `γ`.

    Raises:
        ValueError: If `weight` is not `(D,)`.
    """
    _check_weight(x, weight)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    y = wide * (wide.square().mean(dim=-1, keepdim=True) + eps).rsqrt()
    return (y if weight is None else y * weight).to(x.dtype)


def rms_norm_fused(x: Tensor, weight: Tensor | None = None, eps: float = 1e-6) -> Tensor:
    """The same as `rms_norm` through torch's own kernel, which reads `x` once: what to take for training."""
    _check_weight(x, weight)
    return F.rms_norm(x, x.shape[-1:], weight, eps)


class RMSNorm(nn.Module):
    """RMS norm with a learned scale, `D` parameters.

    Args:
        width: `D`.
        eps: See `rms_norm`.

    Raises:
        ValueError: If `width` is below 1.
    """

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width {width} is below 1")
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(..., D)`."""
        return rms_norm(x, self.weight, self.eps)


def _check_weight(x: Tensor, weight: Tensor | None) -> None:
    """Raise ValueError unless `weight` is None or as wide as `x`."""
    if weight is not None and weight.shape != x.shape[-1:]:
        raise ValueError(f"weight {tuple(weight.shape)} is not {tuple(x.shape[-1:])}")


# --8<-- [end:core]


def demo() -> None:
    """Scale is taken away, the mean stays; for centred input layer norm does the same."""
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [-3.0, -1.0, 1.0, 3.0]])
    for row, rms, layer in zip(x, rms_norm(x), F.layer_norm(x, (4,)), strict=True):
        print(
            f"{row.tolist()}: RMS {[round(y, 2) for y in rms.tolist()]}, layer {[round(y, 2) for y in layer.tolist()]}"
        )
    print("parameters for width 4096:", sum(parameter.numel() for parameter in RMSNorm(4096).parameters()))


if __name__ == "__main__":
    demo()
