r"""把 CLIP 的 softmax 损失改成 **SigLIP** 的：每一对图文各自判断是不是一对，互不归一。
设 $z_{ij}=t\,\hat u_i\cdot\hat v_j+b$，对角线上要它大，别处要它小：
$L=-\frac1B\sum_{i,j}\log\sigma(y_{ij}z_{ij})$，对角线上 $y=1$，别处 $y=-1$。

Turn CLIP's softmax loss into **SigLIP**'s: every image and text decide for themselves whether they are a pair.
With $z_{ij}=t\,\hat u_i\cdot\hat v_j+b$, large on the diagonal and small elsewhere:
$L=-\frac1B\sum_{i,j}\log\sigma(y_{ij}z_{ij})$, where $y$ is 1 on the diagonal and $-1$ elsewhere.
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def siglip_loss(u, v, t, b):  # (B, D), (B, D), scalar, scalar -> scalar
    z = t * F.normalize(u, dim=1) @ F.normalize(v, dim=1).T
    own = torch.arange(len(u))
    return (F.cross_entropy(z, own) + F.cross_entropy(z.T, own)) / 2


torch.manual_seed(0)
u, v = torch.randn(2, 4, 8)
print(siglip_loss(u, v, torch.tensor(10.0), torch.tensor(-10.0)))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def siglip_loss(u, v, t, b):  # (B, D), (B, D), scalar, scalar -> scalar
    z = t * F.normalize(u, dim=1) @ F.normalize(v, dim=1).T + b
    y = 2 * torch.eye(len(u)) - 1
    return -F.logsigmoid(y * z).sum() / len(u)


torch.manual_seed(0)
u, v = torch.randn(2, 4, 8)
print(siglip_loss(u, v, torch.tensor(10.0), torch.tensor(-10.0)))
# --8<-- [end:answer]


# --8<-- [start:check]
import math

flat = torch.zeros(3, 2)
flat[:, 0] = 1.0
got = siglip_loss(flat, -flat, torch.tensor(0.0), torch.tensor(0.0)).item()
assert abs(got - 3 * math.log(2)) < 1e-5, (
    f"z 全是 0 时，每一对的损失是 log 2，3×3 对除以 B=3 得 {3 * math.log(2):.4f}，现在是 {got:.4f} ‖ "
    f"with z all 0 each pair has a loss of log 2, 3×3 pairs over B=3 give {3 * math.log(2):.4f}, got {got:.4f}"
)
for seed, B in ((0, 1), (1, 3), (2, 6)):
    torch.manual_seed(seed)
    u, v = torch.randn(2, B, 5)
    for t, b in ((10.0, -10.0), (3.0, 0.5)):
        want = 0.0
        for i in range(B):
            for j in range(B):
                cosine = float(u[i] @ v[j] / u[i].norm() / v[j].norm())
                z = (t * cosine + b) * (1 if i == j else -1)
                want += math.log(1 + math.exp(-z)) / B
        got = siglip_loss(u, v, torch.tensor(t), torch.tensor(b)).item()
        assert abs(got - want) < 1e-3, (
            f"B = {B}、t = {t}、b = {b} 时应当是 {want:.4f}，现在是 {got:.4f} ‖ "
            f"B = {B}, t = {t}, b = {b}: expected {want:.4f}, got {got:.4f}"
        )
        longer = siglip_loss(7 * u, v, torch.tensor(t), torch.tensor(b)).item()
        assert abs(longer - got) < 1e-3, (
            "向量拉长 7 倍，损失不该变：先归一化 ‖ vectors 7 times longer should not change the loss: normalize first"
        )
sure = siglip_loss(torch.eye(2), torch.eye(2), torch.tensor(400.0), torch.tensor(-200.0))
assert torch.isfinite(sure), (
    "z 很大时算出了 inf 或 NaN：用 F.logsigmoid，不要先 sigmoid 再取对数 ‖ "
    "inf or NaN with a large z: use F.logsigmoid, not the log of a sigmoid"
)
wrong = siglip_loss(torch.eye(2), torch.eye(2).flip(0), torch.tensor(400.0), torch.tensor(-200.0))
assert torch.isfinite(wrong), (
    "全错而且很有把握时算出了 inf：用 F.logsigmoid ‖ inf where all is wrong with confidence: use F.logsigmoid"
)
# --8<-- [end:check]
