"""AWQ and SmoothQuant: scales that cancel in the product and not in the rounding."""

from torch import Tensor


def Q(W: Tensor, most: int) -> Tensor:  # 取整再还原，每行一个缩放 ‖ round and turn back, one scale a row
    s = W.abs().amax(dim=-1, keepdim=True) / most
    return (W / s).round() * s


def awq(W: Tensor, X: Tensor, most: int, steps: int) -> Tensor:  # W: (out, in), X: (N, in)
    tried = []
    for step in range(steps):
        s = X.abs().mean(dim=0) ** (step / steps)  # 激活大的通道放大 ‖ more for channels with large inputs
        W_hat = Q(W * s, most) / s  # 取整之后除回来，误差也小了 s 倍 ‖ divided again: so is the error
        error = ((W_hat - W) @ X.T).square().mean()  # 看输出，不看权重 ‖ of the output, not of the weight
        tried.append((error.item(), step, W_hat))
    return min(tried, key=lambda one: one[:2])[2]


def smoothquant(W: Tensor, X: Tensor, most: int, alpha: float = 0.5) -> Tensor:
    s = X.abs().amax(dim=0) ** alpha / W.abs().amax(dim=0) ** (1 - alpha)
    return Q(X / s, most) @ Q(W * s, most).T  # 激活小了，权重大了，都好取整 ‖ smaller inputs, larger weights
