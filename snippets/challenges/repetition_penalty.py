r"""`penalise` 有两处毛病：负的 logit 也做除法，反而变大了；很久以前出现过的 token 也一直受罚。改对符号，
并且只看**最近 `window` 个** token（llama.cpp 的 `repeat_last_n` 就是这样）。不要改动传进来的 `logits`。

`penalise` has two faults: it divides negative logits too, which raises them, and it punishes tokens from long
ago. Mend the sign, and look at the **last `window`** tokens alone (as `repeat_last_n` of llama.cpp does). Leave
`logits` as given.
"""

# --8<-- [start:task]
import torch


def penalise(logits, tokens, theta, window):  # (V,), (T,) -> (V,)
    seen = torch.zeros(len(logits), dtype=torch.bool)
    seen[tokens] = True
    return torch.where(seen, logits / theta, logits)


print(penalise(torch.tensor([3.0, -2.0, 1.0, -1.0]), torch.tensor([2, 0, 1]), theta=1.2, window=2))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def penalise(logits, tokens, theta, window):  # (V,), (T,) -> (V,)
    seen = torch.zeros(len(logits), dtype=torch.bool)
    seen[tokens[max(0, len(tokens) - window) :]] = True
    lower = torch.where(logits > 0, logits / theta, logits * theta)
    return torch.where(seen, lower, logits)


print(penalise(torch.tensor([3.0, -2.0, 1.0, -1.0]), torch.tensor([2, 0, 1]), theta=1.2, window=2))
# --8<-- [end:answer]


# --8<-- [start:check]
z = torch.tensor([3.0, -2.0, 1.0, -1.0])
kept = z.clone()
found = penalise(z, torch.tensor([2, 0, 1]), 1.2, 2)
assert torch.equal(z, kept), "传进来的 logits 被改动了 ‖ the logits that were given have been changed"
assert found[1] < -2.0, (
    f"-2 出现过，应当变得更小（-2.4），现在是 {found[1].item():.2f}：负数要乘 ‖ "
    f"-2 was used and should become smaller (-2.4), got {found[1].item():.2f}: multiply what is negative"
)
assert abs(found[0].item() - 2.5) < 1e-5, (
    f"3 应当除以 1.2 得 2.5，现在是 {found[0].item():.2f} ‖ "
    f"3 should be divided by 1.2 to 2.5, got {found[0].item():.2f}"
)
assert found[2] == 1.0, (
    "token 2 是三步以前的，窗口是 2，不该受罚 ‖ token 2 is three steps back and the window is 2: no penalty"
)
assert found[3] == -1.0, "没有出现过的 token 不该变 ‖ tokens that were not used should not change"
assert torch.allclose(penalise(z, torch.tensor([1, 1, 1]), 2.0, 9)[1], torch.tensor(-4.0)), (
    "出现三次与一次罚得一样多 ‖ used three times costs as much as once"
)
assert torch.equal(penalise(z, torch.tensor([0, 1]), 1.5, 0), z), (
    "窗口为 0 时谁也不罚（小心 tokens[-0:] 是全部） ‖ a window of 0 penalizes nobody (tokens[-0:] is all of them)"
)
empty = torch.zeros(0, dtype=torch.long)
assert torch.equal(penalise(z, empty, 1.5, 4), z), "还没有 token 时什么也不变 ‖ without tokens nothing changes"
for seed in range(20):
    torch.manual_seed(seed)
    logits, tokens = 3 * torch.randn(9), torch.randint(9, (12,))
    for theta, window in ((1.3, 4), (0.8, 12), (2.0, 30)):
        recent = set(tokens.tolist()[max(0, 12 - window) :])
        values = enumerate(logits.tolist())
        want = torch.tensor([v if i not in recent else v / theta if v > 0 else v * theta for i, v in values])
        got = penalise(logits, tokens, theta, window)
        assert torch.allclose(got, want, atol=1e-5), (
            f"theta = {theta}、window = {window} 时不对 ‖ wrong for theta = {theta}, window = {window}"
        )
# --8<-- [end:check]
