"""Positions."""

import math

import torch

from browser.plot import heatmap, lines
from pictures.canvas import Canvas
from snippets import sinusoidal_positions as sinusoids
from snippets.alibi import alibi_bias, alibi_slopes
from snippets.ntk_rope import ntk_frequencies
from snippets.position_interpolation import interpolated_angles
from snippets.rope import rope_frequencies


def sinusoidal_positions() -> str:
    vectors = sinusoids.sinusoidal_positions(torch.arange(24), 24)
    return heatmap(
        vectors,
        title="正弦位置编码：24 个位置，24 维",
        xlabel="维",
        ylabel="位置",
        alt="每行是一个位置的向量：左边的维随位置快速起伏，右边的维几乎不变，像一组由快到慢的钟",
    ).svg


def rope() -> str:
    frequencies = rope_frequencies(8)
    picture = Canvas(
        372,
        "四对分量在位置 0 到 4 的方向：第 0 对每步转一弧度，往后每对慢十倍，第 3 对几乎不动；"
        "最下一行把 q 放在 k 之后一步，两者一起转，夹角始终不变，点积只看得见这个夹角",
    )
    for position in range(5):
        picture.text(88 + 54 * position, 16, f"位置 {position}")
    for pair in range(4):
        y = 52 + 62 * pair
        picture.text(30, y - 2, f"第 {pair} 对")
        picture.text(30, y + 14, f"θ = {float(frequencies[pair]):.3g}", size=11)
        for position in range(5):
            x, angle = 88 + 54 * position, float(frequencies[pair]) * position
            picture.parts.append(
                f'<circle cx="{x}" cy="{y}" r="22" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
            )
            picture.arrow((x, y), (x + 22 * math.cos(angle), y - 22 * math.sin(angle)))
    y = 316
    picture.text(30, y - 2, "q、k 同看")
    picture.text(30, y + 14, "第 0 对", size=11)
    for position in range(5):
        x = 88 + 54 * position
        picture.parts.append(
            f'<circle cx="{x}" cy="{y}" r="22" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
        )
        for start, place, dashed in ((0.5, position + 1, False), (0.0, position, True)):
            angle = start + float(frequencies[0]) * place
            picture.arrow((x, y), (x + 22 * math.cos(angle), y - 22 * math.sin(angle)), dashed=dashed)
    picture.text(164, 362, "实线 q 在第 n + 1 位，虚线 k 在第 n 位（n 从 0 到 4）：夹角不变", size=11)
    return picture.done()


def alibi() -> str:
    bias = alibi_bias(alibi_slopes(8), 8)[1] + 0.0  # no -0
    return heatmap(
        bias,
        title="8 个头中第 2 个（斜率 1/4）加在分数上的数",
        xlabel="key 的位置",
        ylabel="query 的位置",
        alt="下三角里离对角线越远偏置越负，每远一格减 0.25；对角线是 0，未来的位置不看",
    ).svg


def position_interpolation() -> str:
    picture = Canvas(
        236, "训练过的位置是 0 到 2048；直接外推到 4096 时后一半没见过；插值把 4096 个位置压进 0 到 2048，间隔减半"
    )

    def axis(y: float, title: str, marks: list[float], end: float) -> None:
        picture.text(14, y - 30, title, "start")
        picture.box(14, y - 20, 150, 20, shade=0.15)
        picture.line([(14, y), (14 + end, y)], bold=True)
        for mark in marks:
            picture.line([(14 + mark, y - 12), (14 + mark, y + 5)], bold=mark > 150)
        picture.text(14, y + 20, "0")
        picture.text(164, y + 20, "2048")
        if end > 150:
            picture.text(314, y + 20, "4096", "end")

    axis(52, "训练：位置 0 到 2047，每 256 个一道", [18.75 * n for n in range(8)], 150)
    axis(130, "外推：粗线的位置没有训练过", [18.75 * n for n in range(16)], 300)
    angles = interpolated_angles(torch.arange(0, 4096, 256), 2, 2.0)[:, 0]  # the first pair's angle is the position
    axis(208, "插值：位置除以 2，都在训练过的范围里，间隔减半", [float(angle) / 2048 * 150 for angle in angles], 150)
    return picture.done()


def ntk_rope() -> str:
    plain = rope_frequencies(128)
    ratio = (ntk_frequencies(128, 4.0) / plain).tolist()
    return lines(
        {"NTK-aware": ratio, "位置插值": [0.25] * 64, "不改": [1.0] * 64},
        title="头宽 128，扩到 4 倍时各对频率乘多少",
        xlabel="第几对，从快到慢",
        ylabel="频率的倍数",
        alt="位置插值把所有频率都乘四分之一；NTK-aware 让最快的一对不变，越慢的压得越多，最慢的一对恰为四分之一",
    ).svg
