r"""`merge` 把两个任务向量直接平均，方向相反的互相抵消，只有一个模型改过的也被减半。改成 TIES 的后两步：每个数按总和选出
一个符号，只平均符号与它相同的那几个（0 不算）；一个都没有就是 0。

`merge` averages task vectors: opposite changes cancel, and what one model alone changed is halved. Do the last two
steps of TIES: elect a sign for each number by the sum, and average those that have it (a 0 has none); 0 if none has.
"""

# --8<-- [start:task]
import torch


def merge(taus):  # (M, N) -> (N,)
    return taus.mean(dim=0)


taus = torch.tensor([[1.0, 1.0, 0.9, 0.0], [0.8, -0.6, 0.0, 0.0]])
print(merge(taus))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def merge(taus):  # (M, N) -> (N,)
    sign = torch.where(taus.sum(dim=0) >= 0, 1, -1)
    agree = taus.sign() == sign
    return (taus * agree).sum(dim=0) / agree.sum(dim=0).clamp(min=1)


taus = torch.tensor([[1.0, 1.0, 0.9, 0.0], [0.8, -0.6, 0.0, 0.0]])
print(merge(taus))
# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
cases = [taus, torch.tensor([[2.0, -1.0], [-1.0, -1.0], [-0.5, 3.0]])]
for M in (2, 3, 5):
    cases.append(torch.randn(M, 12) * (torch.rand(M, 12) < 0.6))
for case in cases:
    found = merge(case)
    for n, column in enumerate(case.T.tolist()):
        sign = 1 if sum(column) >= 0 else -1
        kept = [x for x in column if x * sign > 0]
        expected = sum(kept) / len(kept) if kept else 0.0
        shown = [round(x, 2) for x in column]
        assert abs(found[n].item() - expected) < 1e-5, (
            f"各模型的改动是 {shown}：选出的符号是 {sign:+d}，应当合成 {expected:.3f}，现在是 {found[n].item():.3f} ‖ "
            f"changes of {shown} elect {sign:+d} and should become {expected:.3f}, not {found[n].item():.3f}"
        )
# --8<-- [end:check]
