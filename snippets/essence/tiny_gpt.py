"""From token ids to logits: the parts of the pages before, in one stream x."""

import torch

from snippets.grouped_query_attention import grouped_query_attention
from snippets.rms_norm import rms_norm
from snippets.rope import rope, rope_angles, rope_frequencies
from snippets.swiglu import swiglu


def tiny_gpt(ids, E, blocks, γ, D):
    T = len(ids)
    angles = rope_angles(torch.arange(T), rope_frequencies(D))
    past = torch.ones(T, T).tril().bool()
    x = E[ids]  # 每个编号取一行 ‖ a row for each id
    for W in blocks:
        y = rms_norm(x, W["γ1"])
        q, k, v = ((y @ W[name].T).view(1, T, -1, D).transpose(1, 2) for name in "qkv")
        heads = grouped_query_attention(rope(q, *angles), rope(k, *angles), v, past)
        x = x + heads.transpose(1, 2).flatten(2)[0] @ W["o"].T  # 从前面搬来 ‖ moved from before
        x = x + swiglu(rms_norm(x, W["γ2"]), W["gate"], W["up"], W["down"])  # 各自加工 ‖ each alone
    return rms_norm(x, γ) @ E.T  # 同一个 E：像哪一行 ‖ the same E: which row is it like
