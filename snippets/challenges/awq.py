r"""`fold` 只把缩放乘进了一个矩阵。注意力的 q、k、v 三个投影读的是同一个 RMSNorm 的输出：把 $s$ 除进 norm 的权重，
乘进**所有**读它的矩阵，使三个输出都不变。不许改动传进来的张量。

`fold` multiplies one matrix alone. The q, k and v projections read the output of one and the same RMS norm: divide the
norm's weight by $s$ and multiply **every** matrix that reads it, so that none of the three outputs changes. Leave the
tensors that come in as they are.
"""

# --8<-- [start:task]
import torch


def fold(norm_weight, weights, s):  # (in,), list of (out, in), (in,)
    first, *others = weights
    return norm_weight, [first * s, *others]


norm, s = torch.ones(3), torch.tensor([1.0, 2.0, 4.0])
print(fold(norm, [torch.ones(2, 3), torch.ones(1, 3)], s))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def fold(norm_weight, weights, s):  # (in,), list of (out, in), (in,)
    return norm_weight / s, [weight * s for weight in weights]


norm, s = torch.ones(3), torch.tensor([1.0, 2.0, 4.0])
print(fold(norm, [torch.ones(2, 3), torch.ones(1, 3)], s))
# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
x, norm, s = torch.randn(5, 6), torch.rand(6) + 0.5, torch.rand(6) * 3 + 0.5
weights = [torch.randn(4, 6), torch.randn(2, 6), torch.randn(2, 6)]
before = [norm.clone(), *(weight.clone() for weight in weights)]
new_norm, new_weights = fold(norm, weights, s)
unit = x / x.square().mean(dim=-1, keepdim=True).sqrt()
for place, (old, new) in enumerate(zip(weights, new_weights, strict=True)):
    same = torch.allclose(unit * new_norm @ new.T, unit * norm @ old.T, atol=1e-4)
    assert same, f"第 {place} 个投影的输出变了：norm 除以 s，读它的每个矩阵都乘 s"
assert not torch.allclose(new_norm, norm), "norm 的权重没有除以 s，激活就还是那么大"
kept = all(torch.equal(old, now) for old, now in zip(before, [norm, *weights], strict=True))
assert kept, "传进来的张量被改动了：不要用 *= 或 /="
# --8<-- [end:check]
