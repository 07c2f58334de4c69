"""Distillation against F.kl_div, F.cross_entropy and torch.distributions, and numbers by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Categorical
from torch.distributions import kl_divergence as torch_kl

from snippets.distillation import IGNORE, distillation_loss, final_answer, kl_divergence, reasoning_samples
from snippets.essence import distillation as essence


def logits(device: torch.device, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of a student and a teacher, `(2, 5, 7)`, and labels, two positions without one."""
    student, teacher = 3 * torch.randn(2, 2, 5, 7, device=device)
    labels = torch.randint(7, (2, 5), device=device)
    labels[0, 3:] = IGNORE
    return student.to(dtype), teacher.to(dtype), labels


def test_divergence_equals_torchs_two_ways(device):
    student, teacher, _ = logits(device)
    expected = F.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), log_target=True, reduction="none").sum(-1)
    torch.testing.assert_close(kl_divergence(teacher, student), expected)
    torch.testing.assert_close(
        kl_divergence(student, teacher), torch_kl(Categorical(logits=student), Categorical(logits=teacher))
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.5), (4.0, 0.9), (0.5, 0.1)])
def test_loss_equals_torchs_functions(device, temperature, alpha, reverse):
    student, teacher, labels = logits(device)
    kept = labels != IGNORE
    soft, sharp = ((z[kept] / temperature).log_softmax(-1) for z in (student, teacher))
    pair = (sharp, soft) if reverse else (soft, sharp)
    divergence = F.kl_div(*pair, log_target=True, reduction="batchmean")
    hard = F.cross_entropy(student.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
    expected = alpha * temperature**2 * divergence + (1 - alpha) * hard
    torch.testing.assert_close(distillation_loss(student, teacher, labels, temperature, alpha, reverse), expected)


def test_defaults_are_temperature_2_half_and_forward(device):
    student, teacher, labels = logits(device)
    expected = distillation_loss(student, teacher, labels, temperature=2.0, alpha=0.5, reverse=False)
    assert distillation_loss(student, teacher, labels) == expected


def test_loss_by_hand(device):
    """Teacher (3/4, 1/4), student (1/2, 1/2), τ = 1, α = 1/2, label 0.

    KL = 3/4 ln(3/2) + 1/4 ln(1/2) = 0.75 · 0.405465 - 0.25 · 0.693147 = 0.130812; CE = ln 2; half of each.
    """
    teacher = torch.tensor([[0.75, 0.25]], device=device).log()
    student = torch.zeros(1, 2, device=device)
    loss = distillation_loss(student, teacher, torch.tensor([0], device=device), temperature=1.0, alpha=0.5)
    assert loss.item() == pytest.approx((0.130812 + math.log(2)) / 2, abs=1e-6)


def test_ends_of_alpha_are_the_teacher_and_the_labels_alone(device):
    student, teacher, labels = logits(device)
    assert distillation_loss(teacher, teacher, labels, alpha=1.0).item() == pytest.approx(0, abs=1e-6)
    hard = F.cross_entropy(student.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
    torch.testing.assert_close(distillation_loss(student, teacher, labels, alpha=0.0), hard)


def test_gradient_keeps_its_size_as_the_temperature_grows(device):
    """For large τ the gradient of τ² KL goes to (z_S - z_T) / V, both centred: Hinton's limit."""
    student, teacher = torch.randn(2, 1, 5, device=device, dtype=torch.float64)
    student.requires_grad_()
    label = torch.tensor([0], device=device)
    distillation_loss(student, teacher, label, temperature=1000.0, alpha=1.0).backward()
    limit = ((student - student.mean()) - (teacher - teacher.mean())) / 5
    torch.testing.assert_close(student.grad, limit.detach(), atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_are_right_and_none_reaches_the_teacher(device, reverse):
    student, teacher = torch.randn(2, 3, 4, device=device, dtype=torch.float64)
    student, teacher = student.requires_grad_(), teacher.requires_grad_()
    labels = torch.tensor([2, IGNORE, 0], device=device)
    assert torch.autograd.gradcheck(
        lambda student: distillation_loss(student, teacher.detach(), labels, reverse=reverse), student
    )
    distillation_loss(student, teacher, labels, reverse=reverse).backward()
    assert teacher.grad is None
    assert not student.grad[labels == IGNORE].any()


def test_forward_covers_and_reverse_chooses(device):
    """A teacher with two peaks, a student with one free number: forward puts it between, reverse on a peak."""
    places = torch.arange(21.0, device=device)
    teacher = torch.logaddexp(-((places - 4) ** 2) / 2, -((places - 16) ** 2) / 2)[None]

    label = torch.tensor([0], device=device)

    def best(reverse: bool) -> int:
        losses = [
            distillation_loss(-((places - at) ** 2)[None] / 2, teacher, label, 1.0, 1.0, reverse) for at in range(21)
        ]
        return int(torch.stack(losses).argmin())

    assert best(reverse=False) == 10
    assert best(reverse=True) in (4, 16)


def test_impossible_tokens_add_nothing_or_infinity(device):
    never = torch.tensor([[1.0, -math.inf, 2.0]], device=device)
    whole = torch.tensor([[1.0, 0.0, 2.0]], device=device)
    expected = torch_kl(Categorical(logits=never[:, ::2]), Categorical(probs=whole.softmax(-1)[:, ::2]))
    expected = expected - whole.softmax(-1)[:, ::2].sum(-1).log()
    torch.testing.assert_close(kl_divergence(never, whole), expected)
    assert kl_divergence(whole, never).item() == math.inf
    assert kl_divergence(never, never).item() == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_and_huge_logits_give_a_finite_float32(device, dtype):
    student, teacher, labels = logits(device, dtype)
    loss = distillation_loss(student, teacher, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, distillation_loss(student.float(), teacher.float(), labels))
    assert distillation_loss(student * 1000, teacher * 1000, labels).isfinite()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4 * 4 = 16.", "16"),
        ("so 1,200.50 yuan", "1200.5"),
        ("-3", "-3"),
        ("it is 20.0", "20"),
        ("100", "100"),
        ("答案是 7 个", "7"),
        ("none", None),
        ("", None),
    ],
)
def test_final_answer_is_the_last_number(text, number):
    assert final_answer(text) == number


def test_only_different_right_solutions_are_kept():
    solutions = [" 4 * 4 = 16 ", "4 + 4 = 8", "4 * 4 = 16", "no idea", "16 wheels: 4 + 4 + 4 + 4 is 16.0"]
    assert reasoning_samples("Q", solutions, "16") == [
        ("Q ###", " 4 * 4 = 16 --> 16 END"),
        ("Q ###", " 16 wheels: 4 + 4 + 4 + 4 is 16.0 --> 16 END"),
    ]
    assert reasoning_samples("Q", [], "16") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(1, 3), torch.zeros(1, 4), torch.tensor([0])), "differ"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), torch.tensor([0])), r"labels \(1,\) do not fit"),
        ((torch.zeros(1, 3), torch.zeros(1, 3), torch.tensor([0]), 0.0), "temperature 0.0"),
        ((torch.zeros(1, 3), torch.zeros(1, 3), torch.tensor([0]), 1.0, 1.5), "alpha 1.5"),
        ((torch.zeros(1, 3), torch.zeros(1, 3), torch.tensor([0]), 1.0, -0.1), "alpha -0.1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        distillation_loss(*arguments)


def test_answer_without_a_number_is_refused():
    with pytest.raises(ValueError, match="holds no number"):
        reasoning_samples("Q", ["1"], "many")


def test_positions_without_a_label_do_not_count_whatever_stands_there(device):
    student, teacher = torch.randn(2, 2, 3, 5, device=device)
    labels = torch.tensor([[1, IGNORE, 2], [IGNORE, 0, IGNORE]], device=device)
    expected = distillation_loss(student[labels != IGNORE], teacher[labels != IGNORE], labels[labels != IGNORE])
    student, teacher = (x.masked_fill((labels == IGNORE)[..., None], torch.nan) for x in (student, teacher))
    student.requires_grad_()
    loss = distillation_loss(student, teacher, labels)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert student.grad.isfinite().all()
    assert (student.grad[labels == IGNORE] == 0).all()
    assert distillation_loss(student, teacher, torch.full_like(labels, IGNORE)).item() == 0


def test_essence_equals_the_module():
    torch.manual_seed(0)
    student, teacher, labels = torch.randn(6, 9, requires_grad=True), torch.randn(6, 9), torch.randint(9, (6,))
    for temperature, alpha in ((1.0, 1.0), (4.0, 0.5), (2.0, 0.0)):
        found = essence.white_box(student, teacher, labels, temperature, alpha)
        expected = distillation_loss(student, teacher, labels, temperature, alpha)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(*(torch.autograd.grad(loss, student)[0] for loss in (found, expected)))
    solutions = ["3 × 4 = 12, 12 - 2 = 10", "3 + 4 = 7", "4 + 4 + 2 = 10", "3 × 4 = 12, 12 - 2 = 10"]
    kept = essence.black_box("?", solutions, "10", final_answer)
    expected = reasoning_samples("?", solutions, "10")
    assert [(f"{question} ###", f" {solution} --> 10 END") for question, solution in kept] == expected
