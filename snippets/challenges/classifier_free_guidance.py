r"""`next_distribution` 先把两路各自截到前 `k` 个，再做引导：负无穷减负无穷成了 NaN，
而且被一路截掉的 token 再也回不来。把顺序改对：先引导，再截断，最后返回归一化的概率。

`next_distribution` cuts each side to its top `k` first and guides afterwards: minus infinity less itself is
NaN, and a token that one side cut can never come back. Put it in order: guide first, cut then, and return
normalised probabilities.
"""

# --8<-- [start:task]
import torch


def next_distribution(logits, negative_logits, gamma, k):  # (V,), (V,) -> (V,)
    sides = []
    for z in (logits, negative_logits):
        sides.append(z.masked_fill(z < z.topk(k).values[-1], -torch.inf).log_softmax(-1))
    guided = sides[1] + gamma * (sides[0] - sides[1])
    return guided.exp()


print(next_distribution(torch.tensor([2.0, 1.0, 1.5, -1.0]), torch.tensor([2.0, 1.0, 0.5, -1.0]), 3.0, 2))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def next_distribution(logits, negative_logits, gamma, k):  # (V,), (V,) -> (V,)
    with_prompt, without = logits.log_softmax(-1), negative_logits.log_softmax(-1)
    guided = without + gamma * (with_prompt - without)
    guided = guided.masked_fill(guided < guided.topk(k).values[-1], -torch.inf)
    return guided.softmax(-1)


print(next_distribution(torch.tensor([2.0, 1.0, 1.5, -1.0]), torch.tensor([2.0, 1.0, 0.5, -1.0]), 3.0, 2))
# --8<-- [end:answer]


# --8<-- [start:check]
found = next_distribution(torch.tensor([2.0, 1.0, 1.5, -1.0]), torch.tensor([2.0, 1.0, 0.5, -1.0]), 3.0, 2)
assert not found.isnan().any(), "结果里有 NaN：截断要放在引导之后"
by_hand = next_distribution(torch.tensor([0.5, 0.5]).log(), torch.tensor([0.8, 0.2]).log(), 2.0, 2)
assert torch.allclose(by_hand.sum(), torch.tensor(1.0)), "概率之和不是 1：引导之后要再做一次 softmax"
assert torch.allclose(by_hand, torch.tensor([0.2, 0.8])), f"p² / p̄ 归一后是 (0.2, 0.8)，现在是 {by_hand.tolist()}"
for seed in range(30):
    torch.manual_seed(seed)
    logits, negative = 3 * torch.randn(2, 12)
    for gamma, k in ((0.0, 12), (1.0, 4), (1.5, 5), (3.0, 3), (5.0, 1)):
        probs = next_distribution(logits, negative, gamma, k)
        assert int((probs > 0).sum()) == k, f"k = {k} 时应当留下 {k} 个 token，现在是 {int((probs > 0).sum())} 个"
        ratio = logits.softmax(-1) ** gamma * negative.softmax(-1) ** (1 - gamma)  # what guidance is proportional to
        want = torch.where(ratio >= ratio.topk(k).values[-1], ratio, 0.0)
        want = want / want.sum()
        assert torch.allclose(probs, want, atol=1e-4), (
            f"gamma = {gamma}、k = {k} 时分布不对：留下的应当是引导之后最大的 {k} 个"
        )
# --8<-- [end:check]
