"""Mixed precision: a scaled loss, weights in float32 for the optimizer, and rounding at random."""

import torch


def step(model, loss_of, w32, optimizer, s):  # optimizer 管的是 w32 ‖ the optimizer moves w32
    (s * loss_of(model).float()).backward()  # 放大 s 倍，小梯度不变成 0 ‖ small gradients do not become 0
    for w16, w in zip(model.parameters(), w32, strict=True):
        w.grad = w16.grad.float() / s  # 缩回来，在 float32 里 ‖ and back, in float32
        w16.grad = None
    if all(w.grad.isfinite().all() for w in w32):
        optimizer.step()
    else:
        s = s / 2  # 溢出：跳过这一步，缩小 s ‖ an overflow: leave the step out, halve s
    with torch.no_grad():
        for w16, w in zip(model.parameters(), w32, strict=True):
            w16.copy_(w)  # 取整到 16 位给模型 ‖ rounded, for the model
    return s


def stochastic(x):  # float32 -> bfloat16，平均起来不偏 ‖ unbiased
    noise = torch.randint(2**16, x.shape, dtype=torch.int32)
    return ((x.view(torch.int32) + noise) & -(2**16)).view(torch.float32).bfloat16()
