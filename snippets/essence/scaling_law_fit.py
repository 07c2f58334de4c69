"""Scaling laws: the loss of N parameters on D tokens, the best size for a budget, and the bottom of a parabola."""

import torch


def loss(N, D, E, A, B, α, β):
    return E + A / N**α + B / D**β  # 下限，加上模型不够大、数据不够多各欠的 ‖ a floor, and what size and data lack


def optimum(C, E, A, B, α, β):  # C = 6 N D
    G = (α * A / (β * B)) ** (1 / (α + β))  # 两项的导数在这里相抵 ‖ where the two terms' slopes cancel
    N = G * (C / 6) ** (β / (α + β))
    return N, C / (6 * N)


def isoflop_optimum(N, L):  # 同一份算力，N 各不相同 ‖ one budget, several sizes
    x = torch.log(N)
    m = x.mean()
    a, b, _ = torch.linalg.lstsq(torch.stack([(x - m) ** 2, x - m, x**0], 1), L[:, None]).solution[:, 0]
    return torch.exp(m - b / (2 * a))  # 抛物线的底 ‖ the bottom of the parabola


def residuals(N, D, L, E, A, B, α, β):  # 拟合时让它们变小 ‖ what a fit makes small
    return torch.log(loss(N, D, E, A, B, α, β)) - torch.log(L)
