"""Layer norm against torch's, by hand, and what it must not depend on."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from snippets.essence import layer_norm as essence
from snippets.layer_norm import LayerNorm, layer_norm


@pytest.mark.parametrize("shape", [(10,), (5, 10), (3, 5, 10)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_module_equals_torchs(device, shape, bias, eps):
    ours, theirs = LayerNorm(shape, eps, bias).to(device), nn.LayerNorm(shape, eps, bias=bias, device=device)
    for parameter in ours.parameters():
        nn.init.normal_(parameter)
    theirs.load_state_dict(ours.state_dict())
    x = 3 * torch.randn(2, 3, 5, 10, device=device) + 2
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-12), (torch.bfloat16, 2e-2), (torch.float16, 2e-3)])
def test_other_precisions_equal_torchs(device, dtype, atol):
    x = torch.randn(4, 16, device=device, dtype=dtype) * 3 + 1
    output = layer_norm(x)
    assert output.dtype == dtype
    torch.testing.assert_close(output, F.layer_norm(x, (16,)), atol=atol, rtol=0)


def test_output_by_hand(device):
    """x = (1, 3): mean 2, biased variance 1, with eps 3 the root is 2; (-1/2, 1/2) · (2, 4) + (10, 20) = (9, 22)."""
    x = torch.tensor([1.0, 3.0], device=device)
    weight, bias = torch.tensor([2.0, 4.0], device=device), torch.tensor([10.0, 20.0], device=device)
    assert layer_norm(x, weight, bias, eps=3.0).tolist() == [9.0, 22.0]


def test_tokens_do_not_see_each_other(device):
    x = torch.randn(2, 5, 8, device=device)
    changed = x.clone()
    changed[:, 3] += torch.randn(8, device=device)
    before, after = layer_norm(x), layer_norm(changed)
    kept = [0, 1, 2, 4]
    assert torch.equal(before[:, kept], after[:, kept])
    assert not torch.allclose(before[:, 3], after[:, 3], atol=1e-2)
    torch.testing.assert_close(layer_norm(x[:1]), before[:1])


def test_output_has_mean_0_and_variance_1_and_forgets_scale_and_shift(device):
    x = torch.randn(4, 64, device=device)
    y = layer_norm(x)
    torch.testing.assert_close(y.mean(dim=-1), torch.zeros(4, device=device), atol=1e-6, rtol=0)
    torch.testing.assert_close(y.var(dim=-1, unbiased=False), torch.ones(4, device=device), atol=1e-4, rtol=0)
    torch.testing.assert_close(layer_norm(7 * x + 5), y, atol=1e-4, rtol=0)


def test_training_and_inference_are_the_same(device):
    layer, x = LayerNorm(8).to(device), torch.randn(3, 8, device=device)
    assert torch.equal(layer.train()(x), layer.eval()(x))
    assert not list(layer.buffers())


@pytest.mark.parametrize(("shape", "count"), [(10, 20), ((5, 10, 15), 1500)])
def test_parameters_are_twice_what_is_averaged_over(shape, count):
    layer = LayerNorm(shape)
    assert sum(parameter.numel() for parameter in layer.parameters()) == count
    assert sum(parameter.numel() for parameter in LayerNorm(shape, bias=False).parameters()) == count // 2
    assert (layer.weight == 1).all()
    assert (layer.bias == 0).all()


def test_gradients_are_right(device):
    x, weight, bias = (
        torch.randn(shape, device=device, dtype=torch.float64, requires_grad=True)
        for shape in ((2, 3, 4), (3, 4), (3, 4))
    )
    assert torch.autograd.gradcheck(lambda *tensors: layer_norm(*tensors, dims=2), (x, weight, bias))


def test_constant_and_single_features_give_the_shift(device):
    bias = torch.full((4,), 0.5, device=device)
    assert layer_norm(torch.full((2, 4), 9.0, device=device), None, bias).tolist() == [[0.5] * 4] * 2
    x = torch.full((3, 1), 7.0, device=device, requires_grad=True)
    y = layer_norm(x)
    y.sum().backward()
    assert y.tolist() == [[0.0]] * 3
    assert x.grad.isfinite().all()


def test_half_precision_statistics_do_not_overflow(device):
    """Squares of 300 are 90,000, above float16's 65,504."""
    x = torch.tensor([[300.0, -300.0] * 8], device=device, dtype=torch.float16)
    torch.testing.assert_close(layer_norm(x), x / 300)


def test_large_mean_does_not_drown_the_variance(device):
    x = torch.randn(4, 64, device=device) + 1000
    expected = layer_norm(x.double()).float()
    torch.testing.assert_close(layer_norm(x), expected, atol=1e-3, rtol=0)


def test_empty_batch_stays_empty(device):
    assert LayerNorm(4).to(device)(torch.ones(0, 3, 4, device=device)).shape == (0, 3, 4)


@pytest.mark.parametrize("dims", [0, 3, -1])
def test_dims_that_are_not_there_are_refused(dims):
    with pytest.raises(ValueError, match=f"dims {dims} is not in 1 to 2"):
        layer_norm(torch.ones(2, 3), dims=dims)


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"weight \(2,\) is not \(3,\)"):
        layer_norm(torch.ones(2, 3), torch.ones(2))
    with pytest.raises(ValueError, match=r"bias \(1,\) is not \(3,\)"):
        layer_norm(torch.ones(2, 3), None, torch.ones(1))
    for shape in ((), 0, (3, 0)):
        with pytest.raises(ValueError, match="is not one or more positive numbers"):
            LayerNorm(shape)
    with pytest.raises(ValueError, match=r"weight \(10,\) is not \(8,\)"):
        LayerNorm(10)(torch.ones(2, 8))


def test_default_eps_is_torchs():
    assert math.isclose(LayerNorm(2).eps, nn.LayerNorm(2).eps)
    torch.testing.assert_close(layer_norm(torch.tensor([0.0, 0.01])), F.layer_norm(torch.tensor([0.0, 0.01]), (2,)))


def test_smallest_layer_works():
    assert LayerNorm(1)(torch.full((2, 1), 3.0)).tolist() == [[0.0], [0.0]]


def test_essence_is_the_module(device):
    x, weight, bias = 3 * torch.randn(2, 5, 8, device=device) + 1, *torch.randn(2, 8, device=device)
    torch.testing.assert_close(essence.layer_norm(x, weight, bias), layer_norm(x, weight, bias))
