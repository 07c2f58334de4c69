"""Decoding rules against transformers' warpers, and Gumbel-max against the distribution it should have."""

import math

import pytest
import torch
from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from snippets.essence import sampling as essence
from snippets.sampling import (
    apply_temperature,
    greedy,
    gumbel_max,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    sample,
    sample_from_top,
)

INF = math.inf


def kept(logits):
    """Indices that are left in each row."""
    return [row.isfinite().nonzero().flatten().tolist() for row in logits.reshape(-1, logits.shape[-1])]


@pytest.mark.parametrize(
    ("ours", "theirs", "limits"),
    [
        (apply_temperature, TemperatureLogitsWarper, (0.1, 0.7, 1.0, 3.0)),
        (keep_top_k, TopKLogitsWarper, (1, 2, 50, 1000)),
        (keep_top_p, TopPLogitsWarper, (0.01, 0.5, 0.9, 0.999)),
        (keep_min_p, MinPLogitsWarper, (0.001, 0.05, 0.5, 1.0)),
    ],
)
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_rules_equal_transformers(device, ours, theirs, limits, scale):
    logits = scale * torch.randn(8, 100, device=device, dtype=torch.float64)
    for limit in limits:
        torch.testing.assert_close(ours(logits, limit), theirs(limit)(None, logits.clone()))


def test_rules_in_a_row_equal_transformers(device):
    logits = torch.randn(8, 100, device=device, dtype=torch.float64)
    ours, theirs = apply_temperature(logits, 1.7), TemperatureLogitsWarper(1.7)(None, logits)
    for keep, warper in (
        (keep_top_k(ours, 20), TopKLogitsWarper(20)),
        (keep_top_p(keep_top_k(ours, 20), 0.8), TopPLogitsWarper(0.8)),
        (keep_min_p(keep_top_p(keep_top_k(ours, 20), 0.8), 0.3), MinPLogitsWarper(0.3)),
    ):
        theirs = warper(None, theirs)
        torch.testing.assert_close(keep, theirs)


def test_rules_by_hand(device):
    """Probabilities 0.5, 0.25, 0.15, 0.1.

    Top-p 0.7: 0.5 is not enough, 0.5 + 0.25 is: two. Top-p 0.76: three. Min-p 0.25: at least 0.125: three.
    """
    logits = torch.tensor([0.1, 0.5, 0.15, 0.25], device=device).log()
    assert kept(keep_top_p(logits, 0.7)) == [[1, 3]]
    assert kept(keep_top_p(logits, 0.76)) == [[1, 2, 3]]
    assert kept(keep_min_p(logits, 0.25)) == [[1, 2, 3]]
    assert kept(keep_top_k(logits, 2)) == [[1, 3]]
    assert greedy(logits).item() == 1


def test_temperature_by_hand(device):
    """Logits 2 and 0: p = σ(2 / τ). τ = 2: σ(1) = 0.731059; τ = 0.5: σ(4) = 0.982014."""
    logits = torch.tensor([2.0, 0.0], device=device)
    for temperature, expected in ((2.0, 0.731059), (0.5, 0.982014)):
        probability = apply_temperature(logits, temperature).softmax(dim=-1)[0].item()
        assert math.isclose(probability, expected, abs_tol=1e-6)


def test_temperature_limits_are_uniform_and_greedy(device):
    logits = torch.randn(5, 20, device=device)
    hot, cold = apply_temperature(logits, 1e6).softmax(dim=-1), apply_temperature(logits, 1e-6).softmax(dim=-1)
    torch.testing.assert_close(hot, torch.full_like(hot, 1 / 20), atol=1e-6, rtol=0)
    assert torch.equal(cold.argmax(dim=-1), greedy(logits))
    torch.testing.assert_close(cold.amax(dim=-1), torch.ones(5, device=device))


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 0.99])
def test_nucleus_reaches_top_p_and_needs_every_token(device, top_p):
    logits = torch.randn(20, 50, device=device, dtype=torch.float64)
    probs = logits.softmax(dim=-1)
    for row, left in zip(probs, kept(keep_top_p(logits, top_p)), strict=True):
        inside = row[left]
        assert inside.sum() >= top_p
        assert inside.sum() - inside.min() < top_p
        assert len(left) == 50 or inside.min() >= row[[i for i in range(50) if i not in left]].max()


def test_ties_top_k_keeps_all_equals_and_top_p_the_first(device):
    logits = torch.zeros(4, device=device)
    assert kept(keep_top_k(logits, 2)) == [[0, 1, 2, 3]]
    assert kept(keep_top_p(logits, 0.5)) == [[0, 1]]  # which they reach together
    assert kept(keep_top_p(torch.zeros(64, device=device), 0.5)) == [list(range(32))]
    assert kept(keep_min_p(logits, 1.0)) == [[0, 1, 2, 3]]
    assert greedy(logits).item() == 0


def test_mildest_limits_keep_everything(device):
    logits = 30 * torch.randn(4, 1000, device=device)
    assert torch.equal(keep_top_k(logits, 10**6), logits)
    assert torch.equal(keep_top_p(logits, 1.0), logits)


def test_strictest_limits_keep_the_likeliest(device):
    logits = torch.randn(4, 1000, device=device)
    best = [[index] for index in greedy(logits).tolist()]
    for left in (keep_top_k(logits, 1), keep_top_p(logits, 1e-9), keep_min_p(logits, 1.0)):
        assert kept(left) == best


def test_vocabulary_of_one_token_leaves_no_choice(device):
    logits = torch.full((3, 1), -7.0, device=device)
    assert sample(logits, 0.5, top_k=5, top_p=0.5, min_p=0.5).tolist() == [0, 0, 0]


def test_forbidden_tokens_stay_forbidden(device):
    logits = torch.tensor([-INF, 1.0, -INF, 0.0], device=device)
    for left in (keep_top_k(logits, 3), keep_top_p(logits, 0.99), keep_min_p(logits, 0.01)):
        assert kept(left) == [[1, 3]]
    assert set(gumbel_max(logits.expand(500, 4)).tolist()) == {1, 3}


def test_huge_logits_do_not_overflow(device):
    logits = torch.tensor([[5.9e4, 6e4, -6e4]], device=device, dtype=torch.float16)
    drawn = sample(logits.expand(100, 3), temperature=0.1, top_k=2, top_p=0.9, min_p=0.1)
    assert drawn.tolist() == [1] * 100


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_nucleus_is_summed_in_float32(device, dtype):
    """10,000 equal tokens, top-p 0.9: 9,000. Probabilities and sums rounded to bf16 would keep 8,952."""
    logits = torch.zeros(10_000, device=device, dtype=dtype)
    left = keep_top_p(logits, 0.9)
    assert left.dtype == dtype
    assert abs(len(kept(left)[0]) - 9_000) <= 1


def chi_square(counts, probs):
    """Pearson's statistic of counts against probabilities."""
    expected = counts.sum() * probs
    return ((counts - expected).square() / expected).sum().item()


CHI_SQUARE_4_AT_ONE_PER_MILLE = 18.47  # 99.9 % quantile, 4 degrees of freedom


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_draws_have_the_distribution_of_the_softmax(device, temperature):
    logits = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0], device=device)
    generator = torch.Generator(device).manual_seed(7)
    drawn = sample(logits.expand(20_000, 5), temperature, generator=generator)
    counts = torch.bincount(drawn, minlength=5).double().cpu()
    probs = (logits.double() / temperature).softmax(dim=-1).cpu()
    assert chi_square(counts, probs) < CHI_SQUARE_4_AT_ONE_PER_MILLE
    other = (logits.double() / (1.1 * temperature)).softmax(dim=-1).cpu()
    assert chi_square(counts, other) > CHI_SQUARE_4_AT_ONE_PER_MILLE  # the test would notice 10 % of temperature


def test_draws_from_what_top_k_left_keep_their_odds(device):
    logits = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0], device=device)
    generator = torch.Generator(device).manual_seed(7)
    drawn = sample(logits.expand(20_000, 5), top_k=2, generator=generator)
    assert set(drawn.tolist()) == {0, 1}
    share = 1 / (1 + math.exp(-1.0))  # σ(2 - 1) = 0.731059; the standard deviation of the share is 0.0031
    assert abs((drawn == 0).double().mean().item() - share) < 0.0125


def test_same_generator_state_draws_the_same_and_leaves_the_global_one_alone(device):
    logits = torch.randn(50, 20, device=device)
    state = torch.get_rng_state()
    first, second = (sample(logits, generator=torch.Generator(device).manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, sample(logits, generator=torch.Generator(device).manual_seed(4)))


@pytest.mark.parametrize("extreme", [0.0, 1 - 2**-53])
def test_extreme_random_numbers_do_not_break_the_draw(device, monkeypatch, extreme):
    """-log(-log 0) is -inf; then the only token allowed would tie with all forbidden ones, and the first would win."""
    monkeypatch.setattr(torch, "rand", lambda shape, generator, **like: torch.full(shape, extreme, **like))
    assert gumbel_max(torch.tensor([-INF, -INF, 0.0], device=device)).item() == 2


def test_temperature_zero_is_greedy(device):
    logits = torch.randn(50, 20, device=device)
    assert torch.equal(sample(logits, temperature=0, top_k=5), greedy(logits))


@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 3, 7)])
def test_any_leading_shape_is_drawn_row_by_row(device, shape):
    logits = torch.randn(shape, device=device)
    drawn = sample(logits, 0.8, top_k=5, top_p=0.9, min_p=0.05)
    assert drawn.shape == shape[:-1]
    assert drawn.dtype == torch.int64
    assert ((drawn >= 0) & (drawn < 7)).all()


def test_inputs_stay_as_they_were(device):
    logits = torch.randn(3, 7, device=device)
    before = logits.clone()
    sample(logits, 0.8, top_k=3, top_p=0.9, min_p=0.05)
    assert torch.equal(logits, before)


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        (apply_temperature, 0.0),
        (apply_temperature, -1.0),
        (apply_temperature, math.nan),
        (keep_top_k, 0),
        (keep_top_p, 0.0),
        (keep_top_p, 1.1),
        (keep_top_p, math.nan),
        (keep_min_p, 0.0),
        (keep_min_p, 1.1),
    ],
)
def test_limits_out_of_range_are_refused(rule, limit):
    with pytest.raises(ValueError, match=str(limit)):
        rule(torch.zeros(3), limit)


def test_sample_refuses_what_its_steps_refuse():
    for wrong in ({"temperature": -1.0}, {"top_k": 0}, {"top_p": 0.0}, {"min_p": 2.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            sample(torch.zeros(3), **wrong)


@pytest.mark.parametrize("limits", [{}, {"top_p": 0.8}, {"min_p": 0.2}, {"top_p": 0.9, "min_p": 0.1}])
@pytest.mark.parametrize("ties", [False, True])
def test_draws_from_the_top_are_those_of_the_full_vocabulary(device, limits, ties, monkeypatch):
    """The same noise for each token, however many take part: then both forms draw the same tokens."""
    logits = 2 * torch.randn(40, 30, device=device, dtype=torch.float64)
    if ties:
        logits = logits.round()  # equal logits at the edge of top-k, and of top-p within
    noise = {}

    def same_noise(short, generator):
        """Gumbel noise that depends on the logit and on how many equals stand before it."""
        before = (short.unsqueeze(-1) == short.unsqueeze(-2)).tril(-1).sum(dim=-1)
        for value, nth in zip(short.flatten().tolist(), before.flatten().tolist(), strict=True):
            noise.setdefault((value, nth), 20 * (len(noise) * 0.618 % 1))  # enough for any token to win
        pairs = zip(short.flatten().tolist(), before.flatten().tolist(), strict=True)
        return (short + torch.tensor([noise[pair] for pair in pairs], device=device).view_as(short)).argmax(dim=-1)

    monkeypatch.setattr("snippets.sampling.gumbel_max", same_noise)
    for top_k in (1, 2, 5, 29, 30, 99):
        full = sample(logits, 0.7, top_k, **limits)
        assert torch.equal(sample_from_top(logits, top_k, 0.7, **limits), full)


def test_draws_from_the_top_are_among_one_more_unless_it_ties(device, monkeypatch):
    widths = []
    monkeypatch.setattr(
        "snippets.sampling.gumbel_max", lambda short, _: widths.append(short.shape[-1]) or greedy(short)
    )
    for logits in (torch.arange(6.0, device=device), torch.zeros(6, device=device)):
        for top_k in (1, 3):
            sample_from_top(logits, top_k)
    assert widths == [2, 4, 6, 6]


def test_draws_from_the_top_keep_their_odds(device):
    logits = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0], device=device)
    generator = torch.Generator(device).manual_seed(7)
    drawn = sample_from_top(logits.expand(20_000, 5), 2, generator=generator)
    assert set(drawn.tolist()) == {0, 1}
    assert abs((drawn == 0).double().mean().item() - 1 / (1 + math.exp(-1.0))) < 0.0125


def test_top_of_one_and_temperature_zero_are_greedy(device):
    logits = torch.randn(50, 20, device=device)
    assert torch.equal(sample_from_top(logits, 1), greedy(logits))
    assert torch.equal(sample_from_top(logits, 5, temperature=0), greedy(logits))
    with pytest.raises(ValueError, match="top_k 0"):
        sample_from_top(logits, 0)


def test_essence_draws_as_the_module():
    for seed in range(40):
        torch.manual_seed(seed)
        logits = 2 * torch.randn(50)
        for tau, k, p, min_p in ((1.0, 50, 1.0, 1e-9), (0.7, 10, 0.9, 0.05), (1.5, 50, 0.6, 1e-9), (2.0, 50, 1.0, 0.3)):
            torch.manual_seed(seed)
            expected = sample(logits, tau, k, p, min_p)
            torch.manual_seed(seed)
            assert essence.sample(logits, tau, k, p, min_p) == expected
