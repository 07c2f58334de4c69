"""Gated DeltaNet: one matrix as memory, overwritten under its key and fading; in chunks the same numbers."""

import torch
from torch import Tensor


def step(S: Tensor, q: Tensor, k: Tensor, v: Tensor, β: Tensor, α: Tensor) -> tuple[Tensor, Tensor]:
    S = α * S  # 全部淡去一点 ‖ all of it fades a little
    δ = β * (v - S.T @ k)  # 与这个键下已存的差多少 ‖ the difference to what this key holds
    S = S + torch.outer(k, δ)  # 只写差值 ‖ only the difference is written
    return S.T @ q, S


def chunk(S: Tensor, Q: Tensor, K: Tensor, V: Tensor, β: Tensor, α: Tensor) -> tuple[Tensor, Tensor]:
    γ = α.cumprod(0)[:, None]  # (C, 1)，从块首衰减到这里 ‖ decay from the chunk's start
    Γ = (γ / γ.T).tril()  # (C, C)，从 j 衰减到 i ‖ decay from j to i
    A = β[:, None] * (K @ K.T) * Γ  # 只用下三角：后写的要减去先写的 ‖ what is later subtracts what is earlier
    U = torch.linalg.solve_triangular(A, β[:, None] * (V - γ * K @ S), upper=False, unitriangular=True)
    return γ * (Q @ S) + (Q @ K.T * Γ) @ U, γ[-1] * S + (K * γ[-1] / γ).T @ U
