"""把层归一化改成 RMS Norm：不减均值、没有 β，只除以均方根。

Turn layer norm into RMS norm: no mean is taken away, there is no β, only the root of the mean square divides.
"""

# --8<-- [start:task]
import torch


def rms_norm(x, gamma, eps=1e-6):  # (..., D), (D,)
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / (variance + eps).sqrt() * gamma


print(rms_norm(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.ones(4)))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def rms_norm(x, gamma, eps=1e-6):
    mean_square = x.square().mean(dim=-1, keepdim=True)
    return x / (mean_square + eps).sqrt() * gamma  # eps 在根号里面 ‖ eps inside the root


# --8<-- [end:answer]

# --8<-- [start:check]
one = rms_norm(torch.tensor([1.0, 7.0]), torch.tensor([2.0, 10.0]), eps=75.0)
assert torch.allclose(one, torch.tensor([0.2, 7.0]), atol=1e-5), (
    f"x = (1, 7)、γ = (2, 10)、eps = 75 应当得到 (0.2, 7)，得到 {one} ‖ "
    f"x = (1, 7), γ = (2, 10), eps = 75 should give (0.2, 7), got {one}"
)
for shape in ((5,), (3, 8), (2, 3, 4)):
    x, gamma = torch.randn(shape) + 1, torch.randn(shape[-1])
    y = rms_norm(x, gamma)
    assert tuple(y.shape) == shape, (
        f"形状不该变：{shape}，得到 {tuple(y.shape)} ‖ the shape should stay {shape}, got {tuple(y.shape)}"
    )
    root = sum(x[..., j] ** 2 for j in range(shape[-1])) / shape[-1]
    expected = x / (root[..., None] + 1e-6).sqrt() * gamma
    assert torch.allclose(y, expected, atol=1e-4), (
        f"形状 {shape}：应当除以最后一维的均方根（不是长度，也不是标准差） ‖ "
        f"shape {shape}: divide by the root mean square of the last dimension (no length, no standard deviation)"
    )
small = rms_norm(torch.full((4,), 1e-3), torch.ones(4), eps=1e-6)
assert torch.allclose(small, torch.full((4,), 0.5**0.5), atol=1e-4), (
    f"全是 0.001 时应当得到 0.7071（eps 在根号里面），得到 {small} ‖ "
    f"all 0.001 should give 0.7071 (eps is below the root), got {small}"
)
# --8<-- [end:check]
