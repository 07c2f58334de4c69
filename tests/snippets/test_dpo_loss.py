"""DPO and IPO against trl, against numbers by hand, and their minima and gradients."""

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F

from snippets.dpo_loss import dpo_loss, ipo_loss, sequence_logps, sequence_logps_by_block
from snippets.essence import dpo_loss as essence

FORMS = [sequence_logps, sequence_logps_by_block]


def logps(device, *rows, dtype=torch.float64):
    """Tensors of one row each."""
    return [torch.tensor(row, dtype=dtype, device=device) for row in rows]


@pytest.mark.parametrize("index", [0, 1])
def test_loss_and_rewards_equal_trl(device, trl, index):
    case = trl["dpo"][index]
    assert case["loss_type"] == "sigmoid"
    results = dpo_loss(*logps(device, *case["logps"]), case["beta"], case["label_smoothing"])
    expected = logps(device, case["losses"], case["chosen_rewards"], case["rejected_rewards"])
    for ours, theirs in zip(results, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)


def test_ipo_loss_equals_trl(device, trl):
    case = trl["dpo"][2]
    assert case["loss_type"] == "ipo"
    losses = ipo_loss(*logps(device, *case["logps"]), case["beta"])
    torch.testing.assert_close(losses, *logps(device, case["losses"]), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_sequence_logps_equal_trl(device, trl, form):
    case = trl["sequence_logps"]
    (logits,) = logps(device, case["logits"])
    labels = torch.tensor(case["labels"], device=device)
    sums, counts = logps(device, case["sums"], case["counts"])
    torch.testing.assert_close(form(logits, labels), sums, atol=1e-10, rtol=1e-10)
    means = form(logits, labels, average=True)
    torch.testing.assert_close(means, sums / counts.clamp(min=1), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_sequence_logps_equal_torch_cross_entropy(device, form):
    logits = torch.randn(3, 7, 11, device=device)
    labels = torch.randint(11, (3, 7), device=device)
    labels[0, 4:] = -100
    labels[1, :3] = -100
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none", ignore_index=-100)
    torch.testing.assert_close(form(logits, labels), -losses.sum(dim=1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_probabilities_of_all_responses_add_up_to_one(device, form):
    """Logits that do not depend on the tokens: over all 2³ responses the probabilities of three tokens sum to 1."""
    responses = torch.tensor(list(product((0, 1), repeat=3)), device=device)
    labels = torch.cat([torch.full((8, 1), -100, device=device), responses], dim=1)
    logits = torch.randn(1, 4, 2, device=device, dtype=torch.float64).expand(8, 4, 2)
    assert math.isclose(form(logits, labels).exp().sum().item(), 1.0, rel_tol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_mean_of_one_token_is_that_token(device, form):
    logits = torch.randn(1, 3, 5, device=device)
    labels = torch.tensor([[-100, -100, 4]], device=device)
    expected = logits[0, 1].log_softmax(-1)[4:]
    for average in (False, True):
        torch.testing.assert_close(form(logits, labels, average=average), expected)


@pytest.mark.parametrize("form", FORMS)
def test_prompt_and_padding_do_not_count(device, form):
    logits = torch.randn(1, 6, 5, device=device)
    labels = torch.tensor([[-100, -100, 3, 1, -100, -100]], device=device)
    changed = logits.clone()
    changed[:, [0, 3, 4, 5]] += torch.randn(4, 5, device=device)
    assert torch.equal(form(logits, labels), form(changed, labels))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("average", [False, True])
def test_response_without_tokens_has_log_probability_zero(device, average, form):
    """Also a row of one token: there is nothing before it to predict it from."""
    nothing = torch.full((2, 4), -100, device=device)
    assert form(torch.randn(2, 4, 5, device=device), nothing, average).tolist() == [0.0, 0.0]
    single = torch.ones(2, 1, dtype=torch.long, device=device)
    assert form(torch.randn(2, 1, 5, device=device), single, average).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("form", FORMS)
def test_huge_logits_stay_finite(device, form):
    logits = torch.tensor([[[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]]], device=device)
    labels = torch.tensor([[-100, 0]], device=device)
    assert form(logits, labels).tolist() == [0.0]
    assert form(logits, labels + torch.tensor([[0, 1]], device=device)).tolist() == [-2e4]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_summed_in_float32(device, dtype, form):
    logits = torch.randn(2, 200, 50, device=device).to(dtype)
    labels = torch.randint(50, (2, 200), device=device)
    ours = form(logits, labels)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, form(logits.double(), labels).float(), atol=1e-2, rtol=1e-5)


def test_loss_by_hand(device):
    """β = 0.5; log-ratios: chosen -10 - (-12) = 2, rejected -9 - (-7) = -2. Rewards 1 and -1, margin 2.

    -log σ(2) = log(1 + e^-2) = log 1.135335 = 0.126928.
    With smoothing 0.1: 0.9 · 0.126928 + 0.1 · (2 + 0.126928) = 0.326928.
    """
    rows = logps(device, [-10.0], [-9.0], [-12.0], [-7.0])
    losses, chosen, rejected = dpo_loss(*rows, beta=0.5)
    assert (chosen.item(), rejected.item()) == (1.0, -1.0)
    assert math.isclose(losses.item(), 0.126928, abs_tol=1e-6)
    assert math.isclose(dpo_loss(*rows, beta=0.5, label_smoothing=0.1)[0].item(), 0.326928, abs_tol=1e-6)


def test_ipo_loss_by_hand(device):
    """β = 0.1 asks for a gap of 1 / 0.2 = 5; the gap is 2 - (-2) = 4: (4 - 5)² = 1."""
    assert math.isclose(ipo_loss(*logps(device, [-10.0], [-9.0], [-12.0], [-7.0]), beta=0.1).item(), 1.0)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_policy_that_is_the_reference_has_loss_log_two(device, smoothing):
    chosen, rejected = logps(device, [-3.0, -70.0], [-5.0, -2.0])
    losses, chosen_rewards, rejected_rewards = dpo_loss(chosen, rejected, chosen, rejected, 0.3, smoothing)
    torch.testing.assert_close(losses, torch.full_like(losses, math.log(2)))
    assert chosen_rewards.tolist() == rejected_rewards.tolist() == [0.0, 0.0]


def test_gradient_is_weighted_by_how_wrong_the_implicit_rewards_are(device):
    """Derivative of equation 7: ∂L/∂(chosen logps) = -β σ(r_rejected - r_chosen), the rejected one's opposite."""
    rows = logps(device, [-10.0, -5.0, -1.0], [-4.0, -5.0, -9.0], [-5.0] * 3, [-5.0] * 3)
    chosen, rejected = (row.requires_grad_() for row in rows[:2])
    losses, chosen_rewards, rejected_rewards = dpo_loss(*rows, beta=0.2)
    losses.sum().backward()
    weights = 0.2 * (rejected_rewards - chosen_rewards).sigmoid()
    torch.testing.assert_close(chosen.grad, -weights)
    torch.testing.assert_close(rejected.grad, weights)
    assert weights[0] > weights[1] > weights[2]


def test_rewards_carry_no_gradient(device):
    rows = [row.requires_grad_() for row in logps(device, [-1.0], [-2.0], [-3.0], [-4.0])]
    losses, chosen_rewards, rejected_rewards = dpo_loss(*rows)
    assert losses.requires_grad
    assert not chosen_rewards.requires_grad
    assert not rejected_rewards.requires_grad


@pytest.mark.parametrize("loss", [lambda *rows: dpo_loss(*rows, 0.3, 0.1)[0], lambda *rows: ipo_loss(*rows, 0.3)])
def test_gradients_are_right(device, loss):
    rows = [torch.randn(3, device=device, dtype=torch.float64, requires_grad=True) for _ in range(4)]
    assert torch.autograd.gradcheck(loss, rows)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_sequence_logps_are_right(device, form):
    logits = torch.randn(2, 4, 3, device=device, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[-100, 1, 2, -100], [0, 0, 1, 2]], device=device)
    assert torch.autograd.gradcheck(lambda logits: form(logits, labels), (logits,))


def margins(device, beta):
    """Log-probabilities whose reward margins run from -10 to 10 in steps of 0.01, and those margins."""
    margin = torch.linspace(-10, 10, 2001, dtype=torch.float64, device=device)
    zero = torch.zeros_like(margin)
    return (margin / beta, zero, zero, zero), margin


def test_smoothed_loss_is_least_where_the_preference_has_its_odds(device):
    """The derivative is σ(m) - (1 - ε): zero at m = log((1 - ε) / ε). Without smoothing there is no minimum."""
    rows, margin = margins(device, beta=0.1)
    losses, _, _ = dpo_loss(*rows, beta=0.1, label_smoothing=0.1)
    assert math.isclose(margin[losses.argmin()].item(), math.log(9), abs_tol=0.01)
    losses, _, _ = dpo_loss(*rows, beta=0.1)
    assert (losses.diff() < 0).all()


def test_ipo_loss_is_zero_at_half_the_inverse_of_beta(device):
    rows, margin = margins(device, beta=1.0)
    losses = ipo_loss(*rows, beta=0.25)
    assert math.isclose(margin[losses.argmin()].item(), 2.0, abs_tol=0.01)
    assert losses.min() < 1e-4


def test_what_both_responses_share_cancels(device):
    rows = [torch.randn(4, device=device, dtype=torch.float64) for _ in range(4)]
    shifted = [rows[0] + 3, rows[1] + 3, rows[2] - 2, rows[3] - 2]
    torch.testing.assert_close(dpo_loss(*rows)[0], dpo_loss(*shifted)[0])
    torch.testing.assert_close(ipo_loss(*rows), ipo_loss(*shifted))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_huge_margins_stay_finite(device, dtype):
    """-log σ(-m) is m for large m, and e^-m, that is 0, for -m."""
    rows = logps(device, [-2e4, 0.0], [0.0, -2e4], [0.0, 0.0], [0.0, 0.0], dtype=dtype)
    chosen = rows[0].requires_grad_()
    losses, _, _ = dpo_loss(*rows, beta=0.5)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses.double().cpu(), torch.tensor([1e4, 0.0], dtype=torch.float64), rtol=5e-3, atol=0)
    losses.sum().backward()
    torch.testing.assert_close(chosen.grad.double().cpu(), torch.tensor([-0.5, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("loss", [dpo_loss, ipo_loss])
def test_beta_is_a_tenth_unless_said_otherwise(loss):
    rows = torch.randn(4, 3)
    assert torch.equal(loss(*rows)[0], loss(*rows, beta=0.1)[0])


@pytest.mark.parametrize("loss", [dpo_loss, ipo_loss])
def test_wrong_arguments_are_refused(loss):
    row = torch.zeros(3)
    with pytest.raises(ValueError, match="beta 0 is not positive"):
        loss(row, row, row, row, beta=0)
    with pytest.raises(ValueError, match="beta nan is not positive"):
        loss(row, row, row, row, beta=math.nan)
    for wrong in range(4):
        with pytest.raises(ValueError, match="not one shape"):
            loss(*[torch.zeros(1) if i == wrong else row for i in range(4)])
    with pytest.raises(ValueError, match="not one shape"):
        loss(*[torch.zeros(3, 4)] * 4)


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0])
def test_smoothing_that_would_turn_the_preference_round_is_refused(smoothing):
    row = torch.zeros(3)
    with pytest.raises(ValueError, match=f"label_smoothing {smoothing}"):
        dpo_loss(row, row, row, row, label_smoothing=smoothing)


@pytest.mark.parametrize("form", FORMS)
def test_labels_that_do_not_fit_are_refused(form):
    with pytest.raises(ValueError, match=r"labels \(2, 3\) do not fit logits \(2, 4, 5\)"):
        form(torch.zeros(2, 4, 5), torch.zeros(2, 3, dtype=torch.long))


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_blocks_equal_the_plain_form_in_values_and_gradients(device, average, dtype):
    """167 positions that count: three blocks, the last one short; the third row has no response."""
    logits = torch.randn(5, 50, 11, device=device).to(dtype).requires_grad_()
    labels = torch.randint(11, (5, 50), device=device)
    labels[0, :10] = labels[1, 30:] = labels[2] = -100
    results, gradients = [], []
    for form in FORMS:
        results.append(form(logits, labels, average))
        weights = torch.arange(1.0, 6.0, device=device, dtype=results[-1].dtype)
        gradients += torch.autograd.grad((weights * results[-1]).sum(), logits)
    precise = {"atol": 1e-12, "rtol": 1e-12} if dtype == torch.float64 else {"atol": 1e-4, "rtol": 1e-5}
    torch.testing.assert_close(results[1], results[0], **precise)
    assert gradients[1].dtype == dtype
    torch.testing.assert_close(gradients[1], gradients[0], **({} if dtype == torch.bfloat16 else precise))


def test_blocks_do_not_read_where_no_token_counts(device):
    """A padded position may hold NaN: it enters neither the sum nor the gradient."""
    logits = torch.randn(1, 4, 5, device=device)
    logits[0, 2:] = math.nan
    logits.requires_grad_()
    logps = sequence_logps_by_block(logits, torch.tensor([[-100, 3, 1, -100]], device=device))
    logps.sum().backward()
    assert logps.isfinite().all()
    assert logits.grad[0, :2].abs().sum() > 0
    assert logits.grad[0, 2:].tolist() == [[0.0] * 5] * 2


@pytest.mark.parametrize("loss", [lambda *rows: dpo_loss(*rows)[0], ipo_loss])
def test_half_precision_is_subtracted_in_float32(device, loss):
    """-200 and -201 in bfloat16, apart by 1: times 0.1 the difference must not be rounded to three digits again."""
    rows = logps(device, [-201.0], [-200.0], [-200.0], [-203.0], dtype=torch.bfloat16)
    torch.testing.assert_close(loss(*rows), loss(*(row.float() for row in rows)))


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_at_prompt_and_padding_reaches_neither_value_nor_gradient(device, form):
    logits = torch.randn(2, 4, 5, device=device)
    labels = torch.tensor([[-100, -100, 1, 2], [-100, 3, -100, -100]], device=device)
    following = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=-100)
    expected = form(logits, labels)
    dirty = logits.masked_fill((following == -100)[..., None], torch.nan).requires_grad_()
    assert torch.equal(form(dirty, labels), expected)
    form(dirty, labels).sum().backward()
    assert dirty.grad.isfinite().all()


def test_second_derivatives_are_refused_where_the_first_is_by_hand(device):
    logits = torch.randn(1, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1, 2, 3]], device=device)
    with pytest.raises(RuntimeError, match=r"once_differentiable|create_graph"):
        loss = sequence_logps_by_block(logits, labels).square().sum()
        (gradient,) = torch.autograd.grad(loss, logits, create_graph=True)
        gradient.square().sum().backward()


def test_essence_is_the_module():
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3, 7, 11, dtype=torch.float64), torch.randint(11, (4, 3, 7))
    response = torch.arange(7) >= torch.tensor([[2], [4], [6]])
    sums = [
        (sequence_logps(z, y.masked_fill(~response, -100)), essence.log_pi(z, y, response))
        for z, y in zip(logits, labels, strict=True)
    ]
    for ours, shown in sums:
        torch.testing.assert_close(shown, ours)
    ours, shown = zip(*sums, strict=True)
    torch.testing.assert_close(essence.dpo(*shown, beta=0.3), dpo_loss(*ours, beta=0.3)[0])
