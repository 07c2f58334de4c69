r"""`search` 是贪心：每步只留一条，`K` 没有用上。把它改成束搜索：每步把 `K` 条候选各扩展到全部 token，
在**所有**扩展里留下总对数概率最高的 `K` 条。返回 `K` 条（不够就有几条算几条），好的在前。

`search` is greedy: it keeps one sequence and does not use `K`. Make it beam search: extend each of the `K` by
every token, and keep the `K` best of **all** the extensions by their sum of log-probabilities. Return them, the
best first (fewer than `K` if there are no more).
"""

# --8<-- [start:task]
import torch


def search(logps, start, steps, K):  # logps: (V, V), row a holds log p(next | a)
    tokens, total = [start], 0.0
    for _ in range(steps):
        best = int(logps[tokens[-1]].argmax())
        total += logps[tokens[-1], best].item()
        tokens.append(best)
    return [(tokens[1:], total)]  # [(new tokens, sum of log-probabilities)]


table = torch.tensor([[0.05, 0.5, 0.4, 0.05], [0.4, 0.2, 0.2, 0.2], [0.9, 0.05, 0.03, 0.02], [0.25] * 4])
print(search(table.log(), start=0, steps=2, K=2))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def search(logps, start, steps, K):  # logps: (V, V), row a holds log p(next | a)
    beams = [([start], 0.0)]
    for _ in range(steps):
        longer = [
            ([*tokens, token], total + logp)
            for tokens, total in beams
            for token, logp in enumerate(logps[tokens[-1]].tolist())
        ]
        beams = sorted(longer, key=lambda beam: -beam[1])[:K]
    return [(tokens[1:], total) for tokens, total in beams]


table = torch.tensor([[0.05, 0.5, 0.4, 0.05], [0.4, 0.2, 0.2, 0.2], [0.9, 0.05, 0.03, 0.02], [0.25] * 4])
print(search(table.log(), start=0, steps=2, K=2))
# --8<-- [end:answer]


# --8<-- [start:check]
import itertools

from snippets.beam_search import beam_search

found = search(table.log(), 0, 2, 2)
assert [int(t) for t in found[0][0]] == [2, 0], (
    f"宽度 2 应当找到 [2, 0]（概率 0.36），现在最好的是 {found[0][0]} ‖ "
    f"a width of 2 should find [2, 0] (probability 0.36), the best found is {found[0][0]}"
)
assert len(found) == 2, (
    f"宽度 2 应当返回 2 条，现在是 {len(found)} 条 ‖ a width of 2 should return 2 sequences, got {len(found)}"
)
assert len(search(table.log(), 0, 1, 50)) == 4, (
    "一步只有 4 种扩展：K = 50 时返回 4 条 ‖ one step has only 4 extensions: with K = 50 return 4"
)
for seed in range(6):
    torch.manual_seed(seed)
    logps = (torch.randn(6, 6) - 30 * torch.ones(6, 6).tril()).log_softmax(-1)  # no circles: no two paths are equal
    sums = {
        path: sum(logps[a, b].item() for a, b in zip((0, *path), path, strict=False))
        for path in itertools.product(range(6), repeat=3)
    }
    wide = search(logps, 0, 3, 216)
    assert tuple(map(int, wide[0][0])) == max(sums, key=sums.get), (
        "K 足够大时，束搜索就是穷举：第一名应当是全局最优 ‖ "
        "with K large enough beam search is exhaustive: the first should be the global best"
    )
    for K in (1, 2, 3, 5):
        want = beam_search(logps.__getitem__, torch.tensor([0]), K, steps=3, alpha=0.0)
        got = search(logps, 0, 3, K)
        assert len(got) == len(want), (
            f"K = {K} 时应当返回 {len(want)} 条，现在是 {len(got)} 条 ‖ "
            f"K = {K} should return {len(want)} sequences, got {len(got)}"
        )
        same = [list(map(int, tokens)) for tokens, _ in got] == [tokens for tokens, _ in want]
        assert same, (
            f"K = {K}：应当是 {want[0][0]} 等，现在是 {got[0][0]} 等；每步都要在全部扩展里只留 K 条，并从好到差排 ‖ "
            f"K = {K}: expected {want[0][0]} first, got {got[0][0]}; keep the best K of all extensions "
            "at each step, best first"
        )
        assert all(abs(a[1] - b[1]) < 1e-4 for a, b in zip(got, want, strict=True)), (
            "总对数概率不对 ‖ the total log-probability is wrong"
        )
# --8<-- [end:check]
