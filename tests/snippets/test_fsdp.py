"""FSDP against the whole model, torch's fully_shard over gloo, counts by hand, and a simulation of its clock."""

import math
from datetime import timedelta

import pytest
import torch
from torch import distributed, nn

from snippets.essence import fsdp as essence
from snippets.fsdp import Record, forward_seconds, fsdp_step, reduce_scatter, shard

RANKS = 2
SHAPES = [[(6, 4), (6,)], [(3, 6), (3,)]]  # of which the second does not come out even


def affine(whole, x):
    """A layer: its weight, its bias, and tanh."""
    return (x @ whole[0].T + whole[1]).tanh()


def model(device="cpu"):
    """Parameters by layer, as in SHAPES."""
    draw = torch.Generator().manual_seed(0)
    return [[torch.randn(s, generator=draw, dtype=torch.float64).to(device) for s in layer] for layer in SHAPES]


def batch(rank, device="cpu"):
    """A rank's own inputs."""
    draw = torch.Generator().manual_seed(10 + rank)
    return torch.randn(5, 4, generator=draw, dtype=torch.float64).to(device)


def loss(y):
    """Of the last layer's output."""
    return y.square().mean()


def run(ranks=RANKS, device="cpu", reshard=True):
    """One step of the snippet."""
    shards = [[shard(p, ranks) for p in layer] for layer in model(device)]
    return fsdp_step([affine] * 2, shards, [batch(r, device) for r in range(ranks)], loss, reshard)


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("reshard", [True, False])
def test_losses_and_gradients_are_those_of_the_whole_model(device, ranks, reshard):
    losses, gradients, _ = run(ranks, device, reshard)
    parameters = [[p.requires_grad_() for p in layer] for layer in model(device)]
    expected = []
    for rank in range(ranks):
        y = batch(rank, device)
        for layer in parameters:
            y = affine(layer, y)
        expected.append(loss(y))
    flat = [p for layer in parameters for p in layer]
    whole = torch.autograd.grad(torch.stack(expected).mean(), flat)
    torch.testing.assert_close(torch.stack(losses), torch.stack(expected).detach())
    assert not any(one.requires_grad for one in losses)
    found = [parts for layer in gradients for parts in layer]
    for parts, gradient in zip(found, whole, strict=True):
        assert len(parts) == ranks
        torch.testing.assert_close(torch.cat(parts), gradient)


def work(rank, path, answers):
    """One process: the same step by torch's fully_shard, one group a layer."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=RANKS, timeout=timedelta(seconds=30)
    )
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), nn.Tanh()).double()
    with torch.no_grad():
        for mine, given in zip(net.parameters(), (p for layer in model() for p in layer), strict=True):
            mine.copy_(given)
    mesh = init_device_mesh("cpu", (RANKS,))
    for part in (net[0], net[2], net):
        fully_shard(part, mesh=mesh)
    one = loss(net(batch(rank)))
    one.backward()
    answers.put((rank, (one.item(), [p.grad.to_local().tolist() for p in net.parameters()])))
    distributed.destroy_process_group()


@pytest.mark.slow
def test_equals_fully_shard_over_two_processes(over_processes):
    """Shard for shard: parameters are cut at the same rows."""
    theirs = over_processes(work, RANKS)
    losses, gradients, _ = run()
    ours = [parts for layer in gradients for parts in layer]
    for rank in range(RANKS):
        value, shards = theirs[rank]
        assert losses[rank].item() == pytest.approx(value)
        for parts, expected in zip(ours, shards, strict=True):
            torch.testing.assert_close(parts[rank], torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize(
    ("length", "ranks", "sizes"), [(6, 2, [3, 3]), (3, 2, [2, 1]), (4, 3, [2, 2, 0]), (0, 2, [0, 0])]
)
def test_shards_are_views_that_make_the_whole(device, length, ranks, sizes):
    parameter = torch.randn(length, 5, device=device)
    parts = shard(parameter, ranks)
    assert [len(part) for part in parts] == sizes
    assert torch.equal(torch.cat(parts), parameter)
    if length:
        assert parts[0].data_ptr() == parameter.data_ptr()


def test_gradients_are_averaged_and_scattered(device):
    ones = torch.ones(3, 2, device=device)
    assert [part.tolist() for part in reduce_scatter([ones, 3 * ones])] == [[[2.0, 2.0]] * 2, [[2.0, 2.0]]]


def test_cost_by_hand():
    """Layers of 30 and 21 numbers, half of each sent a round: three rounds, or two where nothing is given up."""
    assert run()[2] == Record(
        sent=3 * 51 / 2,
        gathered=0,
        peak=30,
        events=[
            *("gather 0", "forward 0", "free 0", "gather 1", "forward 1", "free 1"),
            *("gather 1", "backward 1", "free 1", "gather 0", "backward 0", "free 0"),
        ],
    )
    kept = run(reshard=False)[2]
    assert (kept.sent, kept.gathered, kept.peak) == (2 * 51 / 2, 0, 51)
    assert kept.events.count("gather 0") == kept.events.count("gather 1") == 1
    shards = [[shard(p, RANKS) for p in layer] for layer in model()]
    by_default = fsdp_step([affine] * 2, shards, [batch(0), batch(1)], loss)[2]
    assert by_default == run()[2]


def test_batches_are_left_as_they_were():
    """Even where there is no layer, which costs nothing."""
    batches = [batch(rank) for rank in range(RANKS)]
    shards = [[shard(p.requires_grad_(), RANKS) for p in layer] for layer in model()]
    fsdp_step([affine] * 2, shards, batches, loss)
    assert fsdp_step([], [], batches, loss)[2] == Record(sent=0.0, gathered=0, peak=0, events=[])
    assert not any(one.requires_grad for one in batches)


def simulated(gather, compute, prefetch):
    """A clock in whole seconds: one layer travels and one computes at a time, whenever they may."""
    layers, now = len(gather), 0
    arrived, finished = [math.inf] * layers, [math.inf] * layers
    travelling = computing = 0  # the next one of each
    free_link = free_core = 0
    while computing < layers:
        if travelling < layers and now >= free_link:
            before = travelling - prefetch - 1
            if before < 0 or finished[before] <= now:
                free_link = arrived[travelling] = now + gather[travelling]
                travelling += 1
        if now >= free_core and arrived[computing] <= now:
            free_core = finished[computing] = now + compute[computing]
            computing += 1
        now += 1
    return finished[-1]


@pytest.mark.parametrize("prefetch", [0, 1, 2, 5])
def test_time_is_that_of_a_simulated_clock(prefetch):
    draw = torch.Generator().manual_seed(prefetch)
    for _ in range(20):
        gather, compute = torch.randint(1, 9, (2, 6), generator=draw).tolist()
        assert forward_seconds(gather, compute, prefetch) == simulated(gather, compute, prefetch)


def test_time_by_hand():
    """Four equal layers: one after another; hidden but for the first; bound by the link."""
    assert forward_seconds([2] * 4, [3] * 4, prefetch=0) == 4 * (2 + 3)
    assert forward_seconds([2] * 4, [3] * 4) == forward_seconds([2] * 4, [3] * 4, prefetch=1) == 2 + 4 * 3
    assert forward_seconds([3] * 4, [2] * 4) == 4 * 3 + 2
    assert forward_seconds([], []) == 0.0
    assert [forward_seconds([1, 1, 6], [5, 1, 1], *prefetch) for prefetch in ((), (1,), (2,))] == [13, 13, 9]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shard(torch.tensor(1.0), 2), r"a parameter \(\)"),
        (lambda: shard(torch.ones(4), 0), "for 0 ranks"),
        (lambda: fsdp_step([affine], [], [torch.ones(1, 4)], loss), "not one list for each layer"),
        (lambda: fsdp_step([affine], [[[torch.ones(1, 4)] * 2]], [torch.ones(1, 4)], loss), "not one list"),
        (lambda: forward_seconds([1.0], []), "1 and 0 layers"),
        (lambda: forward_seconds([1.0], [1.0], -1), "prefetch -1"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    shards = [shard(layer[0], RANKS) for layer in model()]
    inputs = [batch(r) for r in range(RANKS)]
    layers = [lambda W, x: (x @ W.T).tanh()] * 2
    shown = essence.step(layers, shards, inputs)
    whole = [lambda parameters, x: (x @ parameters[0].T).tanh()] * 2
    _, expected, _ = fsdp_step(whole, [[parts] for parts in shards], inputs, lambda y: y.sum())
    for ours, theirs in zip(shown, expected, strict=True):
        for a, b in zip(ours, theirs[0], strict=True):
            torch.testing.assert_close(a, b)
