"""回答写到最大长度被截断，与自己说完是两回事：说完之后没有将来，被截断的还有，
应当用 critic 对下一步的估计 `last_values` 续上。现在的代码把两者都当作说完，请改对。

A response cut off at the maximum length is not one that ended: after an end nothing comes, after a cut something
would have, and the critic's estimate of it, `last_values`, should stand in. The code treats both as ended. Mend it.
"""

# --8<-- [start:task]
import torch


def gae(rewards, values, last_values, ended, gamma=1.0, lam=0.95):
    """Rewards and values `(B, T)`; `last_values` `(B,)` after the last token; `ended` bool `(B,)`."""
    advantages = torch.zeros_like(values)
    advantage = next_value = torch.zeros(len(values))
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        advantage = delta + gamma * lam * advantage
        advantages[:, t], next_value = advantage, values[:, t]
    return advantages


rewards, values = torch.zeros(2, 4), torch.full((2, 4), 0.5)
print(gae(rewards, values, torch.tensor([0.5, 0.5]), torch.tensor([True, False])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def gae(rewards, values, last_values, ended, gamma=1.0, lam=0.95):
    """Rewards and values `(B, T)`; `last_values` `(B,)` after the last token; `ended` bool `(B,)`."""
    advantages = torch.zeros_like(values)
    advantage = torch.zeros(len(values))
    next_value = torch.where(ended, torch.zeros_like(last_values), last_values)
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        advantage = delta + gamma * lam * advantage
        advantages[:, t], next_value = advantage, values[:, t]
    return advantages


# --8<-- [end:answer]

# --8<-- [start:check]
still = gae(torch.zeros(1, 4), torch.full((1, 4), 0.5), torch.tensor([0.5]), torch.tensor([False]))
assert torch.allclose(still, torch.zeros(1, 4)), (
    "被截断、没有奖励、critic 前后估计都是 0.5：没有意外，优势应当处处为 0 ‖ "
    "cut off, no rewards, the critic says 0.5 throughout: no surprise, so every advantage should be 0"
)
ended = gae(torch.zeros(1, 4), torch.full((1, 4), 0.5), torch.tensor([0.5]), torch.tensor([True]))
assert torch.allclose(ended[0, -1], torch.tensor(-0.5)), (
    "自己说完的回答，末尾之后的价值是 0，不管 last_values 是什么 ‖ "
    "after a response that ended by itself the value is 0, whatever last_values is"
)
torch.manual_seed(3)
r, v, after, end = torch.randn(3, 5), torch.randn(3, 5), torch.randn(3), torch.tensor([True, False, False])
mine = gae(r, v, after, end, gamma=0.9, lam=0.8)
following = torch.cat([v[:, 1:], torch.where(end, torch.zeros(3), after)[:, None]], dim=1)
deltas = r + 0.9 * following - v
for t in range(5):
    weights = torch.tensor([0.72**k for k in range(5 - t)])
    right = (weights * deltas[:, t:]).sum(dim=1)
    assert torch.allclose(mine[:, t], right, atol=1e-5), (
        f"第 {t} 步的优势不对：续上的价值只进最后一步的 δ，并要乘 γ ‖ "
        f"the advantage at step {t} is wrong: the value after the cut enters the last δ alone, times γ"
    )
# --8<-- [end:check]
