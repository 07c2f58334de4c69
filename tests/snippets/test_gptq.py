"""GPTQ against least squares solved anew after every column, and against the best of all roundings."""

import itertools

import pytest
import torch

from snippets import quantization
from snippets.essence import gptq as essence
from snippets.gptq import absmax_scales, dequantize, gptq, input_hessian, output_error, round_to_nearest


def layer(device, out=5, width=12, seed=0, dtype=torch.float64):
    """A weight, and inputs that go together."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(64, 3, generator=draw) @ torch.randn(3, width, generator=draw)
    x = x + 0.3 * torch.randn(64, width, generator=draw)
    return torch.randn(out, width, generator=draw).to(device, dtype), x.to(device, dtype)


def by_least_squares(weight, hessian, scale, bits, damp, order):
    """Fix one column after the other; all that are left go where the error of the output is least."""
    most, width = 2 ** (bits - 1) - 1, weight.shape[1]
    each = scale.repeat_interleave(width // scale.shape[1], dim=1)
    hessian = hessian + damp * hessian.diagonal().mean() * torch.eye(width).to(hessian)
    current, codes, fixed = weight.clone(), torch.zeros_like(weight), []
    for place, j in enumerate(order):
        codes[:, j] = (current[:, j] / each[:, j]).round().clamp(-most, most)
        current[:, j] = codes[:, j] * each[:, j]
        fixed.append(j)
        left = order[place + 1 :]
        if left:
            error = weight[:, fixed] - current[:, fixed]
            step = torch.linalg.solve(hessian[left][:, left], hessian[left][:, fixed] @ error.T).T
            current[:, left] = weight[:, left] + step
    return codes.to(torch.int8)


@pytest.mark.parametrize("act_order", [False, True])
@pytest.mark.parametrize(("bits", "group"), [(4, None), (3, 4), (2, 6), (8, 12)])
def test_columns_to_come_go_where_least_squares_puts_them(device, bits, group, act_order):
    weight, x = layer(device)
    H = input_hessian(x)
    scale = absmax_scales(weight, bits, group)
    order = H.diagonal().argsort(descending=True).tolist() if act_order else list(range(12))
    expected = by_least_squares(weight, H, scale, bits, 0.01, order)
    assert torch.equal(gptq(weight, H, scale, bits, act_order=act_order), expected)


@pytest.mark.parametrize("seed", range(3))
def test_error_lies_between_the_best_rounding_and_rounding_to_nearest(device, seed):
    """Three inputs and 3 bits: 343 roundings of a row, each tried."""
    weight, x = layer(device, out=20, width=3, seed=seed)
    H, scale = input_hessian(x), absmax_scales(weight, 3)
    every = torch.tensor(list(itertools.product(range(-3, 4), repeat=3)), device=device)  # (343, 3)
    difference = weight.unsqueeze(1) - every * scale.unsqueeze(1)  # (20, 343, 3)
    best = ((difference @ H) * difference).sum(dim=-1).amin(dim=1).sum()
    found = output_error(weight, dequantize(gptq(weight, H, scale, 3, damp=1e-6), scale), H)
    nearest = output_error(weight, dequantize(round_to_nearest(weight, scale, 3), scale), H)
    assert best <= found < nearest


def test_rounding_to_nearest_and_scales_are_those_of_quantization(device):
    weight = torch.randn(4, 24, device=device)
    weight[1, :8] = 0.0
    for bits, group in ((4, 8), (8, None), (2, 24)):
        q, scale = quantization.quantize(weight, bits, group)
        ours = absmax_scales(weight, bits, group)
        torch.testing.assert_close(ours, scale)
        assert torch.equal(round_to_nearest(weight, ours, bits), q)
        torch.testing.assert_close(dequantize(q, ours), quantization.dequantize(q, scale))


@pytest.mark.parametrize("act_order", [False, True])
def test_inputs_that_do_not_go_together_leave_nothing_to_make_up(device, act_order):
    weight, _ = layer(device)
    scale = absmax_scales(weight, 3)
    H = torch.diag(torch.rand(12, device=device, dtype=torch.float64) + 0.1)
    assert torch.equal(gptq(weight, H, scale, 3, act_order=act_order), round_to_nearest(weight, scale, 3))


def test_two_columns_by_hand(device):
    """Scale 1, H = ((2, 1), (1, 1)): 0.4 becomes 0, and the second takes 0.4 * 1 / 1 more: 0.3 becomes 0.7, so 1."""
    weight = torch.tensor([[0.4, 0.3]], device=device)
    H = torch.tensor([[2.0, 1.0], [1.0, 1.0]], device=device)
    scale = torch.ones(1, 1, device=device)
    assert round_to_nearest(weight, scale, 4).tolist() == [[0, 0]]
    assert gptq(weight, H, scale, 4, damp=1e-6).tolist() == [[0, 1]]


def test_output_error_is_that_of_the_outputs(device):
    weight, x = layer(device)
    other = weight + torch.randn_like(weight)
    expected = (x @ weight.T - x @ other.T).square().sum(dim=1).mean()
    torch.testing.assert_close(output_error(weight, other, input_hessian(x)), expected)
    torch.testing.assert_close(input_hessian(x.view(4, 16, 12)), input_hessian(x))


def test_fewer_texts_than_inputs_and_inputs_of_zero_do_no_harm(device):
    weight, x = layer(device)
    x[:, 3] = 0.0
    for rows in (2, 0):
        H = input_hessian(x[:2]) if rows else torch.zeros(12, 12, device=device, dtype=torch.float64)
        q = gptq(weight, H, absmax_scales(weight, 4), 4)
        assert q.abs().max() <= 7
        assert torch.equal(q[:, 3], round_to_nearest(weight, absmax_scales(weight, 4), 4)[:, 3])


def test_weight_is_left_alone_and_narrow_ones_are_counted_in_float32(device):
    weight, x = layer(device, dtype=torch.bfloat16)
    before = weight.clone()
    scale = absmax_scales(weight, 4)
    H = input_hessian(x)
    assert scale.dtype == H.dtype == torch.float32
    assert torch.equal(gptq(weight, H, scale), gptq(weight.float(), H, scale))
    assert torch.equal(weight, before)


W, H, S = torch.ones(2, 4), torch.eye(4), torch.ones(2, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: absmax_scales(W, 1), "bits 1"),
        (lambda: absmax_scales(W, 4, 3), "group 3 does not divide"),
        (lambda: gptq(W, torch.eye(3), S), r"\(3, 3\)"),
        (lambda: gptq(W, H, torch.ones(2, 3)), r"\(2, 3\)"),
        (lambda: gptq(W, H, S, damp=0.0), "damp 0.0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    weight, x = layer("cpu", dtype=torch.float32)
    scale = absmax_scales(weight, 3, 4)
    codes = essence.gptq(weight, essence.hessian(x), scale.repeat_interleave(4, dim=1), most=3)
    assert torch.equal(codes.to(torch.int8), gptq(weight, input_hessian(x), scale, 3))
    assert not torch.equal(codes.to(torch.int8), round_to_nearest(weight, scale, 3))
