"""Moved scales leave the product alone; the search against a loop, SmoothQuant's balance against its closed form."""

import pytest
import torch
import torch.nn.functional as F

from snippets import quantization
from snippets.awq import awq_scales, move_scales, rounded, rounded_linear, search_awq, smoothquant_scales
from snippets.essence import awq as essence


def layer(device, dtype=torch.float32):
    """Inputs of which three channels stick out, and a weight."""
    x = torch.randn(96, 32, device=device, dtype=dtype)
    x[:, [1, 7, 20]] *= 40
    return x, torch.randn(24, 32, device=device, dtype=dtype) / 6


@pytest.mark.parametrize(("bits", "group"), [(4, None), (3, 8), (8, 16), (2, 32)])
def test_rounding_is_that_of_quantization(device, bits, group):
    _, weight = layer(device)
    weight[2] = 0.0
    expected = quantization.dequantize(*quantization.quantize(weight, bits, group))
    torch.testing.assert_close(rounded(weight, bits, group), expected)


def test_scales_moved_into_the_norm_leave_the_output_alone(device):
    x, weight = (one.double() for one in layer(device))
    norm = torch.rand(32, device=device, dtype=torch.float64) + 0.5
    expected = F.linear(F.rms_norm(x, (32,), norm), weight)
    for scales in (smoothquant_scales(x, weight), awq_scales(x, 0.7)):
        moved, multiplied = move_scales(norm, weight, scales)
        torch.testing.assert_close(F.linear(F.rms_norm(x, (32,), moved), multiplied), expected)


@pytest.mark.parametrize(("bits", "group"), [(4, None), (3, 8)])
def test_search_finds_the_best_of_the_grid(device, bits, group):
    x, weight = layer(device)
    scales, alpha = search_awq(weight, x, bits, group, steps=8)
    errors = []
    for step in range(8):
        size = x.abs().mean(dim=0) ** (step / 8)
        by_channel = torch.stack([weight[:, j] * size[j] for j in range(32)], dim=1)
        back = quantization.dequantize(*quantization.quantize(by_channel, bits, group)) / size
        errors.append((F.linear(x, weight) - F.linear(x, back)).square().mean().item())
    assert alpha == errors.index(min(errors)) / 8
    assert alpha > 0
    torch.testing.assert_close(scales, awq_scales(x, alpha))


def test_awq_protects_the_channels_with_large_inputs(device):
    """The error of their weights falls, that of the others rises a little; the output gains."""
    x, weight = layer(device)
    scales, _ = search_awq(weight, x, bits=3)
    plain, awq = rounded(weight, 3) - weight, rounded(weight * scales, 3) / scales - weight
    large = [1, 7, 20]
    assert awq[:, large].square().mean() < 0.5 * plain[:, large].square().mean()
    assert (x @ awq.T).norm() < 0.7 * (x @ plain.T).norm()


def test_inputs_of_one_size_leave_nothing_to_protect(device):
    weight, x = torch.randn(8, 16, device=device), torch.ones(4, 16, device=device)
    scales, alpha = search_awq(weight, x)
    assert (alpha, scales.tolist()) == (0.0, [1.0] * 16)


def test_smoothquant_shares_evenly_at_one_half(device):
    x, weight = layer(device)
    scales = smoothquant_scales(x, weight)
    inputs, weights = (x / scales).abs().amax(dim=0), (weight * scales).abs().amax(dim=0)
    torch.testing.assert_close(inputs, weights)
    torch.testing.assert_close(inputs, (x.abs().amax(dim=0) * weight.abs().amax(dim=0)).sqrt())
    all_to_weights = (x / smoothquant_scales(x, weight, alpha=1.0)).abs().amax(dim=0)
    torch.testing.assert_close(all_to_weights, torch.ones(32, device=device))


def test_smoothquant_by_hand(device):
    """Largest input 16, largest weight 4: 16^.75 / 4^.25 = 8 / 2^.5."""
    x, weight = torch.tensor([[-16.0], [3.0]], device=device), torch.tensor([[4.0], [-1.0]], device=device)
    assert smoothquant_scales(x, weight, 0.75).item() == pytest.approx(8 / 2**0.5)


def test_smoothed_product_of_integers_is_nearer(device):
    x, weight = layer(device)
    exact, scales = F.linear(x, weight), smoothquant_scales(x, weight)
    plain = (rounded_linear(x, weight) - exact).norm()
    assert (rounded_linear(x / scales, weight * scales) - exact).norm() < 0.5 * plain


def test_channel_that_is_never_used_does_no_harm(device):
    x, weight = layer(device)
    x[:, 4] = 0.0
    weight[:, 5] = 0.0
    for scales in (awq_scales(x, 0.9), smoothquant_scales(x, weight), search_awq(weight, x)[0]):
        assert (scales > 0).all()
        assert scales.isfinite().all()


def test_narrow_inputs_are_counted_in_float32(device):
    x, weight = layer(device, torch.bfloat16)
    for found in (rounded(weight, 4), awq_scales(x, 0.5), smoothquant_scales(x, weight), rounded_linear(x, weight)):
        assert found.dtype == torch.float32


ONES = torch.ones(2, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rounded(ONES, 9), "bits 9"),
        (lambda: rounded(ONES, 4, 3), "group 3 does not divide 4"),
        (lambda: search_awq(ONES, torch.ones(2, 3)), r"\(2, 3\) do not fit"),
        (lambda: search_awq(ONES, ONES, steps=0), "steps 0"),
        (lambda: smoothquant_scales(torch.ones(2, 3), ONES), "do not fit"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    x, weight = layer("cpu", torch.float64)
    scales, _ = search_awq(weight, x, bits=4, steps=10)
    torch.testing.assert_close(essence.awq(weight, x, most=7, steps=10), rounded(weight * scales, 4) / scales)
    smooth = smoothquant_scales(x, weight)
    torch.testing.assert_close(essence.smoothquant(weight, x, most=127), rounded_linear(x / smooth, weight * smooth))
