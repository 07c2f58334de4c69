"""Mamba's selective scan: a linear recurrence whose coefficients the token chooses, step by step or in log L rounds."""

import torch
from torch import Tensor


def step(h: Tensor, u: Tensor, Δ: Tensor, A: Tensor, B: Tensor, C: Tensor) -> tuple[Tensor, Tensor]:
    Ā = torch.exp(Δ[:, None] * A)  # (d, n)，步子长就忘得多 ‖ a long step forgets much
    h = Ā * h + Δ[:, None] * B * u[:, None]  # 也写得多；Δ≈0 就当没看见 ‖ and writes much; Δ≈0 passes it by
    return h @ C, h  # y: (d,)


def scan(a: Tensor, x: Tensor) -> Tensor:  # h_t = a_t h_{t-1} + x_t，全部一起算 ‖ all of them together
    s = 1
    while s < len(x):  # 两步合成一步：(a, x)、(a', x') → (a'a, a'x + x') ‖ two steps are one step
        x = torch.cat([x[:s], a[s:] * x[:-s] + x[s:]])
        a = torch.cat([a[:s], a[s:] * a[:-s]])
        s *= 2
    return x
