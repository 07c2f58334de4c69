"""Divergences against torch.distributions and trl, the estimates against the exact value, and early stopping."""

import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from snippets.essence import policy_kl as essence
from snippets.policy_kl import exact_kl, policy_kl, should_stop

EXACT = {"atol": 1e-12, "rtol": 1e-12}


def double(values, device):
    """A float64 tensor."""
    return torch.tensor(values, dtype=torch.float64, device=device)


@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_exact_equals_torch_distributions(device, scale):
    logits, other = scale * torch.randn(2, 4, 3, 20, device=device, dtype=torch.float64)
    expected = kl_divergence(Categorical(logits=logits), Categorical(logits=other))
    torch.testing.assert_close(exact_kl(logits, other), expected, atol=1e-9, rtol=1e-9)


def test_exact_equals_trl_in_full(device, trl):
    case = trl["kl"][3]
    assert case["kind"] == "full"
    kls = exact_kl(double(case["logits"], device), double(case["ref_logits"], device))
    torch.testing.assert_close(kls, double(case["kls"], device), **EXACT)


@pytest.mark.parametrize("index", range(2))
def test_estimates_equal_trl(device, trl, index):
    case = trl["ppo"][index]
    logps, old_logps = double(case["logps"], device), double(case["old_logps"], device)
    first, second, _ = policy_kl(logps, old_logps, torch.tensor(case["mask"], device=device))
    assert math.isclose(first.item(), case["policykl"], rel_tol=1e-12)
    assert math.isclose(second.item(), case["approxkl"], rel_tol=1e-12)


def test_stops_where_trl_stops(trl):
    cases = trl["early_stop"]
    assert [should_stop(case["kl"], case["target"]) for case in cases] == [case["stop"] for case in cases]
    assert {case["stop"] for case in cases} == {True, False}


def test_divergences_by_hand(device):
    """p = (1/2, 1/2), q = (3/4, 1/4): KL(p||q) = 1/2 ln(2/3) + 1/2 ln 2 = 1/2 ln(4/3);

    KL(q||p) = 3/4 ln(3/2) + 1/4 ln(1/2). Tokens with d = ln 2 and d = -ln 2: k1 0; k2 (ln 2)² / 2;
    k3 the mean of 1/2 - 1 + ln 2 and 2 - 1 - ln 2, 1/4.
    """
    p, q = double([0.5, 0.5], device).log(), double([0.75, 0.25], device).log()
    assert math.isclose(exact_kl(p, q).item(), 0.5 * math.log(4 / 3))
    assert math.isclose(exact_kl(q, p).item(), 0.75 * math.log(1.5) - 0.25 * math.log(2))
    log2 = math.log(2)
    estimates = policy_kl(double([[-log2, log2]], device), double([[0.0, 0.0]], device))
    assert [x.item() for x in estimates] == pytest.approx([0.0, log2**2 / 2, 0.25], abs=1e-12)
    assert policy_kl(double([[-1.0]], device), double([[0.0]], device))[0].item() == 1.0  # less likely now: positive


def test_first_and_third_estimate_are_unbiased(device):
    """Weighted by the old policy's own probabilities instead of sampled: the means are the divergence exactly."""
    old, new = torch.randn(2, 30, device=device, dtype=torch.float64).log_softmax(dim=-1)
    exact = exact_kl(old, new)
    means = [
        sum(p * k[i].item() for p, k in zip(old.exp().tolist(), estimates, strict=True))
        for estimates in [[policy_kl(b.reshape(1, 1), a.reshape(1, 1)) for a, b in zip(old, new, strict=True)]]
        for i in (0, 2)
    ]
    assert means == pytest.approx([exact.item()] * 2, rel=1e-9)


def test_near_policies_have_about_the_same_divergence_by_all_measures(device):
    old, direction = torch.randn(2, 1, 200, 8, device=device, dtype=torch.float64)
    new = old + 0.01 * direction
    tokens = torch.multinomial(old[0].softmax(dim=-1), 2000, replacement=True).unsqueeze(0)
    logps, old_logps = (x.log_softmax(dim=-1).gather(-1, tokens) for x in (new, old))
    _, second, third = policy_kl(logps.reshape(1, -1), old_logps.reshape(1, -1))
    exact = exact_kl(old, new).mean().item()
    assert math.isclose(second.item(), exact, rel_tol=0.05)
    assert math.isclose(third.item(), exact, rel_tol=0.05)


def test_same_policy_has_no_divergence_and_no_policy_a_negative_one(device):
    logits, other = 5 * torch.randn(2, 100, 9, device=device, dtype=torch.float64)
    assert (exact_kl(logits, logits) == 0).all()
    assert (exact_kl(logits, other) > 0).all()
    torch.testing.assert_close(exact_kl(logits + 7, other - 3), exact_kl(logits, other))
    assert [x.item() for x in policy_kl(logits, logits)] == [0.0, 0.0, 0.0]


def test_banned_tokens(device):
    """Banned in both or in the first: 0 log 0 = 0, forwards and backwards. Banned in the second alone: infinite."""
    inf = math.inf
    both = double([0.0, 1.0, -inf], device).requires_grad_()
    kl = exact_kl(both, double([1.0, 0.0, -inf], device))
    torch.testing.assert_close(kl, exact_kl(both[:2], double([1.0, 0.0], device)))
    kl.backward()
    assert both.grad.isfinite().all()
    assert exact_kl(double([0.0, -inf], device), double([0.0, 0.0], device)).item() == pytest.approx(math.log(2))
    assert exact_kl(double([0.0, 0.0], device), double([0.0, -inf], device)).item() == inf


def test_gradients_are_right(device):
    logits, other = (torch.randn(2, 5, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(exact_kl, (logits, other))


def test_what_stands_under_the_mask_does_not_matter(device):
    logps, old_logps = torch.randn(2, 2, 3, device=device)
    mask = torch.tensor([[True, False, True], [False, True, False]], device=device)
    masked = policy_kl(logps.masked_fill(~mask, math.nan), old_logps.masked_fill(~mask, -math.inf), mask)
    kept = policy_kl(logps[mask].unsqueeze(0), old_logps[mask].unsqueeze(0))
    torch.testing.assert_close(masked, kept)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_and_huge_logits_stay_finite(device, dtype):
    logits, other = (50 * torch.randn(2, 3, 40, device=device)).to(dtype)
    kls = exact_kl(logits, other)
    assert kls.dtype == torch.float32
    torch.testing.assert_close(kls, exact_kl(logits.float(), other.float()))
    logps, old_logps = -logits.abs()[:, :4], -other.abs()[:, :4]
    ours = policy_kl(logps, old_logps)
    torch.testing.assert_close(ours, policy_kl(logps.float(), old_logps.float()))
    huge = torch.tensor([3e4, -3e4], device=device)
    assert exact_kl(huge, -huge).item() == pytest.approx(6e4)


def test_measuring_leaves_no_graph_and_not_a_number_stops(device):
    logps = torch.zeros(1, 2, device=device, requires_grad=True)
    assert not any(x.requires_grad for x in policy_kl(logps, logps + 1))
    assert should_stop(math.nan, 0.1)
    assert not should_stop(0.15, 0.1)
    assert not should_stop(0.75, 0.5)  # no further than is put up with
    assert should_stop(0.15, 0.1, factor=1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact_kl(torch.zeros(2, 3), torch.zeros(2, 4)), "not one shape"),
        (lambda: exact_kl(torch.zeros(2, 0), torch.zeros(2, 0)), "not one shape"),
        (lambda: exact_kl(torch.zeros(()), torch.zeros(())), "not one shape"),
        (lambda: policy_kl(torch.zeros(2, 3), torch.zeros(2, 1)), "not one shape"),
        (lambda: policy_kl(torch.zeros(3), torch.zeros(3)), "not one shape"),
        (lambda: policy_kl(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2, 3)), "not bool"),
        (lambda: policy_kl(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2, 1, dtype=torch.bool)), "not bool"),
        (lambda: should_stop(0.1, 0.0), "target 0.0"),
        (lambda: should_stop(0.1, 0.1, 0.0), "factor 0.0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_masks_of_zeros_and_ones_are_taken_and_no_token_is_no_divergence(device):
    logps, old_logps = torch.randn(2, 2, 3, device=device)
    mask = torch.tensor([[1, 0, 1], [0, 0, 1]], device=device)
    assert policy_kl(logps, old_logps, mask) == policy_kl(logps, old_logps, mask.bool())
    for none in (policy_kl(logps, old_logps, 0 * mask), policy_kl(logps[:0], old_logps[:0])):
        assert [kl.item() for kl in none] == [0, 0, 0]


def test_essence_is_the_module():
    torch.manual_seed(0)
    old_logits, logits = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(essence.exact_kl(old_logits, logits), exact_kl(old_logits, logits))
    logps, old_logps = -torch.rand(2, 3, 5, dtype=torch.float64)
    for ours, shown in zip(policy_kl(logps, old_logps), essence.estimates(logps, old_logps), strict=True):
        torch.testing.assert_close(shown, ours)
    assert [essence.should_stop(kl, 0.01) for kl in (0.014, 0.016)] == [should_stop(kl, 0.01) for kl in (0.014, 0.016)]
