"""Muon against the polynomial of each singular value, the polar factor, and torch.optim.Muon."""

import math

import pytest
import torch

from snippets.essence import muon as essence
from snippets.muon import CUBIC, QUINTIC, Muon, newton_schulz, step_scale

SHAPES = [(4, 7), (7, 4), (5, 5), (2, 3, 4, 6)]


def matrices(*shape, device="cpu", seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=draw, dtype=torch.float64).to(device)


def polynomial(x, coefficients, steps):
    """Of numbers, as the matrices' singular values should come out."""
    a, b, c = coefficients
    for _ in range(steps):
        x = a * x + b * x**3 + c * x**5
    return x


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("coefficients", [QUINTIC, CUBIC, (2.0, -1.5, 0.5)])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_singular_value_goes_through_the_polynomial_and_directions_stay(device, shape, coefficients, steps):
    G = matrices(*shape, device=device)
    U, S, Vh = torch.linalg.svd(G, full_matrices=False)
    S = polynomial(S / S.norm(dim=-1, keepdim=True), coefficients, steps)  # their length is the matrix's
    torch.testing.assert_close(newton_schulz(G, coefficients, steps), U @ torch.diag_embed(S) @ Vh)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cubic_ends_at_the_nearest_orthogonal_matrix(device, shape):
    G = matrices(*shape, device=device)
    U, _, Vh = torch.linalg.svd(G, full_matrices=False)
    torch.testing.assert_close(newton_schulz(G, CUBIC, 60), U @ Vh)


def test_no_step_of_spectral_norm_1_goes_further_along_the_gradient(device):
    """The sum of the singular values, which the orthogonal step reaches."""
    G = matrices(4, 6, device=device)
    best = (G * newton_schulz(G, CUBIC, 60)).sum()
    torch.testing.assert_close(best, torch.linalg.svdvals(G).sum())
    others = matrices(500, 4, 6, device=device, seed=1)
    others = others / torch.linalg.svdvals(others).amax(dim=-1)[:, None, None]
    assert (others * G).sum(dim=(-2, -1)).max() < best


def test_five_steps_of_the_quintic_end_between_two_thirds_and_six_fifths():
    """What the page says of singular values down to 0.3 % of the matrix's length."""
    found = polynomial(torch.logspace(math.log10(0.003), 0, 20_000, dtype=torch.float64), QUINTIC, 5)
    assert 0.68 < found.min() and found.max() < 1.21
    small = polynomial(torch.tensor([1e-6, 1e-5], dtype=torch.float64), QUINTIC, 5)
    torch.testing.assert_close(small, torch.tensor([1e-6, 1e-5], dtype=torch.float64) * 3.4445**5)
    assert round(3.4445**5) == 485


def test_size_of_the_gradient_does_not_matter_and_zeros_stay(device):
    G = matrices(3, 5, device=device)
    torch.testing.assert_close(newton_schulz(1e-4 * G), newton_schulz(G))
    assert not newton_schulz(G.requires_grad_()).requires_grad
    G = G.detach()
    assert newton_schulz(torch.zeros(3, 5, device=device)).tolist() == [[0.0] * 5] * 3
    tiny = newton_schulz(1e-7 * G / G.norm(), CUBIC, 0, eps=1e-6)
    torch.testing.assert_close(tiny, 0.1 * G / G.norm())
    torch.testing.assert_close(newton_schulz(2e-7 * G / G.norm(), CUBIC, 0), G / G.norm())  # not below eps
    torch.testing.assert_close(newton_schulz(5e-8 * G / G.norm(), CUBIC, 0), 0.5 * G / G.norm())


def test_narrow_gradients_are_counted_in_float32_and_come_back_as_they_were(device):
    G = matrices(4, 6, device=device).to(torch.bfloat16)
    found = newton_schulz(G)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, newton_schulz(G.float()).to(torch.bfloat16))
    wide = G.float()
    coarse = newton_schulz(wide, dtype=torch.bfloat16)
    assert coarse.dtype == torch.float32 and not torch.equal(coarse, newton_schulz(wide))
    torch.testing.assert_close(coarse, newton_schulz(wide), atol=0.06, rtol=0)


@pytest.mark.parametrize("shape", [(8, 2), (2, 8), (4, 4)])
def test_scales_make_the_root_mean_square_what_they_say(shape):
    X = newton_schulz(matrices(*shape), CUBIC, 60)
    rms = X.square().mean().sqrt().item()
    assert rms * step_scale(*shape, "match_rms_adamw") == pytest.approx(0.2)
    assert step_scale(*shape) == step_scale(*shape, "original") == pytest.approx({8: 2.0}.get(shape[0], 1.0))


@pytest.mark.parametrize("adjust_lr_fn", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("momentum", [0.95, 0.5, 0.0])
def test_steps_are_those_of_torch(device, adjust_lr_fn, nesterov, momentum):
    """To what bfloat16, in which torch computes, leaves of the digits."""
    start = [matrices(6, 3, device=device).float(), matrices(4, 8, device=device, seed=1).float()]
    ours, theirs = ([torch.nn.Parameter(one.clone()) for one in start] for _ in range(2))
    settings = {"lr": 0.1, "weight_decay": 0.5, "momentum": momentum}
    settings |= {"nesterov": nesterov, "adjust_lr_fn": adjust_lr_fn}
    mine, its = Muon(ours, **settings, dtype=torch.bfloat16), torch.optim.Muon(theirs, **settings)
    for n in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = matrices(*one.shape, device=device, seed=10 + n).float()
            other.grad = one.grad.clone()
        mine.step()
        its.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=0.02, rtol=0)


def test_defaults_are_those_of_torch(device):
    weight = matrices(6, 3, device=device).float()
    ours, theirs = torch.nn.Parameter(weight.clone()), torch.nn.Parameter(weight.clone())
    mine, its = Muon([ours]), torch.optim.Muon([theirs])
    (group,) = its.param_groups
    for name in ("lr", "weight_decay", "momentum", "nesterov", "ns_steps", "eps"):
        assert getattr(mine, name) == group[name], name
    assert mine.ns_coefficients == QUINTIC == tuple(group["ns_coefficients"])
    for n in range(3):
        ours.grad = matrices(6, 3, device=device, seed=n).float()
        theirs.grad = ours.grad.clone()
        mine.step()
        its.step()
    torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=0)
    assert (ours - weight).abs().max() > 1e-3


def test_first_step_by_hand(device):
    """G = 3 on the first place alone: N is (1 - μ) + μ (1 - μ) = 0.75 of it, X after 0 steps is 1 there."""
    weight = torch.nn.Parameter(torch.full((2, 2), 4.0, device=device))
    weight.grad = torch.tensor([[3.0, 0.0], [0.0, 0.0]], device=device)
    optimizer = Muon([weight], lr=0.5, weight_decay=0.5, momentum=0.5, ns_steps=0)
    optimizer.step()
    assert weight.tolist() == [[2.5, 3.0], [3.0, 3.0]]  # 0.75 · 4, and 0.5 less where the gradient is
    assert optimizer.buffers[0].tolist() == [[1.5, 0.0], [0.0, 0.0]]


def test_step_is_computed_in_the_dtype_that_is_asked_for(device):
    G = matrices(4, 6, device=device).float()
    weight = torch.nn.Parameter(torch.zeros_like(G))
    weight.grad = G.clone()
    Muon([weight], lr=1.0, momentum=0.0, dtype=torch.bfloat16).step()
    assert torch.equal(-weight.detach(), newton_schulz(G, dtype=torch.bfloat16))


def test_a_parameter_without_gradient_stays_and_gradients_are_forgotten(device):
    moved, left = (torch.nn.Parameter(matrices(2, 2, device=device)) for _ in range(2))
    optimizer = Muon([left, moved], lr=0.1)
    before, moved.grad = left.detach().clone(), torch.ones_like(moved)
    grad = moved.grad.clone()
    optimizer.step()
    assert torch.equal(left, before) and not torch.equal(moved, before)
    assert torch.equal(moved.grad, grad)
    optimizer.zero_grad()
    assert moved.grad is None


MATRIX = torch.ones(2, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: newton_schulz(torch.ones(3)), r"\(3,\)"),
        (lambda: step_scale(2, 2, "match_rms"), "match_rms"),
        (lambda: Muon([]), "no parameter"),
        (lambda: Muon([MATRIX, torch.ones(2), torch.ones(1, 2, 3)]), r"\[\(2,\), \(1, 2, 3\)\] are no matrices"),
        (lambda: Muon([MATRIX], lr=-1.0), "lr -1.0"),
        (lambda: Muon([MATRIX], weight_decay=-0.1), "weight_decay -0.1"),
        (lambda: Muon([MATRIX], momentum=-0.1), "momentum -0.1"),
        (lambda: Muon([MATRIX], momentum=1.0), "momentum 1.0"),
        (lambda: Muon([MATRIX], lr=float("nan")), "lr nan"),
        (lambda: Muon([MATRIX], adjust_lr_fn="other"), "other"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_zeros_of_the_settings_are_taken(device):
    weight = torch.nn.Parameter(matrices(2, 2, device=device))
    before, weight.grad = weight.detach().clone(), torch.ones_like(weight)
    Muon([weight], lr=0.0, weight_decay=0.0, momentum=0.0).step()
    assert torch.equal(weight, before)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4)])
def test_essence_gives_what_the_module_gives(shape):
    G = matrices(*shape)
    torch.testing.assert_close(essence.orthogonal(G), newton_schulz(G))
    weight, M = torch.nn.Parameter(matrices(*shape, seed=1)), torch.zeros(shape, dtype=torch.float64)
    optimizer, W = Muon([weight], lr=0.1, adjust_lr_fn="match_rms_adamw"), weight.detach().clone()
    for n in range(3):
        weight.grad = matrices(*shape, seed=2 + n)
        W, M = essence.muon(W, weight.grad, M, η=0.1, λ=0.1)
        optimizer.step()
    torch.testing.assert_close(W, weight.detach())
