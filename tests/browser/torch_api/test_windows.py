"""Convolutions, pools, padding and resizing are torch's, with their gradients; so are their layers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import assert_same, check, outcome, shim, torch
from tests.browser.torch_api.test_functions import QUICK, SEEDS, numbers

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")
SMALL = st.integers(1, 2)


@pytest.mark.parametrize("dims", [1, 2, 3])
@QUICK
@given(data=st.data(), seed=SEEDS)
def test_convolutions(dims, data, seed):
    groups = data.draw(SMALL)
    kernel = tuple(data.draw(st.lists(st.integers(1, 3), min_size=dims, max_size=dims)))
    stride, dilation = data.draw(SMALL), data.draw(SMALL)
    padding = data.draw(st.sampled_from([0, 1, "valid"] + ["same"] * (stride == 1)))
    x = numbers(seed, (2, 2 * groups, *(5,) * dims))
    w = numbers(seed + 1, (2 * groups, 2, *kernel))
    b = numbers(seed + 2, (2 * groups,))

    def run(t, x, w, b):
        conv = getattr(t.nn.functional, f"conv{dims}d")
        return conv(x, w, b, stride, padding, dilation, groups), conv(x[0], w, None, stride, padding, dilation, groups)

    check(run, [x, w, b], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
@QUICK
@given(data=st.data(), seed=SEEDS)
def test_transposed_convolutions(dims, data, seed):
    groups, stride, dilation = data.draw(SMALL), data.draw(st.integers(1, 3)), data.draw(SMALL)
    kernel = tuple(data.draw(st.lists(st.integers(1, 3), min_size=dims, max_size=dims)))
    padding = data.draw(st.integers(0, min(kernel) - 1)) if min(kernel) > 1 else 0
    extra = data.draw(st.integers(0, max(stride, dilation) - 1))
    x = numbers(seed, (2, 2 * groups, *(3,) * dims))
    w = numbers(seed + 1, (2 * groups, 2, *kernel))
    b = numbers(seed + 2, (2 * groups,))

    def run(t, x, w, b):
        conv = getattr(t.nn.functional, f"conv_transpose{dims}d")
        return conv(x, w, b, stride, padding, extra, groups, dilation)

    check(run, [x, w, b], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
@QUICK
@given(data=st.data(), seed=SEEDS)
def test_pools(dims, data, seed):
    kernel = data.draw(st.integers(1, 3))
    stride, ceil = data.draw(st.sampled_from([None, 1, 2])), data.draw(st.booleans())
    padding, dilation, counted = data.draw(st.integers(0, kernel // 2)), data.draw(SMALL), data.draw(st.booleans())

    def run(t, x):
        f = t.nn.functional
        largest = getattr(f, f"max_pool{dims}d")
        values, places = largest(x, kernel, stride, padding, dilation, ceil, return_indices=True)
        mean = getattr(f, f"avg_pool{dims}d")(x, kernel, stride, padding, ceil, counted)
        return largest(x, kernel, stride, padding, dilation, ceil), values, places, mean

    check(run, [numbers(seed, (2, 2, *(6,) * dims))], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
@QUICK
@given(out=st.integers(1, 6), seed=SEEDS)
def test_adaptive_pools_and_unpools(dims, out, seed):
    def run(t, x):
        f = t.nn.functional
        mean, largest = (getattr(f, f"adaptive_{name}_pool{dims}d")(x, out) for name in ("avg", "max"))
        values, places = getattr(f, f"max_pool{dims}d")(x, 2, return_indices=True)
        return mean, largest, getattr(f, f"max_unpool{dims}d")(values, places, 2)

    check(run, [numbers(seed, (2, 2, *(6,) * dims))], rtol=1e-4, atol=1e-5)


@QUICK
@given(data=st.data(), mode=st.sampled_from(["constant", "reflect", "replicate", "circular"]), seed=SEEDS)
def test_padding(data, mode, seed):
    low = -1 if mode == "constant" else 0
    sides = data.draw(st.lists(st.integers(low, 2), min_size=4, max_size=4))
    check(lambda t, x: t.nn.functional.pad(x, sides, mode=mode), [numbers(seed, (1, 2, 4, 3))])


RESIZES = {
    "nearest": {"mode": "nearest"}, "exact": {"mode": "nearest-exact"}, "area": {"mode": "area"},
    "bilinear": {"mode": "bilinear"}, "corners": {"mode": "bilinear", "align_corners": True},
    "bicubic": {"mode": "bicubic"}, "bicubic corners": {"mode": "bicubic", "align_corners": True},
}  # fmt: skip


@pytest.mark.parametrize("name", RESIZES)
@QUICK
@given(size=st.tuples(st.integers(1, 7), st.integers(1, 7)), scale=st.sampled_from([0.5, 1.5, 2, 2.6]), seed=SEEDS)
def test_other_sizes(name, size, scale, seed):
    def run(t, x):
        f = t.nn.functional
        return f.interpolate(x, size, **RESIZES[name]), f.interpolate(x, scale_factor=scale, **RESIZES[name])

    check(run, [numbers(seed, (1, 2, 4, 5))], rtol=1e-4, atol=1e-5)


OTHERS = {
    "unfold": lambda t, x: t.nn.functional.unfold(x, (2, 3), dilation=1, padding=1, stride=2),
    "fold": lambda t, x: t.nn.functional.fold(t.nn.functional.unfold(x, 3, padding=1), (4, 6), 3, padding=1),
    "shuffle": lambda t, x: (t.nn.functional.pixel_shuffle(x, 2), t.nn.functional.pixel_unshuffle(x, 2)),
    "channels": lambda t, x: t.nn.functional.channel_shuffle(x, 2),
    "lp": lambda t, x: t.nn.functional.lp_pool2d(x.abs(), 2.0, 2),
    "grid": lambda t, x: t.nn.functional.grid_sample(
        x, t.nn.functional.affine_grid(t.tensor([[[0.9, 0.2, 0.1], [-0.1, 0.8, 0.0]]]), [1, 4, 4, 6],
        align_corners=False),
        align_corners=False,
    ),
    "grid at the border": lambda t, x: t.nn.functional.grid_sample(
        x, t.linspace(-1.2, 1.1, 24).reshape(1, 3, 4, 2), padding_mode="border", align_corners=True
    ),
    "nearest grid": lambda t, x: t.nn.functional.grid_sample(
        x, t.linspace(-1.2, 1.1, 24).reshape(1, 3, 4, 2), mode="nearest", align_corners=True
    ),
    "response": lambda t, x: t.nn.functional.local_response_norm(x, 3),
    "instances": lambda t, x: t.nn.functional.instance_norm(x),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
@settings(QUICK, max_examples=4)
@given(seed=SEEDS)
def test_other_functions_of_images(name, seed):
    check(OTHERS[name], [numbers(seed, (1, 4, 4, 6))], rtol=1e-4, atol=1e-5)


LAYERS = {
    "conv": lambda nn: nn.Conv2d(3, 4, 3, stride=2, padding=1, dilation=2, padding_mode="reflect"),
    "same": lambda nn: nn.Conv2d(3, 4, (2, 3), padding="same", padding_mode="circular", bias=False),
    "transposed": lambda nn: nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1),
    "pools": lambda nn: nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d((2, None))),
    "adaptive": lambda nn: nn.AdaptiveMaxPool2d(3),
    "padding": lambda nn: nn.Sequential(nn.ZeroPad2d(1), nn.ReflectionPad2d((1, 0, 0, 1)), nn.ConstantPad2d(1, 2.5)),
    "more padding": lambda nn: nn.Sequential(nn.ReplicationPad2d(1), nn.CircularPad2d(1)),
    "resized": lambda nn: nn.Sequential(nn.Upsample(scale_factor=2), nn.UpsamplingBilinear2d(size=(4, 4))),
    "instance": lambda nn: nn.InstanceNorm2d(3, affine=True),
    "running": lambda nn: nn.InstanceNorm2d(3, track_running_stats=True),
    "dropped": lambda nn: nn.Sequential(nn.Dropout2d(0.4), nn.AlphaDropout(0.3), nn.Dropout(0.2)),
    "activations": lambda nn: nn.Sequential(
        nn.SELU(), nn.CELU(0.7), nn.PReLU(3), nn.Hardtanh(-0.8, 0.9), nn.Softshrink(0.1), nn.Tanhshrink(), nn.RReLU()
    ),
    "lazy": lambda nn: nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2)),
    "lazily transposed": lambda nn: nn.LazyConvTranspose2d(2, 2, stride=2),
    "unflatten": lambda nn: nn.Unflatten(1, (3, 1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    def run(t):
        t.manual_seed(0)
        layer = LAYERS[name](t.nn)
        text = repr(layer)
        x = t.randn(2, 3, 8, 9)
        outs = [layer(x), layer(x)]
        return text, repr(layer), outs, list(layer.state_dict()), list(layer.state_dict().values()), layer.eval()(x)

    results = [outcome(run, t) for t in (shim, torch)]
    assert_same(*results, rtol=1e-4, atol=1e-5)
    assert not isinstance(results[0], Exception)


def test_wrong_arguments_raise_what_torch_raises():
    def tries(t):
        x, f = t.ones(1, 2, 4, 4), t.nn.functional
        calls = (
            lambda: f.conv2d(x, t.ones(1, 3, 2, 2)), lambda: f.conv2d(x, t.ones(1, 2, 5, 5)),
            lambda: f.conv2d(t.ones(2), t.ones(1, 2, 1, 1)),
            lambda: f.max_pool2d(x, 2, padding=2), lambda: f.pad(x, (4, 4, 0, 0), mode="reflect"),
            lambda: f.pixel_shuffle(x, 2),
            lambda: f.interpolate(x), lambda: t.nn.Conv2d(2, 2, 3, padding="same", stride=2),
            lambda: t.nn.Conv2d(3, 2, 3, groups=2),
        )  # fmt: skip
        return [type(outcome(call)).__name__ for call in calls]

    assert tries(shim) == tries(torch)
    assert np.all([name.endswith("Error") for name in tries(shim)])
