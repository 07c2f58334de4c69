"""CLIP: the symmetric contrastive loss, and classes from their names."""

import torch
import torch.nn.functional as F


def clip_loss(u, v, log_tau):  # 图 u: (B, D)，文 v: (B, D) ‖ images u: (B, D), texts v: (B, D)
    u, v = F.normalize(u, dim=1), F.normalize(v, dim=1)
    s = log_tau.exp() * u @ v.T  # s_ij：图 i 与文 j 的余弦乘倍数 ‖ s_ij: scaled cosine of image i and text j
    own = torch.arange(len(u))  # 答案是对角线 ‖ the answers lie on the diagonal
    image = F.cross_entropy(s, own)  # 替图选文 ‖ a text for each image
    text = F.cross_entropy(s.T, own)  # 替文选图 ‖ an image for each text
    return (image + text) / 2


def zero_shot(u, prompts, log_tau):  # prompts: (K, P, D)，每类 P 句 ‖ prompts: (K, P, D), P of each class
    # 方向取平均 ‖ the mean of their directions
    classes = F.normalize(F.normalize(prompts, dim=-1).mean(1), dim=-1)
    return (log_tau.exp() * F.normalize(u, dim=1) @ classes.T).softmax(1)
