"""The penalties against transformers, brute force, and numbers by hand."""

import math
from collections import Counter

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from snippets.essence import repetition_penalty as essence
from snippets.repetition_penalty import repetition_penalty, subtractive_penalty, token_counts


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.2, 5.0])
def test_equals_transformers_with_and_without_the_prompt(device, penalty):
    logits, tokens = 5 * torch.randn(6, 30, device=device), torch.randint(30, (6, 20), device=device)
    expected = RepetitionPenaltyLogitsProcessor(penalty)(tokens, logits.clone())
    assert torch.equal(repetition_penalty(logits, tokens, penalty), expected)
    expected = RepetitionPenaltyLogitsProcessor(penalty, prompt_ignore_length=15)(tokens, logits.clone())
    mask = (torch.arange(20, device=device) >= 15).expand(6, 20)
    assert torch.equal(repetition_penalty(logits, tokens, penalty, mask), expected)


def test_penalty_by_hand(device):
    """θ = 2; tokens 0, 1, 2 have occurred: 3 / 2 = 1.5, -2 · 2 = -4, 0 stays 0; 1 and -1 stay."""
    logits = torch.tensor([[3.0, -2.0, 0.0, 1.0, -1.0]], device=device)
    tokens = torch.tensor([[0, 1, 1, 1, 2]], device=device)
    assert repetition_penalty(logits, tokens, 2.0).tolist() == [[1.5, -4.0, 0.0, 1.0, -1.0]]


def test_probability_of_the_page(device):
    """Logits (3, -2, 1, -1), two tokens seen, θ = 1.2: (2.5, -2.4, 1, -1); the first falls from 0.862 to 0.793."""
    logits, tokens = torch.tensor([[3.0, -2.0, 1.0, -1.0]], device=device), torch.tensor([[0, 1]], device=device)
    penalised = repetition_penalty(logits, tokens, 1.2)
    torch.testing.assert_close(penalised, torch.tensor([[2.5, -2.4, 1.0, -1.0]], device=device))
    assert [round(x.softmax(dim=-1)[0, 0].item(), 3) for x in (logits, penalised)] == [0.862, 0.793]


def test_subtractive_by_hand(device):
    """Token 0 once, token 1 three times; presence 0.5, frequency 0.25: 0.75 and 1.25 are taken off."""
    logits, tokens = torch.ones(1, 3, device=device), torch.tensor([[1, 0, 1, 1]], device=device)
    assert subtractive_penalty(logits, tokens, 0.5, 0.25).tolist() == [[0.25, -0.25, 1.0]]
    assert subtractive_penalty(logits, tokens).tolist() == [[1.0, 1.0, 1.0]]


def test_counts_equal_counting(device):
    tokens = torch.randint(9, (4, 30), device=device)
    mask = torch.rand(4, 30, device=device) < 0.5
    counts = token_counts(tokens, torch.zeros(4, 9, device=device), mask)
    for row, keep, ours in zip(tokens.tolist(), mask.tolist(), counts.tolist(), strict=True):
        counter = Counter(token for token, counts in zip(row, keep, strict=True) if counts)
        assert ours == [counter[token] for token in range(9)]


def test_every_seen_token_goes_down_above_one_and_up_below(device):
    logits, tokens = torch.randn(3, 10, device=device), torch.arange(10, device=device).expand(3, 10)
    assert (repetition_penalty(logits, tokens, 1.3) < logits).all()
    assert (repetition_penalty(logits, tokens, 0.7) > logits).all()


def test_factor_depends_on_the_zero_of_the_logits_and_difference_does_not(device):
    logits, tokens = torch.tensor([[1.0, 2.0, 0.5]], device=device), torch.tensor([[1]], device=device)

    def change(penalise):
        return (penalise(logits + 10).softmax(dim=-1) - penalise(logits).softmax(dim=-1)).abs().max().item()

    assert change(lambda z: repetition_penalty(z, tokens, 1.2)) > 0.2
    assert change(lambda z: subtractive_penalty(z, tokens, 0.5, 0.5)) < 1e-6


def test_banned_tokens_stay_banned(device):
    logits, tokens = torch.tensor([[-math.inf, 1.0]], device=device), torch.tensor([[0, 1]], device=device)
    for penalised in (repetition_penalty(logits, tokens, 1.2), subtractive_penalty(logits, tokens, 1.0, 1.0)):
        assert penalised[0, 0] == -math.inf
        assert penalised[0, 1] < 1


def test_rows_do_not_mix_and_no_tokens_change_nothing(device):
    logits = torch.randn(2, 4, device=device).abs()
    tokens = torch.tensor([[0, 0], [3, 3]], device=device)
    changed = repetition_penalty(logits, tokens, 2.0) != logits
    assert changed.tolist() == [[True, False, False, False], [False, False, False, True]]
    none = torch.zeros(2, 0, dtype=torch.long, device=device)
    assert torch.equal(repetition_penalty(logits, none, 2.0), logits)
    assert torch.equal(subtractive_penalty(logits, none, 1.0, 1.0), logits)


def test_mask_leaves_out_padding_even_outside_the_vocabulary(device):
    logits = torch.ones(1, 3, device=device)
    tokens = torch.tensor([[-100, 99, 2]], device=device)
    mask = torch.tensor([[False, False, True]], device=device)
    assert repetition_penalty(logits, tokens, 2.0, mask).tolist() == [[1.0, 1.0, 0.5]]
    assert subtractive_penalty(logits, tokens, 0.5, 0.25, mask).tolist() == [[1.0, 1.0, 0.25]]
    assert token_counts(torch.tensor([[9, 9, 0]], device=device), logits[:, :1], mask).tolist() == [[1]]


def test_gradients_are_right(device):
    logits = torch.randn(2, 5, device=device, dtype=torch.float64, requires_grad=True)
    tokens = torch.tensor([[0, 1, 1], [4, 3, 2]], device=device)
    assert torch.autograd.gradcheck(lambda z: repetition_penalty(z, tokens, 1.5), (logits,))
    assert torch.autograd.gradcheck(lambda z: subtractive_penalty(z, tokens, 0.5, 0.3), (logits,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_dtype_is_kept(device, dtype):
    logits, tokens = torch.randn(2, 5, device=device).to(dtype), torch.randint(5, (2, 3), device=device)
    assert repetition_penalty(logits, tokens, 1.2).dtype == dtype
    assert subtractive_penalty(logits, tokens, 0.1, 0.1).dtype == dtype


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(1, 4), torch.zeros(1, 2, dtype=torch.long), 0.0), "penalty 0.0"),
        ((torch.zeros(1, 4), torch.zeros(1, 2, dtype=torch.long), -1.0), "penalty -1.0"),
        ((torch.zeros(1), torch.zeros(1, 2, dtype=torch.long), 1.2), "are not"),
        ((torch.zeros(1, 4), torch.zeros(1, dtype=torch.long), 1.2), "are not"),
        ((torch.zeros(1, 4), torch.zeros(2, 2, dtype=torch.long), 1.2), "are not"),
        ((torch.zeros(1, 4), torch.tensor([[4]]), 1.2), "vocabulary of 4"),
        ((torch.zeros(1, 4), torch.tensor([[-1]]), 1.2), "vocabulary of 4"),
        ((torch.zeros(1, 4), torch.tensor([[1]]), 1.2, torch.ones(1, 1)), "not bool"),
        ((torch.zeros(1, 4), torch.tensor([[1]]), 1.2, torch.ones(1, 2, dtype=torch.bool)), "not bool"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        repetition_penalty(*arguments)


def test_essence_equals_the_module():
    torch.manual_seed(0)
    logits, tokens = 3 * torch.randn(20), torch.randint(20, (15,))
    for penalty in (0.5, 1.0, 1.2, 4.0):
        expected = repetition_penalty(logits[None], tokens[None], penalty)[0]
        assert torch.equal(essence.repetition_penalty(logits, tokens, penalty), expected)
    expected = subtractive_penalty(logits[None], tokens[None], presence=0.5, frequency=0.25)[0]
    torch.testing.assert_close(essence.subtractive_penalty(logits, tokens, 0.5, 0.25), expected)
