"""The clipped losses against trl and by hand; log-probabilities row by row against the plain form."""

import math

import pytest
import torch

from snippets.essence import ppo_loss as essence
from snippets.ppo_loss import actor_loss, critic_loss, token_logps, token_logps_by_row

EXACT = {"atol": 1e-12, "rtol": 1e-12}
FORMS = [token_logps, token_logps_by_row]
ACTOR, CRITIC = ("logps", "old_logps", "advantages"), ("values", "old_values", "returns")


def tensors(case, device, names):
    """Some of the tensors of one of trl's cases, and the mask."""
    return (*(torch.tensor(case[name], dtype=torch.float64, device=device) for name in names), mask_of(case, device))


def mask_of(case, device):
    """The mask of one of trl's cases."""
    return torch.tensor(case["mask"], device=device)


@pytest.mark.parametrize("index", range(2))
def test_losses_and_clip_fractions_equal_trl(device, trl, index):
    case = trl["ppo"][index]
    for loss, names, key, clip in (
        (actor_loss, ACTOR, "actor", case["clip"]),
        (critic_loss, CRITIC, "critic", case["clip_value"]),
    ):
        ours, clipped = loss(*tensors(case, device, names), clip)
        assert math.isclose(ours.item(), case[key], rel_tol=1e-12)
        assert math.isclose(clipped.item(), case[f"{key}_clipped"], rel_tol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_log_probabilities_equal_trl(device, trl, form):
    case = trl["ppo"][0]
    logits, logps, _ = tensors(case, device, ("logits", "logps"))
    torch.testing.assert_close(form(logits, torch.tensor(case["labels"], device=device)), logps, **EXACT)


def test_actor_by_hand(device):
    """ε = 0.2; ratios 1/2, 1, 2 with advantage 1, then with -1.

    A = 1: max(-0.5, -0.8) = -0.5; -1; max(-2, -1.2) = -1.2, clipped. A = -1: max(0.5, 0.8) = 0.8, clipped; 1; 2.
    Together -2.7 + 3.8 = 1.1 over 6 steps; 2 of 6 clipped.
    """
    logps = torch.tensor([[0.5, 1.0, 2.0], [0.5, 1.0, 2.0]], device=device, dtype=torch.float64).log()
    advantages = torch.tensor([[1.0] * 3, [-1.0] * 3], device=device, dtype=torch.float64)
    loss, clipped = actor_loss(logps, torch.zeros_like(logps), advantages, clip=0.2)
    assert math.isclose(loss.item(), 1.1 / 6)
    assert math.isclose(clipped.item(), 2 / 6, rel_tol=1e-6)


def test_critic_by_hand(device):
    """ε = 0.5; old estimates 0, returns 1; estimates 0.25, 0.75, 3, -1.

    0.25: within, 0.75² = 0.5625. 0.75 → 0.5: max(0.0625, 0.25) = 0.25, clipped. 3 → 0.5: max(4, 0.25) = 4.
    -1 → -0.5: max(4, 2.25) = 4. Half the mean: 8.8125 / 8.
    """
    values = torch.tensor([[0.25, 0.75, 3.0, -1.0]], device=device)
    loss, clipped = critic_loss(values, torch.zeros_like(values), torch.ones_like(values), clip=0.5)
    assert loss.item() == 8.8125 / 8
    assert clipped.item() == 0.25


def test_default_clips_are_a_fifth(device):
    """Ratio 2 and advantage 1 give -1.2; an estimate that moved from 0 to 1 counts as 0.2: (1 - 0.2)² / 2."""
    one, zero = torch.ones(1, 1, device=device), torch.zeros(1, 1, device=device)
    assert math.isclose(actor_loss(math.log(2) * one, zero, one)[0].item(), -1.2, rel_tol=1e-6)
    assert math.isclose(critic_loss(one, zero, one)[0].item(), 0.32, rel_tol=1e-6)


def test_gradient_stops_where_the_ratio_has_gone_far_enough(device):
    ratios = torch.tensor([[0.5, 1.5, 0.5, 1.5, 1.1]], device=device, dtype=torch.float64)
    advantages = torch.tensor([[1.0, 1.0, -1.0, -1.0, 1.0]], device=device, dtype=torch.float64)
    logps = ratios.log().requires_grad_()
    actor_loss(logps, torch.zeros_like(logps), advantages)[0].backward()
    torch.testing.assert_close(logps.grad, torch.tensor([[-0.5, 0, 0, 1.5, -1.1]], device=device).double() / 5)


def test_first_step_is_the_policy_gradient(device):
    """With the policy still the old one the ratio is 1: the loss is -mean A, its gradient -A ∇ log π."""
    logps = torch.randn(3, 4, device=device, dtype=torch.float64, requires_grad=True)
    advantages = torch.randn(3, 4, device=device, dtype=torch.float64)
    loss, clipped = actor_loss(logps, logps.detach(), advantages)
    loss.backward()
    torch.testing.assert_close(loss.detach(), -advantages.mean())
    torch.testing.assert_close(logps.grad, -advantages / 12)
    assert clipped.item() == 0


def test_infinite_clip_is_the_plain_squared_error(device):
    values, old_values, returns = torch.randn(3, 2, 5, device=device)
    loss, clipped = critic_loss(values, old_values, returns, clip=math.inf)
    torch.testing.assert_close(loss, torch.nn.functional.mse_loss(values, returns) / 2)
    assert clipped.item() == 0


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
def test_what_stands_under_the_mask_does_not_matter(device, loss):
    mask = torch.tensor([[True, False, True], [False, True, False]], device=device)
    inputs = torch.randn(3, 2, 3, device=device)
    first = inputs[0].masked_fill(~mask, torch.nan).requires_grad_()
    rest = [x.masked_fill(~mask, bad) for x, bad in zip(inputs[1:], (torch.inf, torch.nan), strict=True)]
    masked, _ = loss(first, *rest, mask)
    masked.backward()
    kept = [x[mask].unsqueeze(0) for x in inputs]
    torch.testing.assert_close(masked.detach(), loss(*kept)[0])
    assert (first.grad[~mask] == 0).all()
    assert first.grad[mask].isfinite().all()


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
def test_gradient_flows_into_the_first_argument_alone(device, loss):
    inputs = [torch.randn(2, 3, device=device, requires_grad=True) for _ in range(3)]
    value, clipped = loss(*inputs)
    value.backward()
    assert inputs[0].grad is not None
    assert inputs[1].grad is inputs[2].grad is None
    assert not clipped.requires_grad


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
def test_gradients_are_right(device, loss):
    inputs = torch.randn(3, 2, 4, device=device, dtype=torch.float64)
    first = inputs[0].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, inputs[1], inputs[2], clip=0.3)[0], (first,))


def test_row_by_row_has_the_same_values_and_gradients(device):
    labels, weights = torch.randint(7, (3, 5), device=device), torch.randn(3, 5, device=device, dtype=torch.float64)
    results = []
    for form in FORMS:
        logits = torch.randn(
            3, 5, 7, device=device, dtype=torch.float64, generator=torch.Generator(device).manual_seed(1)
        )
        logits.requires_grad_()
        logps = form(logits, labels)
        (logps * weights).sum().backward()
        results.append((logps.detach(), logits.grad))
    torch.testing.assert_close(results[1], results[0], **EXACT)
    assert torch.autograd.gradcheck(lambda x: token_logps_by_row(x, labels), (logits.detach().requires_grad_(),))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_give_float32_and_a_gradient_of_their_own_kind(device, form, dtype):
    logits = (10 * torch.randn(2, 3, 50, device=device)).to(dtype).requires_grad_()
    labels = torch.randint(50, (2, 3), device=device)
    logps = form(logits, labels)
    assert logps.dtype == torch.float32
    torch.testing.assert_close(logps, token_logps(logits.float(), labels))
    logps.sum().backward()
    assert logits.grad.dtype == dtype


@pytest.mark.parametrize("form", FORMS)
def test_huge_and_banned_logits_stay_finite(device, form):
    logits = torch.tensor([[[1e4, -1e4, -math.inf], [-1e4, -1e4, -1e4]]], device=device, requires_grad=True)
    logps = form(logits, torch.tensor([[0, 2]], device=device))
    logps.sum().backward()
    torch.testing.assert_close(logps.detach(), torch.tensor([[0.0, -math.log(3)]], device=device), atol=1e-3, rtol=0)
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_losses_are_computed_in_float32(device, loss, dtype):
    inputs = torch.randn(3, 2, 4, device=device).to(dtype)
    value, _ = loss(*inputs)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(*inputs.float())[0])


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
def test_a_single_step_is_enough(device, loss):
    one = torch.ones(1, 1, device=device)
    assert loss(one, one, one)[0].item() == {actor_loss: -1.0, critic_loss: 0.0}[loss]


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 1), torch.zeros(2, 3), torch.zeros(2, 3)), "not one shape"),
        ((torch.zeros(2, 3), torch.zeros(2, 1), torch.zeros(2, 3)), "not one shape"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 1)), "not one shape"),
        ((torch.zeros(3), torch.zeros(3), torch.zeros(3)), "not one shape"),
        ((*torch.zeros(3, 2, 3), None, 0.0), "clip 0.0"),
        ((*torch.zeros(3, 2, 3), None, math.nan), "clip nan"),
        ((*torch.zeros(3, 2, 3), torch.ones(2, 3)), "not bool"),
        ((*torch.zeros(3, 2, 3), torch.ones(2, 1, dtype=torch.bool)), "not bool"),
    ],
)
def test_wrong_arguments_are_refused(loss, arguments, message):
    with pytest.raises(ValueError, match=message):
        loss(*arguments)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (1, 1)])
def test_no_responses_and_no_tokens_give_no_log_probabilities(device, form, shape):
    logits = torch.zeros(*shape, 4, device=device, requires_grad=True)
    logps = form(logits, torch.zeros(shape, dtype=torch.long, device=device))
    logps.sum().backward()
    assert logps.shape == shape
    assert logits.grad.shape == (*shape, 4)


@pytest.mark.parametrize("form", FORMS)
def test_labels_that_do_not_fit_are_refused(form):
    with pytest.raises(ValueError, match=r"labels \(2, 4\)"):
        form(torch.zeros(2, 3, 5), torch.zeros(2, 4, dtype=torch.long))


@pytest.mark.parametrize("loss", [actor_loss, critic_loss])
def test_masks_of_zeros_and_ones_are_taken_and_no_step_is_no_loss(device, loss):
    tensors = torch.randn(3, 2, 3, device=device)
    mask = torch.tensor([[1, 0, 1], [0, 0, 1]], device=device)
    assert loss(*tensors, mask) == loss(*tensors, mask.bool())
    assert [part.item() for part in loss(*tensors, 0 * mask)] == [0, 0]
    assert [part.item() for part in loss(*tensors[:, :0])] == [0, 0]


def test_second_derivatives_are_refused_where_the_first_is_by_hand(device):
    """What backward computes from is constant to autograd: a derivative of it would be wrong, and say nothing."""
    logits = torch.randn(2, 3, 5, device=device, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0, 1, 2], [3, 4, 0]], device=device)
    with pytest.raises(RuntimeError, match=r"once_differentiable|create_graph"):
        (gradient,) = torch.autograd.grad(token_logps_by_row(logits, labels).square().sum(), logits, create_graph=True)
        gradient.square().sum().backward()


def test_essence_is_the_module():
    torch.manual_seed(0)
    new, old, third = torch.randn(3, 4, 6, dtype=torch.float64)
    torch.testing.assert_close(essence.actor(new, old, third, 0.2), actor_loss(new, old, third, clip=0.2)[0])
    torch.testing.assert_close(essence.critic(new, old, third, 0.3), critic_loss(new, old, third, clip=0.3)[0])
