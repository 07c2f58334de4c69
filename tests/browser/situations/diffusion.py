"""DDPM on points of the plane, with an average of the weights."""
import copy
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def cosine_beta_schedule(timesteps, s=0.008):
    x = torch.linspace(0, timesteps, timesteps + 1)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    return torch.clip(1 - (alphas_cumprod[1:] / alphas_cumprod[:-1]), 0.0001, 0.9999)


def extract(a, t, x_shape):
    return a.gather(-1, t.cpu()).reshape(t.shape[0], *((1,) * (len(x_shape) - 1))).to(t.device)


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        emb = torch.exp(torch.arange(half, device=time.device) * -(math.log(10000) / (half - 1)))
        emb = time[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class Denoiser(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.time = nn.Sequential(SinusoidalPositionEmbeddings(16), nn.Linear(16, width), nn.SiLU())
        self.inp, self.mid, self.out = nn.Linear(2, width), nn.Linear(width, width), nn.Linear(width, 2)

    def forward(self, x, t):
        h = F.silu(self.inp(x) + self.time(t))
        return self.out(F.silu(self.mid(h)) + h)


T = 50
betas = cosine_beta_schedule(T)
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, axis=0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
torch.manual_seed(0)
np.random.seed(0)
angle = np.random.uniform(1.5 * np.pi, 4.5 * np.pi, 256)
data = torch.tensor(np.stack([angle * np.cos(angle), angle * np.sin(angle)], 1) / 10, dtype=torch.float32)
model = Denoiser()
ema = copy.deepcopy(model).requires_grad_(False)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(20):
    x0 = data[torch.randperm(len(data))[:64]]
    t = torch.randint(0, T, (64,)).long()
    noise = torch.randn_like(x0)
    xt = extract(alphas_cumprod.sqrt(), t, x0.shape) * x0 + extract((1 - alphas_cumprod).sqrt(), t, x0.shape) * noise
    loss = F.smooth_l1_loss(noise, model(xt, t))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for p, q in zip(ema.parameters(), model.parameters()):
        p.lerp_(q, 0.1)


@torch.inference_mode()
def p_sample(x, t_index):
    t = torch.full((len(x),), t_index, dtype=torch.long)
    mean = (x - extract(betas, t, x.shape) * ema(x, t) / extract((1 - alphas_cumprod).sqrt(), t, x.shape)) / extract(alphas.sqrt(), t, x.shape)
    return mean if t_index == 0 else mean + extract(posterior_variance, t, x.shape).sqrt() * torch.randn_like(x)


x = torch.randn(16, 2)
for i in reversed(range(T)):
    x = p_sample(x, i)
print(f"{loss.item():.4f}", x.shape, f"{x.std():.3f}")
