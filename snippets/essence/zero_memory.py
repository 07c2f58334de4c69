"""ZeRO's account: 16 bytes a parameter, cut in three stages."""


def rank_bytes(Phi: float, N: int, stage: int) -> float:
    weights = 2 * Phi  # FP16 参数 ‖ fp16 weights
    gradients = 2 * Phi  # FP16 梯度 ‖ fp16 gradients
    optimizer = (4 + 4 + 4) * Phi  # FP32 主副本与两个矩 ‖ fp32 master copy and two moments
    if stage >= 1:
        optimizer /= N
    if stage >= 2:
        gradients /= N
    if stage >= 3:
        weights /= N
    return weights + gradients + optimizer


def sent(Phi: float, N: int, stage: int) -> float:
    once = (N - 1) / N * Phi  # 一次 reduce-scatter 或 all-gather ‖ one reduce-scatter or all-gather
    return (3 if stage == 3 else 2) * once  # 第三阶段多收集一遍参数 ‖ stage 3 gathers the weights once more
