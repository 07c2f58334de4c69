"""The ban against transformers, a plain search, and what it promises."""

import math

import pytest
import torch
from transformers import NoRepeatNGramLogitsProcessor

from snippets.essence import no_repeat_ngram as essence
from snippets.no_repeat_ngram import banned_tokens, no_repeat_ngram


def banned(logits):
    """Ids that are banned in each row."""
    return [set(row.isinf().nonzero().flatten().tolist()) for row in logits]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("length", [1, 2, 6, 40])
def test_equals_transformers_and_the_plain_form(device, n, length):
    logits, tokens = torch.randn(8, 4, device=device), torch.randint(4, (8, length), device=device)
    ours = no_repeat_ngram(logits, tokens, n)
    assert torch.equal(ours, NoRepeatNGramLogitsProcessor(n)(tokens, logits.clone()))
    assert banned(ours) == [banned_tokens(row, n) for row in tokens.tolist()]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_exactly_what_would_repeat_is_banned(n):
    """By trying: append each token, and see whether the last n-gram has occurred before."""
    torch.manual_seed(0)
    for tokens in torch.randint(3, (20, 12)).tolist():
        ngrams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
        expected = {token for token in range(3) if tuple([*tokens, token][-n:]) in ngrams}
        assert banned_tokens(tokens, n) == expected


def test_bans_by_hand(device):
    """n = 3, so far 1 2 3 1 2: (1, 2) was followed by 3. n = 2: 2 was followed by 3. n = 1: 1, 2 and 3. n = 4: none."""
    logits, tokens = torch.zeros(1, 5, device=device), torch.tensor([[1, 2, 3, 1, 2]], device=device)
    for n, expected in ((1, {1, 2, 3}), (2, {3}), (3, {3}), (4, set()), (5, set()), (6, set())):
        assert banned(no_repeat_ngram(logits, tokens, n)) == [expected]
        assert banned_tokens([1, 2, 3, 1, 2], n) == expected


def test_several_continuations_and_overlaps_are_all_banned(device):
    logits = torch.zeros(2, 4, device=device)
    tokens = torch.tensor([[0, 1, 0, 2, 0, 3, 0], [2, 2, 2, 2, 2, 2, 2]], device=device)
    assert banned(no_repeat_ngram(logits, tokens, 2)) == [{1, 2, 3}, {2}]
    assert banned(no_repeat_ngram(logits, tokens, 3)) == [set(), {2}]


@pytest.mark.parametrize("n", [2, 3])
def test_decoding_never_repeats_an_ngram(device, n):
    bigrams = torch.randn(6, 6, device=device)
    tokens = torch.zeros(1, 1, dtype=torch.long, device=device)
    for _ in range(20):
        logits = no_repeat_ngram(bigrams[tokens[:, -1]], tokens, n)
        tokens = torch.cat([tokens, logits.argmax(dim=-1, keepdim=True)], dim=1)
    row = tokens[0].tolist()
    ngrams = [tuple(row[i : i + n]) for i in range(len(row) - n + 1)]
    assert len(ngrams) == len(set(ngrams))


def test_other_logits_are_left_alone(device):
    logits, tokens = torch.randn(1, 4, device=device), torch.tensor([[3, 1, 3]], device=device)
    before = logits.clone()
    after = no_repeat_ngram(logits, tokens, 2)
    assert after[0, 1] == -math.inf
    assert after[0, [0, 2, 3]].tolist() == before[0, [0, 2, 3]].tolist()
    assert torch.equal(logits, before)


def test_gradient_flows_through_what_is_not_banned(device):
    logits = torch.randn(1, 4, device=device, requires_grad=True)
    no_repeat_ngram(logits, torch.tensor([[3, 1, 3]], device=device), 2).softmax(dim=-1)[0, 0].backward()
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, 0] > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_dtype_is_kept(device, dtype):
    logits = torch.zeros(1, 3, device=device, dtype=dtype)
    result = no_repeat_ngram(logits, torch.tensor([[0, 0]], device=device), 1)
    assert result.dtype == dtype
    assert banned(result) == [{0}]


def test_no_tokens_and_no_rows(device):
    none = torch.zeros(2, 0, dtype=torch.long, device=device)
    for n in (1, 2, 3):
        assert no_repeat_ngram(torch.zeros(2, 3, device=device), none, n).tolist() == [[0.0] * 3] * 2
        assert banned_tokens([], n) == set()
    assert no_repeat_ngram(torch.zeros(0, 3, device=device), none[:0], 2).shape == (0, 3)


@pytest.mark.parametrize(
    ("logits", "tokens", "n", "message"),
    [
        (torch.zeros(1, 3), torch.tensor([[0]]), 0, "n 0 is below 1"),
        (torch.zeros(3), torch.tensor([[0]]), 1, "are not"),
        (torch.zeros(1, 3), torch.tensor([0]), 1, "are not"),
        (torch.zeros(2, 3), torch.tensor([[0]]), 1, "are not"),
        (torch.zeros(1, 3), torch.tensor([[0, 3]]), 5, "vocabulary of 3"),
        (torch.zeros(1, 3), torch.tensor([[-1, 0]]), 5, "vocabulary of 3"),
    ],
)
def test_wrong_arguments_are_refused(logits, tokens, n, message):
    with pytest.raises(ValueError, match=message):
        no_repeat_ngram(logits, tokens, n)


def test_plain_form_refuses_ngrams_of_nothing():
    with pytest.raises(ValueError, match="n 0 is below 1"):
        banned_tokens([1], 0)


def test_essence_equals_the_module():
    torch.manual_seed(0)
    for n in (1, 2, 3, 4):
        for length in (0, 1, 2, 5, 12):
            tokens = torch.randint(3, (length,))
            assert essence.banned(tokens.tolist(), n) == banned_tokens(tokens.tolist(), n)
            logits = torch.randn(3)
            expected = no_repeat_ngram(logits[None], tokens[None], n)[0]
            assert torch.equal(essence.block(logits, tokens.tolist(), n), expected)
