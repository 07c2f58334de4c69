r"""Paged attention: the KV cache in blocks, with sharing

A server does not know how long an answer will be. Reserving room for the longest wastes most of it; growing one piece
means copying. Paging does as operating systems do: memory is divided into blocks of a few tokens, a sequence keeps a
table of the blocks that hold its tokens, and any free block will do. What sequences have in common, a system prompt or
the start of several samples, is one block in several tables; who writes into a shared block copies it first.

$$
\mathrm{slot}(t) = \mathrm{table}[\lfloor t / b \rfloor] \cdot b + t \bmod b, \qquad
\text{waste} \le b - 1 \text{ tokens a sequence}, \qquad
\mathrm{hash}_i = \mathrm{hash}(\mathrm{hash}_{i-1}, \text{tokens of block } i)
$$

Paper: [PagedAttention](https://arxiv.org/abs/2309.06180), section 4; prefixes as in
[vLLM](https://docs.vllm.ai/en/latest/design/prefix_caching.html).

Letters: `b` tokens of a block, `H` heads, `G` key/value heads, `D` head width, `T` new tokens, `S` tokens in all.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
@dataclass
class Table:
    """Where a sequence's tokens lie: its blocks in order, and how many tokens they hold."""

    blocks: list[int] = field(default_factory=list)
    length: int = 0


class PagedCache:
    """Keys and values of one layer in blocks, for many sequences.

    Args:
        blocks: How many there are.
        block_size: `b`.
        kv_heads: `G`.
        head_dim: `D`.
        dtype: Of the stored numbers.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(
        self, blocks: int, block_size: int, kv_heads: int, head_dim: int, dtype: torch.dtype = torch.float32
    ) -> None:
        if min(blocks, block_size, kv_heads, head_dim) < 1:
            raise ValueError(f"sizes {(blocks, block_size, kv_heads, head_dim)} are not all positive")
        self.keys = torch.zeros(blocks, block_size, kv_heads, head_dim, dtype=dtype)
        self.values = torch.zeros_like(self.keys)
        self.block_size = block_size
        self.users = [0] * blocks  # tables that hold the block
        self.free_blocks = list(range(blocks))  # taken from the front, freed to the back: the last used stays longest
        self.known: dict[bytes, int] = {}  # what a full block and all before it say -> the block
        self.said: dict[int, bytes] = {}  # the other way round

    def append(self, table: Table, key: Tensor, value: Tensor) -> None:
        """Store new tokens at the end of a sequence, `(G, T, D)` each; `table` grows.

        Raises:
            MemoryError: If free blocks are too few; nothing has changed then, and the scheduler has to make room.
        """
        T, b = key.shape[1], self.block_size
        last = table.length % b  # tokens in a block that is not full
        copies = bool(T and last and self.users[table.blocks[-1]] > 1)
        wanted = -(-(table.length + T) // b) - len(table.blocks) + copies
        if wanted > len(self.free_blocks):
            raise MemoryError(f"{wanted} blocks are wanted and {len(self.free_blocks)} are free")
        if copies:  # others read this block: write into a copy
            old, new = table.blocks[-1], self._take()
            self.keys[new], self.values[new] = self.keys[old], self.values[old]
            table.blocks[-1] = new
            self._release(old)
        while len(table.blocks) * b < table.length + T:
            table.blocks.append(self._take())
        slots = torch.arange(table.length, table.length + T)
        places = torch.tensor(table.blocks, dtype=torch.long)[slots // b], slots % b
        self.keys[places], self.values[places] = key.transpose(0, 1), value.transpose(0, 1)  # (T, G, D)
        table.length += T

    def attend(self, query: Tensor, table: Table) -> Tensor:
        """Causal attention of the last `T` tokens of a sequence to all of it: `(H, T, D)` to `(H, T, D)`.

        A kernel reads the blocks where they lie; here they are gathered first.
        """
        key, value = (  # (G, S, D)
            stored[table.blocks].flatten(0, 1)[: table.length].transpose(0, 1) for stored in (self.keys, self.values)
        )
        T, S = query.shape[1], table.length
        mask = torch.ones(T, S, dtype=torch.bool).tril(S - T)
        return F.scaled_dot_product_attention(query[None], key[None], value[None], attn_mask=mask, enable_gqa=True)[0]

    def fork(self, table: Table) -> Table:
        """A second sequence with the same tokens, as for several samples of one prompt: no block is copied."""
        for block in table.blocks:
            self.users[block] += 1
        return Table(list(table.blocks), table.length)

    def release(self, table: Table) -> None:
        """Give a sequence up. Its full blocks can be found by `find` until somebody takes them."""
        for block in reversed(table.blocks):  # the last blocks of a sequence are evicted before its first
            self._release(block)
        table.blocks, table.length = [], 0

    def remember(self, table: Table, tokens: Sequence[int]) -> None:
        """Let `find` know what the full blocks of a sequence say, `tokens` being all that it holds."""
        for block, name in zip(table.blocks, self._names(tokens), strict=False):
            if name not in self.known and block not in self.said:
                self.known[name], self.said[block] = block, name

    def find(self, tokens: Sequence[int]) -> Table:
        """A sequence that holds the longest known prefix of `tokens` in full blocks; what follows is to be computed.

        The last token is never found, for the model has to run on something.
        """
        table = Table()
        for name in self._names(tokens[:-1]):
            if (block := self.known.get(name)) is None:
                break
            if not self.users[block]:
                self.free_blocks.remove(block)
            self.users[block] += 1
            table.blocks.append(block)
            table.length += self.block_size
        return table

    def _names(self, tokens: Sequence[int]) -> list[bytes]:
        """A name for each full block, which stands for its tokens and all before."""
        names, before = [], b""
        for end in range(self.block_size, len(tokens) + 1, self.block_size):
            before = hashlib.sha256(before + repr(list(tokens[end - self.block_size : end])).encode()).digest()
            names.append(before)
        return names

    def _take(self) -> int:
        """A free block, whose former words are forgotten."""
        block = self.free_blocks.pop(0)
        if block in self.said:
            del self.known[self.said.pop(block)]
        self.users[block] = 1
        return block

    def _release(self, block: int) -> None:
        """One table less holds it."""
        self.users[block] -= 1
        if not self.users[block]:
            self.free_blocks.append(block)


# --8<-- [end:core]


def demo() -> None:
    """Four samples of one prompt share it; a second user's prompt finds the first one's blocks."""
    torch.manual_seed(0)
    cache, prompt = PagedCache(32, 4, 2, 8), list(range(10))
    first = Table()
    cache.append(first, *torch.randn(2, 2, 10, 8))
    samples = [first, *(cache.fork(first) for _ in range(3))]
    print("four samples of a prompt of 10:", 32 - len(cache.free_blocks), "blocks")
    for sample in samples:
        cache.append(sample, *torch.randn(2, 2, 1, 8))
    print("after a token each:", 32 - len(cache.free_blocks), "blocks", [sample.blocks for sample in samples])
    cache.remember(first, [*prompt, 99])
    for tokens in ([*prompt, 5, 6], [0, 1, 2, 3, 4, 4, 4, 4, 4], [7, 8]):
        print("of", len(tokens), "tokens found:", cache.find(tokens).length)


if __name__ == "__main__":
    demo()
