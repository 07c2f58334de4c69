"""Warm-up, then half a cosine; and one factor for a gradient that is too long."""

import math


def η(n, η_max, W, N, r):
    if n < W:
        return η_max * n / W  # 预热：直线上升 ‖ warm-up: a straight line
    x = (n - W) / (N - W)  # 余弦走完了几成 ‖ how much of the cosine is done
    return η_max * (r + (1 - r) * (1 + math.cos(math.pi * x)) / 2)


def clip(g, c):
    norm = sum((part**2).sum() for part in g) ** 0.5  # 全部参数合成一个长向量 ‖ all parameters as one long vector
    factor = min(1.0, c / norm.item())  # 太长才缩 ‖ only what is too long is shortened
    return [part * factor for part in g]  # 同一个倍数，方向不变 ‖ one factor: the direction stays
