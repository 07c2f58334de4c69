"""有的权重文件把门与内容逐行交错：偶数行是门，奇数行是内容。改写 swiglu，使它读得懂这种 gate_up。

Some checkpoints interleave gate and content row by row: row 0 gate, row 1 content, row 2 gate, and so on. Make swiglu
read such a gate_up.
"""

# --8<-- [start:task]
import torch


def swiglu(x, gate_up, down):  # (T, d), (2 k, d), (d, k)
    gate, up = (x @ gate_up.T).chunk(2, dim=-1)  # 前一半是门，后一半是内容 ‖ first half gate, second content
    return (gate * torch.sigmoid(gate) * up) @ down.T


torch.manual_seed(0)
print(swiglu(torch.randn(3, 4), torch.randn(12, 4), torch.randn(4, 6)).shape)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def swiglu(x, gate_up, down):
    both = x @ gate_up.T
    gate, up = both[..., 0::2], both[..., 1::2]
    return (gate * torch.sigmoid(gate) * up) @ down.T


# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
for T, d, k in ((3, 4, 6), (1, 2, 1), (5, 8, 3)):
    x, W_gate, W_up, down = torch.randn(T, d), torch.randn(k, d), torch.randn(k, d), torch.randn(d, k)
    gate_up = torch.stack([W_gate, W_up], dim=1).reshape(2 * k, d)
    gate, up = x @ W_gate.T, x @ W_up.T
    output = swiglu(x, gate_up, down)
    assert tuple(output.shape) == (T, d), (
        f"输出应当是 ({T}, {d})，得到 {tuple(output.shape)} ‖ "
        f"the output should be ({T}, {d}), got {tuple(output.shape)}"
    )
    swapped = (up * torch.sigmoid(up) * gate) @ down.T
    assert not torch.allclose(output, swapped, atol=1e-4), (
        "门和内容对调了：偶数行才是过 SiLU 的门 ‖ "
        "gate and content are swapped: the even rows are the gate, through SiLU"
    )
    expected = (gate * torch.sigmoid(gate) * up) @ down.T
    assert torch.allclose(output, expected, atol=1e-4), (
        f"k={k} 时与分开的 W_gate、W_up 结果不同 ‖ k={k} differs from W_gate and W_up apart"
    )
# --8<-- [end:check]
