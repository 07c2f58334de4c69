"""Multi-token prediction: a chain of modules, each one token further, and the model's next pass as the judge."""

import torch
import torch.nn.functional as F


def mtp_loss(h, t, modules, embed, head):  # h: (B, T, C)，t: (B, T) ‖ h: (B, T, C), t: (B, T)
    losses = []
    for k, module in enumerate(modules, 1):
        h = module(h[:, :-1], embed(t[:, k:]))  # 位置 i 的 h，配上第 i+k 个 token ‖ h at i, with the token at i + k
        P = head(h)  # 预测第 i+k+1 个 ‖ of the token at i + k + 1
        losses.append(F.cross_entropy(P[:, :-1].flatten(0, 1), t[:, k + 1 :].flatten()))
    return sum(losses) / len(losses)


def draft(h, t, modules, embed, head):  # h: (1, T-1, C)：最后一个 token 刚由它选出 ‖ the last token came from h
    new = []
    for k, module in enumerate(modules, 1):
        h = module(h, embed(torch.cat([t, *new], 1)[:, k:]))
        new.append(head(h[:, -1:]).argmax(-1))  # 猜的接着往下猜 ‖ a guess goes on from a guess
    return torch.cat(new, 1)


def accept(own, drafted):  # 与模型自己说的相同，直到第一个不同 ‖ equal to what the model says, to the first that is not
    return int((own == drafted).long().cumprod(0).sum())
