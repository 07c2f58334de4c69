"""DAPO, GSPO and CISPO against trl's trainer, loops over tokens, closed gradients, and numbers by hand."""

import math

import pytest
import torch

from snippets.essence import sequence_policy_loss as essence
from snippets.sequence_policy_loss import (
    cispo_loss,
    dapo_loss,
    gspo_loss,
    informative_groups,
    soft_overlong_penalty,
)

TRL = {  # of trl 1.16.0: GRPOTrainer._compute_loss, unbound, in float64; by loss_type and importance_sampling_level
    "logps": [
        [-0.838141289719, -0.821081140955, -2.58627888425, -1.97006529176, -2.76758810236],
        [-2.51863612729, -0.884136324039, -1.68216479212, -2.28913023364, -2.27807168164],
        [-0.189063361361, -0.172667499789, -0.502321805395, -0.112901221748, -0.366569527126],
    ],
    "old_logps": [
        [-0.810003904248, -0.861093302257, -2.44861749352, -2.01492576388, -2.08672616079],
        [-2.54595739614, -0.592173856997, -2.01247563997, -2.5136591446, -1.68217052192],
        [-0.276115482347, -0.899270241973, -0.414866496102, -0.251883366456, -0.0102959989066],
    ],
    "dapo": (
        0.023540819844551794,
        [
            [-0.075619816529, -0.0809529335909, -0.0677750658494, -0.0813463715586, -0.0393695949312],
            [0.137026388942, 0.0, 0.185520076684, 0.0, 0.0],
            [-0.0606085299895, 0.0, -0.0, -0.0, 0.0],
        ],
    ),
    "gspo": (
        0.036826888833345395,
        [
            [-0.0400717868582, -0.0400717868582, -0.0400717868582, -0.0400717868582, -0.0400717868582],
            [0.136284163264, 0.136284163264, 0.136284163264, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0],
        ],
    ),
    "cispo": (
        -0.13892126271143596,
        [
            [-0.075619816529, -0.0809529335909, -0.0677750658494, -0.0813463715586, -0.0393695949312],
            [0.137026388942, 0.0995728753242, 0.173333333333, 0.0, 0.0],
            [-0.0606085299895, -0.0, -0.0, -0.0, -0.0],
        ],
    ),
}
LOSSES = {"dapo": dapo_loss, "gspo": gspo_loss, "cispo": cispo_loss}
BOUNDS = {"dapo": (0.2, 0.28), "gspo": (0.02, 0.03), "cispo": (1.0, 0.3)}  # the last one is trl's epsilon_high of 1.3


def batch(device, dtype=torch.float64):
    """Three responses of 5, 3 and 1 tokens, whose ratios lie around 1."""
    logps = -3 * torch.rand(3, 5, device=device, dtype=dtype)
    old_logps = logps + 0.4 * torch.randn(3, 5, device=device, dtype=dtype)
    advantages = torch.tensor([0.7, -1.2, 0.5], device=device, dtype=dtype)
    mask = torch.arange(5, device=device) < torch.tensor([[5], [3], [1]], device=device)
    return logps, old_logps, advantages, mask


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient_equal_trl(device, name):
    logps, old_logps = (torch.tensor(TRL[key], dtype=torch.float64, device=device) for key in ("logps", "old_logps"))
    _, _, advantages, mask = batch(device)
    logps.requires_grad_()
    loss, _ = LOSSES[name](logps, old_logps, advantages, mask, *BOUNDS[name])
    loss.backward()
    value, gradient = TRL[name]
    assert loss.item() == pytest.approx(value, abs=1e-10)
    expected = torch.tensor(gradient, dtype=torch.float64, device=device)
    torch.testing.assert_close(logps.grad, expected, atol=1e-10, rtol=1e-10)


def by_loop(name, logps, old_logps, advantages, mask, low, high):
    """Token by token in Python's floats: the loss, and how many of the tokens are clipped."""
    total, clipped, tokens = 0.0, 0, sum(map(sum, mask))
    for x, old, A, real in zip(logps, old_logps, advantages, mask, strict=True):
        kept = [t for t, one in enumerate(real) if one]
        mean = sum(x[t] - old[t] for t in kept) / max(len(kept), 1)
        for t in kept:
            ratio = math.exp(mean if name == "gspo" else x[t] - old[t])
            bounded = min(max(ratio, 1 - low), 1 + high)
            if name == "cispo":
                loss, cut = -bounded * A * x[t], bounded != ratio
            else:
                loss = -min(ratio * A, bounded * A)
                cut = (A > 0 and ratio > 1 + high) or (A < 0 and ratio < 1 - low)
            total += loss / (len(kept) * len(mask) if name == "gspo" else tokens)
            clipped += cut
    return total, clipped / tokens


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("bounds", [(0.05, 0.1), (0.5, 0.01), (1.0, 4.0)])
def test_loss_and_clipped_share_equal_a_loop(device, name, bounds):
    for _ in range(5):
        rows = batch(device)
        loss, clipped = LOSSES[name](*rows, *bounds)
        expected = by_loop(name, *(row.tolist() for row in rows), *bounds)
        assert (loss.item(), clipped.item()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_defaults_are_those_of_the_papers(device, name):
    rows = batch(device)
    bounds = {"dapo": (0.2, 0.28), "gspo": (3e-4, 4e-4), "cispo": (1.0, 4.0)}[name]
    assert torch.equal(LOSSES[name](*rows)[0], LOSSES[name](*rows, *bounds)[0])


@pytest.mark.parametrize("name", LOSSES)
def test_on_policy_all_have_the_gradient_of_reinforce(device, name):
    """Ratios of 1: minus the advantage over what the mean is of."""
    logps, _, advantages, mask = batch(device)
    logps.requires_grad_()
    loss, clipped = LOSSES[name](logps, logps.detach(), advantages, mask)
    loss.backward()
    shares = mask / (3 * mask.sum(dim=1, keepdim=True)) if name == "gspo" else mask / mask.sum()
    torch.testing.assert_close(logps.grad, -shares * advantages[:, None])
    assert clipped.item() == 0.0


def test_cispo_keeps_the_gradient_that_the_clip_takes(device):
    """One token ten times as likely as it was: DAPO's gradient is 0 there, CISPO's is that of the bound."""
    old = torch.full((1, 4), -3.0, dtype=torch.float64, device=device)
    logps = old + torch.tensor([[0.0, math.log(10.0), 0.0, -0.1]], dtype=torch.float64, device=device)
    one, mask = torch.ones(1, dtype=torch.float64, device=device), torch.ones(1, 4, dtype=torch.long, device=device)
    gradients = {}
    for name, loss in LOSSES.items():
        x = logps.clone().requires_grad_()
        (gradients[name],) = torch.autograd.grad(loss(x, old, one, mask)[0], x)
    expected = {"dapo": [1.0, 0.0, 1.0, math.exp(-0.1)], "cispo": [1.0, 5.0, 1.0, math.exp(-0.1)], "gspo": [0.0] * 4}
    for name, pull in expected.items():
        assert (-4 * gradients[name][0]).tolist() == pytest.approx(pull), name


@pytest.mark.parametrize("name", LOSSES)
def test_one_advantage_a_token(device, name):
    """All the same it changes nothing; by itself each token is pulled by its own."""
    logps, old_logps, advantages, mask = batch(device)
    same = advantages[:, None].expand(3, 5)
    assert torch.equal(
        LOSSES[name](logps, old_logps, same, mask)[0], LOSSES[name](logps, old_logps, advantages, mask)[0]
    )
    own = torch.randn(3, 5, device=device, dtype=torch.float64)
    x = logps.clone().requires_grad_()
    loss, _ = LOSSES[name](x, logps, own, mask, 0.5, 0.5)
    (gradient,) = torch.autograd.grad(loss, x)
    shares = mask / (3 * mask.sum(dim=1, keepdim=True)) if name == "gspo" else mask / mask.sum()
    torch.testing.assert_close(gradient, -shares * own)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_right(device, name):
    """GSPO and DAPO are their losses' own gradients, where no ratio lies at a bound."""
    _, old_logps, advantages, mask = batch(device)
    logps = (old_logps + torch.tensor([0.05, 0.4, -0.4, 0.1, -0.1], device=device)).requires_grad_()
    if name == "cispo":  # its weight is a constant: hold it, and the loss is linear
        weight = (logps - old_logps).exp().clamp(max=1.3).detach()
        expected = -weight * advantages[:, None] * mask / mask.sum()
        (gradient,) = torch.autograd.grad(cispo_loss(logps, old_logps, advantages, mask, 1.0, 0.3)[0], logps)
        torch.testing.assert_close(gradient, expected)
        return
    if name == "dapo":
        assert torch.autograd.gradcheck(lambda x: dapo_loss(x, old_logps, advantages, mask)[0], (logps,))
        return

    def plain(x):
        s = (((x - old_logps) * mask).sum(dim=1) / mask.sum(dim=1)).exp()
        return -torch.minimum(s * advantages, s.clamp(0.98, 1.03) * advantages).mean()

    (found,), (expected,) = (
        torch.autograd.grad(loss(logps), logps)
        for loss in (lambda x: gspo_loss(x, old_logps, advantages, mask, 0.02, 0.03)[0], plain)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", LOSSES)
def test_what_stands_at_padding_reaches_neither_value_nor_gradient(device, name):
    logps, old_logps, advantages, mask = batch(device)
    own = advantages[:, None].expand(3, 5)
    dirty = [x.masked_fill(~mask, math.nan) for x in (logps, old_logps, own)]
    dirty[0].requires_grad_()
    loss, clipped = LOSSES[name](*dirty, mask.long())
    expected = LOSSES[name](logps, old_logps, advantages, mask)
    assert torch.equal(loss, expected[0]) and torch.equal(clipped, expected[1])
    loss.backward()
    assert dirty[0].grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_response_without_a_token_adds_nothing(device, name):
    logps, old_logps, advantages, mask = batch(device)
    mask = mask & (torch.arange(3, device=device)[:, None] < 2)
    found, _ = LOSSES[name](logps, old_logps, advantages, mask)
    two, _ = LOSSES[name](logps[:2], old_logps[:2], advantages[:2], mask[:2])
    assert found.item() == pytest.approx(two.item() * (2 / 3 if name == "gspo" else 1))
    nothing, clipped = LOSSES[name](logps, old_logps, advantages, torch.zeros_like(mask))
    assert nothing.item() == clipped.item() == 0.0


@pytest.mark.parametrize("name", ["dapo", "gspo"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("ratio", [0.75, 1.5])
def test_at_the_bound_and_without_an_advantage_nothing_is_clipped(device, name, sign, ratio):
    """One token: its gradient is whole where its ratio is the bound itself, and it counts as 0 where nothing pulls."""
    old = torch.full((1, 1), -2.0, dtype=torch.float64, device=device)
    mask = torch.ones_like(old, dtype=torch.bool)
    logps, A = (old + math.log(ratio)).requires_grad_(), torch.full((1,), sign, dtype=torch.float64, device=device)
    bound = abs((logps - old).exp().item() - 1)
    loss, clipped = LOSSES[name](logps, old, A, mask, bound, bound)
    (gradient,) = torch.autograd.grad(loss, logps)
    assert clipped.item() == 0.0 and gradient.item() == pytest.approx(-sign * ratio)
    assert LOSSES[name](logps, old, 0 * A, mask, 0.1, 0.1)[1].item() == 0.0


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_is_computed_in_float32_and_old_has_no_gradient(device, name):
    logps, old_logps, advantages, mask = batch(device, torch.bfloat16)
    old_logps.requires_grad_()
    advantages.requires_grad_()
    loss, clipped = LOSSES[name](logps.requires_grad_(), old_logps, advantages, mask, *BOUNDS[name])
    assert loss.dtype == clipped.dtype == torch.float32
    wide = LOSSES[name](logps.float(), old_logps.float(), advantages.float(), mask, *BOUNDS[name])
    assert torch.equal(loss, wide[0])
    loss.backward()
    assert old_logps.grad is None and advantages.grad is None and logps.grad is not None


def test_overlong_penalty_by_hand(device):
    """DAPO's own numbers: 16,384 tokens are free, and at 20,480 it is -1. trl's example: 90 of 100, 20 of them soft."""
    lengths = torch.tensor([1, 16384, 17408, 18432, 20480, 30000], device=device)
    found = soft_overlong_penalty(lengths, 20480, 4096)
    assert found.dtype == torch.float32
    assert found.tolist() == [0.0, 0.0, -0.25, -0.5, -1.0, -1.0]
    assert soft_overlong_penalty(torch.tensor(90, device=device), 100, 20).item() == -0.5
    assert soft_overlong_penalty(torch.tensor([0, 3], device=device), 3, 3).tolist() == [0.0, -1.0]
    assert soft_overlong_penalty(torch.tensor([2, 3], device=device), 3, 1).tolist() == [0.0, -1.0]


def test_groups_that_teach(device):
    rewards = torch.tensor([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, -1.0, -0.5]], device=device)
    assert informative_groups(rewards).tolist() == [False, True, False, True]


ROWS = (torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2), torch.ones(2, 3, dtype=torch.bool))


@pytest.mark.parametrize("name", LOSSES)
def test_wrong_arguments_are_refused(name):
    loss = LOSSES[name]
    for clip, high in ((0.0, 0.2), (1.1, 0.2), (0.2, 0.0), (math.nan, 0.2), (0.2, math.inf)):
        with pytest.raises(ValueError, match=f"clip {clip} or clip_high {high}"):
            loss(*ROWS, clip, high)
    for place in (0, 1, 3):
        with pytest.raises(ValueError, match="not one shape"):
            loss(*(x[:, :2] if at == place else x for at, x in enumerate(ROWS)))
    with pytest.raises(ValueError, match="not one shape"):
        loss(*(x[0] for x in ROWS))
    with pytest.raises(ValueError, match="not one shape"):
        loss(*(x[:0] for x in ROWS))
    with pytest.raises(ValueError, match=r"advantages \(1,\)"):
        loss(ROWS[0], ROWS[1], torch.zeros(1), ROWS[3])
    with pytest.raises(ValueError, match="mask is torch"):
        loss(*ROWS[:3], torch.ones(2, 3))


@pytest.mark.parametrize("cache", [0, 101])
def test_penalty_over_no_token_is_refused(cache):
    with pytest.raises(ValueError, match=f"cache {cache} is not 1 to max_length 100"):
        soft_overlong_penalty(torch.ones(1), 100, cache)


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    logps, old_logps, advantages, mask = batch("cpu")
    for name, loss in LOSSES.items():
        shown = getattr(essence, name)(logps, old_logps, advantages[:, None], mask)
        torch.testing.assert_close(shown, loss(logps, old_logps, advantages, mask)[0])
