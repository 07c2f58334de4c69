r"""Masked language model: BERT's 15 %, 80/10/10, and next-sentence pairs

An encoder that sees both sides of every token cannot be asked for the next one. It is asked for tokens that were taken
away: of the 15 % that are chosen, 80 % become `[MASK]`, 10 % some other token and 10 % stay, so that the model may
trust no token it reads. Only the chosen positions have a loss.

$$
\mathcal{L} = -\frac{1}{|\mathcal{M}|} \sum_{i \in \mathcal{M}} \log p(x_i \mid \tilde{x})
$$

Paper: [BERT](https://arxiv.org/abs/1810.04805), section 3.1 and appendix A.1.

Letters: `B` batch, `T` sequence, `V` vocabulary; `x` the tokens, `x̃` what the model reads, `M` the chosen positions.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = -100  # the label of a position without loss, as in `F.cross_entropy`


# --8<-- [start:core]
def mask_tokens(
    tokens: Tensor,
    maskable: Tensor,
    mask_token: int,
    vocabulary: int,
    probability: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Choose what is to be predicted and hide it.

    Args:
        tokens: `(B, T)`.
        maskable: Bool or 0/1 `(B, T)`, False at `[CLS]`, `[SEP]` and padding: they are never chosen. A tokenizer's
            `special_tokens_mask` says the opposite.
        mask_token: The number of `[MASK]`.
        vocabulary: `V`; a random token is any of `[0, V)`.
        probability: How likely a maskable token is chosen; transformers' `mlm_probability`.
        generator: Random numbers on the device of `tokens`.

    Returns:
        inputs: What the model reads, `(B, T)`.
        labels: The tokens at the chosen positions and `IGNORE` elsewhere, `(B, T)`.

    Raises:
        ValueError: If `probability` is not in [0, 1], `mask_token` not in [0, V), or `maskable` not `(B, T)`.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"probability {probability} is not in [0, 1]")
    if not 0 <= mask_token < vocabulary:
        raise ValueError(f"mask_token {mask_token} is not in [0, {vocabulary})")
    if maskable.shape != tokens.shape:
        raise ValueError(f"maskable {tuple(maskable.shape)} does not fit tokens {tuple(tokens.shape)}")
    choice, fate = torch.rand(2, *tokens.shape, generator=generator, device=tokens.device)
    chosen = (choice < probability) & maskable.bool()
    labels = tokens.masked_fill(~chosen, IGNORE)
    others = torch.randint(vocabulary, tokens.shape, generator=generator, device=tokens.device)
    inputs = tokens.masked_fill(chosen & (fate < 0.8), mask_token)  # 80 %
    inputs = torch.where(chosen & (fate >= 0.9), others, inputs)  # 10 %; the 10 % between stay as they are
    return inputs, labels


def masked_lm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the chosen positions, a scalar in float32 or wider; 0 where none is chosen.

    Args:
        logits: `(B, T, V)`; position t speaks of the token at t itself.
        labels: `(B, T)`, from `mask_tokens`.
    """
    logits = logits if logits.dtype == torch.float64 else logits.float()
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum")
    return total / (labels != IGNORE).sum().clamp(min=1)


def next_sentence_pairs(
    documents: Sequence[Sequence[str]], generator: torch.Generator | None = None
) -> list[tuple[str, str, bool]]:
    """Each sentence with its successor, or, half of the time, with a sentence of another document.

    Args:
        documents: Sentences of each document; at least two documents must have one.
        generator: Random numbers on the CPU.

    Returns:
        `(first, second, is_next)`, one for each sentence that has a successor.

    Raises:
        ValueError: If there is no other document to draw from.
    """
    documents = [document for document in documents if document]
    if len(documents) < 2:
        raise ValueError(f"{len(documents)} documents with sentences leave none to draw another sentence from")
    pairs = []
    for at, document in enumerate(documents):
        for first, second in pairwise(document):
            is_next = torch.rand((), generator=generator).item() < 0.5
            if not is_next:
                step = int(torch.randint(1, len(documents), (), generator=generator))  # never 0: another document
                other = documents[(at + step) % len(documents)]
                second = other[int(torch.randint(len(other), (), generator=generator))]
            pairs.append((first, second, is_next))
    return pairs


def join_pair(first: Sequence[int], second: Sequence[int], cls: int, sep: int) -> tuple[list[int], list[int]]:
    """`[CLS] first [SEP] second [SEP]`, and 0 or 1 for the part each token belongs to."""
    tokens = [cls, *first, sep, *second, sep]
    return tokens, [0] * (len(first) + 2) + [1] * (len(second) + 1)


# --8<-- [end:core]


def demo() -> None:
    """How often what happens, over many tokens."""
    torch.manual_seed(0)
    tokens = torch.randint(10, 1000, (64, 512))
    inputs, labels = mask_tokens(tokens, torch.ones_like(tokens, dtype=torch.bool), mask_token=3, vocabulary=1000)
    chosen = labels != IGNORE
    print(f"chosen: {chosen.float().mean():.3f} of all")
    masked, same = inputs == 3, inputs == tokens
    for name, which in (("[MASK]", masked), ("unchanged", same), ("random", ~masked & ~same)):
        print(f"  {name}: {which[chosen].float().mean():.3f} of the chosen")


if __name__ == "__main__":
    demo()
