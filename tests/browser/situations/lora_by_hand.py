"""Layers of a model replaced by others while it is walked, some frozen, the change merged at the end."""
import math
import re

import torch
import torch.nn as nn


class LoRALayer(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8, **kwargs):
        super().__init__()
        self.base, self.scaling = base, alpha / r
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        for p in self.base.parameters():
            p.requires_grad = False

    def forward(self, x):
        return self.base(x) + (x @ self.A.T @ self.B.T) * self.scaling

    @torch.no_grad()
    def merge(self):
        self.base.weight += self.B @ self.A * self.scaling
        return self.base

    def extra_repr(self):
        return f"r={self.A.shape[0]}, scaling={self.scaling}"


def replace(model, pattern):
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and re.fullmatch(pattern, name):
            *path, last = name.split(".")
            setattr(model.get_submodule(".".join(path)), last, LoRALayer(module))


torch.manual_seed(0)
model = nn.ModuleDict({"q": nn.Linear(8, 8), "mlp": nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))})
replace(model, r"q|mlp\.2")
print(model)
trainable, everything = (sum(p.numel() for p in model.parameters() if keep(p)) for keep in (lambda p: p.requires_grad, lambda p: True))
print(f"trainable params: {trainable:,} || all params: {everything:,} || trainable%: {100 * trainable / everything:.4f}")
opt = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)
x = torch.randn(4, 8)
for _ in range(3):
    loss = (model["mlp"](model["q"](x)) - x).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
before = model["q"](x)
after = model["q"].merge()(x)
print(f"{loss.item():.4f}", torch.allclose(before, after, atol=1e-6), sorted(k for k in model.state_dict() if "A" in k or "B" in k))
