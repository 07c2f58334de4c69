"""Policy gradients against the exact gradient of the expected reward: every group that can be sampled, enumerated."""

import itertools

import pytest
import torch

from snippets.essence import policy_gradient_variants as essence
from snippets.grpo import group_advantages
from snippets.policy_gradient_variants import (
    dr_grpo_advantages,
    policy_gradient_loss,
    reinforce_advantages,
    reinforce_plus_plus_advantages,
    rloo_advantages,
)

LETTERS = 2
SENTENCES = [(0,), (1, 0), (1, 1)]  # 0 ends a response, two letters are the most: lengths differ
REWARDS = torch.tensor([1.0, 9.0, 2.5], dtype=torch.float64)
G = 3


def tables():
    """Logits of the first letter and of the second."""
    return torch.tensor([[0.3, -0.2], [0.5, 0.1]], dtype=torch.float64, requires_grad=True)


def logps_of(logits, sentences):
    """Log-probabilities `(N, 2)` of the letters, and which of them there are."""
    table = logits.log_softmax(dim=-1)
    rows = [torch.stack([table[t, s[t]] if t < len(s) else table.new_tensor(-7.0) for t in (0, 1)]) for s in sentences]
    return torch.stack(rows), torch.tensor([[True, len(s) > 1] for s in sentences])


def probabilities(logits):
    logps, mask = logps_of(logits, SENTENCES)
    return torch.where(mask, logps, 0.0).sum(dim=1).exp()


def exact_gradient():
    logits = tables()
    return torch.autograd.grad((probabilities(logits) * REWARDS).sum(), logits)[0]


def moments(advantages):
    """Mean and summed variance of the gradient that one group of `G` gives, over all groups."""
    logits = tables()
    p = probabilities(logits).detach()
    mean, square = torch.zeros_like(logits), 0.0
    for group in itertools.product(range(len(SENTENCES)), repeat=G):
        logps, mask = logps_of(logits, [SENTENCES[i] for i in group])
        loss = policy_gradient_loss(logps, advantages(REWARDS[list(group)].unsqueeze(0)).flatten(), mask)
        gradient = -torch.autograd.grad(loss, logits)[0]
        weight = p[list(group)].prod()
        mean, square = mean + weight * gradient, square + weight * gradient.square().sum()
    return mean.detach(), square - mean.square().sum()


def test_reinforce_and_rloo_are_unbiased_and_dr_grpo_is_shorter_by_a_known_factor():
    exact = exact_gradient()
    for baseline in (0.0, 2.0):
        torch.testing.assert_close(moments(lambda r, b=baseline: reinforce_advantages(r, b))[0], exact)
    torch.testing.assert_close(moments(rloo_advantages)[0], exact)
    torch.testing.assert_close(moments(dr_grpo_advantages)[0], exact * (G - 1) / G)


def test_dividing_by_the_deviation_turns_the_gradient():
    """GRPO's is no multiple of the exact one: what is left out by Dr. GRPO."""
    biased, exact = moments(lambda r: group_advantages(r, eps=1e-9))[0].flatten(), exact_gradient().flatten()
    assert torch.cosine_similarity(biased, exact, dim=0) < 0.995
    ours = moments(dr_grpo_advantages)[0].flatten()
    assert torch.cosine_similarity(ours, exact, dim=0) > 1 - 1e-12


def test_adding_a_constant_to_all_rewards_is_noise_to_reinforce_and_nothing_to_the_others():
    for advantages, shifted in ((reinforce_advantages, 10.0), (rloo_advantages, 1.0), (dr_grpo_advantages, 1.0)):
        before, after = moments(advantages)[1], moments(lambda r, a=advantages: a(r + 20))[1]
        assert after >= before * (shifted - 1e-9)
        assert shifted > 1 or after == pytest.approx(before.item())


def test_advantages_by_hand(device):
    """Rewards 1, 0, 0, 1: the others of a right one have mean 1/3, of a wrong one 2/3."""
    rewards = torch.tensor([[1, 0, 0, 1]], device=device)
    expected = torch.tensor([[2.0, -2, -2, 2]], device=device) / 3
    torch.testing.assert_close(rloo_advantages(rewards), expected)
    torch.testing.assert_close(dr_grpo_advantages(rewards), expected * 3 / 4)
    assert reinforce_advantages(rewards, 0.5).tolist() == [[0.5, -0.5, -0.5, 0.5]]


@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_plus_plus_equals_a_loop_and_ignores_padding(device, beta):
    rewards = torch.randn(4, device=device)
    logps, ref = torch.randn(4, 5, device=device), torch.randn(4, 5, device=device)
    mask = torch.arange(5, device=device) < torch.tensor([[5], [1], [3], [2]], device=device)
    token = {}
    for i, t in mask.nonzero().tolist():
        k = sum((logps[i, s] - ref[i, s]).item() for s in range(t, 5) if mask[i, s])
        token[i, t] = rewards[i].item() - beta * k
    values = torch.tensor(list(token.values()), dtype=torch.float64)
    expected = (values - values.mean()) / values.std(correction=0)
    logps[~mask] = float("nan")
    found = reinforce_plus_plus_advantages(rewards, logps, ref, mask, beta)
    torch.testing.assert_close(found[mask].double().cpu(), expected, atol=1e-5, rtol=1e-5)
    assert (found[~mask] == 0).all()
    assert not found.requires_grad


def test_plus_plus_gives_zero_where_all_rewards_are_the_same(device):
    logps = torch.randn(3, 2, device=device)
    ones = torch.ones(3, device=device)
    assert (reinforce_plus_plus_advantages(ones, logps, logps, torch.ones(3, 2, device=device).bool()) == 0).all()


def test_loss_by_hand(device):
    """(2 (-1 - 2) + -1 (-3)) / 2 = -1.5, with its sign turned 1.5; over a constant 4 besides, 0.375."""
    logps = torch.tensor([[-1.0, -2.0], [-3.0, float("nan")]], device=device)
    mask = torch.tensor([[1, 1], [1, 0]], device=device)
    advantages = torch.tensor([2.0, -1.0], device=device)
    assert policy_gradient_loss(logps, advantages, mask).item() == 1.5
    assert policy_gradient_loss(logps, advantages.unsqueeze(1).expand(2, 2), mask).item() == 1.5
    assert policy_gradient_loss(logps, advantages, mask, max_completion_length=4).item() == 0.375


def test_gradients_are_right(device):
    logps = torch.randn(3, 4, device=device, dtype=torch.float64, requires_grad=True)
    advantages = torch.randn(3, device=device, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], device=device)
    assert torch.autograd.gradcheck(lambda x: policy_gradient_loss(x, advantages, mask), logps)
    policy_gradient_loss(logps, advantages, mask).backward()
    assert advantages.grad is None


def test_padding_of_nan_leaves_the_gradient_clean(device):
    logps = torch.tensor([[0.0, float("nan")]], device=device, requires_grad=True)
    policy_gradient_loss(logps, torch.ones(1, device=device), torch.tensor([[1, 0]], device=device)).backward()
    assert logps.grad.tolist() == [[-1.0, 0.0]]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_narrow_rewards_are_counted_in_float32(device, dtype):
    rewards = torch.rand(2, 64, device=device, dtype=dtype)
    for advantages in (rloo_advantages, dr_grpo_advantages, reinforce_advantages):
        assert advantages(rewards).dtype == torch.promote_types(dtype, torch.float32)
    torch.testing.assert_close(
        rloo_advantages(rewards), rloo_advantages(rewards.double()).to(torch.promote_types(dtype, torch.float32))
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rloo_advantages(torch.ones(3, 1)), "G of at least 2"),
        (lambda: dr_grpo_advantages(torch.ones(3)), "G of at least 2"),
        (lambda: policy_gradient_loss(torch.ones(2, 3), torch.ones(3), torch.ones(2, 3)), r"\(2, 3\), \(3,\)"),
        (lambda: policy_gradient_loss(torch.ones(0, 3), torch.ones(0), torch.ones(0, 3)), "no response"),
        (lambda: policy_gradient_loss(torch.ones(1, 3), torch.ones(1), torch.ones(1, 3), 2), "length 2 is below 3"),
        (lambda: reinforce_plus_plus_advantages(torch.ones(1), *[torch.ones(2, 3)] * 3), r"\(1,\)"),
        (lambda: reinforce_plus_plus_advantages(torch.ones(2), *[torch.ones(2, 3)] * 3, -1.0), "beta -1.0"),
        (lambda: reinforce_plus_plus_advantages(torch.ones(2), *[torch.zeros(2, 3)] * 3), "no token"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    rewards, logps, ref = torch.randn(2, 3), torch.randn(6, 4), torch.randn(6, 4)
    mask = torch.arange(4) < torch.tensor([[4], [2], [1], [3], [4], [2]])
    torch.testing.assert_close(essence.rloo(rewards), rloo_advantages(rewards))
    torch.testing.assert_close(essence.dr_grpo(rewards), dr_grpo_advantages(rewards))
    advantages = essence.reinforce_pp(rewards.flatten(), logps, ref, mask, beta=0.2)
    expected = reinforce_plus_plus_advantages(rewards.flatten(), logps, ref, mask, beta=0.2)
    torch.testing.assert_close(advantages, expected)
    torch.testing.assert_close(essence.loss(logps, advantages, mask), policy_gradient_loss(logps, advantages, mask))
