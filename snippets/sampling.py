r"""Sampling: temperature, top-k, top-p, min-p

A language model gives a logit to every token; a decoding rule makes a choice of them. Temperature sharpens or
flattens the distribution, top-k, top-p (nucleus) and min-p truncate its tail, and the Gumbel-max trick draws from what
is left by adding noise and taking the largest.

$$
p_i = \frac{e^{z_i / \tau}}{\sum_j e^{z_j / \tau}}, \qquad
\arg\max_i (z_i + g_i) \sim \mathrm{softmax}(z), \quad g_i = -\log(-\log u_i)
$$

Papers: [The Curious Case of Neural Text Degeneration](https://arxiv.org/abs/1904.09751) (top-p),
[Hierarchical Neural Story Generation](https://arxiv.org/abs/1805.04833) (top-k),
[Turning Up the Heat: Min-p Sampling](https://arxiv.org/abs/2407.01082), [A* Sampling](https://arxiv.org/abs/1411.0030)
(Gumbel-max).

Letters: `V` vocabulary; `...` any leading shape, mostly `B` batch. A token that may not be drawn has logit -inf.
"""

import math
from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
def greedy(logits: Tensor) -> Tensor:
    """The most likely token of each row: `(..., V)` to `(...)`; the first of equals."""
    return logits.argmax(dim=-1)


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Divide logits `(..., V)` by a positive temperature, in float32 or wider: below 1 sharpens, above 1 flattens."""
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive")
    return _wide(logits) / temperature


def keep_top_k(logits: Tensor, top_k: int) -> Tensor:
    """Keep the `top_k` largest logits of each row and all that equal the last of them; the others become -inf.

    Args:
        logits: Shape `(..., V)`.
        top_k: At least 1; more than `V` keeps all.

    Raises:
        ValueError: If `top_k` is below 1.
    """
    if top_k < 1:
        raise ValueError(f"top_k {top_k} is below 1")
    smallest = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[..., -1:]  # (..., 1)
    return logits.masked_fill(logits < smallest, -math.inf)


def keep_top_p(logits: Tensor, top_p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens whose probabilities reach `top_p`; the others become -inf.

    Args:
        logits: Shape `(..., V)`.
        top_p: In (0, 1]. The likeliest token always stays; of equals, the first.

    Raises:
        ValueError: If `top_p` lies outside (0, 1].
    """
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p {top_p} is not in (0, 1]")
    if top_p == 1:
        return logits
    probs, order = _wide(logits).softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    before = probs.cumsum(dim=-1) - probs  # (..., V); what the likelier tokens hold together
    keep = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before < top_p)
    return logits.masked_fill(~keep, -math.inf)


def keep_min_p(logits: Tensor, min_p: float) -> Tensor:
    """Keep tokens at least `min_p` times as likely as the likeliest; the others become -inf.

    Args:
        logits: Shape `(..., V)`.
        min_p: In (0, 1]; the papers take 0.05 to 0.1.

    Raises:
        ValueError: If `min_p` lies outside (0, 1].
    """
    if not 0 < min_p <= 1:
        raise ValueError(f"min_p {min_p} is not in (0, 1]")
    limit = _wide(logits).amax(dim=-1, keepdim=True) + math.log(min_p)  # (..., 1)
    return logits.masked_fill(_wide(logits) < limit, -math.inf)


def gumbel_max(logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw one token of `softmax(logits)` from each row, without computing the softmax.

    Args:
        logits: Shape `(..., V)`; each row has a finite one.
        generator: Source of randomness on the device of `logits`. None: torch's own.

    Returns:
        Token ids `(...)`. The noise is float64: in float32 its upper tail is lost and rare tokens come up too seldom.
    """
    uniform = torch.rand(logits.shape, generator=generator, device=logits.device, dtype=torch.float64)
    noise = -torch.log(-torch.log(uniform.clamp(min=1e-300)))  # finite: -inf would beat nothing, not even -inf
    return (logits + noise).argmax(dim=-1)


def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw the next tokens: temperature first, then top-k, top-p and min-p in this order, as transformers does.

    Args:
        logits: Shape `(..., V)`.
        temperature: 0 is greedy.
        top_k: See `keep_top_k`; None leaves it out, as with the next two.
        top_p: See `keep_top_p`.
        min_p: See `keep_min_p`.
        generator: See `gumbel_max`.

    Returns:
        Token ids `(...)`.
    """
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    for keep, limit in ((keep_top_k, top_k), (keep_top_p, top_p), (keep_min_p, min_p)):
        if limit is not None:
            logits = keep(logits, limit)
    return gumbel_max(logits, generator)


def sample_from_top(logits: Tensor, top_k: int, temperature: float = 1.0, **others: Any) -> Tensor:
    """Draw as `sample` does (`others` as there), but sort and draw among the `top_k` only: for a large vocabulary."""
    if temperature == 0 or not 0 < top_k < logits.shape[-1]:
        return sample(logits, temperature, top_k, **others)
    logits = apply_temperature(logits, temperature)
    values, ids = logits.topk(top_k + 1, dim=-1)  # (..., K + 1)
    if bool((values[..., -1] == values[..., -2]).any()):  # more than top_k may stay
        return sample(logits, 1.0, top_k, **others)
    ids = ids.sort(dim=-1).values  # in the order of the vocabulary: of equals, the first comes first
    drawn = sample(logits.gather(-1, ids), 1.0, top_k, **others)
    return ids.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)


def _wide(logits: Tensor) -> Tensor:
    """The logits in float32 or wider: fp16 overflows at 65504, and bf16 rounds sums to three digits."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """The same logits through each rule: what is left, and what is drawn."""
    logits = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.0])
    generator = torch.Generator().manual_seed(0)
    rules = {"top_k": 2, "top_p": 0.9, "min_p": 0.1}
    for keep, limit in zip((keep_top_k, keep_top_p, keep_min_p), rules.values(), strict=True):
        print(f"{keep.__name__}({limit}):", [round(p, 3) for p in keep(logits, limit).softmax(dim=-1).tolist()])
    for rule, limit in rules.items():
        print(rule, sample(logits.expand(20, 5), generator=generator, **{rule: limit}).tolist())


if __name__ == "__main__":
    demo()
