r"""手写 top-p 最常见的错：把累加概率超过 $p$ 的都删掉，连跨过 $p$ 的那一个也删了，
最大的概率本身就超过 $p$ 时一个也不剩。改对它：留下从大到小累加、刚达到 `p` 的**最小**集合，
其余的 logit 设为 $-\infty$。要能处理一批：`(B, V)`。

The usual mistake of a hand-written top-p: everything past $p$ is cut, the token that crosses $p$ too, and
nothing is left where the likeliest alone holds more. Mend it: keep the **smallest** set of likeliest tokens
whose probabilities reach `p`, and set the other logits to $-\infty$, for a batch `(B, V)`.
"""

# --8<-- [start:task]
import torch


def top_p(logits, p):  # (B, V) -> (B, V)
    ranked = logits.softmax(dim=-1).sort(dim=-1, descending=True)  # .values and .indices
    cut = ranked.values.cumsum(dim=-1) > p
    return logits.masked_fill(cut, -torch.inf)


print(top_p(torch.tensor([[0.15, 0.5, 0.05, 0.3]]).log(), 0.7).softmax(-1))  # 0.5 and 0.3 should stay
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def top_p(logits, p):  # (B, V) -> (B, V)
    ranked = logits.softmax(dim=-1).sort(dim=-1, descending=True)  # .values and .indices
    cut = ranked.values.cumsum(dim=-1) - ranked.values >= p  # the likelier ones hold enough already
    return logits.masked_fill(cut.gather(-1, ranked.indices.argsort(dim=-1)), -torch.inf)


print(top_p(torch.tensor([[0.15, 0.5, 0.05, 0.3]]).log(), 0.7).softmax(-1))  # 0.5 and 0.3 should stay
# --8<-- [end:answer]


# --8<-- [start:check]
def stay(probabilities, p):
    """Which tokens of one row are left."""
    left = top_p(torch.tensor([probabilities]).log(), p)
    assert left.shape == (1, len(probabilities)), (
        f"形状应当不变，现在是 {tuple(left.shape)} ‖ the shape should stay, got {tuple(left.shape)}"
    )
    return {at for at in range(len(probabilities)) if left[0, at] > -torch.inf}


assert stay([0.9, 0.06, 0.04], 0.5), (
    "一个都不剩了：最大的概率 0.9 已经超过 0.5，它自己必须留下 ‖ "
    "none is left: the largest has 0.9, more than 0.5, and must stay"
)
assert stay([0.9, 0.06, 0.04], 0.5) == {0}, "0.9 一个就够了 ‖ 0.9 alone is enough"
found = stay([0.5, 0.3, 0.15, 0.05], 0.7)
assert found != {0}, "0.5 还不到 0.7：跨过 0.7 的 0.3 也要留下 ‖ 0.5 is not 0.7 yet: the 0.3 that crosses it stays too"
assert found == {0, 1}, (
    f"应当留下 0.5 与 0.3，现在留下第 {sorted(found)} 个 ‖ 0.5 and 0.3 should stay, got number {sorted(found)}"
)
found = stay([0.05, 0.3, 0.15, 0.5], 0.7)
assert found == {1, 3}, (
    f"概率没有从大到小排时删错了 token（留下 {sorted(found)}）：名次要换回原来的位置 ‖ "
    f"wrong tokens go where probabilities are unsorted (left: {sorted(found)}): ranks must return to their places"
)
assert stay([0.4, 0.35, 0.25], 0.999) == {0, 1, 2}, "p 接近 1 时全部留下 ‖ with p near 1 all stay"
torch.manual_seed(8)
logits = 2 * torch.randn(40, 15)
for p in (0.1, 0.5, 0.9):
    left = top_p(logits, p)
    for row, probs in zip(left, logits.softmax(-1).tolist(), strict=True):
        order, want, held = sorted(range(15), key=lambda at: -probs[at]), set(), 0.0
        for at in order:
            if held >= p:
                break
            want.add(at)
            held += probs[at]
        got = {at for at in range(15) if row[at] > -torch.inf}
        assert got == want, (
            f"p = {p}：最小的集合有 {len(want)} 个 token，现在留下 {len(got)} 个 ‖ "
            f"p = {p}: the smallest set has {len(want)} tokens, got {len(got)}"
        )
    assert torch.equal(left[left > -torch.inf], logits[left > -torch.inf]), (
        "留下的 logit 不该改变 ‖ the logits that stay should not change"
    )
# --8<-- [end:check]
