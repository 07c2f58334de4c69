r"""`step_rewards` 把每一步之后的胜算 $V_t$ 直接当奖励，多写几步没用的话，奖励就越加越多。改成每一步只得它
**带来的变化**，让一条解的奖励之和只由开头和结尾决定。`start` 是只看题目时的胜算；`lengths` 之外的步不存在，奖励是 0。

`step_rewards` pays the chance $V_t$ itself at every step: idle steps earn more and more. Pay each step the *change*
that it brought, so that a solution's rewards add up to what its end and its start decide. `start` is the chance of the
problem alone; steps beyond `lengths` do not exist and earn 0.
"""

# --8<-- [start:task]
import torch


def step_rewards(values, start, lengths):  # (N, S), (N,), (N,)
    return values


values = torch.tensor([[0.5, 0.5, 0.5, 1.0], [0.5, 1.0, 0.0, 0.0]])
print(step_rewards(values, torch.tensor([0.5, 0.5]), torch.tensor([4, 2])).sum(dim=1))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def step_rewards(values, start, lengths):  # (N, S), (N,), (N,)
    before = torch.cat([start.unsqueeze(1), values[:, :-1]], dim=1)
    exists = torch.arange(values.shape[1]) < lengths.unsqueeze(1)
    return torch.where(exists, values - before, torch.zeros_like(values))


values = torch.tensor([[0.5, 0.5, 0.5, 1.0], [0.5, 1.0, 0.0, 0.0]])
print(step_rewards(values, torch.tensor([0.5, 0.5]), torch.tensor([4, 2])).sum(dim=1))
# --8<-- [end:answer]

# --8<-- [start:check]
nan = float("nan")
values = torch.tensor([[0.4, 0.9, 0.9, 1.0], [0.4, 1.0, nan, nan], [0.8, 0.1, 0.0, nan]])
start, lengths = torch.tensor([0.5, 0.5, 0.25]), torch.tensor([4, 2, 3])
found = step_rewards(values, start, lengths)
assert found.shape == (3, 4), "每一步一个奖励，形状是 (N, S) ‖ one reward for each step, of shape (N, S)"
assert not found.isnan().any() and found[1, 2:].eq(0).all(), (
    "不存在的步奖励是 0，那里的 nan 不能漏进来 ‖ steps that do not exist earn 0, and their nan must not come through"
)
assert found[0, 2] == 0, "没有改变胜算的一步不该得分 ‖ a step that changes nothing must earn nothing"
assert torch.allclose(found[:, 0], torch.tensor([-0.1, -0.1, 0.55])), (
    "第一步要与 start 比 ‖ the first step is compared with start"
)
assert torch.allclose(found.sum(dim=1), torch.tensor([0.5, 0.5, -0.25])), (
    "一条解的奖励之和应当是最后的胜算减去开头的 ‖ a solution's rewards must add up to its last chance less the first"
)
# --8<-- [end:check]
