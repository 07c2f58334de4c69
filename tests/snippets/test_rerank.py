"""Metrics against scikit-learn and loops, MaxSim against every pair of tokens in turn."""

import math

import pytest
import torch

from snippets.essence import rerank as essence
from snippets.rerank import maxsim, ndcg, recall, reciprocal_rank, rerank


def some(device, B=6, N=9, seed=0):
    """Graded relevance, with many of no use, and scores that are all different."""
    draw = torch.Generator().manual_seed(seed)
    relevance = torch.randint(-2, 4, (B, N), generator=draw).clamp(min=0)
    relevance[:, 0] = 1
    return relevance.to(device), torch.rand(B, N, generator=draw).to(device)


@pytest.mark.parametrize("k", [1, 3, 9, 20, None])
@pytest.mark.parametrize("exponential", [False, True])
def test_ndcg_is_scikit_learns(device, k, exponential):
    from sklearn.metrics import ndcg_score

    relevance, scores = some(device)
    gains = 2**relevance - 1 if exponential else relevance
    expected = [ndcg_score([g], [s], k=k) for g, s in zip(gains.tolist(), scores.tolist(), strict=True)]
    found = ndcg(relevance, scores, k, exponential)
    torch.testing.assert_close(found.cpu().double(), torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=1e-5)


def test_metrics_by_hand(device):
    """Gains 0, 3, 0, 0, 1 in this order: DCG 3 / log2(3) + 1 / log2(6); the best order 3 + 1 / log2(3).

    The other way round the 1 stands first and the 3 fourth: 1 + 3 / log2(5).
    """
    relevance = torch.tensor([[0, 3, 0, 0, 1]], device=device)
    scores = torch.tensor([[5.0, 4, 3, 2, 1]], device=device)
    best = 3 + 1 / math.log2(3)
    assert ndcg(relevance, scores).item() == pytest.approx((3 / math.log2(3) + 1 / math.log2(6)) / best)
    assert ndcg(relevance, scores, 3).item() == pytest.approx(3 / math.log2(3) / best)
    assert ndcg(relevance, -scores).item() == pytest.approx((1 + 3 / math.log2(5)) / best)
    assert reciprocal_rank(relevance, scores).item() == 0.5
    assert reciprocal_rank(relevance, scores, k=1).item() == 0
    assert [recall(relevance, scores, k).item() for k in (1, 2, 4, 5, 9)] == [0, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize("k", [1, 4, 9])
def test_reciprocal_rank_and_recall_equal_a_loop(device, k):
    relevance, scores = some(device)
    for row, (useful, score) in enumerate(zip(relevance.tolist(), scores.tolist(), strict=True)):
        order = sorted(range(9), key=lambda n, s=score: -s[n])
        ranks = [place for place, n in enumerate(order, 1) if useful[n] and place <= k]
        first = 1 / ranks[0] if ranks else 0
        assert reciprocal_rank(relevance, scores, k)[row].item() == pytest.approx(first)
        assert recall(relevance, scores, k)[row].item() == pytest.approx(len(ranks) / sum(u > 0 for u in useful))


def test_query_without_a_relevant_document_counts_nothing(device):
    nothing, scores = torch.zeros(2, 4, device=device), torch.rand(2, 4, device=device)
    for metric in (ndcg(nothing, scores), reciprocal_rank(nothing, scores), recall(nothing, scores, 2)):
        assert metric.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maxsim_equals_every_pair_in_turn(device, dtype):
    query = torch.randn(3, 8, device=device, dtype=dtype)
    documents = torch.randn(4, 5, 8, device=device, dtype=dtype)
    mask = torch.arange(5, device=device) < torch.tensor([[5], [1], [3], [2]], device=device)
    documents[~mask] = float("nan")
    found = maxsim(query, documents, mask)
    assert found.dtype == torch.float32
    for n in range(4):
        length = int(mask[n].sum())
        expected = sum(max((q.float() @ documents[n, t].float()).item() for t in range(length)) for q in query)
        assert found[n].item() == pytest.approx(expected, rel=1e-4)
    kept = torch.tensor([1, 0, 1], device=device)
    torch.testing.assert_close(maxsim(query, documents, mask, kept), maxsim(query[[0, 2]], documents, mask))


def test_maxsim_does_not_care_for_the_order_of_tokens_nor_for_padding(device):
    query, documents = torch.randn(3, 8, device=device), torch.randn(4, 5, 8, device=device)
    mask = torch.ones(4, 5, device=device)
    expected = maxsim(query, documents, mask)
    torch.testing.assert_close(maxsim(query.flip(0), documents.flip(1), mask), expected)
    longer = torch.cat([documents, 9 * torch.ones(4, 2, 8, device=device)], dim=1)
    torch.testing.assert_close(maxsim(query, longer, torch.cat([mask, 0 * mask[:, :2]], dim=1)), expected)


def test_rerank_orders_the_first_and_leaves_the_rest():
    scores = torch.tensor([0.1, 0.9, 0.5, 0.7, 1.0])
    assert rerank([2, 0, 1, 4, 3], lambda numbers: scores[numbers], top=3) == [1, 2, 0, 4, 3]
    assert rerank([2, 0], lambda numbers: scores[numbers], top=9) == [2, 0]
    assert rerank([2, 0], lambda numbers: scores[numbers], top=0) == [2, 0]
    assert rerank([3, 1, 2], lambda numbers: torch.zeros(len(numbers)), top=3) == [3, 1, 2]  # ties keep their order


ONES = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ndcg(ONES, torch.ones(2, 4)), r"\(2, 4\)"),
        (lambda: ndcg(-ONES, ONES), "negative"),
        (lambda: ndcg(ONES, ONES, 0), "k 0"),
        (lambda: recall(ONES, ONES, 0), "k 0"),
        (lambda: rerank([1], lambda numbers: ONES[0], -1), "top -1"),
        (lambda: maxsim(ONES, torch.ones(1, 2, 4), torch.ones(1, 2)), r"\(1, 2, 4\)"),
        (lambda: maxsim(ONES, torch.ones(1, 2, 3), torch.zeros(1, 2)), "a token in each row"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    relevance, scores = some("cpu")
    for useful, score in zip(relevance, scores, strict=True):
        torch.testing.assert_close(essence.ndcg(useful, score, 4), ndcg(useful[None], score[None], 4)[0])
        assert essence.rr(useful, score) == pytest.approx(reciprocal_rank(useful[None], score[None]).item())
    query, documents = torch.randn(3, 8), torch.randn(4, 5, 8)
    mask = torch.arange(5) < torch.tensor([[5], [1], [3], [2]])
    torch.testing.assert_close(essence.maxsim(query, documents, mask), maxsim(query, documents, mask))
