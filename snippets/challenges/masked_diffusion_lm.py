r"""`nll` 照 BERT 的办法，把被遮住的位置的损失取平均。改成 −log p 的上界：恰好遮住 `n` 个时，把这 `n` 个的损失
加起来，乘以 $L/n$，再对 `n` 从 1 到 `L`、对每一种遮法取平均（这里把它们全列出来，不抽样）。对 `model` 这样真的
知道分布的模型，结果应当恰是 −log p。

`nll` averages the loss over what is masked, as BERT does. Make it the bound of -log p: where exactly `n` are masked,
the sum of their losses times $L/n$, and the mean of that over `n` from 1 to `L` and over all ways to mask `n` (all of
them are listed here, none is drawn). For a model that knows its distribution, as `model` does, this is -log p itself.
"""

# --8<-- [start:task]
from itertools import combinations

import torch


def nll(model, x, M):  # x: (L,) -> a number
    L, losses = len(x), []
    for n in range(1, L + 1):
        for hidden in map(list, combinations(range(L), n)):
            noisy = x.index_fill(0, torch.tensor(hidden), M)
            loss = -model(noisy).log_softmax(-1)[hidden, x[hidden]]  # (n,)
            losses.append(loss.mean())
    return torch.stack(losses).mean()


def model(x):  # three coins that show the same: 000 with 0.7, 111 with 0.3; 2 is the mask
    seen = x[x != 2]
    heads = 0.3 if len(seen) == 0 else float(seen[0])
    return torch.tensor([[1 - heads, heads, 0.0]]).log().expand(len(x), 3)


print(nll(model, torch.tensor([1, 1, 1]), 2).item(), "should be", -torch.tensor(0.3).log().item())
# --8<-- [end:task]


# --8<-- [start:answer]
from itertools import combinations

import torch


def nll(model, x, M):  # x: (L,) -> a number
    L, means = len(x), []
    for n in range(1, L + 1):
        losses = []
        for hidden in map(list, combinations(range(L), n)):
            noisy = x.index_fill(0, torch.tensor(hidden), M)
            loss = -model(noisy).log_softmax(-1)[hidden, x[hidden]]  # (n,)
            losses.append(loss.sum() * L / n)
        means.append(torch.stack(losses).mean())
    return torch.stack(means).mean()


def model(x):  # three coins that show the same: 000 with 0.7, 111 with 0.3; 2 is the mask
    seen = x[x != 2]
    heads = 0.3 if len(seen) == 0 else float(seen[0])
    return torch.tensor([[1 - heads, heads, 0.0]]).log().expand(len(x), 3)


print(nll(model, torch.tensor([1, 1, 1]), 2).item(), "should be", -torch.tensor(0.3).log().item())
# --8<-- [end:answer]


# --8<-- [start:check]
from itertools import permutations

for text, p in ((torch.tensor([1, 1, 1]), 0.3), (torch.tensor([0, 0, 0, 0]), 0.7), (torch.tensor([1]), 0.3)):
    found, expected = float(nll(model, text, 2)), -torch.tensor(p).log().item()
    assert abs(found - expected) < 1e-4, (
        f"{text.tolist()} 的 −log p 是 {expected:.3f}，现在是 {found:.3f} ‖ "
        f"-log p of {text.tolist()} is {expected:.3f}, got {found:.3f}"
    )


def wild(x):
    """Guesses that do not fit together."""
    many = torch.outer(torch.arange(1.0, len(x) + 1), torch.arange(1.0, 4))
    return torch.sin(many * (1 + x.sum()) + x[:, None])


for text in (torch.tensor([0, 1, 1, 0]), torch.tensor([1, 0, 1])):
    total = []
    for order in permutations(range(len(text))):
        x, value = torch.full_like(text, 2), 0.0
        for at in order:
            value -= wild(x)[at].log_softmax(-1)[text[at]].item()
            x[at] = text[at]
        total.append(value)
    found, expected = float(nll(wild, text, 2)), sum(total) / len(total)
    assert abs(found - expected) < 1e-4, (
        f"应当等于所有书写顺序的平均 {expected:.3f}，现在是 {found:.3f}：各个 n 要一样重，不是各种遮法一样重 ‖ "
        f"it should be the mean over all orders of writing, {expected:.3f}, not {found:.3f}: each n counts the same, "
        "not each way to mask"
    )
# --8<-- [end:check]
