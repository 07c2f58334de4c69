r"""DPO: direct preference optimization

A preference says that one response to a prompt is better than another. DPO turns it into a binary classification
with the language model itself as the reward model: the reward of a response is how much more likely it became than
it was under a frozen reference. No reward model, no sampling, no critic.

$$
\hat r(x, y) = \beta \log \frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}, \qquad
\mathcal{L} = -\log \sigma\big(\hat r(x, y_w) - \hat r(x, y_l)\big)
$$

Papers: [Direct Preference Optimization](https://arxiv.org/abs/2305.18290) and, for the squared loss,
[A General Theoretical Paradigm to Understand Learning from Human Preferences](https://arxiv.org/abs/2310.12036).

Letters: `B` pairs of responses, `T` sequence, `V` vocabulary; `w` is the chosen response, `l` the rejected one.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
def sequence_logps(logits: Tensor, labels: Tensor, average: bool = False, ignore_index: int = -100) -> Tensor:
    """Log-probability of each response under a causal language model, in nats.

    Args:
        logits: The model's output `(B, T, V)`; position `t` predicts token `t + 1`.
        labels: The same tokens that went in, `(B, T)`, with `ignore_index` at prompt and padding. Not shifted.
        average: Mean over the response's tokens instead of their sum (IPO wants the mean, DPO the sum).
        ignore_index: Label of tokens that do not count.

    Returns:
        Shape `(B,)`, in float32 or wider; 0 for a row in which no token counts.

    Raises:
        ValueError: If `labels` are not `(B, T)` of `logits`.
    """
    mask, index = _targets(logits, labels, ignore_index)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).masked_fill(~mask.unsqueeze(-1), 0.0)
    logps = logits.gather(-1, index.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(dim=-1)  # log softmax, at the labels
    sums = logps.masked_fill(~mask, 0.0).sum(dim=-1)  # (B,)
    return sums / mask.sum(dim=-1).clamp(min=1) if average else sums


def sequence_logps_by_block(logits: Tensor, labels: Tensor, average: bool = False, ignore_index: int = -100) -> Tensor:
    """The same as `sequence_logps` with no second `(B, T, V)` but the gradient; skips what no token counts in."""
    mask, index = _targets(logits, labels, ignore_index)
    kept = mask.flatten().nonzero().squeeze(-1)  # (N,); the positions that count
    logps = torch.zeros_like(mask, dtype=torch.promote_types(logits.dtype, torch.float32))  # (B, T)
    rows = 64 if logits.device.type == "cpu" else 1024  # at a time: they fit a processor's cache, or keep a GPU busy
    logps[mask] = _Logps.apply(logits.flatten(0, 1), kept, index[mask], rows)
    return logps.sum(dim=-1) / mask.sum(dim=-1).clamp(min=1) if average else logps.sum(dim=-1)


class _Logps(torch.autograd.Function):
    """Forward keeps the rows' log-sum-exp; backward makes `(one-hot - softmax) * grad` row by row."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, kept: Tensor, index: Tensor, rows: int) -> Tensor:
        """Log-probabilities `(N,)` of the tokens `index` in the rows `kept` of `logits`, `(B T, V)`."""
        norms = torch.empty_like(kept, dtype=torch.promote_types(logits.dtype, torch.float32))
        for at, norm in zip(kept.split(rows), norms.split(rows), strict=True):
            norm[:] = logits[at].to(norm.dtype).logsumexp(dim=-1)
        ctx.save_for_backward(logits, kept, index, norms)
        ctx.rows = rows
        return logits[kept, index] - norms

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        """Gradient of the logits `(B T, V)`."""
        logits, *tensors = ctx.saved_tensors
        result = torch.zeros_like(logits)
        for at, i, norm, g in zip(*(x.split(ctx.rows) for x in (*tensors, grad)), strict=True):
            block = logits[at].to(norm.dtype).sub_(norm[:, None]).exp_().mul_(-g[:, None])  # (rows, V)
            result[at] = block.scatter_add_(-1, i[:, None], g[:, None]).to(result.dtype)
        return result, None, None, None


def _targets(logits: Tensor, labels: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Which positions predict a token that counts, and which token: two `(B, T)`."""
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}")
    following = F.pad(labels[:, 1:], (0, 1), value=ignore_index)  # (B, T); after the last token there is none
    mask = following != ignore_index
    return mask, following.masked_fill(~mask, 0)


def dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    ref_chosen_logps: Tensor,
    ref_rejected_logps: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """The DPO loss (equation 7 of the paper) of every pair, and the implicit rewards.

    Args:
        policy_chosen_logps: Summed log-probabilities of the chosen responses under the model in training, `(B,)`.
        policy_rejected_logps: The same for the rejected responses, `(B,)`.
        ref_chosen_logps: Under the frozen reference, `(B,)`.
        ref_rejected_logps: Under the frozen reference, `(B,)`.
        beta: Strength of the KL penalty that holds the policy to the reference; mostly 0.1 to 0.5.
        label_smoothing: Share of preferences thought to be the wrong way round, in [0, 0.5) (conservative DPO).

    Returns:
        Losses, `(B,)`.
        Implicit rewards of the chosen responses, `(B,)`, without gradient.
        Implicit rewards of the rejected responses, `(B,)`, without gradient.

    Raises:
        ValueError: If shapes differ, `beta` is not positive, or `label_smoothing` lies outside [0, 0.5).
    """
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(f"label_smoothing {label_smoothing} is not in [0, 0.5)")
    _check(beta, policy_chosen_logps, policy_rejected_logps, ref_chosen_logps, ref_rejected_logps)
    chosen_rewards = beta * (_wide(policy_chosen_logps) - _wide(ref_chosen_logps))  # (B,)
    rejected_rewards = beta * (_wide(policy_rejected_logps) - _wide(ref_rejected_logps))  # (B,)
    margin = chosen_rewards - rejected_rewards
    losses = -(1 - label_smoothing) * F.logsigmoid(margin) - label_smoothing * F.logsigmoid(-margin)
    return losses, chosen_rewards.detach(), rejected_rewards.detach()


def ipo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    ref_chosen_logps: Tensor,
    ref_rejected_logps: Tensor,
    beta: float = 0.1,
) -> Tensor:
    """The IPO loss `(B,)`: pull the gap of the log-ratios to `1 / (2 beta)` instead of ever further apart.

    Arguments and errors are those of `dpo_loss`, but the log-probabilities are means over tokens
    (`sequence_logps(..., average=True)`): with sums the target would depend on the length of the responses.
    """
    _check(beta, policy_chosen_logps, policy_rejected_logps, ref_chosen_logps, ref_rejected_logps)
    chosen = _wide(policy_chosen_logps) - _wide(ref_chosen_logps)  # (B,)
    gap = chosen - (_wide(policy_rejected_logps) - _wide(ref_rejected_logps))  # (B,)
    return (gap - 1 / (2 * beta)).square()


def _wide(logps: Tensor) -> Tensor:
    """Log-probabilities in float32 or wider: bf16 tells sums of -200 apart in steps of 1."""
    return logps.to(torch.promote_types(logps.dtype, torch.float32))


def _check(beta: float, *logps: Tensor) -> None:
    """Raise ValueError unless `beta` is positive and all log-probabilities have one shape `(B,)`."""
    if not beta > 0:
        raise ValueError(f"beta {beta} is not positive")
    shapes = [tuple(logp.shape) for logp in logps]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1:
        raise ValueError(f"log-probabilities have shapes {shapes}, not one shape (B,)")


# --8<-- [end:core]


def demo() -> None:
    """The gradient is largest where the implicit rewards rank a pair the wrong way round."""
    chosen = torch.tensor([-30.0, -20.0, -10.0], requires_grad=True)
    reference, rejected = torch.full((3,), -20.0), torch.full((3,), -20.0)
    losses, chosen_rewards, _ = dpo_loss(chosen, rejected, reference, reference, beta=0.5)
    losses.sum().backward()
    for reward, loss, weight in zip(chosen_rewards.tolist(), losses.tolist(), (-chosen.grad).tolist(), strict=True):
        print(f"reward of chosen {reward:+.1f}   loss {loss:.4f}   pull upwards {weight:.4f}")


if __name__ == "__main__":
    demo()
