"""Mixed precision against torch's own scaler, training in float32, and all 65,536 ways to round."""

import inspect
import math

import pytest
import torch

from snippets.essence import mixed_precision as essence
from snippets.mixed_precision import GradScaler, MasterWeights, round_stochastically, round_with_noise

EVERY = torch.arange(2**16, dtype=torch.int32)
OVERFLOWS = [0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("interval", [1, 2, 3])
def test_scale_grows_and_shrinks_as_torchs_does(device, interval):
    """Gradients with and without an overflow, and an optimizer that steps where torch lets it."""
    settings = {"init_scale": 8.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": interval}
    ours, theirs = GradScaler(**settings, device=device), torch.amp.GradScaler(device.type, **settings)
    parameter = torch.nn.Parameter(torch.zeros(3, device=device))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    for overflow in OVERFLOWS:
        before = parameter.detach().clone()
        parameter.grad = None
        theirs.scale((parameter * (math.inf if overflow else 1.0)).sum()).backward()
        theirs.step(optimizer)
        theirs.update()
        ours.update(torch.tensor(bool(overflow), device=device))
        assert ours.scale_now.item() == theirs.get_scale()
        assert torch.equal(parameter.detach(), before - (0.0 if overflow else 1.0))


def test_defaults_are_those_of_torch():
    ours, theirs = (inspect.signature(one).parameters for one in (GradScaler, torch.amp.GradScaler))
    for name in ("init_scale", "growth_factor", "backoff_factor", "growth_interval"):
        assert ours[name].default == theirs[name].default, name
    scaler = GradScaler()
    for name in ("growth_factor", "backoff_factor", "growth_interval"):
        assert getattr(scaler, name) == theirs[name].default
    assert scaler.scale_now.item() == 65536.0 == theirs["init_scale"].default


def test_loss_is_scaled_in_float32_at_least(device):
    scaler = GradScaler(init_scale=2.0**20, device=device)
    found = scaler.scale(torch.tensor(3.0, dtype=torch.float16, device=device))
    assert found.dtype == torch.float32 and found.item() == 3 * 2.0**20
    assert scaler.scale(torch.tensor(3.0, dtype=torch.float64, device=device)).dtype == torch.float64


def training(device, dtype, scaler=None, master=True, steps=60):
    """A line with a loss so small that float16 has no number for its gradient; returns the weight at the end."""
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=dtype, device=device))
    weights = MasterWeights([weight]) if master else None
    optimizer = torch.optim.SGD(weights.wide if weights else [weight], lr=5e5)
    x = torch.tensor([[0.5, -0.25], [0.25, 0.5]], dtype=dtype, device=device)
    y = torch.tensor([0.5, 1.0], dtype=dtype, device=device)
    for _ in range(steps):
        loss = 1e-7 * (x @ weight - y).float().square().mean()
        (scaler.scale(loss) if scaler else loss).backward()
        found_inf = weights.take_gradients(scaler.scale_now if scaler else 1.0) if weights else torch.tensor(False)
        if not found_inf:
            optimizer.step()
        if weights:
            weights.give_weights()
        else:
            weight.grad = None
        if scaler:
            scaler.update(found_inf)
    return weight.detach().float()


def test_float16_learns_what_float32_learns_if_the_loss_is_scaled(device):
    begin = torch.tensor([1.0, 2.0], device=device)
    wide = training(device, torch.float32)
    assert (wide - begin).norm() > 0.3
    torch.testing.assert_close(training(device, torch.float16, GradScaler(device=device)), wide, atol=2e-3, rtol=0)
    assert torch.equal(training(device, torch.float16), begin)  # a gradient of 1e-8 is 0


def test_a_scale_that_is_too_large_comes_down_by_itself(device):
    scaler = GradScaler(init_scale=2.0**60, device=device)
    found = training(device, torch.float16, scaler, steps=80)
    assert 2.0**10 < scaler.scale_now.item() < 2.0**50
    left_out = round(60 - math.log2(scaler.scale_now.item()))  # a halving each
    torch.testing.assert_close(found, training(device, torch.float32, steps=80 - left_out), atol=2e-3, rtol=0)


def test_small_steps_are_lost_without_a_copy_in_float32(device):
    """From 2 to 4 the spacing of bfloat16 is 2⁻⁶ = 0.0156: a step below half of it changes nothing."""
    weight = torch.nn.Parameter(torch.tensor([2.5], dtype=torch.bfloat16, device=device))
    alone = torch.nn.Parameter(weight.detach().clone())
    master = MasterWeights([weight])
    ours, its = torch.optim.SGD(master.wide, lr=0.005), torch.optim.SGD([alone], lr=0.005)
    for _ in range(20):
        weight.grad, alone.grad = torch.ones_like(weight), torch.ones_like(alone)
        assert not master.take_gradients()
        ours.step()
        master.give_weights()
        its.step()
    assert alone.item() == 2.5
    assert master.wide[0].item() == pytest.approx(2.4)
    assert weight.item() == torch.tensor(2.4).bfloat16().item()


def test_gradients_move_to_the_copies_unscaled_and_an_overflow_is_told(device):
    narrow = [torch.nn.Parameter(torch.ones(2, dtype=torch.float16, device=device)) for _ in range(3)]
    master = MasterWeights(iter(narrow))
    assert [one.dtype for one in master.wide] == [torch.float32] * 3
    narrow[0].grad, narrow[1].grad = torch.full_like(narrow[0], 6.0), torch.full_like(narrow[1], 2.0**-24)
    found_inf = master.take_gradients(torch.tensor(4.0, device=device))
    assert found_inf.dtype == torch.bool and found_inf.shape == () and not found_inf
    assert master.wide[0].grad.tolist() == [1.5, 1.5]
    assert master.wide[1].grad.tolist() == [2.0**-26] * 2  # below all of float16
    assert master.wide[2].grad is None and [one.grad for one in narrow] == [None] * 3
    for value in (math.inf, math.nan):
        narrow[1].grad, narrow[2].grad = torch.tensor([1.0, value], device=device).half(), torch.ones_like(narrow[2])
        assert master.take_gradients()
        assert master.wide[0].grad is None


def test_copies_are_not_the_weights_and_hold_no_graph(device):
    weight = torch.nn.Parameter(torch.ones(2, device=device))  # float32 already
    master = MasterWeights([weight])
    master.wide[0] += 1.0
    assert weight.tolist() == [1.0, 1.0] and not master.wide[0].requires_grad
    master.give_weights()
    assert weight.tolist() == [2.0, 2.0] and weight.requires_grad


NUMBERS = [1.0, 1.001, -1.001, 3.14159, -2.7e-5, 1e-38, 3e-40, -255.9999, 6.5e37, 1.9999999]


@pytest.mark.parametrize("number", NUMBERS)
def test_mean_over_all_roundings_is_the_number_and_each_is_a_neighbour(device, number):
    x = torch.tensor(number, device=device)
    found = round_with_noise(x.expand(2**16), EVERY.to(device))
    assert found.dtype == torch.bfloat16
    values = found.double()
    assert values.mean().item() == pytest.approx(x.double().item(), rel=1e-12)
    low, high = sorted(set(values.tolist()))[0], sorted(set(values.tolist()))[-1]
    assert len(set(values.tolist())) <= 2 and low <= x.item() <= high
    for value in (low, high):  # neighbours: what lies between rounds to one of them
        assert torch.tensor(value).bfloat16().item() == value
    assert torch.tensor((low + high) / 2).bfloat16().item() in (low, high)


def test_what_bfloat16_has_and_what_is_not_finite_stays(device):
    x = torch.tensor([1.0, -0.5, 0.0, 3.0e38, math.inf, -math.inf], device=device)
    kept = x.bfloat16().float()
    for noise in (0, 2**15, 2**16 - 1):
        found = round_with_noise(kept, torch.full((6,), noise, dtype=torch.int32, device=device))
        assert torch.equal(found.float(), kept)
    nan = torch.tensor([2**31 - 1, -1, 0x7F800001], dtype=torch.int32, device=device).view(torch.float32)
    assert round_with_noise(nan, torch.full((3,), 2**16 - 1, dtype=torch.int32, device=device)).isnan().all()


def test_noise_reaches_from_0_to_65535_and_comes_from_the_generator(device):
    x = torch.full((200_000,), 1.0 + 2.0**-7 * 0.3, device=device)
    draw = torch.Generator(device).manual_seed(0)
    found = round_stochastically(x, draw)
    assert found.dtype == torch.bfloat16
    assert (found.float() > 1.0).double().mean().item() == pytest.approx(0.3, abs=0.005)  # 5 deviations
    draw.manual_seed(0)
    assert torch.equal(round_stochastically(x, draw), found)
    assert not torch.equal(round_stochastically(x, draw), found)
    rare = torch.tensor([1 + 2.0**-7 - 2.0**-20, 1 + 2.0**-20], device=device).repeat(2**18, 1)  # 8 of 65,536
    up = (round_stochastically(rare, draw).float() > 1.0).sum(dim=0).tolist()
    assert 10 < 2**18 - up[0] < 60 and 10 < up[1] < 60  # 32 expected of each


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradScaler(init_scale=0.0), "init_scale 0.0"),
        (lambda: GradScaler(growth_factor=1.0), "growth_factor 1.0"),
        (lambda: GradScaler(backoff_factor=1.0), "backoff_factor 1.0"),
        (lambda: GradScaler(backoff_factor=0.0), "backoff_factor 0.0"),
        (lambda: GradScaler(growth_interval=0), "growth_interval 0"),
        (lambda: MasterWeights([]), "no parameter"),
        (lambda: round_stochastically(torch.ones(2, dtype=torch.float64)), "float64"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives(device):
    torch.manual_seed(0)
    start = torch.nn.Linear(3, 1).half().to(device)
    models = [torch.nn.Linear(3, 1).half().to(device) for _ in range(2)]
    for model in models:
        model.load_state_dict(start.state_dict())
    x = torch.randn(4, 3, device=device).half()
    master, scaler = MasterWeights(models[0].parameters()), GradScaler(2.0**30, device=device)
    ours, s = torch.optim.SGD(master.wide, lr=0.1), 2.0**30
    w32 = [parameter.detach().float() for parameter in models[1].parameters()]
    its = torch.optim.SGD(w32, lr=0.1)
    for _ in range(25):
        scaler.scale(models[0](x).square().mean()).backward()
        found_inf = master.take_gradients(scaler.scale_now)
        if not found_inf:
            ours.step()
        master.give_weights()
        scaler.update(found_inf)
        s = essence.step(models[1], lambda model: model(x).square().mean(), w32, its, s)
    assert s == scaler.scale_now.item() < 2.0**30
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(models[0].weight, start.weight)


def test_essence_rounds_as_the_module_does():
    x = torch.randn(1000)
    torch.manual_seed(3)
    found = essence.stochastic(x)
    torch.manual_seed(3)
    assert torch.equal(found, round_stochastically(x))


def test_a_scale_below_one_is_a_scale():
    assert GradScaler(init_scale=0.5).scale_now == 0.5
