"""LoRA: the frozen layer, and beside it down to r and up again."""

import torch
from torch import Tensor


def start(W0: Tensor, r: int) -> tuple[Tensor, Tensor]:
    d_out, d_in = W0.shape
    A = (2 * torch.rand(r, d_in) - 1) / d_in**0.5  # 降维，随机 ‖ down, random
    B = torch.zeros(d_out, r)  # 升维，从 0 开始：训练从原模型出发 ‖ up, zero: training starts at the model itself
    return A, B


def lora(x: Tensor, W0: Tensor, A: Tensor, B: Tensor, alpha: float) -> Tensor:
    r = A.shape[0]
    down = x @ A.T  # (…, d_in) -> (…, r)
    up = down @ B.T  # (…, r) -> (…, d_out)
    return x @ W0.T + alpha / r * up  # W0 冻结，梯度只给 A、B ‖ W0 is frozen: only A and B get gradients


def merged(W0: Tensor, A: Tensor, B: Tensor, alpha: float) -> Tensor:
    return W0 + alpha / A.shape[0] * B @ A  # 推理用它代替 W0 ‖ used in place of W0 for inference
