"""Code that was written for a GPU and asks whether there is one."""
import contextlib

import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast

device = (
    torch.accelerator.current_accelerator().type
    if torch.accelerator.is_available()
    else "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
)
print(f"Using {device} device", torch.cuda.device_count())
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
torch.set_float32_matmul_precision("high")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)).to(device)
model = torch.compile(model)
if torch.cuda.device_count() > 1:
    model = nn.DataParallel(model)
scaler = GradScaler("cuda", enabled=(device == "cuda"))
ctx = contextlib.nullcontext() if device == "cpu" else autocast(device_type=device, dtype=torch.float16)
opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
x, y = torch.randn(8, 4).to(device, non_blocking=True), torch.randint(2, (8,), device=device)
for _ in range(3):
    with ctx:
        loss = nn.functional.cross_entropy(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    scaler.step(opt)
    scaler.update()
    opt.zero_grad(set_to_none=True)
print(f"{loss.detach().cpu().numpy():.4f}", x.is_cuda, next(model.parameters()).device)
if device == "cuda":
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
