r"""训练时第 $k$ 个模块在位置 $i$ 接的是第 $i+k$ 个 token 的嵌入，预测第 $i+k+1$ 个。`pairs` 对每个 $k$ 都只移了一位，
于是第二个模块接的、要预测的都错了。改成对任何 $k$ 都对：返回接的 token 与要预测的 token，只留两者都在句内的位置。

In training, module $k$ at position $i$ takes the embedding of token $i + k$ and predicts token $i + k + 1$. `pairs`
shifts by one for every $k$. Make it right for each: what goes in and what is to be predicted, at the positions where
both are inside the sequence.
"""

# --8<-- [start:task]
import torch


def pairs(t, k):  # t (B, T) -> what goes in, what is to be predicted
    return t[:, 1:-1], t[:, 2:]


t = torch.tensor([[10, 11, 12, 13, 14, 15]])
for k in (1, 2, 3):
    print(k, *(one.tolist() for one in pairs(t, k)))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def pairs(t, k):  # t (B, T) -> what goes in, what is to be predicted
    return t[:, k:-1], t[:, k + 1 :]


t = torch.tensor([[10, 11, 12, 13, 14, 15]])
for k in (1, 2, 3):
    print(k, *(one.tolist() for one in pairs(t, k)))
# --8<-- [end:answer]

# --8<-- [start:check]
for T in (3, 6, 9):
    t = torch.arange(2 * T).view(2, T) + 100
    for k in range(1, T - 1):
        taken, wanted = pairs(t, k)
        inside = range(T - k - 1)
        expected = [[row[i + k].item() for i in inside] for row in t]
        assert taken.tolist() == expected, (
            f"T = {T}，k = {k}：接的应当是 {expected}，现在是 {taken.tolist()} ‖ "
            f"T = {T}, k = {k}: what goes in should be {expected}, and is {taken.tolist()}"
        )
        expected = [[row[i + k + 1].item() for i in inside] for row in t]
        assert wanted.tolist() == expected, (
            f"T = {T}，k = {k}：要预测的应当是 {expected}，现在是 {wanted.tolist()} ‖ "
            f"T = {T}, k = {k}: what is predicted should be {expected}, and is {wanted.tolist()}"
        )
# --8<-- [end:check]
