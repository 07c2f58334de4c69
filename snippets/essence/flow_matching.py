"""Flow matching: the direction of straight lines from noise to data, learned, then followed."""

import torch


def loss(v, x1):
    x0 = torch.randn_like(x1)  # 噪声 ‖ noise
    t = torch.rand(len(x1), 1)  # 直线上随便站一处 ‖ anywhere on the line
    xt = (1 - t) * x0 + t * x1
    return (v(xt, t) - (x1 - x0)).square().mean()  # 该往哪走 ‖ which way to go


def sample(v, x, S):  # x：噪声 ‖ x: noise
    for k in range(S):
        t = torch.full((len(x), 1), k / S)
        x = x + v(x, t) / S  # 顺着走一小步 ‖ a small step along it
    return x


def shift(t, s):  # 大图要在噪声多的一段走细一点 ‖ large images need finer steps where there is much noise
    σ = 1 - t  # diffusers 的 sigma ‖ diffusers' sigma
    return 1 - s * σ / (1 + (s - 1) * σ)
