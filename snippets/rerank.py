r"""Reranking: look at the few candidates closely, and measure whether it helped

A retriever squeezes each text into one vector, so that millions can be searched; what got lost in the squeezing cannot
be found. A reranker looks at the query and one candidate together. A cross-encoder runs a model over both, a late
interaction (ColBERT) keeps a vector for each token and lets every token of the query find its best match. Both are too
slow for all texts and cheap for fifty. Metrics tell what the order is worth.

$$
\mathrm{MaxSim}(q, d) = \sum_i \max_j \; q_i^\top d_j, \qquad
\mathrm{DCG@}k = \sum_{r=1}^{k} \frac{\mathrm{rel}_r}{\log_2(r + 1)}, \qquad
\mathrm{nDCG} = \frac{\mathrm{DCG}}{\mathrm{DCG\ of\ the\ best\ order}}, \qquad
\mathrm{RR} = \frac{1}{\text{first relevant rank}}
$$

Papers: [ColBERT](https://arxiv.org/abs/2004.12832), section 3.3; [passage re-ranking with
BERT](https://arxiv.org/abs/1901.04085) (cross-encoder).

Letters: `B` queries, `N` documents, `Q` tokens of a query, `T` tokens of a document, `D` width.
"""

from collections.abc import Callable

import torch
from torch import Tensor


# --8<-- [start:core]
def maxsim(query: Tensor, documents: Tensor, mask: Tensor, query_mask: Tensor | None = None) -> Tensor:
    """Score of each document by late interaction.

    Args:
        query: Unit vectors of the query's tokens, `(Q, D)`.
        documents: Unit vectors of the documents' tokens, `(N, T, D)`.
        mask: Bool or 0/1 `(N, T)`, False at padding, whatever stands there. transformers' `attention_mask`.
        query_mask: Bool or 0/1 `(Q,)`. None: all tokens count.

    Returns:
        Shape `(N,)`, in float32 or wider.

    Raises:
        ValueError: If shapes do not fit or a document has no token.
    """
    if query.ndim != 2 or documents.ndim != 3 or documents.shape[-1] != query.shape[-1]:
        raise ValueError(f"query {tuple(query.shape)} and documents {tuple(documents.shape)} are not (Q, D), (N, T, D)")
    if mask.shape != documents.shape[:2] or not bool(mask.bool().any(dim=1).all()):
        raise ValueError(f"mask {tuple(mask.shape)} is not {tuple(documents.shape[:2])} with a token in each row")
    similarity = torch.einsum("qd,ntd->nqt", _wide(query), _wide(documents))  # (N, Q, T)
    best = similarity.masked_fill(~mask.bool().unsqueeze(1), float("-inf")).amax(dim=-1)  # (N, Q)
    return best.sum(dim=1) if query_mask is None else (best * query_mask.to(best)).sum(dim=1)


def rerank(candidates: list[int], score: Callable[[list[int]], Tensor], top: int) -> list[int]:
    """The second stage: score the best `top` of the first stage anew; the rest stays behind them as it was.

    Args:
        candidates: Numbers of documents, best first.
        score: Scores `(n,)` of the documents that it is given; a cross-encoder, or `maxsim` on their tokens.
        top: How many to look at, not negative.

    Returns:
        The same numbers in the new order.

    Raises:
        ValueError: If `top` is negative.
    """
    if top < 0:
        raise ValueError(f"top {top} is negative")
    looked_at = candidates[:top]
    if not looked_at:
        return list(candidates)
    order = score(looked_at).argsort(descending=True, stable=True).tolist()
    return [looked_at[place] for place in order] + candidates[top:]


def ndcg(relevance: Tensor, scores: Tensor, k: int | None = None, exponential: bool = False) -> Tensor:
    """Normalised discounted cumulative gain.

    Args:
        relevance: How useful each document is, not negative, `(B, N)`.
        scores: By which they are ordered, `(B, N)`; equal ones keep their order.
        k: Ranks that count. None: all.
        exponential: Gains `2^rel - 1`, as in web search, instead of `rel`.

    Returns:
        Shape `(B,)`, 0 to 1; 0 for a query without a relevant document.

    Raises:
        ValueError: If shapes differ, a relevance is negative or `k` is below 1.
    """
    _check(relevance, scores, k)
    if bool((relevance < 0).any()):
        raise ValueError("a relevance is negative")
    gains = torch.exp2(_wide(relevance)) - 1 if exponential else _wide(relevance)
    discount = 1 / torch.log2(torch.arange(2, gains.shape[1] + 2, device=gains.device).to(gains))
    discount[k:] = 0.0 if k is not None else discount[k:]
    found = (_ordered(gains, scores) * discount).sum(dim=1)
    best = (gains.sort(dim=1, descending=True).values * discount).sum(dim=1)
    return torch.where(best > 0, found / best.clamp(min=1e-30), 0.0)


def reciprocal_rank(relevance: Tensor, scores: Tensor, k: int | None = None) -> Tensor:
    """One over the rank of the first relevant document, `(B,)`; 0 where there is none. Its mean is the MRR.

    Arguments as `ndcg`; a document is relevant if its relevance is above 0.
    """
    _check(relevance, scores, k)
    hits = _ordered(relevance, scores)[:, :k] > 0  # (B, k)
    ranks = torch.arange(1, hits.shape[1] + 1, device=hits.device)
    return (hits / ranks).amax(dim=1)


def recall(relevance: Tensor, scores: Tensor, k: int) -> Tensor:
    """Part of the relevant documents that stand among the first `k`, `(B,)`; 0 where there is none.

    Arguments as `ndcg`. A reranker of `k` candidates cannot bring back what is missing here.
    """
    _check(relevance, scores, k)
    hits = (_ordered(relevance, scores) > 0).to(torch.float32)
    return hits[:, :k].sum(dim=1) / hits.sum(dim=1).clamp(min=1)


def _ordered(values: Tensor, scores: Tensor) -> Tensor:
    """Values `(B, N)` in the order of their scores, best first."""
    return values.gather(1, scores.argsort(dim=1, descending=True, stable=True))


def _check(relevance: Tensor, scores: Tensor, k: int | None) -> None:
    """Refuse shapes that differ, and ranks that are none."""
    if relevance.ndim != 2 or relevance.shape != scores.shape or 0 in relevance.shape:
        raise ValueError(f"relevance {tuple(relevance.shape)} and scores {tuple(scores.shape)} are not both (B, N)")
    if k is not None and k < 1:
        raise ValueError(f"k {k} is below 1")


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """What one order is worth by each metric: relevant are the documents at ranks 2 and 5 of six."""
    relevance = torch.tensor([[0, 3, 0, 0, 1, 0]])
    scores = torch.arange(6, 0, -1).unsqueeze(0)
    print(f"RR {reciprocal_rank(relevance, scores).item():.2f}, recall@3 {recall(relevance, scores, 3).item():.2f}")
    print(f"nDCG {ndcg(relevance, scores).item():.3f}, @3 {ndcg(relevance, scores, 3).item():.3f}")
    query, documents = torch.eye(4)[:2], torch.eye(4)[torch.tensor([[0, 2, 3], [0, 1, 3]])]
    print("MaxSim", maxsim(query, documents, torch.ones(2, 3)).tolist())


if __name__ == "__main__":
    demo()
