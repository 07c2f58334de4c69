"""Batch norm against torch's, while training and inferring, and by hand."""

import pytest
import torch
from torch import nn

from snippets.batch_norm import BatchNorm, batch_statistics, normalise
from snippets.essence import batch_norm as essence

SHAPES = {(6, 5): nn.BatchNorm1d, (4, 5, 7): nn.BatchNorm1d, (3, 5, 4, 2): nn.BatchNorm2d}


def pair(device, shape, **options):
    """Our layer and torch's with the same parameters, none of them the identity."""
    ours, theirs = BatchNorm(5, **options).to(device), SHAPES[shape](5, **options).to(device)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_()
        for name in ("weight", "bias"):
            getattr(theirs, name).copy_(getattr(ours, name))
    return ours, theirs


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [{}, {"eps": 0.1, "momentum": 0.3}, {"momentum": 0.0}, {"momentum": 1.0}])
def test_layer_equals_torchs_through_training_and_inference(device, shape, options):
    ours, theirs = pair(device, shape, **options)
    for _ in range(3):
        x = 2 * torch.randn(shape, device=device) + 3
        torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(ours.running_mean, theirs.running_mean)
        torch.testing.assert_close(ours.running_var, theirs.running_var)
    x = torch.randn(shape, device=device)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)  # inference leaves them alone


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_equal_torchs(device, shape):
    ours, theirs = pair(device, shape)
    x, signal = torch.randn(2, *shape, device=device)
    grads = []
    for layer in (ours, theirs):
        leaf = x.clone().requires_grad_()
        (layer(leaf) * signal).sum().backward()
        grads.append((leaf.grad, layer.weight.grad, layer.bias.grad))
    for mine, expected in zip(*grads, strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-4, rtol=1e-4)


def test_one_step_by_hand(device):
    """One channel holds 1 and 5: mean 3, biased variance 4, with eps 5 the root is 3; γ = 6, β = 1: -3 and 5.

    Running with momentum 1/4: the mean 0 + (3 - 0) / 4 = 0.75; the unbiased variance is 8: 1 + (8 - 1) / 4 = 2.75.
    """
    layer = BatchNorm(1, eps=5.0, momentum=0.25).to(device)
    with torch.no_grad():
        layer.weight.fill_(6.0)
        layer.bias.fill_(1.0)
    output = layer(torch.tensor([[1.0], [5.0]], device=device))
    torch.testing.assert_close(output, torch.tensor([[-3.0], [5.0]], device=device))
    assert (layer.running_mean.item(), layer.running_var.item()) == (0.75, 2.75)


def test_channels_are_normalised_over_batch_and_places(device):
    x = torch.randn(4, 3, 5, 5, device=device) * torch.tensor([1.0, 10.0, 100.0], device=device).view(3, 1, 1) + 7
    y = BatchNorm(3).to(device)(x)
    mean, variance = batch_statistics(y)
    torch.testing.assert_close(mean, torch.zeros(3, device=device), atol=1e-5, rtol=0)
    torch.testing.assert_close(variance, torch.ones(3, device=device), atol=1e-4, rtol=0)


def test_samples_see_each_other_while_training_and_not_while_inferring(device):
    layer = BatchNorm(3).to(device)
    x = torch.randn(4, 3, device=device)
    changed = x.clone()
    changed[3] += 5
    assert not torch.allclose(layer(x)[0], layer(changed)[0], atol=1e-2)
    layer.eval()
    assert torch.equal(layer(x)[0], layer(changed)[0])
    torch.testing.assert_close(layer(x[:1]), layer(x)[:1])


def test_numbers_held_are_four_for_each_channel():
    layer = BatchNorm(100)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 200
    assert sum(tensor.numel() for tensor in layer.state_dict().values()) == 400
    assert sum(tensor.numel() for tensor in nn.BatchNorm2d(100).state_dict().values()) == 401  # torch counts batches


def test_running_statistics_close_in_on_those_of_the_data(device):
    layer = BatchNorm(2).to(device)
    for _ in range(100):
        layer(3 * torch.randn(64, 2, device=device) - 1)
    torch.testing.assert_close(layer.running_mean, torch.full((2,), -1.0, device=device), atol=0.4, rtol=0)
    torch.testing.assert_close(layer.running_var, torch.full((2,), 9.0, device=device), atol=2.0, rtol=0)


def test_gradients_are_right(device):
    x = torch.randn(3, 2, 2, device=device, dtype=torch.float64, requires_grad=True)
    weight, bias = torch.randn(2, 2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w, b: normalise(x, *batch_statistics(x), w, b), (x, weight, bias))


def test_plain_statistics_need_no_parameters(device):
    x = torch.randn(6, 5, device=device)
    expected = nn.BatchNorm1d(5, affine=False, device=device)(x)
    torch.testing.assert_close(normalise(x, *batch_statistics(x)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_takes_its_statistics_in_float32(device, dtype):
    x = 300 * torch.ones(8, 2, 4, device=device, dtype=dtype)
    x[::2] *= -1
    layer = BatchNorm(2).to(device)
    output = layer(x)
    assert output.dtype == dtype
    torch.testing.assert_close(output, (x / 300).to(dtype), atol=1e-2, rtol=0)
    assert layer.running_var.dtype == torch.float32
    assert (layer.running_var > 9000).all()


def test_constant_channel_gives_the_shift(device):
    layer = BatchNorm(2).to(device)
    with torch.no_grad():
        layer.bias.fill_(0.5)
    torch.testing.assert_close(layer(torch.full((3, 2), 4.0, device=device)), torch.full((3, 2), 0.5, device=device))


def test_single_number_of_a_channel_is_refused_while_training_and_fine_while_inferring(device):
    layer, x = BatchNorm(3).to(device), torch.ones(1, 3, device=device)
    with pytest.raises(ValueError, match=r"x \(1, 3\) has fewer than two numbers for a channel"):
        layer(x)
    assert layer.eval()(x).shape == (1, 3)
    assert layer(x[:0]).shape == (0, 3)
    assert layer.train()(torch.ones(1, 3, 2, device=device)).shape == (1, 3, 2)  # two places will do


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 4, 3)])
def test_shapes_that_do_not_fit_are_refused(shape):
    for layer in (BatchNorm(3), BatchNorm(3).eval()):
        with pytest.raises(ValueError, match=r"is not \(N, 3, \.\.\.\)"):
            layer(torch.ones(shape))


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_other_wrong_arguments_are_refused(momentum):
    with pytest.raises(ValueError, match="channels 0 is below 1"):
        BatchNorm(0)
    with pytest.raises(ValueError, match=f"momentum {momentum} is not in"):
        BatchNorm(3, momentum=momentum)
    with pytest.raises(ValueError, match=r"x \(3,\) is not \(N, C, \.\.\.\)"):
        batch_statistics(torch.ones(3))


@torch.no_grad()
def test_essence_is_the_module(device):
    layer, x = BatchNorm(3).to(device), 2 * torch.randn(4, 3, 5, 2, device=device) + 1
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    weight, bias, mean, variance = (
        number.view(1, 3, 1, 1).clone() for number in (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    )
    y, running = essence.batch_norm(x, weight, bias, (mean, variance))
    torch.testing.assert_close(y, layer(x))
    torch.testing.assert_close(running[0].flatten(), layer.running_mean)
    torch.testing.assert_close(running[1].flatten(), layer.running_var)
    torch.testing.assert_close(essence.inference(x, weight, bias, running), layer.eval()(x))
