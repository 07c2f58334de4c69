"""Byte pairs counted and merged in plain Python."""
import re
from collections import Counter, defaultdict
from functools import lru_cache

import torch

text = "low low low lower lower newest newest newest widest widest 机器学习 机器"
pattern = re.compile(r"""'s|'t| ?\w+| ?[^\s\w]+|\s+(?!\S)|\s+""", re.UNICODE)


def get_stats(ids, counts=None):
    counts = {} if counts is None else counts
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(ids, pair, idx):
    out, i = [], 0
    while i < len(ids):
        if i < len(ids) - 1 and (ids[i], ids[i + 1]) == pair:
            out.append(idx)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


chunks = [list(ch.encode("utf-8")) for ch in re.findall(pattern, text)]
merges, vocab = {}, {idx: bytes([idx]) for idx in range(256)}
for i in range(12):
    stats = {}
    for ids in chunks:
        get_stats(ids, stats)
    pair = max(stats, key=stats.get)
    chunks = [merge(ids, pair, 256 + i) for ids in chunks]
    merges[pair] = 256 + i
    vocab[256 + i] = vocab[pair[0]] + vocab[pair[1]]
    print(f"merge {i + 1}/12: {pair} -> {256 + i} ({vocab[256 + i]}) had {stats[pair]} occurrences")
ids = [i for chunk in chunks for i in chunk]
print(len(text.encode()), len(ids), b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace") == text)
print(torch.tensor(ids)[:8], torch.bincount(torch.tensor(ids)).argmax())
