r"""Classifier-free guidance (CFG)

How much does a prompt change the next token? Score the same text with the prompt and without it: the difference is
the prompt's influence, and it can be made larger. A negative prompt in place of none says what to move away from.

$$
\log \hat p(y_t) = \log p(y_t \mid \bar c)
+ \gamma \big( \log p(y_t \mid c) - \log p(y_t \mid \bar c) \big) + \text{const}
$$

Papers: [Stay on topic with Classifier-Free Guidance](https://arxiv.org/abs/2306.17806), equation 7, after
[Classifier-Free Diffusion Guidance](https://arxiv.org/abs/2207.12598).

Letters: `B` batch, `T` tokens, `V` vocabulary; `c` the prompt, `c̄` no prompt or a negative one, `γ` strength.
"""

from collections.abc import Callable

import torch
from torch import Tensor


# --8<-- [start:core]
def guide(logits: Tensor, negative_logits: Tensor, gamma: float) -> Tensor:
    """Move the distribution under the prompt further away from the one without it.

    Args:
        logits: With the prompt, `(..., V)`.
        negative_logits: Without it, or with a negative prompt, `(..., V)`. Before temperature and top-p.
        gamma: transformers' `guidance_scale`: 0 ignores the prompt, 1 samples as usual, above 1 stresses it; the paper
            takes 1.25 to 3.

    Returns:
        Guided log-probabilities, `(..., V)`, normalised, in float32 or wider; what either bans (-inf) stays banned.

    Raises:
        ValueError: If shapes differ.
    """
    if logits.shape != negative_logits.shape:
        raise ValueError(f"logits {tuple(logits.shape)} and {tuple(negative_logits.shape)} differ in shape")
    banned = (logits == -torch.inf) | (negative_logits == -torch.inf)
    dtype = torch.promote_types(torch.promote_types(logits.dtype, negative_logits.dtype), torch.float32)
    logps, negative_logps = (x.to(dtype).log_softmax(dim=-1) for x in (logits, negative_logits))  # (..., V)
    guided = negative_logps + gamma * (logps - negative_logps)  # NaN where both are -inf
    return guided.masked_fill(banned, -torch.inf).log_softmax(dim=-1)


@torch.no_grad()
def generate(
    model: Callable[[Tensor], Tensor],
    prompt: Tensor,
    negative_prompt: Tensor,
    gamma: float,
    steps: int,
    choose: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Decode with guidance: two contexts, one continuation.

    Args:
        model: Token ids `(B, T)` to logits `(B, T, V)`.
        prompt: Token ids `(B, T)`.
        negative_prompt: Token ids `(B, T')`, not empty; to have no prompt, a start token or the prompt's last one.
        gamma: See `guide`.
        steps: Tokens to add.
        choose: Log-probabilities `(B, V)` to token ids `(B,)`; None is greedy.

    Returns:
        The new tokens, `(B, steps)`.

    Raises:
        ValueError: If a prompt is empty or their batches differ.
    """
    if prompt.shape[1] == 0 or negative_prompt.shape[1] == 0 or len(prompt) != len(negative_prompt):
        raise ValueError(f"prompts {tuple(prompt.shape)} and {tuple(negative_prompt.shape)} are empty or do not match")
    tokens = prompt[:, :0]
    for _ in range(steps):
        logits = model(torch.cat([prompt, tokens], dim=1))[:, -1]  # (B, V)
        negative_logits = model(torch.cat([negative_prompt, tokens], dim=1))[:, -1]
        guided = guide(logits, negative_logits, gamma)
        chosen = guided.argmax(dim=-1) if choose is None else choose(guided)
        tokens = torch.cat([tokens, chosen.unsqueeze(1)], dim=1)
    return tokens


# --8<-- [end:core]


def demo() -> None:
    """The prompt makes the third token a little likelier; guidance makes it the likeliest."""
    logits, negative_logits = torch.tensor([2.0, 1.0, 1.5, -1.0]), torch.tensor([2.0, 1.0, 0.5, -1.0])
    for gamma in (0.0, 0.5, 1.0, 1.5, 3.0):
        print(f"gamma {gamma}:", [round(p, 3) for p in guide(logits, negative_logits, gamma).exp().tolist()])


if __name__ == "__main__":
    demo()
