"""Figures of all kinds, straight from tensors."""
import matplotlib.pyplot as plt
import numpy as np
import torch

plt.style.use("ggplot")
plt.rcParams["figure.figsize"] = (6, 4)
torch.manual_seed(0)
x = torch.linspace(-3, 3, 50)
fig, axes = plt.subplots(2, 2, figsize=(6, 5), sharex=False)
axes[0, 0].plot(x, torch.tanh(x), label="tanh")
axes[0, 0].plot(x.numpy(), x.sigmoid().numpy(), "--", label="sigmoid")
axes[0, 0].legend()
axes[0, 1].hist(torch.randn(500).tolist(), bins=20)
axes[1, 0].imshow(torch.rand(8, 8), cmap="viridis")
axes[1, 1].scatter(torch.randn(30), torch.randn(30), c=torch.rand(30))
for ax in axes.flat:
    ax.set_title("t")
fig.tight_layout()
plt.show()
losses = torch.cumsum(torch.rand(20), 0)
plt.figure()
plt.plot(losses)
plt.semilogy(losses + 1)
plt.bar(range(3), torch.tensor([1.0, 2.0, 3.0]))
plt.fill_between(np.arange(20), losses - 1, losses + 1, alpha=0.2)
plt.xlabel("step"), plt.ylabel("loss")
plt.savefig("loss.png")
plt.close()
plt.matshow(torch.eye(4))
plt.colorbar()
plt.show()
print("ok")
