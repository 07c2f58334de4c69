r"""GRPO: group-relative policy optimization

PPO's critic is a second model as large as the policy, there to say what reward was to be expected. GRPO asks the
policy itself: it samples a group of responses to the same prompt, and what is better than the group's mean is good.
All tokens of a response share one advantage, and the KL to the reference stands in the loss, not in the reward.

$$
A_i = \frac{r_i - \mathrm{mean}(r_1 \dots r_G)}{\mathrm{std}(r_1 \dots r_G)}, \qquad
\mathcal{L} = -\frac1G \sum_i \frac{1}{|y_i|} \sum_t
\Big[ \min\big(\rho_{i,t} A_i,\; \mathrm{clip}(\rho_{i,t}, 1 - \epsilon, 1 + \epsilon) A_i\big) - \beta\, k_{i,t} \Big]
$$

Papers: [DeepSeekMath](https://arxiv.org/abs/2402.03300), equations 3 and 4; the token mean and the wider upper bound
are from [DAPO](https://arxiv.org/abs/2503.14476), leaving out std and length from
[Dr. GRPO](https://arxiv.org/abs/2503.20783).

Letters: `B` prompts, `G` responses in a group, `N = B G` responses, `T` sequence; `ρ` is new over old probability, `k`
the estimate `exp(-d) - 1 + d` of the KL with `d = logps - ref_logps`.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
@torch.no_grad()
def group_advantages(rewards: Tensor, scale: bool = True, eps: float = 1e-4) -> Tensor:
    """How much better each response is than its group.

    Args:
        rewards: One reward per response, `(B, G)`: row by row the responses to one prompt.
        scale: Divide by the group's standard deviation (the unbiased one, as in trl, whose `scale_rewards` this is).
            Off in Dr. GRPO: the division gives very easy and very hard prompts a larger weight.
        eps: Added to the deviation.

    Returns:
        Shape `(B, G)`, in float32 or wider; 0 for a group whose rewards are all the same: it teaches nothing.

    Raises:
        ValueError: If a group has fewer than two responses.
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards {tuple(rewards.shape)} are not (B, G) with G of at least 2")
    rewards = _wide(rewards)
    advantages = rewards - rewards.mean(dim=1, keepdim=True)  # (B, G)
    if scale:
        advantages = advantages / (rewards.std(dim=1, keepdim=True) + eps)
    same = rewards.amax(dim=1, keepdim=True) == rewards.amin(dim=1, keepdim=True)  # rounding would leave a trace
    return advantages.masked_fill(same, 0.0)


def grpo_loss(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    ref_logps: Tensor | None = None,
    beta: float = 0.04,
    clip: float = 0.2,
    clip_high: float | None = None,
    average: str = "sequence",
    max_completion_length: int | None = None,
) -> Tensor:
    """The clipped loss of a batch of responses.

    Args:
        logps: Log-probabilities of the sampled tokens under the policy in training, `(N, T)`.
        old_logps: Under the policy that sampled them, `(N, T)`; no gradient flows into them.
        advantages: One number per response, `(N,)`: `group_advantages(...).flatten()`.
        mask: Bool or 0/1 `(N, T)`, False at prompt and padding, whatever stands there. trl's `completion_mask`.
        ref_logps: Under the frozen reference, `(N, T)`; no gradient flows into them. None: no KL term.
        beta: Weight of the KL term, not negative.
        clip: How far below 1 (and above, unless `clip_high` is given) the ratio earns, positive. trl's `epsilon`.
        clip_high: How far above 1 it earns; DAPO takes 0.28. trl's `epsilon_high`.
        average: trl's `loss_type`. "sequence" ("grpo") is the mean over the tokens of a response, then over responses
            (the paper's): a token of a long response weighs less. "token" ("bnpo"; "dapo" where the batch is all of the
            step) is the mean over all tokens. "constant" ("dr_grpo") divides the sum by `N max_completion_length`:
            every token weighs the same, whatever the lengths in its batch.
        max_completion_length: The most tokens that a response may have, at least `T`; for "constant" alone. The width
            of the batch will not do: it is the longest response of this batch, and would weigh every other by it.

    Returns:
        One number, in float32 or wider. A response without a token adds nothing and counts as one.

    Raises:
        ValueError: If shapes differ, there is no response, or a setting is out of its range.
    """
    clip_high = clip if clip_high is None else clip_high
    if not (clip > 0 and clip_high > 0 and beta >= 0):
        raise ValueError(f"clip {clip}, clip_high {clip_high} or beta {beta} is out of range")
    if logps.ndim != 2 or old_logps.shape != logps.shape or advantages.shape != logps.shape[:1]:
        shapes = [tuple(x.shape) for x in (logps, old_logps, advantages)]
        raise ValueError(f"logps, old_logps and advantages {shapes} are not (N, T), (N, T) and (N,)")
    if ref_logps is not None and ref_logps.shape != logps.shape:
        raise ValueError(f"ref_logps {tuple(ref_logps.shape)} do not fit logps {tuple(logps.shape)}")
    if mask.is_floating_point() or mask.shape != logps.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(logps.shape)}")
    if len(logps) == 0:
        raise ValueError("there is no response")
    if average == "constant" and (max_completion_length is None or max_completion_length < logps.shape[1]):
        raise ValueError(f"max_completion_length {max_completion_length} is not at least {logps.shape[1]}")
    mask = mask.bool()
    lengths = mask.sum(dim=1)  # (N,)
    ratio = torch.where(mask, _wide(logps) - _wide(old_logps).detach(), 0.0).exp()  # (N, T)
    weights = _wide(advantages).detach().unsqueeze(1)  # (N, 1)
    losses = -torch.minimum(ratio * weights, ratio.clamp(1 - clip, 1 + clip_high) * weights)
    if ref_logps is not None:
        difference = torch.where(mask, _wide(logps) - _wide(ref_logps).detach(), 0.0)
        losses = losses + beta * (torch.expm1(-difference) + difference)
    losses = losses * mask
    if average == "sequence":
        return (losses.sum(dim=1) / lengths.clamp(min=1)).mean()
    if average == "token":
        return losses.sum() / lengths.sum().clamp(min=1)
    if average == "constant":
        return losses.sum() / (len(losses) * max_completion_length)
    raise ValueError(f"average {average!r} is not sequence, token or constant")


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """Learn the even ones of eight answers from right and wrong alone: no critic, no reward model."""
    torch.manual_seed(0)
    logits = torch.zeros(8, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for step in range(21):
        logps = logits.log_softmax(dim=0)
        answers = torch.multinomial(logps.exp().detach().expand(4, 8), 8, replacement=True)  # 4 groups of 8
        rewards = (answers % 2 == 0).float()
        if step % 5 == 0:
            print(f"step {step}: right {rewards.mean().item():.0%}, advantages up to", end=" ")
            print(round(group_advantages(rewards).max().item(), 2))
        chosen = logps[answers].reshape(32, 1)
        advantages = group_advantages(rewards).flatten()
        loss = grpo_loss(chosen, chosen.detach(), advantages, torch.ones(32, 1, dtype=torch.bool))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    demo()
