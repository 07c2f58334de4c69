r"""Process reward: a label for each step, from rollouts, and one score for a whole solution

Whether the answer is right says nothing about where a wrong solution went wrong. A process reward model scores every
step. Its labels need no people: go on from each prefix a few times and see how often the answer comes out right. How
the steps' scores make one of the solution depends on what they mean: a chance to get there, or a step's correctness.

$$
V_t = P(\text{right} \mid \text{steps } 1 \dots t) \approx \frac1K \sum_k o_{t,k}, \qquad
\text{hard}_t = \max_k o_{t,k}, \qquad
P(\text{all correct}) = \prod_t p_t, \qquad
A_t = V_t - V_{t-1}
$$

Papers: [Let's Verify Step by Step](https://arxiv.org/abs/2305.20050) (labels by people, product),
[Math-Shepherd](https://arxiv.org/abs/2312.08935) (labels by rollouts),
[OmegaPRM](https://arxiv.org/abs/2406.06592) (binary search), [Rewarding Progress](https://arxiv.org/abs/2410.08146).

Letters: `N` solutions of up to `S` steps, `K` rollouts from each prefix; `o` is 1 where a rollout ended right.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

# --8<-- [start:core]
NEUTRAL = {"min": torch.inf, "product": 1.0, "last": 0.0, "mean": 0.0}  # for padding


def step_labels(outcomes: Tensor, hard: bool = False) -> Tensor:
    """What rollouts say of each step.

    Args:
        outcomes: Bool or 0/1 `(..., S, K)`: whether the `k`-th rollout from the prefix that ends with a step was right.
        hard: 1 where any rollout was right, as in Math-Shepherd's training; otherwise their share, an estimate of the
            value without bias. A hard label is 1 with probability `1 - (1 - V)^K`: the more rollouts, the kinder.

    Returns:
        Shape `(..., S)`, float32.

    Raises:
        ValueError: If there is no rollout.
    """
    if outcomes.ndim < 2 or outcomes.shape[-1] == 0:
        raise ValueError(f"outcomes {tuple(outcomes.shape)} are not (..., S, K) with K of at least 1")
    right = outcomes.float()
    return right.amax(dim=-1) if hard else right.mean(dim=-1)


def first_error(reachable: Callable[[int], bool], steps: int) -> int:
    """The first step from which the right answer is out of reach, by binary search: OmegaPRM's way to save rollouts.

    Args:
        reachable: Whether some rollout from the first `t` steps ends right, for `t` of 1 to `steps`. Once it is not, it
            stays so: of rollouts this is true only up to luck.
        steps: `S`, at least 0.

    Returns:
        The step, counted from 1; `steps + 1` if there is none. `reachable` is asked about `log2(steps)` times.
    """
    low, high = 0, steps + 1  # reachable after `low` steps, and not after `high`
    while high - low > 1:
        middle = (low + high) // 2
        if reachable(middle):
            low = middle
        else:
            high = middle
    return high


def process_reward_loss(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy at the steps' ends.

    Args:
        logits: The model's, one for each step, `(N, S)`.
        labels: 0 to 1, hard or soft, `(N, S)`.
        mask: Bool or 0/1 `(N, S)`, False where a solution has no such step, whatever stands there.

    Returns:
        One number, the mean over all steps, in float32 or wider.

    Raises:
        ValueError: If shapes differ.
    """
    mask = _checked(mask, logits, labels)
    logits = torch.where(mask, _wide(logits), 0.0)
    losses = F.binary_cross_entropy_with_logits(
        logits, torch.where(mask, labels.to(logits.dtype), 0.0), reduction="none"
    )
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def solution_scores(step_scores: Tensor, mask: Tensor, how: str = "min") -> Tensor:
    """One score for each solution, by which the best of n is chosen.

    Args:
        step_scores: Probabilities 0 to 1, `(N, S)`.
        mask: Bool or 0/1 `(N, S)`, False where a solution has no such step; steps stand on the left.
        how: "product": the chance that all steps are correct, if each score is that of one step. "min": the weakest
            step, which does not punish length. "last": the score of the whole, if scores are values. "mean".

    Returns:
        Shape `(N,)`, in float32 or wider.

    Raises:
        ValueError: If shapes differ, a solution has no step or `how` is none of the four.
    """
    mask = _checked(mask, step_scores)
    if how not in NEUTRAL:
        raise ValueError(f"how {how!r} is not one of {list(NEUTRAL)}")
    lengths = mask.sum(dim=1)
    if bool((lengths == 0).any()):
        raise ValueError("a solution has no step")
    scores = torch.where(mask, _wide(step_scores), NEUTRAL[how])
    if how == "min":
        return scores.amin(dim=1)
    if how == "product":
        return scores.prod(dim=1)
    if how == "mean":
        return scores.sum(dim=1) / lengths
    return scores.gather(1, lengths.unsqueeze(1) - 1).squeeze(1)


def progress(values: Tensor, start: Tensor | float) -> Tensor:
    """What each step gained: the reward for it that does not change which policy is best.

    Gains add up to the last value less `start`: steps that lead nowhere earn nothing.

    Args:
        values: `V` after each step, `(..., S)`; the last one may be the outcome itself.
        start: `V` of the prompt alone, a number or `(...)`.

    Returns:
        Shape of `values`.
    """
    start = torch.as_tensor(start, dtype=values.dtype, device=values.device).expand(values.shape[:-1])
    return values - torch.cat([start.unsqueeze(-1), values[..., :-1]], dim=-1)


def _checked(mask: Tensor, *others: Tensor) -> Tensor:
    """The mask as bool, refused unless all are of one shape `(N, S)`."""
    shapes = [tuple(x.shape) for x in (mask, *others)]
    if len(set(shapes)) > 1 or mask.ndim != 2 or mask.is_floating_point():
        raise ValueError(f"mask ({mask.dtype}) and the rest have shapes {shapes}, not one shape (N, S)")
    return mask.bool()


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """A solution of eight steps whose fifth is wrong: rollouts find it, and binary search with fewer."""
    torch.manual_seed(0)
    S, K = 8, 16
    chance = torch.tensor([0.9 ** (S - t) if t < 5 else 0.0 for t in range(1, S + 1)])  # of getting there
    outcomes = torch.rand(S, K) < chance.unsqueeze(1)
    print("soft labels", [round(x, 2) for x in step_labels(outcomes).tolist()])
    print("hard labels", [int(x) for x in step_labels(outcomes, hard=True).tolist()])
    asked: list[int] = []
    found = first_error(lambda t: bool(asked.append(t)) or bool((torch.rand(K) < chance[t - 1]).any()), S)
    print(f"binary search asks at {asked} and says step {found}")


if __name__ == "__main__":
    demo()
