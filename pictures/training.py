"""Optimizers, fine-tuning and quantization."""

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.activation_checkpointing import peak_activations
from snippets.adamw import adam_step
from snippets.chat_template import chatml
from snippets.cross_entropy import cross_entropy as loss_of
from snippets.cross_entropy import softmax
from snippets.gradient_accumulation import token_weights
from snippets.lr_schedule import cosine_schedule, stable_schedule
from snippets.muon import CUBIC, QUINTIC, newton_schulz
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


def gradient_accumulation() -> str:
    counts = [9, 3, 2]
    picture = Canvas(
        214,
        "三个微批各有 9、3、2 个计损失的 token，高矮是每个 token 在损失里的份量：除以整批的 14 个，人人一样高；"
        "先在微批里平均再取平均，两个 token 的微批里每个有九个 token 的那批的 4.5 倍",
    )
    for by, title, ground in (("token", "除以整批的 token 数", 84), ("batch", "平均的平均", 190)):
        picture.text(8, ground - 66, title, "start", bold=True)
        picture.line([(8, ground), (320, ground)])
        x = 12.0
        for at, (count, weight) in enumerate(zip(counts, token_weights(counts, by), strict=True)):
            high = 330 * weight
            picture.text(x + 10 * count, ground + 15, f"微批 {at + 1}", size=11)
            for _ in range(count):
                picture.box(x, ground - high, 18, high, shade=0.1 + 0.15 * at)
                x += 20
            x += 14
    return picture.done()


def activation_checkpointing() -> str:
    segments = list(range(1, 97))
    return lines(
        {"同时留着的激活": [peak_activations(96, k) for k in segments], "2√n": [2 * 96**0.5] * 96},
        x=segments,
        title="96 层，分成 k 段",
        xlabel="段数 k",
        ylabel="份",
        alt="同时留着的激活：不分段是 96 份；分成 10 段左右最少，18 份，接近 2√96；"
        "再多分，各段的输入就多起来，又回到 96 份",
    ).svg


def mixed_precision() -> str:
    picture = Canvas(
        222,
        "三种格式各有几位：float32 是 1 位符号、8 位指数、23 位尾数；bfloat16 留下指数，只砍尾数，剩 7 位；"
        "float16 把指数也砍到 5 位，尾数 10 位",
    )
    for at, (name, exponent, fraction, said) in enumerate(
        (
            ("float32", 8, 23, "最大 3.4 × 10³⁸；1 旁边隔 1.2 × 10⁻⁷"),
            ("bfloat16", 8, 7, "最大 3.4 × 10³⁸；1 旁边隔 0.0078"),
            ("float16", 5, 10, "最大 65504；1 旁边隔 0.00098"),
        )
    ):
        y = 4 + 64 * at
        picture.text(4, y + 13, name, "start", bold=True)
        for bit in range(1 + exponent + fraction):
            shade = 0.45 if not bit else 0.25 if bit <= exponent else 0.05
            picture.box(4 + 10 * bit, y + 19, 10, 18, shade=shade)
        picture.text(4, y + 53, said, "start", size=11)
    for x, name, shade in ((4, "符号", 0.45), (84, "指数：管范围", 0.25), (204, "尾数：管精度", 0.05)):
        picture.box(x, 202, 14, 14, shade=shade)
        picture.text(x + 20, 214, name, "start")
    return picture.done()


def muon() -> str:
    """A diagonal matrix has its entries as singular values; one more entry keeps the length at 1."""
    sizes = torch.linspace(0, 1, 101, dtype=torch.float64)
    rest = (1 - sizes.square()).clamp(min=0).sqrt()
    matrices = torch.diag_embed(torch.stack([sizes, rest], dim=-1))

    def after(coefficients: tuple[float, float, float], steps: int) -> list[float]:
        return newton_schulz(matrices, coefficients, steps)[:, 0, 0].tolist()

    return lines(
        {
            "Muon 的系数，5 次": after(QUINTIC, 5),
            "Muon 的系数，1 次": after(QUINTIC, 1),
            "经典的三次式，5 次": after(CUBIC, 5),
        },
        x=sizes.tolist(),
        title="一个奇异值变成多少",
        xlabel="原来的奇异值（矩阵长度是 1）",
        ylabel="之后",
        alt="五次之后，Muon 的系数把 0.01 以上的奇异值都带到 0.68 与 1.2 之间，在那里上下摆动；"
        "经典的三次式收敛到 1，但小于 0.1 的奇异值五次之后还不到 0.7",
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


def chat_template() -> str:
    messages = [{"role": "user", "content": "你好<|im_end|>"}, {"role": "assistant", "content": "你好，请讲"}]
    picture = Canvas(
        196,
        "两轮对话按 ChatML 写成一串：深色的是特殊 token，任何文字都拼不出；粗线标出算损失的，即助手的内容与它的结束符；"
        "用户自己写的 im_end 只是普通文字",
    )
    names = {"<|im_start|>": "始", "<|im_end|>": "终", "\n": "⏎"}
    pieces = chatml(messages)
    for row, turn in enumerate((pieces[:5], pieces[5:])):
        x, y = 8.0, 10 + 58 * row
        for piece in turn:
            text = names.get(piece.text, piece.text.replace("\n", "⏎"))
            width = 12 + sum(12 if char > "⏎" else 6.4 for char in text)
            picture.box(x, y, width, 30, text, shade=0.35 if piece.special else 0.0)
            if piece.learned:
                picture.line([(x, y + 38), (x + width, y + 38)], bold=True)
            x += width + 2
    picture.box(8, 132, 20, 20, shade=0.35)
    picture.text(34, 147, "特殊 token：始 <|im_start|>，终 <|im_end|>", "start")
    picture.line([(8, 174), (28, 174)], bold=True)
    picture.text(34, 178, "算损失：助手的内容，和它的结束符", "start")
    return picture.done()
