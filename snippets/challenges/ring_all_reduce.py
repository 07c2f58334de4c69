"""小消息怕的是轮数：环要 2(N−1) 轮。用递归倍增，让 N = 2^k 张卡在 k 轮内都得到总和：每一轮与一个伙伴互换当前的和。
只能通过 `exchange` 拿到别人的数；第 i 张卡只能用第 i 个位置上的数。

Small messages fear rounds, and the ring takes 2(N−1). Let N = 2^k ranks have the sum in k rounds by recursive
doubling: each round they swap their sums with a partner. Only `exchange` brings other ranks' numbers, and rank i may
use place i alone.
"""

# --8<-- [start:task]
rounds = 0


def exchange(values, partners):
    """One round: rank `i` receives the number of rank `partners[i]`."""
    global rounds
    rounds += 1
    return [values[partner] for partner in partners]


def all_reduce(values):
    """One number a rank to the sum, for every rank: now round the ring, one place at a time."""
    N, sums, passing = len(values), list(values), list(values)
    for _ in range(N - 1):
        passing = exchange(passing, [(i - 1) % N for i in range(N)])
        sums = [a + b for a, b in zip(sums, passing, strict=True)]
    return sums


print(all_reduce([1, 2, 3, 4, 5, 6, 7, 8]), "in", rounds, "rounds")
# --8<-- [end:task]


# --8<-- [start:answer]
def all_reduce(values):
    """One number a rank to the sum, for every rank: the partner's number differs in one bit."""
    N, sums, distance = len(values), list(values), 1
    while distance < N:
        received = exchange(sums, [i ^ distance for i in range(N)])
        sums = [a + b for a, b in zip(sums, received, strict=True)]
        distance *= 2
    return sums


# --8<-- [end:answer]

# --8<-- [start:check]
made = []


def exchange(values, partners):
    assert len(values) == len(partners), "每张卡恰好一个伙伴 ‖ each device should have exactly one partner"
    assert sorted(partners) == list(range(len(values))), (
        "一轮里，每张卡只能发给一张卡 ‖ in a round a device sends to one device only"
    )
    made.append(partners)
    return [values[partner] for partner in partners]


for k in (0, 1, 2, 3, 5):
    made.clear()
    numbers = [float(3**i % 101) for i in range(2**k)]
    sums = all_reduce(list(numbers))
    assert len(sums) == 2**k and all(abs(s - sum(numbers)) < 1e-6 for s in sums), (
        f"{2**k} 张卡：各卡应都得到 {sum(numbers)}，现在是 {sums} ‖ "
        f"{2**k} devices: each should get {sum(numbers)}, got {sums}"
    )
    assert len(made) == k, (
        f"{2**k} 张卡用了 {len(made)} 轮，应是 {k} 轮：第 r 轮的伙伴是 i 异或 2^r ‖ "
        f"{2**k} devices took {len(made)} rounds, expected {k}: in round r the partner is i xor 2^r"
    )
# --8<-- [end:check]
