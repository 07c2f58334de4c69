"""Norms, activations and the block that they make."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.rms_norm import rms_norm as rms_of


def tiny_gpt() -> str:
    picture = Canvas(
        330,
        "一个 GPT 的主干，从下往上：token 编号取嵌入矩阵 E 的行；L 个块各往主干上加注意力与 MLP 的输出，"
        "进子层之前先归一化；最后归一化，乘 E 的转置得到每个位置的 logits；各块的 key 与 value 进缓存",
    )
    picture.box(30, 296, 130, 28, "token 编号：T")
    picture.arrow((95, 296), (95, 282))
    picture.box(30, 254, 130, 28, "嵌入 E：T × C", shade=0.08)
    picture.line([(95, 254), (95, 96)])
    picture.box(12, 106, 300, 138, "")
    picture.text(292, 122, "× L", bold=True)
    for y, name in ((198, "注意力（RoPE，GQA）"), (136, "SwiGLU")):
        picture.arrow((95, y + 34), (142, y + 34), (142, y + 16), (150, y + 16))
        picture.box(150, y, 144, 32, f"RMSNorm\n{name}")
        picture.arrow((222, y), (222, y - 12), (103, y - 12))
        picture.box(87, y - 20, 16, 16, "+")
    picture.arrow((95, 106), (95, 92))
    picture.box(30, 60, 130, 32, "RMSNorm，再乘 Eᵀ", shade=0.08)
    picture.arrow((95, 60), (95, 46))
    picture.box(30, 16, 130, 30, "logits：T × V")
    picture.text(250, 34, "位置 t 的一行", size=11)
    picture.text(250, 50, "预测第 t + 1 个 token", size=11)
    return picture.done()


def transformer_block() -> str:
    picture = Canvas(
        316, "Post-Norm 先把子层的输出加回主干再归一化；Pre-Norm 先归一化再进子层，主干从头到尾只有相加，没有别的"
    )
    for x, side, title in ((44, 112, "Post-Norm（2017）"), (208, 276, "Pre-Norm（现在）")):
        post = x == 44
        picture.text(x + 38, 16, title, bold=True)
        picture.text(x, 312, "x")
        for bottom, name in ((298, "注意力"), (164, "MLP")):
            plus = bottom - (74 if post else 104)
            picture.line([(x, bottom), (x, plus + 8)])
            picture.parts.append(f'<circle cx="{x}" cy="{plus}" r="8" fill="none" stroke="currentColor"/>')
            picture.line([(x - 5, plus), (x + 5, plus)])
            picture.line([(x, plus - 5), (x, plus + 5)])
            picture.arrow((x, bottom - 14), (side, bottom - 14), (side, bottom - 28))
            if not post:
                picture.box(side - 34, bottom - 50, 68, 22, "Norm")
                picture.arrow((side, bottom - 50), (side, bottom - 60))
            top = bottom - (54 if post else 86)
            picture.box(side - 34, top, 68, 26, name, shade=0.1)
            picture.arrow((side, top), (side, plus), (x + 8, plus))
            if post:
                picture.arrow((x, plus - 8), (x, plus - 20))
                picture.box(x - 34, plus - 42, 68, 22, "Norm")
            after = plus - 42 if post else plus - 8
            picture.line([(x, after), (x, bottom - 134)])
        picture.arrow((x, 40), (x, 26))
    return picture.done()


def layer_norm() -> str:
    picture = Canvas(
        176, "一批三句、每句四个 token、每个 token 五个分量：Layer Norm 只在一个 token 的分量里求均值与方差"
    )
    _cube(picture, "每个 token 自己一组", lambda sample, token, channel: sample == 1 and token == 2)
    return picture.done()


def batch_norm() -> str:
    picture = Canvas(
        176, "一批三句、每句四个 token、每个 token 五个分量：Batch Norm 在所有样本、所有位置的同一个分量里求均值与方差"
    )
    _cube(picture, "每个分量一组，横跨全部样本与位置", lambda sample, token, channel: channel == 2)
    return picture.done()


def _cube(picture: Canvas, title: str, counts: Callable[[int, int, int], bool]) -> None:
    """Three samples of four tokens with five features each; what is averaged together is filled."""
    picture.text(164, 16, title)
    for sample in range(3):
        x = 12 + 108 * sample
        picture.grid(
            x, 46, 18, [[0.6 if counts(sample, token, channel) else 0.0 for channel in range(5)] for token in range(4)]
        )
        picture.text(x + 45, 38, f"样本 {sample}")
    picture.text(164, 140, "行：token；列：分量")
    picture.text(164, 162, "填色的格子是同一组，一起求均值与方差", size=11)


def swiglu() -> str:
    x = torch.linspace(-4, 4, 81, dtype=torch.float64)
    return lines(
        {"SiLU（SwiGLU 的门）": F.silu(x), "GELU": F.gelu(x), "ReLU": F.relu(x)},
        x=x.tolist(),
        title="三个激活函数",
        xlabel="输入",
        ylabel="输出",
        alt="ReLU 在 0 处折断；SiLU 与 GELU 光滑，负的一侧先略低于 0 再回到 0，SiLU 的凹处更深更宽",
    ).svg


def rms_norm() -> str:
    points = torch.tensor([[2.2, 1.0], [0.5, 0.9], [-0.4, 2.0], [-1.8, -0.6], [0.7, -1.9]])
    picture = Canvas(
        304,
        "二维里的五个点：RMS Norm 把每个点沿原方向拉到半径根号 2 的圆上；"
        "Layer Norm 先减均值，五个点只剩圆与斜线的两个交点，方向的信息少了一维",
    )
    scale, x, y = 52.0, 164.0, 132.0

    def place(point: torch.Tensor) -> tuple[float, float]:
        return x + scale * float(point[0]), y - scale * float(point[1])

    picture.line([(x - 128, y), (x + 128, y)])
    picture.line([(x, y - 124), (x, y + 124)])
    picture.line([(x - 100, y - 100), (x + 100, y + 100)], dashed=True)
    picture.parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{scale * 2**0.5:.1f}" fill="none" stroke="currentColor"/>')
    for point, moved, centred in zip(points, rms_of(points), F.layer_norm(points, (2,)), strict=True):
        across, down = place(point)
        picture.parts.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3.5"/>')
        picture.arrow((across, down), place(moved))
        across, down = place(centred)
        picture.box(across - 5, down - 5, 10, 10, shade=0.3)
    picture.text(x + 6, 16, "第 2 维", "start")
    picture.text(324, y - 6, "第 1 维", "end")
    picture.text(164, 276, "圆点：输入；箭头所指：RMS Norm 之后")
    picture.text(164, 296, "方块：Layer Norm 之后，只剩两处")
    return picture.done()
