"""这里每个张量各自裁剪，梯度的方向因此变了。改成按全体的范数裁剪：所有张量乘同一个倍数。

Here each tensor is clipped for itself, which turns the gradient's direction. Clip by the norm of all: one factor for
all tensors.
"""

# --8<-- [start:task]
import torch


def clip(gradients, c):  # 一列张量 ‖ a list of tensors
    return [g * min(1.0, c / g.norm().item()) for g in gradients]


before = [torch.tensor([3.0, 0.0]), torch.tensor([[0.0, 0.4]])]
print(clip(before, c=1.0))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def clip(gradients, c):
    norm = torch.stack([g.norm() for g in gradients]).norm()  # 全部当成一个长向量 ‖ one long vector
    factor = min(1.0, c / norm.item())
    return [g * factor for g in gradients]


# --8<-- [end:answer]

# --8<-- [start:check]
for sizes, c in (((3.0, 0.4), 1.0), ((0.1, 0.2), 1.0), ((50.0, 20.0, 1.0), 2.5), ((0.8, 0.9), 1.0)):
    gradients = [size * torch.ones(at + 1, 2) / (2 * at + 2) ** 0.5 for at, size in enumerate(sizes)]
    norm = sum(size**2 for size in sizes) ** 0.5
    wanted = min(norm, c)
    result = clip([g.clone() for g in gradients], c)
    found = sum(g.square().sum().item() for g in result) ** 0.5
    assert abs(found - wanted) < 1e-4, (
        f"各张量的范数是 {sizes}，c = {c}：全体的范数应当是 {wanted:.3f}，得到 {found:.3f} ‖ "
        f"norms {sizes}, c = {c}: the norm of all should be {wanted:.3f}, got {found:.3f}"
    )
    for g, clipped in zip(gradients, result, strict=True):
        assert torch.allclose(clipped, g * (wanted / norm), atol=1e-5), (
            f"各张量的范数是 {sizes}：所有张量应当乘同一个倍数 ‖ "
            f"norms {sizes}: all tensors should be multiplied by the same factor"
        )
# --8<-- [end:check]
