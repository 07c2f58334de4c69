"""Vision transformer: squares to vectors, CLS in front, positions that stretch."""

import torch
import torch.nn.functional as F


def patchify(x, p):  # (B, K, H, W) -> (B, N, K·p·p)
    B, K, H, W = x.shape
    x = x.view(B, K, H // p, p, W // p, p).permute(
        0, 2, 4, 1, 3, 5
    )  # 先按块的行列排 ‖ by the rows and columns of squares
    return x.reshape(B, -1, K * p * p)


def stretch(P, grid, new_grid):  # 位置是一张图，可以缩放 ‖ positions are a picture, and can be resized
    picture = P[1:].T.reshape(1, -1, *grid)
    picture = F.interpolate(picture, size=new_grid, mode="bicubic", align_corners=False)
    return torch.cat([P[:1], picture[0].flatten(1).T])  # CLS 没有位置，不动 ‖ CLS has no place, and stays


def vit(x, p, E, b, cls, P, encoder, norm, head):
    z = patchify(x, p) @ E + b  # 每块一个向量 ‖ one vector for each square
    z = torch.cat([cls.expand(len(x), 1, -1), z], 1) + P
    return head(norm(encoder(z))[:, 0])  # 整张图的话由 CLS 来说 ‖ CLS speaks for the whole image
