r"""PET: classify by filling a mask

With a few dozen labels a new classification head learns little. A masked language model can fill masks already: a
pattern writes the input as a sentence with a mask, a verbalizer says which word stands for which label, and the words'
probabilities at the mask are the labels'. Nothing new has to be learned to begin with.

$$
q(l \mid x) = \mathrm{softmax}_l \, M\bigl(v(l) \mid P(x)\bigr), \qquad
\mathcal{L} = (1 - \alpha) \, \mathcal{L}_{\mathrm{CE}} + \alpha \, \mathcal{L}_{\mathrm{MLM}}
$$

Papers: [Exploiting Cloze Questions](https://arxiv.org/abs/2001.07676),
[It's Not Just Size That Matters](https://arxiv.org/abs/2009.07118) (words of several tokens).

Letters: `B` batch, `T` sequence, `V` vocabulary, `N` labels, `k` masks of a pattern: tokens of a label's word.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


# --8<-- [start:core]
def apply_pattern(pattern: Sequence[int | None], tokens: Sequence[int], longest: int) -> list[int]:
    """Write an input into a pattern.

    Args:
        pattern: Tokens, the masks among them, and None where the input goes.
        tokens: The input; it is truncated where the whole would be longer than `longest`, never the pattern.
        longest: What the model takes at most.

    Raises:
        ValueError: If the pattern has not exactly one place for the input, or is itself too long.
    """
    if list(pattern).count(None) != 1:
        raise ValueError(f"pattern has {list(pattern).count(None)} places for the input instead of 1")
    room = longest - (len(pattern) - 1)
    if room < 0:
        raise ValueError(f"pattern of {len(pattern) - 1} tokens is longer than {longest}")
    at = list(pattern).index(None)
    return [*pattern[:at], *tokens[:room], *pattern[at + 1 :]]


def label_scores(logits: Tensor, tokens: Tensor, mask_token: int, verbalizer: Tensor) -> Tensor:
    """How well the word of each label fills the masks; its softmax is the distribution over labels.

    Args:
        logits: `(B, T, V)`, of the masked language model.
        tokens: `(B, T)`, what it read, with `k` masks in each row.
        mask_token: The mask token.
        verbalizer: `(N, k)`, the tokens of each label's word, or `(N,)` where each is one token.

    Returns:
        `(B, N)`, sums of the log-probabilities of the words' tokens, each at its own mask, in float32 or wider.

    Raises:
        ValueError: If two labels have the same word, or a row has not `k` masks.
    """
    words = verbalizer.unsqueeze(-1) if verbalizer.dim() == 1 else verbalizer  # (N, k)
    if len(words.unique(dim=0)) < len(words):
        raise ValueError("two labels have the same word")
    blanks = tokens == mask_token  # (B, T)
    found = blanks.sum(dim=1)
    if (found != words.shape[1]).any():
        raise ValueError(f"rows have {found.tolist()} blanks instead of {words.shape[1]}")
    logits = logits if logits.dtype == torch.float64 else logits.float()
    logps = logits[blanks].log_softmax(dim=-1).view(len(tokens), words.shape[1], -1)  # (B, k, V)
    picked = [logps[:, place, words[:, place]] for place in range(words.shape[1])]  # k times (B, N)
    return torch.stack(picked).sum(dim=0)


def calibrate(scores: Tensor, empty_scores: Tensor) -> Tensor:
    """Take off what a word scores without any input: frequent words are no better labels.

    Args:
        scores: `(B, N)`, from `label_scores`.
        empty_scores: `(N,)` or `(1, N)`, of the pattern around an empty input.
    """
    return scores - empty_scores


def pet_loss(scores: Tensor, labels: Tensor, mlm_loss: Tensor, alpha: float = 1e-4) -> Tensor:
    """Cross-entropy of the labels, and a little of the ordinary masked-LM loss against forgetting: a scalar.

    Args:
        scores: `(B, N)`, from `label_scores`.
        labels: `(B,)`.
        mlm_loss: A scalar, of unlabelled text.
        alpha: Share of `mlm_loss`, which is much the larger of the two, hence so small.

    Raises:
        ValueError: If `alpha` is not in [0, 1].
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha {alpha} is not in [0, 1]")
    cross_entropy = -scores.log_softmax(dim=-1).gather(-1, labels.unsqueeze(-1)).mean()
    return (1 - alpha) * cross_entropy + alpha * mlm_loss


def soft_labels(scores: Sequence[Tensor], weights: Sequence[float], temperature: float = 2.0) -> Tensor:
    """What models of several patterns say of unlabelled texts together, for a classifier to learn from.

    Args:
        scores: For each pattern `(B, N)`.
        weights: How much each counts, such as its accuracy on the training set before training.
        temperature: Above 1 flattens, as in distillation.

    Returns:
        Probabilities, `(B, N)`.

    Raises:
        ValueError: If the weights do not fit or add up to nothing, or `temperature` is not positive.
    """
    if len(scores) != len(weights) or not scores or min(weights) < 0 or not sum(weights) > 0:
        raise ValueError(f"weights {list(weights)} do not fit {len(scores)} patterns")
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive")
    mean = sum(weight * score for weight, score in zip(weights, scores, strict=True)) / sum(weights)
    return (mean / temperature).softmax(dim=-1)


# --8<-- [end:core]


def demo() -> None:
    """A table of logits stands in for the model: what it would say of two reviews, and of an empty one."""
    words = ["[MASK]", "good", "bad", "food", "cold"]
    verbalizer = torch.tensor([1, 2])  # good, bad
    tokens = torch.tensor([[3, 0], [4, 0]])  # "food [MASK]", "cold [MASK]"
    logits = torch.zeros(2, 2, len(words))
    logits[:, 1] = torch.tensor([[0.0, 3.0, 1.0, 0.0, 0.0], [0.0, 2.0, 1.5, 0.0, 0.0]])
    scores = label_scores(logits, tokens, mask_token=0, verbalizer=verbalizer)
    print("good, bad:", [[f"{p:.2f}" for p in row] for row in scores.softmax(-1).tolist()])
    calibrated = calibrate(scores, torch.tensor([1.5, 0.2]))
    print("calibrated:", [[f"{p:.2f}" for p in row] for row in calibrated.softmax(-1).tolist()])


if __name__ == "__main__":
    demo()
