"""Position m is taken for m L / L': fractions have angles too."""

import torch


def f(x, m, b=10000.0):
    d = x.shape[-1]
    θ = b ** (-torch.arange(0, d, 2) / d)
    cos, sin = (m[:, None] * θ).cos(), (m[:, None] * θ).sin()
    a, c = x.chunk(2, dim=-1)
    return torch.cat([a * cos - c * sin, c * cos + a * sin], dim=-1)


def interpolated(x, m, L, L_new):
    return f(x, m * L / L_new)  # 只此一处不同 ‖ the only difference
