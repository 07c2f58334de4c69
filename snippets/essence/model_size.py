"""The size of a model by hand: parameters, compute, activations, days."""


def parameters(L: int, d: int, d_kv: int, f: int, V: int) -> int:
    attention = 2 * d * d + 2 * d * d_kv  # Q、O 与 K、V ‖ Q, O and K, V
    mlp = 3 * d * f  # SwiGLU 三个矩阵 ‖ SwiGLU's three matrices
    return 2 * V * d + L * (attention + mlp + 2 * d) + d  # 嵌入、各层、归一化 ‖ embeddings, layers, norms


def flops(N: float, D: float) -> float:
    return 6 * N * D  # 前向 2，反向 4 ‖ 2 forward, 4 backward


def activations(L: int, s: int, b: int, d: int, a: int) -> float:
    return L * s * b * d * (34 + 5 * a * s / d)  # 第二项是注意力矩阵 ‖ the second term: the attention matrices


def days(C: float, devices: int, peak: float, mfu: float) -> float:
    return C / (devices * peak * mfu) / 86400
