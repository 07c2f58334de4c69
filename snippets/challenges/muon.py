r"""`orthogonal` 只把矩阵缩到了长度 1。补上 Newton–Schulz：保留 $G$ 的奇异向量，让每个奇异值都落在 0.6 与 1.3 之间，
高的、矮的矩阵都行，而且不做奇异值分解。

`orthogonal` only shrinks the matrix to length 1. Add the iteration of Newton and Schulz: keep the singular vectors of
$G$ and bring each singular value between 0.6 and 1.3, for tall and for wide matrices, without a decomposition.
"""

# --8<-- [start:task]
import torch

a, b, c = 3.4445, -4.7750, 2.0315


def orthogonal(G, steps=5):  # G (A, B) -> (A, B)
    X = G / (G.norm() + 1e-7)
    return X


torch.manual_seed(0)
G = torch.randn(4, 6)
print(torch.linalg.svdvals(G))
print(torch.linalg.svdvals(orthogonal(G)))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch

a, b, c = 3.4445, -4.7750, 2.0315


def orthogonal(G, steps=5):  # G (A, B) -> (A, B)
    X = G / (G.norm() + 1e-7)
    for _ in range(steps):
        S = X @ X.T
        X = a * X + (b * S + c * S @ S) @ X
    return X


torch.manual_seed(0)
G = torch.randn(4, 6)
print(torch.linalg.svdvals(G))
print(torch.linalg.svdvals(orthogonal(G)))
# --8<-- [end:answer]

# --8<-- [start:check]
for shape in ((4, 6), (6, 4), (5, 5)):
    torch.manual_seed(1)
    U = torch.linalg.qr(torch.randn(shape[0], shape[0]))[0]
    V = torch.linalg.qr(torch.randn(shape[1], shape[1]))[0]
    n = min(shape)
    sizes = torch.tensor([5.0, 2.0, 1.0, 0.2, 0.1])[:n]
    for factor in (1.0, 1e-3, 1e3):
        found = orthogonal(factor * (U[:, :n] * sizes) @ V[:n])
        assert found.shape == shape, (
            f"形状应当不变，{shape} 变成了 {tuple(found.shape)} ‖ {shape} became {tuple(found.shape)}"
        )
        inside = U[:, :n].T @ found @ V[:n].T  # 在 G 自己的奇异向量里看 ‖ as the singular vectors of G see it
        values = inside.diagonal()
        assert not torch.isnan(found).any(), "出现了 NaN：先缩到长度 1，再迭代 ‖ NaN: shrink to length 1 first"
        assert (inside - torch.diag(values)).abs().max() < 1e-3, (
            "奇异向量变了：每一步只能是 X 与 (X Xᵀ) 的多项式相乘 ‖ "
            "the singular vectors changed: a step is a polynomial in X Xᵀ, times X"
        )
        assert 0.6 < values.min() and values.max() < 1.3, (
            f"奇异值应当在 0.6 与 1.3 之间，现在从 {values.min():.2f} 到 {values.max():.2f} ‖ "
            f"singular values run from {values.min():.2f} to {values.max():.2f}, and should be between 0.6 and 1.3"
        )
# --8<-- [end:check]
