"""把 GRPO 的比值改成 GSPO 的：整条回答用**一个**比值，是各个有效 token 的比值的几何平均（长度不同也可比）。
填充处的对数概率可能是任何数，包括 nan。

Turn GRPO's ratio into GSPO's: **one** ratio for a whole response, the geometric mean of the ratios of its real
tokens, which can be compared across lengths. What stands at padding may be anything, also nan.
"""

# --8<-- [start:task]
import torch


def ratios(logps, old_logps, mask):
    """Log-probabilities and mask `(N, T)` to ratios: now one a token, wanted one a response `(N,)`."""
    return (logps - old_logps).exp()


def loss(logps, old_logps, advantages, mask, clip=0.2):
    rho = ratios(logps, old_logps, mask)
    return -torch.minimum(rho * advantages, rho.clamp(1 - clip, 1 + clip) * advantages).mean()


logps, old_logps = torch.tensor([[0.5, 0.2], [0.8, 0.9]]).log(), torch.tensor([[0.4, 0.2], [0.2, 0.9]]).log()
print(ratios(logps, old_logps, torch.tensor([[True, True], [True, False]])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def ratios(logps, old_logps, mask):
    """Log-probabilities and mask `(N, T)` to one ratio a response, `(N,)`."""
    difference = torch.where(mask, logps - old_logps, torch.zeros_like(logps))
    return (difference.sum(dim=1) / mask.sum(dim=1)).exp()


def loss(logps, old_logps, advantages, mask, clip=0.2):
    rho = ratios(logps, old_logps, mask)
    return -torch.minimum(rho * advantages, rho.clamp(1 - clip, 1 + clip) * advantages).mean()


# --8<-- [end:answer]

# --8<-- [start:check]
new, old = torch.tensor([[0.8, 0.1, 0.4], [0.9, 0.3, 0.5]]), torch.tensor([[0.4, 0.2, 0.4], [0.3, 0.3, 0.5]])
real = torch.tensor([[True, True, True], [True, True, False]])
rho = ratios(new.log(), old.log(), real)
assert rho.shape == (2,), (
    f"每条回答一个比值，形状应当是 (N,)，现在是 {tuple(rho.shape)} ‖ "
    f"one ratio for each response, of shape (N,), got {tuple(rho.shape)}"
)
assert torch.allclose(rho[0], torch.tensor(1.0), atol=1e-5), (
    "2、1/2、1 的几何平均是 1：先对对数之差求平均，再取 exp；算术平均会得到 1.17 ‖ "
    "the geometric mean of 2, 1/2, 1 is 1: average the log differences, then exp; the arithmetic mean is 1.17"
)
assert torch.allclose(rho[1], torch.tensor(3.0**0.5), atol=1e-5), (
    "第二条只有两个有效 token：3 与 1 的几何平均是 √3 ‖ "
    "the second has two valid tokens: the geometric mean of 3 and 1 is √3"
)
garbage = new.log().clone()
garbage[1, 2] = float("nan")
assert torch.allclose(ratios(garbage, old.log(), real), rho, atol=1e-5), (
    "填充处的 nan 漏进来了：先用 torch.where 挡住，乘 0 还是 nan ‖ "
    "nan from the padding leaks in: use torch.where first, as 0 times nan is nan"
)
twice = ratios(new.log().repeat(1, 2), old.log().repeat(1, 2), real.repeat(1, 2))
assert torch.allclose(twice, rho, atol=1e-5), (
    "同样的回答写两遍，比值不该变：除以有效 token 数，不是求和 ‖ "
    "a response written twice should have the same ratio: divide by the number of valid tokens"
)
value = loss(new.log(), old.log(), torch.tensor([1.0, -1.0]), real)
assert torch.allclose(value, torch.tensor((-1.0 + 3.0**0.5) / 2), atol=1e-5), (
    "损失里的裁剪与优势不用改 ‖ the clipping and the advantages of the loss need no change"
)
# --8<-- [end:check]
