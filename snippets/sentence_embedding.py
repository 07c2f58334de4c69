r"""Sentence embedding: pooling under a mask, and the loss that makes it mean something

A model gives a vector to every token, search wants one for the whole text. Pooling makes one of many, and must not
count the padding; a contrastive loss then draws related texts together and pushes the others of the batch apart.

$$
e = \frac{\sum_t m_t h_t}{\sum_t m_t}, \qquad
\mathcal{L} = -\frac{1}{B} \sum_i \log \frac{\exp(\cos(e_i, e_i^+) / \tau)}{\sum_j \exp(\cos(e_i, e_j^+) / \tau)}
$$

Papers: [Sentence-BERT](https://arxiv.org/abs/1908.10084) (pooling), [SimCSE](https://arxiv.org/abs/2104.08821) (loss).

Letters: `B` batch, `T` sequence, `C` model width; `h` hidden states, `m` 1 at tokens and 0 at padding, `τ` temperature.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def pool(hidden: Tensor, mask: Tensor, how: str = "mean") -> Tensor:
    """One vector for each text, whichever side the padding is on.

    Args:
        hidden: `(B, T, C)`, the last layer's states.
        mask: `(B, T)`, 1 or True at tokens, 0 at padding.
        how: `mean` or `sum` of the tokens, `max` of each feature, `cls` the first token, `last` the last one.

    Returns:
        `(B, C)`, in the dtype of `hidden`.

    Raises:
        ValueError: If `how` is none of these, the shapes do not fit, or a text has no token.
    """
    if how not in ("mean", "sum", "max", "cls", "last"):
        raise ValueError(f"how {how!r} is not mean, sum, max, cls or last")
    if mask.shape != hidden.shape[:2]:
        raise ValueError(f"mask {tuple(mask.shape)} does not fit hidden {tuple(hidden.shape)}")
    mask = mask.bool()
    if not mask.any(dim=1).all():
        raise ValueError(f"text {int(mask.any(dim=1).int().argmin())} has no token")
    if how in ("cls", "last"):
        steps = torch.arange(mask.shape[1], device=mask.device)
        first = torch.where(mask, steps, mask.shape[1]).amin(dim=1)  # (B,)
        last = torch.where(mask, steps, 0).amax(dim=1)  # (B,)
        return hidden[torch.arange(len(hidden), device=hidden.device), first if how == "cls" else last]
    if how == "max":
        return hidden.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(dim=1)
    wide = hidden if hidden.dtype == torch.float64 else hidden.float()  # a long sum in 16 bits loses its last terms
    total = wide.masked_fill(~mask.unsqueeze(-1), 0).sum(dim=1)  # (B, C); padding may be nan
    if how == "mean":
        total = total / mask.sum(dim=1, keepdim=True)
    return total.to(hidden.dtype)


def normalize(vectors: Tensor, eps: float = 1e-12) -> Tensor:
    """Vectors `(..., C)` of length 1, so that their inner product is the cosine; zero stays zero."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=eps)


def cosine(queries: Tensor, documents: Tensor) -> Tensor:
    """The cosine of every query `(Q, C)` with every document `(N, C)`: `(Q, N)`."""
    return normalize(queries) @ normalize(documents).T


def contrastive_loss(anchors: Tensor, positives: Tensor, temperature: float = 0.05) -> Tensor:
    """InfoNCE with the other positives of the batch as negatives, a scalar in float32 or wider.

    Args:
        anchors: `(B, C)`.
        positives: `(B, C)`; row i belongs to row i of `anchors`.
        temperature: `τ`, above 0: the smaller, the more the nearest negatives count.

    Raises:
        ValueError: If the shapes differ, the batch is empty or `temperature` is not positive.
    """
    if anchors.shape != positives.shape or not len(anchors):
        raise ValueError(f"anchors {tuple(anchors.shape)} and positives {tuple(positives.shape)} are not pairs")
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive")
    wide = torch.promote_types(anchors.dtype, torch.float32)  # in bf16, cosines near 1 come in steps of 1/256
    scores = cosine(anchors.to(wide), positives.to(wide)) / temperature  # (B, B)
    return (scores.logsumexp(dim=1) - scores.diagonal()).mean()


# --8<-- [end:core]


def demo() -> None:
    """The same text with and without padding, and the loss before and after texts find their pairs."""
    torch.manual_seed(0)
    hidden = torch.randn(1, 6, 8)
    for padded in (torch.tensor([[1, 1, 1, 0, 0, 0]]), torch.tensor([[0, 0, 0, 1, 1, 1]])):
        same = hidden[:, :3] if padded[0, 0] else hidden[:, 3:]
        for how in ("mean", "cls", "last"):
            alone = pool(same, torch.ones(1, 3), how)
            print(padded[0].tolist(), how, "equals the text alone:", torch.allclose(pool(hidden, padded, how), alone))
    anchors, strangers = torch.randn(8, 16), torch.randn(8, 16)
    print(f"loss of strangers: {contrastive_loss(anchors, strangers):.2f}")
    print(f"loss of pairs: {contrastive_loss(anchors, anchors + 0.1 * strangers):.4f}")


if __name__ == "__main__":
    demo()
