r"""DAPO, GSPO, CISPO: what is clipped, token or sequence

GRPO kept PPO's clip: a token whose probability moved too far no longer counts. For long answers that is too blunt.
DAPO widens the upper bound, so that rare tokens can grow. GSPO takes one ratio for the whole response, as the reward is
one for the whole response. CISPO clips the weight and not the token: every token keeps its gradient.

$$
\rho_{i,t} = \frac{\pi_\theta(y_{i,t})}{\pi_{\text{old}}(y_{i,t})}, \qquad
s_i = \Big(\prod_t \rho_{i,t}\Big)^{1 / |y_i|}, \qquad
\mathcal{L}_{\text{CISPO}} = -\frac{1}{\sum_i |y_i|} \sum_{i,t}
\mathrm{sg}\big[\mathrm{clip}(\rho_{i,t}, 1 - \epsilon_{l}, 1 + \epsilon_{h})\big] A_i \log \pi_\theta(y_{i,t})
$$

Papers: [DAPO](https://arxiv.org/abs/2503.14476), equation 13 for the length; [GSPO](https://arxiv.org/abs/2507.18071),
where GSPO-token has one advantage a token; [MiniMax-M1](https://arxiv.org/abs/2506.13585), section 3 (CISPO).

Letters: `N` responses, `T` sequence, `|y|` tokens of a response, `B` prompts of `G` responses each; `A` is the
advantage and `sg` stops the gradient.
"""

import math

import torch
from torch import Tensor


# --8<-- [start:core]
def dapo_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, clip: float = 0.2, clip_high: float = 0.28
) -> tuple[Tensor, Tensor]:
    """PPO's clip with a wider upper bound; the mean is over all tokens of the batch.

    Args:
        logps: Log-probabilities of the sampled tokens under the policy in training, `(N, T)`.
        old_logps: Under the policy that sampled them, `(N, T)`; no gradient flows into them.
        advantages: One number a response `(N,)`, or one a token `(N, T)`.
        mask: Bool or 0/1 `(N, T)`, False at prompt and padding, whatever stands there. trl's `completion_mask`.
        clip: How far below 1 the ratio counts, in (0, 1]. trl's `epsilon`.
        clip_high: How far above 1, positive. trl's `epsilon_high`.

    Returns:
        The loss, one number in float32 or wider.
        Share of the tokens that the clip leaves without a gradient.

    Raises:
        ValueError: If shapes differ, there is no response, or a bound is out of its range.
    """
    ratio, A, mask = _prepare(logps, old_logps, advantages, mask, clip, clip_high)
    losses, clipped = _clipped(ratio.exp(), A, clip, clip_high)
    return _token_mean(losses, mask), _token_mean(clipped, mask)


def gspo_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, clip: float = 3e-4, clip_high: float = 4e-4
) -> tuple[Tensor, Tensor]:
    """One ratio for all tokens of a response, the geometric mean of theirs; the mean is over responses.

    The ratio is written as GSPO-token has it: its value is the sequence's, its gradient flows through the token's own
    probability. With one advantage a response this is GSPO itself, value and gradient.

    Args:
        logps: As for `dapo_loss`.
        old_logps: As for `dapo_loss`.
        advantages: One number a response `(N,)`, or one a token `(N, T)`.
        mask: As for `dapo_loss`.
        clip: Far smaller than DAPO's: a mean over many tokens moves far less than one of them.
        clip_high: The same, above 1.

    Returns:
        The loss, one number in float32 or wider. A response without a token adds nothing and counts as one.
        Share of the tokens that the clip leaves without a gradient.

    Raises:
        ValueError: As `dapo_loss`.
    """
    ratio, A, mask = _prepare(logps, old_logps, advantages, mask, clip, clip_high)
    lengths = mask.sum(dim=1).clamp(min=1)  # (N,)
    mean = (ratio.sum(dim=1) / lengths).detach().unsqueeze(1)  # (N, 1), log s
    losses, clipped = _clipped((mean + ratio - ratio.detach()).exp(), A, clip, clip_high)
    return ((losses * mask).sum(dim=1) / lengths).mean(), _token_mean(clipped, mask)


def cispo_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, clip: float = 1.0, clip_high: float = 4.0
) -> tuple[Tensor, Tensor]:
    """REINFORCE whose weights are clipped and carry no gradient: no token falls silent.

    Args:
        logps: As for `dapo_loss`.
        old_logps: As for `dapo_loss`.
        advantages: One number a response `(N,)`, or one a token `(N, T)`.
        mask: As for `dapo_loss`.
        clip: 1 is no lower bound, as in the paper.
        clip_high: The weight is at most `1 + clip_high`, which trl's `epsilon_high` is for this loss.

    Returns:
        The loss, one number in float32 or wider. Its value means little; its gradient is what is wanted.
        Share of the tokens whose weight is clipped; they have a gradient all the same.

    Raises:
        ValueError: As `dapo_loss`.
    """
    ratio, A, mask = _prepare(logps, old_logps, advantages, mask, clip, clip_high)
    exact = ratio.detach().exp()
    weight = exact.clamp(1 - clip, 1 + clip_high)  # (N, T)
    losses = -weight * A * torch.where(mask, _wide(logps), 0.0)
    return _token_mean(losses, mask), _token_mean((weight != exact).to(losses.dtype), mask)


def soft_overlong_penalty(lengths: Tensor, max_length: int, cache: int) -> Tensor:
    """DAPO's reward for length: none at first, then down to -1 over the last tokens that are allowed.

    Args:
        lengths: Tokens of each response, any shape.
        max_length: From here on the penalty is -1.
        cache: Over how many tokens it grows, 1 to `max_length`.

    Returns:
        Shape of `lengths`, float32, -1 to 0; to be added to the rewards.

    Raises:
        ValueError: If `cache` is out of its range.
    """
    if not 1 <= cache <= max_length:
        raise ValueError(f"cache {cache} is not 1 to max_length {max_length}")
    return ((max_length - cache - lengths).float() / cache).clamp(-1, 0)


def informative_groups(rewards: Tensor) -> Tensor:
    """Which prompts teach something: DAPO's dynamic sampling keeps these and samples others for the rest.

    Args:
        rewards: Row by row the responses to one prompt, `(B, G)`.

    Returns:
        Bool `(B,)`: False where all rewards are the same, so that every advantage is 0.
    """
    return rewards.amax(dim=1) != rewards.amin(dim=1)


def _clipped(ratio: Tensor, A: Tensor, clip: float, clip_high: float) -> tuple[Tensor, Tensor]:
    """PPO's pessimistic loss of every token, and 1.0 where its gradient is cut: two `(N, T)`."""
    cut = torch.where(A > 0, ratio > 1 + clip_high, (ratio < 1 - clip) & (A < 0))
    return -torch.minimum(ratio * A, ratio.clamp(1 - clip, 1 + clip_high) * A), cut.to(ratio.dtype)


def _prepare(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, clip: float, clip_high: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-ratios `(N, T)`, 0 where the mask is False; advantages `(N, 1)` or `(N, T)`; the mask as bool."""
    if not (0 < clip <= 1 and 0 < clip_high < math.inf):
        raise ValueError(f"clip {clip} or clip_high {clip_high} is out of range")
    if logps.ndim != 2 or len(logps) == 0 or old_logps.shape != logps.shape or mask.shape != logps.shape:
        shapes = [tuple(x.shape) for x in (logps, old_logps, mask)]
        raise ValueError(f"logps, old_logps and mask {shapes} are not one shape (N, T)")
    if mask.is_floating_point() or advantages.shape not in (logps.shape, logps.shape[:1]):
        raise ValueError(f"mask is {mask.dtype}, or advantages {tuple(advantages.shape)} are not (N,) or (N, T)")
    mask = mask.bool()
    A = _wide(advantages).detach()
    A = A.unsqueeze(1) if A.ndim == 1 else torch.where(mask, A, 0.0)
    return torch.where(mask, _wide(logps) - _wide(old_logps).detach(), 0.0), A, mask


def _token_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of `(N, T)` over the tokens that count; 0 where there is none."""
    return (x * mask).sum() / mask.sum().clamp(min=1)


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """Two responses of ten tokens; one token of the first has become three times as likely."""
    old = torch.full((2, 10), -2.0)
    moved = torch.zeros(2, 10)
    moved[0, 3] = math.log(3.0)
    mask, advantages = torch.ones(2, 10, dtype=torch.bool), torch.tensor([1.0, -1.0])
    for name, loss in {"DAPO": dapo_loss, "GSPO": gspo_loss, "CISPO": cispo_loss}.items():
        logps = (old + moved).requires_grad_()
        value, clipped = loss(logps, old, advantages, mask)
        value.backward()
        pull = [-round(20 * x, 2) + 0.0 for x in logps.grad[0, 2:5].tolist()]
        print(f"{name:5} clipped {clipped:.0%}  pull at the token and its neighbours {pull}")


if __name__ == "__main__":
    demo()
