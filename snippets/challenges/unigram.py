r"""`log_probability` 给出的是最好的一种切法的对数概率（Viterbi）。训练要的却是**全部切法**的概率之和的对数。
把它改对，而且要对长的词也成立：概率小到 $10^{-361}$ 时不能变成 0，所以全程留在对数里（logsumexp）。

`log_probability` gives that of the best segmentation (Viterbi). Training asks for the logarithm of the sum over
**all** of them. Mend it, for long words too: a probability of $10^{-361}$ must not become 0, so stay in
logarithms (logsumexp).
"""

# --8<-- [start:task]
import math


def log_probability(word, logp):  # logp: {piece: log p(piece)}
    best = [0.0]  # for each prefix
    for end in range(1, len(word) + 1):
        options = [best[start] + logp[word[start:end]] for start in range(end) if word[start:end] in logp]
        best.append(max(options, default=-math.inf))
    return best[-1]


logp = {"a": math.log(0.5), "b": math.log(0.3), "ab": math.log(0.2)}
print(round(math.exp(log_probability("ab", logp)), 4))  # ab alone is 0.2; a, b adds 0.15
# --8<-- [end:task]


# --8<-- [start:answer]
import math


def log_probability(word, logp):  # logp: {piece: log p(piece)}
    sums = [0.0]  # for each prefix
    for end in range(1, len(word) + 1):
        options = [sums[start] + logp[word[start:end]] for start in range(end) if word[start:end] in logp]
        top = max(options, default=-math.inf)
        sums.append(top if top == -math.inf else top + math.log(sum(math.exp(o - top) for o in options)))
    return sums[-1]


logp = {"a": math.log(0.5), "b": math.log(0.3), "ab": math.log(0.2)}
print(round(math.exp(log_probability("ab", logp)), 4))  # ab alone is 0.2; a, b adds 0.15
# --8<-- [end:answer]


# --8<-- [start:check]
import random


def brute(word, p):
    """All segmentations, one by one."""
    if not word:
        return 1.0
    return sum(p[piece] * brute(word[len(piece) :], p) for piece in p if word.startswith(piece))


found = math.exp(log_probability("ab", {"a": math.log(0.5), "b": math.log(0.3), "ab": math.log(0.2)}))
assert abs(found - 0.2) > 1e-6, (
    "还是 0.2：只算了最好的一种切法，a、b 这一种的 0.15 没有加进来 ‖ "
    "still 0.2: only the best split counts, the 0.15 of a, b is missing"
)
assert abs(found - 0.35) < 1e-9, (
    f"ab 有两种切法，概率之和是 0.2 + 0.5 × 0.3 = 0.35，现在是 {found:.4f} ‖ "
    f"ab has two splits, 0.2 + 0.5 × 0.3 = 0.35 in all, got {found:.4f}"
)
random.seed(4)
for _ in range(30):
    pieces = sorted({"".join(random.choices("ab", k=random.randint(1, 4))) for _ in range(6)} | {"a", "b"})
    p = {piece: random.random() for piece in pieces}
    word = "".join(random.choices("ab", k=9))
    got = log_probability(word, {piece: math.log(share) for piece, share in p.items()})
    assert math.isclose(got, math.log(brute(word, p)), abs_tol=1e-9), (
        f"{word} 的全部切法之和不对：{got} ‖ the sum over all splits of {word} is wrong: {got}"
    )
long = log_probability("a" * 1500, {"a": math.log(0.4), "aa": math.log(0.1)})
assert math.isfinite(long), (
    "长词的概率下溢成了 0：不要离开对数 ‖ the probability of a long word underflowed to 0: stay with logarithms"
)
assert abs(long + 832.5) < 0.2, (
    f"1500 个 a 的对数概率约为 -832.5，现在是 {long:.1f} ‖ "
    f"the log-probability of 1500 a is about -832.5, got {long:.1f}"
)
assert log_probability("ac", {"a": -1.0}) == -math.inf, (
    "切不出来的词，概率是 0，对数是 -inf，不该报错 ‖ "
    "what cannot be split has probability 0, a logarithm of -inf, and no error"
)
# --8<-- [end:check]
