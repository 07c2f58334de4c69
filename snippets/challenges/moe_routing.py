"""每个专家只收先到的 capacity 个 token，后来的丢弃（直接走残差）。写 kept：哪些 token 留下。

An expert has room for `capacity` tokens only: those that come first; later ones are dropped (they take the residual
alone). Write kept: which tokens stay.
"""

# --8<-- [start:task]
import torch


def kept(experts, E, capacity):  # (N,)，每个 token 的专家；返回 bool (N,) ‖ each token's expert; bool (N,) comes out
    return torch.ones(len(experts), dtype=torch.bool)


experts = torch.tensor([0, 2, 0, 0, 1, 2, 0, 2])
print(kept(experts, E=3, capacity=2))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def kept(experts, E, capacity):
    chose = experts[:, None] == torch.arange(E)  # (N, E)
    place = chose.long().cumsum(dim=0)  # 到这里为止，每个专家收了几个 ‖ how many each expert has so far
    return (chose & (place <= capacity)).any(dim=-1)


# --8<-- [end:answer]

# --8<-- [start:check]
for N, E, capacity in ((8, 3, 2), (20, 4, 3), (10, 2, 10), (6, 3, 0), (30, 3, 7)):
    experts = torch.randint(E, (N,))
    result = kept(experts, E, capacity)
    assert tuple(result.shape) == (N,), (
        f"应当是每个 token 一个 True 或 False，形状 ({N},)，得到 {tuple(result.shape)} ‖ "
        f"one True or False for each token, of shape ({N},), got {tuple(result.shape)}"
    )
    taken = [0] * E
    for at, expert in enumerate(experts.tolist()):
        stays = taken[expert] < capacity
        taken[expert] += stays
        wrong = "应当留下" if stays else "应当丢弃"
        assert bool(result[at]) == stays, (
            f"专家 {experts.tolist()}，容量 {capacity}：第 {at} 个 token {wrong} ‖ "
            f"experts {experts.tolist()}, capacity {capacity}: token {at} is wrong"
        )
# --8<-- [end:check]
