r"""Repetition penalty

A language model that repeated itself once finds another repetition likelier still. The penalty lowers the logit of
every token that has occurred: positive logits are divided, negative ones multiplied, so that both go down.

$$
z'_i = \begin{cases} z_i / \theta & z_i > 0 \\ z_i \cdot \theta & z_i \le 0 \end{cases}
\quad \text{for tokens seen before}
$$

Paper: [CTRL](https://arxiv.org/abs/1909.05858), section 4.1 (the division; the other branch is from its use). The
subtractive penalties are those of the OpenAI API.

Letters: `B` batch, `T` tokens so far, `V` vocabulary; `θ` penalty.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def repetition_penalty(logits: Tensor, tokens: Tensor, penalty: float, mask: Tensor | None = None) -> Tensor:
    """Lower the logits of tokens that have occurred, by a factor.

    Args:
        logits: Of the next token, `(B, V)`.
        tokens: Token ids so far, `(B, T)`, prompt included or not: that is for the caller to say.
        penalty: `θ`; 1 changes nothing, above 1 discourages repetition (mostly 1.1 to 1.2), below 1 asks for it.
        mask: Bool or 0/1 `(B, T)`, False at tokens that do not count, such as padding or the prompt. None: all count.

    Returns:
        Shape `(B, V)`, in the dtype of `logits`. Once or a hundred times makes no difference.

    Raises:
        ValueError: If `penalty` is not positive or shapes do not fit.
    """
    if not penalty > 0:
        raise ValueError(f"penalty {penalty} is not positive")
    seen = token_counts(tokens, logits, mask) > 0  # (B, V)
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def subtractive_penalty(
    logits: Tensor, tokens: Tensor, presence: float = 0.0, frequency: float = 0.0, mask: Tensor | None = None
) -> Tensor:
    """Lower the logits of tokens that have occurred, by a difference: adding a constant to all logits changes nothing.

    Args:
        logits: As in `repetition_penalty`.
        tokens: As in `repetition_penalty`.
        presence: Taken off once if a token has occurred; `presence_penalty` of OpenAI and vLLM.
        frequency: Taken off for every time it has occurred; their `frequency_penalty`.
        mask: As in `repetition_penalty`.

    Returns:
        Shape `(B, V)`, in the dtype of `logits`.

    Raises:
        ValueError: If shapes do not fit.
    """
    counts = token_counts(tokens, logits, mask)
    return logits - (presence * (counts > 0) + frequency * counts).to(logits.dtype)


def token_counts(tokens: Tensor, logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """How often each token of the vocabulary of `logits` occurs in each row of `tokens`, `(B, V)`.

    Raises:
        ValueError: If shapes do not fit, `mask` is of floats, or a token that counts is not in the vocabulary.
    """
    if logits.ndim != 2 or tokens.ndim != 2 or len(tokens) != len(logits):
        raise ValueError(f"logits {tuple(logits.shape)} and tokens {tuple(tokens.shape)} are not (B, V) and (B, T)")
    mask = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
    if mask.is_floating_point() or mask.shape != tokens.shape:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, not bool or 0/1 {tuple(tokens.shape)}")
    mask = mask.bool()
    if bool((((tokens < 0) | (tokens >= logits.shape[1])) & mask).any()):
        raise ValueError(f"a token is not in the vocabulary of {logits.shape[1]}")
    counts = torch.zeros(logits.shape, dtype=torch.long, device=logits.device)
    return counts.scatter_add(1, tokens.masked_fill(~mask, 0), mask.long())


# --8<-- [end:core]


def demo() -> None:
    """A toy model that knows only the last token, decoded greedily: it runs in circles, and wider ones if penalised."""
    torch.manual_seed(0)
    bigrams = 2 * torch.randn(12, 12)
    for penalty in (1.0, 2.0, 4.0):
        tokens = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(17):
            logits = repetition_penalty(bigrams[tokens[:, -1]], tokens, penalty)
            tokens = torch.cat([tokens, logits.argmax(dim=-1, keepdim=True)], dim=1)
        print(f"penalty {penalty}: {len(set(tokens[0].tolist()))} different tokens, {tokens[0].tolist()}")


if __name__ == "__main__":
    demo()
