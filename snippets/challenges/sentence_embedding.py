r"""批内负例往往太容易。给对比损失加上**难负例**：每个锚点 $i$ 另有一个相近而不对的 $e_i^-$，
全部 $B$ 个难负例都进入每个锚点的分母：
$-\log\frac{\exp(\cos(e_i,e_i^+)/\tau)}{\sum_j\exp(\cos(e_i,e_j^+)/\tau)+\sum_j\exp(\cos(e_i,e_j^-)/\tau)}$，
再对 $i$ 平均。

The negatives of a batch are mostly easy. Add **hard negatives** to the contrastive loss: each anchor $i$ has an
$e_i^-$, close and yet wrong, and all $B$ of them enter every anchor's denominator. Take the mean over $i$.
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def loss(anchors, positives, hard, tau):  # (B, C) three times, a number -> scalar
    scores = F.normalize(anchors, dim=1) @ F.normalize(positives, dim=1).T / tau
    return F.cross_entropy(scores, torch.arange(len(anchors)))


torch.manual_seed(0)
anchors = torch.randn(4, 8)
print(loss(anchors, anchors + 0.1 * torch.randn(4, 8), anchors + 0.5 * torch.randn(4, 8), tau=0.05))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def loss(anchors, positives, hard, tau):  # (B, C) three times, a number -> scalar
    others = F.normalize(torch.cat([positives, hard]), dim=1)  # (2 B, C)
    scores = F.normalize(anchors, dim=1) @ others.T / tau
    return F.cross_entropy(scores, torch.arange(len(anchors)))


torch.manual_seed(0)
anchors = torch.randn(4, 8)
print(loss(anchors, anchors + 0.1 * torch.randn(4, 8), anchors + 0.5 * torch.randn(4, 8), tau=0.05))
# --8<-- [end:answer]


# --8<-- [start:check]
import math

same = torch.ones(3, 4)
got = loss(same, same, same, 0.1).item()
assert abs(got - math.log(3)) > 1e-4, (
    "损失是 log 3：难负例还没有进入分母 ‖ a loss of log 3: the hard negatives are not in the denominator"
)
assert abs(got - math.log(4)) > 1e-4, (
    "每个锚点只多了自己的那一个难负例：要的是全部 B 个 ‖ each anchor has its own hard negative alone: take all B"
)
assert abs(got - math.log(6)) < 1e-4, (
    f"3 个正例、3 个难负例全都一样近时，损失是 log 6 = {math.log(6):.4f}，现在是 {got:.4f} ‖ "
    f"3 positives and 3 hard negatives all alike: log 6 = {math.log(6):.4f}, got {got:.4f}"
)
for seed in range(8):
    torch.manual_seed(seed)
    anchors, positives, hard = torch.randn(3, 5, 6)
    for tau in (0.05, 1.0):
        want = 0.0
        for i in range(5):
            near = [float(anchors[i] @ e / anchors[i].norm() / e.norm()) for e in (*positives, *hard)]
            below = [cosine / tau for cosine in near]
            top = max(below)
            total = top + math.log(sum(math.exp(value - top) for value in below))
            want += (total - below[i]) / 5
        got = loss(anchors, positives, hard, tau).item()
        assert abs(got - want) < 1e-3, (
            f"tau = {tau} 时应当是 {want:.4f}，现在是 {got:.4f}；向量都归一化了吗？ ‖ "
            f"tau = {tau}: expected {want:.4f}, got {got:.4f}; are the vectors normalized?"
        )
# --8<-- [end:check]
