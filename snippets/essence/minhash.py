"""MinHash: signatures that agree as often as the sets do, and bands that bring the alike together."""

from collections import defaultdict
from itertools import combinations


def signature(A, hashes):  # A: 片段的集合 ‖ A: the set of shingles
    return [min(h(x) for x in A) for h in hashes]  # h_min(A)，m 个 ‖ h_min(A), m of them


def jaccard(A, B):
    return len(A & B) / len(A | B)


def estimate(s, t):
    # 相等的比例就是 J 的估计 ‖ the share of equals
    return sum(a == b for a, b in zip(s, t, strict=True)) / len(s)


def candidates(signatures, b):
    r, pairs = len(signatures[0]) // b, set()
    for band in range(b):
        buckets = defaultdict(list)
        for i, s in enumerate(signatures):
            # 一段全同就进一个桶 ‖ equal bands share a bucket
            buckets[tuple(s[band * r : (band + 1) * r])].append(i)
        for bucket in buckets.values():
            pairs |= set(combinations(bucket, 2))
    return pairs


def caught(s, r, b):
    return 1 - (1 - s**r) ** b  # S 形曲线 ‖ the S-shaped curve
