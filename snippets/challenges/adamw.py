"""这是 Adam 加 L2：衰减被 v 的根除过，梯度大的参数几乎不衰减。把它改成 AdamW。

This is Adam with L2: the decay is divided by the root of v, and parameters with large gradients hardly decay. Turn
it into AdamW.
"""

# --8<-- [start:task]
import torch


def step(theta, g, m, v, t, lr, decay):
    g = g + decay * theta
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return theta - lr * mean / (square.sqrt() + 1e-8), m, v


theta, m, v = torch.ones(2), torch.zeros(2), torch.zeros(2)
for t in range(1, 101):
    g = torch.tensor([10.0, 0.01]) * (-1) ** t
    theta, m, v = step(theta, g, m, v, t, lr=0.01, decay=0.1)
print(theta)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def step(theta, g, m, v, t, lr, decay):
    m = 0.9 * m + 0.1 * g  # 两个矩只看梯度 ‖ moments of the gradient alone
    v = 0.999 * v + 0.001 * g**2
    mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return (1 - lr * decay) * theta - lr * mean / (square.sqrt() + 1e-8), m, v


# --8<-- [end:answer]

# --8<-- [start:check]
start, moved = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([1.0, -2.0, 3.0])
m = v = ours_m = ours_v = torch.zeros(3)
for t in (1, 2, 3, 4):
    g = torch.randn(3) * torch.tensor([10.0, 1.0, 0.01])
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    alone = 0.3 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    before, expected = moved, (1 - 0.3 * 0.2) * moved - alone
    moved, ours_m, ours_v = step(moved, g, ours_m, ours_v, t, lr=0.3, decay=0.2)
    assert torch.allclose(ours_m, m, atol=1e-5) and torch.allclose(ours_v, v, atol=1e-5), (
        "m、v 里不该有衰减：它们只看梯度 ‖ m and v should hold no decay: they see the gradient alone"
    )
    plain = before - alone
    assert not torch.allclose(moved, plain, atol=1e-5), (
        "衰减不见了：参数还应当乘 1 - lr · decay ‖ "
        "the decay is gone: the parameter should be multiplied by 1 - lr · decay too"
    )
    assert torch.allclose(moved, expected, atol=1e-5), (
        f"第 {t} 步应当是 (1 - lr · decay) · θ 减去 Adam 的一步：{expected}，得到 {moved} ‖ "
        f"step {t} should be (1 - lr · decay) · θ minus one step of Adam: {expected}, got {moved}"
    )
zero, _, _ = step(start, torch.zeros(3), torch.zeros(3), torch.zeros(3), 1, lr=0.1, decay=0.5)
assert torch.allclose(zero, 0.95 * start, atol=1e-6), (
    "梯度是 0 时，参数应当恰好缩小 lr · decay ‖ with a gradient of 0 the parameter should shrink by exactly lr · decay"
)
# --8<-- [end:check]
