"""`steps` 是静态批处理：一批全部写完才换下一批。把它改成连续批处理：每一步，写完的离开，
等着的按先来后到补进空位。返回一共走了多少步（每步给在场的每个请求写一个 token）。

`steps` batches statically: the next batch waits until all of this one have finished. Make it continuous: at every step
those who have finished leave, and those who wait take their places in order. Return how many steps it takes
(a step writes one token for everybody in the batch).
"""


# --8<-- [start:task]
def steps(lengths, places):
    total = 0
    for start in range(0, len(lengths), places):
        total += max(lengths[start : start + places])
    return total


print(steps([5, 1, 1, 1, 1, 1], places=2))
# --8<-- [end:task]


# --8<-- [start:answer]
def steps(lengths, places):
    waiting, running, total = list(lengths), [], 0
    while waiting or running:
        while waiting and len(running) < places:
            running.append(waiting.pop(0))
        running = [left - 1 for left in running if left > 1]
        total += 1
    return total


print(steps([5, 1, 1, 1, 1, 1], places=2))
# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.continuous_batching import Request, Scheduler, serve

lengths = [5, 1, 1, 1, 1, 1]
assert steps(lengths, 2) == 5, f"5 写着的时候，五个 1 轮流用另一个位置：应当是 5 步，现在是 {steps(lengths, 2)}"
assert lengths == [5, 1, 1, 1, 1, 1], "不要改动传进来的列表"
assert steps([3], 4) == 3, "只有一个请求时，就是它自己的长度"
assert steps([], 2) == 0, "没有请求时是 0 步"
assert steps([2, 2, 2], 3) == 2, "位置够时大家一起写完"
for places in (1, 2, 3):
    mixed = [4, 9, 1, 7, 2, 2, 6, 1]
    want = len(serve([Request([1], n) for n in mixed], Scheduler(places, places), lambda s: [0] * len(s)))
    assert steps(mixed, places) == want, f"{places} 个位置时应当是 {want} 步，现在是 {steps(mixed, places)}"
# --8<-- [end:check]
