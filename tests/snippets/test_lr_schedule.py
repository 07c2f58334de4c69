"""Schedules against transformers', clipping against torch's, and both by hand."""

import math

import pytest
import torch
from transformers import get_cosine_with_min_lr_schedule_with_warmup, get_wsd_schedule

from snippets.essence import lr_schedule as essence
from snippets.lr_schedule import clip_gradients, cosine_schedule, stable_schedule

SHAPES = pytest.mark.parametrize(("total", "warmup"), [(20, 5), (20, 0), (7, 6), (1, 0)])
FLOORS = pytest.mark.parametrize("floor", [0.0, 0.1, 1.0])


def rates(build, steps, peak=3.0, **arguments):
    """What one of transformers' schedules sets at steps 0, 1, …"""
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=peak)
    schedule = build(optimizer, **arguments)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@SHAPES
@FLOORS
def test_cosine_equals_transformers(total, warmup, floor):
    expected = rates(
        get_cosine_with_min_lr_schedule_with_warmup,
        total + 1,
        num_warmup_steps=warmup,
        num_training_steps=total,
        min_lr_rate=floor,
    )
    ours = [cosine_schedule(step, 3.0, total, warmup, floor) for step in range(total + 1)]
    assert ours == pytest.approx(expected, abs=1e-12)


@SHAPES
@pytest.mark.parametrize("decay", [0, 1, 6])
def test_stable_equals_transformers(total, warmup, decay):
    """With floor 0: transformers starts its warm-up at the floor, not at 0."""
    if decay > total - warmup:
        with pytest.raises(ValueError, match=f"decay {decay} is not in 0 to {total - warmup}"):
            stable_schedule(0, 3.0, total, warmup, decay)
        return
    expected = rates(
        get_wsd_schedule,
        total + 4,
        num_warmup_steps=warmup,
        num_decay_steps=decay,
        num_training_steps=total,
        decay_type="linear",
    )
    ours = [stable_schedule(step, 3.0, total, warmup, decay, floor=0.0) for step in range(total + 4)]
    assert ours == pytest.approx(expected, abs=1e-12)


def test_cosine_of_llama_by_hand():
    """Peak 3e-4, 2,000 of 10,000 steps warm-up, floor 10 %: half-way down the share is 0.1 + 0.9 / 2 = 0.55."""
    expected = {0: 0.0, 1: 1.5e-7, 1000: 1.5e-4, 2000: 3e-4, 6000: 0.55 * 3e-4, 10000: 3e-5, 99999: 3e-5}
    for step, rate in expected.items():
        assert math.isclose(cosine_schedule(step, 3e-4, 10000), rate, rel_tol=1e-9)


def test_stable_by_hand():
    """Peak 1, 10 steps, 2 of warm-up, the last 4 decay to 20 %: steps of 0.2 down from 1."""
    found = [stable_schedule(step, 1.0, 10, 2, 4, 0.2) for step in range(13)]
    assert found == pytest.approx([0, 0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    assert stable_schedule(8000, 1.0, 10000) == 1.0
    assert stable_schedule(9000, 1.0, 10000) == pytest.approx(0.55)
    assert stable_schedule(1000, 1.0, 10000) == 0.5


@pytest.mark.parametrize(("schedule", "decay"), [(cosine_schedule, {}), (stable_schedule, {"decay": 0})])
def test_warmup_may_take_all_steps(schedule, decay):
    found = [schedule(step, 1.0, 2, 2, floor=0.25, **decay) for step in range(4)]
    assert found == [0.0, 0.5, 0.25, 0.25]


def test_rate_rises_then_falls_and_never_leaves_its_range():
    found = [cosine_schedule(step, 1.0, 100, 10) for step in range(150)]
    assert found[:11] == sorted(found[:11])
    assert found[10:] == sorted(found[10:], reverse=True)
    assert max(found) == found[10] == 1.0
    assert min(found[10:]) == pytest.approx(0.1)


@pytest.mark.parametrize("max_norm", [0.5, 1.0, 1e3])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-5), (torch.float64, 1e-5), (torch.bfloat16, 1e-2)])
def test_clipping_equals_torchs(device, max_norm, dtype, rtol):
    ours = [torch.zeros(shape, device=device, dtype=dtype, requires_grad=True) for shape in ((3, 4), (5,), ())]
    theirs = [torch.zeros_like(parameter, requires_grad=True) for parameter in ours]
    for mine, reference in zip(ours, theirs, strict=True):
        mine.grad = torch.randn_like(mine)
        reference.grad = mine.grad.clone()
    norm = clip_gradients(iter(ours), max_norm)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    torch.testing.assert_close(norm, expected.to(norm.dtype), rtol=rtol, atol=0)
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=rtol, atol=1e-6)


def test_clipping_by_hand(device):
    """Gradients 3 and 4 of two tensors have the norm 5 together: to 1 they become 0.6 and 0.8; to 5 they stay."""
    for max_norm, expected in ((1.0, [0.6, 0.8]), (5.0, [3.0, 4.0]), (9.0, [3.0, 4.0])):
        parameters = [torch.zeros((), device=device, requires_grad=True) for _ in range(2)]
        for parameter, gradient in zip(parameters, (3.0, 4.0), strict=True):
            parameter.grad = torch.tensor(gradient, device=device)
        assert clip_gradients(parameters, max_norm).item() == 5.0
        assert [parameter.grad.item() for parameter in parameters] == pytest.approx(expected)


def test_default_norm_is_one(device):
    parameter = torch.zeros(2, device=device, requires_grad=True)
    parameter.grad = torch.tensor([30.0, 40.0], device=device)
    clip_gradients([parameter])
    assert parameter.grad.norm().item() == pytest.approx(1.0)


def test_half_precision_norm_does_not_overflow(device):
    """Squares of 300 are above float16's 65,504."""
    parameter = torch.zeros(4, device=device, dtype=torch.float16, requires_grad=True)
    parameter.grad = torch.full_like(parameter, 300.0)
    norm = clip_gradients([parameter])
    assert (norm.item(), norm.dtype) == (600.0, torch.float32)
    assert parameter.grad.tolist() == pytest.approx([0.5] * 4, rel=1e-3)


def test_parameters_without_gradients_are_skipped(device):
    with_gradient, without = (torch.zeros(1, device=device, requires_grad=True) for _ in range(2))
    assert clip_gradients([without]).item() == 0.0
    assert clip_gradients([]).item() == 0.0
    with_gradient.grad = torch.tensor([-2.0], device=device)
    assert clip_gradients([without, with_gradient], 1.0).item() == 2.0
    assert with_gradient.grad.tolist() == [-1.0]
    assert without.grad is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_gradients_that_are_not_finite_are_refused_and_left_alone(device, bad):
    parameter = torch.zeros(2, device=device, requires_grad=True)
    parameter.grad = torch.tensor([1.0, bad], device=device)
    with pytest.raises(ValueError, match="the gradients' norm is"):
        clip_gradients([parameter])
    assert parameter.grad[0] == 1.0


@pytest.mark.parametrize("schedule", [cosine_schedule, stable_schedule])
@pytest.mark.parametrize(
    ("step", "options", "message"),
    [
        (-1, {}, "step -1 is negative"),
        (0, {"warmup": 11}, "warmup 11 is not in 0 to 10"),
        (0, {"warmup": -1}, "warmup -1 is not in 0 to 10"),
        (0, {"warmup": 0, "floor": 1.5}, r"floor 1\.5 is not in"),
        (0, {"warmup": 0, "floor": -0.5}, r"floor -0\.5 is not in"),
    ],
)
def test_wrong_schedules_are_refused(schedule, step, options, message):
    with pytest.raises(ValueError, match=message):
        schedule(step, 1.0, 10, **{"warmup": 2, **options})


@pytest.mark.parametrize("max_norm", [0.0, -1.0, math.nan])
def test_norms_that_are_not_positive_are_refused(max_norm):
    with pytest.raises(ValueError, match="is not positive"):
        clip_gradients([], max_norm)
    with pytest.raises(ValueError, match="decay -1 is not in 0 to 8"):
        stable_schedule(0, 1.0, 10, 2, -1)


def test_essence_is_the_module(device):
    for n in (0, 3, 5, 6, 19, 20):
        assert math.isclose(essence.η(n, 3.0, 5, 20, 0.1), cosine_schedule(n, 3.0, 20, warmup=5), abs_tol=1e-12)
    for size in (0.01, 10.0):
        parts = [torch.zeros(3, device=device), torch.zeros(2, 2, device=device)]
        for part in parts:
            part.grad = size * torch.randn(part.shape, device=device)
        ours = essence.clip([part.grad.clone() for part in parts], 1.0)
        clip_gradients(parts, 1.0)
        for mine, part in zip(ours, parts, strict=True):
            torch.testing.assert_close(mine, part.grad)
