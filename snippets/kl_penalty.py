r"""KL penalty: token rewards from one score

The reward model scores a whole response; the policy is trained token by token. Every token therefore pays for how far
it leaves a frozen reference, and the last one earns the score as well. Without the price the policy finds text that
the reward model likes and nobody else.

$$
r_t = -\beta\, k_t + [t = T]\, R(x, y), \qquad
k_t = \log \frac{\pi(y_t \mid x, y_{<t})}{\pi_{\mathrm{ref}}(y_t \mid x, y_{<t})}
$$

Papers: [Fine-Tuning Language Models from Human Preferences](https://arxiv.org/abs/1909.08593), equation 2 and section
2.2 (the adaptive coefficient); the estimators are those of
[Approximating KL Divergence](http://joschu.net/blog/kl-approx.html).

Letters: `B` batch, `T` response; `x` prompt, `y` response, sampled from the policy `π` that `logps` belong to.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def kl_estimate(logps: Tensor, ref_logps: Tensor, kind: str = "k1") -> Tensor:
    """An estimate of KL(policy || reference) from each sampled token alone.

    Args:
        logps: Log-probabilities of the sampled tokens under the policy, any shape.
        ref_logps: Under the reference, of the same shape.
        kind: With `d = logps - ref_logps`: "k1" is `d`, unbiased, of either sign. "k2" is `d² / 2`, biased, with less
            variance. "k3" is `exp(-d) - 1 + d`, unbiased and never negative. "abs" is `|d|`. trl calls the first,
            second and last "kl", "mse" and "abs".

    Returns:
        The same shape, in float32 or wider.

    Raises:
        ValueError: If shapes differ or `kind` is unknown.
    """
    if logps.shape != ref_logps.shape:
        raise ValueError(f"logps {tuple(logps.shape)} and ref_logps {tuple(ref_logps.shape)} differ in shape")
    dtype = torch.promote_types(torch.promote_types(logps.dtype, ref_logps.dtype), torch.float32)
    difference = logps.to(dtype) - ref_logps.to(dtype)
    if kind == "k1":
        return difference
    if kind == "k2":
        return 0.5 * difference.square()
    if kind == "k3":
        return torch.expm1(-difference) + difference
    if kind == "abs":
        return difference.abs()
    raise ValueError(f"kind {kind!r} is not k1, k2, k3 or abs")


@torch.no_grad()
def token_rewards(
    scores: Tensor, logps: Tensor, ref_logps: Tensor, beta: float, mask: Tensor | None = None, kind: str = "k1"
) -> tuple[Tensor, Tensor]:
    """The reward of every token: minus the price of leaving the reference, plus the score at the end.

    Args:
        scores: What the reward model gave each response, `(B,)`.
        logps: Log-probabilities of the response's tokens when it was sampled, `(B, T)`.
        ref_logps: Under the reference, `(B, T)`.
        beta: Price of one nat, not negative; mostly 0.01 to 0.2.
        mask: Bool or 0/1 `(B, T)`, False at prompt and padding. The score goes to the last step that counts. None: all.
        kind: See `kl_estimate`.

    Returns:
        Rewards, `(B, T)`, without gradient: they are data to PPO. 0 where masked.
        The estimated divergence of each response, summed over its tokens, `(B,)`: what to watch, and to steer by.

    Raises:
        ValueError: If shapes differ, `beta` is negative, or a response has no token to take its score.
    """
    if not beta >= 0:
        raise ValueError(f"beta {beta} is negative")
    if logps.ndim != 2 or scores.shape != logps.shape[:1]:
        raise ValueError(f"scores {tuple(scores.shape)} and logps {tuple(logps.shape)} are not (B,) and (B, T)")
    mask = torch.ones_like(logps, dtype=torch.bool) if mask is None else mask
    if mask.is_floating_point() or mask.shape != logps.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(logps.shape)}")
    mask = mask.bool()
    if not bool(mask.any(dim=1).all()):
        raise ValueError("a response has no token: its score has no place")
    kls = torch.where(mask, kl_estimate(logps, ref_logps, kind), 0.0)  # (B, T)
    positions = torch.arange(mask.shape[1], device=mask.device)  # (T,)
    is_last = positions == (positions * mask).amax(dim=1, keepdim=True)  # (B, T)
    rewards = torch.where(is_last, scores.to(kls.dtype).unsqueeze(1), 0.0) - beta * kls
    return rewards, kls.sum(dim=1)


def adapt_beta(beta: float, kl: float, target: float, horizon: float, steps: int) -> float:
    """The coefficient for the next batch: higher if the policy went too far, lower if it could go further.

    Args:
        beta: The coefficient of this batch.
        kl: Its mean divergence per response, in nats.
        target: The divergence wanted, positive; the paper takes 6 to 10.
        horizon: Samples over which a lasting error of 20 % or more changes `beta` by a fifth; 10,000 in the paper.
        steps: Samples in this batch.

    Raises:
        ValueError: If `target` or `horizon` is not positive.
    """
    if not (target > 0 and horizon > 0):
        raise ValueError(f"target {target} and horizon {horizon} are not both positive")
    error = min(max(kl / target - 1, -0.2), 0.2)  # a wild batch moves it by little
    return beta * (1 + error * steps / horizon)


# --8<-- [end:core]


def demo() -> None:
    """A response of four tokens: one left the reference, and the last one earns the score."""
    logps = torch.tensor([[0.5, 0.9, 0.5, 0.25]]).log()
    ref_logps = torch.tensor([[0.5, 0.1, 0.5, 0.5]]).log()
    for beta in (0.0, 0.1, 1.0):
        rewards, kl = token_rewards(torch.tensor([1.0]), logps, ref_logps, beta)
        print(f"beta {beta}: rewards {[round(r, 2) + 0.0 for r in rewards[0].tolist()]}, KL {kl.item():.3f}")


if __name__ == "__main__":
    demo()
