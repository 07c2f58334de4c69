"""Unigram: the likeliest segmentation, and the sum over all of them, on one lattice."""

import math


def pieces(X, end, p):  # 以 end 结尾的子词 ‖ the pieces that end here
    return [(start, X[start:end]) for start in range(end) if X[start:end] in p]


def viterbi(X, p):
    best = [(0.0, [])]  # 每个前缀最好的切法 ‖ the best of each prefix
    for end in range(1, len(X) + 1):
        options = [(-math.inf, [])]
        for i, x in pieces(X, end, p):
            options.append((best[i][0] + math.log(p[x]), [*best[i][1], x]))
        best.append(max(options))
    return best[-1][1]


def total(X, p, alpha=1.0):
    sums = [1.0]  # 每个前缀：全部切法的 P(x)^alpha 之和 ‖ for each prefix: P(x)^alpha over all segmentations
    for end in range(1, len(X) + 1):
        # max 换成了 sum ‖ sum in place of max
        sums.append(sum(sums[i] * p[x] ** alpha for i, x in pieces(X, end, p)))
    return sums[-1]
