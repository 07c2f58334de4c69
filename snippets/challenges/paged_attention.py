"""两个样本共用一个提示的块，一个往后写，另一个的内容就被改坏了。给 `write` 加上写时复制：要写的块若还有别人在用，
先拿一个空块，复制内容，换掉自己表里的那一项，并把两块的引用计数改对。没人共用时不许复制。

Two samples share the blocks of a prompt; one goes on writing, and the other's content is spoilt. Give `write` copy-
on-write: if others use the block, take a free one, copy the content, put it into your own table, and keep both counts
of users right. Without sharing, nothing may be copied.
"""

# --8<-- [start:task]
BLOCK = 4


class Memory:
    def __init__(self, blocks):
        self.data = [[None] * BLOCK for _ in range(blocks)]
        self.users = [0] * blocks  # tables that hold the block
        self.free = list(range(blocks))

    def take(self):
        block = self.free.pop(0)
        self.users[block] = 1
        return block


def write(memory, table, length, token):
    """Put a token at position `length` of a sequence; `table` is the list of its blocks."""
    if length % BLOCK == 0:
        table.append(memory.take())
    memory.data[table[-1]][length % BLOCK] = token


# --8<-- [end:task]


# --8<-- [start:answer]
BLOCK = 4


class Memory:
    def __init__(self, blocks):
        self.data = [[None] * BLOCK for _ in range(blocks)]
        self.users = [0] * blocks  # tables that hold the block
        self.free = list(range(blocks))

    def take(self):
        block = self.free.pop(0)
        self.users[block] = 1
        return block


def write(memory, table, length, token):
    """Put a token at position `length` of a sequence; `table` is the list of its blocks."""
    if length % BLOCK == 0:
        table.append(memory.take())
    elif memory.users[table[-1]] > 1:
        old, new = table[-1], memory.take()
        memory.data[new] = list(memory.data[old])
        memory.users[old] -= 1
        table[-1] = new
    memory.data[table[-1]][length % BLOCK] = token


# --8<-- [end:answer]


# --8<-- [start:check]
def read(memory, table, length):
    return [memory.data[table[t // BLOCK]][t % BLOCK] for t in range(length)]


memory, first = Memory(8), []
for t in range(6):
    write(memory, first, t, t)
assert read(memory, first, 6) == list(range(6)), (
    "没有共用时，写进去的应当原样读出来 ‖ without sharing, what was written should be read back"
)
assert first == [0, 1] and len(memory.free) == 6, (
    "没有共用，不该复制：6 个 token 只要两块 ‖ without sharing nothing should be copied: 6 tokens need two blocks"
)
second, third = list(first), list(first)
for block in first:
    memory.users[block] += 2
write(memory, second, 6, "b")
assert read(memory, first, 6) == list(range(6)) and read(memory, third, 6) == list(range(6)), (
    "别人的内容被改了 ‖ somebody else's content was changed"
)
assert read(memory, second, 7) == [0, 1, 2, 3, 4, 5, "b"], (
    "复制时要带上块里原有的内容 ‖ a copy should have what the block held"
)
assert second[0] == 0, "满了的块不会再被写，应当继续共用 ‖ a full block is never written again and should stay shared"
assert second[1] not in first, (
    "要写的块有别人在用，应当换成自己的一块 ‖ the block to write is in use by others: take one of one's own"
)
assert memory.users[0] == 3 and memory.users[1] == 2 and memory.users[second[1]] == 1, (
    f"引用计数不对：{memory.users}；旧块少一个人用，新块一个人用 ‖ "
    f"the reference counts are wrong: {memory.users}; the old block has one user less, the new one has one"
)
write(memory, third, 6, "c")
write(memory, first, 6, "a")
assert [read(memory, table, 7)[-1] for table in (first, second, third)] == ["a", "b", "c"], (
    "三个样本应各写各的 ‖ three samples should write to their own blocks"
)
assert len(memory.free) == 4, (
    "最后一个用的人不必再复制：它已经独占了 ‖ the last user need not copy: the block is his alone"
)
write(memory, first, 7, "d")
write(memory, first, 8, "e")
assert read(memory, first, 9)[-3:] == ["a", "d", "e"] and len(memory.free) == 3, (
    "写满之后照常要一块新的 ‖ a full block is followed by a new one as before"
)
third_count = list(memory.users)
fourth = list(first)
for block in first:
    memory.users[block] += 1
write(memory, fourth, 9, "f")
assert read(memory, first, 9)[-1] == "e" and memory.users[first[0]] == third_count[first[0]] + 1, (
    "再分一次叉也要对 ‖ a second fork should work too"
)
# --8<-- [end:check]
