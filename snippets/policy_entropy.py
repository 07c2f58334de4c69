r"""Policy entropy: how undecided the model is

A policy with high entropy spreads its probability over many tokens and explores; one with entropy 0 always says the
same. PPO adds a little entropy to its objective, so that the policy does not settle too early. Entropy is a property
of probabilities: put logits into `-p log p` and the result is a number without meaning.

$$
H = -\sum_i p_i \log p_i = \mathrm{logsumexp}(z) - \sum_i p_i z_i, \qquad p = \mathrm{softmax}(z), \qquad
\frac{\partial H}{\partial z_i} = -p_i (\log p_i + H)
$$

Paper: [Asynchronous Methods for Deep Reinforcement Learning](https://arxiv.org/abs/1602.01783), section 4 (the entropy
bonus).

Letters: `B` batch, `T` response, `V` vocabulary; `...` any leading shape; `z` logits.
"""

from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
def policy_entropy(logits: Tensor) -> Tensor:
    """The entropy of `softmax(logits)` in nats, `(..., V)` to `(...)`: between 0 and `log V`.

    Args:
        logits: Finite, or -inf for tokens that may not be drawn; each row has a finite one. Shape `(..., V)`.

    Returns:
        Shape `(...)`, in float32 or wider.

    Raises:
        ValueError: If there is no vocabulary.
    """
    logits = _shifted(logits)
    terms = logits.softmax(dim=-1) * logits.masked_fill(logits == -torch.inf, 0.0)  # 0 log 0 = 0
    return logits.logsumexp(dim=-1) - terms.sum(dim=-1)


def policy_entropy_by_row(logits: Tensor) -> Tensor:
    """The same as `policy_entropy` for `(B, T, V)`, one sequence at a time: besides `logits` and their gradient never a
    tensor of that size."""
    if logits.ndim != 3:
        raise ValueError(f"logits {tuple(logits.shape)} are not (B, T, V)")
    return _Entropy.apply(logits)


def entropy_loss(entropy: Tensor, mask: Tensor | None = None) -> Tensor:
    """Minus the mean entropy over the steps that count: added with a small weight, it keeps the policy open.

    Args:
        entropy: Shape `(B, T)`.
        mask: Bool or 0/1 `(B, T)`, False at prompt and padding. None: all steps count.

    Returns:
        One number; 0 where no step counts.

    Raises:
        ValueError: If `mask` is of floats or not `(B, T)`.
    """
    mask = torch.ones_like(entropy, dtype=torch.bool) if mask is None else mask
    if mask.is_floating_point() or mask.shape != entropy.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(entropy.shape)}")
    return -torch.where(mask.bool(), entropy, 0.0).sum() / mask.sum().clamp(min=1)


class _Entropy(torch.autograd.Function):
    """Forward keeps the entropies `(B, T)`; backward makes each row of `-p (log p + H) * grad` anew."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        """Entropies `(B, T)`."""
        entropy = torch.empty(logits.shape[:-1], dtype=_wide_dtype(logits), device=logits.device)
        for b in range(len(logits)):
            entropy[b] = policy_entropy(logits[b])
        ctx.save_for_backward(logits, entropy)
        return entropy

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Gradient of the logits `(B, T, V)`."""
        logits, entropy = ctx.saved_tensors
        result = torch.empty_like(logits)
        for b in range(len(logits)):
            logps = _shifted(logits[b]).log_softmax(dim=-1)  # (T, V)
            surprise = logps.masked_fill(logps == -torch.inf, 0.0) + entropy[b].unsqueeze(-1)
            result[b] = -logps.exp() * surprise * grad[b].unsqueeze(-1)
        return result


def _shifted(logits: Tensor) -> Tensor:
    """Logits, widened, with the largest at 0: the two parts of the formula stay small and lose no digits."""
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits {tuple(logits.shape)} have no vocabulary")
    logits = logits.to(_wide_dtype(logits))
    return logits - logits.detach().amax(dim=-1, keepdim=True)


def _wide_dtype(x: Tensor) -> torch.dtype:
    """float32 or wider: bf16 cannot tell an entropy of 4.00 from one of 4.01."""
    return torch.promote_types(x.dtype, torch.float32)


# --8<-- [end:core]


def demo() -> None:
    """Entropy and the number of tokens it amounts to, `exp(H)`, for one set of logits at four temperatures."""
    logits = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0])
    for temperature in (0.1, 0.5, 1.0, 10.0):
        entropy = policy_entropy(logits / temperature).item()
        print(
            f"temperature {temperature:4}: {entropy:.3f} nats, as undecided as among {2.718281828**entropy:.2f} tokens"
        )


if __name__ == "__main__":
    demo()
