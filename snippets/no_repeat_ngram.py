r"""No repeated n-grams

A hard rule against repetition: no sequence of `n` tokens may occur twice. Before each step, look where the last
`n - 1` tokens have stood before, and ban what followed them there.

$$
\mathcal{B} = \{\, y_{j+n-1} : (y_j \dots y_{j+n-2}) = (y_{t-n+2} \dots y_t),\; j + n - 1 \le t \,\}, \qquad
z_i = -\infty \text{ for } i \in \mathcal{B}
$$

Paper: [A Deep Reinforced Model for Abstractive Summarization](https://arxiv.org/abs/1705.04304), section 2.5, with
`n = 3`.

Letters: `B` batch, `T` tokens so far, `V` vocabulary; `n` length of the n-grams.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def banned_tokens(tokens: list[int], n: int) -> set[int]:
    """The tokens that would complete an n-gram that has occurred: the plain form, for one sequence.

    Raises:
        ValueError: If `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"n {n} is below 1")
    prefix = tokens[len(tokens) - n + 1 :]  # the last n - 1; none for n = 1
    starts = range(len(tokens) - n + 1)  # where a whole n-gram stands
    return {tokens[start + n - 1] for start in starts if tokens[start : start + n - 1] == prefix}


def no_repeat_ngram(logits: Tensor, tokens: Tensor, n: int) -> Tensor:
    """Ban every token that would complete an n-gram for the second time, for a batch at once.

    Args:
        logits: Of the next token, `(B, V)`.
        tokens: Token ids so far, `(B, T)`. Every row has its own history.
        n: Length of the n-grams, transformers' `no_repeat_ngram_size`, at least 1; 1 lets every token come once.

    Returns:
        `logits`, -inf at what is banned, `(B, V)`. A row may lose all its tokens if `n` is 1 and all have occurred.

    Raises:
        ValueError: If `n` is below 1, shapes do not fit, or a token is not in the vocabulary.
    """
    if n < 1:
        raise ValueError(f"n {n} is below 1")
    if logits.ndim != 2 or tokens.ndim != 2 or len(tokens) != len(logits):
        raise ValueError(f"logits {tuple(logits.shape)} and tokens {tuple(tokens.shape)} are not (B, V) and (B, T)")
    if tokens.numel() and not (0 <= int(tokens.min()) and int(tokens.max()) < logits.shape[1]):
        raise ValueError(f"a token is not in the vocabulary of {logits.shape[1]}")
    count = tokens.shape[1] - n + 1  # n-grams that have occurred
    if count < 1:
        return logits
    matches = torch.ones(len(tokens), count, dtype=torch.bool, device=tokens.device)  # (B, count)
    for offset in range(n - 1):
        matches &= tokens[:, offset : offset + count] == tokens[:, count + offset, None]
    hits = torch.zeros(logits.shape, dtype=torch.long, device=logits.device)
    hits = hits.scatter_add(1, tokens[:, n - 1 :], matches.long())  # (B, V)
    return logits.masked_fill(hits > 0, -torch.inf)


# --8<-- [end:core]


def demo() -> None:
    """A toy model that knows only the last token, decoded greedily: with and without the rule."""
    torch.manual_seed(0)
    bigrams = torch.randn(8, 8)
    for n in (None, 3, 2, 1):
        tokens = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(7 if n == 1 else 15):
            logits = bigrams[tokens[:, -1]]
            logits = logits if n is None else no_repeat_ngram(logits, tokens, n)
            tokens = torch.cat([tokens, logits.argmax(dim=-1, keepdim=True)], dim=1)
        print(f"n = {n}: {tokens[0].tolist()}")


if __name__ == "__main__":
    demo()
