"""带缓存解码时，T 个查询是 S 个位置里的最后 T 个。现在的 bias 把它们当成了最前面的 T 个；改到对。

With a cache, the T queries are the last T of S positions. This bias takes them for the first T; put it right.
"""

# --8<-- [start:task]
import torch


def bias(m, T, S):  # m 是斜率，(H,)；返回 (H, T, S) ‖ m: slopes (H,); (H, T, S) comes out
    distance = torch.arange(T)[:, None] - torch.arange(S)
    return (-m[:, None, None] * distance).masked_fill(distance < 0, -torch.inf)


print(bias(torch.tensor([0.5]), T=2, S=5))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def bias(m, T, S):
    distance = torch.arange(S - T, S)[:, None] - torch.arange(S)  # 最后一个对齐 ‖ aligned at the end
    return (-m[:, None, None] * distance).masked_fill(distance < 0, -torch.inf)


# --8<-- [end:answer]

# --8<-- [start:check]
slopes = torch.tensor([0.5, 0.25, 0.0625])
for T, S in ((2, 5), (1, 4), (3, 3), (4, 9)):
    result = bias(slopes, T, S)
    assert tuple(result.shape) == (3, T, S), (
        f"形状应当是 (3, {T}, {S})，得到 {tuple(result.shape)} ‖ "
        f"the shape should be (3, {T}, {S}), got {tuple(result.shape)}"
    )
    for h, m in enumerate(slopes.tolist()):
        for i in range(T):
            at = S - T + i  # 第 i 个查询站在哪里
            for j in range(S):
                expected = -m * (at - j) if j <= at else -torch.inf
                found = result[h, i, j].item()
                assert found == expected, (
                    f"T={T}, S={S}：位置 {at} 的查询对位置 {j} 应当是 {expected}，得到 {found} ‖ "
                    f"T={T}, S={S}: the query at {at} should give position {j} a bias of {expected}, got {found}"
                )
# --8<-- [end:check]
