"""把 DPO 改成 SimPO：不要参考模型。奖励是 β 乘以回答的**平均**对数概率，而且好回答的奖励至少要高出 γ 才算排对。
长度不同的两个回答要公平；对数概率差到几千时，损失也不能变成 inf。

Turn DPO into SimPO, which has no reference model: the reward is β times the *mean* log-probability of the response,
and the chosen one must win by γ to count as right. Responses of different lengths must be treated fairly, and the
loss must stay finite where log-probabilities are thousands apart.
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def simpo_loss(chosen_logps, rejected_logps, chosen_lengths, rejected_lengths, beta=2.0, gamma=0.5):
    """Sums of log-probabilities and numbers of tokens, `(B,)` each, to losses `(B,)`."""
    chosen_rewards = beta * chosen_logps
    rejected_rewards = beta * rejected_logps
    return -torch.log(torch.sigmoid(chosen_rewards - rejected_rewards))


print(simpo_loss(torch.tensor([-12.0]), torch.tensor([-10.0]), torch.tensor([6]), torch.tensor([2])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def simpo_loss(chosen_logps, rejected_logps, chosen_lengths, rejected_lengths, beta=2.0, gamma=0.5):
    """Sums of log-probabilities and numbers of tokens, `(B,)` each, to losses `(B,)`."""
    chosen_rewards = beta * chosen_logps / chosen_lengths
    rejected_rewards = beta * rejected_logps / rejected_lengths
    return -F.logsigmoid(chosen_rewards - rejected_rewards - gamma)


# --8<-- [end:answer]

# --8<-- [start:check]
chosen, rejected = torch.tensor([-12.0, -8.0, -30.0]), torch.tensor([-10.0, -8.0, -20.0])
long, short = torch.tensor([6, 4, 10]), torch.tensor([2, 8, 5])
losses = simpo_loss(chosen, rejected, long, short, beta=2.0, gamma=0.0)
assert losses.shape == (3,), "每一对给一个损失，形状是 (B,) ‖ one loss for each pair, of shape (B,)"
margins = torch.tensor([6.0, -2.0, 2.0])
assert torch.allclose(losses, (1 + torch.exp(-margins)).log(), atol=1e-4), (
    "γ = 0 时不对：奖励是 β × 对数概率之和 ÷ 自己的 token 数 ‖ "
    "wrong for γ = 0: the reward is β × the sum of log-probabilities ÷ its own number of tokens"
)
losses = simpo_loss(chosen, rejected, long, short, beta=2.0, gamma=1.5)
assert torch.allclose(losses, (1 + torch.exp(1.5 - margins)).log(), atol=1e-4), (
    "γ 是门槛：要从奖励之差里减去，差得不够就还有损失 ‖ "
    "γ is a margin: subtract it from the difference of the rewards; what falls short of it has a loss"
)
losses = simpo_loss(chosen, rejected, long, short, beta=1.0, gamma=0.0)
assert torch.allclose(losses, (1 + torch.exp(-margins / 2)).log(), atol=1e-4), "β 没有用上 ‖ β is not used"
far = simpo_loss(
    torch.tensor([-9000.0]), torch.tensor([0.0]), torch.tensor([2]), torch.tensor([2]), beta=1.0, gamma=0.0
)
assert torch.allclose(far, torch.tensor([4500.0])), (
    "差得很远时溢出了：用 logsigmoid，不要先 sigmoid 再取 log ‖ "
    "overflow where the two are far apart: use logsigmoid, not the log of a sigmoid"
)
# --8<-- [end:check]
