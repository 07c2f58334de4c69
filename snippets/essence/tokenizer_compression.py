"""Compression rate, byte fallback, and rows for new pieces of a vocabulary."""

import torch


def encode(text, pieces):
    number, tokens, at = {piece: 256 + i for i, piece in enumerate(pieces)}, [], 0
    while at < len(text):
        for end in range(len(text), at, -1):  # 先试最长的 ‖ the longest first
            if text[at:end] in number:
                tokens, at = [*tokens, number[text[at:end]]], end
                break
        else:  # 词表里没有：写成字节 ‖ not in the vocabulary: its bytes
            tokens, at = [*tokens, *text[at].encode()], at + 1
    return tokens


def rate(text, pieces):
    return len(encode(text, pieces)) / len(text)  # r = N_token / N_char


def new_rows(E, new, pieces):  # E: (V, C)
    # 旧切分的平均 ‖ the mean of what it was before
    rows = [E[encode(piece, pieces)].mean(0) for piece in new]
    return torch.cat([E, torch.stack(rows)])  # 旧编号不动 ‖ old numbers stay
