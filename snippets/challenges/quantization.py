"""ReLU 之后的激活全是正的，对称量化白白浪费一半的整数。改成非对称的：用一行的最小值到最大值，映到 0 … 2^b − 1，
返回整数、缩放与零点（最小值），还原是 q · s + z。整行相等时也要能还原。

Activations after a ReLU are all positive, and symmetric integers waste half of their range on them. Make it
asymmetric: a row's smallest to its largest value become 0 … 2^b − 1; return integers, scale and offset (the smallest
value), restored by q · s + z. A row of equal numbers must come back too.
"""

# --8<-- [start:task]
import torch


def quantize(x, bits):
    """`(..., n)` to integers `(..., n)`, scale and offset `(..., 1)`; restored by `q * scale + offset`."""
    scale = x.abs().amax(dim=-1, keepdim=True) / (2 ** (bits - 1) - 1)
    return (x / scale).round(), scale, torch.zeros_like(scale)


x = torch.rand(1, 8)
q, scale, offset = quantize(x, bits=4)
print("integers:", q.tolist(), "largest error:", (q * scale + offset - x).abs().max().item())
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def quantize(x, bits):
    """`(..., n)` to integers `(..., n)`, scale and offset `(..., 1)`; restored by `q * scale + offset`."""
    offset = x.amin(dim=-1, keepdim=True)
    scale = (x.amax(dim=-1, keepdim=True) - offset) / (2**bits - 1)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return ((x - offset) / scale).round(), scale, offset


# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
for bits in (2, 4, 8):
    for x in (torch.rand(3, 64), 5 + torch.rand(3, 64), torch.randn(3, 64), -torch.rand(3, 64)):
        q, scale, offset = quantize(x, bits)
        assert torch.equal(q, q.round()), "q 应当是整数 ‖ q should be integers"
        assert q.min() >= 0 and q.max() <= 2**bits - 1, (
            f"{bits} 位的 q 应在 0 到 {2**bits - 1} 之间 ‖ q of {bits} bits should be from 0 to {2**bits - 1}"
        )
        error = ((q * scale + offset - x).abs() / (x.amax(-1, keepdim=True) - x.amin(-1, keepdim=True))).max()
        assert error <= 0.5 / (2**bits - 1) + 1e-5, (
            f"{bits} 位：误差是全距的 {error.item():.4f}，应不超过半格 "
            f"{0.5 / (2**bits - 1):.4f}。每一行各用自己的范围 ‖ "
            f"{bits} bits: the error is {error.item():.4f} of the range, expected at most half a level "
            f"{0.5 / (2**bits - 1):.4f}. Each row has its own range"
        )
same = torch.full((2, 8), 3.5)
q, scale, offset = quantize(same, 4)
assert torch.equal(q * scale + offset, same), (
    "整行相等时全距是 0，不能除以 0 ‖ a row of equal numbers has a range of 0: do not divide by it"
)
# --8<-- [end:check]
