"""图像没有「第几个」，只有第几行、第几列。改写 positions：前一半宽度给行，后一半给列，各是一份正弦编码。

A picture has no “which one”, only a row and a column. Rewrite positions: the first half of the width for the row, the
second for the column, each a sinusoidal encoding.
"""

# --8<-- [start:task]
import torch

from snippets.sinusoidal_positions import sinusoidal_positions


def positions(h, w, d):  # h 行 w 列，逐行排开；(h * w, d) ‖ h rows, w columns, row by row; (h * w, d)
    return sinusoidal_positions(torch.arange(h * w), d)


print(positions(2, 3, 8).shape)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch

from snippets.sinusoidal_positions import sinusoidal_positions


def positions(h, w, d):
    at = torch.arange(h * w)
    row = sinusoidal_positions(at // w, d // 2)  # 宽度、频率都按一半算 ‖ half the width
    column = sinusoidal_positions(at % w, d // 2)
    return torch.cat([row, column], dim=-1)


# --8<-- [end:answer]

# --8<-- [start:check]
for h, w, d in ((2, 3, 8), (4, 2, 4), (1, 5, 12), (3, 3, 16)):
    result = positions(h, w, d)
    assert tuple(result.shape) == (h * w, d), (
        f"形状应当是 ({h * w}, {d})，得到 {tuple(result.shape)} ‖ "
        f"the shape should be ({h * w}, {d}), got {tuple(result.shape)}"
    )
    for row in range(h):
        for column in range(w):
            own = result[row * w + column]
            r, c = sinusoidal_positions(torch.tensor([row, column]), d // 2)
            where = f"{h} 行 {w} 列：第 {row} 行第 {column} 列"
            assert torch.allclose(own[: d // 2], r, atol=1e-5), (
                f"{where}的前一半应当是第 {row} 行的编码，宽 {d // 2} ‖ "
                f"the first half should encode row {row}, with a width of {d // 2}"
            )
            assert torch.allclose(own[d // 2 :], c, atol=1e-5), (
                f"{where}的后一半应当是第 {column} 列的编码，宽 {d // 2} ‖ "
                f"the second half should encode column {column}, with a width of {d // 2}"
            )
# --8<-- [end:check]
