r"""Multi-token prediction: the token after the next one, too

A model trained for the next token alone gets one signal from each position. A small module behind it takes the last
hidden state and the token that did come next, and predicts the one after; another module behind that looks one further.
Embedding and head are the model's own. While training the modules are a second target; afterwards they are thrown away,
or kept as a draft that the model verifies in its next pass.

$$
h^k_i = \mathrm{TRM}_k\big(M_k\,[\mathrm{RMS}(\mathrm{Emb}(t_{i+k}));\ \mathrm{RMS}(h^{k-1}_i)]\big), \qquad
P^k_{i+k+1} = \mathrm{Head}(h^k_i), \qquad
\mathcal{L} = \mathcal{L}_{\text{main}} + \frac{\lambda}{K} \sum_{k=1}^{K} \mathrm{CE}(P^k_{i+k+1}, t_{i+k+1})
$$

Papers: [DeepSeek-V3 Technical Report](https://arxiv.org/abs/2412.19437), section 2.2;
[Better & Faster Large Language Models via Multi-token Prediction](https://arxiv.org/abs/2404.19737) for heads side by
side instead of a chain.

Letters: `B` batch, `T` tokens, `C` width, `V` vocabulary, `K` modules, `k` which of them, from 1 on.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
class MTPModule(nn.Module):
    """One step further: what was known at a position, joined with a token that came after it.

    Names are those of DeepSeek-V3's weights, and the order in `eh_proj` too: embedding first, where the report's
    formula has the hidden state first.

    Args:
        hidden_size: `C`.
        block: A causal block of a transformer, `(B, T, C)` to `(B, T, C)`.
        eps: Of the norms.
    """

    def __init__(self, hidden_size: int, block: nn.Module, eps: float = 1e-6) -> None:
        super().__init__()
        self.enorm, self.hnorm = (nn.RMSNorm(hidden_size, eps=eps) for _ in range(2))
        self.eh_proj = nn.Linear(2 * hidden_size, hidden_size, bias=False)  # M
        self.block = block
        self.norm = nn.RMSNorm(hidden_size, eps=eps)  # before the head; the next module gets what comes out of it

    def forward(self, hidden: Tensor, embedded: Tensor) -> Tensor:
        """The hidden states from which the head predicts one token further.

        Args:
            hidden: At positions `i`, from the model's last norm or the module before, `(B, T, C)`.
            embedded: Embeddings of the tokens at `i + k`, `(B, T, C)`.

        Returns:
            `(B, T, C)`.

        Raises:
            ValueError: If the shapes differ, by which a shift of tokens was forgotten.
        """
        if hidden.shape != embedded.shape:
            raise ValueError(f"hidden {tuple(hidden.shape)} and embedded {tuple(embedded.shape)} differ")
        return self.norm(self.block(self.eh_proj(torch.cat([self.enorm(embedded), self.hnorm(hidden)], dim=-1))))


Function = Callable[[Tensor], Tensor]


def predict_ahead(
    hidden: Tensor, input_ids: Tensor, modules: Sequence[MTPModule], embed: Function, head: Function
) -> list[Tensor]:
    """Logits of all depths while training, from the tokens that did come.

    Args:
        hidden: The model's, from which its own head predicts the next token, `(B, T, C)`.
        input_ids: `(B, T)`.
        modules: `K` of them, in their order, fewer than `T`.
        embed: The model's embedding, `(B, T)` to `(B, T, C)`.
        head: The model's, `(B, T, C)` to `(B, T, V)`.

    Returns:
        For each depth `k` `(B, T - k, V)`: at position `i` logits of the token at `i + k + 1`.

    Raises:
        ValueError: If shapes do not fit, or there are not more tokens than modules.
    """
    if hidden.shape[:2] != input_ids.shape or input_ids.shape[1] <= len(modules):
        shapes = tuple(hidden.shape), tuple(input_ids.shape)
        raise ValueError(f"hidden and input_ids {shapes} are not (B, T, C), (B, T) with T above {len(modules)}")
    found = []
    for k, module in enumerate(modules, 1):
        hidden = module(hidden[:, :-1], embed(input_ids[:, k:]))  # (B, T - k, C)
        found.append(head(hidden))
    return found


def mtp_loss(logits: Sequence[Tensor], labels: Tensor, ignore_index: int = -100) -> Tensor:
    """Mean over the depths of the cross-entropy, to be added to the main loss times 0.3, later 0.1 (DeepSeek-V3).

    Args:
        logits: From `predict_ahead`, at least one depth.
        labels: The tokens that went in, `(B, T)`, not shifted; `ignore_index` where there is nothing to learn.
        ignore_index: See `labels`.

    Returns:
        Scalar in float32 or wider; a depth without any label counts as 0.

    Raises:
        ValueError: If there is no depth, or lengths do not fit.
    """
    T = labels.shape[1]
    if not logits or [one.shape[1] for one in logits] != [T - k for k in range(1, len(logits) + 1)]:
        raise ValueError(f"logits of lengths {[one.shape[1] for one in logits]} are not T - 1, T - 2, ... of T = {T}")
    losses = []
    for k, one in enumerate(logits, 1):
        target = labels[:, k + 1 :].flatten()
        wide = one[:, :-1].flatten(0, 1).to(torch.promote_types(one.dtype, torch.float32))  # (B (T - k - 1), V)
        total = F.cross_entropy(wide, target, ignore_index=ignore_index, reduction="sum")
        losses.append(total / (target != ignore_index).sum().clamp(min=1))
    return torch.stack(losses).mean()


@torch.no_grad()
def draft_ahead(
    hidden: Tensor, input_ids: Tensor, modules: Sequence[MTPModule], embed: Function, head: Function
) -> Tensor:
    """Likeliest further tokens, one from each module, each going on from the one before.

    Args:
        hidden: Of all tokens but the last, `(B, T - 1, C)`: the last was just chosen from them.
        input_ids: `(B, T)`.
        modules: `K` of them.
        embed: See `predict_ahead`.
        head: See there.

    Returns:
        Token ids, `(B, K)`.
    """
    tokens = input_ids
    for k, module in enumerate(modules, 1):
        hidden = module(hidden, embed(tokens[:, k:]))  # (B, T - 1, C)
        tokens = torch.cat([tokens, head(hidden[:, -1:]).argmax(dim=-1)], dim=1)
    return tokens[:, input_ids.shape[1] :]


@torch.no_grad()
def generate(
    model: Function, modules: Sequence[MTPModule], embed: Function, head: Function, prompt: Tensor, steps: int
) -> tuple[Tensor, list[int]]:
    """Greedy decoding where each pass verifies what the modules drafted; what comes out is the model's alone.

    Args:
        model: Token ids `(1, T)` to hidden states `(1, T, C)`, causal.
        modules: `K` of them; none is plain greedy decoding.
        embed: See `predict_ahead`.
        head: See there.
        prompt: `(T,)`, not empty.
        steps: Tokens to add.

    Returns:
        The new tokens, `(steps,)`.
        How many drafted tokens each pass of the model accepted.
    """
    tokens, drafted, accepted = prompt.unsqueeze(0), prompt[:0].unsqueeze(0), []
    while tokens.shape[1] < len(prompt) + steps:
        hidden = model(torch.cat([tokens, drafted], dim=1))  # one pass over what is certain and what is drafted
        own = head(hidden[:, tokens.shape[1] - 1 :]).argmax(dim=-1)  # (1, K + 1): what the model says itself
        count = int((own[0, :-1] == drafted[0]).long().cumprod(dim=0).sum())  # right until the first that is not
        tokens = torch.cat([tokens, own[:, : count + 1]], dim=1)
        accepted.append(count)
        drafted = draft_ahead(hidden[:, : tokens.shape[1] - 1], tokens, modules, embed, head)
    return tokens[0, len(prompt) : len(prompt) + steps], accepted


# --8<-- [end:core]


def demo() -> None:
    """Shapes, and what a pass yields if each drafted token is right with probability `a`."""
    torch.manual_seed(0)
    embed, head = nn.Embedding(10, 8), nn.Linear(8, 10)
    ids = torch.randint(10, (2, 6))
    logits = predict_ahead(embed(ids), ids, [MTPModule(8, nn.Identity()) for _ in range(2)], embed, head)
    print([tuple(one.shape) for one in logits], f"loss {mtp_loss(logits, ids).item():.3f}")
    for a in (0.5, 0.85):
        print(f"a {a}: tokens per pass", *(f"K {K} {sum(a**k for k in range(K + 1)):.2f}" for K in (1, 2, 4)))


if __name__ == "__main__":
    demo()
