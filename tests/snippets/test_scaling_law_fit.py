"""Scaling laws against scipy's robust least squares, search and polynomials, and against published numbers."""

import math

import pytest
import torch

from snippets.essence import scaling_law_fit as essence
from snippets.scaling_law_fit import (
    CHINCHILLA,
    EPOCH,
    ScalingLaw,
    extrapolation_error,
    fit_power_law,
    fit_scaling_law,
    isoflop_optimum,
)

OTHER = ScalingLaw(E=0.7, A=30.0, B=9000.0, alpha=0.21, beta=0.55)
LAWS = {"chinchilla": CHINCHILLA, "epoch": EPOCH, "other": OTHER}


def runs(law, noise=0.0, budgets=(1e18, 1e19, 1e20, 1e21), sizes=7, device="cpu"):
    """Sizes around the best one at each budget, and the losses of a law."""
    draw = torch.Generator().manual_seed(0)
    C = torch.tensor(budgets, dtype=torch.float64).repeat_interleave(sizes)
    N = law.optimum(C)[0] * torch.logspace(-0.7, 0.7, sizes, dtype=torch.float64).repeat(len(budgets))
    D = C / (6 * N)
    error = noise * torch.randn(len(N), generator=draw, dtype=torch.float64)
    return N.to(device), D.to(device), (law.loss(N, D) * (1 + error)).to(device)


def numbers(law):
    return [law.E, law.A, law.B, law.alpha, law.beta]


@pytest.mark.parametrize("name", LAWS)
def test_optimum_is_where_a_search_along_the_budget_ends(name):
    from scipy.optimize import minimize_scalar

    law = LAWS[name]
    for C in (1e18, 1e22, 1e25):

        def loss_at(log_size, C=C):
            N = torch.tensor(math.exp(log_size), dtype=torch.float64)
            return law.loss(N, C / (6 * N)).item()

        found = minimize_scalar(loss_at, bounds=(10, 40), method="bounded", options={"xatol": 1e-10})
        N, D = law.optimum(C)
        assert N.item() == pytest.approx(math.exp(found.x), rel=1e-4)
        assert (6 * N * D).item() == pytest.approx(C)
        assert N.dtype == D.dtype == torch.float64


def test_published_numbers_come_out():
    """With Gopher's budget, 5.76e23: the replication agrees with Chinchilla's 70B and 20 tokens per parameter."""
    assert numbers(CHINCHILLA) == [1.69, 406.4, 410.7, 0.34, 0.28]
    assert numbers(EPOCH) == [1.8172, 482.01, 2085.43, 0.3478, 0.3658]
    assert CHINCHILLA.beta / (CHINCHILLA.alpha + CHINCHILLA.beta) == pytest.approx(0.45, abs=0.01)  # exponent of N
    assert EPOCH.beta / (EPOCH.alpha + EPOCH.beta) == pytest.approx(0.51, abs=0.005)
    N, D = EPOCH.optimum(5.76e23)
    assert N.item() == pytest.approx(72e9, rel=0.01)
    assert (D / N).item() == pytest.approx(18.4, abs=0.1)
    N, D = CHINCHILLA.optimum(5.76e23)
    assert N.item() == pytest.approx(32e9, rel=0.01)
    assert (D / N).item() == pytest.approx(93, abs=1)


def test_laws_can_be_told_apart_in_a_set():
    assert {CHINCHILLA, EPOCH} == {EPOCH, CHINCHILLA, ScalingLaw(*numbers(EPOCH))}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_without_noise_is_found(device, name):
    found = fit_scaling_law(*runs(LAWS[name], device=device))
    assert numbers(found) == pytest.approx(numbers(LAWS[name]), rel=1e-6)


def test_three_sizes_are_enough(device):
    sizes = torch.tensor([1e8, 1e9, 1e10], dtype=torch.float64, device=device)
    N, D = torch.cartesian_prod(sizes, 20 * sizes).T
    assert numbers(fit_scaling_law(N, D, EPOCH.loss(N, D))) == pytest.approx(numbers(EPOCH), rel=1e-4)


def grid(law, device="cpu"):
    """Every one of five sizes with every one of five numbers of tokens, and what a law says of them."""
    sizes, tokens = (torch.logspace(*ends, 5, dtype=torch.float64, device=device) for ends in ((8, 10.4), (9.5, 11.8)))
    N, D = torch.cartesian_prod(sizes, tokens).T
    return N, D, law.loss(N, D)


@pytest.mark.parametrize(
    "law", [(8.0, 300.0, 300.0, 0.35, 0.35), (1e-3, 300.0, 300.0, 0.3, 0.3), (1.5, 3e8, 2e3, 1.2, 0.3)]
)
def test_a_law_is_found_in_a_few_steps(device, law):
    """Nearly all floor, no floor, a steep one: it begins in the middle, and trusts each step as far as it may."""
    assert numbers(fit_scaling_law(*grid(ScalingLaw(*law), device), steps=10)) == pytest.approx(law, rel=1e-6)


def test_a_law_that_hardly_falls_is_found(device):
    """Its three terms look alike: whoever trusts steps that failed ends beside it, at a floor of 2."""
    law = 1.0, 5.0, 8.0, 0.03, 0.05
    assert numbers(fit_scaling_law(*grid(ScalingLaw(*law), device))) == pytest.approx(law, rel=1e-6)


@pytest.mark.parametrize("floor_and_slope", [(1.8, 400.0), (1.0, 0.0)])
def test_terms_that_runs_do_not_show_stop_no_fit(device, floor_and_slope):
    """Tokens, or neither they nor sizes, change the loss: what the law says of the runs is right all the same."""
    sizes = torch.tensor([1e8, 1e9, 1e10], dtype=torch.float64, device=device)
    N, D = torch.cartesian_prod(sizes, 20 * sizes).T
    floor, slope = floor_and_slope
    loss = floor + slope * N**-0.35
    torch.testing.assert_close(fit_scaling_law(N, D, loss).loss(N, D), loss)


@pytest.mark.parametrize("delta", [1e-3, 1e-2, 1.0])
@pytest.mark.parametrize("name", LAWS)
def test_fit_is_that_of_scipy(name, delta):
    """Its Huber loss is ours, so with good starts both end at the same numbers."""
    import numpy as np
    from scipy.optimize import least_squares

    N, D, loss = runs(LAWS[name], noise=0.005)
    loss[3] *= 1.3  # a run that went wrong
    n, d, target = (one.log().numpy() for one in (N, D, loss))

    def errors(p):
        e, a, b, alpha, beta = p
        terms = e, a - alpha * (n - n.mean()), b - beta * (d - d.mean())
        return np.logaddexp(np.logaddexp(terms[0], terms[1]), terms[2]) - target

    def objective(p):
        size = np.abs(errors(p))
        return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).sum()

    third = target.mean() - math.log(3)
    ends = [
        least_squares(errors, [third] * 3 + [x, y], loss="huber", f_scale=delta, xtol=1e-15, ftol=1e-15, gtol=1e-15).x
        for x in (0.2, 0.5)
        for y in (0.2, 0.5)
    ]
    best = min(ends, key=objective)
    law = fit_scaling_law(N, D, loss, delta)
    a = math.log(law.A) - law.alpha * n.mean()
    b = math.log(law.B) - law.beta * d.mean()
    ours = np.array([math.log(law.E), a, b, law.alpha, law.beta])
    assert objective(ours) <= objective(best) * (1 + 1e-6)
    assert ours == pytest.approx(best, rel=5e-3)


def test_a_run_that_went_wrong_leads_squares_astray_and_not_hubers_loss(device):
    N, D, loss = runs(EPOCH, noise=1e-4, device=device)
    loss[0] *= 1.5
    robust, squares = (fit_scaling_law(N, D, loss, delta) for delta in (1e-3, 1e3))
    off = [abs(law.optimum(1e24)[0].log().item() - EPOCH.optimum(1e24)[0].log().item()) for law in (robust, squares)]
    assert off[0] < 0.05 < 0.3 < off[1]
    assert fit_scaling_law(N, D, loss) == robust  # unless something else is said
    wrong = [extrapolation_error(N, D, loss, 1.01e20, *delta).abs().max() for delta in ((), (1e3,))]
    assert wrong[0] < 0.01 < 0.05 < wrong[1]


def test_the_start_that_came_furthest_is_taken(device):
    """After ten steps some are there and some are not."""
    N, D, loss = runs(EPOCH, device=device)
    torch.testing.assert_close(fit_scaling_law(N, D, loss, steps=10).loss(N, D), loss)


def test_it_sets_out_from_25_places_at_once(monkeypatch):
    """As it says: each step solves 25 systems of 5 numbers in one call."""
    solved, solve = [], torch.linalg.solve
    monkeypatch.setattr(torch.linalg, "solve", lambda A, b: solved.append(tuple(A.shape)) or solve(A, b))
    fit_scaling_law(*runs(EPOCH), steps=3)
    assert solved == [(25, 5, 5)] * 3


def test_floor_that_is_forgotten_makes_extrapolation_too_hopeful():
    """A pure power of the budget goes on falling at the slope that it had."""
    C = torch.tensor([1e18, 1e19, 1e20], dtype=torch.float64)
    exponent, coefficient = fit_power_law(C, EPOCH.loss(*EPOCH.optimum(C)))
    assert coefficient * 1e24**exponent < EPOCH.loss(*EPOCH.optimum(1e24)).item() - 0.2


def test_bottom_of_a_parabola_is_found_by_hand_and_by_numpy(device):
    """loss = 2 + (log N - 20)²: the bottom is at e²⁰, and 2 deep."""
    x = torch.tensor([18.0, 19.5, 20.5, 23.0], dtype=torch.float64, device=device)
    N, loss = isoflop_optimum(x.exp(), 2 + (x - 20) ** 2)
    assert (math.log(N), loss) == (pytest.approx(20), pytest.approx(2))
    x = torch.tensor([18.0, 19.0, 20.0, 21.0, 22.5], dtype=torch.float64, device=device)
    y = torch.tensor([2.9, 2.5, 2.4, 2.45, 2.8], device=device)
    import numpy as np

    a, b, c = np.polyfit(x.cpu().numpy(), y.cpu().double().numpy(), 2)
    N, loss = isoflop_optimum(x.exp(), y)
    assert (math.log(N), loss) == (pytest.approx(-b / (2 * a)), pytest.approx(c - b * b / (4 * a)))


def test_bottom_among_many_sizes_close_together_is_found(device):
    """201 within two per cent: seen from afar, 1, log N and its square would be one and the same."""
    x = torch.linspace(20.69, 20.71, 201, dtype=torch.float64, device=device)
    N, loss = isoflop_optimum(x.exp(), 2 + (x - 20.703) ** 2)
    assert (math.log(N), loss) == (pytest.approx(20.703, abs=1e-6), pytest.approx(2, abs=1e-9))


def test_bottoms_of_parabolas_are_near_the_laws_optimum():
    N, _, loss = runs(EPOCH)
    for at, C in enumerate((1e18, 1e19, 1e20, 1e21)):
        found, least = isoflop_optimum(N[7 * at : 7 * at + 7], loss[7 * at : 7 * at + 7])
        assert found == pytest.approx(EPOCH.optimum(C)[0].item(), rel=0.03)
        assert least == pytest.approx(EPOCH.loss(*EPOCH.optimum(C)).item(), rel=0.01)


def test_power_law_is_a_line_of_logarithms(device):
    """y = 3 √x, then a case with noise against numpy's polynomial."""
    import numpy as np

    x = torch.tensor([1.0, 4.0, 1e6], device=device)
    for points in (x, x[:2]):
        assert fit_power_law(points, 3 * points.sqrt()) == (pytest.approx(0.5), pytest.approx(3, rel=1e-6))
    x, y = torch.tensor([1.0, 2.0, 5.0, 9.0]), torch.tensor([2.0, 3.0, 11.0, 14.0])
    slope, start = np.polyfit(np.log(x.double().numpy()), np.log(y.double().numpy()), 1)
    assert fit_power_law(x, y) == (pytest.approx(slope), pytest.approx(math.exp(start)))


def test_runs_above_the_cut_are_predicted_by_those_below(device):
    N, D, loss = runs(EPOCH, noise=1e-4, device=device)
    loss[7 * 3 + 2] *= 0.99  # one of the dearest is better than the law
    found = extrapolation_error(N, D, loss, 1.01e20)
    assert found.shape == (7,)
    assert found[2].item() == pytest.approx(1 / 0.99 - 1, abs=3e-3)
    assert found[[0, 1, 3, 4, 5, 6]].abs().max() < 3e-3
    law = fit_scaling_law(N[:21], D[:21], loss[:21])
    torch.testing.assert_close(found, law.loss(N[21:], D[21:]) / loss[21:] - 1)
    assert len(extrapolation_error(N, D, loss, 1.01e19)) == 14


def test_run_at_the_cut_has_been_seen():
    N, D = (torch.tensor(one, dtype=torch.float64) for one in ([1, 2, 3, 4, 5, 6.0], [2, 1, 3, 4, 5, 6.0]))
    loss = OTHER.loss(N, D)
    assert len(extrapolation_error(N, D, loss, 150.0)) == 1  # 6 · 5 · 5 is 150


def test_single_precision_is_taken_and_counted_in_double(device):
    N, D, loss = (one.float() for one in runs(EPOCH, device=device))
    assert numbers(fit_scaling_law(N, D, loss)) == pytest.approx(numbers(EPOCH), rel=0.02)


N, D, LOSS = runs(EPOCH)
THREE = torch.tensor([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: isoflop_optimum(THREE[:2], THREE[:2]), r"\(2,\)"),
        (lambda: isoflop_optimum(THREE[[0, 0, 1]], THREE), "three sizes"),
        (lambda: isoflop_optimum(THREE, THREE[:2]), r"\(3,\), \(2,\)"),
        (lambda: isoflop_optimum(THREE.view(1, 3), THREE.view(1, 3)), r"\(1, 3\)"),
        (lambda: isoflop_optimum(THREE, torch.tensor([1.0, 2.0, 1.0])), "not between 1 and 4"),  # a top
        (lambda: isoflop_optimum(THREE, torch.tensor([4.0, 2.0, 1.0])), "not between 1 and 4"),
        (lambda: isoflop_optimum(THREE, torch.zeros(3)), "not between 1 and 4"),  # a plain
        (lambda: fit_power_law(THREE[:1], THREE[:1]), r"\(1,\)"),
        (lambda: fit_power_law(THREE, THREE[:2]), r"\(2,\)"),
        (lambda: fit_power_law(torch.ones(3), THREE), "two or more"),
        (lambda: fit_power_law(THREE.view(1, 3), THREE.view(1, 3)), r"\(1, 3\)"),
        (lambda: fit_scaling_law(N[:4], D[:4], LOSS[:4]), r"\(4,\)"),
        (lambda: fit_scaling_law(N, D, LOSS[1:]), r"\(27,\)"),
        (lambda: fit_scaling_law(N[:, None], D[:, None], LOSS[:, None]), r"\(28, 1\)"),
        (lambda: fit_scaling_law(torch.ones(28), D, LOSS), "3 sizes"),
        (lambda: fit_scaling_law(N, torch.ones(28), LOSS), "3 sizes"),
        (lambda: fit_scaling_law(N, D, LOSS - LOSS.min()), "not positive"),
        (lambda: fit_scaling_law(N, D, LOSS * math.nan), "not positive"),
        (lambda: fit_scaling_law(N, D, LOSS, 0.0), "delta 0.0"),
        (lambda: extrapolation_error(N, D, LOSS, 1e22), "above 1e\\+22"),
        (lambda: extrapolation_error(N, D, LOSS, 1.0), r"\(0,\)"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    law = numbers(OTHER)
    torch.testing.assert_close(essence.loss(N, D, *law), OTHER.loss(N, D))
    for C in (1e18, 1e24):
        assert essence.optimum(C, *law) == pytest.approx([one.item() for one in OTHER.optimum(C)])
    assert essence.isoflop_optimum(N[:7], LOSS[:7]).item() == pytest.approx(isoflop_optimum(N[:7], LOSS[:7])[0])
    torch.testing.assert_close(essence.residuals(N, D, LOSS, *numbers(EPOCH)), torch.zeros_like(N))
