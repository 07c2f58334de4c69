"""Quantization against torch's own quantizers, the bound of the round trip, and numbers by hand."""

import pytest
import torch
from torch import nn

from snippets.essence import quantization as essence
from snippets.quantization import QuantizedLinear, bits_per_weight, dequantize, pack_int4, quantize, unpack_int4


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_integers_and_values_equal_torchs_quantizers(device, bits):
    """Each row a channel with the scale of ours; torch rounds halves to even as we do."""
    x = torch.randn(6, 50, device=device)
    q, scale = quantize(x, bits)
    largest = 2 ** (bits - 1) - 1
    zeros = torch.zeros(6, dtype=torch.int32, device=device)
    expected = torch.fake_quantize_per_channel_affine(x, scale[:, 0], zeros, 0, -largest, largest)
    torch.testing.assert_close(dequantize(q, scale), expected)
    integers = (expected / scale).round().to(torch.int8)
    assert torch.equal(q, integers)


@pytest.mark.parametrize("group", [1, 4, 10, 20, None])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_round_trip_is_off_by_half_a_scale_at_most(device, bits, group):
    x = torch.randn(3, 5, 20, device=device, dtype=torch.float64)
    q, scale = quantize(x, bits, group)
    each = scale.repeat_interleave(group or 20, dim=-1)
    error = (dequantize(q, scale) - x).abs()
    assert scale.shape == (3, 5, 20 // (group or 20))
    assert (error <= each / 2 + 1e-12).all()
    assert group == 1 or error.max() > 0.4 * each.min()
    assert q.abs().max() == 2 ** (bits - 1) - 1


def test_values_by_hand(device):
    """Largest 14, 4 bits: s = 14 / 7 = 2. Then 3 / 2 = 1.5 and 5 / 2 = 2.5 round to even, 2 and 2; -14 is -7."""
    q, scale = quantize(torch.tensor([3.0, 5.0, -14.0, 0.9], device=device), bits=4)
    assert scale.tolist() == [2]
    assert q.tolist() == [2, 2, -7, 0]
    assert dequantize(q, scale).tolist() == [4, 4, -14, 0]
    q, scale = quantize(torch.tensor([3.0, 7.0, -14.0, 2.0], device=device), bits=4, group=2)
    assert scale.tolist() == [1, 2]
    assert q.tolist() == [3, 7, -7, 1]


def test_outlier_spoils_its_own_group_alone(device):
    x = torch.randn(1, 256, device=device)
    x[0, 0] = 1000.0
    error = (dequantize(*quantize(x, 4, 64)) - x).abs()[0]
    assert error[1:64].max() > 0.9 * x[0, 1:64].abs().max()  # all became 0
    assert error[64:].max() < 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_scale_is_in_float32_and_the_product_in_the_dtype_asked_for(device, dtype):
    x = torch.randn(4, 32, device=device, dtype=dtype)
    q, scale = quantize(x, 8, 16)
    back = dequantize(q, scale, dtype)
    assert (q.dtype, scale.dtype, back.dtype) == (torch.int8, torch.float32, dtype)
    assert dequantize(q, scale).dtype == torch.float32
    assert (back - x).abs().max() < (0.05 if dtype == torch.bfloat16 else 0.02)


def test_zeros_stay_zeros(device):
    q, scale = quantize(torch.zeros(2, 8, device=device), 4, 4)
    assert not q.any()
    assert scale.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [1.0, 3e-6])
def test_half_precision_weights_are_off_by_half_a_scale_too(device, dtype, bits, size):
    """The arithmetic is in float32; of 3e-6, float16 could not hold the scale."""
    x = (size * torch.randn(64, 128, device=device)).to(dtype)
    q, scale = quantize(x, bits, 32)
    error = (dequantize(q, scale).double() - x.double()).abs()
    assert (error <= 0.50001 * scale.double().repeat_interleave(32, dim=-1)).all()
    assert q.abs().max() == 2 ** (bits - 1) - 1


def test_all_pairs_of_4_bits_survive_the_byte(device):
    values = torch.arange(-8, 8, device=device, dtype=torch.int8)
    pairs = torch.cartesian_prod(values, values)  # (256, 2)
    packed = pack_int4(pairs)
    assert packed.dtype == torch.uint8
    assert packed.unique().numel() == 256
    assert torch.equal(unpack_int4(packed), pairs)
    assert unpack_int4(packed).dtype == torch.int8


def test_byte_by_hand(device):
    """3 is 0011, -2 is 1110: the byte is 1110 0011 = 227."""
    q = torch.tensor([[3, -2, 0, 7]], device=device, dtype=torch.int8)
    assert pack_int4(q).tolist() == [[227, 112]]
    assert unpack_int4(pack_int4(q)).tolist() == q.tolist()
    assert pack_int4(q[:, :0]).shape == (1, 0)


def test_bits_by_hand():
    assert bits_per_weight(4, 128) == 4.25
    assert bits_per_weight(4, 128, scale_bits=16) == 4.125


@pytest.mark.parametrize(("bits", "group", "atol"), [(8, None, 0.1), (8, 16, 0.06), (4, 16, 0.9)])
@pytest.mark.parametrize("bias", [True, False])
def test_layer_is_near_the_one_it_took_over(device, bits, group, atol, bias):
    base = nn.Linear(64, 12, bias=bias).to(device)
    nn.init.normal_(base.weight)
    layer = QuantizedLinear(base, bits, group)
    x = torch.randn(2, 5, 64, device=device) / 4
    torch.testing.assert_close(layer(x), base(x), atol=atol, rtol=0)
    expected = nn.functional.linear(x, dequantize(*quantize(base.weight.detach(), bits, group)), base.bias)
    torch.testing.assert_close(layer(x), expected)
    assert not torch.equal(layer(x), base(x))


def test_layer_stores_half_a_byte_for_a_weight():
    layer = QuantizedLinear(nn.Linear(128, 10, bias=False))
    assert layer.stored.shape == (10, 64)
    assert layer.stored.dtype == torch.uint8
    assert layer.scale.shape == (10, 2)
    assert QuantizedLinear(nn.Linear(128, 10), bits=8).stored.shape == (10, 128)
    assert not list(layer.parameters())
    assert not any(buffer.requires_grad for buffer in QuantizedLinear(nn.Linear(128, 10)).buffers())


def test_layer_passes_the_gradient_to_its_input(device):
    layer = QuantizedLinear(nn.Linear(8, 3).to(device, torch.float64), group=4)
    x = torch.randn(2, 8, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x)


def test_layer_survives_saving():
    first, second = (QuantizedLinear(nn.Linear(64, 3)) for _ in range(2))
    second.load_state_dict(first.state_dict())
    x = torch.randn(64)
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantize(torch.ones(8), 9), "bits 9"),
        (lambda: quantize(torch.ones(8), 1), "bits 1"),
        (lambda: quantize(torch.ones(8), 4, 3), "width 8 is not divisible by group 3"),
        (lambda: quantize(torch.ones(8), 4, 0), "group 0"),
        (lambda: quantize(torch.tensor([1.0, torch.inf]), 4), "not finite"),
        (lambda: quantize(torch.tensor([1.0, torch.nan]), 4), "not finite"),
        (lambda: pack_int4(torch.zeros(3, dtype=torch.int8)), "width 3 is odd"),
        (lambda: pack_int4(torch.tensor([8, 0], dtype=torch.int8)), "does not fit"),
        (lambda: pack_int4(torch.tensor([0, -9], dtype=torch.int8)), "does not fit"),
        (lambda: QuantizedLinear(nn.Linear(64, 2), bits=5), "bits 5 is not 4 or 8"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_layer_of_half_precision_answers_in_it(device, dtype):
    base = nn.Linear(64, 4).to(device, dtype)
    layer, x = QuantizedLinear(base, 8), torch.randn(3, 64, device=device, dtype=dtype)
    assert layer(x).dtype == layer.weight(dtype).dtype == dtype
    torch.testing.assert_close(layer(x), base(x), atol=0.05, rtol=0)


@pytest.mark.parametrize("bits", [4, 8])
def test_essence_is_the_module(bits):
    torch.manual_seed(0)
    x = torch.randn(3, 64)
    q, scale = quantize(x, bits, group=16)
    shown, s = essence.quantize(x, bits, G=16)
    assert torch.equal(shown.flatten(-2), q)
    torch.testing.assert_close(s.squeeze(-1), scale)
    torch.testing.assert_close(essence.dequantize(shown, s), dequantize(q, scale))
    if bits == 4:
        assert torch.equal(essence.pack(q), pack_int4(q))
