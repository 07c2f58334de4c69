"""BPE: learn merges by counting pairs of neighbours, encode by replaying them."""

from collections import Counter
from itertools import pairwise


def merge(tokens, ab, new):
    merged = []
    for token in tokens:
        pair = (*merged[-1:], token)
        merged[-1:] = [new] if pair == ab else pair
    return merged


def train(c, merges):  # c: {词 w: 次数 c(w)} ‖ c: {word w: how often it occurs, c(w)}
    corpus, learned = [(list(w), n) for w, n in c.items()], []  # 从字节开始 ‖ begin with bytes
    for new in range(256, 256 + merges):
        # 每个词数 c(w) 遍：Σ c(w) n_w(a, b) ‖ each word c(w) times: Σ c(w) n_w(a, b)
        counts = Counter(ab for w, n in corpus for ab in pairwise(w) for _ in range(n))
        best = min(counts, key=lambda ab: (-counts[ab], ab))  # (a*, b*)
        corpus = [(merge(w, best, new), n) for w, n in corpus]
        learned.append(best)
    return learned


def encode(w, learned):
    # 按学到的先后，不是取最长 ‖ in the order learned, not the longest
    for new, ab in enumerate(learned, start=256):
        w = merge(w, ab, new)
    return list(w)
