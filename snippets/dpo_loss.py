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
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}")
    logits = logits[:, :-1].to(torch.promote_types(logits.dtype, torch.float32))  # (B, T - 1, V)
    labels = labels[:, 1:]  # (B, T - 1)
    mask = labels != ignore_index
    index = labels.masked_fill(~mask, 0).unsqueeze(-1)  # (B, T - 1, 1)
    logps = logits.gather(-1, index).squeeze(-1) - logits.logsumexp(dim=-1)  # log softmax, at the labels alone
    sums = logps.masked_fill(~mask, 0.0).sum(dim=-1)  # (B,)
    return sums / mask.sum(dim=-1).clamp(min=1) if average else sums


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
        beta: How dearly leaving the reference is paid for; mostly 0.1 to 0.5.
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
    chosen_rewards = beta * (policy_chosen_logps - ref_chosen_logps)  # (B,)
    rejected_rewards = beta * (policy_rejected_logps - ref_rejected_logps)  # (B,)
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
    gap = (policy_chosen_logps - ref_chosen_logps) - (policy_rejected_logps - ref_rejected_logps)  # (B,)
    return (gap - 1 / (2 * beta)).square()


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
