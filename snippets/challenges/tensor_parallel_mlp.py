"""很多检查点把 SwiGLU 的 gate 与 up 存成一个 (2F, C) 的矩阵，上半是 gate、下半是 up。直接按行切给各张卡，
就会有的卡全是 gate、有的全是 up，结果全错。请改 `split`，
让每张卡拿到自己那几个特征的 gate 与 up（各卡的形状仍是 (2F/t, C)，上半 gate、下半 up）。

Many checkpoints hold SwiGLU's gate and up in one matrix (2F, C), gate above and up below. Cut it by rows in one go,
and some ranks get nothing but gate, others nothing but up. Mend `split`: each rank gets gate and up of its own
features (still (2F/t, C) a rank, gate above and up below).
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def split(gate_up, down, ranks):
    """Weights `(2F, C)` and `(C, F)` to the parts of each rank."""
    return list(zip(gate_up.chunk(ranks, dim=0), down.chunk(ranks, dim=1), strict=True))


def rank_output(x, gate_up, down):
    gate, up = F.linear(x, gate_up).chunk(2, dim=-1)
    return F.linear(F.silu(gate) * up, down)


torch.manual_seed(0)
x, gate_up, down = torch.randn(2, 4), torch.randn(16, 4), torch.randn(4, 8)
parts = sum(rank_output(x, *part) for part in split(gate_up, down, ranks=2))
print("off by", (parts - rank_output(x, gate_up, down)).abs().max().item())
# --8<-- [end:task]

# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def split(gate_up, down, ranks):
    """Weights `(2F, C)` and `(C, F)` to the parts of each rank."""
    gate, up = gate_up.chunk(2, dim=0)
    merged = [torch.cat(part) for part in zip(gate.chunk(ranks), up.chunk(ranks), strict=True)]
    return list(zip(merged, down.chunk(ranks, dim=1), strict=True))


def rank_output(x, gate_up, down):
    gate, up = F.linear(x, gate_up).chunk(2, dim=-1)
    return F.linear(F.silu(gate) * up, down)


# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(7)
for ranks in (1, 2, 4):
    x, whole, last = torch.randn(3, 6), torch.randn(16, 6), torch.randn(6, 8)
    shards = split(whole, last, ranks)
    assert len(shards) == ranks, "一张卡一份 ‖ one part for each device"
    for first, second in shards:
        assert first.shape == (16 // ranks, 6) and second.shape == (6, 8 // ranks), (
            f"{ranks} 张卡时，每张卡的形状应是 {(16 // ranks, 6)} 与 {(6, 8 // ranks)}：谁也不能存整份 ‖ "
            f"{ranks} devices: the shapes on each should be {(16 // ranks, 6)} and {(6, 8 // ranks)}: "
            "nobody holds the whole"
        )
    total = 0
    for first, second in shards:
        gate, up = first[: 8 // ranks], first[8 // ranks :]
        total = total + (F.silu(x @ gate.T) * (x @ up.T)) @ second.T
    gate, up = whole[:8], whole[8:]
    right = (F.silu(x @ gate.T) * (x @ up.T)) @ last.T
    assert torch.allclose(total, right, atol=1e-4), (
        f"{ranks} 张卡之和与不切的不同：gate、up、down 三者要在同样的特征处切开 ‖ "
        f"the sum over {ranks} devices differs from the whole: cut gate, up and down at the same features"
    )
# --8<-- [end:check]
