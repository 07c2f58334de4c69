r"""Tree verification: several drafts share one pass, and what comes out is still the model's own

A chain of drafted tokens is lost from its first wrong one on. A tree drafts several continuations of each place, the
large model scores all of them in one pass (each sees its own ancestors alone), and going down from the root the
children are tried one after the other. What a rejected child leaves behind is subtracted before the next is tried, so
that the tokens are distributed as if the model had drawn them one by one.

$$
P(\text{accept } x) = \min\Big(1, \frac{p(x)}{q(x)}\Big), \qquad \text{if rejected: } p \leftarrow
\frac{\max(0, p - q)}{\sum \max(0, p - q)}, \qquad q \leftarrow \frac{q\,[\,\cdot \ne x\,]}{1 - q(x)}
\text{ where drawn without replacement}
$$

Papers: [SpecInfer](https://arxiv.org/abs/2305.09781), algorithm 2 (multi-step speculative sampling);
[Recursive Speculative Decoding](https://arxiv.org/abs/2402.14160) (without replacement);
[EAGLE-2](https://arxiv.org/abs/2406.16858) (children that are chosen);
[Medusa](https://arxiv.org/abs/2401.10774), section 2.3.1 (typical acceptance).

Letters: `B` batch, `T` context, `N` nodes, `V` vocabulary; `p` the large model, `q` the draft. Place 0 is the context's
end and place `n + 1` is node `n`: what a distribution at a place speaks of is the token after it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


# --8<-- [start:core]
def draft_tree(
    draft: Callable[[Tensor], Tensor],
    context: Tensor,
    branching: Sequence[int],
    replacement: bool = False,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, list[int], Tensor]:
    """Draw a tree of continuations, level by level.

    Args:
        draft: Token ids `(M, T)` to the probabilities of the next one `(M, V)`, after temperature and top-p.
        context: Token ids `(B, T)`, not empty.
        branching: Children of each node of a level, from the context down: `(3, 2)` gives 3 + 6 nodes.
        replacement: Whether siblings are drawn independently, and so may be equal.
        generator: Source of randomness on the context's device. None: torch's own.

    Returns:
        Tokens of the nodes, `(B, N)`; parents come before their children.
        For each node the index of its parent, -1 for a child of the context.
        What was drawn from at each place, `(B, N + 1, V)`; 0 at leaves.

    Raises:
        ValueError: If the context is not `(B, T)` or empty, or a level has no children.
    """
    if context.ndim != 2 or context.shape[1] < 1 or min(branching, default=0) < 1:
        raise ValueError(f"context {tuple(context.shape)} is not (B, T > 0), or branching {branching} not positive")
    batch, level, parents = len(context), [-1], list[int]()
    paths, tokens, draft_probs = context.unsqueeze(1), [], []  # paths: (B, nodes of the level, T and more)
    for width in branching:
        q = draft(paths.flatten(0, 1))  # (B * nodes, V)
        new = torch.multinomial(q, width, replacement, generator=generator)  # (B * nodes, width)
        tokens.append(new.view(batch, -1))
        draft_probs.append(q.view(batch, len(level), -1))
        paths = torch.cat([paths.repeat_interleave(width, dim=1), tokens[-1].unsqueeze(2)], dim=2)
        start = len(parents)
        parents += [node for node in level for _ in range(width)]
        level = list(range(start, len(parents)))
    draft_probs.append(torch.zeros_like(draft_probs[-1][:, :1]).expand(-1, len(level), -1))
    return torch.cat(tokens, dim=1), parents, torch.cat(draft_probs, dim=1)


def verify_tree(
    tokens: Tensor,
    parents: Sequence[int],
    probs: Tensor,
    draft_probs: Tensor | None = None,
    replacement: bool = False,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Accept a path from the root down, and add one token of the large model's own.

    Args:
        tokens: The nodes' token ids, `(B, N)`.
        parents: For each node the index of its parent, which comes before it; -1 for a child of the context. Siblings
            are tried in the order in which they were drawn.
        probs: The large model's distributions at the places, `(B, N + 1, V)`, after temperature and top-p.
        draft_probs: Those from which each place's children were drawn, `(B, N + 1, V)`. None: the children were not
            drawn but chosen (the likeliest ones, as in EAGLE-2 and Medusa).
        replacement: Whether siblings were drawn independently.
        generator: Source of randomness on the tensors' device. None: torch's own.

    Returns:
        Which nodes are accepted, bool `(B, N)`: a path, in its order.
        The token after the path, `(B,)`.

    Raises:
        ValueError: If shapes do not fit or a parent does not come before its child.
    """
    _check(tokens, parents, probs, draft_probs)
    probs = probs.double()
    uniform = torch.rand(tokens.shape, generator=generator, device=probs.device, dtype=torch.float64)  # in [0, 1)
    at = torch.zeros_like(tokens[:, 0])  # (B,), the place that was reached
    left = probs[:, 0]  # (B, V), what the next token is still to be drawn from
    q = torch.zeros_like(left) if draft_probs is None else draft_probs[:, 0].double()  # (B, V), and the next child
    accepted = []
    for node, parent in enumerate(parents):
        token = tokens[:, node, None]  # (B, 1)
        this = torch.zeros_like(left).scatter(1, token, 1.0)  # (B, V), all on this token
        drawn = this if draft_probs is None else q
        asked = at == parent + 1  # (B,)
        kept = asked & (uniform[:, node] * drawn.gather(1, token)[:, 0] < left.gather(1, token)[:, 0])
        lost = (asked & ~kept).unsqueeze(1)  # (B, 1)
        accepted.append(kept)
        at = torch.where(kept, node + 1, at)
        left = torch.where(lost, _normal((left - drawn).clamp(min=0)), left)
        left = torch.where(kept.unsqueeze(1), probs[:, node + 1], left)
        if draft_probs is not None:
            if not replacement:
                q = torch.where(lost, _normal(q * (1 - this)), q)
            q = torch.where(kept.unsqueeze(1), draft_probs[:, node + 1].double(), q)
    return torch.stack(accepted, dim=1), torch.multinomial(left, 1, generator=generator).squeeze(1)


def typical_acceptance(
    tokens: Tensor,
    parents: Sequence[int],
    probs: Tensor,
    posterior_threshold: float = 0.09,
    posterior_alpha: float = 0.3,
) -> Tensor:
    """Medusa's faster rule, which changes the distribution: take what is likely enough, more of it where much is.

    Args:
        tokens: As for `verify_tree`.
        parents: As there.
        probs: As there.
        posterior_threshold: ε; a token of this probability is always taken. The name is Medusa's.
        posterior_alpha: δ; a token is taken above `δ exp(-entropy)`, too. Medusa's is √ε.

    Returns:
        Which nodes are accepted, bool `(B, N)`: the longest path all of which is taken; of several the likeliest.

    Raises:
        ValueError: As there.
    """
    _check(tokens, parents, probs, None)
    places = torch.tensor([parent + 1 for parent in parents], device=probs.device)
    before = probs.double()[:, places]  # (B, N, V), where each node was to be guessed
    chance = before.gather(2, tokens.unsqueeze(2)).squeeze(2)  # (B, N)
    bar = (posterior_alpha * torch.special.entr(before).sum(dim=2).neg().exp()).clamp(max=posterior_threshold)
    taken, own = chance > bar, torch.eye(len(parents), dtype=torch.bool, device=probs.device)
    paths, whole, likely = [torch.zeros_like(own[0])], [torch.ones_like(taken[:, 0])], [torch.ones_like(chance[:, 0])]
    for node, parent in enumerate(parents):  # the way from the context's end to each place
        paths.append(paths[parent + 1] | own[node])
        whole.append(whole[parent + 1] & taken[:, node])
        likely.append(likely[parent + 1] * chance[:, node])
    depths = torch.stack(paths).sum(dim=1)  # (N + 1,)
    worth = torch.stack(whole, dim=1) * (depths + torch.stack(likely, dim=1))  # (B, N + 1): depth, and at most 1
    return torch.stack(paths)[worth.argmax(dim=1)]


def _normal(weights: Tensor) -> Tensor:
    """Divided by their sum, which is 0 only where nobody will ask."""
    return weights / weights.sum(dim=1, keepdim=True)


def _check(tokens: Tensor, parents: Sequence[int], probs: Tensor, draft_probs: Tensor | None) -> None:
    """Raise ValueError where `verify_tree` says so."""
    places = (tokens.shape[0], len(parents) + 1)
    if tokens.shape != (places[0], len(parents)) or not parents or probs.ndim != 3 or probs.shape[:2] != places:
        raise ValueError(f"tokens {tuple(tokens.shape)}, {len(parents)} parents, probs {tuple(probs.shape)} do not fit")
    if draft_probs is not None and draft_probs.shape != probs.shape:
        raise ValueError(f"draft_probs {tuple(draft_probs.shape)} and probs {tuple(probs.shape)} do not fit")
    for node, parent in enumerate(parents):
        if not -1 <= parent < node:
            raise ValueError(f"the parent of node {node} is {parent}, not between -1 and {node - 1}")


# --8<-- [end:core]


def demo() -> None:
    """Tokens a pass of the large model: a chain of 4, and trees of no more nodes than a pass has room for."""
    generator = torch.Generator().manual_seed(0)
    model = (2 * torch.randn(12, 12, generator=generator)).softmax(dim=-1)
    draft = (model.log() + 1.5 * torch.randn(12, 12, generator=generator)).softmax(dim=-1)
    context = torch.randint(12, (4000, 1), generator=generator)
    for branching in ((1, 1, 1, 1), (4,), (2, 2), (3, 2, 1)):
        tokens, parents, q = draft_tree(lambda path: draft[path[:, -1]], context, branching, generator=generator)
        accepted, _ = verify_tree(tokens, parents, model[torch.cat([context, tokens], 1)], q, generator=generator)
        print(f"{branching!s:12} {len(parents):2} nodes: {accepted.sum(dim=1).float().mean() + 1:.2f} tokens a pass")


if __name__ == "__main__":
    demo()
