r"""Best of n: many answers, and who chooses among them

A model may answer n times. pass@k says how often at least one of k answers is right, if somebody could tell which. In
practice a vote chooses, or a score: a vote is right where the right answer is the most likely one, a score as far as
it can be trusted. What n buys, and how far the answers move away from the model's own, can be computed exactly.

$$
\text{pass@}k = 1 - \binom{N - c}{k} \Big/ \binom{N}{k}, \qquad
\pi_n(y) = P(\text{best is } y) = F(y)^n - F^-(y)^n, \qquad
\mathrm{KL}(\pi_n \,\|\, \pi) \le \log n - \frac{n - 1}{n}
$$

Papers: [Evaluating Large Language Models Trained on Code](https://arxiv.org/abs/2107.03374), equation 1 (pass@k);
[Self-Consistency](https://arxiv.org/abs/2203.11171) (votes); [WebGPT](https://arxiv.org/abs/2112.09332) (the value
of the best of n from more than n); [Theoretical guarantees on the best-of-n alignment policy](https://arxiv.org/abs/2401.01879)
(KL).

Letters: `N` answers drawn to a problem, `c` of them right, `n` or `k` of them chosen from; `F` the probability of a
score as high or lower, `F⁻` of a lower one; `V` different answers.
"""

import math

import torch
from torch import Tensor


# --8<-- [start:core]
def pass_at_k(num_samples: Tensor | int, num_correct: Tensor, k: int) -> Tensor:
    """Whether one of `k` answers is right: the mean over all choices of `k` from those drawn, so without bias.

    Args:
        num_samples: `N`, answers drawn to each problem, shape of `num_correct`, or one number for all.
        num_correct: `c`, how many of them are right, any shape.
        k: 1 to `N`.

    Returns:
        Shape of `num_correct`, float64.

    Raises:
        ValueError: If `k` is below 1, or `num_samples` is one number below it.
    """
    if k < 1 or (isinstance(num_samples, int) and num_samples < k):
        raise ValueError(f"k {k} is below 1 or above num_samples {num_samples}")
    N = torch.as_tensor(num_samples, device=num_correct.device).double()
    none_right = (_log_binomial(N - num_correct.double(), k) - _log_binomial(N, k)).exp()
    return 1 - none_right


def majority_vote(answers: Tensor, weights: Tensor | None = None) -> Tensor:
    """The answer that most of the samples gave.

    Args:
        answers: A number for each different answer, `(..., N)`.
        weights: How much each sample's voice counts, shape of `answers`: a score makes it best of n with votes.

    Returns:
        Shape `(...)`; of equals the one that came first.

    Raises:
        ValueError: If there is no sample, or the shapes differ.
    """
    if answers.shape[-1] == 0 or (weights is not None and weights.shape != answers.shape):
        shapes = tuple(answers.shape), None if weights is None else tuple(weights.shape)
        raise ValueError(f"answers and weights {shapes} hold no sample, or differ in shape")
    same = answers.unsqueeze(-1) == answers.unsqueeze(-2)  # (..., N, N)
    voices = same.sum(dim=-1) if weights is None else (same * weights.unsqueeze(-2)).sum(dim=-1)  # (..., N)
    return answers.gather(-1, voices.argmax(dim=-1, keepdim=True)).squeeze(-1)


def best_of_n_value(scores: Tensor, values: Tensor, n: int) -> Tensor:
    """What the best of `n` is worth, if scores choose it: the mean over all choices of `n` from those drawn.

    Args:
        scores: By which the best is chosen, such as a reward model's, `(..., N)`; of equals the later one is chosen.
        values: What answers are worth, such as whether they are right, shape of `scores`.
        n: 1 to `N`.

    Returns:
        Shape `(...)`, float64.

    Raises:
        ValueError: If `n` is out of its range or the shapes differ.
    """
    N = scores.shape[-1]
    if not 1 <= n <= N or scores.shape != values.shape:
        raise ValueError(
            f"n {n} is not 1 to N, or scores and values {tuple(scores.shape)}, {tuple(values.shape)} differ"
        )
    rank = torch.arange(1, N + 1, device=scores.device, dtype=torch.float64)
    chance = (_log_binomial(rank - 1, n - 1) - _log_binomial(rank.new_tensor(N), n)).exp()  # the best is of this rank
    return (values.gather(-1, scores.argsort(stable=True)).double() * chance).sum(dim=-1)


def best_of_n_distribution(probabilities: Tensor, scores: Tensor, n: int) -> Tensor:
    """With which probability the best of `n` draws is which answer.

    Args:
        probabilities: The model's, `(V,)`, which add up to 1.
        scores: Of the answers, `(V,)`; of equals in the draw each is as likely as it was drawn.
        n: At least 1.

    Returns:
        Shape `(V,)`, float64.

    Raises:
        ValueError: If `n` is below 1 or the shapes differ.
    """
    if n < 1 or probabilities.ndim != 1 or probabilities.shape != scores.shape:
        shapes = tuple(probabilities.shape), tuple(scores.shape)
        raise ValueError(f"n {n} is below 1, or probabilities and scores {shapes} are not both (V,)")
    p = probabilities.double()
    below = (scores < scores.unsqueeze(1)).double() @ p  # F⁻, (V,)
    equal = (scores == scores.unsqueeze(1)).double() @ p
    share = torch.where(equal > 0, p / equal, 0.0)  # of those with the same score
    return ((below + equal) ** n - below**n) * share


def best_of_n_kl(n: int) -> float:
    """How far the best of `n` can be from the model's own answers, in nats: reached where no two have the same score.

    Args:
        n: At least 1.

    Returns:
        `log n - (n - 1) / n`.

    Raises:
        ValueError: If `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"n {n} is below 1")
    return math.log(n) - (n - 1) / n


def _log_binomial(N: Tensor, k: int) -> Tensor:
    """Logarithm of how many ways there are to choose `k` of `N`: minus infinity where `N < k`, a pole of the gamma."""
    return torch.lgamma(N + 1) - torch.lgamma(N - k + 1) - math.lgamma(k + 1)


# --8<-- [end:core]


def demo() -> None:
    """Three problems, told apart by how likely the right answer and the likeliest wrong one are."""
    torch.manual_seed(0)
    problems = {
        "right is likely": [0.5, 0.3, 0.2],
        "wrong is likelier": [0.3, 0.5, 0.2],
        "right is rare": [0.05, 0.5, 0.45],
    }
    for name, probabilities in problems.items():
        answers = torch.multinomial(torch.tensor(probabilities), 400 * 40, replacement=True).view(400, 40)  # 0 is right
        right = (answers == 0).sum(dim=-1)
        once, some = (pass_at_k(40, right, k).mean().item() for k in (1, 20))
        vote = (majority_vote(answers) == 0).double().mean().item()
        print(f"{name:18} pass@1 {once:.2f}  pass@20 {some:.2f}  vote of 40 {vote:.2f}")


if __name__ == "__main__":
    demo()
