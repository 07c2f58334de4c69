r"""PPO: the clipped losses of actor and critic

Sampling responses is expensive, so every batch is used for several updates. After the first the data come from an old
policy: a ratio of probabilities corrects for that, and clipping takes away the reward for moving any further than a
few per cent. The critic's step is held back in the same way.

$$
\rho_t = \frac{\pi_\theta(y_t)}{\pi_{\mathrm{old}}(y_t)}, \qquad
\mathcal{L}_{\mathrm{actor}} =
\mathbb{E}_t \max\big(-\rho_t A_t,\; -\mathrm{clip}(\rho_t, 1 - \epsilon, 1 + \epsilon)\, A_t\big)
$$

$$
\mathcal{L}_{\mathrm{critic}} = \tfrac12\, \mathbb{E}_t \max\big((V - R_t)^2,\; (V_{\mathrm{clip}} - R_t)^2\big), \qquad
V_{\mathrm{clip}} = V_{\mathrm{old}} + \mathrm{clip}(V - V_{\mathrm{old}}, -\epsilon, \epsilon)
$$

Paper: [Proximal Policy Optimization Algorithms](https://arxiv.org/abs/1707.06347), equation 7; the critic's clipping is
no part of it but of its code.

Letters: `B` batch, `T` response, `V` vocabulary; `A` advantages and `R` returns, both from GAE.
"""

from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
def actor_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor | None = None, clip: float = 0.2
) -> tuple[Tensor, Tensor]:
    """The clipped policy gradient loss.

    Args:
        logps: Log-probabilities of the sampled tokens under the policy in training, `(B, T)`.
        old_logps: Under the policy that sampled them, `(B, T)`; no gradient flows into them.
        advantages: Shape `(B, T)`; no gradient flows into them.
        mask: Bool or 0/1 `(B, T)`, False at prompt and padding, whatever stands there. None: all steps count.
        clip: How far the ratio may leave 1 before its step earns nothing more, positive. trl's `cliprange`.

    Returns:
        The mean over the steps that count, in float32 or wider; 0 where none does.
        Share of steps at which clipping changed the loss, without gradient.

    Raises:
        ValueError: If shapes differ, `mask` is of floats, or `clip` is not positive.
    """
    mask, count = _checked(mask, clip, logps, old_logps, advantages)
    ratio = torch.where(mask, _wide(logps) - _wide(old_logps).detach(), 0.0).exp()  # (B, T)
    advantages = torch.where(mask, _wide(advantages).detach(), 0.0)
    plain = -advantages * ratio
    clipped = -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(plain, clipped).sum() / count, (clipped > plain).sum() / count


def critic_loss(
    values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor | None = None, clip: float = 0.2
) -> tuple[Tensor, Tensor]:
    """Half the squared error of the critic, at its estimate or at the clipped one, whichever is worse.

    Args:
        values: The critic's estimates now, `(B, T)`.
        old_values: Its estimates when the batch was sampled, `(B, T)`; no gradient flows into them.
        returns: What it should have said, `(B, T)`; no gradient flows into them.
        mask: As in `actor_loss`.
        clip: How far an estimate may usefully move, in units of reward, positive; trl's `cliprange_value`. `math.inf`
            switches clipping off.

    Returns:
        The mean over the steps that count, in float32 or wider; 0 where none does.
        Share of steps at which clipping changed the loss, without gradient.

    Raises:
        ValueError: As in `actor_loss`.
    """
    mask, count = _checked(mask, clip, values, old_values, returns)
    values, old_values, returns = (
        torch.where(mask, x, 0.0) for x in (_wide(values), _wide(old_values).detach(), _wide(returns).detach())
    )
    moved = old_values + (values - old_values).clamp(-clip, clip)  # (B, T)
    plain, clipped = (values - returns).square(), (moved - returns).square()
    return 0.5 * torch.maximum(plain, clipped).sum() / count, (clipped > plain).sum() / count


def token_logps(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-probability `(B, T)` of each sampled token; `labels[b, t]` was drawn from `logits[b, t]`, `(B, T, V)`.

    Raises:
        ValueError: If `labels` are not `(B, T)` of `logits`.
    """
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}")
    logits = _wide(logits)
    return logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(dim=-1)


def token_logps_by_row(logits: Tensor, labels: Tensor) -> Tensor:
    """The same as `token_logps`, one sequence at a time: besides `logits` and their gradient never a `(B, T, V)`."""
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}")
    return _TokenLogps.apply(logits, labels)


class _TokenLogps(torch.autograd.Function):
    """Forward keeps `(B, T)` numbers; backward makes each row of the gradient `(one-hot - softmax) * grad` anew."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor) -> Tensor:
        """Log-probabilities `(B, T)`."""
        logps = _wide(logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1))  # (B, T)
        norms = torch.empty_like(logps)
        for b in range(len(logits)):
            norms[b] = _wide(logits[b]).logsumexp(dim=-1)
        ctx.save_for_backward(logits, labels, norms)
        return logps - norms

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """Gradient of the logits `(B, T, V)`."""
        logits, labels, norms = ctx.saved_tensors
        result = torch.empty_like(logits)
        for b in range(len(logits)):
            row = (_wide(logits[b]) - norms[b].unsqueeze(-1)).exp() * -grad[b].unsqueeze(-1)  # (T, V)
            result[b] = row.scatter_add(-1, labels[b].unsqueeze(-1), grad[b].unsqueeze(-1))
        return result, None


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider: a ratio near 1 has three digits in bf16."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _checked(mask: Tensor | None, clip: float, *tensors: Tensor) -> tuple[Tensor, Tensor]:
    """The mask as bool, once it and the tensors are known to have one shape `(B, T)`, and how many steps count."""
    shapes = [tuple(x.shape) for x in tensors]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2:
        raise ValueError(f"shapes {shapes} are not one shape (B, T)")
    if not clip > 0:
        raise ValueError(f"clip {clip} is not positive")
    mask = torch.ones_like(tensors[0], dtype=torch.bool) if mask is None else mask
    if mask.is_floating_point() or tuple(mask.shape) != shapes[0]:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {shapes[0]}")
    return mask.bool(), mask.sum().clamp(min=1)  # asking here whether any counts would make the GPU wait


# --8<-- [end:core]


def demo() -> None:
    """Where the ratio has gone far enough in the direction that the advantage asks for, the pull upwards is gone."""
    for advantage in (1.0, -1.0):
        logps = torch.tensor([[0.5, 0.9, 1.0, 1.1, 1.5]]).log().requires_grad_()
        loss, clipped = actor_loss(logps, torch.zeros(1, 5), torch.full((1, 5), advantage))
        loss.backward()
        pulls = [round(-5 * grad, 2) + 0.0 for grad in logps.grad[0].tolist()]
        print(f"advantage {advantage:+}: pull on ratios 0.5 to 1.5 {pulls}, clipped {clipped.item():.0%}")


if __name__ == "__main__":
    demo()
