"""Cross-entropy against torch's, its gradient against p - y, and the head in pieces against the whole."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from snippets.cross_entropy import cross_entropy, linear_cross_entropy, log_sum_exp, softmax
from snippets.essence import cross_entropy as essence

IGNORED = torch.tensor([[1, -100, 4], [0, 2, -100]])


def head(device, N=7, C=4, V=5, dtype=torch.float64):
    """States, the head's weight and labels, one of them ignored."""
    hidden = torch.randn(N, C, device=device, dtype=dtype, requires_grad=True)
    weight = torch.randn(V, C, device=device, dtype=dtype, requires_grad=True)
    labels = torch.randint(V, (N,), device=device)
    labels[2] = -100
    return hidden, weight, labels


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_softmax_and_its_norm_equal_torchs(device, scale):
    logits = scale * torch.randn(2, 3, 5, device=device)
    torch.testing.assert_close(log_sum_exp(logits), logits.logsumexp(dim=-1))
    torch.testing.assert_close(softmax(logits), logits.softmax(dim=-1))
    assert log_sum_exp(torch.full((2, 3), -torch.inf, device=device)).tolist() == [-torch.inf] * 2
    assert log_sum_exp(torch.tensor([-torch.inf, 0.0], device=device)).item() == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_loss_and_gradient_equal_torchs(device, smoothing, dtype, atol):
    logits = (3 * torch.randn(2, 3, 5, device=device, dtype=dtype)).requires_grad_()
    labels = IGNORED.to(device)
    loss = cross_entropy(logits, labels, smoothing)
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected, atol=atol, rtol=0)
    ours, theirs = (torch.autograd.grad(value, logits)[0] for value in (loss, expected))
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=0)


def test_gradient_is_what_is_predicted_less_what_is_true(device):
    logits = torch.randn(1, 5, device=device, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(cross_entropy(logits, torch.tensor([3], device=device)), logits)
    expected = softmax(logits.detach())
    expected[0, 3] -= 1
    torch.testing.assert_close(gradient, expected)
    assert abs(gradient.sum().item()) < 1e-12


def test_z_loss_by_hand(device):
    """Logits ln 1, ln 3: Σ = 4, the loss of the second is ln 4/3, of the norm (ln 4)²; shifted by -ln 4 it vanishes."""
    logits = torch.tensor([[1.0, 3.0]], device=device, dtype=torch.float64).log()
    label = torch.tensor([1], device=device)
    assert cross_entropy(logits, label, z_loss=0.5).item() == pytest.approx(math.log(4 / 3) + 0.5 * math.log(4) ** 2)
    assert cross_entropy(logits - math.log(4), label, z_loss=0.5).item() == pytest.approx(math.log(4 / 3))


def test_z_loss_pulls_the_norm_to_zero_and_leaves_the_ranking(device):
    logits = torch.tensor([[5.0, 7.0, 9.0]], device=device, dtype=torch.float64, requires_grad=True)
    label = torch.tensor([2], device=device)
    gradients = [torch.autograd.grad(cross_entropy(logits, label, z_loss=z), logits)[0] for z in (0.0, 1e-2)]
    extra = gradients[1] - gradients[0]
    torch.testing.assert_close(extra, 2e-2 * log_sum_exp(logits.detach()).unsqueeze(-1) * softmax(logits.detach()))


def test_smoothed_loss_is_least_where_the_target_says(device):
    """ε = 0.3, three tokens: the target is 0.8, 0.1, 0.1, and its own logarithms have no gradient."""
    logits = torch.tensor([[0.8, 0.1, 0.1]], device=device, dtype=torch.float64).log().requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy(logits, torch.tensor([0], device=device), 0.3), logits)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


def test_nothing_known_costs_the_logarithm_of_the_vocabulary_and_nothing_counted_nothing(device):
    zeros = torch.zeros(2, 3, 50, device=device)
    labels = torch.randint(50, (2, 3), device=device)
    assert cross_entropy(zeros, labels).item() == pytest.approx(math.log(50))
    assert cross_entropy(zeros, torch.full_like(labels, -100)).item() == 0
    assert cross_entropy(zeros, torch.full_like(labels, 7), ignore_index=7).item() == 0


def test_banned_tokens_and_what_stands_at_ignored_positions_do_no_harm(device):
    logits = torch.randn(2, 3, 5, device=device)
    labels = IGNORED.to(device)
    expected = cross_entropy(logits, labels)
    dirty = logits.masked_fill((labels == -100).unsqueeze(-1), torch.nan).requires_grad_()
    loss = cross_entropy(dirty, labels)
    assert torch.equal(loss, expected)
    loss.backward()
    assert dirty.grad.isfinite().all()
    banned = torch.tensor([[0.0, 0.0, -torch.inf]], device=device)
    assert cross_entropy(banned, torch.tensor([0], device=device)).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(("smoothing", "z_loss"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.1), (0.2, 0.1)])
def test_head_in_pieces_equals_the_whole_in_loss_and_gradients(device, chunk, smoothing, z_loss):
    hidden, weight, labels = head(device)
    loss = linear_cross_entropy(hidden, weight, labels, smoothing, z_loss, chunk=chunk)
    expected = cross_entropy(hidden @ weight.T, labels, smoothing, z_loss)
    torch.testing.assert_close(loss, expected)
    ours, theirs = (torch.autograd.grad(3 * value, (hidden, weight)) for value in (loss, expected))
    torch.testing.assert_close(ours, theirs)


def test_gradients_are_right(device):
    hidden, weight, labels = head(device)
    assert torch.autograd.gradcheck(
        lambda h, w: linear_cross_entropy(h, w, labels, 0.1, 0.1, chunk=3), (hidden, weight)
    )
    logits = torch.randn(2, 3, 5, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z, IGNORED.to(device), 0.1, 0.1), (logits,))


def test_a_single_position_is_its_own_mean(device):
    hidden, weight, labels = head(device, N=3)
    labels[1] = -100
    alone = cross_entropy(hidden[:1] @ weight.T, labels[:1])
    torch.testing.assert_close(linear_cross_entropy(hidden, weight, labels), alone)
    torch.testing.assert_close(cross_entropy(hidden[:2] @ weight.T, labels[:2]), alone)


def test_head_in_pieces_counts_only_what_counts(device):
    hidden, weight, labels = head(device)
    dirty = hidden.detach().clone()
    dirty[2] = torch.nan
    dirty.requires_grad_()
    loss = linear_cross_entropy(dirty, weight, labels, chunk=2)
    torch.testing.assert_close(loss, linear_cross_entropy(hidden, weight, labels, chunk=2))
    gradients = torch.autograd.grad(loss, (dirty, weight))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0][2].abs().max() == 0
    none = torch.full_like(labels, -100)
    assert linear_cross_entropy(hidden, weight, none).item() == 0
    assert linear_cross_entropy(hidden, weight, none + 107, ignore_index=7).item() == 0


class Largest(TorchDispatchMode):
    """The most elements that any operation returned."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.elements = max(self.elements, tensor.numel())
        return result


def test_logits_of_all_positions_are_never_held(device):
    """64 positions, 50 tokens, 8 at a time: 400 logits, where the whole head makes 3,200."""
    hidden, weight, labels = head(device, N=64, C=4, V=50)
    with Largest() as watch:
        linear_cross_entropy(hidden, weight, labels, chunk=8).backward()
    assert watch.elements == 8 * 50
    with Largest() as watch:
        cross_entropy(hidden @ weight.T, labels).backward()
    assert watch.elements == 64 * 50


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_summed_in_float32(device, dtype):
    """10,000 positions: each one's share in fp16 would be near its smallest number; here it is applied last."""
    hidden, weight, labels = head(device, N=10_000, dtype=dtype)
    loss = linear_cross_entropy(hidden, weight, labels, chunk=10)  # 1,000 pieces to be added up
    wide_hidden, wide_weight = (x.detach().float().requires_grad_() for x in (hidden, weight))
    expected = cross_entropy(wide_hidden @ wide_weight.T, labels)
    assert loss.dtype == cross_entropy(hidden @ weight.T, labels).dtype == torch.float32
    torch.testing.assert_close(loss, expected, atol=2e-3, rtol=0)
    ours = torch.autograd.grad(1e4 * loss, (hidden, weight))
    theirs = torch.autograd.grad(1e4 * expected, (wide_hidden, wide_weight))
    assert [gradient.dtype for gradient in ours] == [dtype, dtype]
    for gradient, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient.float(), reference, atol=0.03 * reference.abs().max().item(), rtol=0)


def test_second_derivatives_of_the_head_in_pieces_are_refused(device):
    hidden, weight, labels = head(device)
    with pytest.raises(RuntimeError, match=r"once_differentiable|create_graph"):
        loss = linear_cross_entropy(hidden, weight, labels).square()
        (gradient,) = torch.autograd.grad(loss, hidden, create_graph=True)
        gradient.sum().backward()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_entropy(torch.zeros(2, 3), torch.tensor([0])), r"labels \(1,\) do not fit"),
        (lambda: cross_entropy(torch.zeros(1, 3), torch.tensor([0]), 1.0), "label_smoothing 1.0"),
        (lambda: cross_entropy(torch.zeros(1, 3), torch.tensor([0]), -0.1), "label_smoothing -0.1"),
        (lambda: cross_entropy(torch.zeros(1, 3), torch.tensor([0]), z_loss=-1.0), "z_loss -1.0"),
        (lambda: linear_cross_entropy(torch.zeros(2, 3), torch.zeros(4, 3), torch.tensor([0])), r"labels \(1,\)"),
        (lambda: linear_cross_entropy(torch.zeros(1, 3), torch.zeros(4, 2), torch.tensor([0])), r"weight \(4, 2\)"),
        (lambda: linear_cross_entropy(torch.zeros(1, 1, 3), torch.zeros(4, 3), torch.tensor([0])), "hidden"),
        (lambda: linear_cross_entropy(torch.zeros(1, 3), torch.zeros(3), torch.tensor([0])), "weight"),
        (lambda: linear_cross_entropy(torch.zeros(1, 3), torch.zeros(4, 3), torch.tensor([0]), chunk=0), "chunk 0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_huge_logits_of_the_head_in_pieces_stay_finite(device):
    """Rows of 1000 and 0, and of -1000 and 0: each row's own largest is taken out."""
    hidden = torch.tensor([[1000.0], [-1000.0]], device=device, requires_grad=True)
    weight = torch.tensor([[1.0], [0.0]], device=device)
    loss = linear_cross_entropy(hidden, weight, torch.tensor([1, 0], device=device))
    assert loss.item() == 1000
    loss.backward()
    torch.testing.assert_close(hidden.grad, torch.tensor([[0.5], [-0.5]], device=device))


def test_essence_is_the_module(device):
    hidden, weight = torch.randn(9, 4, device=device), torch.randn(6, 4, device=device)
    labels = torch.randint(6, (9,), device=device)
    hidden.requires_grad_()
    weight.requires_grad_()
    logits = (hidden @ weight.T).detach().requires_grad_()
    expected = cross_entropy(logits, labels)
    loss, gradient = essence.loss_and_gradient(1.0 * logits.detach(), labels)
    torch.testing.assert_close(loss / 9, expected.detach())
    torch.testing.assert_close(gradient / 9, torch.autograd.grad(expected, logits)[0])
    whole = linear_cross_entropy(hidden, weight, labels)
    grads = torch.autograd.grad(whole, (hidden, weight))
    for ours, theirs in zip(
        essence.chunked(hidden.detach(), weight.detach(), labels, 4), (whole.detach(), *grads), strict=True
    ):
        torch.testing.assert_close(ours, theirs)
