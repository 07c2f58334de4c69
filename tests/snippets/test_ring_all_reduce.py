"""The ring against torch.distributed over real processes, a plain sum, and the counts of the formula."""

from datetime import timedelta
from typing import Any

import pytest
import torch
from torch import distributed

from snippets.essence import ring_all_reduce as essence
from snippets.ring_all_reduce import Traffic, all_gather, reduce_scatter, ring_all_reduce, seconds

RANKS = 3
SHAPES = [(), (1,), (2,), (7,), (2, 3), (4, 5, 3)]


def inputs(rank: int) -> list[torch.Tensor]:
    """What a rank brings: one tensor of each shape."""
    generator = torch.Generator().manual_seed(rank)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]


def work(rank: int, path: str, answers: Any) -> None:
    """One process: all-reduce every tensor with gloo."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=RANKS, timeout=timedelta(seconds=30)
    )
    tensors = inputs(rank)
    for tensor in tensors:
        distributed.all_reduce(tensor)
    answers.put((rank, [tensor.flatten().tolist() for tensor in tensors]))
    distributed.destroy_process_group()


@pytest.mark.slow
def test_equals_gloo_over_several_processes(over_processes):
    theirs = over_processes(work, RANKS)
    ours = [ring_all_reduce(list(tensors))[0] for tensors in zip(*map(inputs, range(RANKS)), strict=True)]
    for rank in range(RANKS):
        for index, values in enumerate(theirs[rank]):
            result = ours[index][rank]
            torch.testing.assert_close(result.flatten(), torch.tensor(values, dtype=torch.float64))
            assert result.shape == SHAPES[index]


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("shape", [*SHAPES, (0,), (28,)])
def test_every_rank_gets_the_sum_and_keeps_its_own(device, ranks, shape):
    tensors = [torch.randint(-50, 50, shape, device=device) for _ in range(ranks)]
    before = [tensor.clone() for tensor in tensors]
    sums, _ = ring_all_reduce(tensors)
    assert len(sums) == ranks
    for result, tensor, copy in zip(sums, tensors, before, strict=True):
        assert torch.equal(result, torch.stack(tensors).sum(dim=0))
        assert torch.equal(tensor, copy)


@pytest.mark.parametrize("ranks", [1, 2, 4, 8])
def test_each_rank_sends_the_formulas_count(ranks):
    _, traffic = ring_all_reduce([torch.zeros(5, 16)] * ranks)
    assert traffic == Traffic(sent=[2 * (ranks - 1) * 80 // ranks] * ranks, rounds=2 * (ranks - 1))


def test_uneven_pieces_are_all_sent():
    """Five numbers on three ranks: pieces of 2, 2 and 1. In each phase every rank sends two of the three pieces.

    Rank 0 sends pieces 0 and 2, then 1 and 0: 3 + 4 = 7. Together the phases send 2 · 2 · 5 numbers.
    """
    _, traffic = ring_all_reduce([torch.zeros(5)] * 3)
    assert traffic.sent == [7, 7, 6]
    assert sum(traffic.sent) == 20


def test_reduce_scatter_leaves_each_rank_one_finished_piece():
    """Ranks hold (1, 2, 3), (10, 20, 30), (100, 200, 300): rank i ends with the sum of piece i + 1."""
    pieces = [list(torch.tensor([1.0, 2.0, 3.0]).mul(10**rank).split(1)) for rank in range(3)]
    traffic = Traffic(sent=[0] * 3)
    reduce_scatter(pieces, traffic)
    assert [pieces[rank][(rank + 1) % 3].item() for rank in range(3)] == [222.0, 333.0, 111.0]
    assert traffic == Traffic(sent=[2, 2, 2], rounds=2)
    all_gather(pieces, traffic)
    assert [[piece.item() for piece in row] for row in pieces] == [[111.0, 222.0, 333.0]] * 3
    assert traffic == Traffic(sent=[4, 4, 4], rounds=4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_ranks_agree_bit_for_bit_in_every_dtype(device, dtype):
    tensors = [torch.randn(33, device=device).to(dtype) for _ in range(5)]
    sums, _ = ring_all_reduce(tensors)
    assert all(torch.equal(result, sums[0]) for result in sums)
    assert sums[0].dtype == dtype
    torch.testing.assert_close(sums[0].double(), torch.stack(tensors).double().sum(dim=0), atol=0.1, rtol=0.02)


def test_mean_gradient_of_ranks_is_that_of_the_whole_batch(device):
    """What data parallelism rests on, for equal parts of the batch."""
    x, weight = torch.randn(8, 3, device=device), torch.randn(3, device=device, requires_grad=True)
    (whole,) = torch.autograd.grad((x @ weight).square().mean(), weight)
    parts = [torch.autograd.grad((part @ weight).square().mean(), weight)[0] for part in x.chunk(4)]
    torch.testing.assert_close(ring_all_reduce(parts)[0][2] / 4, whole)


def test_time_by_hand():
    """4 ranks, 8 bytes, 1 s latency, 2 bytes a second: 6 rounds of 1 + 2 / 2 s."""
    assert seconds(8, 4, 1.0, 2.0) == 12.0
    assert seconds(8, 1, 1.0, 2.0) == 0.0


def test_time_without_latency_stays_below_twice_the_size():
    assert seconds(1000, 10_000, 0.0, 1.0) == pytest.approx(1999.8)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "no ranks"),
        ([torch.zeros(2), torch.zeros(3)], "differ"),
        ([torch.zeros(2), torch.zeros(2, dtype=torch.float64)], "differ"),
    ],
)
def test_wrong_tensors_are_refused(tensors, message):
    with pytest.raises(ValueError, match=message):
        ring_all_reduce(tensors)


@pytest.mark.parametrize(("ranks", "bandwidth"), [(0, 1.0), (1, 0.0)])
def test_impossible_rings_are_refused(ranks, bandwidth):
    with pytest.raises(ValueError, match="ranks"):
        seconds(1, ranks, 0.0, bandwidth)


@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_essence_is_the_module(ranks):
    torch.manual_seed(0)
    x = torch.randn(ranks, ranks, 3, dtype=torch.float64)
    ours, _ = ring_all_reduce(list(x.flatten(1)))
    shown = essence.ring_all_reduce(x)
    assert torch.equal(shown.flatten(1), torch.stack(ours))
