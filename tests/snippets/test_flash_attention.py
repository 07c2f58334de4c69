"""Flash attention against torch's SDPA, forwards and backwards, and what it holds in memory."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from snippets.essence.flash_attention import flash
from snippets.flash_attention import flash_attention, flash_forward

SIZES = pytest.mark.parametrize(("T", "S"), [(1, 1), (8, 8), (13, 13), (5, 12), (1, 9)])
TILES = pytest.mark.parametrize("tile", [1, 4, 5, 64])
CAUSAL = pytest.mark.parametrize("causal", [False, True])


def inputs(device, T, S, dtype=torch.float32, D=4):
    """Query, key and value that want gradients."""
    shapes = ((2, 3, T, D), (2, 3, S, D), (2, 3, S, D))
    return [torch.randn(shape, device=device, dtype=dtype, requires_grad=True) for shape in shapes]


def sdpa(query, key, value, causal):
    """Torch's attention; queries are the last of the keys."""
    T, S = query.shape[-2], key.shape[-2]
    mask = torch.ones(T, S, dtype=torch.bool, device=query.device).tril(S - T) if causal else None
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)


class Watch(TorchDispatchMode):
    """Counts matrix products and masks, and keeps the largest number of elements that any operation returned."""

    def __init__(self) -> None:
        super().__init__()
        self.products, self.masks, self.largest = 0, 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.products += "bmm" in str(function)
        self.masks += "masked_fill" in str(function)
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.largest = max(self.largest, tensor.numel())
        return result


@SIZES
@TILES
@CAUSAL
def test_forward_and_backward_equal_sdpa(device, T, S, tile, causal):
    tensors = inputs(device, T, S)
    signal = torch.randn(2, 3, T, 4, device=device)
    output, expected = flash_attention(*tensors, causal, tile), sdpa(*tensors, causal)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=0)
    ours = torch.autograd.grad((output * signal).sum(), tensors)
    theirs = torch.autograd.grad((expected * signal).sum(), tensors)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-12), (torch.bfloat16, 3e-2), (torch.float16, 4e-3)])
@CAUSAL
def test_other_precisions_equal_sdpa(device, dtype, atol, causal):
    tensors = inputs(device, 9, 9, dtype)
    output = flash_attention(*tensors, causal, 4)
    wide = [tensor.detach().double().requires_grad_() for tensor in tensors]
    expected = sdpa(*wide, causal)
    assert output.dtype == dtype
    torch.testing.assert_close(output.double(), expected, atol=atol, rtol=0)
    ours = torch.autograd.grad(output.sum(), tensors)
    theirs = torch.autograd.grad(expected.sum(), wide)
    for gradient, reference in zip(ours, theirs, strict=True):
        assert gradient.dtype == dtype
        torch.testing.assert_close(gradient.double(), reference, atol=4 * atol, rtol=2e-2 if atol > 1e-6 else 0)


@CAUSAL
def test_gradients_are_right(device, causal):
    tensors = [torch.randn(1, 5, 2, device=device, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *qkv: flash_attention(*qkv, causal, 2), tensors)


@CAUSAL
def test_logsumexp_is_that_of_the_scores(device, causal):
    query, key, value = inputs(device, 6, 9)
    _, logsumexp = flash_forward(query, key, value, causal, 4)
    scores = query @ key.mT / 2  # √D = 2
    if causal:
        scores = scores.masked_fill(~torch.ones(6, 9, dtype=torch.bool, device=device).tril(3), -torch.inf)
    torch.testing.assert_close(logsumexp, scores.logsumexp(dim=-1, keepdim=True), atol=1e-5, rtol=0)


def test_two_tiles_by_hand(device):
    """D = 1, query 1, keys 0 and ln 3, values 4 and 8, one key a tile.

    First m = 0, l = 1, o = 4. Then m = ln 3: l = 1/3 + 1 = 4/3, o = 4/3 + 8 = 28/3, and y = 7: weights 1/4 and 3/4.
    """
    query, key = torch.ones(1, 1, device=device), torch.tensor([[0.0], [math.log(3)]], device=device)
    value = torch.tensor([[4.0], [8.0]], device=device)
    output, logsumexp = flash_forward(query, key, value, False, 1)
    assert math.isclose(output.item(), 7.0, rel_tol=1e-6)
    assert math.isclose(logsumexp.item(), math.log(4), rel_tol=1e-6)


@CAUSAL
def test_no_matrix_of_scores_is_ever_made(device, causal):
    """T = S = 64, tiles of 8: the largest tensor is an input's 2 · 64 · 4 numbers, not 2 · 64 · 64."""
    tensors = [torch.randn(2, 64, 4, device=device, requires_grad=True) for _ in range(3)]
    with Watch() as watch:
        flash_attention(*tensors, causal, 8).sum().backward()
    assert watch.largest == 2 * 64 * 4
    with Watch() as watch:
        (tensors[0] @ tensors[1].mT).softmax(dim=-1) @ tensors[2]
    assert watch.largest == 2 * 64 * 64


@pytest.mark.parametrize(("causal", "tiles"), [(False, 64), (True, 36)])
def test_tiles_in_the_future_are_skipped(device, causal, tiles):
    """8 x 8 tiles; causal leaves 8 · 9 / 2 = 36. Each takes 2 products forwards and 5 backwards."""
    tensors = [torch.randn(1, 64, 4, device=device, requires_grad=True) for _ in range(3)]
    with Watch() as watch:
        output = flash_attention(*tensors, causal, 8)
    assert watch.products == 2 * tiles
    with Watch() as watch:
        output.sum().backward()
    assert watch.products == 5 * tiles


@pytest.mark.parametrize(("T", "S", "masks"), [(64, 64, 8), (1, 9, 0), (2, 9, 1), (1, 16, 0), (8, 24, 1)])
def test_only_tiles_on_the_diagonal_are_masked(device, T, S, masks):
    query, key = torch.randn(1, T, 4, device=device), torch.randn(1, S, 4, device=device)
    with Watch() as watch:
        flash_forward(query, key, key, True, 8)
    assert watch.masks == masks


def test_causal_output_does_not_see_the_future(device):
    query, key, value = (tensor.detach() for tensor in inputs(device, 9, 9))
    before = flash_attention(query, key, value, True, 4)
    key[..., 5:, :] += 9
    value[..., 5:, :] += 9
    after = flash_attention(query, key, value, True, 4)
    assert torch.equal(before[..., :5, :], after[..., :5, :])
    assert not torch.allclose(before[..., 5:, :], after[..., 5:, :])


def test_rising_and_falling_huge_scores_stay_finite(device):
    key = torch.tensor([[-1e4], [0.0], [1e4], [5e3]], device=device, requires_grad=True)
    query, value = torch.tensor([[1.0], [-1.0], [0.0]], device=device), torch.arange(4.0, device=device)[:, None]
    output = flash_attention(query, key, value, tile=1)
    torch.testing.assert_close(output, torch.tensor([[2.0], [0.0], [1.5]], device=device))
    output.sum().backward()
    assert key.grad.isfinite().all()


def test_half_precision_scores_do_not_overflow(device):
    """64 entries of 40 make 102,400 before the division by 8; float16 ends at 65,504."""
    query = torch.full((1, 2, 64), 40.0, device=device, dtype=torch.float16)
    assert flash_attention(query, query, query, tile=1).tolist() == [[[40.0] * 64] * 2]


def test_half_precision_gradients_are_summed_in_float32(device):
    """300 queries look at one key: its value's gradient is 300 times 1; bfloat16 cannot count beyond 256."""
    query, one = torch.ones(1, 300, 1, device=device, dtype=torch.bfloat16), torch.ones(1, 1, 1, device=device)
    value = one.to(torch.bfloat16).requires_grad_()
    flash_attention(query, value.detach(), value, tile=1).sum(dtype=torch.float32).backward()
    assert value.grad.item() == 300


@CAUSAL
def test_no_rows_and_no_queries_are_fine(device, causal):
    query, key, value = inputs(device, 3, 5)
    assert flash_attention(query[:0], key[:0], value[:0], causal).shape == (0, 3, 3, 4)
    output = flash_attention(query[:, :, :0], key, value, causal, 2)
    assert output.shape == (2, 3, 0, 4)
    output.sum().backward()
    assert key.grad.abs().max() == 0


def test_second_derivatives_are_refused(device):
    """They would be wrong and say nothing: the saved logsumexp is constant to autograd."""
    tensors = inputs(device, 4, 4, torch.float64)
    with pytest.raises(RuntimeError, match=r"once_differentiable|create_graph"):
        gradients = torch.autograd.grad(flash_attention(*tensors).square().sum(), tensors, create_graph=True)
        sum(gradient.square().sum() for gradient in gradients).backward()


@pytest.mark.parametrize("tile", [0, -1])
def test_wrong_arguments_are_refused(tile):
    tensor = torch.ones(1, 3, 2)
    with pytest.raises(ValueError, match=f"tile {tile} is below 1"):
        flash_attention(tensor, tensor, tensor, tile=tile)
    with pytest.raises(ValueError, match="3 queries cannot look at 0 keys"):
        flash_attention(tensor, tensor[:, :0], tensor[:, :0])
    with pytest.raises(ValueError, match="3 queries cannot look at 2 keys"):
        flash_attention(tensor, tensor[:, :2], tensor[:, :2], causal=True)


@pytest.mark.parametrize("tile", [2, 5, 16])
def test_essence_is_the_module(tile):
    query, key, value = 3 * torch.randn(3, 10, 4)
    ours = flash(query, key, value, tile)
    for result, expected in zip(ours, flash_forward(query, key, value, False, 3), strict=True):
        torch.testing.assert_close(result, expected)
