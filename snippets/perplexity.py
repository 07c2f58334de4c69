r"""Perplexity: how surprised a language model is

The probability a model gives to a text, averaged over its tokens as a geometric mean and turned upside down. It is the
exponential of the mean cross-entropy, and reads as the number of equally likely tokens the model hesitates between.
A text longer than the context is scored in windows: each token once, with as much context as the window leaves it.

$$
\mathrm{PPL} = \exp\Bigl(-\frac{1}{N} \sum_{i=1}^{N} \ln p(w_i \mid w_{<i})\Bigr), \qquad
\mathrm{bits\ per\ byte} = \frac{-\sum_i \ln p(w_i \mid w_{<i})}{\ln 2 \cdot \mathrm{bytes}}
$$

Source: [Perplexity of fixed-length models](https://huggingface.co/docs/transformers/perplexity) (windows).

Letters: `B` batch, `T` sequence, `V` vocabulary, `N` tokens that are scored.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

IGNORE = -100  # the label of a position without loss, as in `F.cross_entropy`


# --8<-- [start:core]
def token_nll(logits: Tensor, tokens: Tensor) -> Tensor:
    """Negative log-probability of each token, in nats and float32 or wider.

    Args:
        logits: `(..., V)`, what the model says of each position; a token of -inf cannot come.
        tokens: `(...)`, what stands there.

    Raises:
        ValueError: If there is not one token for each position.
    """
    if tokens.shape != logits.shape[:-1]:
        raise ValueError(f"tokens {tuple(tokens.shape)} do not fit logits {tuple(logits.shape)}")
    logits = logits if logits.dtype == torch.float64 else logits.float()
    chosen = logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return logits.logsumexp(dim=-1) - chosen


def perplexity(logits: Tensor, labels: Tensor, ignore: int = IGNORE) -> Tensor:
    """Perplexity of the tokens that follow, a scalar; NaN where no token is left to score.

    Args:
        logits: `(B, T, V)`; position t speaks of the token at t + 1.
        labels: `(B, T)`, the tokens; those equal to `ignore` are not scored.
        ignore: Marks padding or a prompt; torch's `ignore_index`.
    """
    targets = labels[:, 1:]  # (B, T - 1)
    scored = targets != ignore
    nll = token_nll(logits[:, :-1], targets.masked_fill(~scored, 0)).masked_fill(~scored, 0)  # (B, T - 1)
    return (nll.sum() / scored.sum()).exp()


def windows(length: int, window: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """Cut a text into windows that score every token but the first exactly once.

    Args:
        length: Tokens of the text.
        window: Tokens the model sees at once.
        stride: Tokens scored in each window after the first, below `window`: one token of context at least.

    Yields:
        `(begin, end, first)`: the model reads `begin` to `end`, and the tokens from `first` on are scored.

    Raises:
        ValueError: If `stride` is not in [1, window).
    """
    if not 1 <= stride < window:
        raise ValueError(f"stride {stride} is not in [1, {window})")
    first = 1
    while first < length:
        end = min(max(window, first + stride), length)  # the first window scores all it can
        yield max(0, end - window), end, first
        first = end


@torch.no_grad()
def sliding_nll(model: Callable[[Tensor], Tensor], tokens: Tensor, window: int, stride: int) -> Tensor:
    """Negative log-probability of every token but the first, `(T - 1,)`; `.mean().exp()` is the perplexity.

    Args:
        model: Logits `(1, t, V)` of tokens `(1, t)`.
        tokens: The text, `(T,)`, at least 2.
        window: See `windows`.
        stride: See `windows`; 1 gives each token the longest context and costs a pass for each.
    """
    if len(tokens) < 2:
        raise ValueError(f"a text of {len(tokens)} tokens has none to score")
    found = []
    for begin, end, first in windows(len(tokens), window, stride):
        logits = model(tokens[None, begin : end - 1])[0]  # what the last token would be followed by is not asked
        found.append(token_nll(logits[first - 1 - begin :], tokens[first:end]))
    return torch.cat(found)


def bits_per_byte(nll: Tensor, text: str) -> float:
    """What a text costs in bits for each byte of its UTF-8: comparable between tokenizers, as perplexity is not.

    Args:
        nll: Negative log-probabilities of all its tokens, in nats.
        text: The text, not empty.
    """
    if not text:
        raise ValueError("the text is empty")
    return nll.sum().item() / math.log(2) / len(text.encode())


# --8<-- [end:core]


def demo() -> None:
    """A text that repeats itself, under a model that knows how often one letter follows another."""
    text = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 3])
    counts = torch.ones(4, 4)
    for before, after in zip(text[:-1].tolist(), text[1:].tolist(), strict=True):
        counts[before, after] += 1
    logits = counts.log()[text][None]
    print(f"uniform over 4: {perplexity(torch.zeros(1, 9, 4), text[None]):.3f}")
    print(f"bigram counts:  {perplexity(logits, text[None]):.3f}")


if __name__ == "__main__":
    demo()
