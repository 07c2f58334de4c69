"""Checkpoints in every form."""
import os
import pickle
import tempfile

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=10)
model(torch.randn(5, 4)).sum().backward()
opt.step(), sched.step()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "ckpt.pth")
    torch.save({"epoch": 3, "model": model.state_dict(), "opt": opt.state_dict(), "sched": sched.state_dict(), "best": 0.5}, path)
    checkpoint = torch.load(path, map_location="cpu", weights_only=False)
    print(sorted(checkpoint), os.path.exists(path))
    model.load_state_dict(checkpoint["model"])
    opt.load_state_dict(checkpoint["opt"])
    print(model.load_state_dict({k: v for k, v in checkpoint["model"].items() if "running" not in k}, strict=False))
    np.save(os.path.join(folder, "a.npy"), model[0].weight.detach().numpy())
    print(np.load(os.path.join(folder, "a.npy")).shape)
    with open(os.path.join(folder, "p.pkl"), "wb") as f:
        pickle.dump({"t": torch.arange(3)}, f)
    with open(os.path.join(folder, "p.pkl"), "rb") as f:
        print(pickle.load(f))
print(opt.state_dict()["param_groups"][0]["lr"], sched.last_epoch, list(opt.state_dict()["state"][0]))
