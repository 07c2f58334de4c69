"""Megatron's MLP: columns of the first matrix, rows of the second, one sum."""

import torch
import torch.nn.functional as F
from torch import Tensor


def rank(X: Tensor, A_i: Tensor, B_i: Tensor) -> Tensor:
    Y_i = F.gelu(X @ A_i)  # 逐元素的激活不怕切列 ‖ columns are safe: the activation works element by element
    return Y_i @ B_i  # 和式中的一项，不必通信 ‖ one summand, without communication


def mlp(X: Tensor, A: Tensor, B: Tensor, t: int) -> Tensor:
    A_parts = A.chunk(t, dim=1)  # 第一个矩阵切列 ‖ the first matrix by columns
    B_parts = B.chunk(t, dim=0)  # 第二个矩阵切行 ‖ the second by rows
    Z = torch.zeros(len(X), B.shape[1], dtype=X.dtype)
    for A_i, B_i in zip(A_parts, B_parts, strict=True):
        Z = Z + rank(X, A_i, B_i)  # 前向唯一的 all-reduce ‖ the forward pass's only all-reduce
    return Z
