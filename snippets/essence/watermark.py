"""Watermarks: green tokens by a key, and how many more than chance."""

import itertools
import math

import torch


def green(before, V, γ, key):  # 密钥与前一个 token 决定哪些是绿的 ‖ key and the token before decide which are green
    order = torch.randperm(V, generator=torch.Generator().manual_seed(key * before % (2**64 - 1)))
    return torch.zeros(V).index_fill(0, order[: int(γ * V)], 1)


def mark(logits, before, γ, δ, key):  # 绿的推一把 ‖ push the green ones
    return logits + δ * green(before, len(logits), γ, key)


def z_score(tokens, V, γ, key):
    pairs = set(itertools.pairwise(tokens))  # 重复的只算一次 ‖ what comes again counts once
    g = sum(green(before, V, γ, key)[token].item() for before, token in pairs)
    T = len(pairs)
    return (g - γ * T) / math.sqrt(T * γ * (1 - γ))  # 比碰巧多几个标准差 ‖ standard deviations above chance


def gumbel(p, u):  # 不改分布，密钥给出 u ‖ the distribution stays, the key gives u
    return int((u.log() / p).argmax())
