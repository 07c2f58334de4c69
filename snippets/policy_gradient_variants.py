r"""Policy gradients: REINFORCE, RLOO, REINFORCE++, Dr. GRPO

All of them push up the log-probability of a response by how good it was. They differ in what "good" is measured
against: nothing or a constant (REINFORCE), the other responses to the same prompt (RLOO), all of the group, oneself
included (Dr. GRPO), or the whole batch, with the KL to the reference taken off token by token (REINFORCE++). A baseline
that does not depend on the response itself leaves the expected gradient alone and takes away noise.

$$
\nabla J = \mathbb{E}\Big[\frac1N \sum_i A_i \sum_t \nabla \log \pi(y_{i,t})\Big], \qquad
A_i^{\text{RLOO}} = r_i - \frac{1}{G-1} \sum_{j \ne i} r_j = \frac{G}{G-1} \Big(r_i - \frac1G \sum_j r_j\Big), \qquad
A_{i,t}^{++} = \mathrm{norm}\Big(r_i - \beta \sum_{s \ge t} k_{i,s}\Big)
$$

Papers: [RLOO](https://arxiv.org/abs/2402.14740), [REINFORCE++](https://arxiv.org/abs/2501.03262),
[Dr. GRPO](https://arxiv.org/abs/2503.20783); REINFORCE is
[Williams 1992](https://link.springer.com/article/10.1007/BF00992696).

Letters: `B` prompts, `G` responses in a group, `N = B G` responses, `T` sequence; `k = logps - ref_logps`.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def reinforce_advantages(rewards: Tensor, baseline: float | Tensor = 0.0) -> Tensor:
    """The reward itself, less a baseline that was known before the responses were sampled.

    Args:
        rewards: Of any shape, one for each response.
        baseline: A number or a tensor that broadcasts, such as a running mean of earlier rewards.

    Returns:
        The shape of `rewards`, in float32 or wider.
    """
    return _wide(rewards) - baseline


def rloo_advantages(rewards: Tensor) -> Tensor:
    """Each response against the mean of the others to its prompt: REINFORCE leave-one-out.

    Args:
        rewards: `(B, G)`, row by row the responses to one prompt.

    Returns:
        Shape `(B, G)`, in float32 or wider.

    Raises:
        ValueError: If a group has fewer than two responses: there is no other.
    """
    rewards = _group(rewards)
    others = (rewards.sum(dim=1, keepdim=True) - rewards) / (rewards.shape[1] - 1)  # (B, G)
    return rewards - others


def dr_grpo_advantages(rewards: Tensor) -> Tensor:
    """Each response against the mean of its group, itself included, and not divided by the deviation.

    This is `(G - 1) / G` times RLOO: the same direction, a little shorter.

    Args:
        rewards: `(B, G)`, row by row the responses to one prompt.

    Returns:
        Shape `(B, G)`, in float32 or wider.

    Raises:
        ValueError: If a group has fewer than two responses.
    """
    rewards = _group(rewards)
    return rewards - rewards.mean(dim=1, keepdim=True)


@torch.no_grad()
def reinforce_plus_plus_advantages(
    rewards: Tensor, logps: Tensor, ref_logps: Tensor, mask: Tensor, beta: float = 0.01
) -> Tensor:
    """The reward less the KL still to come, normalised over all tokens of the batch instead of over a group.

    One response a prompt is enough. Groups are welcome too: subtract their means from `rewards` first
    (the paper's "REINFORCE++ with baseline").

    Args:
        rewards: One a response, `(N,)`, earned at its end.
        logps: Log-probabilities of the sampled tokens, `(N, T)`.
        ref_logps: Under the frozen reference, `(N, T)`.
        mask: Bool or 0/1 `(N, T)`, False at padding, whatever stands there.
        beta: Weight of the KL, not negative.

    Returns:
        One number a token, `(N, T)`, of mean 0 and variance 1 over the batch's tokens; 0 at padding.

    Raises:
        ValueError: If shapes differ, the mask is empty or `beta` is negative.
    """
    if rewards.shape != logps.shape[:1] or not logps.shape == ref_logps.shape == mask.shape or logps.ndim != 2:
        shapes = [tuple(x.shape) for x in (rewards, logps, ref_logps, mask)]
        raise ValueError(f"rewards, logps, ref_logps and mask {shapes} are not (N,) and three times (N, T)")
    if not beta >= 0:
        raise ValueError(f"beta {beta} is negative")
    mask = mask.bool()
    if not bool(mask.any()):
        raise ValueError("no token is marked by the mask")
    k = torch.where(mask, _wide(logps) - _wide(ref_logps), 0.0)  # (N, T)
    still_to_come = k.flip(1).cumsum(dim=1).flip(1)  # (N, T), from t to the end
    advantages = _wide(rewards).unsqueeze(1) - beta * still_to_come
    tokens = mask.sum()
    mean = torch.where(mask, advantages, 0.0).sum() / tokens
    centred = torch.where(mask, advantages - mean, 0.0)
    variance = centred.square().sum() / tokens
    return centred * variance.clamp(min=1e-8).rsqrt()


def policy_gradient_loss(
    logps: Tensor, advantages: Tensor, mask: Tensor, max_completion_length: int | None = None
) -> Tensor:
    """The number whose gradient is minus the policy gradient.

    Args:
        logps: Log-probabilities of the sampled tokens under the policy, `(N, T)`; freshly sampled, no ratio.
        advantages: One a response `(N,)` or one a token `(N, T)`; no gradient flows into them.
        mask: Bool or 0/1 `(N, T)`, False at prompt and padding.
        max_completion_length: Divide by this constant as well, as Dr. GRPO does. Never by each response's own
            length: the gradient would no longer be that of the expected reward.

    Returns:
        One number: the sum over the tokens of a response, the mean over responses.

    Raises:
        ValueError: If shapes differ or there is no response.
    """
    if logps.ndim != 2 or mask.shape != logps.shape or advantages.shape not in (logps.shape, logps.shape[:1]):
        shapes = [tuple(x.shape) for x in (logps, advantages, mask)]
        raise ValueError(f"logps, advantages and mask {shapes} are not (N, T), (N,) or (N, T), and (N, T)")
    if len(logps) == 0:
        raise ValueError("there is no response")
    if max_completion_length is not None and max_completion_length < logps.shape[1]:
        raise ValueError(f"max_completion_length {max_completion_length} is below {logps.shape[1]}")
    weights = _wide(advantages).detach()
    weights = weights.unsqueeze(1) if weights.ndim == 1 else weights
    kept = torch.where(mask.bool(), _wide(logps), 0.0)  # nan at padding must not reach the product
    return -(weights * kept).sum() / (len(logps) * (max_completion_length or 1))


def _group(rewards: Tensor) -> Tensor:
    """Rewards in float32 or wider, refused where there is no group."""
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards {tuple(rewards.shape)} are not (B, G) with G of at least 2")
    return _wide(rewards)


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """Noise of the gradient of one group of four, with and without a baseline; rewards all lie near 10."""
    torch.manual_seed(0)
    probabilities = torch.tensor([0.5, 0.3, 0.2])
    rewards = torch.tensor([10.0, 11.0, 9.0])
    answers = torch.multinomial(probabilities.expand(2000, 3), 4, replacement=True)  # 2,000 groups of 4
    score = torch.eye(3) - probabilities  # gradient of log p(a) with respect to the logits
    for name, advantages in (
        ("REINFORCE", reinforce_advantages(rewards[answers])),
        ("RLOO", rloo_advantages(rewards[answers])),
        ("Dr. GRPO", dr_grpo_advantages(rewards[answers])),
    ):
        gradients = (advantages.unsqueeze(-1) * score[answers]).mean(dim=1)  # (2000, 3)
        print(f"{name:9}  mean {[round(g, 2) for g in gradients.mean(dim=0).tolist()]}", end="  ")
        print(f"deviation {gradients.std(dim=0).mean().item():.2f}")


if __name__ == "__main__":
    demo()
