"""RLHF and what follows from it."""

from collections.abc import Callable

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets import dpo_loss as dpo
from snippets import gae as advantages
from snippets import policy_kl as kl
from snippets import ppo_loss as clipped
from snippets import preference_losses as preferences
from snippets import reward_model_loss as ranking
from snippets.grpo import group_advantages
from snippets.kl_penalty import token_rewards
from snippets.policy_entropy import policy_entropy as entropy_of
from snippets.sequence_policy_loss import cispo_loss, dapo_loss, gspo_loss
from snippets.verifiable_reward import accuracy_reward, extract_answer


def rlhf() -> str:
    picture = Canvas(
        262,
        "三步：监督微调得到会答的模型；用人的比较训练奖励模型；"
        "策略生成回答，奖励模型打分，减去与参考模型的 KL，更新策略",
    )
    steps = [
        ("1 监督微调", "人写的示范", "SFT 模型"),
        ("2 奖励模型", "人排的名次", "奖励模型"),
    ]
    for at, (title, data, model) in enumerate(steps):
        x = 10 + 164 * at
        picture.text(x + 72, 16, title, bold=True)
        picture.box(x + 12, 24, 120, 26, data)
        picture.arrow((x + 72, 50), (x + 72, 72))
        picture.box(x + 12, 72, 120, 26, model, shade=0.15)
    picture.text(164, 128, "3 强化学习（反复）", bold=True)
    picture.box(10, 146, 96, 40, "策略\n（从 SFT 开始）", shade=0.15)
    picture.arrow((82, 98), (58, 146), dashed=True)
    picture.arrow((106, 166), (130, 166))
    picture.box(130, 146, 68, 40, "回答")
    picture.arrow((198, 166), (222, 166))
    picture.box(222, 146, 96, 40, "奖励模型打分", shade=0.15)
    picture.arrow((246, 98), (264, 146), dashed=True)
    picture.box(116, 214, 202, 40, "分数 − β · KL（策略 ‖ 参考）\n→ 优势 → PPO 更新")
    picture.arrow((270, 186), (270, 214))
    picture.arrow((116, 234), (58, 234), (58, 186))
    return picture.done()


def gae() -> str:
    """The weight of each later TD error: the advantage at step 0 for an error of 1 at one step alone."""
    length = 24
    weights = {}
    for lam in (0.0, 0.8, 0.95, 1.0):
        rewards = torch.eye(length, dtype=torch.float64)
        found, _ = advantages.gae(rewards, torch.zeros_like(rewards), gamma=1.0, lam=lam)
        weights[f"λ = {lam:g}"] = found[:, 0].tolist()
    return lines(
        weights,
        title="第 0 步的优势里，以后各步的 δ 占多少（γ = 1）",
        xlabel="往后第几步",
        ylabel="权重",
        alt="λ 为 0 时只看当前一步；0.8 约十步后可忽略；0.95 在二十步后还有三成；1 则一直不衰减，就是蒙特卡洛",
    ).svg


def ppo_loss() -> str:
    ratios = [0.5 + step / 50 for step in range(51)]

    def objective(advantage: float) -> list[float]:
        one = torch.tensor([[advantage]], dtype=torch.float64)
        zero = torch.zeros_like(one)
        return [-float(clipped.actor_loss(torch.full_like(one, ratio).log(), zero, one)[0]) for ratio in ratios]

    return lines(
        {"优势 A = 1": objective(1.0), "优势 A = −1": objective(-1.0)},
        x=ratios,
        title="裁剪后的目标（要变大），ε = 0.2",
        xlabel="新旧策略的概率比",
        ylabel="目标",
        alt="优势为正时目标随比值上升，过了 1.2 变平；优势为负时比值低于 0.8 变平，高了则继续下降，不受保护",
    ).svg


def kl_penalty() -> str:
    policy = torch.tensor([[-0.5, -1.2, -0.3, -0.9, -0.6]], dtype=torch.float64)
    reference = torch.tensor([[-0.7, -1.0, -1.5, -1.0, -0.6]], dtype=torch.float64)
    rewards, _ = token_rewards(torch.tensor([2.0], dtype=torch.float64), policy, reference, beta=0.5)
    picture = Canvas(
        196, "一个五 token 的回答：每个 token 先按对数概率之差扣 KL，最后一个 token 再加上奖励模型的总分 2"
    )
    names = [
        ("策略 log π", policy[0]),
        ("参考 log π", reference[0]),
        ("−β × 差", -0.5 * (policy - reference)[0]),
        ("奖励", rewards[0]),
    ]
    for at in range(5):
        picture.text(110 + 46 * at, 18, f"token {at}", size=11)
    for row, (name, values) in enumerate(names):
        y = 28 + 34 * row
        picture.text(80, y + 18, name, "end")
        for at, value in enumerate(values.tolist()):
            picture.box(87 + 46 * at, y, 46, 28, f"{value:+z.2f}", shade=0.25 * (row == 3))
    picture.text(164, 186, "β = 0.5；总分 2 只加在最后一个 token 上")
    return picture.done()


def dpo_loss() -> str:
    beta = 0.5  # of both; the axis is the difference of implicit rewards, beta times that of the log-ratios
    gaps = [-4 + step / 10 for step in range(81)]
    margin = torch.tensor(gaps, dtype=torch.float64, requires_grad=True)
    zero = torch.zeros_like(margin)
    loss, _, _ = dpo.dpo_loss(margin / beta, zero, zero, zero, beta=beta)
    (slope,) = torch.autograd.grad(loss.sum(), margin)
    ipo = dpo.ipo_loss(margin / beta, zero, zero, zero, beta=beta).detach()
    return lines(
        {"DPO 损失": loss.detach(), "梯度的权重": -slope, "IPO 损失": ipo.where(ipo <= 5, torch.nan)},
        x=gaps,
        title="隐式奖励之差与损失，β = 0.5",
        xlabel="好回答的隐式奖励减坏回答的",
        ylabel="值",
        alt="差为负时 DPO 损失近似直线，梯度权重接近 1；差变大后两者都趋于 0；"
        "IPO 是抛物线，不论 β 是多少，最低点都在差等于二分之一，超过反而增大",
    ).svg


def preference_losses() -> str:
    margins = [-6 + step / 10 for step in range(121)]
    zero = torch.zeros(len(margins), dtype=torch.float64)
    losses = {
        "DPO": lambda x: preferences.noisy_dpo_loss(x, 0.0),
        "cDPO，ε = 0.1": lambda x: preferences.noisy_dpo_loss(x, 0.1),
        "KTO": lambda x: preferences.kto_loss(x, zero, zero == 0, 0.0, beta=1.0),
        "SimPO，γ = 1": lambda x: preferences.simpo_loss(x, zero, beta=1.0, gamma=1.0),
    }

    def pull(loss: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        margin = torch.tensor(margins, dtype=torch.float64, requires_grad=True)
        return -torch.autograd.grad(loss(margin).sum(), margin)[0]

    return lines(
        {name: pull(loss) for name, loss in losses.items()},
        x=margins,
        title="好回答受的推力，β = 1",
        xlabel="奖励之差（KTO 是好回答自己的奖励减参考点）",
        ylabel="推力",
        alt="DPO 与 SimPO 在差很负时推力为 1，差变大后趋于 0，SimPO 晚一个 γ；"
        "cDPO 低 0.1，在差约 2.2 处变为 0，再大就往回拉；KTO 只在参考点附近用力，两头都趋于 0",
    ).svg


def sequence_policy_loss() -> str:
    old = torch.full((1, 8), -2.0, dtype=torch.float64)
    moved = torch.tensor([[0.1, -0.1, 0.05, 1.1, -0.05, 0.2, -0.15, 0.05]], dtype=torch.float64)
    one, mask = torch.ones(1, dtype=torch.float64), torch.ones(1, 8, dtype=torch.bool)
    rows = {
        "DAPO": lambda x: dapo_loss(x, old, one, mask),
        "GSPO": lambda x: gspo_loss(x, old, one, mask),
        "CISPO": lambda x: cispo_loss(x, old, one, mask, clip_high=1.0),
    }
    picture = Canvas(
        206,
        "一条优势为正的回答，第 4 个 token 的比值到了 3：DAPO 只丢掉这一个 token；GSPO 的几何平均超了上界，整条都丢；"
        "CISPO 一个也不丢，这个 token 的权重封在 2",
    )
    picture.text(8, 34, "比值 ρ", "start", size=12)
    for at, ratio in enumerate(moved[0].exp().tolist()):
        picture.box(64 + 32 * at, 16, 32, 28, f"{ratio:.2f}", shade=0.35 * (ratio > 1.28))
    for row, (name, loss) in enumerate(rows.items()):
        logps = (old + moved).requires_grad_()
        (gradient,) = torch.autograd.grad(loss(logps)[0], logps)
        picture.text(8, 92 + 44 * row, name, "start", size=12, bold=True)
        for at, pull in enumerate((-8 * gradient[0]).tolist()):
            picture.box(64 + 32 * at, 74 + 44 * row, 32, 28, f"{pull + 0:.2f}", shade=0.12 * (pull != 0))
    picture.text(192, 62, "每个 token 受的推力（乘以 token 数）", size=12)
    return picture.done()


def grpo() -> str:
    rewards = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]], dtype=torch.float64)
    found = group_advantages(rewards)[0].tolist()
    picture = Canvas(
        186, "同一个问题的八个回答，三个对五个错：减组内均值、除标准差之后，对的优势为正，错的为负，不需要 critic"
    )
    picture.text(164, 14, "一个问题采样八个回答，对的得 1 分")
    for at, (reward, advantage) in enumerate(zip(rewards[0].tolist(), found, strict=True)):
        x = 6 + 40 * at
        picture.box(x, 24, 36, 26, f"{reward:g}", shade=0.3 * reward)
        high = 36 * abs(advantage)
        picture.box(x + 6, 112 - (high if advantage > 0 else 0), 24, high, shade=0.2)
        picture.text(x + 18, 112 - high - 6 if advantage > 0 else 112 + high + 14, f"{advantage:+.2f}", size=11)
    picture.line([(2, 112), (326, 112)])
    picture.text(164, 178, "优势 = （得分 − 组均值）/ 组标准差")
    return picture.done()


def policy_entropy() -> str:
    chances = [step / 100 for step in range(1, 100)]
    logits = torch.tensor([[[c, 1 - c] for c in chances]], dtype=torch.float64).log()
    return lines(
        entropy_of(logits)[0],
        x=chances,
        title="两个词时的熵",
        xlabel="第一个词的概率",
        ylabel="熵，nat",
        alt="一条拱形：两个词各一半时熵最大，是 ln 2 约 0.69；一个词接近必然时降到 0",
    ).svg


def reward_model_loss() -> str:
    gaps = [-4 + step / 10 for step in range(81)]
    gap = torch.tensor(gaps, dtype=torch.float64, requires_grad=True)
    loss = ranking.reward_model_loss(gap, torch.zeros_like(gap))
    (slope,) = torch.autograd.grad(loss.sum(), gap)
    wider = ranking.reward_model_loss(gap, torch.zeros_like(gap), margin=1.0)
    return lines(
        {"损失": loss.detach(), "推力（梯度的大小）": -slope, "加间隔 1 的损失": wider.detach()},
        x=gaps,
        title="好回答的分减坏回答的分，与损失",
        xlabel="分差",
        ylabel="值",
        alt="分差为 0 时损失约 0.69；排错越多损失越接近直线、推力越接近 1；"
        "排对很多时两者都趋于 0；加间隔把曲线整个右移 1",
    ).svg


def policy_kl() -> str:
    """Each estimate for a single token, whose probability is 1/e before."""
    ratios = [0.4 + step / 50 for step in range(81)]
    old = torch.tensor([[-1.0]], dtype=torch.float64)
    found = [kl.policy_kl(old + torch.tensor(ratio, dtype=torch.float64).log(), old) for ratio in ratios]
    names = ("d（可为负）", "d² / 2", "exp(−d) − 1 + d")
    return lines(
        {name: [float(one[at]) for one in found] for at, name in enumerate(names)},
        x=ratios,
        title="一个 token 上的三种估计，d = log 旧 − log 新",
        xlabel="新概率 / 旧概率",
        ylabel="估计",
        alt="三条线都在比值为 1 处取 0：d 是单调下降的，比值大于 1 时为负；另外两条在 1 附近几乎重合，处处不为负",
    ).svg


def ppo() -> str:
    picture = Canvas(
        296,
        "一轮 PPO：前一半不求梯度，actor 写回答，四个模型各算一样，合成优势与回报；"
        "后一半求梯度，同一批数据分小批更新几遍 actor 与 critic，走得太远就提前停",
    )
    picture.text(4, 16, "收集经验（不求梯度，每批一次）", "start", bold=True)
    picture.box(8, 26, 72, 40, "提示", shade=0.0)
    picture.arrow((80, 46), (108, 46))
    picture.box(108, 26, 212, 40, "actor 写出回答", shade=0.15)
    for at, (model, gives) in enumerate(
        (("actor", "old logps"), ("参考", "ref logps"), ("critic", "old values"), ("奖励", "总分"))
    ):
        x = 8 + 79 * at
        picture.arrow((x + 36, 66), (x + 36, 86))
        picture.box(x, 86, 73, 40, f"{model}\n{gives}", shade=0.15 if at in (0, 2) else 0.0)
        picture.arrow((x + 36, 126), (x + 36, 146))
    picture.box(8, 146, 312, 28, "奖励（KL 惩罚加总分）→ GAE：优势 A、回报 R")
    picture.arrow((164, 174), (164, 208))
    picture.text(4, 200, "优化（求梯度）", "start", bold=True)
    picture.box(8, 208, 150, 40, "new logps 与 old 之比\n裁剪 → actor 损失", shade=0.15)
    picture.box(170, 208, 150, 40, "new values 与 R\n裁剪 → critic 损失", shade=0.15)
    picture.line([(83, 248), (83, 262), (245, 262), (245, 248)])
    picture.text(164, 284, "小批轮流，重复几遍；平均 KL 太大就停，再去采样")
    return picture.done()


def verifiable_reward() -> str:
    texts = [r"\boxed{0.5}", r"\boxed{\frac12}", r"\boxed{.333}", r"\boxed{1} \boxed{1/2}", "1/2"]
    rewards = accuracy_reward(texts, ["1/2"] * len(texts)).tolist()
    picture = Canvas(
        236,
        "标准答案是 1/2：每个回答先抽出答案，再比较是否等价，给 1 或 0；写了两个不同的答案，或没写在框里，都算没有答案",
    )
    for x, name in ((4, "回答"), (176, "抽出"), (262, "奖励")):
        picture.text(x, 16, name, "start", bold=True)
    for row, (text, reward) in enumerate(zip(texts, rewards, strict=True)):
        y = 26 + 36 * row
        found = extract_answer(text)
        picture.box(4, y, 146, 28, text)
        picture.arrow((150, y + 14), (172, y + 14))
        picture.box(172, y, 66, 28, found or "无", dashed=found is None)
        picture.arrow((238, y + 14), (260, y + 14))
        picture.box(260, y, 40, 28, f"{reward:.0f}", shade=0.3 * reward)
    picture.text(4, 226, "0.5 与 \\frac12 是同一个数，.333 不是三分之一，更不是一半", "start", size=11)
    return picture.done()
