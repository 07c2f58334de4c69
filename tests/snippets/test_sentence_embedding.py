"""Pooling against sentence-transformers, the loss against F.cross_entropy, both against numbers by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from sentence_transformers.sentence_transformer.modules import Pooling

from snippets.essence import sentence_embedding as essence
from snippets.sentence_embedding import contrastive_loss, cosine, normalize, pool

WAYS = ["mean", "sum", "max", "cls", "last"]


def padded(device: torch.device, left: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Three texts of 5, 1 and 3 tokens."""
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [1, 1, 1, 0, 0]], device=device)
    return torch.randn(3, 5, 4, device=device), mask.flip(1) if left else mask


@pytest.mark.parametrize(
    ("how", "theirs", "left"),
    [
        ("mean", "mean", False),
        ("mean", "mean", True),
        ("max", "max", False),
        ("max", "max", True),
        ("last", "lasttoken", False),
        ("last", "lasttoken", True),
        ("cls", "cls", False),  # padded on the left, sentence-transformers takes the first position, padding or not
    ],
)
def test_pooling_equals_sentence_transformers(device, how, theirs, left):
    hidden, mask = padded(device, left)
    features = {"token_embeddings": hidden, "attention_mask": mask}
    expected = Pooling(4, pooling_mode=theirs)(features)["sentence_embedding"]
    torch.testing.assert_close(pool(hidden, mask, how), expected)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("how", WAYS)
def test_padding_changes_nothing_even_where_it_is_nan(device, how, left):
    hidden, mask = padded(device, left)
    hidden[mask == 0] = torch.nan
    for row, keep, pooled in zip(hidden, mask.bool(), pool(hidden, mask, how), strict=True):
        alone = row[keep][None]
        torch.testing.assert_close(pooled, pool(alone, torch.ones(alone.shape[:2], device=device), how)[0])


def test_pooling_by_hand(device):
    """Tokens (1, 8), (3, 2), padding (9, 9): sum (4, 10), mean (2, 5), max (3, 8)."""
    hidden = torch.tensor([[[1.0, 8.0], [3.0, 2.0], [9.0, 9.0]]], device=device)
    mask = torch.tensor([[True, True, False]], device=device)
    expected = {"sum": [4, 10], "mean": [2, 5], "max": [3, 8], "cls": [1, 8], "last": [3, 2]}
    assert {how: pool(hidden, mask, how)[0].tolist() for how in WAYS} == expected


def test_sum_and_mean_point_the_same_way(device):
    hidden, mask = padded(device)
    torch.testing.assert_close(normalize(pool(hidden, mask, "sum")), normalize(pool(hidden, mask, "mean")))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_long_mean_in_16_bits_is_right(device, dtype):
    """4,096 ones: a sum in bfloat16 would stop at 256, in float16 at 2,048."""
    pooled = pool(torch.ones(1, 4096, 2, device=device, dtype=dtype), torch.ones(1, 4096, device=device))
    assert pooled.dtype == dtype
    assert pooled.tolist() == [[1.0, 1.0]]
    large = pool(torch.full((1, 4096, 2), 96.0, device=device, dtype=dtype), torch.ones(1, 4096, device=device))
    assert large.tolist() == [[96.0, 96.0]]  # the sum is beyond float16


@pytest.mark.parametrize("how", WAYS)
def test_gradients_of_pooling_are_right_and_padding_has_none(device, how):
    hidden, mask = padded(device)
    hidden = hidden.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda hidden: pool(hidden, mask, how), hidden)
    pool(hidden, mask, how).sum().backward()
    assert not hidden.grad[mask == 0].any()


def test_cosine_equals_torchs(device):
    queries, documents = torch.randn(3, 6, device=device), torch.randn(5, 6, device=device)
    expected = F.cosine_similarity(queries[:, None], documents[None], dim=-1)
    torch.testing.assert_close(cosine(queries, documents), expected)


def test_zero_vector_stays_zero(device):
    assert normalize(torch.zeros(2, 3, device=device)).tolist() == [[0, 0, 0], [0, 0, 0]]
    torch.testing.assert_close(normalize(torch.tensor([3.0, 4.0])), torch.tensor([0.6, 0.8]))


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_loss_equals_cross_entropy_of_the_cosines(device, temperature):
    anchors, positives = torch.randn(2, 6, 8, device=device)
    cosines = F.cosine_similarity(anchors[:, None], positives[None], dim=-1)
    expected = F.cross_entropy(cosines / temperature, torch.arange(6, device=device))
    torch.testing.assert_close(contrastive_loss(anchors, positives, temperature), expected)


def test_default_temperature_is_that_of_simcse(device):
    anchors, positives = torch.randn(2, 4, 8, device=device)
    assert contrastive_loss(anchors, positives) == contrastive_loss(anchors, positives, temperature=0.05)


def test_loss_by_hand(device):
    """Two texts at right angles, each its own pair: cosines 1 and 0, so log(e^(1/τ) + 1) - 1/τ with τ = 0.5."""
    pairs = torch.tensor([[2.0, 0.0], [0.0, 5.0]], device=device)
    expected = math.log(math.exp(2) + 1) - 2
    assert contrastive_loss(pairs, pairs, temperature=0.5).item() == pytest.approx(expected)


def test_loss_of_equal_texts_is_the_logarithm_of_their_number(device):
    same = torch.ones(7, 3, device=device)
    assert contrastive_loss(same, same).item() == pytest.approx(math.log(7))
    assert contrastive_loss(same[:1], same[:1]).item() == pytest.approx(0)


def test_loss_stays_finite_at_a_tiny_temperature(device):
    anchors = torch.randn(4, 8, device=device)
    assert contrastive_loss(anchors, -anchors, temperature=1e-4).isfinite()


def test_gradients_of_the_loss_are_right(device):
    anchors, positives = torch.randn(2, 3, 4, device=device, dtype=torch.float64)
    assert torch.autograd.gradcheck(contrastive_loss, (anchors.requires_grad_(), positives.requires_grad_()))


@pytest.mark.parametrize(
    ("mask", "how", "message"),
    [
        ([[1, 1], [0, 0]], "mean", "text 1 has no token"),
        ([[1, 1], [1, 0]], "middle", "'middle' is not"),
        ([[1], [1]], "mean", r"mask \(2, 1\)"),
    ],
)
def test_wrong_pooling_is_refused(mask, how, message):
    with pytest.raises(ValueError, match=message):
        pool(torch.zeros(2, 2, 3), torch.tensor(mask), how)


@pytest.mark.parametrize(
    ("rows", "temperature", "message"),
    [((2, 3), 0.1, "are not pairs"), ((0, 0), 0.1, "are not pairs"), ((2, 2), 0.0, "0.0"), ((2, 2), -1.0, "-1.0")],
)
def test_wrong_loss_is_refused(rows, temperature, message):
    with pytest.raises(ValueError, match=message):
        contrastive_loss(torch.ones(rows[0], 4), torch.ones(rows[1], 4), temperature)


def test_half_precision_loss_is_taken_in_float32(device):
    anchors, positives = torch.randn(2, 8, 16, device=device).bfloat16()
    loss = contrastive_loss(anchors, positives)
    torch.testing.assert_close(loss, contrastive_loss(anchors.float(), positives.float()))


def test_essence_equals_the_module():
    torch.manual_seed(0)
    hidden = torch.randn(3, 5, 8)
    mask = torch.tensor([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    torch.testing.assert_close(essence.mean_pool(hidden, mask), pool(hidden, mask, "mean"))
    torch.testing.assert_close(essence.last_token(hidden, mask), pool(hidden, mask, "last"))
    anchors, positives = torch.randn(2, 6, 8)
    torch.testing.assert_close(essence.contrastive_loss(anchors, positives), contrastive_loss(anchors, positives))
