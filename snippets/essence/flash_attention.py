"""Online softmax over tiles of keys: never more than one tile of scores."""

import torch


def flash(Q, K, V, tile):
    T, D = Q.shape
    m = torch.full((T, 1), -torch.inf)  # 见过的最大分数 ‖ largest score so far
    l = torch.zeros(T, 1)  # 指数和，以 m 为基准 ‖ sum of exponentials, relative to m
    o = torch.zeros(T, D)  # 加权和，以 m 为基准 ‖ weighted sum, relative to m
    for K_j, V_j in zip(K.split(tile), V.split(tile), strict=True):
        s = Q @ K_j.T / D**0.5
        new = torch.maximum(m, s.amax(dim=-1, keepdim=True))
        shrink, p = (m - new).exp(), (s - new).exp()  # 换基准：旧的乘 e^(m-m') ‖ a new base shrinks the old sums
        l = shrink * l + p.sum(dim=-1, keepdim=True)
        o = shrink * o + p @ V_j
        m = new
    return o / l, m + l.log()  # 输出，与反向要用的 L ‖ output, and L for the backward pass
