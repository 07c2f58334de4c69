"""A paged KV cache: a block table, growth block by block, and names for prefixes."""

from torch import Tensor


def append(memory: Tensor, table: list[int], free: list[int], t: int, k: Tensor) -> None:
    b = memory.shape[1]
    if t % b == 0:  # 上一块满了，要一块新的，哪一块都行 ‖ the last block is full: take any free one
        table.append(free.pop(0))
    memory[table[t // b], t % b] = k  # slot(t) = table[⌊t/b⌋]·b + t mod b ‖ slot(t) = table[⌊t/b⌋]·b + t mod b


def read(memory: Tensor, table: list[int], t: int) -> Tensor:
    return memory[table].flatten(0, 1)[:t]  # 按表取出，就和连续的一样 ‖ gathered by the table: as if contiguous


def names(tokens: list[int], b: int) -> list[int]:
    name, out = 0, []
    for i in range(0, len(tokens) - b + 1, b):  # 只给满块起名 ‖ full blocks alone
        name = hash((name, *tokens[i : i + b]))  # 名字里含着前面的一切 ‖ the name holds all that came before
        out.append(name)
    return out
