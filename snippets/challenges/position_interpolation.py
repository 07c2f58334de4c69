"""动态插值：文本不超过训练长度 L 时什么也不改，超过了才把位置压回 L 以内，倍数由当前长度定。

Dynamic interpolation: up to the trained length L nothing changes; a longer text's positions are squeezed back into L,
by a factor that its own length gives.
"""

# --8<-- [start:task]
import torch


def angles(T, L, d):  # 各位置、各对的角度，(T, d / 2) ‖ of each position and pair, (T, d / 2)
    positions = torch.arange(T)
    return positions[:, None] * 10000.0 ** (-torch.arange(0, d, 2) / d)


for T in (4, 8, 16):
    print(T, "tokens, fastest pair:", angles(T, L=8, d=4)[:, 0].tolist())
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def angles(T, L, d):
    factor = max(T / L, 1.0)
    positions = torch.arange(T) / factor
    return positions[:, None] * 10000.0 ** (-torch.arange(0, d, 2) / d)


# --8<-- [end:answer]

# --8<-- [start:check]
speeds = 10000.0 ** (-torch.arange(0, 6, 2) / 6)
for T, L in ((4, 8), (8, 8), (16, 8), (12, 8), (100, 10)):
    result = angles(T, L, 6)
    assert tuple(result.shape) == (T, 3), (
        f"形状应当是 ({T}, 3)，得到 {tuple(result.shape)} ‖ the shape should be ({T}, 3), got {tuple(result.shape)}"
    )
    for m in range(T):
        position = m if T <= L else m * L / T
        why = "不超过 L，不该改" if T <= L else f"超过了 L，位置 {m} 应当当作 {position:.2f}"
        assert torch.allclose(result[m], position * speeds, atol=1e-4), (
            f"长 {T}，L={L}：{why} ‖ length {T}, L={L}: up to L the angles stay, beyond it positions shrink by L / T"
        )
# --8<-- [end:check]
