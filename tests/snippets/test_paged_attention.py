"""Paged attention against contiguous tensors under random use, and prefixes against a search by brute force."""

import random

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import paged_attention as essence
from snippets.paged_attention import PagedCache, Table


def pair(T, G=2, D=4):
    """New keys and values."""
    return torch.randn(2, G, T, D).unbind()


def held(cache, table):
    """What a sequence holds, `(G, S, D)` twice, read token by token."""
    places = [(table.blocks[t // cache.block_size], t % cache.block_size) for t in range(table.length)]
    return [torch.stack([stored[place] for place in places], dim=1) for stored in (cache.keys, cache.values)]


def check_books(cache, tables):
    """Every block is free or held as often as it is counted."""
    counts = [sum(block in table.blocks for table in tables) for block in range(len(cache.users))]
    assert cache.users == counts
    assert sorted(cache.free_blocks) == [block for block, count in enumerate(counts) if not count]
    for table in tables:
        assert len(table.blocks) == -(-table.length // cache.block_size)
    assert {block: name for name, block in cache.known.items()} == cache.said


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("block_size", [1, 3, 4])
def test_random_use_equals_contiguous_tensors(seed, block_size):
    """Sequences begin, grow, fork and end in any order; each holds what a tensor of its own would."""
    torch.manual_seed(seed)
    choose = random.Random(seed)
    cache = PagedCache(24, block_size, 2, 4)
    alive: list[tuple[Table, torch.Tensor, torch.Tensor]] = []
    for _ in range(80):
        action = choose.choice(["begin", "grow", "grow", "fork", "end"])
        if action == "begin" or not alive:
            alive.append((Table(), torch.zeros(2, 0, 4), torch.zeros(2, 0, 4)))
            continue
        at = choose.randrange(len(alive))
        table, keys, values = alive[at]
        if action == "grow":
            key, value = pair(choose.randint(0, 5))
            before = list(table.blocks), table.length, list(cache.free_blocks)
            try:
                cache.append(table, key, value)
            except MemoryError:
                assert before == (table.blocks, table.length, cache.free_blocks)
            else:
                alive[at] = table, torch.cat([keys, key], dim=1), torch.cat([values, value], dim=1)
        elif action == "fork":
            alive.append((cache.fork(table), keys, values))
        else:
            cache.release(table)
            alive.pop(at)
        check_books(cache, [table for table, _, _ in alive])
        for table, keys, values in alive:
            if table.length:
                assert torch.equal(held(cache, table)[0], keys)
                assert torch.equal(held(cache, table)[1], values)


@pytest.mark.parametrize(("H", "G"), [(2, 2), (4, 2), (4, 1)])
def test_attention_equals_sdpa_on_contiguous_keys(H, G):
    cache, table, other = PagedCache(9, 3, G, 4), Table(), Table()
    keys, values = pair(8, G)
    for start, end in ((0, 4), (4, 5), (5, 8)):  # blocks of two sequences lie between each other
        cache.append(table, keys[:, start:end], values[:, start:end])
        cache.append(other, *pair(2, G))
    assert table.blocks != sorted(table.blocks) or table.blocks != [0, 1, 2]
    query = torch.randn(H, 8, 4)
    expected = F.scaled_dot_product_attention(query[None], keys[None], values[None], is_causal=True, enable_gqa=True)[0]
    torch.testing.assert_close(cache.attend(query, table), expected)
    torch.testing.assert_close(cache.attend(query[:, -1:], table), expected[:, -1:])


def test_who_writes_into_a_shared_block_copies_it_first():
    """b = 4, a prompt of 6: block 0 is full and stays shared, block 1 is copied by the first who writes."""
    cache, first = PagedCache(8, 4, 1, 1), Table()
    cache.append(first, *pair(6, 1, 1))
    second = cache.fork(first)
    assert (first.blocks, second.blocks, cache.users[:2]) == ([0, 1], [0, 1], [2, 2])
    cache.append(second, *pair(1, 1, 1))
    assert (first.blocks, second.blocks) == ([0, 1], [0, 2])
    cache.append(first, *pair(1, 1, 1))  # alone now: no copy
    assert (first.blocks, second.blocks, cache.users[:3]) == ([0, 1], [0, 2], [2, 1, 1])
    third = cache.fork(first)
    cache.append(third, *pair(0, 1, 1))  # nothing to write, nothing to copy
    assert third.blocks == first.blocks


def test_a_full_block_that_is_shared_is_never_copied():
    cache, first = PagedCache(4, 2, 1, 1), Table()
    cache.append(first, *pair(4, 1, 1))
    second = cache.fork(first)
    cache.append(second, *pair(1, 1, 1))
    assert (first.blocks, second.blocks) == ([0, 1], [0, 1, 2])


def test_at_most_a_block_less_one_token_is_wasted():
    for length in range(1, 20):
        cache, table = PagedCache(20, 4, 1, 1), Table()
        cache.append(table, *pair(length, 1, 1))
        assert 0 <= len(table.blocks) * 4 - length <= 3


def test_copying_needs_a_block_too():
    """Two blocks in use, shared; none free: writing needs a copy, so it is refused, and goes once the other is gone."""
    cache, table = PagedCache(2, 2, 1, 1), Table()
    cache.append(table, *pair(3, 1, 1))
    other = cache.fork(table)
    with pytest.raises(MemoryError, match="1 blocks are wanted and 0 are free"):
        cache.append(other, *pair(1, 1, 1))
    cache.release(table)
    assert (table.blocks, table.length) == ([], 0)
    cache.append(other, *pair(1, 1, 1))


@pytest.mark.parametrize("seed", range(5))
def test_found_prefix_is_the_longest_by_brute_force(seed):
    """Sequences over two tokens share much; only full blocks count, and never the last token."""
    choose = random.Random(seed)
    cache, said = PagedCache(64, 3, 1, 1), []
    for _ in range(6):
        tokens, table = choose.choices([0, 1], k=choose.randint(1, 9)), Table()
        cache.append(table, *pair(len(tokens), 1, 1))
        cache.remember(table, tokens)
        said.append(tokens)
    for _ in range(40):
        tokens = choose.choices([0, 1], k=choose.randint(1, 10))
        common = max(next((n for n, (a, b) in enumerate(zip(tokens[:-1], other, strict=False)) if a != b),
                          min(len(tokens) - 1, len(other))) for other in said)  # fmt: skip
        table = cache.find(tokens)
        assert table.length == common // 3 * 3
        cache.release(table)


def test_found_blocks_hold_what_was_computed_and_outlive_their_sequence_until_they_are_taken():
    cache, table, tokens = PagedCache(3, 2, 1, 1), Table(), [5, 6, 7, 8]
    cache.append(table, *pair(4, 1, 1))
    cache.remember(table, tokens)
    keys, values = held(cache, table)
    cache.release(table)
    again = cache.find([*tokens, 9])
    assert again.length == 4
    assert torch.equal(held(cache, again)[0], keys)
    assert torch.equal(held(cache, again)[1], values)
    check_books(cache, [again])
    twice = cache.find([5, 6, 1])
    assert (twice.blocks, cache.users[twice.blocks[0]]) == (again.blocks[:1], 2)
    cache.release(again)
    cache.release(twice)
    cache.append(Table(), *pair(4, 1, 1))  # takes the block that was never used, and the end of what was known
    assert cache.find([*tokens, 9]).length == 2


def test_same_tokens_after_another_beginning_are_not_the_same():
    cache, table = PagedCache(4, 2, 1, 1), Table()
    cache.append(table, *pair(4, 1, 1))
    cache.remember(table, [1, 2, 3, 4])
    assert cache.find([3, 4, 0]).length == 0
    assert cache.find([1, 2, 3, 4]).length == 2  # the last token has to be computed
    twin = Table()
    cache.append(twin, *pair(4, 1, 1))
    cache.remember(twin, [1, 2, 3, 4])  # the first to say it is the one that is found
    assert cache.find([1, 2, 0]).blocks == table.blocks[:1]


def test_dtype_is_that_asked_for():
    assert PagedCache(1, 1, 1, 1, torch.bfloat16).values.dtype == torch.bfloat16
    assert PagedCache(1, 1, 1, 1).keys.dtype == torch.float32


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_wrong_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="not all positive"):
        PagedCache(*sizes)


def test_essence_is_the_module():
    torch.manual_seed(0)
    cache, ours, others = PagedCache(8, 4, 2, 3), Table(), Table()
    memory, free, shown, shown_others = torch.zeros(8, 4, 2, 3), list(range(8)), [], []
    keys = torch.randn(2, 10, 3)
    for t in range(10):  # two sequences grow in turn: their blocks do not lie side by side
        for table, blocks in ((ours, shown), (others, shown_others)):
            cache.append(table, keys[:, t : t + 1], keys[:, t : t + 1])
            essence.append(memory, blocks, free, t, keys[:, t])
    assert (shown, shown_others, free) == (ours.blocks, others.blocks, cache.free_blocks)
    assert shown != sorted(range(len(shown)))
    torch.testing.assert_close(memory, cache.keys)
    torch.testing.assert_close(essence.read(memory, shown, 10), keys.transpose(0, 1))

    tokens = list(range(10))
    cache.remember(ours, tokens)
    for other in ([0, 1, 2, 3, 4, 5, 6, 7, 9, 9], [0, 1, 2, 3, 9, 5, 6, 7, 8, 9], [9, 1, 2, 3, 4, 5, 6, 7, 8, 9]):
        known = essence.names(tokens, 4)
        same = sum(name in known for name in essence.names(other, 4))
        assert same * 4 == cache.find(other).length
