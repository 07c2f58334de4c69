"""WordPiece: the score of a pair, and encoding by the longest match."""

from collections import Counter
from itertools import pairwise


def scores(corpus):  # [(单位, 次数)] ‖ [(pieces, count)]
    count, pair = Counter(), Counter()
    for pieces, n in corpus:
        for a in pieces:
            count[a] += n
        for ab in pairwise(pieces):
            pair[ab] += n
    # 比碰巧多出多少 ‖ how far above chance
    return {(a, b): pair[a, b] / (count[a] * count[b]) for a, b in pair}


def encode(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):  # 最长的先试 ‖ the longest first
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]  # 有一段对不上，整个词都丢 ‖ one part unknown: the whole word is
        pieces, start = [*pieces, piece], end
    return pieces
