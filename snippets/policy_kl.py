r"""Policy KL: how far an update has gone, and when to stop

Clipping does not keep the new policy near the old one: it only stops paying for going further. So PPO measures the
distance after every mini-batch and drops the rest of the batch's updates once it exceeds 1.5 times a target. The exact
divergence needs all probabilities of both policies; the sampled tokens alone give an estimate.

$$
\mathrm{KL}(\pi_{\mathrm{old}} \,\|\, \pi) = \sum_i p^{\mathrm{old}}_i (\log p^{\mathrm{old}}_i - \log p_i)
\approx \mathbb{E}_{y \sim \pi_{\mathrm{old}}} \big[ \log \pi_{\mathrm{old}}(y) - \log \pi(y) \big]
$$

Paper: [Proximal Policy Optimization Algorithms](https://arxiv.org/abs/1707.06347), section 4; the estimators are those
of [Approximating KL Divergence](http://joschu.net/blog/kl-approx.html).

Letters: `B` batch, `T` response, `V` vocabulary; `...` any leading shape.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def exact_kl(logits: Tensor, other_logits: Tensor) -> Tensor:
    """KL(softmax(logits) || softmax(other_logits)) in nats, `(..., V)` to `(...)`; 0 only where both are the same.

    Args:
        logits: Of the policy that the tokens are drawn from: the old one here, the new one for a KL penalty. A token
            with logit -inf adds nothing.
        other_logits: Of the policy it is compared with, of the same shape. -inf where the first is not makes it inf.

    Returns:
        Shape `(...)`, in float32 or wider.

    Raises:
        ValueError: If shapes differ or there is no vocabulary.
    """
    if logits.shape != other_logits.shape or logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits {tuple(logits.shape)} and {tuple(other_logits.shape)} are not one shape (..., V)")
    dtype = torch.promote_types(torch.promote_types(logits.dtype, other_logits.dtype), torch.float32)
    banned = logits == -torch.inf
    logps = logits.to(dtype).log_softmax(dim=-1)  # (..., V)
    other_logps = other_logits.to(dtype).log_softmax(dim=-1)
    difference = (logps - other_logps).masked_fill(banned, 0.0)  # 0 log 0 = 0
    return (logps.exp() * difference).sum(dim=-1)


@torch.no_grad()
def policy_kl(logps: Tensor, old_logps: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Three estimates of KL(old || new), each the mean over the sampled tokens that count, 0 where none does.

    Args:
        logps: Log-probabilities of the tokens under the new policy, `(B, T)`.
        old_logps: Under the old policy, which drew them, `(B, T)`.
        mask: Bool or 0/1 `(B, T)`, False at prompt and padding, whatever stands there. None: all tokens count.

    Returns:
        Mean of `d = old_logps - logps`: unbiased, may come out negative. What trl stops by (`policykl`).
        Mean of `d² / 2`: never negative, good while the policies are near (trl's `approxkl`).
        Mean of `exp(-d) - 1 + d`: unbiased and never negative.

    Raises:
        ValueError: If shapes differ or `mask` is of floats.
    """
    if logps.shape != old_logps.shape or logps.ndim != 2:
        raise ValueError(f"logps {tuple(logps.shape)} and {tuple(old_logps.shape)} are not one shape (B, T)")
    mask = torch.ones_like(logps, dtype=torch.bool) if mask is None else mask
    if mask.is_floating_point() or mask.shape != logps.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(logps.shape)}")
    mask = mask.bool()
    count = mask.sum().clamp(min=1)
    dtype = torch.promote_types(torch.promote_types(logps.dtype, old_logps.dtype), torch.float32)
    difference = torch.where(mask, old_logps.to(dtype) - logps.to(dtype), 0.0)  # 0 adds 0 to all three
    return (
        difference.sum() / count,
        0.5 * difference.square().sum() / count,
        (torch.expm1(-difference) + difference).sum() / count,
    )


def should_stop(kl: float, target: float, factor: float = 1.5) -> bool:
    """Whether to drop this mini-batch's gradient and the updates left: the policy is too far from the one that sampled.

    Args:
        kl: One of the estimates of `policy_kl`.
        target: The divergence wanted per batch, positive; 0.01 to 0.1.
        factor: How much more than the target is put up with.

    Raises:
        ValueError: If `target` or `factor` is not positive.
    """
    if not (target > 0 and factor > 0):
        raise ValueError(f"target {target} and factor {factor} are not both positive")
    return not kl <= factor * target  # NaN stops too


# --8<-- [end:core]


def demo() -> None:
    """The further the new policy is from the old one, the more the estimates differ; the first may be negative."""
    torch.manual_seed(0)
    old, direction = torch.randn(2, 1, 64, 50)
    tokens = torch.multinomial(old[0].softmax(dim=-1), 1).reshape(1, 64, 1)
    for step in (0.02, 0.1, 0.5):
        new = old + step * direction
        logps, old_logps = (x.log_softmax(dim=-1).gather(-1, tokens).squeeze(-1) for x in (new, old))
        estimates = [round(kl.item(), 4) for kl in policy_kl(logps, old_logps)]
        print(f"step {step}: exact {exact_kl(old, new).mean().item():.4f}, estimates {estimates}")


if __name__ == "__main__":
    demo()
