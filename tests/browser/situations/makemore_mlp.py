"""Names, letter by letter: an embedding, a hidden layer, batch normalisation by hand, a learning rate that falls."""
import random

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

words = open("names.txt", "r").read().splitlines()
print(len(words), max(len(w) for w in words))
chars = sorted(list(set("".join(words))))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab_size, block_size = len(itos), 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    X = torch.tensor(X)
    Y = torch.tensor(Y)
    print(X.shape, Y.shape)
    return X, Y


random.seed(42)
random.shuffle(words)
n1 = int(0.8 * len(words))
Xtr, Ytr = build_dataset(words[:n1])
Xdev, Ydev = build_dataset(words[n1:])

g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab_size, 10), generator=g)
W1 = torch.randn((10 * block_size, 50), generator=g) * (5 / 3) / ((10 * block_size) ** 0.5)
W2 = torch.randn((50, vocab_size), generator=g) * 0.01
b2 = torch.randn(vocab_size, generator=g) * 0
bngain, bnbias = torch.ones((1, 50)), torch.zeros((1, 50))
bnmean_running, bnstd_running = torch.zeros((1, 50)), torch.ones((1, 50))
parameters = [C, W1, W2, b2, bngain, bnbias]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True

lossi, stepi, ud = [], [], []
for i in range(60):
    ix = torch.randint(0, Xtr.shape[0], (32,), generator=g)
    Xb, Yb = Xtr[ix], Ytr[ix]
    emb = C[Xb]
    hpreact = emb.view(emb.shape[0], -1) @ W1
    bnmeani, bnstdi = hpreact.mean(0, keepdim=True), hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.999 * bnmean_running + 0.001 * bnmeani
        bnstd_running = 0.999 * bnstd_running + 0.001 * bnstdi
    h = torch.tanh(hpreact)
    loss = F.cross_entropy(h @ W2 + b2, Yb)
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 40 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    stepi.append(i)
    lossi.append(loss.log10().item())
    with torch.no_grad():
        ud.append([((lr * p.grad).std() / p.data.std()).log10().item() for p in parameters[:2]])
print(f"{loss.item():.4f}")
plt.plot(stepi, lossi)
plt.plot(torch.tensor(lossi).view(-1, 10).mean(1))
plt.show()


@torch.no_grad()
def split_loss(split):
    x, y = {"train": (Xtr, Ytr), "val": (Xdev, Ydev)}[split]
    h = torch.tanh(bngain * (C[x].view(x.shape[0], -1) @ W1 - bnmean_running) / bnstd_running + bnbias)
    print(split, round(F.cross_entropy(h @ W2 + b2, y).item(), 3))


split_loss("train")
split_loss("val")
for _ in range(3):
    out, context = [], [0] * block_size
    while len(out) < 12:
        h = torch.tanh(bngain * (C[torch.tensor([context])].view(1, -1) @ W1 - bnmean_running) / bnstd_running + bnbias)
        ix = torch.multinomial(F.softmax(h @ W2 + b2, dim=1), num_samples=1, generator=g).item()
        context = context[1:] + [ix]
        out.append(ix)
        if ix == 0:
            break
    print("".join(itos[i] for i in out))
