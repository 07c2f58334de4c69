"""Progress bars around everything."""
import torch
from torch import nn
from tqdm import tqdm, trange
from tqdm.auto import tqdm as auto
from tqdm.notebook import tqdm as notebook

torch.manual_seed(0)
model, total = nn.Linear(4, 1), 0.0
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
pbar = tqdm(range(5), desc="train", unit="step")
for step in pbar:
    loss = model(torch.randn(8, 4)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    pbar.set_postfix(loss=f"{loss.item():.3f}")
    pbar.set_description(f"step {step}")
with trange(3, leave=False) as t:
    for i in t:
        total += i
for bar in (auto, notebook):
    total += sum(bar([1, 2, 3]))
with tqdm(total=10) as bar:
    for _ in range(2):
        bar.update(5)
tqdm.write("done")
print(total, round(loss.item(), 4))
