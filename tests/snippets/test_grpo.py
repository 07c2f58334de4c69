"""GRPO against a plain loop over its formula and numbers by hand (trl 0.11.4 has none)."""

import math
import statistics

import pytest
import torch

from snippets.essence import grpo as essence
from snippets.grpo import group_advantages, grpo_loss

AVERAGES = ("sequence", "token", "constant")
LONGEST = 10  # tokens that a response may have


def brute_force(logps, old_logps, advantages, mask, ref_logps, beta, low, high, average):
    """The loss by the formula, token by token, in plain Python."""
    responses = []
    for row, old, ref, advantage, keep in zip(logps, old_logps, ref_logps, advantages, mask, strict=True):
        tokens = []
        for new, before, reference, counts in zip(row, old, ref, keep, strict=True):
            if counts:
                ratio = math.exp(new - before)
                clipped = min(max(ratio, 1 - low), 1 + high)
                kl = math.exp(reference - new) - (reference - new) - 1
                tokens.append(-min(ratio * advantage, clipped * advantage) + beta * kl)
        responses.append(tokens)
    if average == "sequence":
        return statistics.fmean(statistics.fmean(tokens) for tokens in responses)
    total = sum(map(sum, responses))
    return total / (sum(map(len, responses)) if average == "token" else len(logps) * LONGEST)


@pytest.fixture
def batch(device):
    """Log-probabilities of a policy, the old one and the reference, advantages, and a ragged mask."""
    logps, old_logps, ref_logps = torch.randn(3, 5, 6, device=device, dtype=torch.float64)
    mask = torch.arange(6, device=device) < torch.tensor([6, 3, 1, 5, 2], device=device).unsqueeze(1)
    mask[3, 0] = False
    return logps, old_logps, torch.randn(5, device=device, dtype=torch.float64), mask, ref_logps


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("beta", "low", "high"), [(0.0, 0.2, 0.2), (0.3, 0.1, 0.4)])
def test_equals_the_formula_in_a_loop(batch, average, beta, low, high):
    loss = grpo_loss(*batch, beta, low, high, average, LONGEST)
    logps, old_logps, advantages, mask, ref_logps = (x.tolist() for x in batch)
    expected = brute_force(logps, old_logps, advantages, mask, ref_logps, beta, low, high, average)
    assert math.isclose(loss.item(), expected, rel_tol=1e-12)


def test_advantages_equal_the_textbook_z_score(device):
    rewards = torch.randn(3, 8, device=device, dtype=torch.float64)
    expected = [[(r - statistics.fmean(row)) / (statistics.stdev(row) + 1e-4) for r in row] for row in rewards.tolist()]
    torch.testing.assert_close(group_advantages(rewards), torch.tensor(expected, device=device, dtype=torch.float64))


def test_advantages_by_hand(device):
    """Rewards (1, 0, 0, 0): mean 1/4, deviations 3/4 and -1/4, unbiased variance (9 + 3) / 16 / 3 = 1/4, std 1/2.

    Scaled (1.5, -0.5, -0.5, -0.5); unscaled the deviations. A group with equal rewards gives nothing.
    """
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.1, 0.1, 0.1, 0.1]], device=device)
    assert group_advantages(rewards, eps=0.0).tolist() == [[1.5, -0.5, -0.5, -0.5], [0.0] * 4]
    assert group_advantages(rewards, scale=False).tolist() == [[0.75, -0.25, -0.25, -0.25], [0.0] * 4]
    torch.testing.assert_close(group_advantages(rewards, eps=0.5)[0, 0].item(), 0.75)


def test_loss_by_hand(device):
    """Two responses of 1 and 3 tokens, advantages 1 and -1, ε = 0.2, ratios (2 | 1, 1, 2), KL terms 0.

    Tokens: -1.2 (clipped) | 1, 1, 2. By sequence (-1.2 + 4/3) / 2; by token 2.8 / 4; constant, with 10 tokens at most,
    2.8 / 20.
    """
    log2 = math.log(2)
    logps = torch.tensor([[log2, 0.0, 0.0], [0.0, 0.0, log2]], device=device, dtype=torch.float64)
    mask = torch.tensor([[True, False, False], [True, True, True]], device=device)
    advantages = torch.tensor([1.0, -1.0], device=device)
    for average, expected in zip(AVERAGES, ((-1.2 + 4 / 3) / 2, 2.8 / 4, 2.8 / 20), strict=True):
        zeros = torch.zeros_like(logps)
        loss = grpo_loss(logps, zeros, advantages, mask, average=average, max_completion_length=LONGEST)
        assert math.isclose(loss.item(), expected, rel_tol=1e-12)
    wide = grpo_loss(logps, torch.zeros_like(logps), advantages, mask, clip_high=0.5, average="token")
    assert math.isclose(wide.item(), (-1.5 + 4) / 4)


def test_kl_term_by_hand(device):
    """d = ln 2 at one token, k = 1/2 - 1 + ln 2; advantage 0, so that only β k is left."""
    logps = torch.zeros(1, 1, device=device, dtype=torch.float64)
    mask = torch.ones(1, 1, dtype=torch.bool, device=device)
    loss = grpo_loss(logps, logps, torch.zeros(1, device=device), mask, logps - math.log(2), beta=0.5)
    assert math.isclose(loss.item(), 0.5 * (math.log(2) - 0.5))


def test_group_advantages_sum_to_zero_and_ignore_shift_and_scale(device):
    rewards = torch.randn(4, 8, device=device, dtype=torch.float64)
    advantages = group_advantages(rewards, eps=0.0)
    torch.testing.assert_close(advantages.sum(dim=1), torch.zeros(4, device=device, dtype=torch.float64))
    torch.testing.assert_close(group_advantages(5 * rewards + 3, eps=0.0), advantages)
    torch.testing.assert_close(group_advantages(5 * rewards, scale=False), 5 * group_advantages(rewards, scale=False))


def test_first_gradient_is_the_policy_gradient_and_pulls_to_the_reference(device):
    logps = torch.randn(4, 3, device=device, dtype=torch.float64, requires_grad=True)
    ref_logps, mask = logps.detach() + 0.5, torch.ones(4, 3, dtype=torch.bool, device=device)
    advantages = torch.randn(4, device=device, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(grpo_loss(logps, logps, advantages, mask), logps)
    torch.testing.assert_close(gradient, -advantages.unsqueeze(1).expand(4, 3) / 12)
    zero = torch.zeros_like(advantages)
    (gradient,) = torch.autograd.grad(grpo_loss(logps, logps, zero, mask, ref_logps, beta=1.0), logps)
    torch.testing.assert_close(gradient, torch.full_like(gradient, (1 - math.exp(0.5)) / 12))


def test_gradients_are_right(batch):
    logps, old_logps, advantages, mask, ref_logps = batch
    logps = logps.clone().requires_grad_()
    for average in AVERAGES:
        assert torch.autograd.gradcheck(
            lambda x, a=average: grpo_loss(x, old_logps, advantages, mask, ref_logps, 0.04, 0.2, 0.2, a, LONGEST),
            (logps,),
        )


def test_gradient_flows_into_the_policy_alone(batch):
    inputs = [x.clone().requires_grad_() if x.is_floating_point() else x for x in batch]
    grpo_loss(*inputs).backward()
    assert inputs[0].grad is not None
    assert inputs[1].grad is inputs[2].grad is inputs[4].grad is None
    assert not group_advantages(torch.randn(2, 3, requires_grad=True)).requires_grad


@pytest.mark.parametrize("average", AVERAGES)
def test_what_stands_under_the_mask_does_not_matter(batch, average):
    logps, old_logps, advantages, mask, ref_logps = batch
    dirty = [x.masked_fill(~mask, bad) for x, bad in ((logps, math.nan), (old_logps, -math.inf), (ref_logps, math.nan))]
    dirty[0].requires_grad_()
    settings = {"average": average, "max_completion_length": LONGEST}
    loss = grpo_loss(dirty[0], dirty[1], advantages, mask, dirty[2], **settings)
    loss.backward()
    assert loss.item() == grpo_loss(*batch, **settings).item()
    assert (dirty[0].grad[~mask] == 0).all()
    assert dirty[0].grad[mask].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(batch, dtype):
    logps, old_logps, advantages, mask, ref_logps = (x.to(dtype) if x.is_floating_point() else x for x in batch)
    loss = grpo_loss(logps, old_logps, advantages, mask, ref_logps)
    assert loss.dtype == torch.float32
    wide = (x.float() if x.is_floating_point() else x for x in (logps, old_logps, advantages, mask, ref_logps))
    torch.testing.assert_close(loss, grpo_loss(*wide))
    assert group_advantages(logps).dtype == torch.float32
    torch.testing.assert_close(group_advantages(logps), group_advantages(logps.float()))


@pytest.mark.parametrize("shape", [(3,), (3, 1), (2, 3, 4)])
def test_groups_of_less_than_two_are_refused(shape):
    with pytest.raises(ValueError, match="G of at least 2"):
        group_advantages(torch.zeros(shape))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clip": 0.0, "clip_high": 0.2}, "clip 0.0"),
        ({"clip_high": 0.0}, "clip_high 0.0"),
        ({"clip_high": -1.0}, "clip_high -1.0"),
        ({"beta": -0.1}, "beta -0.1"),
        ({"average": "mean"}, "average 'mean'"),
        ({"old_logps": torch.zeros(2, 1)}, "are not"),
        ({"advantages": torch.zeros(3)}, "are not"),
        ({"logps": torch.zeros(2)}, "are not"),
        ({"ref_logps": torch.zeros(2, 1)}, r"ref_logps \(2, 1\)"),
        ({"mask": torch.ones(2, 3)}, "not bool"),
        ({"mask": torch.ones(2, 1, dtype=torch.bool)}, "not bool"),
        ({"average": "constant"}, "max_completion_length None"),
        ({"average": "constant", "max_completion_length": 2}, "max_completion_length 2 is not at least 3"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {
        "logps": torch.zeros(2, 3),
        "old_logps": torch.zeros(2, 3),
        "advantages": torch.zeros(2),
        "mask": torch.ones(2, 3, dtype=torch.bool),
    }
    with pytest.raises(ValueError, match=message):
        grpo_loss(**{**arguments, **change})


@pytest.mark.parametrize("average", AVERAGES)
def test_how_wide_the_batch_is_padded_does_not_matter(batch, average):
    """Dr. GRPO's constant is that of the run, not the longest response that happens to be in the batch."""
    settings = {"average": average, "max_completion_length": 12}
    logps, old_logps, advantages, mask, ref_logps = batch
    wide = [torch.nn.functional.pad(x, (0, 6)) for x in (logps, old_logps, mask, ref_logps)]
    loss = grpo_loss(wide[0], wide[1], advantages, wide[2], wide[3], **settings)
    torch.testing.assert_close(loss, grpo_loss(*batch, **settings))


def test_constant_gives_every_token_the_same_push_in_every_batch(device):
    """A response of 2 tokens beside one of 8, and beside one of 2: 1 / (2 · 10) each."""
    for width, lengths in ((8, (2, 8)), (2, (2, 2))):
        mask = torch.arange(width, device=device) < torch.tensor(lengths, device=device).unsqueeze(1)
        logps = torch.zeros(2, width, device=device, requires_grad=True)
        loss = grpo_loss(
            logps, logps, -torch.ones(2, device=device), mask, average="constant", max_completion_length=10
        )
        (gradient,) = torch.autograd.grad(loss, logps)
        torch.testing.assert_close(gradient, mask / 20)


@pytest.mark.parametrize("average", AVERAGES)
def test_masks_of_zeros_and_ones_are_taken_and_a_response_without_tokens_adds_nothing(batch, average):
    logps, old_logps, advantages, mask, _ = batch
    mask = mask.clone()
    mask[2] = False
    settings = {"average": average, "max_completion_length": LONGEST}
    loss = grpo_loss(logps, old_logps, advantages, mask.long(), **settings)
    others = [0, 1, 3, 4]
    fewer = grpo_loss(logps[others], old_logps[others], advantages[others], mask[others], **settings)
    torch.testing.assert_close(loss, fewer * (1 if average == "token" else 4 / 5))
    assert grpo_loss(logps, old_logps, advantages, torch.zeros_like(mask), **settings).item() == 0


def test_a_single_token_is_its_own_mean(device):
    one = torch.zeros(1, 1, device=device)
    for average in ("sequence", "token"):
        loss = grpo_loss(one, one, torch.ones(1, device=device), one == 0, average=average)
        assert loss.item() == -1


def test_no_responses_are_refused():
    empty = torch.zeros(0, 3)
    with pytest.raises(ValueError, match="there is no response"):
        grpo_loss(empty, empty, torch.zeros(0), empty.bool())


def test_smallest_group_and_default_weight_of_the_divergence(device):
    """Two responses; and d = ln 2 with the paper's β = 0.04."""
    assert group_advantages(torch.tensor([[1.0, 0.0]], device=device), scale=False).tolist() == [[0.5, -0.5]]
    logps = torch.zeros(1, 1, device=device, dtype=torch.float64)
    mask = torch.ones(1, 1, dtype=torch.bool, device=device)
    loss = grpo_loss(logps, logps, torch.zeros(1, device=device), mask, logps - math.log(2))
    assert math.isclose(loss.item(), 0.04 * (math.log(2) - 0.5))


def test_essence_is_the_module():
    torch.manual_seed(0)
    rewards = torch.randn(2, 3, dtype=torch.float64)
    torch.testing.assert_close(essence.advantages(rewards), group_advantages(rewards))
    logps, old_logps, ref_logps = -torch.rand(3, 6, 5, dtype=torch.float64)
    mask = torch.arange(5) < torch.tensor([[5], [4], [3], [2], [1], [5]])
    advantages = group_advantages(rewards).flatten()
    gain = essence.gain(logps, old_logps, advantages, eps=0.2)
    shown = essence.grpo(gain, essence.kl(logps, ref_logps), mask, beta=0.3)
    torch.testing.assert_close(shown, grpo_loss(logps, old_logps, advantages, mask, ref_logps, beta=0.3, clip=0.2))
