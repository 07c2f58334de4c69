"""Flow matching against diffusers, and data whose velocity field is known: Gaussians, and heaps of them."""

import math
from statistics import NormalDist

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.models.normalization import AdaLayerNormZero

from snippets.essence import flow_matching as essence
from snippets.flow_matching import AdaLNZero, flow_matching_loss, follow, interpolate, sample_times, shift_times


def scheduler(shift=1.0):
    """The oracle: its sigma is 1 - t, its velocity noise minus data."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=shift)


@pytest.mark.parametrize("shape", [(4, 3), (4,), (4, 2, 3, 3)])
def test_points_of_the_lines_equal_diffusers(shape):
    torch.manual_seed(0)
    noise, data = torch.randn(2, *shape)
    oracle = scheduler()
    steps = oracle.timesteps[[0, 10, 500, 999]]
    expected = oracle.scale_noise(data, steps, noise)
    torch.testing.assert_close(interpolate(noise, data, 1 - steps / 1000), expected)


@pytest.mark.parametrize("shift", [1.0, 3.0, 0.5])
def test_shifted_times_and_steps_equal_diffusers(shift):
    """The whole way of a made-up velocity field, at the times that diffusers makes of evenly spaced sigmas."""
    torch.manual_seed(0)
    oracle, x = scheduler(shift), torch.randn(5, 3)
    sigmas = torch.linspace(1, 0.125, 8)
    oracle.set_timesteps(sigmas=sigmas.tolist())
    times = torch.cat([shift_times(1 - sigmas, shift), torch.ones(1)])
    torch.testing.assert_close(1 - times, oracle.sigmas)
    expected = x
    for step in oracle.timesteps:
        expected = oracle.step(-torch.sin(expected + step / 1000), step, expected).prev_sample
    found = follow(lambda x, t: torch.sin(x + (1 - t)[:, None]), x, times)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_shift_keeps_the_ends_and_a_shift_back_undoes_it(device):
    t = torch.linspace(0, 1, 11, device=device, dtype=torch.float64)
    moved = shift_times(t, 3.0)
    assert moved[0] == 0 and moved[-1] == 1 and (moved[1:-1] < t[1:-1]).all()
    torch.testing.assert_close(shift_times(moved, 1 / 3), t)
    assert torch.equal(shift_times(t, 1.0), t)
    assert shift_times(torch.tensor(0.5), 3.0).item() == pytest.approx(0.25)  # sigma 1/2 becomes 3/4


def gaussian_velocity(mean, deviation):
    """The exact field of N(mean, deviation²): E[x1 - x0 | x_t], all of them jointly Gaussian."""

    def model(x, t):
        t = t.view(-1, *[1] * (x.ndim - 1))
        variance = (1 - t) ** 2 + (t * deviation) ** 2
        return mean + (t * deviation**2 - (1 - t)) / variance * (x - t * mean)

    return model


@pytest.mark.parametrize("midpoint", [False, True])
@pytest.mark.parametrize("end", [0.7, 1.0])
def test_exact_velocity_carries_noise_to_its_place_among_the_data(device, midpoint, end):
    """For Gaussians x_t = t m + √((1 - t)² + t² d²) x_0, which is m + d x_0 at the end."""
    x = torch.tensor([-2.0, -0.5, 0.0, 1.0, 3.0], device=device, dtype=torch.float64).unsqueeze(1)
    times = torch.linspace(0, end, 201, device=device, dtype=torch.float64)
    made = follow(gaussian_velocity(2.0, 0.5), x, times, midpoint)
    expected = 2 * end + math.sqrt((1 - end) ** 2 + (end / 2) ** 2) * x
    torch.testing.assert_close(made, expected, atol=1e-4 if midpoint else 0.02, rtol=0)


@pytest.mark.parametrize(("midpoint", "order"), [(False, 1), (True, 2)])
def test_half_the_step_is_half_the_error_or_a_quarter(device, midpoint, order):
    """dx/dt = x + t is solved by (x + 1) e^t - t - 1."""
    x = torch.linspace(-2, 3, 5, device=device, dtype=torch.float64)

    def error(steps):
        made = follow(lambda x, t: x + t, x, torch.linspace(0, 1, steps + 1, dtype=x.dtype, device=device), midpoint)
        return (made - (x + 1) * math.e + 2).abs().max().item()

    assert error(100) / error(200) == pytest.approx(2**order, rel=0.02)


def test_flow_of_heaps_is_a_map_of_quantiles(device):
    """In one dimension points do not overtake: the q-th part of the noise ends at the q-th part of the data."""
    centres = torch.tensor([-2.0, 1.0, 3.0], device=device, dtype=torch.float64)
    shares = torch.tensor([0.5, 0.3, 0.2], device=device, dtype=torch.float64)

    def model(x, t):  # the mean of the heaps' own fields, weighed by how likely each of them is here
        t = t[:, None]
        variance = (1 - t) ** 2 + (t * 0.3) ** 2
        weight = ((x - t * centres) ** 2 / (-2 * variance) + shares.log()).softmax(dim=1)
        each = centres + (t * 0.09 - (1 - t)) / variance * (x - t * centres)
        return (weight * each).sum(dim=1, keepdim=True)

    x = torch.tensor([-2.0, -1.0, -0.3, 0.2, 0.6, 1.5], device=device, dtype=torch.float64).unsqueeze(1)
    made = follow(model, x, torch.linspace(0, 1, 501, device=device, dtype=torch.float64), midpoint=True)
    for begin, end in zip(x.flatten().tolist(), made.flatten().tolist(), strict=True):
        below = sum(s * NormalDist(c, 0.3).cdf(end) for s, c in zip(shares.tolist(), centres.tolist(), strict=True))
        assert below == pytest.approx(NormalDist().cdf(begin), abs=2e-3)


def test_loss_is_least_for_the_exact_velocity(device):
    """What is left is the variance of x1 - x0 given x_t: d² / ((1 - t)² + t² d²), by Gaussian algebra."""
    data = 2 + 0.5 * torch.randn(100_000, 1, device=device)
    t = torch.full((100_000,), 0.6, device=device)
    least = 0.25 / (0.4**2 + 0.6**2 * 0.25)
    best = flow_matching_loss(gaussian_velocity(2.0, 0.5), data, t).item()
    assert best == pytest.approx(least, rel=0.02)
    other = flow_matching_loss(lambda x, t: gaussian_velocity(2.0, 0.5)(x, t) + 0.3, data, t).item()
    assert other == pytest.approx(least + 0.09, rel=0.02)


def test_loss_by_hand(device):
    """Lines 0 to 4 and 1 to 3, stood on at 1/4 and 1/2: points 1 and 2, directions 4 and 2."""
    noise, data = torch.tensor([[0.0], [1.0]], device=device), torch.tensor([[4.0], [3.0]], device=device)
    t = torch.tensor([0.25, 0.5], device=device)
    assert interpolate(noise, data, t).tolist() == [[1.0], [2.0]]
    loss = flow_matching_loss(lambda x, t: x + 4 * t[:, None], data, t, noise)  # 2 and 4
    assert loss.item() == pytest.approx((2**2 + 2**2) / 2)


def test_lines_begin_at_standard_noise_and_all_times_are_alike_by_default(device):
    seen = []
    flow_matching_loss(lambda x, t: seen.append((x, t)) or x, torch.zeros(20_000, 1, device=device))
    (x, t), = seen  # fmt: skip
    noise = x[:, 0] / (1 - t)
    assert noise.mean().item() == pytest.approx(0, abs=0.04) and noise.std().item() == pytest.approx(1, rel=0.05)
    assert torch.histc(t, 4, 0, 1).div(20_000).tolist() == pytest.approx([0.25] * 4, abs=0.02)


def test_logit_normal_times_have_their_quantiles(device):
    """sigmoid(m + s z): the median is sigmoid(m), one deviation is sigmoid(m ± s)."""
    t = sample_times(40_000, 0.5, 0.8, device=device)
    quantiles = torch.quantile(t, torch.tensor([0.1587, 0.5, 0.8413], device=device)).tolist()
    assert quantiles == pytest.approx([1 / (1 + math.exp(-x)) for x in (-0.3, 0.5, 1.3)], abs=0.01)
    standard = sample_times(40_000, 0.0, device=device)
    assert torch.quantile(standard, 0.8413).item() == pytest.approx(1 / (1 + math.exp(-1)), abs=0.01)


@pytest.mark.parametrize("mean", [None, 0.0])
def test_same_generator_gives_the_same_times(device, mean):
    generators = [torch.Generator(device).manual_seed(3) for _ in range(2)]
    first, second = (sample_times(5, mean, generator=one, device=device) for one in generators)
    assert torch.equal(first, second) and first.device.type == device.type
    if mean is not None:  # the higher the draw, the later
        assert torch.equal(first, torch.randn(5, generator=generators[0].manual_seed(3), device=device).sigmoid())


def test_there_and_back_again(device):
    """From data to the noise it comes from, and to the data; the second order brings it home."""
    x = torch.randn(6, 2, device=device, dtype=torch.float64)
    times = torch.linspace(0, 1, 201, device=device, dtype=torch.float64)
    noise = follow(gaussian_velocity(2.0, 0.5), x, times.flip(0), midpoint=True)
    torch.testing.assert_close(noise, (x - 2) / 0.5, atol=2e-3, rtol=0)
    torch.testing.assert_close(follow(gaussian_velocity(2.0, 0.5), noise, times, midpoint=True), x, atol=2e-3, rtol=0)


def test_model_is_asked_at_the_beginnings_or_in_the_middles(device):
    asked = []

    def model(x, t):
        asked.append(t.tolist())
        return torch.ones_like(x)

    times = torch.tensor([0.0, 0.5, 1.0], device=device)
    assert follow(model, torch.zeros(2, 3, device=device), times).tolist() == [[1.0] * 3] * 2
    assert asked == [[0, 0], [0.5, 0.5]]
    asked.clear()
    follow(model, torch.zeros(1, 3, device=device), times, midpoint=True)
    assert asked == [[0], [0.25], [0.5], [0.75]]
    same = follow(None, torch.ones(2, device=device), times[:1])
    assert same.tolist() == [1.0, 1.0]


def test_gradients_reach_the_model_and_none_are_kept_on_the_way(device):
    data, noise = torch.randn(2, 3, 2, device=device, dtype=torch.float64)
    t = torch.tensor([0.1, 0.5, 0.9], device=device, dtype=torch.float64)
    weight = torch.randn(2, 2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda weight: flow_matching_loss(lambda x, t: x @ weight, data, t, noise), weight)
    assert not follow(lambda x, t: x @ weight, data, torch.tensor([0.0, 1.0], device=device)).requires_grad


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_data_stays_so_and_its_loss_is_wide(device, dtype):
    noise, data = torch.randn(2, 4, 3, device=device)
    t = torch.linspace(0.1, 0.9, 4, device=device)
    points = interpolate(noise.to(dtype), data.to(dtype), t)
    assert points.dtype == dtype
    torch.testing.assert_close(points.float(), interpolate(noise, data, t), atol=0.05, rtol=0.05)
    loss = flow_matching_loss(lambda x, t: torch.zeros_like(x), data.to(dtype), t, noise.to(dtype))
    assert loss.dtype == torch.float32
    apart = (data.to(dtype).float() - noise.to(dtype).float()).square().mean()
    torch.testing.assert_close(loss, apart)


def test_adaln_zero_equals_diffusers():
    """Their six parts are shift, scale and gate of attention, then of the MLP: ours are the first three."""
    torch.manual_seed(0)
    theirs, ours = AdaLayerNormZero(8), AdaLNZero(8, 8)
    with torch.no_grad():
        ours.linear.weight.copy_(theirs.linear.weight[:24])
        ours.linear.bias.copy_(theirs.linear.bias[:24])
    x, condition = 100 * torch.randn(2, 5, 8), torch.randn(2, 8)
    expected, gate, *_ = theirs(x, emb=condition)
    found, ours_gate = ours(x, condition)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ours_gate.squeeze(1), gate)


def test_adaln_zero_begins_as_a_plain_norm_with_its_gate_shut(device):
    layer = AdaLNZero(6, 3).to(device)
    x = 1e-3 * torch.randn(2, 4, 6, device=device)  # so small that eps is seen
    found, gate = layer(x, torch.randn(2, 3, device=device))
    torch.testing.assert_close(found, torch.nn.functional.layer_norm(x, (6,), eps=1e-6))
    assert gate.shape == (2, 1, 6) and not gate.any()


@pytest.mark.parametrize(("noise", "t"), [((2, 1), (2,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), ())])
def test_shapes_that_do_not_fit_are_refused(noise, t):
    with pytest.raises(ValueError, match="do not fit"):
        interpolate(torch.zeros(noise), torch.zeros(2, 3), torch.zeros(t))


def test_model_whose_velocities_would_broadcast_is_refused(device):
    with pytest.raises(ValueError, match=r"velocities \(4,\) of samples \(4, 1\)"):
        flow_matching_loss(lambda x, t: x[:, 0], torch.zeros(4, 1, device=device))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_times(3, 0.0, 0.0), "logit_std 0.0"),
        (lambda: sample_times(3, 0.0, math.nan), "logit_std nan"),
        (lambda: shift_times(torch.ones(1), 0.0), "shift 0.0"),
        (lambda: shift_times(torch.ones(1), math.nan), "shift nan"),
        (lambda: follow(None, torch.ones(1), torch.tensor(0.0)), "times"),
        (lambda: follow(None, torch.ones(1), torch.ones(0)), "times"),
        (lambda: follow(None, torch.ones(1), torch.ones(2, 2)), "times"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_equals_the_module():
    weight = torch.randn(3, 3) / 3

    def model(x, t):
        return x @ weight + t.view(-1, 1)

    data = torch.randn(8, 3)
    torch.manual_seed(1)
    found = essence.loss(model, data)
    torch.manual_seed(1)
    torch.testing.assert_close(found, flow_matching_loss(model, data))
    torch.testing.assert_close(essence.sample(model, data, 4), follow(model, data, torch.linspace(0, 1, 5)))
    t = torch.rand(9)
    torch.testing.assert_close(essence.shift(t, 3.0), shift_times(t, 3.0))
