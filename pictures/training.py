"""Optimizers, fine-tuning and quantization."""

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.adamw import adam_step
from snippets.cross_entropy import cross_entropy as loss_of
from snippets.cross_entropy import softmax
from snippets.lr_schedule import cosine_schedule, stable_schedule
from snippets.quantization import dequantize, quantize


def _gradient() -> tuple[list[float], list[float]]:
    """Probabilities of five tokens, and the gradient of their logits where the second is the true one."""
    logits = torch.tensor([[2.0, 1.0, 0.5, -0.5, -1.0]], dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(loss_of(logits, torch.tensor([1])), logits)
    return softmax(logits)[0].tolist(), found[0].tolist()


def cross_entropy() -> str:
    probabilities, gradient = _gradient()
    picture = Canvas(
        246,
        "五个 token 的概率 p，第二个是真的；梯度 p 减 y：其余四个各往下压自己的概率那么多，"
        "真的那个往上抬一减去它的概率",
    )
    for title, values, ground in (("概率 p", probabilities, 84), ("梯度 p − y（y 是第 2 个）", gradient, 176)):
        picture.text(8, ground - 66, title, "start")
        picture.line([(8, ground), (320, ground)])
        for at, value in enumerate(values):
            x, high = 20 + 62 * at, 60 * abs(value)
            picture.box(x, ground - (high if value > 0 else 0), 40, high, shade=0.35 if at == 1 else 0.12)
            picture.text(
                x + 20,
                ground - high - 5 if value > 0 else ground + high + 14,
                f"{value:+.2f}".replace("-", "−"),
                size=11,
            )
    return picture.done()


def lr_schedule() -> str:
    steps = list(range(0, 20001, 100))
    return lines(
        {
            "余弦，降到 10%": [cosine_schedule(step, 1.0, 20000) for step in steps],
            "WSD，最后 2000 步下降": [stable_schedule(step, 1.0, 20000) for step in steps],
        },
        x=steps,
        title="预热 2000 步，共 20000 步",
        xlabel="步",
        ylabel="学习率，占峰值",
        alt="两条曲线都在 2000 步内线性升到峰值；余弦随即缓缓降到十分之一，WSD 保持峰值到 18000 步再直线下降",
    ).svg


def adamw() -> str:
    """Two weights with the same pull to zero, and gradients of size 1 and 100 whose sign changes."""
    paths: dict[str, list[float]] = {}
    for name, decoupled in (("AdamW", True), ("Adam 加 L2", False)):
        theta = torch.tensor([1.0, 1.0], dtype=torch.float64)
        m, v = torch.zeros_like(theta), torch.zeros_like(theta)
        rows = []
        for step in range(1, 401):
            sign = 1.0 if step % 2 else -1.0
            adam_step(
                theta,
                torch.tensor([0.1, 10.0]).double() * sign,
                m,
                v,
                step,
                0.01,
                weight_decay=0.1,
                decoupled=decoupled,
            )
            rows.append(theta.tolist())
        for column, size in enumerate(("小", "大")):
            paths[f"{name}，梯度{size}"] = [row[column] for row in rows][::4]
    return lines(
        paths,
        x=list(range(1, 401, 4)),
        title="梯度正负相间时，权重衰减把权重拉回多少",
        xlabel="步",
        ylabel="权重",
        alt="AdamW 下梯度大与梯度小的两个权重同样缓慢衰减；Adam 加 L2 时梯度小的权重被迅速拉到 0，梯度大的几乎不衰减",
    ).svg


def lora() -> str:
    picture = Canvas(
        224, "输入同时走两条路：冻结的方阵 W0，和先用 A 降到 r 维、再用 B 升回来的窄路，训练的只有窄路；两个结果相加"
    )
    picture.box(114, 190, 100, 26, "x：d 维")
    picture.box(14, 76, 116, 92, "W₀：d × d\n冻结", shade=0.1)
    for top, upper, lower, name in ((118, 64, 128, "A：随机"), (48, 128, 64, "B：全 0")):
        left, right = (237 - upper / 2, 237 - lower / 2), (237 + upper / 2, 237 + lower / 2)
        corners = [(left[0], top), (right[0], top), (right[1], top + 50), (left[1], top + 50)]
        picture.line([*corners, corners[0]])
        picture.text(237, top + 30, name)
    picture.text(237, 112, "r 维", size=11)
    picture.arrow((150, 190), (72, 168))
    picture.arrow((178, 190), (237, 168))
    picture.arrow((72, 76), (150, 32))
    picture.arrow((237, 48), (178, 32))
    picture.text(240, 38, "× α / r", "start")
    picture.box(114, 6, 100, 26, "h = 两路之和")
    return picture.done()


def quantization() -> str:
    x = torch.linspace(-1, 1, 201, dtype=torch.float64)
    steps = {}
    for bits in (3, 4):
        q, scale = quantize(x.float()[None], bits)
        steps[f"{bits} 位"] = dequantize(q, scale)[0].tolist()
    return lines(
        {"原值": x.tolist(), **steps},
        x=x.tolist(),
        title="−1 到 1 的数存成 3 位与 4 位再还原",
        xlabel="原值",
        ylabel="还原值",
        alt="两条阶梯围着对角线：3 位只有 7 级，4 位有 15 级；每一级的误差不超过半级",
    ).svg


def distillation() -> str:
    logits = torch.tensor([6.0, 4.0, 3.0, 1.0, 0.0], dtype=torch.float64)
    soft = {f"T = {temperature}": (logits / temperature).softmax(-1) for temperature in (1, 2, 5)}
    picture = Canvas(216, "同一组 logits 在温度 1、2、5 下的概率：温度越高，非首选的词得到的概率越多，暗知识越看得清")
    for row, (name, probabilities) in enumerate(soft.items()):
        base = 62 + 66 * row
        picture.text(6, base - 18, name, "start", bold=True)
        for word, share in enumerate(probabilities.tolist()):
            picture.box(62 + 54 * word, base - 42 * share, 34, 42 * share, shade=0.3)
            picture.text(79 + 54 * word, base + 14, f"{share:.2f}", size=11)
    return picture.done()
