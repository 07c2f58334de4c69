r"""Reward model: the pairwise ranking loss

People grade unevenly but compare well. A reward model gives every response a number, and the loss asks for one thing:
that the better response of a pair get the larger one. By Bradley and Terry the difference of two rewards is the
log-odds that the first response wins; the loss is the negative log-likelihood of what people chose.

$$
P(y_w \succ y_l) = \sigma(r_w - r_l), \qquad
\mathcal{L} = -\frac{1}{\binom{K}{2}} \sum_{w \text{ above } l} \log \sigma(r_w - r_l - m)
$$

Papers: [Training language models to follow instructions with human feedback](https://arxiv.org/abs/2203.02155), section
3.5; the margin `m` is from [Llama 2](https://arxiv.org/abs/2307.09288), the centring from
[Helping or Herding?](https://arxiv.org/abs/2312.09244).

Letters: `B` prompts or pairs, `K` ranked responses of one prompt, `T` sequence; `w` is the better response, `l` the
worse one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
def last_token_rewards(rewards: Tensor, mask: Tensor) -> Tensor:
    """The reward at the last real token of each sequence: there the model has read all of it.

    Args:
        rewards: One number per position, `(B, T)`: a linear layer of width 1 on the last hidden states.
        mask: Bool or 0/1 `(B, T)`, False at padding, whichever side it stands on: a tokenizer's `attention_mask`.

    Returns:
        Shape `(B,)`; 0 for a sequence without a token.

    Raises:
        ValueError: If `mask` is of floats or not `(B, T)`.
    """
    if mask.is_floating_point() or rewards.ndim != 2 or mask.shape != rewards.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(rewards.shape)}")
    mask = mask.bool()
    positions = torch.arange(mask.shape[1], device=mask.device)  # (T,)
    last = (positions * mask).amax(dim=1, keepdim=True)  # (B, 1)
    return torch.where(mask.any(dim=1), rewards.gather(1, last).squeeze(1), 0.0)


def reward_model_loss(
    chosen_rewards: Tensor, rejected_rewards: Tensor, margin: Tensor | float = 0.0, center: float = 0.0
) -> Tensor:
    """The ranking loss of every pair.

    Args:
        chosen_rewards: Rewards of the better responses, `(B,)`.
        rejected_rewards: Rewards of the worse ones, `(B,)`.
        margin: How far apart a pair should be at least; `(B,)` or one number. Larger for clearer preferences.
        center: Weight of the squared sum of a pair's rewards; trl's `center_rewards_coefficient`. The ranking alone
            leaves their level open.

    Returns:
        Losses, `(B,)`, in float32 or wider.

    Raises:
        ValueError: If the shapes differ.
    """
    if chosen_rewards.shape != rejected_rewards.shape or chosen_rewards.ndim != 1:
        raise ValueError(
            f"rewards {tuple(chosen_rewards.shape)} and {tuple(rejected_rewards.shape)} are not one shape (B,)"
        )
    if isinstance(margin, Tensor) and margin.shape != chosen_rewards.shape:
        raise ValueError(f"margin {tuple(margin.shape)} does not fit rewards {tuple(chosen_rewards.shape)}")
    chosen_rewards, rejected_rewards = _wide(chosen_rewards), _wide(rejected_rewards)
    losses = -F.logsigmoid(chosen_rewards - rejected_rewards - margin)  # (B,)
    return losses + center * (chosen_rewards + rejected_rewards).square()


def ranking_loss(rewards: Tensor) -> Tensor:
    """The mean loss over all `K (K - 1) / 2` pairs of each prompt: every response is run through the model once.

    Args:
        rewards: Shape `(B, K)`, each row in the order that people put the responses in, the best first.

    Returns:
        Shape `(B,)`, in float32 or wider. Each prompt weighs the same, however many pairs it makes.

    Raises:
        ValueError: If there are fewer than two responses.
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards {tuple(rewards.shape)} are not (B, K) with K of at least 2")
    better, worse = torch.triu_indices(rewards.shape[1], rewards.shape[1], offset=1, device=rewards.device)  # (pairs,)
    rewards = _wide(rewards)
    return -F.logsigmoid(rewards[:, better] - rewards[:, worse]).mean(dim=1)


def _wide(rewards: Tensor) -> Tensor:
    """Rewards in float32 or wider: in bf16, rewards of 8 and more are told apart in steps of 1/16 only."""
    return rewards.to(torch.promote_types(rewards.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """Rewards found by gradient descent from comparisons alone, some of which contradict each other."""
    wins = torch.tensor([[0, 1]] * 3 + [[1, 0]] + [[1, 2]] * 9 + [[2, 1]])  # 3 : 1 and 9 : 1
    rewards = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([rewards], lr=0.1)
    for _ in range(120):
        loss = reward_model_loss(rewards[wins[:, 0]], rewards[wins[:, 1]], center=1e-4).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("rewards:", [round(reward, 2) for reward in rewards.tolist()])
    print("P(0 beats 1):", round(torch.sigmoid(rewards[0] - rewards[1]).item(), 2))
    print("P(1 beats 2):", round(torch.sigmoid(rewards[1] - rewards[2]).item(), 2))


if __name__ == "__main__":
    demo()
