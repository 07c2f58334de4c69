"""`RollingCache` 一次只收一个位置。写 `held`：读入 `length` 个位置之后，`sinks + window` 个槽里各是第几个位置
（还空着的槽是 -1），不许一个一个地走过所有位置：`length` 可能是一千亿。

`RollingCache` takes one position at a time. Write `held`: after `length` positions, which position stands in each of
the `sinks + window` slots (-1 where a slot is still empty), without walking through all of them: `length` may be a
hundred billion.
"""


# --8<-- [start:task]
def held(length, window, sinks):
    slots = [-1] * (sinks + window)
    for position in range(min(length, sinks + window)):  # 只对还没有绕回来的时候对 ‖ right until it wraps around
        slots[position] = position
    return slots


print(held(9, window=4, sinks=2))
# --8<-- [end:task]


# --8<-- [start:answer]
def held(length, window, sinks):
    slots = [-1] * (sinks + window)
    for position in range(min(length, sinks)):
        slots[position] = position
    for position in range(max(sinks, length - window), length):
        slots[sinks + (position - sinks) % window] = position
    return slots


print(held(9, window=4, sinks=2))
# --8<-- [end:answer]

# --8<-- [start:check]
import torch

from snippets.sliding_window_attention import RollingCache

assert held(3, 4, 2) == [0, 1, 2, -1, -1, -1], "还没填满时，后面的槽是 -1"
assert held(7, 4, 2) == [0, 1, 6, 3, 4, 5], f"第 6 个位置应当盖掉第 2 个（不是第 0 个），现在是 {held(7, 4, 2)}"
assert held(10**11, 4, 2)[:2] == [0, 1], "最前面的 sinks 个永远不动"
for window, sinks in ((4, 2), (3, 0), (1, 1)):
    cache = RollingCache(window, sinks)
    for length in range(1, 15):
        cache.append(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1))
        want = cache.held + [-1] * (sinks + window - len(cache.held))
        found = held(length, window, sinks)
        assert found == want, f"length={length}、window={window}、sinks={sinks}：应当是 {want}，现在是 {found}"
assert sorted(held(10**11, 4, 2)[2:]) == list(range(10**11 - 4, 10**11)), "留下的应当是最后 window 个"
# --8<-- [end:check]
