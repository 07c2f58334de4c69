r"""一个标签可以有几个说法：「好」「棒」「赞」都是好评。`label_probs` 只看每个标签的第一个词。改成：
标签的分数是它**所有词的概率之和**，再在标签之间归一。各标签的词数可以不同；空位的 logit 可能很大，不要溢出。

A label may have several words. `label_probs` looks at the first of each alone. Make a label's score the **sum
of the probabilities of all its words**, normalised among the labels. Labels may have different numbers of
words, and logits may be large: do not overflow.
"""

# --8<-- [start:task]
import torch


def label_probs(blank, verbalizer):  # logits of the blank (V,), a list of token ids for each label -> (N,)
    first = torch.tensor([words[0] for words in verbalizer])
    return blank[first].softmax(dim=-1)


blank = torch.tensor([1.0, 3.0, 2.5, 2.0, 3.2])
print(label_probs(blank, [[1, 2, 3], [4]]))  # three words for good, one for bad
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def label_probs(blank, verbalizer):  # logits of the blank (V,), a list of token ids for each label -> (N,)
    scores = torch.stack([blank[torch.tensor(words)].logsumexp(dim=0) for words in verbalizer])
    return scores.softmax(dim=-1)


blank = torch.tensor([1.0, 3.0, 2.5, 2.0, 3.2])
print(label_probs(blank, [[1, 2, 3], [4]]))  # three words for good, one for bad
# --8<-- [end:answer]


# --8<-- [start:check]
found = label_probs(torch.zeros(5), [[1, 2, 3], [4]])
assert found.shape == (2,), f"两个标签应当有两个概率，现在是 {tuple(found.shape)}"
assert abs(found.sum().item() - 1) < 1e-5, f"标签的概率之和应当是 1，现在是 {found.sum().item():.3f}"
assert abs(found[0].item() - 0.75) < 1e-5, (
    f"四个词一样可能、三个属于第一个标签：它应当是 0.75，现在是 {found[0].item():.3f}"
)
for seed in range(10):
    torch.manual_seed(seed)
    blank = 2 * torch.randn(9)
    verbalizer = [[0, 5], [3], [8, 1, 7]]
    p = blank.softmax(-1)
    sums = torch.tensor([sum(p[word].item() for word in words) for words in verbalizer])
    want, got = sums / sums.sum(), label_probs(blank, verbalizer)
    assert torch.allclose(got, want, atol=1e-5), (
        f"应当是 {want.tolist()}，现在是 {got.tolist()}：相加的是概率，不是 logit"
    )
large = label_probs(torch.tensor([300.0, 299.0, -200.0]), [[0, 2], [1]])
assert large.isfinite().all() and abs(large[0].item() - 0.7311) < 1e-3, (
    "logit 为 300 时溢出了：用 logsumexp，不要直接 exp"
)
# --8<-- [end:check]
