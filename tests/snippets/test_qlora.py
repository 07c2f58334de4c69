"""NF4 against bitsandbytes' table and a search by brute force; the layer against a dense one with the update."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from snippets.essence import qlora as essence
from snippets.qlora import QLoRALinear, dequantize_nf4, double_quantize, nf4_levels, quantize_nf4, undo_double

# bitsandbytes, csrc/kernels.cu, and appendix E of the paper.
TABLE = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip


def test_levels_are_bitsandbytes():
    torch.testing.assert_close(nf4_levels(), torch.tensor(TABLE), atol=1e-6, rtol=0)
    assert nf4_levels()[7] == 0


@pytest.mark.parametrize("block", [1, 8, 32])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_codes_are_those_of_the_nearest_level(device, block, dtype):
    x = torch.randn(3, 32, device=device, dtype=dtype)
    codes, largest = quantize_nf4(x, block)
    each = largest.repeat_interleave(block, dim=-1)
    distances = (x.to(each) / each).unsqueeze(-1) - torch.tensor(TABLE, device=device).to(each)
    assert codes.dtype == torch.uint8
    assert largest.dtype == torch.promote_types(dtype, torch.float32)
    distances = distances.abs()
    chosen = distances.gather(-1, codes.long().unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(chosen, distances.amin(dim=-1), atol=1e-6, rtol=0)


def test_round_trip_by_hand(device):
    """Largest 2: 2 is level 1, -2 level -1, 0 level 0, and 0.9 / 2 = 0.45 is nearest to 0.4407."""
    codes, largest = quantize_nf4(torch.tensor([2.0, -2.0, 0.0, 0.9], device=device), 4)
    assert (codes.tolist(), largest.tolist()) == ([15, 0, 7, 12], [2.0])
    expected = torch.tensor([2.0, -2.0, 0.0, 2 * TABLE[12]], device=device)
    torch.testing.assert_close(dequantize_nf4(codes, largest), expected)
    assert dequantize_nf4(codes, largest, torch.bfloat16).dtype == torch.bfloat16
    zeros = quantize_nf4(torch.zeros(4, device=device), 2)
    assert zeros[0].tolist() == [7] * 4
    assert dequantize_nf4(*zeros).tolist() == [0.0] * 4


def test_each_level_is_used_about_as_often_as_the_next_by_normal_weights():
    """Even levels leave the outer ones nearly idle: of 15, the two outermost pairs hold 1 % in blocks of 64."""
    x = torch.randn(4096, 64, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount(quantize_nf4(x)[0].flatten().long(), minlength=16) / x.numel()
    assert counts[1:-1].min() > 0.5 / 16
    scale = x.abs().amax(dim=-1, keepdim=True) / 7
    even = torch.bincount(((x / scale).round() + 7).flatten().long(), minlength=15) / x.numel()
    assert even[1:-1].min() < 0.3 / 15
    nf4 = (dequantize_nf4(*quantize_nf4(x)) - x).square().mean()
    assert nf4 < 0.8 * ((x / scale).round() * scale - x).square().mean()


@pytest.mark.parametrize(("shape", "block"), [((3, 5), 4), ((256,), 256), ((2, 300), 256), ((1,), 8)])
def test_double_quantization_is_off_by_half_a_step_at_most(device, shape, block):
    largest = torch.rand(shape, device=device) + 1
    codes, scale, mean = double_quantize(largest, block)
    back = undo_double(codes, scale, mean, largest.shape)
    assert (codes.dtype, len(codes) % block, len(scale)) == (torch.int8, 0, len(codes) // block)
    each = scale.repeat_interleave(block)[: largest.numel()].view(shape)
    assert ((back - largest).abs() <= each / 2 + 1e-6).all()
    assert mean.item() == pytest.approx(largest.mean().item())
    furthest = codes.view(len(scale), block).int().abs().amax(dim=1)
    assert (furthest[scale > 0] == 127).all()


def test_equal_scales_survive(device):
    largest = torch.full((2, 3), 1.5, device=device)
    assert torch.equal(undo_double(*double_quantize(largest, 4), largest.shape), largest)


def test_bits_of_a_weight_by_hand():
    """4 bits, 8 for 64 weights, 32 for 64 · 256, and one number for the mean."""
    layer = QLoRALinear(nn.Linear(1024, 1024, bias=False), 1, 1.0)
    bits = 8 * sum(buffer.numel() * buffer.element_size() for buffer in layer.buffers())
    assert bits == 1024**2 * (4 + 8 / 64 + 32 / (64 * 256)) + 32


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_layer_is_the_frozen_weight_plus_the_update(device, bias, dtype):
    base = nn.Linear(128, 6, bias=bias)
    layer = QLoRALinear(base, rank=3, alpha=6.0).to(device)
    nn.init.normal_(layer.lora_b)
    x = torch.randn(2, 5, 128, device=device, dtype=dtype)
    if bias:
        layer.bias = layer.bias.to(dtype)
    weight = layer.weight(torch.float32)
    torch.testing.assert_close(weight, base.weight.detach().to(device), atol=0.02, rtol=0)
    whole = weight + 2 * layer.lora_b @ layer.lora_a
    expected = F.linear(x.float(), whole, None if base.bias is None else base.bias.detach().to(device))
    output = layer(x)
    assert output.dtype == dtype
    torch.testing.assert_close(output.float(), expected, atol=1e-4 if dtype == torch.float32 else 0.3, rtol=0.02)


@pytest.mark.parametrize("block", [16, 128])
def test_layer_holds_its_weight_in_blocks(device, block):
    base = nn.Linear(128, 6).to(device)
    codes, largest = quantize_nf4(base.weight.detach(), block)
    layer = QLoRALinear(base, 1, 1.0, block=block)
    assert layer.shape == largest.shape
    torch.testing.assert_close(layer.weight(torch.float32), dequantize_nf4(codes, largest), atol=1e-3, rtol=0)


def test_only_the_update_is_trained_and_the_input_gets_its_gradient(device):
    layer = QLoRALinear(nn.Linear(64, 4), rank=32, alpha=64.0).to(device)
    assert {name for name, _ in layer.named_parameters()} == {"lora_a", "lora_b"}
    assert not any(buffer.requires_grad for buffer in layer.buffers())
    assert (layer.lora_b == 0).all()
    assert 0.98 / 8 < layer.lora_a.abs().max() <= 1 / 8  # uniform, as peft and nn.Linear draw it
    x = torch.randn(3, 64, device=device, requires_grad=True)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight(torch.float32), layer.bias))
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, layer.weight(torch.float32).sum(dim=0).expand(3, 64))
    assert layer.lora_b.grad.abs().max() > 0


def test_it_learns_what_the_frozen_weight_cannot(device):
    layer = QLoRALinear(nn.Linear(64, 8, bias=False), rank=2, alpha=4.0).to(device)
    x = torch.randn(32, 64, device=device)
    target = layer(x).detach() + x[:, :1]
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        loss = (layer(x) - target).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.1 * losses[0]


def test_layer_survives_saving():
    first, second = (QLoRALinear(nn.Linear(64, 3), 2, 1.0) for _ in range(2))
    second.load_state_dict(first.state_dict())
    x = torch.randn(2, 64)
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantize_nf4(torch.ones(6), 4), "width 6 is not divisible by block 4"),
        (lambda: quantize_nf4(torch.ones(6), 0), "block 0"),
        (lambda: QLoRALinear(nn.Linear(64, 2), 0, 1.0), "rank 0"),
        (lambda: QLoRALinear(nn.Linear(63, 2), 1, 1.0, block=9), "63 is odd"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_equals_the_module():
    torch.manual_seed(0)
    torch.testing.assert_close(essence.nf4(), nf4_levels())
    weight = torch.randn(8, 128)
    codes, largest = essence.quantize(weight.view(-1, 64), essence.nf4())
    expected, scales = quantize_nf4(weight)
    assert torch.equal(codes.view(8, 128), expected.long()) and torch.equal(largest.view(8, 2), scales)
    a, b, x = torch.randn(4, 128), torch.randn(8, 4), torch.randn(5, 128)
    found = essence.forward(x, codes, largest, essence.nf4(), a, b, 0.5, (8, 128))
    torch.testing.assert_close(found, x @ dequantize_nf4(expected, scales).T + 0.5 * (x @ a.T) @ b.T)
