"""GAE against trl, brute force and its two limits; the scan against the recursion."""

import math

import pytest
import torch

from snippets.essence import gae as essence
from snippets.gae import gae, gae_scan, whiten

FORMS = [gae, gae_scan]
EXACT = {"atol": 1e-10, "rtol": 1e-10}


def tensors(case, device):
    """Rewards, values and mask of one of trl's cases."""
    rewards, values = (torch.tensor(case[name], dtype=torch.float64, device=device) for name in ("rewards", "values"))
    return rewards, values, torch.tensor(case["mask"], device=device)


def brute_force(rewards, values, gamma, lam):
    """One row by the defining double sum, in plain Python."""
    following = [*values[1:], 0.0]
    deltas = [reward + gamma * after - value for reward, value, after in zip(rewards, values, following, strict=True)]
    steps = range(len(deltas))
    return [sum((gamma * lam) ** (later - now) * deltas[later] for later in steps if later >= now) for now in steps]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("index", range(4))
def test_equals_trl_where_the_mask_holds(device, trl, form, index):
    case = trl["gae"][index]
    rewards, values, mask = tensors(case, device)
    advantages, returns = form(rewards, values, case["gamma"], case["lam"], mask)
    for ours, theirs in ((advantages, case["advantages"]), (returns, case["returns"])):
        torch.testing.assert_close(ours[mask], torch.tensor(theirs, dtype=ours.dtype, device=device)[mask], **EXACT)
    whitened = torch.tensor(case["whitened"], dtype=torch.float64, device=device)
    torch.testing.assert_close(whiten(advantages, mask)[mask], whitened[mask], **EXACT)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (0.0, 0.7), (0.7, 0.0)])
def test_equals_the_double_sum(device, form, gamma, lam):
    rewards, values = (torch.randn(3, 9, dtype=torch.float64, device=device) for _ in range(2))
    rows = zip(rewards.tolist(), values.tolist(), strict=True)
    expected = torch.tensor([brute_force(*row, gamma, lam) for row in rows], dtype=torch.float64, device=device)
    torch.testing.assert_close(form(rewards, values, gamma, lam)[0], expected, **EXACT)


@pytest.mark.parametrize("form", FORMS)
def test_three_steps_by_hand(device, form):
    """γ = 1, λ = 1/2, rewards (0, 0, 1), values (0.5, 0.25, 0.5).

    δ₂ = 1 - 0.5 = 0.5; δ₁ = 0.5 - 0.25 = 0.25; δ₀ = 0.25 - 0.5 = -0.25.
    A₂ = 0.5; A₁ = 0.25 + 0.5/2 = 0.5; A₀ = -0.25 + 0.5/2 = 0. Returns: A + V = (0.5, 0.75, 1).
    """
    rewards, values = torch.tensor([[[0.0, 0.0, 1.0]], [[0.5, 0.25, 0.5]]], device=device)
    advantages, returns = form(rewards, values, gamma=1.0, lam=0.5)
    assert advantages.tolist() == [[0.0, 0.5, 0.5]]
    assert returns.tolist() == [[0.5, 0.75, 1.0]]


@pytest.mark.parametrize("form", FORMS)
def test_lam_one_is_the_monte_carlo_return_minus_the_value(device, form):
    rewards, values = (torch.randn(2, 30, dtype=torch.float64, device=device) for _ in range(2))
    discounts = 0.9 ** torch.arange(30, dtype=torch.float64, device=device)
    monte_carlo = torch.stack([(rewards[:, t:] * discounts[: 30 - t]).sum(dim=1) for t in range(30)], dim=1)
    advantages, returns = form(rewards, values, gamma=0.9, lam=1.0)
    torch.testing.assert_close(returns, monte_carlo, **EXACT)
    torch.testing.assert_close(advantages, monte_carlo - values, **EXACT)


@pytest.mark.parametrize("form", FORMS)
def test_lam_zero_is_the_one_step_error(device, form):
    rewards, values = (torch.randn(2, 8, dtype=torch.float64, device=device) for _ in range(2))
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    torch.testing.assert_close(form(rewards, values, 0.9, 0.0)[0], rewards + 0.9 * following - values, **EXACT)


@pytest.mark.parametrize("form", FORMS)
def test_exact_critic_leaves_no_advantage(device, form):
    """If the values are the discounted sums of what follows, every δ is 0."""
    rewards = torch.randn(2, 8, dtype=torch.float64, device=device)
    _, values = gae(rewards, torch.zeros_like(rewards), gamma=0.9, lam=1.0)
    torch.testing.assert_close(form(rewards, values, 0.9, 0.5)[0], torch.zeros_like(rewards), **EXACT)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 64, 333])
def test_scan_equals_recursion(device, length):
    rewards, values = (torch.randn(4, length, dtype=torch.float64, device=device) for _ in range(2))
    mask = torch.rand(4, length, device=device) < torch.tensor([[1.0], [0.9], [0.5], [0.1]], device=device)
    for gamma, lam in ((1.0, 0.95), (1.0, 1.0), (0.5, 0.5), (0.0, 0.0)):
        for ours, theirs in zip(
            gae_scan(rewards, values, gamma, lam, mask), gae(rewards, values, gamma, lam, mask), strict=True
        ):
            torch.testing.assert_close(ours, theirs, **EXACT)


def test_scan_of_a_long_row_is_as_exact_as_float32_can_be(device):
    rewards, values = torch.randn(2, 5000, device=device), torch.randn(2, 5000, device=device)
    expected, _ = gae(rewards.double(), values.double(), 1.0, 0.99)
    torch.testing.assert_close(gae_scan(rewards, values, 1.0, 0.99)[0], expected.float(), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_masked_steps_count_as_if_they_were_not_there(device, form):
    """Prompt on the left, a tool's output in the middle, padding on the right."""
    mask = torch.tensor([[0, 0, 1, 1, 0, 0, 1, 1, 1, 0]], dtype=torch.bool, device=device)
    rewards, values = (torch.randn(1, 10, dtype=torch.float64, device=device) for _ in range(2))
    advantages, returns = form(rewards, values, 0.9, 0.8, mask)
    expected = gae(rewards[mask][None], values[mask][None], 0.9, 0.8)
    torch.testing.assert_close(advantages[mask][None], expected[0], **EXACT)
    torch.testing.assert_close(returns[mask][None], expected[1], **EXACT)
    assert advantages[~mask].abs().max() == 0
    assert returns[~mask].abs().max() == 0


@pytest.mark.parametrize("form", FORMS)
def test_what_masked_steps_hold_does_not_matter(device, form):
    mask = torch.tensor([[True, True, False]], device=device)
    rewards, values = (torch.tensor([[1.0, 2.0, garbage]], device=device) for garbage in (float("nan"), float("inf")))
    advantages, returns = form(rewards, values, 1.0, 1.0, mask)
    assert advantages.tolist() == [[2.0, 0.0, 0.0]]
    assert returns.tolist() == [[3.0, 2.0, 0.0]]


@pytest.mark.parametrize("form", FORMS)
def test_row_without_a_step_is_zero(device, form):
    rewards, values = torch.randn(2, 5, device=device), torch.randn(2, 5, device=device)
    mask = torch.zeros(2, 5, dtype=torch.bool, device=device)
    assert all(tensor.abs().max() == 0 for tensor in form(rewards, values, mask=mask))


@pytest.mark.parametrize("form", FORMS)
def test_single_step_is_reward_minus_value(device, form):
    advantages, returns = form(torch.tensor([[3.0]], device=device), torch.tensor([[1.0]], device=device))
    assert (advantages.item(), returns.item()) == (2.0, 3.0)


@pytest.mark.parametrize("form", FORMS)
def test_empty_rows_give_empty_results(device, form):
    empty = torch.zeros(2, 0, device=device)
    assert [tensor.shape for tensor in form(empty, empty)] == [(2, 0), (2, 0)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(device, form, dtype):
    rewards, values = (torch.randn(2, 500, device=device).to(dtype) for _ in range(2))
    advantages, returns = form(rewards, values, 1.0, 0.99)
    expected = gae(rewards.double(), values.double(), 1.0, 0.99)
    assert advantages.dtype == returns.dtype == torch.float32
    torch.testing.assert_close(advantages, expected[0].float(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_results_carry_no_gradient_and_inputs_stay_as_they_were(device, form):
    rewards, values = torch.randn(2, 5, device=device), torch.randn(2, 5, device=device, requires_grad=True)
    before = rewards.clone(), values.clone()
    advantages, returns = form(rewards, values)
    assert not advantages.requires_grad
    assert not returns.requires_grad
    assert torch.equal(rewards, before[0])
    assert torch.equal(values, before[1])


def test_whitened_steps_have_mean_zero_and_variance_one(device):
    mask = torch.rand(4, 50, device=device) < 0.7
    advantages = 5 + 3 * torch.randn(4, 50, device=device)
    kept = whiten(advantages, mask)[mask]
    assert abs(kept.mean().item()) < 1e-5
    assert abs(kept.var().item() - 1) < 1e-5
    torch.testing.assert_close(whiten(advantages * 7 + 2, mask), whiten(advantages, mask), atol=1e-5, rtol=1e-5)


def test_equal_advantages_whiten_to_zero_and_not_to_nan(device):
    assert whiten(torch.full((2, 3), 4.0, device=device)).abs().max() == 0


def test_two_steps_whiten_by_hand(device):
    """1 and 3 have mean 2 and variance ((-1)² + 1²) / (2 - 1) = 2."""
    half = 0.5**0.5
    torch.testing.assert_close(
        whiten(torch.tensor([[1.0, 3.0]], device=device)), torch.tensor([[-half, half]], device=device)
    )


def test_one_step_or_none_becomes_zero(device):
    """No question is put to the GPU: a single step is its own mean."""
    steps = torch.tensor([[7.0, math.nan, 5.0]], device=device)
    for mask in ([[1, 0, 0]], [[0, 0, 0]]):
        assert whiten(steps, torch.tensor(mask, device=device)).tolist() == [[0.0, 0.0, 0.0]]


def test_half_precision_is_whitened_in_float32(device):
    """In bfloat16 a mean of 256 and 257 would be 256."""
    advantages = torch.tensor([[256.0, 258.0]], device=device, dtype=torch.bfloat16)
    torch.testing.assert_close(whiten(advantages), torch.tensor([[-(0.5**0.5), 0.5**0.5]], device=device))


@pytest.mark.parametrize("form", FORMS)
def test_masks_of_zeros_and_ones_are_taken(device, form):
    rewards, values = torch.randn(2, 2, 5, device=device)
    mask = torch.tensor([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0]], device=device)
    assert torch.equal(form(rewards, values, mask=mask)[0], form(rewards, values, mask=mask.bool())[0])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lam": 1.5}, r"lam 1.5"),
        ({"rewards": torch.zeros(2, 3)}, r"rewards \(2, 3\) and values \(2, 4\)"),
        ({"values": torch.zeros(4), "rewards": torch.zeros(4)}, r"are not both \(B, T\)"),
        ({"gamma": 1.1}, r"gamma 1.1"),
        ({"lam": -0.1}, r"lam -0.1"),
        ({"mask": torch.ones(2, 4)}, r"mask is torch.float32"),
        ({"mask": torch.ones(4, dtype=torch.bool)}, r"not bool or 0/1 \(2, 4\)"),
    ],
)
def test_wrong_arguments_are_refused(form, change, message):
    with pytest.raises(ValueError, match=message):
        form(**{"rewards": torch.zeros(2, 4), "values": torch.zeros(2, 4), **change})


def test_essence_is_the_module():
    torch.manual_seed(0)
    rewards, values = torch.randn(2, 3, 9, dtype=torch.float64)
    for gamma, lam in ((1.0, 0.95), (0.9, 0.5)):
        for ours, shown in zip(gae(rewards, values, gamma, lam), essence.gae(rewards, values, gamma, lam), strict=True):
            torch.testing.assert_close(shown, ours)
