"""FP8 against torch's casts, transformers' blocks, the tables of OCP's MX, every midpoint, and loops in Python."""

import itertools
import math
from types import SimpleNamespace

import pytest
import torch

from snippets.essence import fp8 as essence
from snippets.fp8 import (
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    dequantize_blocks,
    quantize_blocks,
    round_to,
    scaled_matmul,
    short_sum,
)

# By name: the format, exponent bits, bias, and of OCP's tables the largest number, smallest normal, smallest of all.
TABLE = {
    "E4M3": (E4M3, 4, 7, 448.0, 2.0**-6, 2.0**-9),
    "E5M2": (E5M2, 5, 15, 57344.0, 2.0**-14, 2.0**-16),
    "E3M2": (E3M2, 3, 3, 28.0, 0.25, 0.0625),
    "E2M3": (E2M3, 2, 1, 7.5, 1.0, 0.125),
    "E2M1": (E2M1, 2, 1, 6.0, 1.0, 0.5),
}


def numbers(name):
    """Every number of a format that is not negative, from its bits, in order; even places have an even last bit."""
    form, bits, bias, largest, _, _ = TABLE[name]
    found = []
    for code in range(2 ** (bits + form.mantissa)):
        exponent, fraction = divmod(code, 2**form.mantissa)
        scale = 2.0 ** (max(exponent, 1) - bias - form.mantissa)
        found.append(scale * (fraction + (2**form.mantissa if exponent else 0)))
    return [x for x in found if x <= largest]


def nearest(x, levels):
    """Of `levels` the nearest to `x`; of two the one at an even place; beyond the last, the last."""
    at = min(range(len(levels)), key=lambda i: (abs(levels[i] - min(abs(x), levels[-1])), i % 2))
    return math.copysign(levels[at], x)


@pytest.mark.parametrize("name", TABLE)
def test_ranges_are_those_of_the_tables(name):
    form, _, _, largest, normal, smallest = TABLE[name]
    assert (form.max, 2.0**form.min_exponent, 2.0 ** (form.min_exponent - form.mantissa)) == (largest, normal, smallest)
    assert numbers(name)[-1] == largest and numbers(name)[1] == smallest
    if name == "E2M1":
        assert numbers(name) == [0, 0.5, 1, 1.5, 2, 3, 4, 6]


@pytest.mark.parametrize("name", TABLE)
def test_every_number_stays_and_what_lies_between_goes_to_the_nearest(device, name):
    """All midpoints, what is a hair below and above them, and what is too large."""
    form, levels = TABLE[name][0], numbers(name)
    between = [(a + b) / 2 for a, b in itertools.pairwise(levels)]
    x = [*levels, *between, *(y * (1 + h) for y in (*between, *levels) for h in (-1e-6, 1e-6)), 1.2 * levels[-1], 1e30]
    x = torch.tensor(x, dtype=torch.float32, device=device)
    expected = torch.tensor([nearest(y, levels) for y in x.tolist()], device=device)
    assert torch.equal(round_to(x, form), expected)
    assert torch.equal(round_to(-x, form), -expected)


@pytest.mark.parametrize(("form", "dtype"), [(E4M3, torch.float8_e4m3fn), (E5M2, torch.float8_e5m2)])
def test_rounding_equals_torchs_casts(device, form, dtype):
    scales = torch.exp2(torch.randint(-20, 18, (50_000,), device=device).float())
    x = torch.randn(50_000, device=device) * scales
    assert torch.equal(round_to(x, form), x.clamp(-form.max, form.max).to(dtype).float())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_nan_stays_and_the_result_is_float32(device, dtype):
    found = round_to(torch.tensor([math.nan, math.inf, -math.inf, 0.0, 17.0], device=device, dtype=dtype), E4M3)
    assert found.dtype == torch.float32
    assert math.isnan(found[0].item()) and found[1:].tolist() == [448.0, -448.0, 0.0, 16.0]


def by_loop(x, block, name, power_of_two):
    """Elements and scales, block by block, in Python's floats."""
    form, levels = TABLE[name][0], numbers(name)
    rows, columns = len(x), len(x[0])
    elements, scales = [[0.0] * columns for _ in range(rows)], []
    for top in range(0, rows, block[0]):
        scales.append([])
        for left in range(0, columns, block[1]):
            places = [(i, j) for i in range(top, top + block[0]) for j in range(left, left + block[1])]
            peak = max(abs(x[i][j]) for i, j in places)
            if power_of_two:
                s = 2.0 ** (math.floor(math.log2(peak)) - math.floor(math.log2(form.max))) if peak else 1.0
            else:
                s = peak / form.max or 1.0
            scales[-1].append(s)
            for i, j in places:
                elements[i][j] = nearest(x[i][j] / s, levels)
    return elements, scales


@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize("name", ["E4M3", "E2M1", "E5M2"])
@pytest.mark.parametrize("block", [(1, 4), (3, 2), (6, 8)])
def test_blocks_equal_a_loop(device, block, name, power_of_two):
    x = torch.randn(6, 8, device=device) * torch.exp2(torch.randint(-6, 7, (6, 8), device=device).float())
    x[:3, :4] = 0
    elements, scales = quantize_blocks(x, block, TABLE[name][0], power_of_two)
    expected, expected_scales = by_loop(x.tolist(), block, name, power_of_two)
    torch.testing.assert_close(scales.cpu(), torch.tensor(expected_scales), rtol=1e-6, atol=0)
    far = (
        elements.cpu() - torch.tensor(expected)
    ).abs() > 1e-6  # in float64 a number may lie on a midpoint's other side
    assert far.float().mean() < (0.03 if not power_of_two else 1e-9)
    spread = torch.tensor(expected_scales).repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    torch.testing.assert_close(dequantize_blocks(elements, scales).cpu(), elements.cpu() * spread)


def test_blocks_equal_those_of_transformers():
    """As a checkpoint in FP8 is written: its quotient is a product with the inverse scale, which rounds otherwise."""
    from transformers.integrations.finegrained_fp8 import Fp8Quantize

    torch.manual_seed(0)
    x = torch.randn(256, 384)
    x[:128, :128] = 0
    settings = SimpleNamespace(weight_block_size=(128, 128), scale_fmt="float")
    theirs = Fp8Quantize(SimpleNamespace(quantization_config=settings))._quantize_one("w.weight", x)
    elements, scales = quantize_blocks(x, (128, 128))
    torch.testing.assert_close(scales, theirs["w.weight_scale_inv"], rtol=1e-6, atol=0)
    assert (elements == theirs["w.weight"].float()).float().mean() > 0.9999


def test_mxfp4_is_read_back_by_transformers():
    """Packed as gpt-oss packs it, two elements a byte and a scale's exponent in another."""
    from transformers.integrations.mxfp4 import FP4_VALUES, convert_moe_packed_tensors

    torch.manual_seed(0)
    elements, scales = quantize_blocks(torch.randn(6, 96), (1, 32), E2M1, power_of_two=True)
    codes = (elements.unsqueeze(-1) == torch.tensor(FP4_VALUES)).int().argmax(dim=-1)  # (6, 96)
    packed = (codes[:, 0::2] + 16 * codes[:, 1::2]).to(torch.uint8).view(1, 6, 3, 16)
    exponents = (scales.log2() + 127).to(torch.uint8).view(1, 6, 3)
    found = convert_moe_packed_tensors(packed, exponents, dtype=torch.float32)  # (1, 96, 6)
    assert torch.equal(found[0].T, dequantize_blocks(elements, scales))


def test_mx_scales_are_powers_of_two_that_e8m0_has(device):
    x = torch.randn(8, 64, device=device) * torch.exp2(torch.randint(-60, 60, (8, 1), device=device).float())
    elements, scales = quantize_blocks(x, (1, 32), E2M1, power_of_two=True)
    assert scales.shape == (8, 2)
    assert torch.equal(scales.to(torch.float8_e8m0fnu).float(), scales)
    peak = elements.abs().view(8, 2, 32).amax(dim=-1)
    assert ((peak >= 4) & (peak <= 6)).all()  # the top exponent is used, and may saturate
    assert torch.equal(dequantize_blocks(elements, scales), elements * scales.repeat_interleave(32, dim=1))


def test_mx_by_hand(device):
    """The exponent of 100 is 6, that of 6 is 2: a scale of 16, 100 saturates at 96, and 3 becomes 0."""
    x = torch.tensor([[100.0, 3.0, 5.0, -20.0]], device=device)
    elements, scales = quantize_blocks(x, (1, 4), E2M1, power_of_two=True)
    assert scales.tolist() == [[16.0]]
    assert elements.tolist() == [[6.0, 0.0, 0.5, -1.0]]


@pytest.mark.parametrize("power_of_two", [False, True])
def test_zeros_and_the_smallest_numbers_have_finite_scales(device, power_of_two):
    x = torch.tensor([[0.0, 0.0], [1e-44, -1e-44]], device=device)
    elements, scales = quantize_blocks(x, (1, 2), E4M3, power_of_two)
    assert elements[0].tolist() == [0.0, 0.0] and scales[0].item() == 1.0
    assert elements.isfinite().all() and (scales > 0).all()


def test_smallest_scales_by_hand(device):
    """2^-120 / 448 is below the least normal float32; 2^-126 wants 2^-128 of MXFP4, and E8M0 ends at 2^-127."""
    x = torch.tensor([[2.0**-120, 2.0**-126]], dtype=torch.float64, device=device)
    assert quantize_blocks(x, (1, 1))[1].tolist() == [[2.0**-126, 2.0**-126]]
    assert quantize_blocks(x, (1, 1), E2M1, power_of_two=True)[1].tolist() == [[2.0**-122, 2.0**-127]]


def test_short_sum_of_one_term_is_the_term_rounded_in_float32(device):
    """Below 2^-126 the steps of 13 bits are 2^-139: three halves of one become two."""
    found = short_sum(torch.tensor([[1.0 + 2**-14], [3 * 2.0**-140]], dtype=torch.float64, device=device))
    assert found.dtype == torch.float32 and found.tolist() == [1.0, 2.0**-138]


def test_default_is_e4m3_and_its_whole_range(device):
    x = torch.randn(4, 6, device=device)
    elements, _ = quantize_blocks(x, (2, 3))
    assert torch.equal(elements, quantize_blocks(x, (2, 3), E4M3, power_of_two=False)[0])
    assert elements.abs().view(2, 2, 2, 3).amax(dim=(1, 3)).eq(448).all()


def test_relative_error_is_half_a_step_at_most(device):
    """2⁻⁴ for E4M3's three bits, wherever a number does not fall below the smallest normal one."""
    x = torch.randn(64, 128, device=device)
    found = dequantize_blocks(*quantize_blocks(x, (1, 128)))
    normal = x.abs() > 2.0**-6 * x.abs().amax(dim=1, keepdim=True) / 448
    assert ((found - x).abs() / x.abs())[normal].max() <= 2.0**-4 + 1e-6


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_scaled_product_is_that_of_what_the_factors_stand_for(device, rows):
    """As DeepSeek-V3 has it: tiles of one row for the activations, squares for the weights."""
    x, w = torch.randn(4, 24, device=device), torch.randn(6, 24, device=device)
    x_parts, w_parts = quantize_blocks(x, (1, 8)), quantize_blocks(w, (rows, 8))
    found = scaled_matmul(*x_parts, *w_parts)
    expected = dequantize_blocks(*x_parts).double() @ dequantize_blocks(*w_parts).double().T
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)
    assert (found - x @ w.T).norm() / (x @ w.T).norm() < 0.06


@pytest.mark.parametrize(("mantissa", "every"), [(3, None), (10, None), (5, 4), (5, 7), (2, 1)])
def test_short_sum_equals_a_loop(device, mantissa, every):
    terms = torch.randn(3, 30, device=device)
    found = short_sum(terms, mantissa, every)
    for row, value in zip(terms.tolist(), found.tolist(), strict=True):
        total = running = 0.0
        for k, term in enumerate(row, start=1):
            x = torch.tensor(running + term, dtype=torch.float32).item()
            fraction, exponent = math.frexp(x)
            running = math.ldexp(round(fraction * 2 ** (mantissa + 1)), exponent - mantissa - 1)
            if every and k % every == 0:
                total, running = total + running, 0.0
        assert value == pytest.approx(total + running, abs=1e-5)


def test_short_register_stops_growing_and_float32_takes_over(device):
    """A sum of ones in 13 bits ends at 2¹⁴, where one is half a step and goes to the even number."""
    terms = torch.ones(1, 256, device=device)
    terms[0, 0] = 2**14 - 3
    assert short_sum(terms).item() == 2**14
    assert short_sum(terms, every=1).item() == 2**14 - 3 + 255
    assert short_sum(terms, every=128).item() == 2**14 + 128


X = torch.ones(4, 6)


@pytest.mark.parametrize("block", [(3, 2), (2, 4), (0, 2), (2, 0)])
def test_blocks_that_do_not_divide_are_refused(block):
    with pytest.raises(ValueError, match="do not divide x"):
        quantize_blocks(X, block)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"x \(6,\)"):
        quantize_blocks(X[0], (1, 2))
    scales = torch.ones(4, 3)
    for arguments in ((X, scales, X[:, :4], scales), (X, scales, X, scales[:, :2]), (X, scales[:2], X, scales)):
        with pytest.raises(ValueError, match="are not"):
            scaled_matmul(*arguments)


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    x, w = torch.randn(3, 256), torch.randn(5, 256)
    assert torch.equal(essence.round_to(100 * x, 3, -6, 448.0), round_to(100 * x, E4M3))
    elements, scales = essence.quantize(x)
    ours = quantize_blocks(x, (1, 128))
    assert torch.equal(elements.flatten(1), ours[0]) and torch.equal(scales[..., 0], ours[1])
    expected = scaled_matmul(*ours, *quantize_blocks(w, (1, 128)))
    torch.testing.assert_close(essence.matmul(x, w), expected, atol=1e-4, rtol=1e-4)
