"""优势为负、而概率比已经很大（比如 100）时，PPO 的裁剪不起作用，一个 token 就能给出极大的梯度。改成 dual-clip：
这时损失最多算到 c·|A|（c = 3），再大就没有梯度。其余情形一律不变。

Where the advantage is negative and the ratio has already become very large (say 100), PPO's clip does nothing, and
one token gives an enormous gradient. Make it dual-clip: the loss there counts up to c·|A| (c = 3) and has no gradient
beyond. Everything else stays as it is.
"""

# --8<-- [start:task]
import torch


def actor_losses(logps, old_logps, advantages, clip=0.2, c=3.0):
    """All `(B, T)`: the loss of each token."""
    ratio = (logps - old_logps).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(-ratio * advantages, -clipped * advantages)


ratios = torch.tensor([[0.5, 1.0, 2.0, 100.0]])
print(actor_losses(ratios.log(), torch.zeros(1, 4), -torch.ones(1, 4)))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def actor_losses(logps, old_logps, advantages, clip=0.2, c=3.0):
    """All `(B, T)`: the loss of each token."""
    ratio = (logps - old_logps).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    losses = torch.maximum(-ratio * advantages, -clipped * advantages)
    return torch.where(advantages < 0, torch.minimum(losses, -c * advantages), losses)


# --8<-- [end:answer]

# --8<-- [start:check]
logps = torch.tensor([[0.5, 1.0, 2.0, 100.0]]).log().requires_grad_()
old = torch.zeros(1, 4)
bad = actor_losses(logps, old, torch.full((1, 4), -2.0))
assert torch.allclose(bad, torch.tensor([[1.6, 2.0, 4.0, 6.0]]), atol=1e-4), (
    f"A = -2 时四个 token 的损失应是 1.6、2、4、6，现在是 {[round(x, 2) for x in bad[0].tolist()]}：封顶在 c·|A| = 6 ‖ "
    f"A = -2: expected losses 1.6, 2, 4, 6, got {[round(x, 2) for x in bad[0].tolist()]}: the cap is c·|A| = 6"
)
(gradient,) = torch.autograd.grad(bad.sum(), logps)
assert abs(gradient[0, 3].item()) < 1e-6, "封顶之后不应再有梯度 ‖ beyond the cap there should be no gradient"
assert abs(gradient[0, 2].item() - 4.0) < 1e-4, (
    "没到顶的（比值 2）梯度应照旧 ‖ below the cap (ratio 2) the gradient should stay"
)
good = actor_losses(logps, old, torch.full((1, 4), 2.0))
assert torch.allclose(good, torch.tensor([[-1.0, -2.0, -2.4, -2.4]]), atol=1e-4), (
    "优势为正的不该变 ‖ nothing should change where the advantage is positive"
)
lower = actor_losses(logps, old, torch.full((1, 4), -2.0), c=1.5)
assert torch.allclose(lower, torch.tensor([[1.6, 2.0, 3.0, 3.0]]), atol=1e-4), (
    "没有用上参数 c ‖ the argument c is not used"
)
# --8<-- [end:check]
