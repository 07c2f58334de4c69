r"""Generalized advantage estimation (GAE)

How much better was an action than the critic expected? One step of reward gives an answer with little variance but
the critic's bias, the whole episode one without bias but with much variance; GAE is their exponentially weighted
mean. Here are the backward recursion and a scan by blocks: the same in two matrix products instead of T steps.

$$
\delta_t = r_t + \gamma V_{t+1} - V_t, \qquad
A_t = \sum_{l \ge 0} (\gamma\lambda)^l \delta_{t+l} = \delta_t + \gamma\lambda A_{t+1}
$$

Paper: [High-Dimensional Continuous Control Using Generalized Advantage Estimation](https://arxiv.org/abs/1506.02438).

Letters: `B` batch, `T` sequence. The episode ends after the last unmasked step: the value there is 0.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
@torch.no_grad()
def gae(
    rewards: Tensor, values: Tensor, gamma: float = 1.0, lam: float = 0.95, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Advantages and returns, by the recursion from the last step to the first.

    Args:
        rewards: Shape `(B, T)`.
        values: The critic's estimates before each step, `(B, T)`.
        gamma: Discount per step, in [0, 1]. RLHF mostly takes 1.
        lam: 0 trusts the critic alone, 1 the rewards alone; in [0, 1].
        mask: Bool or 0/1 `(B, T)`, False at padding, prompt or tool output. Such steps are skipped as if they were not
            there, wherever they stand, and whatever they hold. None: all steps count.

    Returns:
        Advantages, `(B, T)`, in float32 or wider, 0 where masked, without gradient: PPO takes them as constants.
        Returns, the critic's target `advantages + values`, in the same form.

    Raises:
        ValueError: If shapes differ, `mask` is of floats, or `gamma` or `lam` lies outside [0, 1].
    """
    rewards, values, mask = _checked(rewards, values, gamma, lam, mask)
    advantages = torch.zeros_like(values)
    advantage = next_value = values.new_zeros(len(values))  # (B,)
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        advantage = torch.where(mask[:, t], delta + gamma * lam * advantage, advantage)
        next_value = torch.where(mask[:, t], values[:, t], next_value)
        advantages[:, t] = advantage
    advantages = advantages * mask
    return advantages, advantages + values


@torch.no_grad()
def gae_scan(
    rewards: Tensor, values: Tensor, gamma: float = 1.0, lam: float = 0.95, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The same as `gae`, arguments and results, in two matrix products instead of `T` steps: made for long rows."""
    rewards, values, mask = _checked(rewards, values, gamma, lam, mask)
    T = values.shape[1]
    places = (mask.cumsum(dim=1) - 1).masked_fill(~mask, T)  # (B, T); what counts moves left, the rest to place T
    packed_rewards, packed_values = (x.new_zeros(len(x), T + 1).scatter(1, places, x) for x in (rewards, values))
    next_values = F.pad(packed_values[:, 1:], (0, 1))  # (B, T + 1); 0 after the last step
    advantages = _scan(packed_rewards + gamma * next_values - packed_values, gamma * lam).gather(1, places)
    return advantages, advantages + values


def whiten(advantages: Tensor, mask: Tensor | None = None, eps: float = 1e-8) -> Tensor:
    """Shift and scale advantages to mean 0 and variance 1 over all steps that count.

    Args:
        advantages: Shape `(B, T)`.
        mask: As in `gae`.
        eps: Added to the variance (the unbiased one, as in trl).

    Returns:
        Shape `(B, T)`, in float32 or wider, 0 where masked; all 0 if a single step counts: it is the mean.
    """
    mask = torch.ones_like(advantages, dtype=torch.bool) if mask is None else mask.bool()
    advantages = advantages.to(torch.promote_types(advantages.dtype, torch.float32))
    count = mask.sum()
    mean = torch.where(mask, advantages, 0.0).sum() / count
    centred = torch.where(mask, advantages - mean, 0.0)  # (B, T)
    return centred * (centred.square().sum() / (count - 1).clamp(min=1) + eps).rsqrt()


def _scan(x: Tensor, factor: float) -> Tensor:
    """Solve `y[t] = x[t] + factor * y[t + 1]` for `(B, N)`, in `n` blocks of `k` steps, both about √N."""
    N = x.shape[1]
    k = math.isqrt(N)
    inside = F.pad(x, (0, -N % k)).unflatten(1, (-1, k)) @ _powers(k, factor, x)  # (B, n, k); each block by itself
    firsts = inside[..., 0] @ _powers(inside.shape[1], factor**k, x)  # (B, n); y at the first step of each block
    following = F.pad(firsts[:, 1:], (0, 1)).unsqueeze(-1)  # (B, n, 1); what comes from the block behind
    decay = factor ** torch.arange(k, 0, -1, device=x.device, dtype=x.dtype)  # (k,)
    return (inside + following * decay).flatten(1)[:, :N]


def _powers(size: int, factor: float, like: Tensor) -> Tensor:
    """The matrix with `factor ** (j - i)` at row `j`, column `i`, and 0 above the diagonal: `x @ it` is `y`."""
    steps = torch.arange(size, device=like.device, dtype=like.dtype)
    return (factor ** (steps[:, None] - steps).clamp(min=0)).tril()


def _checked(
    rewards: Tensor, values: Tensor, gamma: float, lam: float, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Validated rewards and values, 0 where masked and in float32 or wider, and the mask."""
    if values.ndim != 2 or rewards.shape != values.shape:
        raise ValueError(f"rewards {tuple(rewards.shape)} and values {tuple(values.shape)} are not both (B, T)")
    if not (0 <= gamma <= 1 and 0 <= lam <= 1):
        raise ValueError(f"gamma {gamma} and lam {lam} are not both in [0, 1]")
    if mask is None:
        mask = torch.ones_like(values, dtype=torch.bool)
    if mask.is_floating_point() or mask.shape != values.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(values.shape)}")
    mask = mask.bool()
    dtype = torch.promote_types(torch.promote_types(rewards.dtype, values.dtype), torch.float32)
    return torch.where(mask, rewards.to(dtype), 0.0), torch.where(mask, values.to(dtype), 0.0), mask


# --8<-- [end:core]


def demo() -> None:
    """One reward at the end of a response: lam decides how far back it is felt."""
    rewards = torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0]])
    values = torch.full((1, 5), 0.5)
    for lam in (0.0, 0.5, 0.95, 1.0):
        advantages, _ = gae(rewards, values, lam=lam)
        print(f"lam {lam:4}:", [round(a, 3) for a in advantages[0].tolist()])


if __name__ == "__main__":
    demo()
