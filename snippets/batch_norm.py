r"""Batch norm: every channel over the batch

Batch norm brings each channel to mean 0 and variance 1 over all samples of the batch and all places. While training
it takes the batch's own statistics and keeps a running mean of them; while inferring it takes those, so that the
output for one sample does not depend on the others.

$$
y = \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}}\, \gamma_c + \beta_c, \qquad
\mu_c = \mathop{\mathrm{E}}_{n, h, w}[x], \qquad \sigma_c^2 = \mathop{\mathrm{Var}}_{n, h, w}[x]
$$

Paper: [Batch Normalization](https://arxiv.org/abs/1502.03167), algorithms 1 and 2.

Letters: `N` samples, `C` channels, `H` and `W` height and width; `M = N H W` numbers are averaged for each channel.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of every channel.

    Args:
        x: Shape `(N, C, ...)`.

    Returns:
        Means, `(C,)`, in float32 or wider.
        Variances, divided by `M`, `(C,)`.

    Raises:
        ValueError: If `x` has fewer than two dimensions, or fewer than two numbers for a channel: no variance.
    """
    if x.ndim < 2:
        raise ValueError(f"x {tuple(x.shape)} is not (N, C, ...)")
    if x.numel() < 2 * x.shape[1]:
        raise ValueError(f"x {tuple(x.shape)} has fewer than two numbers for a channel")
    channels = x.to(torch.promote_types(x.dtype, torch.float32)).transpose(0, 1).flatten(1)  # (C, M)
    mean = channels.mean(dim=1)
    return mean, (channels - mean[:, None]).square().mean(dim=1)


def normalise(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Shift and scale every channel of `(N, C, ...)` by statistics and parameters of shape `(C,)`.

    Both together are one multiplication and one addition a number, which inference can fold into the convolution
    before: `scale = γ / √(σ² + ε)`, `shift = β - μ scale`.

    Returns:
        Of `x`'s shape and dtype.
    """
    scale = (variance + eps).rsqrt()
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    if bias is not None:
        shift = shift + bias
    place = (-1, *[1] * (x.ndim - 2))  # (C, 1, 1) for pictures
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return (wide * scale.view(place) + shift.view(place)).to(x.dtype)


class BatchNorm(nn.Module):
    """Batch norm with `2 C` learned and `2 C` running numbers.

    Args:
        channels: `C`.
        eps: Added to the variance.
        momentum: Weight of the new batch in the running statistics, as in torch; other frameworks name its
            complement so.

    Raises:
        ValueError: If `channels` is below 1 or `momentum` outside [0, 1].
    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels {channels} is below 1")
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum {momentum} is not in [0, 1]")
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, ...)`: by its own statistics while training, by the running ones in `eval()`.

        Raises:
            ValueError: If `x` is not `(N, C, ...)` of this `C`, or while training has one number for a channel.
        """
        if x.ndim < 2 or x.shape[1] != len(self.weight):
            raise ValueError(f"x {tuple(x.shape)} is not (N, {len(self.weight)}, ...)")
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = batch_statistics(x)
            M = x[:, 0].numel()
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (variance * M / (M - 1) - self.running_var)  # the unbiased one
        return normalise(x, mean, variance, self.weight, self.bias, self.eps)


# --8<-- [end:core]


def demo() -> None:
    """Numbers held, and how the running statistics close in on those of the data."""
    torch.manual_seed(0)
    layer = BatchNorm(100)
    learned, held = (sum(tensor.numel() for tensor in group) for group in (layer.parameters(), layer.buffers()))
    print(f"100 channels: {learned} learned, {held} running, {learned + held} in all")
    layer = BatchNorm(1)
    for step in range(1, 41):
        layer(3 * torch.randn(16, 1, 4, 4) + 5)
        if step in (1, 10, 40):
            print(
                f"step {step:2}: running mean {layer.running_mean.item():.2f}, variance {layer.running_var.item():.2f}"
            )


if __name__ == "__main__":
    demo()
