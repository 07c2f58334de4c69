r"""采样时有的回答超时了，没有得分（`valid` 为 False，那里的奖励可能是 nan）。把 `advantages` 改成留一法：
基线是同一提示下**别的有效回答**的平均；无效的回答优势是 0；除了自己没有别的有效回答时也是 0。

Some responses timed out and have no reward (`valid` is False, and the reward there may be nan). Make `advantages`
leave-one-out: the baseline is the mean of the **other valid responses** to the same prompt. An invalid response gets 0,
and so does a valid one that is the only one.
"""

# --8<-- [start:task]
import torch


def advantages(rewards, valid):  # both (B, G)
    return rewards - rewards.mean(dim=1, keepdim=True)


rewards = torch.tensor([[1.0, 0.0, float("nan"), 0.0]])
print(advantages(rewards, torch.tensor([[True, True, False, True]])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def advantages(rewards, valid):  # both (B, G)
    rewards = torch.where(valid, rewards, torch.zeros_like(rewards))
    others = valid.sum(dim=1, keepdim=True) - 1  # (B, 1)
    mean = (rewards.sum(dim=1, keepdim=True) - rewards) / others.clamp(min=1)
    return torch.where(valid & (others > 0), rewards - mean, torch.zeros_like(rewards))


rewards = torch.tensor([[1.0, 0.0, float("nan"), 0.0]])
print(advantages(rewards, torch.tensor([[True, True, False, True]])))
# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.policy_gradient_variants import rloo_advantages

nan = float("nan")
found = advantages(torch.tensor([[1.0, 0.0, nan, 0.0]]), torch.tensor([[True, True, False, True]]))
assert not found.isnan().any(), "无效处的 nan 漏进来了：先用 torch.where 换成 0，再求和"
assert found[0, 2] == 0, "无效的回答优势应当是 0"
want = torch.tensor([[1.0, -0.5, 0.0, -0.5]])
assert torch.allclose(found, want), (
    f"基线是别的有效回答的平均，不含自己：应当是 1、-0.5、0、-0.5，现在是 {found.tolist()}"
)
alone = advantages(torch.tensor([[3.0, nan], [2.0, 5.0]]), torch.tensor([[True, False], [True, True]]))
assert torch.allclose(alone, torch.tensor([[0.0, 0.0], [-3.0, 3.0]])), "没有别的有效回答时优势是 0，别的行不受影响"
torch.manual_seed(0)
rewards = torch.randn(3, 5)
same = torch.allclose(advantages(rewards, torch.ones(3, 5).bool()), rloo_advantages(rewards), atol=1e-5)
assert same, "全部有效时应当就是 RLOO"
# --8<-- [end:check]
