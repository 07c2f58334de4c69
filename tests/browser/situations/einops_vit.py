"""Patches by einops."""
import torch
from einops import einsum, rearrange, reduce, repeat
from einops.layers.torch import Rearrange
from torch import nn

torch.manual_seed(0)
img = torch.randn(2, 3, 8, 8)
patches = rearrange(img, "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", p1=4, p2=4)
embed = nn.Sequential(Rearrange("b c (h p1) (w p2) -> b (h w) (p1 p2 c)", p1=4, p2=4), nn.LayerNorm(48), nn.Linear(48, 16))
cls = repeat(nn.Parameter(torch.randn(1, 1, 16)), "1 1 d -> b 1 d", b=2)
x = torch.cat((cls, embed(img)), dim=1)
q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=4), nn.Linear(16, 48)(x).chunk(3, dim=-1))
attn = einsum(q, k, "b h i d, b h j d -> b h i j").softmax(dim=-1)
out = rearrange(einsum(attn, v, "b h i j, b h j d -> b h i d"), "b h n d -> b n (h d)")
out.sum().backward()
print(patches.shape, out.shape, reduce(out, "b n d -> b", "mean").shape, f"{out.norm().item():.3f}")
