r"""下面的 KTO 有三处错：参考点带着梯度，而且可能是负的；差的回答也被往上推；好、差两类不一样多时没有加权。
改好它。`desirable` 为 True 的是好回答；每一类的总权重要相等，并且全批权重的平均是 1（只有一类时权重就是 1）。

This KTO is wrong in three ways: its reference point carries a gradient and may be negative, bad responses are pushed
up too, and nothing makes up for one kind being rarer. Mend it: the two kinds must have the same weight in all, and the
mean weight of the batch must be 1 (which it is for each response where there is one kind alone).
"""

# --8<-- [start:task]
import torch


def kto_loss(policy_logps, ref_logps, desirable, other_policy_logps, other_ref_logps, beta=0.1):  # all (B,)
    z0 = (other_policy_logps - other_ref_logps).mean()
    gain = beta * (policy_logps - ref_logps - z0)
    return 1 - gain.sigmoid()


zero = torch.zeros(3)
print(kto_loss(torch.tensor([5.0, 5.0, -5.0]), zero, torch.tensor([True, False, False]), zero, zero))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def kto_loss(policy_logps, ref_logps, desirable, other_policy_logps, other_ref_logps, beta=0.1):  # all (B,)
    z0 = (other_policy_logps - other_ref_logps).mean().clamp(min=0).detach()
    gain = beta * (policy_logps - ref_logps - z0)
    good = desirable.sum()
    bad = len(desirable) - good
    kinds = (good > 0).long() + (bad > 0).long()
    weights = len(desirable) / kinds / torch.where(desirable, good, bad)
    return weights * (1 - torch.where(desirable, gain, -gain).sigmoid())


zero = torch.zeros(3)
print(kto_loss(torch.tensor([5.0, 5.0, -5.0]), zero, torch.tensor([True, False, False]), zero, zero))
# --8<-- [end:answer]

# --8<-- [start:check]
import math

torch.manual_seed(0)
policy, ref, other_policy, other_ref = torch.randn(4, 4, dtype=torch.float64) * 5
desirable = torch.tensor([True, False, False, False])
policy.requires_grad_()
other_policy.requires_grad_()
losses = kto_loss(policy, ref, desirable, other_policy, other_ref)
pull = torch.autograd.grad(losses.sum(), [policy, other_policy], allow_unused=True)
assert pull[1] is None or not pull[1].any(), (
    "参考点不能有梯度：它只是一把尺子，用 detach ‖ the reference point must carry no gradient: detach it"
)
assert (pull[0][1:] > 0).all() and pull[0][0] < 0, (
    "差的回答要压低：它的收益取相反的符号 ‖ bad responses must go down: their gain has the other sign"
)
z0 = max((other_policy - other_ref).mean().item(), 0.0)
gains = [0.1 * (x - z0) for x in (policy - ref).tolist()]
weighted = [2 / (1 + math.exp(gains[0])), *(2 / 3 / (1 + math.exp(-gain)) for gain in gains[1:])]
assert [round(x, 6) for x in losses.tolist()] == [round(x, 6) for x in weighted], (
    f"一好三差，权重应当是 2 与 2/3，损失是 {[round(x, 3) for x in weighted]} ‖ with one good of four the weights are "
    f"2 and 2/3, and the losses {[round(x, 3) for x in weighted]}"
)
low = kto_loss(policy, ref, desirable, other_ref - 9, other_ref)
zero = kto_loss(policy, ref, desirable, other_ref, other_ref)
assert torch.equal(low, zero), (
    "KL 不会是负的：估计小于 0 就取 0 ‖ a KL is never negative: an estimate below 0 becomes 0"
)
alone = kto_loss(policy, ref, torch.ones(4, dtype=torch.bool), other_ref, other_ref)
expected = 1 - (0.1 * (policy - ref)).sigmoid()
assert torch.allclose(alone, expected), "只有一类时权重是 1 ‖ where there is one kind alone each weight is 1"
# --8<-- [end:check]
