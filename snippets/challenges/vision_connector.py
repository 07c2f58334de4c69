r"""`pixel_shuffle` 把编号相邻的 $s^2$ 个块拼在一起，那是同一行里的一条，不是一个方块。改成 $s\times s$ 的方块：
块按行排，方块里先行后列。

`pixel_shuffle` joins $s^2$ patches of neighbouring numbers, which lie in one row. Join those of a square of
$s \times s$: squares row by row, and in each its rows, then its columns.
"""

# --8<-- [start:task]
import torch


def pixel_shuffle(v, s):  # (M, N, V) -> (M, N / s², V s²), N a square number
    M, N, V = v.shape
    return v.reshape(M, N // s**2, V * s**2)


v = torch.arange(16).view(1, 16, 1)
print(v.view(4, 4))
print(pixel_shuffle(v, 2)[0])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def pixel_shuffle(v, s):  # (M, N, V) -> (M, N / s², V s²), N a square number
    M, N, V = v.shape
    side = round(N**0.5)
    return v.view(M, side // s, s, side // s, s, V).transpose(2, 3).reshape(M, N // s**2, V * s**2)


v = torch.arange(16).view(1, 16, 1)
print(v.view(4, 4))
print(pixel_shuffle(v, 2)[0])
# --8<-- [end:answer]

# --8<-- [start:check]
for M, side, V, s in ((1, 4, 1, 2), (2, 6, 3, 2), (1, 6, 2, 3)):
    v = torch.arange(M * side * side * V).view(M, side * side, V)
    found = pixel_shuffle(v, s)
    shape = (M, side * side // s**2, V * s * s)
    assert found.shape == shape, (
        f"{tuple(v.shape)}，s = {s}：形状应当是 {shape}，现在是 {tuple(found.shape)} ‖ "
        f"{tuple(v.shape)}, s = {s}: the shape should be {shape}, not {tuple(found.shape)}"
    )
    for n in range(shape[1]):
        top, left = (s * one for one in divmod(n, side // s))
        numbers = [(top + r) * side + left + c for r in range(s) for c in range(s)]
        expected = [x for number in numbers for x in v[0, number].tolist()]
        assert found[0, n].tolist() == expected, (
            f"{side} × {side} 个块，s = {s}：第 {n} 个方块应当由第 {numbers} 块拼成 {expected}，现在是 "
            f"{found[0, n].tolist()} ‖ of {side} x {side} patches, s = {s}, square {n} joins patches {numbers} to "
            f"{expected}, not {found[0, n].tolist()}"
        )
# --8<-- [end:check]
