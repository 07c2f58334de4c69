"""Entropy against torch.distributions and trl, by hand, and through its gradient."""

import math

import pytest
import torch
from torch.distributions import Categorical

from snippets.essence import policy_entropy as essence
from snippets.policy_entropy import entropy_loss, policy_entropy, policy_entropy_by_row

FORMS = [policy_entropy, policy_entropy_by_row]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0, 100.0])
def test_equals_torch_distributions(device, form, scale):
    logits = scale * torch.randn(2, 3, 50, device=device, dtype=torch.float64)
    torch.testing.assert_close(form(logits), Categorical(logits=logits).entropy(), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("index", range(2))
def test_loss_equals_trl_under_the_mask(device, trl, index):
    case = trl["ppo"][index]
    logits = torch.tensor(case["logits"], dtype=torch.float64, device=device)
    loss = entropy_loss(policy_entropy(logits), torch.tensor(case["mask"], device=device))
    assert math.isclose(-loss.item(), case["entropy"], rel_tol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_entropy_by_hand(device, form):
    """(1/2, 1/4, 1/4): 1/2 ln 2 + 2 · 1/4 ln 4 = 1.5 ln 2. Uniform over 3: ln 3. One certain token: 0."""
    probs = torch.tensor([[[0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]], device=device)
    expected = torch.tensor([[1.5 * math.log(2), math.log(3), 0.0]], device=device)
    torch.testing.assert_close(form(probs.log()), expected, atol=1e-6, rtol=0)


def test_old_form_takes_logits_for_probabilities(device):
    """`-Σ z log(z + 1e-9)` of the source notes is no entropy: negative logits give NaN, and a shift changes it."""
    logits = torch.tensor([2.0, 1.0, 0.5], device=device)

    def old(z):
        return -(z * torch.log(z + 1e-9)).sum(dim=-1)

    assert old(logits - 1).isnan()
    assert old(logits) < 0 < policy_entropy(logits)
    assert abs(old(logits + 1) - old(logits)) > 1
    torch.testing.assert_close(policy_entropy(logits + 1), policy_entropy(logits))
    torch.testing.assert_close(old(logits.softmax(dim=-1)), policy_entropy(logits))


@pytest.mark.parametrize("form", FORMS)
def test_huge_logits_lose_no_digits(device, form):
    logits = torch.randn(1, 4, 20, device=device).double()
    shifted = (logits * 2**10).round() / 2**10 + 2.0**13  # exact in float32
    torch.testing.assert_close(form(shifted.float()).double(), form(shifted), atol=1e-5, rtol=0)
    assert form(torch.tensor([[[3e38, -3e38]]], device=device)).item() == 0.0


@pytest.mark.parametrize("form", FORMS)
def test_banned_tokens_count_as_absent_forwards_and_backwards(device, form):
    logits = torch.randn(1, 2, 6, device=device, dtype=torch.float64)
    banned = logits.clone()
    banned[..., [1, 4]] = -math.inf
    banned.requires_grad_()
    left = logits[..., [0, 2, 3, 5]].clone().requires_grad_()
    entropy = form(banned)
    torch.testing.assert_close(entropy, form(left))
    entropy.sum().backward()
    form(left).sum().backward()
    torch.testing.assert_close(banned.grad[..., [0, 2, 3, 5]], left.grad)
    assert (banned.grad[..., [1, 4]] == 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_gradient_is_the_closed_form(device, form):
    """dH/dz = -p (log p + H); zero where all tokens are equally likely."""
    logits = torch.randn(2, 3, 7, device=device, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 3, device=device, dtype=torch.float64)
    entropy = form(logits)
    (entropy * weights).sum().backward()
    logps = logits.detach().log_softmax(dim=-1)
    expected = -logps.exp() * (logps + entropy.detach().unsqueeze(-1)) * weights.unsqueeze(-1)
    torch.testing.assert_close(logits.grad, expected)
    assert torch.autograd.gradcheck(form, (logits,))
    flat = torch.zeros(1, 1, 5, device=device, dtype=torch.float64, requires_grad=True)
    form(flat).sum().backward()
    assert flat.grad.abs().max() < 1e-15


def test_bonus_flattens_the_distribution(device):
    logits = torch.tensor([[[3.0, 0.0, 0.0, -2.0]]], device=device, dtype=torch.float64)
    entropies = []
    for _ in range(30):
        logits.requires_grad_()
        entropy = policy_entropy(logits)
        entropies.append(entropy.item())
        (gradient,) = torch.autograd.grad(entropy_loss(entropy), logits)
        logits = (logits - gradient).detach()
    assert entropies == sorted(entropies)
    assert entropies[0] < 0.5 < 1.3 < entropies[-1] < math.log(4)


def test_mask_leaves_steps_out_whatever_they_hold(device):
    entropy = torch.tensor([[1.0, 2.0, math.nan], [4.0, math.inf, 5.0]], device=device)
    mask = torch.tensor([[True, True, False], [True, False, True]], device=device)
    assert entropy_loss(entropy, mask).item() == -3.0
    assert entropy_loss(torch.ones(2, 2, device=device)).item() == -1.0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(device, form, dtype):
    logits = (20 * torch.randn(1, 3, 100, device=device)).to(dtype).requires_grad_()
    entropy = form(logits)
    assert entropy.dtype == torch.float32
    torch.testing.assert_close(entropy, form(logits.float()))
    entropy.sum().backward()
    assert logits.grad.dtype == dtype


@pytest.mark.parametrize("form", FORMS)
def test_one_token_and_no_steps(device, form):
    assert form(torch.full((1, 2, 1), 7.0, device=device)).tolist() == [[0.0, 0.0]]
    assert form(torch.zeros(0, 2, 5, device=device)).shape == (0, 2)
    assert form(torch.zeros(2, 0, 5, device=device)).shape == (2, 0)
    assert policy_entropy(torch.zeros(5, device=device)).shape == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: policy_entropy(torch.zeros(2, 0)), "no vocabulary"),
        (lambda: policy_entropy(torch.zeros(())), "no vocabulary"),
        (lambda: policy_entropy_by_row(torch.zeros(2, 3)), r"not \(B, T, V\)"),
        (lambda: entropy_loss(torch.zeros(2, 3), torch.ones(2, 3)), "not bool"),
        (lambda: entropy_loss(torch.zeros(2, 3), torch.ones(2, 1, dtype=torch.bool)), "not bool"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_masks_of_zeros_and_ones_are_taken_and_no_step_is_no_loss(device):
    entropy = torch.tensor([[1.0, 2.0, 5.0]], device=device)
    assert entropy_loss(entropy, torch.tensor([[1, 1, 0]], device=device)).item() == -1.5
    assert entropy_loss(entropy, torch.tensor([[0, 0, 0]], device=device)).item() == 0
    assert entropy_loss(entropy[:0]).item() == 0


def test_essence_is_the_module():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    entropy = policy_entropy(logits)
    torch.testing.assert_close(essence.entropy(logits), entropy)
    (gradient,) = torch.autograd.grad(entropy.sum(), logits)
    torch.testing.assert_close(essence.entropy_gradient(logits), gradient)
    total = essence.loss(torch.tensor(2.0), torch.tensor(3.0), entropy, c_v=0.5, c_e=0.1)
    torch.testing.assert_close(total, 3.5 + 0.1 * entropy_loss(entropy))
