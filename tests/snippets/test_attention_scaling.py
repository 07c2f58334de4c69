"""Attention scaling against closed forms, exact enumerations and autograd's Jacobian."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from snippets.attention_scaling import attention_scores, jacobian_norm, saturation
from snippets.essence import attention_scaling as essence


@pytest.mark.parametrize("D", [1, 2, 5])
def test_variance_over_all_sign_vectors_is_exactly_the_width(device, D):
    """Entries ±1, each as likely: mean 0 and variance 1. All 4^D pairs are counted, so no sampling error is left."""
    signs = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=D)), device=device)  # (2^D, D)
    plain, scaled = attention_scores(signs, signs, scale=1.0), attention_scores(signs, signs)
    assert plain.mean().item() == 0
    assert saturation(plain)[0].item() == D
    assert math.isclose(saturation(scaled)[0].item(), 1.0, rel_tol=1e-6)


@pytest.mark.parametrize("D", [16, 64, 512])
def test_variance_of_gaussian_scores_is_the_width(device, D):
    """800 x 800 products of 800 + 800 independent rows: the estimate's relative error is well below 10 %."""
    query, key = torch.randn(800, D, device=device), torch.randn(800, D, device=device)
    assert math.isclose(saturation(attention_scores(query, key, 1.0))[0].item(), D, rel_tol=0.1)
    assert math.isclose(saturation(attention_scores(query, key))[0].item(), 1.0, rel_tol=0.1)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_softmax_of_the_scores_is_sdpa(device, dtype, atol, scale):
    query, key, value = (torch.randn(2, 3, length, 8, device=device, dtype=dtype) for length in (4, 6, 6))
    output = attention_scores(query, key, scale).softmax(dim=-1) @ value
    expected = F.scaled_dot_product_attention(query, key, value, scale=scale)
    assert output.dtype == dtype
    torch.testing.assert_close(output, expected, atol=atol, rtol=0)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_jacobian_norm_equals_autograds(device, size):
    scores = torch.randn(size, device=device, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda s: s.softmax(dim=-1), scores)
    expected = torch.linalg.matrix_norm(jacobian)
    torch.testing.assert_close(jacobian_norm(scores.softmax(dim=-1)), expected, atol=1e-9, rtol=0)


def test_jacobian_norm_by_hand(device):
    """p = (1/2, 1/2): J = [[1/4, -1/4], [-1/4, 1/4]], norm √(4/16) = 1/2. p = (3/4, 1/4): entries ±3/16, norm 3/8."""
    weights = torch.tensor([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]], device=device)
    torch.testing.assert_close(jacobian_norm(weights), torch.tensor([0.5, 0.375, 0.0], device=device))


def test_wide_unscaled_heads_saturate_and_scaled_ones_do_not(device):
    rows = {}
    for D in (16, 512):
        query, key = torch.randn(512, 1, D, device=device), torch.randn(512, 16, D, device=device)
        rows[D] = [saturation(attention_scores(query, key, scale)) for scale in (1.0, None, 1 / D)]
    (plain, scaled, flat), (wide_plain, wide_scaled, wide_flat) = rows[16], rows[512]
    assert wide_plain[1] > plain[1] + 0.2  # ever more one-hot
    assert wide_plain[2] < plain[2] / 2  # ever less gradient
    assert abs(wide_scaled[1] - scaled[1]) < 0.02
    assert abs(wide_scaled[2] - scaled[2]) < 0.02
    assert 1 / 16 < wide_flat[1] < flat[1] < 0.11  # 1 / D: ever more uniform


def test_gradient_that_reaches_the_query_vanishes_without_scaling(device):
    """A random direction of the output's gradient, sent back through softmax."""
    D = 1024
    key, value, signal = (torch.randn(64, 16, D, device=device), *torch.randn(2, 64, 16, 1, device=device))
    norms = []
    for scale in (1.0, None):
        scores = attention_scores(torch.randn(64, 1, D, device=device), key, scale).requires_grad_()
        (scores.softmax(dim=-1).transpose(-2, -1) * value * signal).sum().backward()
        norms.append(scores.grad.norm().item())
    assert norms[0] < norms[1] / 2


def test_gradients_are_right(device):
    query, key = (torch.randn(2, 3, 4, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(attention_scores, (query, key))


def test_half_precision_scales_before_it_could_overflow(device):
    """D = 64 entries of 40: the sum is 64 · 1600 = 102,400, above 65,504; divided by 8 it is 12,800."""
    query = torch.full((1, 64), 40.0, device=device, dtype=torch.float16)
    assert attention_scores(query, query).item() == 12800


def test_huge_equal_and_single_scores(device):
    variance, largest, gradient = saturation(torch.tensor([[1e4, 0.0, -1e4]], device=device))
    assert math.isclose(variance.item(), 2e8 / 3, rel_tol=1e-6)
    assert (largest.item(), gradient.item()) == (1.0, 0.0)
    _, largest, gradient = saturation(torch.zeros(3, 4, device=device))
    assert math.isclose(largest.item(), 0.25)
    assert math.isclose(gradient.item(), math.sqrt(3) / 4, rel_tol=1e-6)  # 1/4 - 2/16 + 1/16 = 3/16
    assert [round(number.item(), 6) for number in saturation(torch.full((2, 1), 3.0, device=device))] == [9.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_measurements_of_half_precision_are_in_float32(device, dtype):
    scores = torch.full((4, 8), 300.0, device=device, dtype=dtype)
    variance, _, gradient = saturation(scores)
    assert variance.dtype == gradient.dtype == torch.float32
    assert math.isclose(variance.item(), 90000, rel_tol=1e-2)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan])
def test_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match="is not positive"):
        attention_scores(torch.ones(2, 3), torch.ones(2, 3), scale)


@pytest.mark.parametrize(("query", "key"), [(3, 4), (0, 0)])
def test_widths_that_do_not_fit_are_refused(query, key):
    with pytest.raises(ValueError, match=f"query has width {query} and key {key}"):
        attention_scores(torch.ones(2, query), torch.ones(2, key))


def test_no_scores_are_refused():
    with pytest.raises(ValueError, match=r"scores \(3, 0\) are empty"):
        saturation(torch.ones(3, 0))


def test_essence_is_the_module(device):
    query, key = torch.randn(5, 16, device=device), torch.randn(9, 16, device=device)
    scores = attention_scores(query, key)
    torch.testing.assert_close(essence.scores(query, key), scores)
    torch.testing.assert_close(essence.gradient(scores[0]), jacobian_norm(scores[0].softmax(dim=-1)))
    for ours, theirs in zip(essence.saturation(query, key), saturation(scores), strict=True):
        torch.testing.assert_close(ours, theirs)
