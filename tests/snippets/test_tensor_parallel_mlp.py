"""The MLP cut across ranks against the MLP in one piece, gradients too, and against transformers' Llama."""

from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import nn
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

from snippets.essence import tensor_parallel_mlp as essence
from snippets.tensor_parallel_mlp import Shard, parallel_mlp, partial_output, reduce, split_mlp

EXACT = {"atol": 1e-10, "rtol": 1e-10}


def mlp(device, dtype=torch.float64):
    """An MLP of torch's own modules: C = 6, F = 12."""
    return nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6)).to(device, dtype)


def split(module, ranks):
    """Its shards."""
    return split_mlp(module[0].weight, module[0].bias, module[2].weight, ranks)


@pytest.mark.parametrize("ranks", [1, 2, 3, 12])
@pytest.mark.parametrize("shape", [(6,), (4, 6), (2, 3, 6), (0, 6), (1, 1, 6)])
def test_output_and_all_gradients_equal_the_unsplit_mlp(device, ranks, shape):
    module = mlp(device)
    x = torch.randn(shape, device=device, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(shape, device=device, dtype=torch.float64)
    expected = module(x)
    inputs = [x, *module.parameters()]
    gradients = torch.autograd.grad((expected * weight).sum(), inputs)
    output = parallel_mlp(x, split(module, ranks), module[2].bias)
    torch.testing.assert_close(output, expected, **EXACT)
    torch.testing.assert_close(torch.autograd.grad((output * weight).sum(), inputs), gradients, **EXACT)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_gated_form_equals_llamas_mlp(device, ranks):
    module = LlamaMLP(LlamaConfig(hidden_size=6, intermediate_size=8, num_attention_heads=1)).to(device, torch.float64)
    x = torch.randn(3, 6, device=device, dtype=torch.float64)
    zeros = torch.zeros(8, device=device, dtype=torch.float64)
    shards = split_mlp(module.up_proj.weight, zeros, module.down_proj.weight, ranks, gate=module.gate_proj.weight)
    torch.testing.assert_close(parallel_mlp(x, shards, zeros[:6]), module(x), **EXACT)


def test_each_rank_holds_its_part_and_the_input_gradient_is_a_sum_over_ranks(device):
    """The backward pass's all-reduce: no rank alone has the gradient of the input."""
    module = mlp(device)
    x = torch.randn(4, 6, device=device, dtype=torch.float64, requires_grad=True)
    shards = split(module, 3)
    assert [(shard.up.shape, shard.up_bias.shape, shard.down.shape) for shard in shards] == [((4, 6), (4,), (6, 4))] * 3
    alone = [torch.autograd.grad(partial_output(x, shard).sum(), x)[0] for shard in shards]
    (whole,) = torch.autograd.grad(module(x).sum(), x)
    torch.testing.assert_close(sum(alone), whole, **EXACT)
    assert not any(torch.allclose(part, whole) for part in alone)


def test_rows_first_is_another_function(device):
    """Cut by rows, the first product is a sum over ranks, and GELU of a sum is no sum of GELUs."""
    module = mlp(device)
    x = torch.randn(4, 6, device=device, dtype=torch.float64)
    parts = [x[:, :3] @ module[0].weight[:, :3].T, x[:, 3:] @ module[0].weight[:, 3:].T + module[0].bias]
    wrong = sum(nn.functional.gelu(part) for part in parts) @ module[2].weight.T + module[2].bias
    assert not torch.allclose(wrong, module(x), atol=1e-3)


def test_bias_is_added_once(device):
    partials = [torch.ones(2, device=device)] * 3
    assert reduce(partials, torch.tensor([10.0, 20.0], device=device)).tolist() == [13.0, 23.0]


def test_gated_shard_by_hand():
    """C = F = 1, x = 2: gate 0.5, up 3 with bias 1, down 4: silu(1) · 7 · 4 = 28 / (1 + e^-1)."""
    shard = Shard(*(torch.tensor(value) for value in ([[3.0]], [1.0], [[4.0]], [[0.5]])))
    assert partial_output(torch.tensor([2.0]), shard).item() == pytest.approx(28 / (1 + 2.718281828**-1))
    with pytest.raises(FrozenInstanceError):
        shard.gate = None


@pytest.mark.parametrize("gated", [False, True])
def test_gradients_are_right(device, gated):
    shapes = ((3, 2), (4, 2), (4,), (2, 4), (2,), *([(4, 2)] if gated else []))
    inputs = [torch.randn(shape, device=device, dtype=torch.float64, requires_grad=True) for shape in shapes]

    def run(x, up, up_bias, down, bias, gate=None):
        return parallel_mlp(x, split_mlp(up, up_bias, down, 2, gate), bias)

    assert torch.autograd.gradcheck(run, inputs)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_differs_by_rounding_only(device, dtype):
    module = mlp(device, dtype)
    x = torch.randn(4, 6, device=device, dtype=dtype)
    output = parallel_mlp(x, split(module, 4), module[2].bias)
    assert output.dtype == dtype
    torch.testing.assert_close(output, module(x), atol=0.02, rtol=0.02)


@pytest.mark.parametrize("ranks", [0, 5, 24])
def test_ranks_that_do_not_divide_are_refused(ranks):
    with pytest.raises(ValueError, match=f"{ranks} ranks do not divide 12"):
        split(mlp("cpu"), ranks)


@pytest.mark.parametrize(
    "shapes", [((12, 6), (6,), (6, 12)), ((12, 6), (12,), (12, 6)), ((12, 6), (12,), (6, 12), (6, 6))]
)
def test_shapes_that_do_not_fit_are_refused(shapes):
    up, up_bias, down, *gate = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="do not fit"):
        split_mlp(up, up_bias, down, 2, *gate)


def test_essence_is_the_module():
    torch.manual_seed(0)
    x, up, down = (torch.randn(*shape, dtype=torch.float64) for shape in ((3, 8), (16, 8), (8, 16)))
    zeros = torch.zeros(16, dtype=torch.float64)
    shards = split_mlp(up, zeros, down, ranks=4)
    torch.testing.assert_close(essence.mlp(x, up.T, down.T, t=4), parallel_mlp(x, shards, zeros[:8]))
    torch.testing.assert_close(essence.rank(x, shards[1].up.T, shards[1].down.T), partial_output(x, shards[1]))
