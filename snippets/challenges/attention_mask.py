"""改成 StreamingLLM 的掩码：除了最近 w 个，开头的 n 个 token 也一直看得见；未来仍然不许看。

Turn the sliding window into StreamingLLM's mask: besides the last w, the first n tokens stay visible for ever
(attention sinks); the future stays hidden.
"""

# --8<-- [start:task]
import torch


def sink_mask(T, w, n):
    i, j = torch.arange(T)[:, None], torch.arange(T)  # 行是查询，列是 key ‖ rows are queries, columns keys
    return (j <= i) & (i - w < j)


for row in sink_mask(8, 3, 2).tolist():
    print("".join("#" if may_look else "." for may_look in row))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def sink_mask(T, w, n):
    i, j = torch.arange(T)[:, None], torch.arange(T)
    return (j <= i) & ((i - w < j) | (j < n))  # 未来不许看，所以 & 在外面 ‖ the future stays hidden: & outside


# --8<-- [end:answer]

# --8<-- [start:check]
for T, w, n in ((8, 3, 2), (6, 1, 1), (5, 2, 0), (4, 9, 3), (7, 2, 5)):
    mask = sink_mask(T, w, n)
    assert tuple(mask.shape) == (T, T), (
        f"形状应当是 ({T}, {T})，得到 {tuple(mask.shape)} ‖ the shape should be ({T}, {T}), got {tuple(mask.shape)}"
    )
    for i in range(T):
        for j in range(T):
            may_look = bool(mask[i, j])
            assert not (may_look and j > i), (
                f"T={T}, w={w}, n={n}：位置 {i} 看到了未来的 {j} ‖ "
                f"T={T}, w={w}, n={n}: position {i} sees {j}, which is in the future"
            )
            assert may_look or not j <= i < j + w, (
                f"T={T}, w={w}, n={n}：位置 {i} 应当看得见最近 {w} 个里的 {j} ‖ "
                f"T={T}, w={w}, n={n}: position {i} should see {j}, one of the last {w}"
            )
            assert may_look or not j < min(n, i + 1), (
                f"T={T}, w={w}, n={n}：位置 {i} 应当看得见开头 {n} 个里的 {j} ‖ "
                f"T={T}, w={w}, n={n}: position {i} should see {j}, one of the first {n}"
            )
            assert not may_look or j < n or j > i - w, (
                f"T={T}, w={w}, n={n}：位置 {i} 不该看得见 {j} ‖ T={T}, w={w}, n={n}: position {i} should not see {j}"
            )
# --8<-- [end:check]
