"""Expert parallelism: sort by expert, send, compute, send back, add up."""

import torch
from torch import Tensor


def moe(x: list[Tensor], e: list[Tensor], w: list[Tensor], experts: list) -> list[Tensor]:
    R, k = len(x), e[0].shape[1]  # 每张卡有 E / R 个专家，各是一个函数 ‖ each rank has E / R experts, functions
    owner = len(experts) // R
    boxes = [[[] for _ in range(R)] for _ in range(R)]  # boxes[s][r]：从 s 到 r ‖ from s to r
    for s in range(R):
        for n in range(len(x[s])):
            for j in range(k):
                at = int(e[s][n, j])
                boxes[s][at // owner].append((n, j, at, x[s][n]))  # 发往专家所在的卡 ‖ to where its expert is
    y = [torch.zeros_like(one) for one in x]
    for s in range(R):
        for r in range(R):  # 第一次 all-to-all：r 收到 s 的 ‖ the first all-to-all: r receives what s sent
            done = [(n, j, experts[at](token)) for n, j, at, token in boxes[s][r]]
            for n, j, result in done:  # 第二次：送回 s，按权重加 ‖ the second: back to s, added by weight
                y[s][n] += w[s][n, j] * result
    return y
