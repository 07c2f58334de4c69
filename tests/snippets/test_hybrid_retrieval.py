"""BM25 against rank-bm25, cosines against torch, fusion against numbers by hand."""

import math
import random

import pytest
import torch
import torch.nn.functional as F
from rank_bm25 import BM25Okapi

from snippets.essence import hybrid_retrieval as essence
from snippets.hybrid_retrieval import BM25, dense_scores, fuse, ranking, words_of


def corpus(seed: int, documents: int = 12) -> list[list[str]]:
    """Documents of 1 to 30 words, some words frequent, some rare."""
    choose = random.Random(seed)
    words = [f"w{at}" for at in range(20)]
    return [choose.choices(words, weights=range(1, 21), k=choose.randint(1, 30)) for _ in range(documents)]


@pytest.mark.parametrize(("k1", "b"), [(1.5, 0.75), (1.2, 0.0), (2.0, 1.0), (0.01, 0.5)])
def test_scores_equal_rank_bm25_with_our_weights(k1, b):
    documents = corpus(seed=0)
    ours, theirs = BM25(documents, k1, b), BM25Okapi(documents, k1=k1, b=b)
    theirs.idf = {word: ours.idf(word) for word in theirs.idf}  # theirs are Robertson's, negative ones made positive
    for query in (["w1"], ["w1", "w19", "w5"], ["w3", "w3"], ["nowhere", "w2"]):
        expected = torch.tensor(theirs.get_scores(query), dtype=torch.float32)
        torch.testing.assert_close(ours.scores(query), expected)


def test_default_parameters_are_those_of_rank_bm25():
    documents = corpus(seed=1)
    assert torch.equal(BM25(documents).scores(["w7"]), BM25(documents, k1=1.5, b=0.75).scores(["w7"]))


def test_weight_of_a_rare_word_is_near_robertsons_and_never_negative():
    documents = [["rare", "all"], *([["all"]] * 999)]
    index = BM25(documents)
    assert index.idf("rare") == pytest.approx(math.log(999.5 / 1.5), abs=0.002)
    assert 0 < index.idf("all") < 0.001
    assert index.idf("all") == pytest.approx(math.log(1 + 0.5 / 1000.5))
    assert index.idf("none") > index.idf("rare")


def test_score_by_hand():
    """Documents of 3 and 1 words, mean 2; k1 = 1, b = 1/2. The word a: n = 1, idf = ln(1 + 1.5 / 1.5) = ln 2.

    In the first it stands twice: norm = 1/2 + 1/2 · 3/2 = 5/4, score = ln 2 · 2 · 2 / (2 + 5/4) = ln 2 · 16/13.
    """
    scores = BM25([["a", "a", "b"], ["c"]], k1=1.0, b=0.5).scores(["a"])
    assert scores.tolist() == pytest.approx([math.log(2) * 16 / 13, 0])


def test_length_counts_by_b_and_repetition_saturates_by_k1():
    documents = [["a"], ["a", *["x"] * 9], ["a"] * 10]
    assert BM25(documents, b=0.0).scores(["a"])[0] == BM25(documents, b=0.0).scores(["a"])[1]
    assert BM25(documents, b=1.0).scores(["a"])[0] > BM25(documents, b=1.0).scores(["a"])[1]
    assert len(set(BM25(documents, k1=0.0).scores(["a"]).tolist())) == 1
    flat = BM25(documents, k1=1.5, b=0.0).scores(["a"])
    assert flat[2] / flat[0] == pytest.approx(10 * 2.5 / 11.5)  # ten times the word, 2.17 times the score


def test_empty_documents_and_queries_score_nothing():
    assert BM25([[], ["a"]]).scores([]).tolist() == [0, 0]
    assert BM25([[], ["a"]]).scores(["a"])[0] == 0
    assert BM25([[]]).scores(["a"]).tolist() == [0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dense_scores_are_cosines(device, dtype):
    query, documents = torch.randn(8, device=device, dtype=dtype), torch.randn(5, 8, device=device, dtype=dtype)
    expected = F.cosine_similarity(query[None], documents, dim=-1)
    tolerance = {"atol": 0.02, "rtol": 0.02} if dtype == torch.bfloat16 else {}
    torch.testing.assert_close(dense_scores(query, documents), expected, **tolerance)
    torch.testing.assert_close(dense_scores(query / 64, documents / 64), expected, **tolerance)


def test_zero_vector_scores_nothing(device):
    assert dense_scores(torch.zeros(3, device=device), torch.ones(2, 3, device=device)).tolist() == [0, 0]
    assert dense_scores(torch.ones(3), torch.zeros(0, 3)).tolist() == []


def test_ranking_keeps_equals_in_order_and_leaves_out_what_was_not_found(device):
    scores = torch.tensor([0.5, 2.0, 0.0, 0.5, -1.0, 3.0], device=device)
    assert ranking(scores) == [5, 1, 0, 3]
    assert ranking(scores, top=2) == [5, 1]
    assert ranking(scores[:0]) == []
    assert ranking(torch.ones(300)) == list(range(300))


def test_fusion_by_hand():
    """With k = 1: document 7 is first and third, 1/2 + 1/4; 8 second and first, 1/3 + 1/2; 9 is second in one, 1/3."""
    fused = fuse([[7, 8], [8, 9, 7]], k=1.0)
    assert [document for document, _ in fused] == [8, 7, 9]
    assert dict(fused) == pytest.approx({8: 5 / 6, 7: 3 / 4, 9: 1 / 3})


def test_fusion_has_60_by_default_and_prefers_what_both_found():
    """1/(60 + 3) twice is more than 1/(60 + 1) once."""
    fused = fuse([[1, 2, 3], [4, 5, 3]])
    assert fused[0] == (3, pytest.approx(2 / 63))
    assert fused[1:] == [(1, 1 / 61), (4, 1 / 61), (2, 1 / 62), (5, 1 / 62)]
    assert fuse([[9], [8]]) == [(8, 1 / 61), (9, 1 / 61)]


def test_fusion_of_nothing_is_nothing():
    assert fuse([]) == fuse([[], []]) == []
    assert fuse([[3]], k=0.0) == [(3, 1.0)]


def test_order_within_one_list_is_kept():
    order = list(range(50))
    random.Random(0).shuffle(order)
    assert [document for document, _ in fuse([order])] == order


def test_words_are_latin_words_and_chinese_signs_with_their_pairs():
    assert words_of("GPT-4 的大模型 x_y") == ["gpt", "4", "的", "大", "的大", "模", "大模", "型", "模型", "x", "y"]
    assert words_of("大，模 型a大") == ["大", "模", "型", "a", "大"]
    assert words_of(" ，!") == words_of("") == []
    assert words_of(" 大") == ["大"]
    assert words_of("一鿿") == ["一", "鿿", "一鿿"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BM25([]), "no document"),
        (lambda: BM25([["a"]], k1=-0.1), "k1 -0.1"),
        (lambda: BM25([["a"]], b=1.1), "b 1.1"),
        (lambda: BM25([["a"]], b=-0.1), "b -0.1"),
        (lambda: fuse([[1]], k=-1.0), "k -1.0"),
        (lambda: fuse([[1, 2, 1]]), "names a document twice"),
    ],
)
def test_wrong_arguments_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_essence_equals_the_module():
    documents = [
        words_of(text) for text in ("显存不够，报错 0x1F", "GPU out of memory", "错误号 0x1F", "假期 假期 不够")
    ]
    query = words_of("显存 不够 0x1F 假期")
    expected = BM25(documents).scores(query)
    torch.testing.assert_close(torch.tensor(essence.bm25(query, documents)), expected)
    rankings = [[3, 0, 2, 4], [0, 1, 4], [0, 3, 5, 2]]  # no two fused scores are equal
    assert essence.rrf(rankings) == [document for document, _ in fuse(rankings)]
