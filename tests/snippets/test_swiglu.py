"""SwiGLU against transformers' Llama, by hand, and the widths of real models."""

import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

from snippets.essence import swiglu as essence
from snippets.swiglu import SwiGLU, hidden_width, swiglu, swiglu_packed


def weights(device, dtype=torch.float32, C=6, K=10):
    """Random gate, up and down."""
    shapes = ((K, C), (K, C), (C, K))
    return [torch.randn(shape, device=device, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
def test_module_equals_transformers_llama(device, dtype, atol):
    ours = SwiGLU(16, 24).to(device, dtype)
    theirs = LlamaMLP(LlamaConfig(hidden_size=16, num_attention_heads=1, intermediate_size=24)).to(device, dtype)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 5, 16, device=device, dtype=dtype)
    assert ours(x).dtype == dtype
    torch.testing.assert_close(ours(x), theirs(x), atol=atol, rtol=0)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-4), (torch.float64, 1e-10), (torch.bfloat16, 1.0)])
def test_packed_form_equals_the_plain_one(device, dtype, atol):
    gate, up, down = weights(device, dtype)
    x = torch.randn(2, 5, 6, device=device, dtype=dtype)
    packed = swiglu_packed(x, torch.cat([gate, up]), down)
    torch.testing.assert_close(
        packed, swiglu(x, gate, up, down), atol=atol, rtol=2e-2 if dtype == torch.bfloat16 else 0
    )


def test_packed_gradients_equal_the_plain_ones(device):
    tensors = [tensor.requires_grad_() for tensor in weights(device)]
    x, signal = torch.randn(2, 2, 5, 6, device=device)
    plain = torch.autograd.grad((swiglu(x, *tensors) * signal).sum(), tensors)
    packed = torch.autograd.grad((swiglu_packed(x, torch.cat(tensors[:2]), tensors[2]) * signal).sum(), tensors)
    torch.testing.assert_close(packed, plain, atol=1e-4, rtol=1e-4)


def test_output_by_hand(device):
    """C = K = 1, x = 2, gate 1/2: z = 1, SiLU(1) = 1 / (1 + 1/e) = 0.731059. Up 3: 6. Down 10: 10 · 6 · 0.731059."""
    numbers = (torch.tensor([[value]], device=device) for value in (0.5, 3.0, 10.0))
    output = swiglu(torch.tensor([[2.0]], device=device), *numbers)
    assert math.isclose(output.item(), 60 / (1 + math.exp(-1)), rel_tol=1e-6)


def test_closed_gate_lets_nothing_through_and_an_open_one_is_the_product(device):
    x, up = torch.ones(1, 1, device=device), torch.full((1, 1), 3.0, device=device)
    down = torch.ones(1, 1, device=device)
    for gate, expected in ((-100.0, 0.0), (0.0, 0.0), (100.0, 300.0)):
        output = swiglu(x, torch.full((1, 1), gate, device=device), up, down)
        assert math.isclose(output.item(), expected, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("width", "hidden"), [(4096, 11008), (5120, 13824), (6656, 17920), (8192, 22016)], ids=["7B", "13B", "30B", "65B"]
)
def test_hidden_widths_are_those_of_llama(width, hidden):
    assert hidden_width(width) == hidden


@pytest.mark.parametrize(("width", "multiple", "hidden"), [(3, 1, 8), (4, 1, 10), (3, 8, 8), (3, 7, 14), (1, 256, 256)])
def test_hidden_width_is_rounded_up_to_the_multiple(width, multiple, hidden):
    assert hidden_width(width, multiple) == hidden


def test_parameters_are_those_of_the_plain_network_where_nothing_is_rounded():
    layer = SwiGLU(96)
    assert layer.gate_proj.out_features == 96 * 8 // 3 == 256
    assert sum(parameter.numel() for parameter in layer.parameters()) == 2 * 96 * (4 * 96)


def test_gradients_are_right(device):
    gate, up, down = (tensor.requires_grad_() for tensor in weights(device, torch.float64, C=3, K=2))
    x = torch.randn(2, 3, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(swiglu, (x, gate, up, down))
    assert torch.autograd.gradcheck(lambda x, g, u, d: swiglu_packed(x, torch.cat([g, u]), d), (x, gate, up, down))


def test_positions_are_independent_and_empty_batches_stay_empty(device):
    layer = SwiGLU(6, 10).to(device)
    x = torch.randn(2, 5, 6, device=device)
    torch.testing.assert_close(layer(x)[:, 2], layer(x[:, 2]))
    assert layer(x[:0]).shape == (0, 5, 6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_huge_gates_stay_finite(device, dtype):
    x = torch.full((1, 1), 100.0, device=device, dtype=dtype)
    one = torch.ones(1, 1, device=device, dtype=dtype)
    for sign in (1, -1):
        assert swiglu(x, sign * one, one, one).isfinite().all()


def test_wrong_arguments_are_refused():
    for arguments in ((0, 256), (8, 0)):
        with pytest.raises(ValueError, match="are not both positive"):
            hidden_width(*arguments)
    for arguments in ((0, 4), (4, 0)):
        with pytest.raises(ValueError, match="are not both positive"):
            SwiGLU(*arguments)
    with pytest.raises(ValueError, match=r"gate_up \(10, 6\) and down \(6, 10\)"):
        swiglu_packed(torch.ones(1, 6), torch.ones(10, 6), torch.ones(6, 10))


def test_smallest_network_works():
    assert SwiGLU(1, 1)(torch.ones(2, 1)).shape == (2, 1)
    assert SwiGLU(1).up_proj.out_features == 256


def test_essence_is_the_module(device):
    x = torch.randn(4, 6, device=device)
    W_gate, W_up, W_down = (torch.randn(shape, device=device) for shape in ((10, 6), (10, 6), (6, 10)))
    torch.testing.assert_close(essence.swiglu(x, W_gate, W_up, W_down), swiglu(x, W_gate, W_up, W_down))
    assert [essence.hidden_width(d) for d in (96, 4096, 5120)] == [hidden_width(d) for d in (96, 4096, 5120)]
