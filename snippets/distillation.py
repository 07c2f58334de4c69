r"""Distillation: a small model learns from a large one

White box: the teacher's distribution says more than the right answer, namely what comes second and by how much; a
temperature makes the small probabilities visible. Black box: the teacher only writes, and the student is tuned on what
it wrote. Fine-tune-CoT keeps the worked solutions that end in the right answer.

$$
\mathcal{L} = \alpha \tau^2 \, \mathrm{KL}\bigl(p^T_\tau \,\|\, p^S_\tau\bigr) + (1 - \alpha) \, \mathrm{CE}(y, p^S),
\qquad p_\tau = \mathrm{softmax}(z / \tau)
$$

Papers: [Distilling the Knowledge in a Neural Network](https://arxiv.org/abs/1503.02531),
[MiniLLM](https://arxiv.org/abs/2306.08543) (reverse KL),
[Large Language Models Are Reasoning Teachers](https://arxiv.org/abs/2212.10071) (Fine-tune-CoT).

Letters: `V` vocabulary, `z` logits, `τ` temperature, `α` weight of the teacher; `...` any leading shape.
"""

import re
from collections.abc import Iterable

import torch
from torch import Tensor

IGNORE = -100  # the label of a position without loss, as in `F.cross_entropy`
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


# --8<-- [start:core]
def kl_divergence(logits: Tensor, other: Tensor) -> Tensor:
    """KL(p ‖ q) of `softmax(logits)` to `softmax(other)`: `(..., V)` twice to `(...)`, in float32 or wider.

    A token that `p` cannot draw (logit -inf) adds 0; one that `q` alone cannot draw makes it infinite.
    """
    logp, logq = _log_softmax(logits), _log_softmax(other)
    p = logp.exp()
    terms = p * (logp.masked_fill(p == 0, 0) - logq.masked_fill(p == 0, 0))
    return terms.sum(dim=-1)


def distillation_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    temperature: float = 2.0,
    alpha: float = 0.5,
    reverse: bool = False,
) -> Tensor:
    """Soft targets and hard ones, averaged over the positions with a label: a scalar, 0 where none has one.

    Args:
        student_logits: `(..., V)`.
        teacher_logits: `(..., V)`, of the same vocabulary; no gradient reaches the teacher.
        labels: `(...)`, for each position the token it should say (shifted already), or `IGNORE`.
        temperature: `τ`; the soft term is multiplied by its square, so that its gradients do not shrink.
        alpha: `α`, 0 for the labels alone, 1 for the teacher alone.
        reverse: KL(student ‖ teacher): keep to what the teacher is likely to say, instead of covering all it may say.

    Raises:
        ValueError: If the shapes differ, `temperature` is not positive or `alpha` not in [0, 1].
    """
    if student_logits.shape != teacher_logits.shape:
        raise ValueError(f"student {tuple(student_logits.shape)} and teacher {tuple(teacher_logits.shape)} differ")
    if labels.shape != student_logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(student_logits.shape)}")
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha {alpha} is not in [0, 1]")
    left_out = labels == IGNORE  # (...); their logits become 0, whatever stands there: no NaN, no gradient
    student, teacher = (x.masked_fill(left_out.unsqueeze(-1), 0) for x in (student_logits, teacher_logits.detach()))
    soft, sharp = _wide(student) / temperature, _wide(teacher) / temperature
    divergence = kl_divergence(soft, sharp) if reverse else kl_divergence(sharp, soft)  # (...)
    hard = -_log_softmax(student).gather(-1, labels.masked_fill(left_out, 0).unsqueeze(-1)).squeeze(-1)  # (...)
    losses = alpha * temperature**2 * divergence + (1 - alpha) * hard
    return losses.masked_fill(left_out, 0).sum() / (~left_out).sum().clamp(min=1)


def final_answer(text: str) -> str | None:
    """The last number of a solution, without its commas and closing zeros: `1,200.50` is `1200.5`; None without one."""
    found = NUMBER.findall(text)
    if not found:
        return None
    number = found[-1].replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def reasoning_samples(question: str, solutions: Iterable[str], answer: str) -> list[tuple[str, str]]:
    """What Fine-tune-CoT trains on: question and solution for each different solution that ends in the answer.

    Args:
        question: As the student will see it.
        solutions: What the teacher wrote, several times at a temperature: different ways to the answer teach more.
        answer: The known answer, a number.

    Returns:
        `(prompt, completion)` of each sample, the completion with the answer stated at its end.
    """
    wanted = final_answer(answer)
    if wanted is None:
        raise ValueError(f"answer {answer!r} holds no number")
    right = [solution.strip() for solution in solutions if final_answer(solution) == wanted]
    return [(f"{question} ###", f" {solution} --> {wanted} END") for solution in dict.fromkeys(right)]


def _wide(x: Tensor) -> Tensor:
    """At least float32: exponentials of 16-bit numbers lose too much."""
    return x if x.dtype == torch.float64 else x.float()


def _log_softmax(logits: Tensor) -> Tensor:
    """Logarithms of probabilities, at least in float32."""
    return _wide(logits).log_softmax(dim=-1)


# --8<-- [end:core]


def demo() -> None:
    """Temperature shows what the teacher holds second; filtering keeps the solutions that are right."""
    teacher = torch.tensor([[6.0, 3.0, -2.0]])
    for temperature in (1.0, 4.0):
        print(f"temperature {temperature}:", [f"{p:.3f}" for p in (teacher / temperature).softmax(-1)[0].tolist()])
    student = torch.zeros(1, 3)
    print(f"loss: {distillation_loss(student, teacher, torch.tensor([0])):.3f}")
    solutions = ["4 cars of 4 wheels: 4 * 4 = 16.", "4 + 4 = 8", "There are 16 wheels, since 4 * 4 is 16"]
    for prompt, completion in reasoning_samples("4 cars, how many wheels?", solutions, "16"):
        print(prompt + completion)


if __name__ == "__main__":
    demo()
