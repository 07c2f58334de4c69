"""Merging against peft's, scipy's interpolation on the sphere, loops over single numbers, and means over draws."""

import math

import pytest
import torch

from snippets.essence import model_merging as essence
from snippets.model_merging import drop_and_rescale, merge_models, slerp, task_arithmetic, ties, trim


def vectors(*shape, device="cpu", seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(device)


@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 0.99, 1.0])
def test_trimming_keeps_the_largest(device, density):
    tau = vectors(4, 5, device=device)
    found = trim(tau, density)
    order = sorted(tau.abs().flatten().tolist(), reverse=True)
    kept = int(density * 20)
    for before, after in zip(tau.flatten().tolist(), found.flatten().tolist(), strict=True):
        assert after == (before if abs(before) in order[:kept] else 0.0)
    assert found.shape == tau.shape


@pytest.mark.parametrize("density", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("M", [1, 2, 5])
def test_ties_is_that_of_peft(device, M, density):
    from peft.utils import merge_utils

    taus = vectors(M, 6, 7, device=device)
    kept = [merge_utils.magnitude_based_pruning(tau, density) for tau in taus]
    stacked = torch.stack(kept)
    expected = merge_utils.disjoint_merge(stacked, merge_utils.calculate_majority_sign_mask(stacked))
    torch.testing.assert_close(ties(taus, torch.ones(M), density), expected)


def test_weights_count_in_election_and_mean(device):
    """By a loop over the numbers, as mergekit has it with `normalize`."""
    taus, weights = vectors(3, 30, device=device), torch.tensor([0.5, 2.0, 1.0], device=device)
    found = ties(taus, weights, 0.7)
    kept = torch.stack([trim(tau, 0.7) for tau in taus])
    for n in range(30):
        pairs = [(w, x) for w, x in zip(weights.tolist(), kept[:, n].tolist(), strict=True) if x]
        sign = 1 if sum(w * x for w, x in pairs) >= 0 else -1
        agree = [(w, x) for w, x in pairs if x * sign > 0]
        expected = sum(w * x for w, x in agree) / sum(w for w, _ in agree) if agree else 0.0
        assert found[n].item() == pytest.approx(expected)
    torch.testing.assert_close(ties(taus, 3 * weights, 0.7), found)
    torch.testing.assert_close(ties(taus, torch.tensor([0.0, 1.0, 0.0]), 0.7), kept[1])


def test_ties_by_hand(device):
    """Agreement 0.9; opposite 1 and -0.6 elect +: 1; what one alone changed is not halved."""
    taus = torch.tensor([[1.0, 1.0, 0.9, 0.01], [0.8, -0.6, 0.02, 0.7]], device=device)
    torch.testing.assert_close(ties(taus, torch.ones(2), 0.75), torch.tensor([0.9, 1.0, 0.9, 0.7], device=device))
    opposite = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], device=device)
    assert ties(opposite, torch.ones(2), 1.0).tolist() == [1.0, 1.0]  # even: the positive side
    assert ties(opposite, torch.ones(2), 0.0).tolist() == [0.0, 0.0]


def test_sum_is_that_of_peft_and_a_negative_weight_takes_away(device):
    from peft.utils.merge_utils import task_arithmetic as expected

    taus, weights = vectors(3, 4, 5, device=device), torch.tensor([0.3, -1.0, 2.0], device=device)
    torch.testing.assert_close(task_arithmetic(taus, weights), expected(list(taus), weights.double()))
    assert not task_arithmetic(taus[[0, 0]], torch.tensor([1.0, -1.0])).any()


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_draws_are_those_of_peft(density):
    from peft.utils.merge_utils import random_pruning

    tau = vectors(50)
    torch.manual_seed(3)
    expected = random_pruning(tau, density, rescale=True)
    torch.manual_seed(3)
    torch.testing.assert_close(drop_and_rescale(tau, density), expected)


def test_mean_over_draws_is_the_task_vector_and_variance_what_it_should_be(device):
    """Kept with p and divided by it: mean τ, variance τ² (1 - p) / p."""
    tau, p = torch.tensor([1.0, -2.0], device=device, dtype=torch.float64), 0.2
    generator = torch.Generator(device).manual_seed(0)
    draws = drop_and_rescale(tau.expand(40_000, 2), p, generator)
    torch.testing.assert_close(draws.mean(dim=0), tau, atol=0.06, rtol=0)
    torch.testing.assert_close(draws.var(dim=0), tau.square() * (1 - p) / p, atol=0, rtol=0.05)
    assert set(draws[:, 0].tolist()) == {0.0, 5.0}
    again = drop_and_rescale(tau.expand(40_000, 2), p, torch.Generator(device).manual_seed(0))
    assert torch.equal(draws, again)


@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 1.0])
def test_arc_is_that_of_scipy(t):
    from scipy.spatial import geometric_slerp

    a, b = (one / one.norm() for one in vectors(2, 6))
    expected = geometric_slerp(a.numpy(), b.numpy(), t)
    torch.testing.assert_close(slerp(a.view(2, 3), b.view(2, 3), t), torch.from_numpy(expected).view(2, 3))


def test_arc_by_hand_keeps_the_length_that_a_line_loses(device):
    """Between (2, 0) and (0, 2), halfway: (√2, √2), of length 2; the line's middle has √2."""
    a, b = torch.tensor([2.0, 0.0], device=device), torch.tensor([0.0, 2.0], device=device)
    found = slerp(a, b, 0.5)
    torch.testing.assert_close(found, torch.tensor([math.sqrt(2)] * 2, device=device))
    assert found.norm().item() == pytest.approx(2) and ((a + b) / 2).norm().item() == pytest.approx(math.sqrt(2))
    torch.testing.assert_close(slerp(a, b, 1 / 3), torch.tensor([math.sqrt(3), 1.0], device=device))
    assert torch.equal(slerp(a, b, 0.5, threshold=0.0), found)  # at the threshold it is an arc


def test_where_there_is_no_arc_it_is_a_line(device):
    a = torch.tensor([1.0, 0.01], device=device)
    near = torch.tensor([1.0, 0.02], device=device)
    zero = torch.zeros(2, device=device)
    for b in (2 * a, near, -a, zero):
        torch.testing.assert_close(slerp(a, b, 0.3), 0.7 * a + 0.3 * b)
    torch.testing.assert_close(slerp(zero, a, 0.3), 0.3 * a)
    wide = torch.tensor([0.0, 1.0], device=device)
    torch.testing.assert_close(slerp(a, wide, 0.5, threshold=0.001), (a + wide) / 2)


def states(device):
    base = {"w": vectors(3, 4, device=device).half(), "b": vectors(3, device=device).float()}
    models = [
        {name: (weight + 0.5 * vectors(*weight.shape, device=device, seed=seed)).to(weight.dtype)}
        for seed in (1, 2)
        for name, weight in base.items()
    ]
    pairs = [models[0] | models[1], models[2] | models[3]]
    counter = {"steps": torch.tensor(7, device=device)}
    return base | counter, [pair | {"steps": torch.tensor(9, device=device)} for pair in pairs]


def test_whole_models_are_merged_weight_by_weight(device):
    base, models = states(device)
    found = merge_models(base, models, lambda taus: task_arithmetic(taus, torch.ones(2)), scale=0.5)
    assert found.keys() == base.keys() and found["steps"] == 7
    for name in "wb":
        expected = (models[0][name].double() + models[1][name].double()) / 2
        torch.testing.assert_close(found[name].double(), expected, atol=2e-3, rtol=0)
        assert found[name].dtype == base[name].dtype
    wide = []
    merge_models(base, models, lambda taus: wide.append(taus.dtype) or taus[0])
    assert wide == [torch.float32, torch.float32]
    torch.testing.assert_close(merge_models(base, models[:1], lambda taus: taus[0])["b"], models[0]["b"])


def test_base_stays_as_it_was(device):
    base, models = states(device)
    kept = {name: weight.clone() for name, weight in base.items()}
    found = merge_models(base, models, lambda taus: taus[0])
    found["steps"] += 1
    assert all(torch.equal(base[name], kept[name]) for name in base)


TAUS = torch.ones(2, 3)
ONE = {"w": torch.ones(2)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trim(TAUS, -0.1), "density -0.1"),
        (lambda: trim(TAUS, 1.1), "density 1.1"),
        (lambda: drop_and_rescale(TAUS, 0.0), "density 0.0"),
        (lambda: drop_and_rescale(TAUS, 1.1), "density 1.1"),
        (lambda: task_arithmetic(TAUS, torch.ones(3)), r"\(3,\) are not one for each of 2"),
        (lambda: task_arithmetic(TAUS, torch.ones(2, 1)), r"\(2, 1\)"),
        (lambda: ties(TAUS, torch.ones(3), 0.5), r"\(3,\)"),
        (lambda: ties(TAUS, torch.tensor([1.0, -1.0]), 0.5), "negative"),
        (lambda: slerp(TAUS, TAUS[0], 0.5), r"\(2, 3\), \(3,\)"),
        (lambda: merge_models(ONE, [], torch.sum), "0 models"),
        (lambda: merge_models(ONE, [{"v": torch.ones(2)}], torch.sum), "names and shapes"),
        (lambda: merge_models(ONE, [ONE, {"w": torch.ones(1)}], torch.sum), "names and shapes"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    taus = vectors(3, 4, 5)
    torch.testing.assert_close(essence.ties(taus, 0.6), ties(taus, torch.ones(3), 0.6))
    torch.testing.assert_close(essence.trim(taus[0], 0.3), trim(taus[0], 0.3))
    torch.testing.assert_close(essence.slerp(taus[0], taus[1], 0.3), slerp(taus[0], taus[1], 0.3))
    torch.manual_seed(0)
    expected = drop_and_rescale(taus[0], 0.4)
    torch.manual_seed(0)
    torch.testing.assert_close(essence.dare(taus[0], 0.4), expected)
