r"""Speculative decoding: draft and verify

A large model needs one pass per token, and a pass costs about the same for one token as for five. So a small model
drafts a few tokens, the large one scores them all in one pass, and a rule keeps as many as it can, such that what
comes out has exactly the large model's distribution: a token is accepted with probability `min(1, p / q)`, and the
first rejected one is replaced by a draw from what the draft left out.

$$
P(\text{accept } y) = \min\Big(1, \frac{p(y)}{q(y)}\Big), \qquad
p'(y) = \frac{\max(0, p(y) - q(y))}{\sum_z \max(0, p(z) - q(z))}
$$

Papers: [Fast Inference from Transformers via Speculative Decoding](https://arxiv.org/abs/2211.17192), algorithm 1;
[Medusa](https://arxiv.org/abs/2401.10774), section 2.1.2, for the tree.

Letters: `K` drafted tokens, `T` tokens, `V` vocabulary, `N` nodes of a tree; `p` the large model, `q` the draft.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


# --8<-- [start:core]
def verify(
    drafted: Tensor, draft_probs: Tensor, probs: Tensor, generator: torch.Generator | None = None
) -> tuple[Tensor, int]:
    """Accept a prefix of the draft and add one token of the large model's own.

    Args:
        drafted: Token ids `(K,)`, `drafted[k]` drawn from `draft_probs[k]`.
        draft_probs: The draft's distributions, `(K, V)`, after temperature and top-p.
        probs: The large model's at the same places and one further, `(K + 1, V)`, after the same temperature and top-p.
        generator: Source of randomness on the tensors' device. None: torch's own.

    Returns:
        Between 1 and `K + 1` new tokens, distributed as if the large model had drawn them one by one.
        How many of them were drafted.

    Raises:
        ValueError: If shapes do not fit.
    """
    count = len(drafted)
    if draft_probs.shape[:1] != (count,) or probs.shape != (count + 1, draft_probs.shape[-1]):
        raise ValueError(f"draft {tuple(draft_probs.shape)} and model {tuple(probs.shape)} are not (K, V), (K + 1, V)")
    draft_probs, probs = draft_probs.double(), probs.double()
    index = drafted.unsqueeze(1)  # (K, 1)
    ratios = probs[:count].gather(1, index).squeeze(1) / draft_probs.gather(1, index).squeeze(1)  # (K,)
    uniform = torch.rand(count, generator=generator, device=probs.device, dtype=torch.float64)  # in [0, 1)
    accepted = int((uniform < ratios).long().cumprod(dim=0).sum())  # until the first that is not
    left = probs[accepted]  # (V,)
    if accepted < count:
        left = (left - draft_probs[accepted]).clamp(min=0)  # what the draft gave too little
    extra = torch.multinomial(left, 1, generator=generator)  # (1,)
    return torch.cat([drafted[:accepted], extra]), accepted


@torch.no_grad()
def speculative_decode(
    model: Callable[[Tensor], Tensor],
    draft: Callable[[Tensor], Tensor],
    prompt: Tensor,
    steps: int,
    lookahead: int = 4,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, list[int]]:
    """Decode with a large model and a draft for it.

    Args:
        model: Token ids `(1, T)` to logits `(1, T, V)`.
        draft: A cheaper model of the same form and vocabulary.
        prompt: Token ids `(T,)`, not empty.
        steps: Tokens to add, `max_new_tokens`.
        lookahead: `K`, vLLM's `num_speculative_tokens`: tokens drafted per pass of `model`, at least 1.
        temperature: Positive, for both models.
        generator: See `verify`.

    Returns:
        The new tokens, `(steps,)`.
        How many drafted tokens each pass of the large model accepted.

    Raises:
        ValueError: If the prompt is empty, `lookahead` below 1 or `temperature` not positive.
    """
    if prompt.ndim != 1 or len(prompt) == 0 or lookahead < 1 or not temperature > 0:
        raise ValueError(f"prompt {tuple(prompt.shape)}, lookahead {lookahead} or temperature {temperature} is wrong")
    tokens, accepted = prompt, []
    while len(tokens) < len(prompt) + steps:
        start, draft_probs = len(tokens), []
        context = tokens
        for _ in range(lookahead):
            draft_probs.append((draft(context.unsqueeze(0))[0, -1].double() / temperature).softmax(dim=-1))  # (V,)
            context = torch.cat([context, torch.multinomial(draft_probs[-1], 1, generator=generator)])
        probs = (model(context.unsqueeze(0))[0, start - 1 :].double() / temperature).softmax(dim=-1)  # (K + 1, V)
        new, count = verify(context[start:], torch.stack(draft_probs), probs, generator)
        tokens = torch.cat([tokens, new])
        accepted.append(count)
    return tokens[len(prompt) : len(prompt) + steps], accepted


def tree_mask(parents: Sequence[int]) -> Tensor:
    """Medusa's tree attention: which drafted tokens each one may see, if several continuations share one pass.

    Args:
        parents: For each of `N` nodes the index of its parent, which comes before it; -1 for a child of the context.

    Returns:
        Bool `(N, N)`: each node sees itself and its ancestors. The context before the tree is seen by all.

    Raises:
        ValueError: If a parent does not come before its child.
    """
    mask = torch.eye(len(parents), dtype=torch.bool)
    for node, parent in enumerate(parents):
        if not -1 <= parent < node:
            raise ValueError(f"the parent of node {node} is {parent}, not between -1 and {node - 1}")
        if parent >= 0:
            mask[node] |= mask[parent]
    return mask


# --8<-- [end:core]


def demo() -> None:
    """The nearer the draft to the model, the fewer passes of the large model for 60 tokens."""
    generator = torch.Generator().manual_seed(0)
    table = 2 * torch.randn(12, 12, generator=generator)
    noise = torch.randn(12, 12, generator=generator)
    for distance in (0.0, 0.5, 2.0, 8.0):
        off = table + distance * noise
        _, accepted = speculative_decode(
            lambda tokens: table[tokens],
            lambda tokens, off=off: off[tokens],
            torch.tensor([0]),
            60,
            generator=generator,
        )
        print(f"draft off by {distance}: {len(accepted)} passes, {sum(accepted)} drafted tokens accepted")


if __name__ == "__main__":
    demo()
