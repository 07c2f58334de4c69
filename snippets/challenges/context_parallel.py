r"""`merge` 把对两段键的注意力输出简单平均了。改成：按各自的指数和加权，使结果等于对两段键一起做注意力；也返回合并之后的
`logsumexp`，好接着与第三段合并。分数到几千时也不能溢出。

`merge` takes the plain mean of attention to two parts of the keys. Weight each by its sum of exponentials, so that the
result is attention to both together; return the merged `logsumexp` as well, for a third part to come. It must not
overflow where scores are in the thousands.
"""

# --8<-- [start:task]
import torch


def merge(y1, lse1, y2, lse2):  # (T, D), (T, 1), (T, D), (T, 1) -> (T, D), (T, 1)
    return (y1 + y2) / 2, (lse1 + lse2) / 2


one, zero = torch.ones(1, 2), torch.zeros(1, 1)
print(merge(one, zero, 3 * one, zero + 1))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def merge(y1, lse1, y2, lse2):  # (T, D), (T, 1), (T, D), (T, 1) -> (T, D), (T, 1)
    lse = torch.logaddexp(lse1, lse2)
    return (lse1 - lse).exp() * y1 + (lse2 - lse).exp() * y2, lse


one, zero = torch.ones(1, 2), torch.zeros(1, 1)
print(merge(one, zero, 3 * one, zero + 1))
# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
for size in (1.0, 1000.0):
    scores, v = size * torch.randn(4, 9, dtype=torch.float64), torch.randn(9, 3, dtype=torch.float64)
    parts = [
        (scores[:, a:b].softmax(dim=-1) @ v[a:b], scores[:, a:b].logsumexp(dim=-1, keepdim=True))
        for a, b in ((0, 2), (2, 5), (5, 9))
    ]
    y, lse = merge(*parts[0], *parts[1])
    assert y.isfinite().all() and lse.isfinite().all(), (
        "溢出了：先减去合并后的 logsumexp 再取指数 ‖ overflow: subtract the merged logsumexp before exp"
    )
    expected = scores[:, :5].softmax(dim=-1) @ v[:5]
    assert torch.allclose(y, expected), (
        "两段合起来不等于一起做的注意力：权重是各自的指数和 ‖ this is not attention to both parts together: the "
        "weights are their sums of exponentials"
    )
    y, lse = merge(y, lse, *parts[2])
    assert torch.allclose(y, scores.softmax(dim=-1) @ v), (
        "再合并第三段就不对了：logsumexp 也要合并 ‖ wrong with a third part: logsumexp must be merged too"
    )
    assert torch.allclose(lse, scores.logsumexp(dim=-1, keepdim=True)), "合并之后的 logsumexp 不对 ‖ wrong logsumexp"
# --8<-- [end:check]
