"""RLHF 试验台：从奖励到梯度 ‖ An RLHF bench: from reward to gradient

把 λ 从 0.95 降到 0：第一个 token 的优势从 0.53 掉到 0.07，结尾的奖励传不过来。再把 β 加到 0.5：偏离参考模型最多的“软”扣得最多。 ‖ Lower λ from 0.95 to 0:
the first token's advantage falls from 0.53 to 0.07, the reward at the end does not reach it. Then raise β to 0.5: the token
that left the reference most (“on”) pays most.

优势是正的、比值已经到 1.5 时，PPO 的这个 token 还有梯度吗？优势是负的呢？ ‖ With a positive advantage and a ratio of 1.5, does
this token still have a gradient in PPO? And with a negative one?

正优势时没有：目标在 1 + ε 处被截平，再提高概率不加分。负优势、比值 1.5 时有：min 取的是没截断的那一支，仍要把概率压下来。 ‖ With a
positive one no: the objective is flat beyond 1 + ε. With a negative one yes: min takes the branch that is not clipped, and
the probability is still pushed down.
"""

# @markdown 结尾的奖励 ‖ Reward at the end
reward = 1.0  # @param {type:"slider", min:-2, max:2, step:0.1}
# @markdown KL 系数 β ‖ KL weight β
beta = 0.1  # @param {type:"slider", min:0, max:0.5, step:0.05}
# @markdown γ
gamma = 1.0  # @param {type:"slider", min:0.5, max:1, step:0.05}
# @markdown λ
lam = 0.95  # @param {type:"slider", min:0, max:1, step:0.05}
# @markdown 截断 ε ‖ Clip ε
clip = 0.2  # @param {type:"slider", min:0.05, max:0.5, step:0.05}
# @markdown 一组 8 个回答里对几个 ‖ Right answers among 8
right = 3  # @param {type:"slider", min:0, max:8, step:1}

import torch

from browser.charts import bars, matrix
from browser.plot import lines
from snippets.dpo_loss import dpo_loss
from snippets.gae import gae
from snippets.grpo import group_advantages
from snippets.kl_penalty import token_rewards
from snippets.ppo_loss import actor_loss

answer = "猫 坐 在 软 垫 子 上 。 ‖ the cat sat on the soft mat .".split()
logps = torch.tensor([[-0.4, -0.9, -0.3, -1.6, -0.2, -0.7, -0.5, -0.1]])
ref_logps = torch.tensor([[-0.7, -0.9, -0.4, -2.9, -0.2, -0.8, -1.0, -0.1]])
values = torch.tensor([[0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8]])
rewards, kl = token_rewards(torch.tensor([reward]), logps, ref_logps, beta)
delta, _ = gae(rewards, values, gamma, 0.0)  # λ = 0 时的优势就是 δ ‖ with λ = 0 the advantage is δ
advantages, returns = gae(rewards, values, gamma, lam)
matrix(torch.cat([rewards, values, delta, advantages]), rows=["r − βKL", "V", "δ", "A"], columns=answer, numbers=True, side=34.0,
       largest=max(1.0, float(advantages.abs().max())), title="每个 token：奖励、价值、δ、优势 ‖ Each token: reward, value, δ, advantage", key="tokens")  # fmt: skip

ratio = torch.tensor([0.4, 1 - clip, 1.0, 1 + clip, 1.8])  # 之间是直线 ‖ straight in between
surrogate = {name: [-float(actor_loss(r.log().view(1, 1), torch.zeros(1, 1), torch.tensor([[a]]), clip=clip)[0]) for r in ratio]
             for name, a in (("A = +1", 1.0), ("A = −1", -1.0))}  # fmt: skip
lines(surrogate, x=ratio, xlabel="π / π_old", title=f"PPO 的目标，ε = {clip} ‖ PPO's objective, ε = {clip}", key="ppo")

margin = torch.linspace(-30, 30, 61).requires_grad_()  # log 比值之差 ‖ difference of the log-ratios
zero = torch.zeros(61)
strength = {}
for b in dict.fromkeys((0.1, max(beta, 0.02))):
    losses, _, _ = dpo_loss(margin, zero, zero, zero, b)
    strength[f"β = {b}"] = (-torch.autograd.grad(losses.sum(), margin)[0] / b).tolist()
lines(strength, x=margin.detach(), xlabel="log π/π_ref (y⁺) − log π/π_ref (y⁻)",
      title="DPO：这一对的梯度权重 ‖ DPO: the weight of a pair's gradient", key="dpo")  # fmt: skip

marks = torch.tensor([[1.0] * right + [0.0] * (8 - right)])
group = group_advantages(marks)[0]
bars(group, labels=[("✓" if mark else "✗") + f" {n + 1}" for n, mark in enumerate(marks[0].tolist())],
     shown=[f"{a:+.2f}" for a in group.tolist()], title="GRPO：组内的优势 ‖ GRPO: advantages in the group", key="grpo")  # fmt: skip
print(
    f"第一个 token 的优势 {float(advantages[0, 0]):.2f}，最后一个 {float(advantages[0, -1]):.2f}；整句 KL 估计 {float(kl):.2f}；一组对 {right} 个时，对的优势 {float(group[0]):+.2f}、错的 {float(group[-1]):+.2f} ‖ advantage of the first token {float(advantages[0, 0]):.2f}, of the last {float(advantages[0, -1]):.2f}; estimated KL {float(kl):.2f}; with {right} of 8 right, a right one has {float(group[0]):+.2f}, a wrong one {float(group[-1]):+.2f}"
)
