"""手写交叉熵，不用现成的函数：logits 有 ±1000 时也要有限，标签是 -100 的位置不计，其余取平均。

Write cross-entropy by hand, without F.cross_entropy and log_softmax: finite also for logits of ±1000, positions whose
label is -100 do not count, the mean is over the others.
"""

# --8<-- [start:task]
import torch


def cross_entropy(logits, labels):  # logits: (N, V), labels: (N,)
    p = logits.exp() / logits.exp().sum(dim=-1, keepdim=True)
    return -p[torch.arange(len(labels)), labels].log().mean()


print(cross_entropy(torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([1])))
print(cross_entropy(torch.tensor([[1000.0, 0.0, 0.0]]), torch.tensor([1])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def cross_entropy(logits, labels):
    counts = labels != -100
    z, y = logits[counts], labels[counts]  # 不计的行先拿掉 ‖ first without the rows that do not count
    m = z.amax(dim=-1, keepdim=True)  # 每行自己的最大值 ‖ each row's own largest
    lse = (z - m).exp().sum(dim=-1).log() + m.squeeze(-1)
    true = z.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    return (lse - true).mean()  # 不先算 p，就不会对 0 取对数 ‖ no p on the way, so no logarithm of 0


# --8<-- [end:answer]

# --8<-- [start:check]
import math

one = cross_entropy(torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([1])).item()
assert abs(one - 1.407606) < 1e-4, (
    f"logits (2, 1, 0)、标签 1 的损失应当是 1.4076，得到 {one:.4f} ‖ "
    f"logits (2, 1, 0) with label 1 should give 1.4076, got {one:.4f}"
)
two = cross_entropy(torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([1, 2])).item()
assert abs(two - (1.407606 + math.log(3)) / 2) < 1e-4, (
    f"两个位置要取平均，应当是 1.2531，得到 {two:.4f} ‖ two positions are averaged: expected 1.2531, got {two:.4f}"
)
for high, low in ((1000.0, 0.0), (0.0, -1000.0), (1000.0, -1000.0)):
    loss = cross_entropy(torch.tensor([[high, low, low]]), torch.tensor([1])).item()
    assert abs(loss - (high - low)) < 1e-2, (
        f"logits ({high:.0f}, {low:.0f}, {low:.0f})、标签 1 应当是 {high - low:.0f}，得到 {loss} ‖ "
        f"logits ({high:.0f}, {low:.0f}, {low:.0f}) with label 1 should give {high - low:.0f}, got {loss}"
    )
mixed = cross_entropy(torch.tensor([[1000.0, 0.0], [-1000.0, -1000.0]]), torch.tensor([0, 1])).item()
assert abs(mixed - math.log(2) / 2) < 1e-4, (
    f"一行很大、一行很小时应当是 0.3466，得到 {mixed}：最大值要逐行取 ‖ "
    f"one large row and one small one should give 0.3466, got {mixed}: take the maximum row by row"
)
logits, labels = torch.randn(6, 5), torch.tensor([1, -100, 4, 0, -100, 2])
kept = cross_entropy(logits[[0, 2, 3, 5]], labels[[0, 2, 3, 5]]).item()
some = cross_entropy(logits, labels).item()
assert abs(some - kept) < 1e-4, (
    f"标签是 -100 的位置不该计入：应当是 {kept:.4f}，得到 {some:.4f} ‖ "
    f"positions with label -100 should not count: expected {kept:.4f}, got {some:.4f}"
)
# --8<-- [end:check]
