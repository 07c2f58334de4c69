r"""Generalized advantage estimation (GAE)

How much better was an action than the critic expected? One step of reward gives an answer with little variance but
the critic's bias, the whole episode one without bias but with much variance; GAE is their exponentially weighted
mean. Here are the backward recursion and a scan that gives the same in log2(T) steps instead of T.

$$
\delta_t = r_t + \gamma V_{t+1} - V_t, \qquad
A_t = \sum_{l \ge 0} (\gamma\lambda)^l \delta_{t+l} = \delta_t + \gamma\lambda A_{t+1}
$$

Paper: [High-Dimensional Continuous Control Using Generalized Advantage Estimation](https://arxiv.org/abs/1506.02438).

Letters: `B` batch, `T` sequence. The episode ends after the last unmasked step: the value there is 0.
"""

import torch
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
        mask: Bool `(B, T)`, False at padding, prompt or tool output. Such steps are skipped as if they were not
            there, wherever they stand, and whatever they hold. None: all steps count.

    Returns:
        Advantages, `(B, T)`, in float32 or wider, 0 where masked, without gradient: PPO takes them as constants.
        Returns, the critic's target `advantages + values`, in the same form.

    Raises:
        ValueError: If shapes differ, `mask` is not bool, or `gamma` or `lam` lies outside [0, 1].
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
    """The same as `gae`, arguments and results, in about 4 log2(T) tensor operations: made for long rows on a GPU."""
    rewards, values, mask = _checked(rewards, values, gamma, lam, mask)
    keep = mask.to(values.dtype)  # (B, T)
    next_values = _shift(_scan(values, 1 - keep), 1)  # a skipped step hands on what comes after it, unchanged
    deltas = (rewards + gamma * next_values - values) * keep
    advantages = _scan(deltas, 1 - keep + gamma * lam * keep) * keep
    return advantages, advantages + values


def whiten(advantages: Tensor, mask: Tensor | None = None, eps: float = 1e-8) -> Tensor:
    """Shift and scale advantages to mean 0 and variance 1 over all steps that count.

    Args:
        advantages: Shape `(B, T)`.
        mask: Bool `(B, T)`, as in `gae`.
        eps: Added to the variance (the unbiased one, as in trl).

    Returns:
        Shape `(B, T)`, 0 where masked.

    Raises:
        ValueError: If fewer than two steps count: there is no variance.
    """
    mask = torch.ones_like(advantages, dtype=torch.bool) if mask is None else mask
    count = int(mask.sum())
    if count < 2:
        raise ValueError(f"cannot whiten {count} step(s): the variance needs two")
    centred = torch.where(mask, advantages - advantages[mask].mean(), 0.0)  # (B, T)
    return centred * (centred.square().sum() / (count - 1) + eps).rsqrt()


def _scan(x: Tensor, factor: Tensor) -> Tensor:
    """Solve `y[t] = x[t] + factor[t] * y[t + 1]` for `(B, T)` by doubling how far each step looks ahead."""
    reach = 1
    while reach < x.shape[1]:
        x, factor = x + factor * _shift(x, reach), factor * _shift(factor, reach)
        reach *= 2
    return x


def _shift(x: Tensor, steps: int) -> Tensor:
    """Move `(B, T)` to the left by `steps`, with zeros after the end."""
    return torch.cat([x[:, steps:], torch.zeros_like(x[:, :steps])], dim=1)


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
    if mask.dtype != torch.bool or mask.shape != values.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool {tuple(values.shape)}")
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
