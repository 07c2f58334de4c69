"""QLoRA: levels at quantiles of a normal distribution, a base in 4 bits, an update in full."""

from statistics import NormalDist

import torch


def nf4():
    p_max = (1 - 1 / 30 + 1 - 1 / 32) / 2
    quantile = NormalDist().inv_cdf
    # 负的 7 个，正的 8 个 ‖ seven below 0, eight above
    below = [-quantile(p_max + (0.5 - p_max) * i / 7) for i in range(7)]
    above = [quantile(p_max + (0.5 - p_max) * i / 8) for i in range(8)]
    # q_i，16 个 ‖ q_i, 16 of them
    return torch.tensor(sorted([*below, 0.0, *above])) / quantile(p_max)


def quantize(W, q):  # W: (块数, 64) ‖ W: (blocks, 64)
    a = W.abs().amax(1, keepdim=True)  # 块里最大的绝对值 ‖ the largest of each block
    codes = ((W / a)[:, :, None] - q).abs().argmin(-1)  # 最近的格点，4 位 ‖ the nearest level, 4 bits
    return codes, a


def forward(x, codes, a, q, A, B, scale, shape):
    W_hat = (q[codes] * a).view(shape)  # 临时还原，乘完就丢 ‖ made for this product, then dropped
    return x @ W_hat.T + scale * (x @ A.T) @ B.T  # 只有 A、B 在学 ‖ A and B alone learn
