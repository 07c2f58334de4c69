r"""分多少段、每段几个，要由想抓的相似度来定。`choose` 总是给出 16 段、每段 8 个。改成：
在 `b * r == size` 的所有 `(b, r)` 里，
取 S 形曲线 $1-(1-s^r)^b$ 的拐点 $(1/b)^{1/r}$ 离 `threshold` 最近的一个。

How many bands of how many rows depends on the similarity to be caught; `choose` always says 16 of 8. Of all
`(b, r)` with `b * r == size`, take the one whose turning point $(1/b)^{1/r}$ of the curve $1-(1-s^r)^b$ is
nearest to `threshold`.
"""


# --8<-- [start:task]
def choose(size, threshold):  # -> (bands, rows)
    return 16, 8


for threshold in (0.3, 0.5, 0.8):
    bands, rows = choose(128, threshold)
    print(threshold, (bands, rows), round(1 - (1 - threshold**rows) ** bands, 2))
# --8<-- [end:task]


# --8<-- [start:answer]
def choose(size, threshold):  # -> (bands, rows)
    ways = [(size // rows, rows) for rows in range(1, size + 1) if size % rows == 0]
    return min(ways, key=lambda way: abs((1 / way[0]) ** (1 / way[1]) - threshold))


for threshold in (0.3, 0.5, 0.8):
    bands, rows = choose(128, threshold)
    print(threshold, (bands, rows), round(1 - (1 - threshold**rows) ** bands, 2))
# --8<-- [end:answer]


# --8<-- [start:check]
for size in (128, 60, 7, 1):
    ways = [(b, size // b) for b in range(1, size + 1) if size % b == 0]
    for threshold in (0.05, 0.2, 0.3, 0.42, 0.5, 0.66, 0.8, 0.9, 0.99):
        way = tuple(choose(size, threshold))
        assert way[0] * way[1] == size, f"size = {size}：{way[0]} 段、每段 {way[1]} 个，乘起来不是 {size}"
        assert way in ways, f"段数与每段的个数都要是正整数，现在是 {way}"
        away = {(b, r): abs((1 / b) ** (1 / r) - threshold) for b, r in ways}
        best = min(ways, key=away.get)
        assert away[way] <= away[best] + 1e-9, f"size = {size}、threshold = {threshold}：应当是 {best}，现在是 {way}"
# --8<-- [end:check]
