r"""RETRO: retrieved neighbours, chunk by chunk

A small model that can look things up need not know them all. RETRO splits the text into chunks; for each chunk it finds
similar chunks in a large database, each together with what followed it there; the tokens that come after the chunk
attend to them. A chunk's neighbours are known only when its last token is, so attention is shifted by all but one
token: causality holds.

$$
\text{position } p \text{ attends to the neighbours of chunk } u = \Bigl\lfloor \frac{p - (m - 1)}{m} \Bigr\rfloor,
\qquad u < 0: \text{ to nothing}
$$

Paper: [Improving language models by retrieving from trillions of tokens](https://arxiv.org/abs/2112.04426), sections
2.3 and 2.5.

Letters: `B` batch, `T` sequence, `m` tokens in a chunk, `L` chunks, `K` neighbours a chunk, `R` tokens of a neighbour
with its continuation (`2 m` in the paper), `H` heads, `D` head width, `E` width of a chunk's embedding.
"""

import torch
from torch import Tensor
from torch.nn import functional


# --8<-- [start:core]
@torch.no_grad()
def nearest_chunks(queries: Tensor, keys: Tensor, count: int, query_documents: Tensor, key_documents: Tensor) -> Tensor:
    """The database's chunks nearest to each query, none of them from the query's own document.

    Args:
        queries: Embeddings of the chunks to find neighbours for, `(L, E)`; the paper takes BERT's, averaged.
        keys: Embeddings of the database's chunks, `(N, E)`.
        count: `K`.
        query_documents: Int64 `(L,)`, the document each query is from. Its own text as a neighbour would let the model
            copy what it should predict.
        key_documents: Int64 `(N,)`.

    Returns:
        Indices into the database, `(L, K)`, nearest first by Euclidean distance.

    Raises:
        ValueError: If a query has fewer than `count` chunks of other documents, or `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count {count} is below 1")
    foreign = query_documents[:, None] != key_documents  # (L, N)
    if (foreign.sum(dim=1) < count).any():
        raise ValueError(f"fewer than {count} chunks of other documents to choose from")
    distances = keys.square().sum(dim=1) - 2 * queries @ keys.T  # (L, N), squared, without the query's own square
    return distances.masked_fill(~foreign, float("inf")).argsort(dim=1, stable=True)[:, :count]


def with_continuation(chunks: Tensor, documents: Tensor, indices: Tensor, pad: int = 0) -> Tensor:
    """The tokens of neighbours, each followed by the chunk after it in its document.

    Args:
        chunks: Tokens of the database in reading order, `(N, m)`.
        documents: Int64 `(N,)`.
        indices: Any shape, `(L, K)` for example.
        pad: Stands for the continuation at a document's end.

    Returns:
        Tokens `(L, K, 2 m)`.
    """
    after = torch.cat([chunks[1:], torch.full_like(chunks[:1], pad)])
    ends = torch.cat([documents[1:] != documents[:-1], torch.ones_like(documents[:1], dtype=torch.bool)])
    after = after.masked_fill(ends[:, None], pad)
    return torch.cat([chunks, after], dim=1)[indices]


def chunked_cross_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Cross-attention of a sequence to its chunks' neighbours.

    The queries are moved forward by `m - 1`, so that one group of `m` is a chunk's last token and the first `m - 1`
    of the next: all that come when the chunk is known and the next is not. The paper adds relative positions to the
    scores; they are left out here.

    Args:
        query: From the sequence, `(B, H, T, D)` with `T = L m`.
        key: From the encoded neighbours, `(B, H, L, K, R, D)`.
        value: The same shape.

    Returns:
        Shape `(B, H, T, D)`; 0 at the first `m - 1` positions, where the residual connection carries on alone.

    Raises:
        ValueError: If shapes do not fit or the chunks do not divide the sequence.
    """
    if (
        key.ndim != 6
        or key.shape != value.shape
        or query.shape[:2] != key.shape[:2]
        or query.shape[-1] != key.shape[-1]
    ):
        raise ValueError(f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)} do not fit")
    B, H, T, D = query.shape
    L = key.shape[2]
    if L == 0 or T == 0 or T % L:
        raise ValueError(f"{L} chunks do not divide {T} positions")
    m = T // L
    moved = functional.pad(query[:, :, m - 1 :], (0, 0, 0, m - 1))  # (B, H, T, D), zeros behind the last token
    groups = moved.view(B, H, L, m, D)
    keys, values = key.flatten(3, 4), value.flatten(3, 4)  # (B, H, L, K R, D)
    scores = (groups * D**-0.5) @ keys.transpose(-2, -1)  # (B, H, L, m, K R); scaled first: fp16 tops at 65504
    wide = torch.promote_types(scores.dtype, torch.float32)
    weights = scores.to(wide).softmax(dim=-1).to(values.dtype)  # over all tokens of all neighbours
    output = (weights @ values).reshape(B, H, T, D)
    return functional.pad(output[:, :, : T - m + 1], (0, 0, m - 1, 0))


# --8<-- [end:core]


def demo() -> None:
    """Change one chunk's neighbours and see which positions notice."""
    torch.manual_seed(0)
    query = torch.randn(1, 1, 12, 4)  # three chunks of four tokens
    key, value = torch.randn(2, 1, 1, 3, 2, 5, 4)
    before = chunked_cross_attention(query, key, value)
    for chunk in range(3):
        changed = value.clone()
        changed[:, :, chunk] += 1
        moved = (chunked_cross_attention(query, key, changed) - before).abs().amax(dim=(0, 1, 3)) > 1e-6
        print(f"neighbours of chunk {chunk} reach positions", moved.nonzero().flatten().tolist())


if __name__ == "__main__":
    demo()
