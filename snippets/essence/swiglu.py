"""Gate and content, both k wide, multiplied; then back to d."""

import torch


def silu(z):
    return z * torch.sigmoid(z)


def swiglu(x, W_gate, W_up, W_down):
    gate = silu(x @ W_gate.T)  # 放行多少 ‖ how much may pass
    content = x @ W_up.T  # 放行什么 ‖ what passes
    return (gate * content) @ W_down.T


def hidden_width(d):
    k = 2 * 4 * d // 3  # 三个矩阵与原来两个一样大 ‖ three matrices as large as two were
    return (k + 255) // 256 * 256  # 取整到 256 的倍数 ‖ up to a multiple of 256
