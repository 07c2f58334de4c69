"""Hybrid retrieval: BM25, cosines, and reciprocal rank fusion."""

import math


def bm25(q, documents, k1=1.5, b=0.75):  # 词的列表 ‖ lists of words
    N, mean = len(documents), sum(map(len, documents)) / len(documents)
    scores = []
    for d in documents:
        score = 0.0
        for w in q:
            n, f = sum(w in other for other in documents), d.count(w)
            idf = math.log(1 + (N - n + 0.5) / (n + 0.5))  # 罕见的词加权 ‖ rare words weigh more
            length = 1 - b + b * len(d) / mean  # 长文档打折 ‖ long ones are marked down
            score += idf * f * (k1 + 1) / (f + k1 * length)
        scores.append(score)
    return scores


def rrf(rankings, k=60):
    fused = {}
    for ranking in rankings:
        for rank, d in enumerate(ranking, start=1):
            fused[d] = fused.get(d, 0) + 1 / (k + rank)  # 只看名次 ‖ ranks alone count
    return sorted(fused, key=lambda d: -fused[d])
