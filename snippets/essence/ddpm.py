"""DDPM: add noise in one go, learn to find it, take it away step by step."""

import torch


def loss(model, x0, beta):
    alpha_bar = (1 - beta).cumprod(0)
    t = torch.randint(len(beta), (len(x0),))  # 每个样本随机挑一步 ‖ a random step for each sample
    eps = torch.randn_like(x0)
    a = alpha_bar[t][:, None]
    xt = a.sqrt() * x0 + (1 - a).sqrt() * eps  # 一次到位 ‖ any step in one go
    return (model(xt, t) - eps).square().mean()


def sample(model, shape, beta):
    alpha_bar = (1 - beta).cumprod(0)
    x = torch.randn(shape)  # 从纯噪声开始 ‖ from pure noise
    for t in reversed(range(len(beta))):
        eps = model(x, torch.full((shape[0],), t))
        z = torch.randn(shape)
        # 减去一部分 ‖ take part of it away
        x = (x - beta[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - beta[t]).sqrt()
        if t > 0:  # 最后一步不再补 ‖ the last step adds nothing
            sigma2 = (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t]) * beta[t]
            x = x + sigma2.sqrt() * z
    return x
