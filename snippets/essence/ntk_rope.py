"""Four ways to slow the pairs of RoPE down for a window s times as long."""

import math

import torch


def plain(d, b=10000.0):
    return b ** (-torch.arange(0, d, 2) / d)


def interpolated(d, s):
    return plain(d) / s  # 所有的对一样慢 ‖ all pairs alike


def ntk(d, s):
    return plain(d, 10000.0 * s ** (d / (d - 2)))  # 最快的不变，最慢的除以 s ‖ fastest unchanged, slowest by s


def dynamic_ntk(d, L, length):
    return ntk(d, max(length / L, 1.0))  # L 以内什么也不改 ‖ nothing changes within L


def yarn(d, s, L):
    # 在 L 之内转 32 圈、1 圈的是第几对 ‖ which pairs turn 32 times and once within L
    fast, slow = (d / 2 * math.log(L / (2 * math.pi * turns), 10000.0) for turns in (32, 1))
    low, high = math.floor(fast), math.ceil(slow)
    ramp = ((torch.arange(d // 2) - low) / (high - low)).clamp(0, 1)  # 0 不动，1 插值 ‖ 0 stays, 1 slows
    return plain(d) * (1 - ramp) + plain(d) / s * ramp
