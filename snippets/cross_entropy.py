r"""Cross-entropy: softmax, its gradient, smoothing, z-loss, and a head in pieces

A model gives a number to every token of the vocabulary; cross-entropy is what the true token's share of them costs. Its
gradient is as simple as can be, `p - y`: push every token down by its probability, and the true one up by one. What is
large is the memory: logits of a whole batch weigh more than the model's activations. Computing the loss and the
gradients of a few positions at a time, and forgetting their logits, takes that away.

$$
\ell = \log \sum_j e^{z_j} - z_y, \qquad \frac{\partial \ell}{\partial z_i} = p_i - [i = y], \qquad
\ell_{\text{smooth}} = (1 - \epsilon)\, \ell - \frac{\epsilon}{V} \sum_j \log p_j, \qquad
\ell_z = \zeta \big( \log \textstyle\sum_j e^{z_j} \big)^2
$$

Papers: [Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567), section 7 (smoothing);
[PaLM](https://arxiv.org/abs/2204.02311), section 5 (z-loss); [Cut Your Losses](https://arxiv.org/abs/2411.09009) and
[Liger Kernel](https://arxiv.org/abs/2410.10989) (the head in pieces).

Letters: `N` positions, `V` vocabulary, `C` model width; `z` logits, `p` their softmax, `y` the true token, `ε` how much
is smoothed, `ζ` weight of the z-loss.
"""

from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
def log_sum_exp(logits: Tensor) -> Tensor:
    """`log Σ exp(z)` of the last dimension, `(..., V)` to `(...)`: the largest is taken out first, or exp overflows."""
    largest = logits.amax(dim=-1, keepdim=True)
    largest = largest.masked_fill(largest.isinf(), 0.0)  # a row of -inf alone: inf - inf would be NaN
    return (logits - largest).exp().sum(dim=-1).log() + largest.squeeze(-1)


def softmax(logits: Tensor) -> Tensor:
    """Probabilities, `(..., V)`: never a division by a sum that overflowed."""
    return (logits - log_sum_exp(logits).unsqueeze(-1)).exp()


def cross_entropy(
    logits: Tensor, labels: Tensor, label_smoothing: float = 0.0, z_loss: float = 0.0, ignore_index: int = -100
) -> Tensor:
    """The mean over the positions that count, a scalar in float32 or wider; 0 where none counts (torch: NaN).

    Args:
        logits: `(..., V)`.
        labels: `(...)`, the true token of each position (shifted already), or `ignore_index`.
        label_smoothing: `ε`: this share of the target is spread over all tokens alike, in [0, 1).
        z_loss: `ζ`, mostly 1e-4: keeps `log Σ exp(z)` near 0, which softmax alone leaves open. Not negative.
        ignore_index: Label of positions that do not count.

    Raises:
        ValueError: If shapes do not fit or a setting is out of its range.
    """
    _check(logits, labels, label_smoothing, z_loss)
    counts = labels != ignore_index  # (...)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).masked_fill(~counts.unsqueeze(-1), 0.0)
    norm = log_sum_exp(logits)  # (...)
    true = logits.gather(-1, labels.masked_fill(~counts, 0).unsqueeze(-1)).squeeze(-1)
    losses = norm - (1 - label_smoothing) * true + z_loss * norm.square()
    if label_smoothing:  # else a banned token, logit -inf, would make 0 times inf
        losses = losses - label_smoothing * logits.mean(dim=-1)
    return losses.masked_fill(~counts, 0.0).sum() / counts.sum().clamp(min=1)


def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    labels: Tensor,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    ignore_index: int = -100,
    chunk: int = 1024,
) -> Tensor:
    """`cross_entropy(hidden @ weight.T, labels, ...)` without ever holding more than `chunk` positions' logits.

    Loss and gradients are made in one go, forwards: backwards only scales them. So logits are computed once, not twice.

    Args:
        hidden: `(N, C)`, the last states of the model.
        weight: Of the head, `(V, C)`.
        labels: `(N,)`; this and the rest as in `cross_entropy`.
        label_smoothing: See there.
        z_loss: See there.
        ignore_index: See there.
        chunk: Positions at a time, at least 1.

    Raises:
        ValueError: As `cross_entropy`, and if `chunk` is below 1.
    """
    if hidden.ndim != 2 or weight.ndim != 2 or hidden.shape[1] != weight.shape[1] or chunk < 1:
        raise ValueError(f"hidden {tuple(hidden.shape)}, weight {tuple(weight.shape)} or chunk {chunk} does not fit")
    _check(hidden, labels, label_smoothing, z_loss)
    return _Chunked.apply(hidden, weight, labels, label_smoothing, z_loss, ignore_index, chunk)


class _Chunked(torch.autograd.Function):
    """Keeps the two gradients, `(N, C)` and `(V, C)`, in place of `(N, V)` logits."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        labels: Tensor,
        smoothing: float,
        zeta: float,
        ignored: int,
        chunk: int,
    ) -> Tensor:
        """The loss; the gradient of logits is `(1 + 2 ζ log Σ) p - (1 - ε) y - ε / V` for a position that counts."""
        wide = torch.promote_types(hidden.dtype, torch.float32)
        counts = labels != ignored
        share = 1 / counts.sum().clamp(min=1)  # of a position in the mean; applied last: fp16 has no room for it
        total, V = hidden.new_zeros((), dtype=wide), len(weight)
        grad_hidden, grad_weight = torch.empty_like(hidden), torch.zeros_like(weight, dtype=wide)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            states, count = hidden[part], counts[part].unsqueeze(-1)  # (n, C), (n, 1)
            logits = (states @ weight.T).to(wide).masked_fill_(~count, 0.0)  # (n, V); from here on in place
            index = labels[part].unsqueeze(-1).masked_fill(~count, 0)  # (n, 1)
            wanted = (1 - smoothing) * logits.gather(-1, index) + smoothing * logits.mean(dim=-1, keepdim=True)
            largest = logits.amax(dim=-1, keepdim=True)  # (n, 1)
            grad = logits.sub_(largest).exp_()
            exps = grad.sum(dim=-1, keepdim=True)  # (n, 1)
            norm = exps.log() + largest  # log Σ
            total += (norm - wanted + zeta * norm.square()).masked_fill(~count, 0.0).sum()
            grad.mul_((1 + 2 * zeta * norm) / exps).sub_(smoothing / V)
            grad.scatter_add_(-1, index, torch.full_like(norm, smoothing - 1))
            grad = grad.masked_fill_(~count, 0.0).to(hidden.dtype)
            grad_hidden[part] = grad @ weight
            grad_weight += (grad.T @ states.masked_fill(~count, 0.0)).to(wide)
        ctx.save_for_backward(grad_hidden, grad_weight, share)
        ctx.dtype = weight.dtype
        return total * share

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Both gradients, scaled."""
        grad_hidden, grad_weight, share = ctx.saved_tensors
        return grad_hidden * (grad * share), (grad_weight * (grad * share)).to(ctx.dtype), *[None] * 5


def _check(scores: Tensor, labels: Tensor, label_smoothing: float, z_loss: float) -> None:
    """Raise ValueError unless there is a label for each row of `scores` and the settings are in their ranges."""
    if labels.shape != scores.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit {tuple(scores.shape)}")
    if not (0 <= label_smoothing < 1 and z_loss >= 0):
        raise ValueError(f"label_smoothing {label_smoothing} or z_loss {z_loss} is out of range")


# --8<-- [end:core]


def demo() -> None:
    """The gradient is p - y; huge logits stay finite; a head in pieces gives the same loss."""
    logits = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([0]))
    loss.backward()
    print(f"loss {loss.item():.3f}, p {[round(p, 3) for p in softmax(logits)[0].tolist()]}, gradient", end=" ")
    print([round(g, 3) for g in logits.grad[0].tolist()])
    print(
        "logits of 1000 and 0:",
        [cross_entropy(torch.tensor([[1000.0, 0.0]]), torch.tensor([y])).item() for y in (0, 1)],
    )
    torch.manual_seed(0)
    hidden, weight, labels = torch.randn(100, 16), torch.randn(50, 16), torch.randint(50, (100,))
    for chunk in (100, 7):
        print(f"{chunk} positions at a time: {linear_cross_entropy(hidden, weight, labels, chunk=chunk).item():.5f}")


if __name__ == "__main__":
    demo()
