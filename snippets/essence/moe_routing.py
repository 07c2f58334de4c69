"""Each token x goes to k of E experts; a loss keeps all of them busy."""

import torch
import torch.nn.functional as F


def moe(x, W_r, mlps, k):
    top, T = (x @ W_r.T).topk(k, dim=-1)  # 每个 token 选 k 个专家 ‖ each token chooses k experts
    g = top.softmax(dim=-1)
    y = torch.zeros_like(x)
    for i, mlp in enumerate(mlps):
        g_i = (g * (T == i)).sum(dim=-1, keepdim=True)  # 没选 i 的是 0，实际不算 ‖ 0 where not chosen: never computed
        y = y + g_i * mlp(x)
    return y


def balance(r, k):
    E = r.shape[-1]
    f = F.one_hot(r.topk(k, dim=-1).indices, E).float().mean(dim=(0, 1))  # 被选的份额 ‖ share chosen
    P = r.softmax(dim=-1).mean(dim=0)  # 平均概率，梯度从这里来 ‖ mean probability: the gradient comes from here
    return E * (f * P).sum()
