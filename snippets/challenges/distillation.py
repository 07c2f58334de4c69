r"""`F.kl_div` 有三个陷阱，这段代码全踩了：第一个参数要的是**对数**概率；
它算的是 $\mathrm{KL}(\text{第二个}\|\text{第一个})$；默认的 `mean` 对所有元素平均，而不是对样本。改对它，
使 `soft_loss` 等于 $\tau^2\,\mathrm{KL}(p^T_\tau\|p^S_\tau)$ 在批上的平均，而且梯度不流进老师。

`F.kl_div` has three traps, and this code is in all of them: its first argument is a **logarithm**; it gives
$\mathrm{KL}(\text{second}\,\|\,\text{first})$; its default, `mean`, averages over elements instead of samples.
Mend it, so that `soft_loss` is $\tau^2\,\mathrm{KL}(p^T_\tau\|p^S_\tau)$, averaged over the batch, without a
gradient to the teacher.
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def soft_loss(student, teacher, tau):  # logits (B, V) twice, a number -> scalar
    p, q = (student / tau).softmax(-1), (teacher / tau).softmax(-1)
    return F.kl_div(q, p, reduction="none").mean()  # what reduction="mean", the default, does


torch.manual_seed(0)
student, teacher = torch.randn(2, 4, 10)
print(soft_loss(student, teacher, tau=2.0))  # a divergence is never negative
# --8<-- [end:task]


# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def soft_loss(student, teacher, tau):  # logits (B, V) twice, a number -> scalar
    log_student = (student / tau).log_softmax(-1)
    p_teacher = (teacher.detach() / tau).softmax(-1)
    return tau**2 * F.kl_div(log_student, p_teacher, reduction="batchmean")


torch.manual_seed(0)
student, teacher = torch.randn(2, 4, 10)
print(soft_loss(student, teacher, tau=2.0))  # a divergence is never negative
# --8<-- [end:answer]


# --8<-- [start:check]
def kl(p, q):
    """By the definition, averaged over rows."""
    return float((p * (p.log() - q.log())).sum(-1).mean())


for seed, B, tau in ((0, 4, 1.0), (1, 3, 2.0), (2, 7, 5.0)):
    torch.manual_seed(seed)
    student, teacher = torch.randn(B, 6, requires_grad=True), 2 * torch.randn(B, 6)
    teacher.requires_grad_(True)
    loss = soft_loss(student, teacher, tau)
    assert abs(soft_loss(teacher, teacher, tau).item()) < 1e-5, (
        "老师学自己，损失应当是 0 ‖ a teacher that learns from itself should have a loss of 0"
    )
    assert loss.item() >= 0, (
        f"KL 散度不会是负数，现在是 {loss.item():.4f}：第一个参数要的是对数概率 ‖ "
        f"a KL divergence is never negative, got {loss.item():.4f}: the first argument is log-probabilities"
    )
    q, p = (student.detach() / tau).softmax(-1), (teacher.detach() / tau).softmax(-1)
    want, got = tau**2 * kl(p, q), loss.item()
    assert abs(got - tau**2 * kl(q, p)) > 1e-4, (
        "方向反了：这是 KL(学生‖老师)，要的是 KL(老师‖学生) ‖ "
        "the wrong way round: this is KL(student, teacher), KL(teacher, student) is wanted"
    )
    assert abs(got - want / 6) > 1e-5, (
        "小了 V 倍：mean 对所有元素平均，要 batchmean ‖ "
        "too small by a factor of V: mean averages over all elements, use batchmean"
    )
    assert tau == 1 or abs(got - want / tau**2) > 1e-5, "忘了乘 tau 的平方 ‖ the square of tau is missing"
    assert abs(got - want) < 1e-4, (
        f"tau = {tau} 时应当是 {want:.4f}，现在是 {got:.4f} ‖ with tau = {tau} expected {want:.4f}, got {got:.4f}"
    )
    loss.backward()
    assert teacher.grad is None or teacher.grad.abs().sum() == 0, (
        "梯度流进了老师：用 detach ‖ the gradient reaches the teacher: use detach"
    )
    assert student.grad is not None and student.grad.abs().sum() > 0, "学生没有得到梯度 ‖ the student gets no gradient"
# --8<-- [end:check]
