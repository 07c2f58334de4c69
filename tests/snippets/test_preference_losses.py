"""cDPO, rDPO, KTO, ORPO and SimPO against trl, numbers by hand, the mean over flipped labels, and their gradients."""

import math

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import preference_losses as essence
from snippets.preference_losses import kto_loss, kto_reference_point, noisy_dpo_loss, orpo_loss, simpo_loss


def rows(device, *values):
    """Tensors of one row each."""
    return [torch.tensor(value, dtype=torch.float64, device=device) for value in values]


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("index", [0, 1])
def test_cdpo_equals_trl(device, trl, index):
    case = trl["dpo"][index]
    chosen, rejected, ref_chosen, ref_rejected, losses = rows(device, *case["logps"], case["losses"])
    margins = case["beta"] * (chosen - rejected - ref_chosen + ref_rejected)
    close(noisy_dpo_loss(margins, case["label_smoothing"]), losses)


def test_rdpo_equals_trl(device, trl):
    case = trl["preference"]["robust"]
    chosen, rejected, ref_chosen, ref_rejected, losses = rows(device, *case["logps"], case["losses"])
    margins = case["beta"] * (chosen - rejected - ref_chosen + ref_rejected)
    close(noisy_dpo_loss(margins, case["label_smoothing"], robust=True), losses)


@pytest.mark.parametrize("index", [0, 1])
def test_kto_equals_trl(device, trl, index):
    case = trl["preference"]["kto"][index]
    chosen, rejected, others, ref_chosen, ref_rejected, ref_others = rows(device, *case["logps"])
    z0 = kto_reference_point(others, ref_others)
    close(z0, torch.tensor(case["kl"], dtype=torch.float64, device=device))
    desirable = torch.arange(10, device=device) < 5
    policy, reference = torch.cat([chosen, rejected]), torch.cat([ref_chosen, ref_rejected])
    found = kto_loss(policy, reference, desirable, z0, 0.1, *case["weights"])
    close(found, torch.tensor(case["losses"], dtype=torch.float64, device=device))


def test_orpo_equals_trl(device, trl):
    """trl's part is the odds ratio's, with its sign turned: it is taken off the fine-tuning loss."""
    case = trl["preference"]["odds_ratio"]
    chosen, rejected, odds = rows(device, *trl["preference"]["means"], case["losses"])
    close(orpo_loss(chosen, rejected, case["beta"]), -chosen - odds)
    close(orpo_loss(chosen, rejected, case["beta"], nll_loss=torch.tensor(7.0)), 7 - odds)


def test_simpo_equals_trl(device, trl):
    case = trl["preference"]["simpo"]
    chosen, rejected, losses = rows(device, *trl["preference"]["means"], case["losses"])
    close(simpo_loss(chosen, rejected, case["beta"], case["gamma"]), losses)


def test_by_hand(device):
    """KTO: a gain of log 3 is σ = 3/4. ORPO: odds of 3 and 1/3 are 9 to 1. SimPO: 2 (-1 + 2) - 1 = 1."""
    three = torch.tensor([math.log(3.0)] * 2, device=device)
    found = kto_loss(three, torch.zeros(2, device=device), torch.tensor([True, False], device=device), 0.0, beta=1.0)
    torch.testing.assert_close(found, torch.tensor([0.25, 0.75], device=device))
    logps = [torch.tensor([math.log(p)], device=device) for p in (0.75, 0.25)]
    expected = -math.log(0.75) - 0.5 * math.log(9 / 10)
    assert orpo_loss(*logps, beta=0.5).item() == pytest.approx(expected, rel=1e-5)
    found = simpo_loss(torch.tensor([-1.0], device=device), torch.tensor([-2.0], device=device), 2.0, 1.0)
    assert found.item() == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-5)
    assert noisy_dpo_loss(torch.zeros(1, device=device), 0.3).item() == pytest.approx(math.log(2), rel=1e-5)


def test_defaults(device):
    x, y = -torch.rand(2, 4, device=device)
    good = torch.tensor([True, False, True, False], device=device)
    assert torch.equal(kto_loss(x, y, good, 0.5), kto_loss(x, y, good, 0.5, 0.1, 1.0, 1.0))
    assert torch.equal(orpo_loss(x, y), orpo_loss(x, y, 0.1, -x))
    assert torch.equal(simpo_loss(x, y), simpo_loss(x, y, 2.0, 1.0))
    assert torch.equal(noisy_dpo_loss(x), noisy_dpo_loss(x, 0.1, robust=False))
    assert torch.equal(noisy_dpo_loss(x, 0.0), -F.logsigmoid(x))


@pytest.mark.parametrize("epsilon", [0.1, 0.3, 0.45])
def test_mean_over_flipped_labels(device, epsilon):
    """rDPO gives the loss of the true labels; DPO on flipped labels is cDPO on true ones."""
    m = torch.linspace(-5, 5, 11, dtype=torch.float64, device=device)

    def flipped(loss):
        return (1 - epsilon) * loss(m) + epsilon * loss(-m)

    close(flipped(lambda m: noisy_dpo_loss(m, epsilon, robust=True)), -F.logsigmoid(m))
    close(flipped(lambda m: noisy_dpo_loss(m, 0.0)), noisy_dpo_loss(m, epsilon))


def test_cdpo_is_least_where_the_policy_is_as_unsure_as_the_labels(device):
    m = torch.tensor([math.log(4.0)], dtype=torch.float64, device=device, requires_grad=True)
    (slope,) = torch.autograd.grad(noisy_dpo_loss(m, 0.2).sum(), m)
    assert slope.item() == pytest.approx(0.0, abs=1e-12)


def test_kto_pulls_least_at_what_is_far_from_the_reference_point(device):
    """β λ σ(1 - σ): a quarter of β at the point, next to nothing far from it, up for good and down for bad."""
    logps = torch.tensor([-60.0, 2.0, 60.0] * 2, dtype=torch.float64, device=device, requires_grad=True)
    good = torch.arange(6, device=device) < 3
    loss = kto_loss(logps, torch.zeros_like(logps), good, 2.0, 0.5, desirable_weight=2.0).sum()
    (pull,) = torch.autograd.grad(loss, logps)
    close(pull[[1, 4]], torch.tensor([-0.25, 0.125], dtype=torch.float64, device=device))
    assert pull[[0, 2, 3, 5]].abs().max() < 1e-12


def test_reference_point_is_no_less_than_zero_and_without_gradient(device):
    policy = torch.tensor([-1.0, -3.0], device=device, requires_grad=True)
    reference = torch.tensor([-2.0, -3.5], device=device)
    found = kto_reference_point(policy, reference)
    assert found.item() == pytest.approx(0.75)
    assert not found.requires_grad
    assert kto_reference_point(reference, policy).item() == 0.0


def test_simpo_goes_by_means(device):
    """A response and one twice as long, of the same mean: no difference but the margin."""
    x = torch.tensor([-1.5], device=device)
    assert simpo_loss(x, x, beta=9.0, gamma=0.0).item() == pytest.approx(math.log(2))
    assert simpo_loss(x, x, beta=9.0, gamma=2.0).item() == pytest.approx(math.log(1 + math.exp(2)))


def test_orpo_keeps_pulling_at_what_is_ranked_right(device):
    """Its fine-tuning part pulls at every chosen token with 1, whatever the rejected response is."""
    chosen = torch.tensor([-1.0], dtype=torch.float64, device=device, requires_grad=True)
    (pull,) = torch.autograd.grad(orpo_loss(chosen, chosen.detach() - 50).sum(), chosen)
    assert pull.item() == pytest.approx(-1.0, abs=1e-9)


GOOD = torch.tensor([True, False, True])
LOSSES = {
    "cdpo": lambda x, y: noisy_dpo_loss(x - y, 0.2),
    "rdpo": lambda x, y: noisy_dpo_loss(x - y, 0.2, robust=True),
    "kto": lambda x, y: kto_loss(x, y, GOOD.to(x.device), 0.3, 0.7, 1.3, 0.8),
    "orpo": lambda x, y: orpo_loss(x, y, 0.4),
    "simpo": lambda x, y: simpo_loss(x, y, 2.0, 0.5),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_right(device, name):
    x, y = (-0.1 - 2 * torch.rand(3, device=device, dtype=torch.float64) for _ in range(2))
    assert torch.autograd.gradcheck(LOSSES[name], (x.requires_grad_(), y.requires_grad_()))


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_is_computed_in_float32(device, name):
    x, y = (-0.1 - 9 * torch.rand(3, device=device).bfloat16() for _ in range(2))
    if name in ("cdpo", "rdpo"):
        found, expected = noisy_dpo_loss(x, 0.2, name == "rdpo"), noisy_dpo_loss(x.float(), 0.2, name == "rdpo")
    else:
        found, expected = LOSSES[name](x, y), LOSSES[name](x.float(), y.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0, rtol=0)


def test_extremes_stay_finite(device):
    """Log-probabilities of 0 and of -9,000: losses and gradients are numbers, and grow no faster than they should."""
    x = torch.tensor([0.0, -9000.0, -1e-7], device=device, requires_grad=True)
    y = torch.tensor([-9000.0, 0.0, -20.0], device=device, requires_grad=True)
    for name, loss in LOSSES.items():
        losses = loss(x, y)
        gradients = torch.autograd.grad(losses.sum(), (x, y))
        assert losses.isfinite().all(), name
        assert all(g.isfinite().all() for g in gradients), name
    assert orpo_loss(x, y)[1].item() == pytest.approx(9000 + 0.1 * (9000 + math.log(2**23)), rel=1e-5)


def test_tiny_differences_from_one_keep_their_odds(device):
    """1 - p of 1e-4 in float32, where 1 - exp(log p) by itself has three digits."""
    p = 1 - 1e-4
    found = orpo_loss(torch.tensor([math.log(p)], device=device), torch.tensor([math.log(0.5)], device=device), 1.0)
    expected = -math.log(p) + math.log1p((1 - p) / p)
    assert found.item() == pytest.approx(expected, rel=1e-4)


ONE, TWO = torch.zeros(1), torch.zeros(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noisy_dpo_loss(TWO, -0.1), "label_smoothing -0.1"),
        (lambda: noisy_dpo_loss(TWO, 0.5), "label_smoothing 0.5"),
        (lambda: kto_reference_point(ONE, TWO), "not one shape"),
        (lambda: kto_reference_point(ONE[:0], ONE[:0]), "not one shape"),
        (lambda: kto_loss(TWO, TWO, TWO, 0.0), "desirable is torch.float32"),
        (lambda: kto_loss(TWO, TWO, ONE.bool(), 0.0), r"torch.bool \(1,\), not bool \(2,\)"),
        (lambda: kto_loss(TWO, ONE, TWO.bool(), 0.0), "not one shape"),
        (lambda: kto_loss(TWO, TWO, TWO.bool(), 0.0, beta=0), "beta 0 is not positive"),
        (lambda: orpo_loss(ONE, TWO), "not one shape"),
        (lambda: orpo_loss(TWO, TWO, beta=math.nan), "beta nan is not positive"),
        (lambda: simpo_loss(torch.zeros(2, 2), torch.zeros(2, 2)), "not one shape"),
        (lambda: simpo_loss(TWO, TWO, beta=-1.0), "beta -1.0 is not positive"),
        (lambda: simpo_loss(TWO, TWO, gamma=-0.5), "gamma -0.5 is negative"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    x, y = -0.1 - 2 * torch.rand(2, 3, dtype=torch.float64)
    torch.testing.assert_close(essence.cdpo(x - y, 0.2), noisy_dpo_loss(x - y, 0.2))
    torch.testing.assert_close(essence.kto(x - y, GOOD, torch.tensor(0.3), 0.7), kto_loss(x, y, GOOD, 0.3, 0.7))
    torch.testing.assert_close(essence.orpo(x, y, 0.4), orpo_loss(x, y, 0.4))
    torch.testing.assert_close(essence.simpo(x, y, 2.0, 0.5), simpo_loss(x, y, 2.0, 0.5))
