r"""`gspo_loss` 还是逐 token 的。把它改成 GSPO：整条回答共用一个比值，是各 token 比值的**几何平均**；裁剪也按整条回答；
先在回答内、再对回答平均。padding 处（`mask` 为 False）可能是 nan。

`gspo_loss` still goes token by token. Make it GSPO: all of a response has one ratio, the *geometric mean* of the ratios
of its tokens, and is clipped as one; the mean is over responses. At padding (`mask` is False) there may be nan.
"""

# --8<-- [start:task]
import torch


def gspo_loss(logps, old_logps, advantages, mask, low=3e-4, high=4e-4):  # (N, T), (N, T), (N,), (N, T)
    ratio = (logps - old_logps).exp()
    A = advantages.unsqueeze(1)
    losses = -torch.minimum(ratio * A, ratio.clamp(1 - low, 1 + high) * A)
    return (losses * mask).sum() / mask.sum()


print(gspo_loss(torch.zeros(1, 2), torch.tensor([[0.1, -0.1]]), torch.ones(1), torch.ones(1, 2).bool()))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def gspo_loss(logps, old_logps, advantages, mask, low=3e-4, high=4e-4):  # (N, T), (N, T), (N,), (N, T)
    difference = torch.where(mask, logps - old_logps, torch.zeros_like(logps))
    ratio = (difference.sum(dim=1) / mask.sum(dim=1)).exp()  # (N,)
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - low, 1 + high) * advantages).mean()


print(gspo_loss(torch.zeros(1, 2), torch.tensor([[0.1, -0.1]]), torch.ones(1), torch.ones(1, 2).bool()))
# --8<-- [end:answer]

# --8<-- [start:check]
import math

nan = float("nan")
old = torch.zeros(2, 3, dtype=torch.float64)
logps = torch.tensor([[0.3, -0.1, 0.1], [0.2, nan, nan]], dtype=torch.float64)
mask = torch.tensor([[True, True, True], [True, False, False]])
found = gspo_loss(logps, old, torch.ones(2, dtype=torch.float64), mask, low=0.5, high=0.5)
assert not found.isnan(), (
    "padding 处的 nan 漏进来了：先用 torch.where 换成 0 ‖ nan of the padding came through: use torch.where"
)
expected = -(math.exp(0.1) + math.exp(0.2)) / 2
assert abs(found.item() - expected) < 1e-9, (
    f"比值应当是 e^0.1 与 e^0.2（对数的平均再取指数），损失 {expected:.4f}，现在是 {found.item():.4f} ‖ the ratios are "
    f"e^0.1 and e^0.2 (the exponential of the mean of logarithms), the loss {expected:.4f}, not {found.item():.4f}"
)
found = gspo_loss(logps, old, torch.tensor([1.0, -1.0], dtype=torch.float64), mask, low=0.05, high=0.05)
expected = -(1.05 - math.exp(0.2)) / 2
assert abs(found.item() - expected) < 1e-9, (
    "裁剪不对：优势为正时封顶在 1 + high，为负时高了不封 ‖ wrong clip: for a positive advantage the ratio counts up to "
    "1 + high, for a negative one above it too"
)
logps = torch.tensor([[0.3, -0.1, 0.1]], dtype=torch.float64, requires_grad=True)
one = torch.ones(1, dtype=torch.float64)
(gradient,) = torch.autograd.grad(gspo_loss(logps, old[:1], one, mask[:1], low=0.5, high=0.5), logps)
assert torch.allclose(gradient, torch.full_like(gradient, -math.exp(0.1) / 3)), (
    "同一条回答的 token 受力应当相同 ‖ all tokens of a response are pulled alike"
)
# --8<-- [end:check]
