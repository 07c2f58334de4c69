"""Watermarks against transformers' processor and detector, scipy's distributions, and counts over many keys."""

import math

import pytest
import torch

from snippets.essence import watermark as essence
from snippets.watermark import detect, green_list, gumbel_choice, gumbel_score, mark_logits

V = 40


@pytest.mark.parametrize("ratio", [0.25, 0.5])
@pytest.mark.parametrize("key", [15485863, 7])
def test_marked_logits_are_those_of_transformers(ratio, key):
    from transformers import WatermarkLogitsProcessor

    logits, ids = torch.randn(3, V), torch.tensor([[1, 0], [5, 39], [2, 17]])
    expected = WatermarkLogitsProcessor(V, "cpu", ratio, 1.5, key)(ids, logits)
    torch.testing.assert_close(mark_logits(logits, ids[:, -1], ratio, 1.5, key), expected)


@pytest.mark.parametrize("unique", [True, False])
def test_detection_is_that_of_transformers(unique):
    from transformers import PreTrainedConfig, WatermarkDetector, WatermarkingConfig

    tokens = torch.randint(V, (60,), generator=torch.Generator().manual_seed(0)).repeat(2)
    config = PreTrainedConfig(bos_token_id=V)
    config.vocab_size, config.is_encoder_decoder = V, False
    detector = WatermarkDetector(config, "cpu", WatermarkingConfig(), ignore_repeated_ngrams=unique)
    its = detector(tokens.unsqueeze(0), return_dict=True)
    green, T, z, _ = detect(tokens, V, unique=unique)
    assert T == its.num_tokens_scored.item() and green == its.num_green_tokens.item()
    assert z == pytest.approx(its.z_score.item())


def test_probability_of_chance_is_that_of_scipy():
    from scipy.stats import binom

    for seed in range(5):
        tokens = torch.randint(V, (80,), generator=torch.Generator().manual_seed(seed))
        green, T, _, chance = detect(tokens, V)
        assert chance == pytest.approx(binom.sf(green - 1, T, 0.25))


def test_defaults_are_those_of_transformers():
    from transformers import WatermarkingConfig

    its = WatermarkingConfig()
    assert (its.greenlist_ratio, its.bias, its.hashing_key) == (0.25, 2.0, 15485863)
    logits, previous = torch.randn(1, V), torch.tensor([3])
    assert torch.equal(mark_logits(logits, previous), mark_logits(logits, previous, 0.25, 2.0, 15485863))
    assert torch.equal(green_list(3, V), green_list(3, V, 0.25, 15485863))
    assert gumbel_score(torch.tensor([1, 2, 3]), V) == gumbel_score(torch.tensor([1, 2, 3]), V, 15485863)


def test_green_is_a_share_of_the_vocabulary_that_changes_with_token_and_key():
    assert green_list(3, V).sum() == 10 and green_list(3, 10, 0.55).sum() == 5
    assert not torch.equal(green_list(3, V), green_list(4, V))
    assert not torch.equal(green_list(3, V), green_list(3, V, hashing_key=8))


def test_after_token_0_all_keys_are_one_as_in_transformers():
    assert torch.equal(green_list(0, V), green_list(0, V, hashing_key=8))


def test_logits_move_by_the_bias_where_green_and_nowhere_else(device):
    logits = torch.randn(2, V, device=device)
    found = mark_logits(logits, torch.tensor([3, 4], device=device), bias=1.5)
    for row, token in enumerate((3, 4)):
        expected = logits[row] + 1.5 * green_list(token, V).to(device)
        torch.testing.assert_close(found[row], expected)
    assert torch.equal(mark_logits(logits, torch.tensor([3, 4], device=device), bias=0.0), logits)


def walk(bias, steps=150):
    draw = torch.Generator().manual_seed(0)
    tokens = torch.tensor([0])
    for _ in range(steps):
        p = mark_logits(torch.zeros(1, V), tokens[-1:], bias=bias).softmax(dim=-1)
        tokens = torch.cat([tokens, torch.multinomial(p[0], 1, generator=draw)])
    return tokens


def test_mark_is_found_with_the_key_and_with_no_other():
    """δ = 2, γ = 1/4, flat logits: a token is green with probability e² / (e² + 3) = 0.71."""
    green, T, z, chance = detect(walk(2.0), V)
    assert green / T == pytest.approx(0.71, abs=0.1) and z > 8 and chance < 1e-12
    assert abs(detect(walk(2.0), V, hashing_key=7)[2]) < 3
    assert abs(detect(walk(0.0), V)[2]) < 3


def test_pairs_count_once_unless_asked():
    tokens = torch.tensor([1, 2, 1, 2, 1])
    assert detect(tokens, V)[1] == 2 and detect(tokens, V, unique=False)[1] == 4
    assert gumbel_score(tokens, V)[1] == 2


def test_z_by_hand():
    """With `green` of 1 scored token: (1 - 1/4) / √(3/16) = √3, or -1/√3; chance of one or more: 1/4, of none: 1."""
    after = green_list(3, V)
    hit, miss = int(after.long().argmax()), int((~after).long().argmax())
    assert detect(torch.tensor([3, hit]), V) == (1, 1, pytest.approx(3**0.5), pytest.approx(0.25))
    assert detect(torch.tensor([3, miss]), V) == (0, 1, pytest.approx(-(3**-0.5)), pytest.approx(1.0))


def test_nothing_green_is_by_chance_for_certain_and_no_more():
    """34 times a pair that is not green: the sum over all 35 counts is 1 and one rounding more."""
    token = next(token for token in range(8) if not green_list(token, 8)[token])
    assert detect(torch.full((35,), token), 8, unique=False)[::3] == (0, 1.0)


def test_seed_is_what_64_bits_hold():
    """Nine times a key of 2^62 + 1, less two times 2^64 - 1, is 2^62 + 11."""
    order = torch.randperm(40, generator=torch.Generator().manual_seed(2**62 + 11))
    assert sorted(order[:10].tolist()) == green_list(9, 40, hashing_key=2**62 + 1).nonzero().flatten().tolist()


def test_gumbels_score_is_a_sum_over_pairs():
    u = [torch.rand(6, generator=torch.Generator().manual_seed(7 * token), dtype=torch.float64) for token in (2, 5)]
    expected = -math.log(1 - u[0][5].item()) - math.log(1 - u[1][2].item())
    score, pairs = gumbel_score(torch.tensor([2, 5, 2]), 6, hashing_key=7)
    assert (score, pairs) == (pytest.approx(expected), 2)


def test_gumbels_draw_has_the_distribution_over_keys():
    p = torch.tensor([0.5, 0.3, 0.2, 0.0])
    draws = torch.tensor([gumbel_choice(p, 3, key) for key in range(4000)])
    torch.testing.assert_close(draws.bincount(minlength=4) / 4000, p, atol=0.025, rtol=0)
    assert gumbel_choice(p, 3, 5) == gumbel_choice(p, 3, 5)


def test_gumbels_score_without_a_mark_is_that_of_scipys_gamma():
    from scipy.stats import gamma, kstest

    tokens = 1 + torch.randperm(V - 1, generator=torch.Generator().manual_seed(1))  # after 0 the key does not count
    scores = [gumbel_score(tokens, V, key)[0] for key in range(1000, 1300)]
    assert kstest(scores, gamma(V - 2).cdf).pvalue > 0.01


def test_gumbels_mark_is_found_with_the_key():
    tokens = [0]
    for step in range(60):
        p = torch.rand(V, generator=torch.Generator().manual_seed(step))
        tokens.append(gumbel_choice(p / p.sum(), tokens[-1]))
    marked, T = gumbel_score(torch.tensor(tokens), V)
    other, _ = gumbel_score(torch.tensor(tokens), V, 9)
    assert marked > 2 * T and abs(other - T) < 4 * T**0.5


TWO = torch.tensor([1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: green_list(1, V, 0.0), "greenlist_ratio 0.0"),
        (lambda: green_list(1, V, 1.0), "greenlist_ratio 1.0"),
        (lambda: mark_logits(torch.zeros(V), TWO), r"\(40,\)"),
        (lambda: mark_logits(torch.zeros(3, V), TWO), r"\(3, 40\), \(2,\)"),
        (lambda: detect(TWO[:1], V), r"\(1,\)"),
        (lambda: detect(TWO.view(1, 2), V), r"\(1, 2\)"),
        (lambda: detect(TWO, 3), "of 3 tokens is none"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    logits = torch.randn(V)
    torch.testing.assert_close(
        essence.mark(logits, 3, 0.25, 2.0, 7), mark_logits(logits[None], TWO[1:] + 1, 0.25, 2.0, 7)[0]
    )
    tokens = walk(1.0)
    assert essence.z_score(tokens.tolist(), V, 0.25, 15485863) == pytest.approx(detect(tokens, V)[2])
    p = torch.rand(V, dtype=torch.float64)
    u = torch.rand(V, generator=torch.Generator().manual_seed(7 * 3), dtype=torch.float64)
    assert essence.gumbel(p, u) == gumbel_choice(p, 3, 7)
