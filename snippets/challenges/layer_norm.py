"""把图像的层归一化改成 Group Norm：通道分成 G 个连续的组，每组单独求均值与方差。

Turn layer norm for pictures into group norm: the channels form G contiguous groups, each with a mean and a variance
of its own.
"""

# --8<-- [start:task]
import torch


def group_norm(x, G, eps=1e-5):  # (N, C, H, W)；G 整除 C ‖ (N, C, H, W); G divides C
    mean = x.mean(dim=(1, 2, 3), keepdim=True)  # 现在整张图是一组 ‖ the whole picture is one group
    variance = (x - mean).square().mean(dim=(1, 2, 3), keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


torch.manual_seed(0)
x = torch.randn(2, 6, 4, 4) * torch.tensor([1.0, 1.0, 1.0, 9.0, 9.0, 9.0]).view(1, 6, 1, 1)
print(group_norm(x, G=2).std(dim=(0, 2, 3)))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def group_norm(x, G, eps=1e-5):
    N = x.shape[0]
    groups = x.reshape(N, G, -1)  # 一组连成一行 ‖ a row for each group
    mean = groups.mean(dim=-1, keepdim=True)
    variance = (groups - mean).square().mean(dim=-1, keepdim=True)
    return ((groups - mean) / (variance + eps).sqrt()).reshape(x.shape)


# --8<-- [end:answer]

# --8<-- [start:check]
for N, C, H, W, G in ((2, 6, 4, 4, 2), (1, 4, 2, 3, 4), (3, 6, 1, 2, 3), (2, 4, 3, 3, 1)):
    x = torch.randn(N, C, H, W) * torch.arange(1, C + 1).view(1, C, 1, 1) + 3
    for eps in (1e-5, 0.5):
        y = group_norm(x, G, eps)
        assert tuple(y.shape) == (N, C, H, W), (
            f"形状不该变：({N}, {C}, {H}, {W})，得到 {tuple(y.shape)} ‖ "
            f"the shape should stay ({N}, {C}, {H}, {W}), got {tuple(y.shape)}"
        )
        for n in range(N):
            for g in range(G):
                own = slice(g * C // G, (g + 1) * C // G)
                part = x[n, own]
                expected = (part - part.mean()) / (part.var(unbiased=False) + eps).sqrt()
                same = torch.allclose(y[n, own], expected, atol=1e-4)
                assert same, (
                    f"C={C}, G={G}：样本 {n} 的通道 {own.start} 到 {own.stop - 1} 应当自成一组 ‖ "
                    f"C={C}, G={G}: in sample {n} the channels {own.start} to {own.stop - 1} should be "
                    "a group of their own"
                )
# --8<-- [end:check]
