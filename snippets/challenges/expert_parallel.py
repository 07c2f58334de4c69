r"""`plan` 按 token 的顺序一个一个塞，第二志愿可能抢在别人的第一志愿前面。改成：**所有的第一志愿先排，再排第二志愿**，
同一志愿里按 token 的先后；每个专家至多收 `capacity` 个。返回布尔的 `(N, k)`：哪些进去了。

`plan` seats token after token, so that a second choice may be seated before somebody's first. Seat **all first choices
before the second ones**, and earlier tokens before later ones; each expert takes `capacity` at most. Return bool
`(N, k)`: which were seated.
"""

# --8<-- [start:task]
import torch


def plan(experts, num_experts, capacity):  # (N, k) -> bool (N, k)
    room = [capacity] * num_experts
    seated = torch.zeros_like(experts, dtype=torch.bool)
    for n, choices in enumerate(experts.tolist()):
        for j, e in enumerate(choices):
            seated[n, j] = room[e] > 0
            room[e] -= 1
    return seated


print(plan(torch.tensor([[0, 1], [1, 0], [1, 2]]), 3, capacity=1))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def plan(experts, num_experts, capacity):  # (N, k) -> bool (N, k)
    room = [capacity] * num_experts
    seated = torch.zeros_like(experts, dtype=torch.bool)
    for j in range(experts.shape[1]):
        for n, e in enumerate(experts[:, j].tolist()):
            seated[n, j] = room[e] > 0
            room[e] -= 1
    return seated


print(plan(torch.tensor([[0, 1], [1, 0], [1, 2]]), 3, capacity=1))
# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.expert_parallel import dispatch_plan

found = plan(torch.tensor([[0, 1], [1, 0], [1, 2]]), 3, capacity=1)
assert found.dtype == torch.bool and found.shape == (3, 2), "返回布尔的 (N, k) ‖ return bool (N, k)"
assert found[:, 0].tolist() == [True, True, False], (
    "第二个 token 的第一志愿是专家 1，应当排在第一个 token 的第二志愿之前 ‖ the second token's first choice is "
    "expert 1: it comes before the first token's second choice"
)
assert found[:, 1].tolist() == [False, False, True], (
    "第一志愿排完之后，只有专家 2 还有位子 ‖ when all first choices are seated, expert 2 alone has room"
)
torch.manual_seed(0)
for capacity in (0, 1, 3, 100):
    experts = torch.stack([torch.randperm(5)[:2] for _ in range(12)])
    there = dispatch_plan(experts, 5, capacity)
    expected = torch.zeros(12, 2, dtype=torch.bool)
    expected[there.tokens, there.choices] = True
    assert torch.equal(plan(experts, 5, capacity), expected), (
        f"capacity = {capacity} 时不对 ‖ wrong for a capacity of {capacity}"
    )
# --8<-- [end:check]
