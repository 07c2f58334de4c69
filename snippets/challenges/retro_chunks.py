r"""`chunk_to_read` 让每个位置去读自己那一块的邻居，可邻居是拿**整块**查出来的：块里前面的位置由此看到了未来。
改对它：位置 `p`（从 0 数）读**已经完整的块里最近的一块**；块在它的最后一个 token 出现时就算完整。
还没有完整的块时返回 `None`。

`chunk_to_read` lets each position read the neighbours of its own chunk, but these were found with the **whole**
chunk: its first positions see the future. Mend it: position `p` (from 0) reads **the latest chunk that is
complete**, and a chunk is complete as soon as its last token is there. Before there is one, return `None`.
"""


# --8<-- [start:task]
def chunk_to_read(p, m):  # position, tokens of a chunk -> chunk or None
    return p // m


print([chunk_to_read(p, m=4) for p in range(12)])
# --8<-- [end:task]


# --8<-- [start:answer]
def chunk_to_read(p, m):  # position, tokens of a chunk -> chunk or None
    chunk = (p - (m - 1)) // m
    return chunk if chunk >= 0 else None


print([chunk_to_read(p, m=4) for p in range(12)])
# --8<-- [end:answer]


# --8<-- [start:check]
for m in (4, 1, 2, 3, 64):
    for p in range(5 * m):
        complete = [chunk for chunk in range(6) if chunk * m + m - 1 <= p]  # its last token is at or before p
        want, got = (complete[-1] if complete else None), chunk_to_read(p, m)
        if want is None:
            assert got is None, f"m = {m}：位置 {p} 时还没有一块完整，应当返回 None，现在是 {got}"
        else:
            assert got is not None, f"m = {m}：位置 {p} 时第 {want} 块已经完整，不该是 None"
            last = got * m + m - 1
            assert last <= p, f"m = {m}：位置 {p} 读了第 {got} 块，它的最后一个 token 在 {last}，还没有出现：泄漏"
            assert got == want, f"m = {m}：位置 {p} 应当读第 {want} 块，现在是 {got}：最后一个 token 自己就能读它那块"
# --8<-- [end:check]
