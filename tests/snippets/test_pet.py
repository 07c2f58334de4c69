"""PET by brute force through a transformers BERT, against torch's losses, and numbers by hand."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from transformers import BertConfig, BertForMaskedLM

from snippets.essence import pet as essence
from snippets.pet import apply_pattern, calibrate, label_scores, pet_loss, soft_labels

MASK, V = 3, 30


@pytest.fixture
def model(device) -> BertForMaskedLM:
    """A tiny BERT whose predictions differ clearly."""
    config = BertConfig(
        vocab_size=V,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=0.5,
    )
    return BertForMaskedLM(config).eval().to(device)


def test_one_blank_is_the_softmax_over_the_labels_words(device, model):
    tokens = torch.randint(4, V, (3, 7), device=device)
    tokens[torch.arange(3), torch.tensor([1, 6, 3])] = MASK
    logits = model(tokens).logits
    verbalizer = torch.tensor([5, 9, 20], device=device)
    scores = label_scores(logits, tokens, MASK, verbalizer)
    for row, at in enumerate((1, 6, 3)):
        everything = logits[row, at].softmax(-1)
        expected = everything[verbalizer] / everything[verbalizer].sum()
        torch.testing.assert_close(scores[row].softmax(-1), expected)
        torch.testing.assert_close(scores[row].exp(), everything[verbalizer])


def test_several_blanks_by_brute_force(device, model):
    """Over all words of two tokens, the scores are those of the labels and their probabilities add up to 1."""
    tokens = torch.randint(4, V, (2, 6), device=device)
    tokens[0, 1] = tokens[0, 2] = tokens[1, 0] = tokens[1, 5] = MASK
    logits = model(tokens).logits
    words = torch.tensor(list(itertools.product(range(V), repeat=2)), device=device)
    scores = label_scores(logits, tokens, MASK, words)
    torch.testing.assert_close(scores.exp().sum(-1), torch.ones(2, device=device))
    for row, (first, second) in enumerate(((1, 2), (0, 5))):
        logps = logits[row].log_softmax(-1)
        for word in (0, 31, 500, 899):
            a, b = words[word].tolist()
            torch.testing.assert_close(scores[row, word], logps[first, a] + logps[second, b])


def test_scores_by_hand(device):
    """Probabilities 1/2, 1/4 and 1/4 in the blank; of the labels 0 and 2, the first has 2/3."""
    logits = torch.zeros(1, 2, 4, device=device)
    logits[0, 1] = torch.tensor([0.5, 0.25, 0.25, 0.0], device=device).log()
    scores = label_scores(logits, torch.tensor([[1, MASK]], device=device), MASK, torch.tensor([0, 2], device=device))
    assert scores.exp()[0].tolist() == pytest.approx([0.5, 0.25])
    assert scores.softmax(-1)[0].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_column_of_words_is_the_same_as_a_list(device):
    tokens, logits = torch.tensor([[MASK, 4]], device=device), torch.randn(1, 2, V, device=device)
    words = torch.tensor([7, 8], device=device)
    one, two = (label_scores(logits, tokens, MASK, form) for form in (words, words[:, None]))
    assert torch.equal(one, two)


def test_calibration_makes_the_empty_input_undecided(device):
    scores = torch.randn(4, 3, device=device)
    empty = torch.randn(3, device=device)
    assert calibrate(empty[None], empty).softmax(-1)[0].tolist() == pytest.approx([1 / 3] * 3)
    torch.testing.assert_close(
        calibrate(scores, empty).softmax(-1), F.normalize(scores.exp() / empty.exp(), p=1, dim=-1)
    )


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_loss_equals_torchs(device, alpha):
    scores, labels = torch.randn(5, 3, device=device), torch.randint(3, (5,), device=device)
    expected = (1 - alpha) * F.cross_entropy(scores, labels) + alpha * 7.0
    torch.testing.assert_close(pet_loss(scores, labels, torch.tensor(7.0, device=device), alpha), expected)


def test_default_alpha_is_that_of_the_paper(device):
    scores, labels = torch.zeros(1, 2, device=device), torch.tensor([0], device=device)
    loss = pet_loss(scores, labels, torch.tensor(1000.0, device=device))
    assert loss.item() == pytest.approx(0.9999 * math.log(2) + 0.1)


def test_gradients_are_right_and_come_from_the_blanks_alone(device):
    tokens = torch.tensor([[4, MASK, 5], [MASK, 6, 7]], device=device)
    logits = torch.randn(2, 3, 8, device=device, dtype=torch.float64, requires_grad=True)
    words, labels = torch.tensor([1, 2], device=device), torch.tensor([1, 0], device=device)

    def loss(logits: torch.Tensor) -> torch.Tensor:
        return pet_loss(label_scores(logits, tokens, MASK, words), labels, logits.square().mean(), alpha=0.1)

    assert torch.autograd.gradcheck(loss, logits)
    label_scores(logits, tokens, MASK, words)[:, 0].sum().backward()
    assert torch.equal(logits.grad.abs().sum(-1) > 0, tokens == MASK)


def test_few_steps_teach_the_labels(device, model):
    """The whole model moves: PET is no parameter-efficient method."""
    tokens = torch.tensor([[5, 6, MASK], [7, 8, MASK], [9, 6, MASK]], device=device)
    labels, words = torch.tensor([0, 1, 0], device=device), torch.tensor([20, 21], device=device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(15):
        scores = label_scores(model(tokens).logits, tokens, MASK, words)
        losses.append(pet_loss(scores, labels, torch.zeros((), device=device)))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 3


def test_soft_labels_by_hand(device):
    """Scores (4, 0) and (0, 2) by weights 3 and 1: (3, 0.5); halved (1.5, 0.25), so 1 / (1 + e^-1.25)."""
    scores = [torch.tensor([[4.0, 0.0]], device=device), torch.tensor([[0.0, 2.0]], device=device)]
    expected = 1 / (1 + math.exp(-1.25))
    assert soft_labels(scores, [3.0, 1.0])[0].tolist() == pytest.approx([expected, 1 - expected])
    torch.testing.assert_close(soft_labels(scores[:1], [0.2], temperature=1.0), scores[0].softmax(-1))
    torch.testing.assert_close(soft_labels(scores, [0.0, 5.0], temperature=1.0), scores[1].softmax(-1))


def test_pattern_keeps_its_own_tokens_and_cuts_the_input():
    pattern = [1, None, 8, MASK, 2]
    assert apply_pattern(pattern, [5, 6, 7], longest=10) == [1, 5, 6, 7, 8, MASK, 2]
    assert apply_pattern(pattern, [5, 6, 7], longest=6) == [1, 5, 6, 8, MASK, 2]
    assert apply_pattern(pattern, [5, 6, 7], longest=4) == [1, 8, MASK, 2]
    assert apply_pattern(pattern, [], longest=10) == [1, 8, MASK, 2]
    assert apply_pattern([None, MASK], [5], longest=2) == [5, MASK]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_and_huge_logits_give_finite_float32(device, dtype):
    tokens = torch.tensor([[MASK]], device=device)
    logits = torch.tensor([[[6e4, -6e4, 0.0, 1.0]]], device=device).to(dtype)
    scores = label_scores(logits, tokens, MASK, torch.tensor([0, 1], device=device))
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply_pattern([1, 2], [5], 9), "0 places"),
        (lambda: apply_pattern([None, 1, None], [5], 9), "2 places"),
        (lambda: apply_pattern([1, None, 2], [5], 1), "pattern of 2 tokens is longer than 1"),
        (
            lambda: label_scores(torch.zeros(1, 2, 9), torch.tensor([[4, 5]]), MASK, torch.tensor([1, 2])),
            r"\[0\] blanks",
        ),
        (
            lambda: label_scores(torch.zeros(2, 2, 9), torch.tensor([[3, 5], [3, 3]]), MASK, torch.tensor([1, 2])),
            r"\[1, 2\] blanks instead of 1",
        ),
        (lambda: label_scores(torch.zeros(1, 1, 9), torch.tensor([[3]]), MASK, torch.tensor([1, 1])), "same word"),
        (lambda: pet_loss(torch.zeros(1, 2), torch.tensor([0]), torch.tensor(0.0), alpha=1.1), "alpha 1.1"),
        (lambda: pet_loss(torch.zeros(1, 2), torch.tensor([0]), torch.tensor(0.0), alpha=-0.1), "alpha -0.1"),
        (lambda: soft_labels([torch.zeros(1, 2)], [1.0, 2.0]), "do not fit 1"),
        (lambda: soft_labels([], []), "do not fit 0"),
        (lambda: soft_labels([torch.zeros(1, 2)], [0.0]), "do not fit 1"),
        (lambda: soft_labels([torch.zeros(1, 2)] * 2, [2.0, -1.0]), "do not fit 2"),
        (lambda: soft_labels([torch.zeros(1, 2)], [1.0], temperature=0.0), "temperature 0.0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_equals_the_module():
    torch.manual_seed(0)
    table, verbalizer, mask = torch.randn(12, 12), torch.tensor([3, 7, 5]), 0
    prompted = essence.pattern([9, 8], [4], mask, [2])
    assert prompted == apply_pattern([None, 4, mask, 2], [9, 8], longest=10)
    tokens = torch.tensor(prompted)
    found = essence.q(lambda ids: table[ids], tokens, mask, verbalizer)
    expected = label_scores(table[tokens][None], tokens[None], mask, verbalizer)
    torch.testing.assert_close(found, expected.softmax(dim=-1)[0])
    scores, labels, mlm = torch.randn(4, 3), torch.tensor([0, 2, 1, 1]), torch.tensor(2.5)
    torch.testing.assert_close(essence.loss(scores, labels, mlm, 1e-2), pet_loss(scores, labels, mlm, 1e-2))
