r"""Watermarks: text that shows by statistics where it comes from

At each step the token before decides, through a secret key, which share of the vocabulary is green, and the model is
pushed a little towards it. A reader sees nothing; who has the key counts. Without the mark a share γ of the tokens is
green, so many more than that cannot be chance. Another kind leaves the distribution as it is and lets the key choose
the random numbers of the draw instead (Gumbel): detection looks for tokens whose numbers were large.

$$
\ell'_v = \ell_v + \delta\,[v \in \text{green}], \qquad z = \frac{g - \gamma T}{\sqrt{T \gamma (1 - \gamma)}}, \qquad
\text{Gumbel: } \arg\max_v u_v^{1 / p_v}, \quad S = -\sum_t \log(1 - u_{t, y_t}) \sim \mathrm{Gamma}(T, 1)
$$

Papers: [A Watermark for Large Language Models](https://arxiv.org/abs/2301.10226), algorithm 2 and equation 3. The draw
is Scott Aaronson's, from a talk of 2022.

Letters: `T` scored tokens, `V` vocabulary, `g` green ones among them, `γ` share that is green, `δ` push, `u` uniform
numbers that the key gives.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor


# --8<-- [start:core]
def green_list(previous: int, vocab_size: int, greenlist_ratio: float = 0.25, hashing_key: int = 15485863) -> Tensor:
    """Which tokens are green after a token; names and choice are those of transformers' `lefthash`.

    Args:
        previous: The token before, 0 or more.
        vocab_size: `V`.
        greenlist_ratio: `γ`, between 0 and 1.
        hashing_key: The secret.

    Returns:
        Bool `(V,)`, on the CPU: the same wherever the model runs.

    Raises:
        ValueError: If `greenlist_ratio` is not between 0 and 1.
    """
    if not 0 < greenlist_ratio < 1:
        raise ValueError(f"greenlist_ratio {greenlist_ratio} is not between 0 and 1")
    order = torch.randperm(vocab_size, generator=_random(previous, hashing_key))
    green = torch.zeros(vocab_size, dtype=torch.bool)
    green[order[: int(vocab_size * greenlist_ratio)]] = True
    return green


def mark_logits(
    logits: Tensor,
    previous: Tensor,
    greenlist_ratio: float = 0.25,
    bias: float = 2.0,
    hashing_key: int = 15485863,
) -> Tensor:
    """Push the next tokens' logits towards the green ones.

    Args:
        logits: `(B, V)`.
        previous: The last token of each row, `(B,)`.
        greenlist_ratio: `γ`.
        bias: `δ`; 0 marks nothing.
        hashing_key: The secret.

    Returns:
        `(B, V)`.

    Raises:
        ValueError: If there is not one token for each row, or see `green_list`.
    """
    if logits.ndim != 2 or previous.shape != logits.shape[:1]:
        raise ValueError(f"logits and previous {tuple(logits.shape)}, {tuple(previous.shape)} are not (B, V), (B,)")
    V = logits.shape[1]
    rows = [green_list(token, V, greenlist_ratio, hashing_key) for token in previous.tolist()]
    return logits + bias * torch.stack(rows).to(logits)


def detect(
    tokens: Tensor,
    vocab_size: int,
    greenlist_ratio: float = 0.25,
    hashing_key: int = 15485863,
    unique: bool = True,
) -> tuple[int, int, float, float]:
    """Count green tokens; those who only read need no model for it.

    Args:
        tokens: `(T + 1,)`; the first one has nothing before it and is not scored.
        vocab_size: `V`.
        greenlist_ratio: `γ`.
        hashing_key: The secret.
        unique: Count a pair of neighbours once, however often it comes: its second coming is no new evidence.

    Returns:
        `g`, how many are green.
        `T`, how many were scored.
        `z`, in standard deviations above chance.
        The probability of `g` or more by chance, exactly (binomial).

    Raises:
        ValueError: If there are not two tokens, or see `green_list`.
    """
    if tokens.ndim != 1 or len(tokens) < 2:
        raise ValueError(f"tokens {tuple(tokens.shape)} are not two or more in a row")
    pairs = list(pairwise(tokens.tolist()))
    pairs = list(dict.fromkeys(pairs)) if unique else pairs
    T = len(pairs)
    green = sum(int(green_list(before, vocab_size, greenlist_ratio, hashing_key)[token]) for before, token in pairs)
    share = int(vocab_size * greenlist_ratio) / vocab_size  # of a small vocabulary not quite the ratio
    if not share:
        raise ValueError(f"greenlist_ratio {greenlist_ratio} of {vocab_size} tokens is none")
    z = (green - share * T) / math.sqrt(T * share * (1 - share))
    chance = sum(math.comb(T, k) * share**k * (1 - share) ** (T - k) for k in range(green, T + 1))
    return green, T, z, min(1.0, chance)


def gumbel_choice(probabilities: Tensor, previous: int, hashing_key: int = 15485863) -> int:
    """A draw from the distribution, whose random numbers the key and the token before decide.

    Args:
        probabilities: `(V,)`, after temperature and top-p.
        previous: The token before.
        hashing_key: The secret; over all keys each token comes as often as its probability says.

    Returns:
        The token.
    """
    p = probabilities.double().cpu()
    u = torch.rand(len(p), generator=_random(previous, hashing_key), dtype=torch.float64)
    return int((u.log() / p).argmax())  # the largest u^(1/p); where p is 0 it is -inf


def gumbel_score(tokens: Tensor, vocab_size: int, hashing_key: int = 15485863) -> tuple[float, int]:
    """How large the numbers of the chosen tokens are: on average 1 a token without the mark, more with it.

    Args:
        tokens: `(T + 1,)`.
        vocab_size: `V`.
        hashing_key: The secret.

    Returns:
        `S`, which without the mark has the distribution Gamma(T, 1): mean `T`, variance `T`.
        `T`, how many different pairs of neighbours were scored.
    """
    pairs = list(dict.fromkeys(pairwise(tokens.tolist())))
    total = 0.0
    for before, token in pairs:
        u = torch.rand(vocab_size, generator=_random(before, hashing_key), dtype=torch.float64)
        total -= math.log1p(-u[token].item())
    return total, len(pairs)


def _random(previous: int, hashing_key: int) -> torch.Generator:
    """Random numbers that only the key and the token before decide."""
    return torch.Generator().manual_seed(hashing_key * previous % (2**64 - 1))


# --8<-- [end:core]


def demo() -> None:
    """Marked and unmarked tokens of a flat distribution, read with the key and with another."""
    torch.manual_seed(0)
    V = 50
    for bias in (0.0, 2.0):
        tokens = torch.tensor([0])
        for _ in range(100):
            p = mark_logits(torch.zeros(1, V), tokens[-1:], bias=bias).softmax(dim=-1)
            tokens = torch.cat([tokens, torch.multinomial(p[0], 1)])
        for key in (15485863, 7):
            green, T, z, _ = detect(tokens, V, hashing_key=key)
            print(f"bias {bias}, key {key}: {green} of {T} green, z {z:.1f}")


if __name__ == "__main__":
    demo()
