r"""`encode` 每次取词表里能匹配的最长一段，这是 WordPiece 的办法，切出来与训练时对不上。把它改成 BPE 的编码：
在当前序列里找**最早学到**的一条合并规则，合并，再找，直到没有规则可用。

`encode` takes the longest token that fits, as WordPiece does, and does not give what training gave. Make it
BPE's: find the merge that was **learned first** among those that apply, merge, and look again, until none
applies.
"""

# --8<-- [start:task]
from snippets.bpe import count_words, train


def encode(word, merges):  # bytes, [(first, second)] -> token ids; token 256 + i is merge i
    vocabulary = [bytes([byte]) for byte in range(256)]
    for first, second in merges:
        vocabulary.append(vocabulary[first] + vocabulary[second])
    tokens, start = [], 0
    while start < len(word):
        end = next(end for end in range(len(word), start, -1) if word[start:end] in vocabulary)
        tokens.append(vocabulary.index(word[start:end]))
        start = end
    return tokens


merges = train(count_words(["bc bc bc ab ab abcd abcd"]), merges=8)
print(encode(b"abc", merges))
# --8<-- [end:task]


# --8<-- [start:answer]
from itertools import pairwise

from snippets.bpe import count_words, merge, train


def encode(word, merges):  # bytes, [(first, second)] -> token ids; token 256 + i is merge i
    ranks = {pair: 256 + rank for rank, pair in enumerate(merges)}
    tokens = list(word)
    while known := [pair for pair in pairwise(tokens) if pair in ranks]:
        first = min(known, key=ranks.get)
        tokens = merge(tokens, first, ranks[first])
    return tokens


merges = train(count_words(["bc bc bc ab ab abcd abcd"]), merges=8)
print(encode(b"abc", merges))
# --8<-- [end:answer]


# --8<-- [start:check]
import random

from snippets.bpe import BPE

assert encode(b"xyz", []) == [120, 121, 122], (
    "没有规则时，每个字节自己就是一个 token ‖ without rules every byte is a token"
)
rules = [(98, 99), (97, 98), (256, 97)]  # bc, ab, bca
found = encode(b"abc", rules)
assert found != [257, 99], (
    "abc 切成了 ab、c：先学到的是 bc（规则 0），它应当先合并 ‖ "
    "abc became ab, c: bc was learned first (rule 0) and should be merged first"
)
assert found == [97, 256], (
    f"规则依次是 bc、ab、bca，abc 应当切成 a、bc，即 [97, 256]，现在是 {found} ‖ "
    f"the rules are bc, ab, bca in order: abc should become a, bc, that is [97, 256], got {found}"
)
assert encode(b"bcbcbc", [(98, 99)]) == [256, 256, 256], (
    "一条规则要用到每一处，不只是第一处 ‖ a rule applies everywhere, not at its first place alone"
)
assert encode(b"aaaaa", [(97, 97), (256, 256)]) == [257, 97], (
    "同一条规则从左到右合并：aaaaa 应当是 aaaa、a ‖ one rule merges from left to right: aaaaa should become aaaa, a"
)
random.seed(1)
for _ in range(20):
    words = ["".join(random.choices("abc", k=random.randint(1, 9))) for _ in range(30)]
    learned = train(count_words([" ".join(words)]), merges=12)
    for word in words:
        want, got = BPE(learned).encode_word(word.encode()), encode(word.encode(), learned)
        assert list(got) == want, (
            f"{word} 应当是 {want}，现在是 {got}；规则 {learned} ‖ "
            f"{word} should be {want}, got {got}; the rules are {learned}"
        )
# --8<-- [end:check]
