"""The ranking loss against trl, Bradley-Terry's likelihood, and numbers by hand."""

import itertools
import math

import pytest
import torch

from snippets.essence import reward_model_loss as essence
from snippets.reward_model_loss import last_token_rewards, ranking_loss, reward_model_loss

EXACT = {"atol": 1e-12, "rtol": 1e-12}


def double(values, device):
    """A float64 tensor."""
    return torch.tensor(values, dtype=torch.float64, device=device)


@pytest.mark.parametrize("index", range(3))
def test_mean_equals_trl_plain_with_margin_and_centred(device, trl, index):
    case = trl["reward"][index]
    margin = 0.0 if case["margin"] is None else double(case["margin"], device)
    losses = reward_model_loss(double(case["chosen"], device), double(case["rejected"], device), margin, case["center"])
    assert losses.shape == (6,)
    assert math.isclose(losses.mean().item(), case["loss"], rel_tol=1e-12)


def test_pairs_by_hand(device):
    """σ(ln 3) = 3/4, so a difference of ln 3 costs ln(4/3), of 0 ln 2, and of -ln 3 ln 4.

    With a margin of ln 3 the first costs ln 2. Centred with weight 0.5 and rewards (2, 1): 0.5 · 3² = 4.5 on top.
    """
    log3 = math.log(3)
    losses = reward_model_loss(double([log3, 5.0, 0.0], device), double([0.0, 5.0, log3], device))
    torch.testing.assert_close(losses, double([4 / 3, 2.0, 4.0], device).log(), **EXACT)
    assert math.isclose(
        reward_model_loss(double([log3], device), double([0.0], device), margin=log3).item(), math.log(2)
    )
    difference = reward_model_loss(double([2.0], device), double([1.0], device), center=0.5) - reward_model_loss(
        double([2.0], device), double([1.0], device)
    )
    assert math.isclose(difference.item(), 4.5)


def test_ranking_is_the_mean_over_all_pairs(device):
    rewards = torch.randn(3, 5, device=device, dtype=torch.float64)
    expected = [
        sum(math.log1p(math.exp(low - high)) for high, low in itertools.combinations(row, 2)) / math.comb(5, 2)
        for row in rewards.tolist()
    ]
    torch.testing.assert_close(ranking_loss(rewards), double(expected, device), **EXACT)


def test_ranking_of_two_is_the_loss_of_a_pair(device):
    rewards = torch.randn(7, 2, device=device)
    assert torch.equal(ranking_loss(rewards), reward_model_loss(rewards[:, 0], rewards[:, 1]))


def test_gradient_is_the_probability_of_the_wrong_order(device):
    """dL/dΔ = -σ(-Δ): 1/2 at a tie, nearly 1 where the order is wrong, nearly 0 where it is right."""
    chosen = double([-20.0, 0.0, 20.0], device).requires_grad_()
    reward_model_loss(chosen, torch.zeros_like(chosen)).sum().backward()
    torch.testing.assert_close(chosen.grad, -torch.sigmoid(-chosen.detach()))
    assert [round(-g, 6) for g in chosen.grad.tolist()] == [1.0, 0.5, 0.0]


def test_minimum_is_the_share_of_wins(device):
    """Of four comparisons three are won: at the difference ln 3, where σ = 3/4, the mean gradient is zero."""
    difference = double(math.log(3), device).requires_grad_()
    chosen = torch.stack([difference, difference, difference, -difference])
    reward_model_loss(chosen, torch.zeros_like(chosen)).mean().backward()
    assert abs(difference.grad.item()) < 1e-12


def test_only_differences_count_unless_centred(device):
    chosen, rejected = torch.randn(2, 6, device=device, dtype=torch.float64)
    plain = reward_model_loss(chosen, rejected)
    torch.testing.assert_close(reward_model_loss(chosen + 100, rejected + 100), plain)
    assert (reward_model_loss(chosen + 100, rejected + 100, center=0.1) > plain + 100).all()
    assert torch.equal(reward_model_loss(chosen, rejected, center=0.1), plain + 0.1 * (chosen + rejected) ** 2)


def test_huge_rewards_stay_finite(device):
    chosen = torch.tensor([-1e4, 1e4], device=device, requires_grad=True)
    losses = reward_model_loss(chosen, torch.zeros(2, device=device))
    losses.sum().backward()
    assert losses.tolist() == [1e4, 0.0]
    assert chosen.grad.tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_before_subtracting(device, dtype):
    chosen, rejected = (10 + torch.randn(2, 50, device=device)).to(dtype)
    losses = reward_model_loss(chosen, rejected)
    assert losses.dtype == ranking_loss(chosen.reshape(10, 5)).dtype == torch.float32
    torch.testing.assert_close(losses, reward_model_loss(chosen.float(), rejected.float()))


def test_gradients_are_right(device):
    chosen, rejected = (torch.randn(4, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    margin = torch.rand(4, device=device, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda c, r: reward_model_loss(c, r, margin, 0.01), (chosen, rejected))
    assert torch.autograd.gradcheck(
        ranking_loss, torch.randn(2, 4, device=device, dtype=torch.float64, requires_grad=True)
    )


def test_last_token_is_found_under_padding_on_either_side_and_in_holes(device):
    rewards = torch.arange(20.0, device=device).reshape(4, 5)
    mask = torch.tensor(
        [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.bool, device=device
    )
    assert last_token_rewards(rewards, mask).tolist() == [2.0, 9.0, 12.0, 15.0]


def test_last_token_carries_the_only_gradient(device):
    rewards = torch.randn(2, 3, device=device, requires_grad=True)
    mask = torch.tensor([[True, True, False], [True, True, True]], device=device)
    last_token_rewards(rewards, mask).sum().backward()
    assert rewards.grad.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def test_no_pairs_give_no_losses(device):
    empty = torch.zeros(0, device=device)
    assert reward_model_loss(empty, empty).shape == (0,)
    assert ranking_loss(torch.zeros(0, 4, device=device)).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reward_model_loss(torch.zeros(2), torch.zeros(3)), r"rewards \(2,\) and \(3,\)"),
        (lambda: reward_model_loss(torch.zeros(2, 1), torch.zeros(2, 1)), "not one shape"),
        (lambda: reward_model_loss(torch.zeros(2), torch.zeros(2), torch.zeros(2, 1)), r"margin \(2, 1\)"),
        (lambda: ranking_loss(torch.zeros(3, 1)), "K of at least 2"),
        (lambda: ranking_loss(torch.zeros(3)), "K of at least 2"),
        (lambda: last_token_rewards(torch.zeros(1, 2), torch.zeros(1, 2)), "not bool"),
        (lambda: last_token_rewards(torch.zeros(1, 2), torch.ones(1, 3, dtype=torch.bool)), "not bool"),
        (lambda: last_token_rewards(torch.zeros(2), torch.ones(2, dtype=torch.bool)), "not bool"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_tokenizers_mask_is_taken_and_a_sequence_without_a_token_has_reward_zero(device):
    rewards = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [torch.nan] * 3], device=device)
    mask = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 0]], device=device)
    assert last_token_rewards(rewards, mask).tolist() == [2.0, 6.0, 0.0]


def test_essence_is_the_module():
    torch.manual_seed(0)
    rewards = torch.randn(3, 5, dtype=torch.float64)
    mask = torch.arange(5) < torch.tensor([[2], [5], [4]])
    torch.testing.assert_close(essence.score(rewards, mask), last_token_rewards(rewards, mask))
    pair = rewards[:, 0], rewards[:, 1]
    torch.testing.assert_close(essence.pair_loss(*pair), reward_model_loss(*pair))
    torch.testing.assert_close(essence.ranking_loss(rewards), ranking_loss(rewards))
