r"""`delta` 应当算出合并时加到权重上的增量 $\frac{\alpha}{r}BA$，但它的形状不对，缩放也漏了。
把它改对，使合并后的输出等于原层加旁路。

`delta` should give what merging adds to the weight, $\frac{\alpha}{r}BA$, but its shape is wrong and the scale is
missing. Mend it, so that the merged layer gives what the layer and its bypass gave.
"""

# --8<-- [start:task]
import torch


def delta(A, B, alpha):
    return A.T @ B.T  # 改这一行 ‖ change this line


torch.manual_seed(0)
A, B = torch.randn(2, 6), torch.randn(4, 2)  # (r, in), (out, r)
print(delta(A, B, 8.0).shape)
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def delta(A, B, alpha):
    r = A.shape[0]
    return alpha / r * B @ A


torch.manual_seed(0)
A, B = torch.randn(2, 6), torch.randn(4, 2)  # (r, in), (out, r)
print(delta(A, B, 8.0).shape)
# --8<-- [end:answer]


# --8<-- [start:check]
for r, alpha in ((2, 8.0), (3, 1.5)):
    W, A, B, x = torch.randn(4, 6), torch.randn(r, 6), torch.randn(4, r), torch.randn(5, 6)
    update = delta(A, B, alpha)
    assert update.shape == (4, 6), (
        f"增量要和权重一样是 (out, in) = (4, 6)，现在是 {tuple(update.shape)} ‖ "
        f"the update should have the weight's shape (out, in) = (4, 6), got {tuple(update.shape)}"
    )
    bypass = alpha / r * (x @ A.T @ B.T)
    same = torch.allclose(x @ (W + update).T, x @ W.T + bypass, atol=1e-4)
    assert same, (
        f"形状对了，但 r={r}、alpha={alpha} 时合并后的输出与旁路不同：缩放是 alpha / r 吗？ ‖ "
        f"the shape is right, but with r={r}, alpha={alpha} merging differs from the side path: is the scale alpha / r?"
    )
# --8<-- [end:check]
