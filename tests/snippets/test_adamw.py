"""SGD, Adam and AdamW against torch.optim over many steps, and by hand."""

import math

import pytest
import torch

from snippets.adamw import AdamW, adam_step, sgd_step
from snippets.essence import adamw as essence


def gradients(device, steps=6, dtype=torch.float32):
    """A start and gradients of very different sizes."""
    size = torch.tensor([1.0, 1e-3, 100.0, 0.0], device=device, dtype=dtype)
    start, noise = torch.randn(3, 4, device=device, dtype=dtype), torch.randn(steps, 3, 4, device=device, dtype=dtype)
    return start, noise * size


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9}, {"weight_decay": 0.3}, {"momentum": 0.5, "weight_decay": 0.1}]
)
def test_sgd_equals_torchs(device, options):
    start, grads = gradients(device)
    theta, velocity = start.clone(), torch.zeros_like(start)
    parameter = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([parameter], lr=0.1, **options)
    for grad in grads:
        sgd_step(theta, grad, velocity, 0.1, **options)
        parameter.grad = grad.clone()
        optimizer.step()
        torch.testing.assert_close(theta, parameter.detach())


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"betas": (0.5, 0.7)},
        {"betas": (0.0, 0.0)},
        {"eps": 0.1},
        {"weight_decay": 0.0},
        {"weight_decay": 0.5, "lr": 0.1},
    ],
)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.bfloat16, 0.05)])
def test_optimizer_equals_torchs(device, decoupled, options, dtype, rtol):
    start, grads = gradients(device, dtype=dtype)
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    reference = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizers = AdamW([ours], decoupled=decoupled, **options), reference([theirs], **{"weight_decay": 0.01, **options})
    for grad in grads:
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            assert parameter.grad is None
            (parameter * grad).sum().backward()
            optimizer.step()
        torch.testing.assert_close(ours, theirs, rtol=rtol, atol=rtol / 10)
        state = optimizers[1].state[theirs]
        torch.testing.assert_close(optimizers[0].m[0], state["exp_avg"], rtol=rtol, atol=rtol / 10)
        torch.testing.assert_close(optimizers[0].v[0], state["exp_avg_sq"], rtol=rtol, atol=rtol / 10)


def test_defaults_of_the_step_are_those_of_torchs_adamw(device):
    start, grads = gradients(device)
    theta, m, v = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
    parameter = start.clone().requires_grad_()
    optimizer = torch.optim.AdamW([parameter])
    for n, grad in enumerate(grads, start=1):
        adam_step(theta, grad, m, v, n)
        parameter.grad = grad.clone()
        optimizer.step()
    torch.testing.assert_close(theta, parameter.detach())


def test_first_step_by_hand(device):
    """θ = 2, g = 4, η = 0.1, λ = 0.5, β = (0.5, 0.75), ε = 1.

    AdamW: θ ← 0.95 · 2 = 1.9; m = 2, corrected 4; v = 4, corrected 16, root 4; θ ← 1.9 - 0.1 · 4 / (4 + 1) = 1.82.
    With L2: g = 4 + 1 = 5; m corrected 5, root 5; θ ← 2 - 0.1 · 5 / 6 = 1.916667.
    """
    for decoupled, expected in ((True, 1.82), (False, 2 - 0.5 / 6)):
        theta, m, v = (torch.tensor(value, device=device) for value in (2.0, 0.0, 0.0))
        adam_step(theta, torch.tensor(4.0, device=device), m, v, 1, 0.1, (0.5, 0.75), 1.0, 0.5, decoupled)
        assert math.isclose(theta.item(), expected, rel_tol=1e-6)


def test_first_step_has_the_size_of_the_learning_rate_whatever_the_gradients(device):
    grads = torch.tensor([1e-4, 1.0, -1e4], device=device)
    theta, m, v = torch.zeros(3, 3, device=device)
    adam_step(theta, grads, m, v, 1, lr=0.01, weight_decay=0.0)
    torch.testing.assert_close(theta, -0.01 * grads.sign(), atol=2e-6, rtol=0)


def test_decay_reaches_all_parameters_alike_only_if_decoupled(device):
    """Gradient noise 10 and 0.01; decay 0.1 takes 1 - (1 - 1e-4)^300 = 0.0296 in 300 steps of η = 0.001.

    With L2 it adds 0.1 to a gradient that is then divided by 10, so it takes a tenth of that, or by 0.01: far more.
    """
    noise, size = torch.randn(300, 2, device=device), torch.tensor([10.0, 0.01], device=device)
    for decoupled in (True, False):
        left = []
        for weight_decay in (0.0, 0.1):
            theta, m, v = torch.ones(2, device=device), *torch.zeros(2, 2, device=device)
            for n in range(300):
                adam_step(theta, noise[n] * size, m, v, n + 1, weight_decay=weight_decay, decoupled=decoupled)
            left.append(theta)
        large, small = (left[0] - left[1]).tolist()
        if decoupled:
            assert math.isclose(large, 0.0296, rel_tol=0.05)
            assert math.isclose(small, large, rel_tol=0.05)
        else:
            assert large < 0.006
            assert small > 0.1


def test_state_is_two_numbers_for_each_parameter():
    parameters = [torch.ones(3, 4), torch.ones(5)]
    optimizer = AdamW(parameters)
    assert sum(tensor.numel() for tensor in (*optimizer.m, *optimizer.v)) == 2 * 17


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_state_lives_where_the_parameters_live(device, dtype):
    optimizer = AdamW([torch.ones(2, device=device, dtype=dtype)])
    for tensor in (*optimizer.m, *optimizer.v):
        assert (tensor.device.type, tensor.dtype) == (device.type, dtype)


def test_parameter_without_gradient_stays_and_starts_its_own_count(device):
    start = torch.ones(2, device=device)
    ours = [start.clone().requires_grad_() for _ in range(2)]
    theirs = [start.clone().requires_grad_() for _ in range(2)]
    optimizers = AdamW(iter(ours), lr=0.1), torch.optim.AdamW(theirs, lr=0.1)
    for n in range(4):
        for parameters, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            (3 * parameters[0] + (parameters[1] ** 2 if n > 1 else 0)).sum().backward()
            optimizer.step()
        if n < 2:
            assert torch.equal(ours[1], start)
        torch.testing.assert_close(ours, theirs)


def test_learning_rate_may_change_between_steps(device):
    parameter = torch.ones(1, device=device, requires_grad=True)
    optimizer = AdamW([parameter], lr=0.1, weight_decay=0.0)
    parameter.grad = torch.ones(1, device=device)
    optimizer.step()
    optimizer.lr = 0.0
    before = parameter.clone()
    optimizer.step()
    assert torch.equal(parameter, before)


def test_quadratic_reaches_its_bottom(device):
    parameter = torch.tensor([3.0, -2.0], device=device, requires_grad=True)
    optimizer = AdamW([parameter], lr=0.1, weight_decay=0.0)
    for _ in range(200):
        optimizer.zero_grad()
        (parameter - 1).square().sum().backward()
        optimizer.step()
    torch.testing.assert_close(parameter.detach(), torch.ones(2, device=device), atol=0.02, rtol=0)


def test_zero_gradients_and_empty_tensors_stay_finite(device):
    theta, m, v = torch.zeros(3, 2, device=device)
    adam_step(theta, torch.zeros(2, device=device), m, v, 1)
    assert theta.tolist() == [0.0, 0.0]
    empty = torch.ones(0, device=device)
    adam_step(empty, empty, empty.clone(), empty.clone(), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr -1.0"),
        ({"eps": -1.0}, "eps -1.0"),
        ({"weight_decay": -1.0}, "weight_decay -1.0"),
        ({"betas": (1.0, 0.9)}, "are not both in"),
        ({"betas": (0.9, -0.1)}, "are not both in"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AdamW([torch.ones(1)], **options)
    with pytest.raises(ValueError, match="there is no parameter"):
        AdamW([])


@pytest.mark.parametrize("decoupled", [False, True])
def test_essence_is_the_module(device, decoupled):
    form = essence.adamw if decoupled else essence.adam_l2
    theta, m, v = torch.randn(5, device=device), torch.zeros(5, device=device), torch.zeros(5, device=device)
    ours, moments = theta.clone(), (m.clone(), v.clone())
    for step in (1, 2, 3):
        grad = torch.randn(5, device=device)
        adam_step(theta, grad, m, v, step, lr=0.1, weight_decay=0.5, decoupled=decoupled)
        ours, *moments = form(ours, grad, *moments, step, 0.1, 0.5)
        torch.testing.assert_close(ours, theta)
    ours = essence.sgd(theta, grad, 0.1)
    sgd_step(theta, grad, torch.zeros(5, device=device), lr=0.1)
    torch.testing.assert_close(ours, theta)
