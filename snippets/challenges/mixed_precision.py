"""`train` 的权重与梯度都是 float16，学不动：梯度太小成了 0，步子太小也加不上去。改两处：损失放大 `s` 倍再反向、
梯度缩回来；更新加在 float32 的副本上，再给模型。模型仍要用 float16 算。

`train` has weights and gradients in float16 and learns nothing: gradients are so small that they become 0, and steps
too small to be added. Mend both: go backward from the loss times `s` and shrink the gradient again; add the step to a
copy in float32, then give it to the model. The model still computes in float16.
"""

# --8<-- [start:task]
import torch


def train(w, x, y, lr, steps, s=2.0**14):  # w, x (n,), float16 -> w, float16
    w = w.clone().requires_grad_()
    for _ in range(steps):
        loss = 1e-5 * (w * x - y).float().square().mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
    return w.detach()


w, x = torch.ones(8, dtype=torch.float16), torch.full((8,), 0.1, dtype=torch.float16)
print(train(w, x, 1.1 * x, lr=4e5, steps=100))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def train(w, x, y, lr, steps, s=2.0**14):  # w, x (n,), float16 -> w, float16
    master = w.float()
    w = w.clone().requires_grad_()
    for _ in range(steps):
        loss = 1e-5 * (w * x - y).float().square().mean()
        (s * loss).backward()
        with torch.no_grad():
            master -= lr * w.grad.float() / s
            w.copy_(master)
        w.grad = None
    return w.detach()


w, x = torch.ones(8, dtype=torch.float16), torch.full((8,), 0.1, dtype=torch.float16)
print(train(w, x, 1.1 * x, lr=4e5, steps=100))
# --8<-- [end:answer]

# --8<-- [start:check]
w, x = torch.ones(8, dtype=torch.float16), torch.full((8,), 0.1, dtype=torch.float16)
found = train(w, x, 1.1 * x, lr=4e5, steps=400)
assert found.dtype == torch.float16, (
    f"权重应当还是 float16，现在是 {found.dtype} ‖ weights should be float16, not {found.dtype}"
)
assert not torch.isnan(found).any() and not torch.isinf(found).any(), "溢出了 ‖ an overflow"
assert w.eq(1).all(), "不要改传进来的 w ‖ the w that came in should stay"
assert (found - 1).abs().max() > 0, (
    "一步也没动：梯度约 1e-8，在 float16 里是 0，损失要先放大 ‖ "
    "nothing moved: a gradient of about 1e-8 is 0 in float16; scale the loss first"
)
assert (found - 1.1).abs().max() < 0.011, (
    f"应当走到 1.1 附近，现在是 {found[0].item():.3f}：步子小于 1 附近的间隔的一半就加不上去，加在 float32 的副本上，"
    f"梯度要除以 s ‖ it should come near 1.1 and is {found[0].item():.3f}: a step below half the spacing at 1 is lost; "
    f"add it to a copy in float32, and divide the gradient by s"
)
small = train(w, x, 1.1 * x, lr=4e4, steps=50)
slow = 1 + 0.1 * (1 - (1 - 4e4 * 1e-5 * 2 * 0.01 / 8) ** 50)
assert (small - slow).abs().max() < 0.0011, (
    f"50 小步之后应当在 {slow:.4f}，现在是 {small[0].item():.4f} ‖ after 50 small steps it should be {slow:.4f} and is "
    f"{small[0].item():.4f}"
)
# --8<-- [end:check]
