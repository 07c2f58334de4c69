r"""`patchify` 直接把图像按内存顺序切成等长的几段，得到的是一条条横线，不是方块。改成 $p\times p$ 的方块：
从左上角起按行排，每块里先通道、再行、再列。长宽不等的图也要对。

`patchify` cuts the image in the order of memory, which gives stripes and no squares. Cut squares of $p\times p$, row by
row from the top left, in each first channels, then rows, then columns. Images that are not square must be right, too.
"""

# --8<-- [start:task]
import torch


def patchify(x, p):  # (B, K, H, W) -> (B, N, K p p)
    B, K, H, W = x.shape
    return x.reshape(B, (H // p) * (W // p), K * p * p)


x = torch.arange(16).view(1, 1, 4, 4)
print(x[0, 0])
print(patchify(x, 2)[0])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def patchify(x, p):  # (B, K, H, W) -> (B, N, K p p)
    B, K, H, W = x.shape
    return x.reshape(B, K, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5).reshape(B, -1, K * p * p)


x = torch.arange(16).view(1, 1, 4, 4)
print(x[0, 0])
print(patchify(x, 2)[0])
# --8<-- [end:answer]

# --8<-- [start:check]
for B, K, H, W, p in ((1, 1, 4, 4, 2), (2, 3, 4, 6, 2), (2, 2, 9, 3, 3)):
    x = torch.arange(B * K * H * W).view(B, K, H, W)
    found = patchify(x, p)
    shape = (B, H // p * (W // p), K * p * p)
    assert found.shape == shape, (
        f"{tuple(x.shape)} 切成 {p} × {p} 的块，形状应当是 {shape}，现在是 {tuple(found.shape)} ‖ "
        f"{tuple(x.shape)} in squares of {p} should be of shape {shape}, not {tuple(found.shape)}"
    )
    n = 0
    for top in range(0, H, p):
        for left in range(0, W, p):
            expected = x[:, :, top : top + p, left : left + p].flatten(1)
            assert torch.equal(found[:, n], expected), (
                f"图像 {tuple(x.shape)} 的第 {n} 块应当是左上角在 ({top}, {left}) 的方块 {expected[0].tolist()}，"
                f"现在是 {found[0, n].tolist()} ‖ square {n} of {tuple(x.shape)} begins at ({top}, {left}) and is "
                f"{expected[0].tolist()}, not {found[0, n].tolist()}"
            )
            n += 1
# --8<-- [end:check]
