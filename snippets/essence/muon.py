"""Muon: the momentum of a weight matrix, with all of its singular values made about 1."""


def orthogonal(G, steps=5, a=3.4445, b=-4.7750, c=2.0315):  # G: (A, B)
    X = G / (G.norm() + 1e-7)  # 奇异值都不超过 1 ‖ no singular value is above 1
    if len(G) > len(G.T):
        return orthogonal(G.T, steps, a, b, c).T  # X Xᵀ 取小的一边 ‖ X Xᵀ on the shorter side
    for _ in range(steps):
        XXt = X @ X.T
        X = a * X + (b * XXt + c * XXt @ XXt) @ X  # 每个奇异值：σ → aσ + bσ³ + cσ⁵ ‖ of each singular value
    return X


def muon(W, G, M, η, λ, μ=0.95):
    M = μ * M + (1 - μ) * G
    N = (1 - μ) * G + μ * M  # Nesterov：再往前看一步 ‖ a step ahead
    s = 0.2 * max(W.shape) ** 0.5  # 步子的均方根与 AdamW 相近 ‖ a root mean square near AdamW's
    return (1 - η * λ) * W - η * s * orthogonal(N), M
