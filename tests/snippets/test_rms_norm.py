"""RMS norm against torch's and transformers' Llama, by hand, and beside layer norm."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from snippets.essence import rms_norm as essence
from snippets.rms_norm import RMSNorm, rms_norm, rms_norm_fused

FORMS = pytest.mark.parametrize("norm", [rms_norm, rms_norm_fused])


@pytest.mark.parametrize("eps", [1e-6, 0.1])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-6), (torch.bfloat16, 4e-2)])
def test_module_equals_transformers_and_torch(device, eps, dtype, atol):
    ours = RMSNorm(16, eps).to(device, dtype)
    nn.init.normal_(ours.weight)
    x = 3 * torch.randn(2, 5, 16, device=device, dtype=dtype) + 1
    for theirs in (LlamaRMSNorm(16, eps), nn.RMSNorm(16, eps)):
        theirs = theirs.to(device, dtype)
        theirs.load_state_dict(ours.state_dict())
        assert ours(x).dtype == dtype
        torch.testing.assert_close(ours(x), theirs(x), atol=atol, rtol=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_fused_form_equals_the_plain_one(device, weighted, dtype):
    x = torch.randn(4, 3, 32, device=device).to(dtype).requires_grad_()
    weight = torch.randn(32, device=device).to(dtype) if weighted else None
    results = []
    for norm in (rms_norm, rms_norm_fused):
        y = norm(x, weight, 1e-5)
        (grad,) = torch.autograd.grad((y.float() * torch.arange(32, device=device)).sum(), x)
        results.append((y, grad))
    (plain, plain_grad), (fused, fused_grad) = results
    assert fused.dtype == plain.dtype == dtype
    coarse = dtype in (torch.bfloat16, torch.float16)
    torch.testing.assert_close(fused, plain, atol=1e-2 if coarse else 1e-6, rtol=1e-2 if coarse else 1e-5)
    torch.testing.assert_close(fused_grad, plain_grad, atol=0.5 if coarse else 1e-4, rtol=2e-2 if coarse else 1e-4)


@FORMS
def test_output_by_hand(device, norm):
    """x = (1, 7): mean square 25, with eps 75 the root is 10: (0.1, 0.7) · (2, 10) = (0.2, 7)."""
    x, weight = torch.tensor([1.0, 7.0], device=device), torch.tensor([2.0, 10.0], device=device)
    torch.testing.assert_close(norm(x, weight, eps=75.0), torch.tensor([0.2, 7.0], device=device))


@FORMS
def test_scale_is_forgotten_and_the_mean_is_kept(device, norm):
    x = torch.randn(4, 64, device=device) + 1
    y = norm(x)
    torch.testing.assert_close(norm(9 * x), y, atol=1e-5, rtol=0)
    torch.testing.assert_close(y.square().mean(dim=-1), torch.ones(4, device=device), atol=1e-5, rtol=0)
    assert (y.mean(dim=-1) > 0.3).all()


@FORMS
def test_centred_input_gets_what_layer_norm_gives(device, norm):
    x = torch.randn(4, 64, device=device)
    x = x - x.mean(dim=-1, keepdim=True)
    torch.testing.assert_close(norm(x), F.layer_norm(x, (64,), eps=1e-6), atol=1e-5, rtol=0)


def test_module_has_one_parameter_for_each_feature():
    layer = RMSNorm(4096)
    assert [parameter.numel() for parameter in layer.parameters()] == [4096]
    assert (layer.weight == 1).all()


@FORMS
def test_gradients_are_right(device, norm):
    x = torch.randn(2, 4, device=device, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(norm, (x, weight))


@FORMS
def test_zeros_single_features_and_empty_batches(device, norm):
    x = torch.zeros(2, 4, device=device, requires_grad=True)
    y = norm(x)
    y.sum().backward()
    assert y.abs().max() == 0
    assert x.grad.isfinite().all()
    torch.testing.assert_close(norm(torch.tensor([[-5.0], [3.0]], device=device)).tolist(), [[-1.0], [1.0]])
    assert norm(torch.ones(0, 4, device=device)).shape == (0, 4)


@FORMS
def test_half_precision_squares_do_not_overflow(device, norm):
    x = torch.full((2, 8), 300.0, device=device, dtype=torch.float16)
    assert norm(x).tolist() == [[1.0] * 8] * 2


def test_half_precision_is_rounded_once(device):
    x, weight = torch.randn(8, 16, device=device).bfloat16(), torch.randn(16, device=device).bfloat16()
    assert torch.equal(rms_norm(x, weight), rms_norm(x.double(), weight.double()).bfloat16())


def test_default_eps_is_that_of_llama(device):
    x = torch.full((1, 4), 1e-3, device=device)
    torch.testing.assert_close(rms_norm(x), LlamaRMSNorm(4).to(device)(x))
    torch.testing.assert_close(rms_norm_fused(x), rms_norm(x))
    torch.testing.assert_close(RMSNorm(4).to(device)(x), rms_norm(x))


@FORMS
def test_weight_of_another_width_is_refused(norm):
    with pytest.raises(ValueError, match=r"weight \(1,\) is not \(3,\)"):
        norm(torch.ones(2, 3), torch.ones(1))


def test_no_width_is_refused():
    with pytest.raises(ValueError, match="width 0 is below 1"):
        RMSNorm(0)


def test_smallest_layer_works():
    torch.testing.assert_close(RMSNorm(1)(torch.tensor([[3.0], [-3.0]])), torch.tensor([[1.0], [-1.0]]))


def test_essence_is_the_module(device):
    x, weight = 3 * torch.randn(2, 5, 8, device=device) + 1, torch.randn(8, device=device)
    torch.testing.assert_close(essence.rms_norm(x, weight), rms_norm(x, weight))
