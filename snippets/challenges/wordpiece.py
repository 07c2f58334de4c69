r"""`best` 按分数挑要合并的一对，于是挑中了只出现 3 次的 i、d。把它改成挑**使语料的对数似然提高最多**的一对：
合并之后的 `log_likelihood` 减去合并之前的，取最大；一样大时取字母顺序靠前的。

`best` picks the pair by its score, and so takes i and d, which meet only 3 times. Make it pick the pair that
**raises the log-likelihood of the corpus most**: `log_likelihood` after the merge less that before; of equals,
the first in alphabetical order.
"""

# --8<-- [start:task]
from snippets.wordpiece import log_likelihood, merge, pieces_of, scores


def best(corpus):  # [(pieces, count)] -> (a, b)
    score = scores(corpus)
    return min(score, key=lambda pair: (-score[pair], pair))


words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
print(best([(pieces_of(word), count) for word, count in words.items()]))
# --8<-- [end:task]


# --8<-- [start:answer]
from snippets.wordpiece import log_likelihood, merge, pieces_of, scores


def best(corpus):  # [(pieces, count)] -> (a, b)
    before = log_likelihood(corpus)

    def gain(pair):
        return log_likelihood([(merge(pieces, pair), count) for pieces, count in corpus]) - before

    gains = {pair: gain(pair) for pair in scores(corpus)}
    return min(gains, key=lambda pair: (-round(gains[pair], 9), pair))


words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
print(best([(pieces_of(word), count) for word, count in words.items()]))
# --8<-- [end:answer]


# --8<-- [start:check]
import random
from itertools import pairwise


def gains_of(corpus):
    """For each pair what merging it adds to the log-likelihood, by the definition."""
    pairs = {pair for pieces, _ in corpus for pair in pairwise(pieces)}
    now = log_likelihood(corpus)
    return {pair: log_likelihood([(merge(pieces, pair), count) for pieces, count in corpus]) - now for pair in pairs}


corpus = [(pieces_of(word), count) for word, count in words.items()]
pair = best(corpus)
assert pair != ("##i", "##d"), (
    "还是 i、d：它的分数最高，但只出现 3 次，似然只提高 12.8 ‖ "
    "still i, d: its score is the highest, but it occurs 3 times and raises the likelihood by 12.8 only"
)
assert pair != ("##e", "##s"), (
    "e、s 次数最多（9 次），但似然只提高 16.3；s、t 提高 28.0 ‖ "
    "e, s is the most frequent (9), but raises the likelihood by 16.3 only; s, t by 28.0"
)
assert pair == ("##s", "##t"), f"应当是 s、t（+28.0），现在是 {pair} ‖ expected s, t (+28.0), got {pair}"
random.seed(6)
for _ in range(25):
    made = {"".join(random.choices("abcde", k=random.randint(2, 6))): random.randint(1, 9) for _ in range(6)}
    corpus = [(pieces_of(word), count) for word, count in made.items()]
    gains = gains_of(corpus)
    pair = best(corpus)
    assert pair in gains, f"{pair} 不是语料里相邻的一对 ‖ {pair} are not neighbours in the corpus"
    top = max(gains.values())
    assert gains[pair] > top - 1e-6, (
        f"{made}：{pair} 提高 {gains[pair]:.2f}，最多的提高 {top:.2f} ‖ "
        f"{made}: {pair} raises it by {gains[pair]:.2f}, the best by {top:.2f}"
    )
# --8<-- [end:check]
