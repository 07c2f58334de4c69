"""GPTQ: round column by column, and let the columns to come make up for the error."""

import torch
from torch import Tensor


def hessian(X: Tensor) -> Tensor:  # X: (N, in)，这一层的输入 ‖ X: (N, in), what goes into the layer
    return X.T @ X / len(X)


def gptq(W: Tensor, H: Tensor, s: Tensor, most: int, damp: float = 0.01) -> Tensor:  # W, s: (out, in)
    W, q = W.clone(), torch.empty_like(W)
    H = H + damp * H.diagonal().mean() * torch.eye(len(H))  # 校准数据少时也可逆 ‖ has an inverse with few texts too
    U = torch.linalg.cholesky(torch.linalg.inv(H)).T  # H⁻¹ = UᵀU，上三角 ‖ upper
    for j in range(len(H)):
        q[:, j] = (W[:, j] / s[:, j]).round().clamp(-most, most)
        e = (W[:, j] - q[:, j] * s[:, j]) / U[j, j]  # 取整的误差 ‖ the error of rounding
        W[:, j + 1 :] -= e[:, None] * U[j, j + 1 :]  # 摊给还没取整的列 ‖ made up for by those not rounded yet
    return q
