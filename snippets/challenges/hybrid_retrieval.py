r"""`fuse` 直接把两路的分数相加：BM25 动辄十几分，余弦不到 1，于是语义那一路没有发言权。改成**倒数排名融合**：
每一路给它找到的文档 $\frac1{60+\text{名次}}$ 分（名次从 1 起），相加。分数不大于 0 就是没找到，不投票。
返回从好到差的文档编号，只含至少一路找到的；同分时编号小的在前。

`fuse` adds the scores of two searches: BM25 gives a dozen where a cosine is below 1, so the dense one has no
say. Make it **reciprocal rank fusion**: each search gives $\frac1{60+\text{rank}}$ (ranks from 1) to the
documents that it found. A score of 0 or less means not found, and has no vote. Return the documents that some
search found, the best first; of equals, the smaller number.
"""


# --8<-- [start:task]
def fuse(searches):  # one list of scores for each search, a score for each document -> document numbers
    totals = [sum(scores) for scores in zip(*searches, strict=True)]
    return sorted(range(len(totals)), key=lambda document: -totals[document])


bm25 = [12.0, 0.0, 3.1, 9.5]
cosine = [0.2, 0.9, 0.8, -0.1]
print(fuse([bm25, cosine]))
# --8<-- [end:task]


# --8<-- [start:answer]
def fuse(searches):  # one list of scores for each search, a score for each document -> document numbers
    votes = {}
    for scores in searches:
        found = sorted((d for d in range(len(scores)) if scores[d] > 0), key=lambda d: -scores[d])
        for rank, document in enumerate(found, start=1):
            votes[document] = votes.get(document, 0.0) + 1 / (60 + rank)
    return sorted(votes, key=lambda document: (-votes[document], document))


bm25 = [12.0, 0.0, 3.1, 9.5]
cosine = [0.2, 0.9, 0.8, -0.1]
print(fuse([bm25, cosine]))
# --8<-- [end:answer]


# --8<-- [start:check]
import random
from fractions import Fraction

a, b = [12.0, 0.0, 3.1, 9.5], [0.2, 0.9, 0.8, -0.1]
assert list(fuse([[1000 * s for s in a], b])) == list(fuse([a, b])), (
    "一路的分数乘 1000，名次没有变，结果也不该变 ‖ "
    "scores of one list times 1000 keep their ranks, so the result should stay"
)
assert list(fuse([a, b])) == [0, 2, 1, 3], (
    f"应当是 [0, 2, 1, 3]，现在是 {list(fuse([a, b]))} ‖ expected [0, 2, 1, 3], got {list(fuse([a, b]))}"
)
assert 4 not in fuse([[1.0, 2.0, 0.5, 3.0, 0.0], [0.3, 0.1, 0.2, 0.4, -0.5]]), (
    "两路都没找到的文档（分数不大于 0）不该出现 ‖ "
    "documents that neither list found (no score above 0) should not appear"
)
assert list(fuse([[0.0, 5.0, 0.0]])) == [1], (
    "分数为 0 的文档没有被找到，不投票 ‖ a document with a score of 0 was not found and has no vote"
)
assert list(fuse([[1.0, 0.0], [0.0, 1.0]])) == [0, 1], (
    "同分时编号小的在前 ‖ of equal scores the smaller number comes first"
)
assert list(fuse([])) == [], "一路也没有时，返回空列表 ‖ without any list the result is empty"
random.seed(12)
for _ in range(200):
    count = random.randint(1, 7)
    searches = [random.sample(range(-2, 20), count) for _ in range(random.randint(1, 3))]
    want = {}
    for scores in searches:
        for document, score in enumerate(scores):
            if score > 0:
                rank = 1 + sum(other > score for other in scores)
                want[document] = want.get(document, 0) + Fraction(1, 60 + rank)
    order = sorted(want, key=lambda document: (-want[document], document))
    got = list(fuse([[float(score) for score in scores] for scores in searches]))
    close = len(set(want.values())) < len(want)  # sums of floats may differ in the last digit
    assert sorted(got) == sorted(order), (
        f"{searches} 里找到的是 {sorted(order)}，现在返回 {sorted(got)} ‖ "
        f"{searches} find {sorted(order)}, got {sorted(got)}"
    )
    assert got == order or close, (
        f"{searches} 应当排成 {order}，现在是 {got}；名次从 1 起、k = 60 吗？ ‖ "
        f"{searches} should be ordered {order}, got {got}; do ranks start at 1, is k = 60?"
    )
# --8<-- [end:check]
