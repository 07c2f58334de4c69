"""Expert parallelism against a loop over tokens, the layer in one piece, and gloo's all_to_all_single in processes."""

import dataclasses
import math
from datetime import timedelta

import pytest
import torch
import torch.nn.functional as F
from torch import distributed

from snippets.essence import expert_parallel as essence
from snippets.expert_parallel import (
    all_to_all,
    dispatch_plan,
    expert_capacity,
    expert_parallel_moe,
    grouped_ffn,
)

R, E, k, C, WIDTH = 3, 6, 2, 4, 5
LENGTHS = (7, 4, 9)  # ranks may have different numbers of tokens


def layer(device="cpu", lean=0.0):
    """Tokens, choices and weights of each rank, and the experts of each rank."""
    draw = torch.Generator().manual_seed(0)

    def randn(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64).to(device)

    x = [randn(length, C) for length in LENGTHS]
    scores = [(randn(length, E) + lean * torch.arange(E, device=device)).topk(k) for length in LENGTHS]
    experts, weights = [one.indices for one in scores], [one.values.softmax(dim=-1) for one in scores]
    return x, experts, weights, list(randn(E, 2 * WIDTH, C).chunk(R)), list(randn(E, C, WIDTH).chunk(R))


def ffn(row, gate_up, down):
    """One expert for one token."""
    gate, up = (gate_up @ row).chunk(2)
    return down @ (F.silu(gate) * up)


def by_loop(x, experts, weights, gate_up, down, kept=lambda r, n, j: True):
    """Every token by itself: its experts' results, by their weights."""
    gate_up, down = torch.cat(gate_up), torch.cat(down)
    outputs = []
    for r in range(len(x)):
        rows = []
        for n in range(len(x[r])):
            terms = [torch.zeros_like(x[r][n])]
            for j in range(k):
                if kept(r, n, j):
                    e = experts[r][n, j]
                    terms.append(weights[r][n, j] * ffn(x[r][n], gate_up[e], down[e]))
            rows.append(sum(terms))
        outputs.append(torch.stack(rows))
    return outputs


def test_outputs_and_gradients_are_those_of_a_loop(device):
    parts = layer(device)
    inputs = [*parts[0], *parts[2], *parts[3], *parts[4]]
    for tensor in inputs:
        tensor.requires_grad_()
    results = []
    for outputs in (expert_parallel_moe(*parts)[0], by_loop(*parts)):
        loss = sum((one * torch.arange(one.numel(), device=device).view_as(one)).sum() for one in outputs)
        results.append([*outputs, *torch.autograd.grad(loss, inputs)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def queue(experts, capacity):
    """Which choices find room, counted one by one: all first choices, then all second ones."""
    room, seated = [capacity] * E, set()
    for j in range(k):
        for n, e in enumerate(experts[:, j].tolist()):
            if room[e] > 0:
                seated.add((n, j))
            room[e] -= 1
    return seated


@pytest.mark.parametrize("capacity", [0, 1, 2, 5, 100])
def test_beyond_the_capacity_choices_are_dropped_and_nothing_else_changes(device, capacity):
    parts = layer(device, lean=0.7)
    seated = [queue(experts, capacity) for experts in parts[1]]
    outputs, _, rows = expert_parallel_moe(*parts, capacity=capacity)
    expected = by_loop(*parts, kept=lambda r, n, j: (n, j) in seated[r])
    for ours, theirs in zip(outputs, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert sum(rows) == sum(map(len, seated))


@pytest.mark.parametrize("capacity", [None, 0, 1, 3])
def test_plan_is_sorted_and_counts_its_rows(device, capacity):
    _, experts, _, _, _ = layer(device, lean=0.7)
    for chosen in experts:
        plan = dispatch_plan(chosen, E, capacity)
        there = chosen[plan.tokens, plan.choices]
        assert torch.equal(there, there.sort().values)
        assert torch.equal(F.one_hot(there, E).sum(dim=0), plan.counts)
        seated = set(zip(plan.tokens.tolist(), plan.choices.tolist(), strict=True))
        assert seated == queue(chosen, 100 if capacity is None else capacity)
        assert len(plan.tokens) == len(seated)


def test_what_is_sent_and_computed_is_counted(device):
    """Two ranks of two experts; two tokens to each: by hand."""
    x = [torch.ones(2, 3, device=device)] * 2
    experts = [torch.tensor([[0, 3], [2, 3]], device=device), torch.tensor([[0, 1], [2, 0]], device=device)]
    weights = [torch.ones(2, 2, device=device)] * 2
    gate_up, down = [torch.zeros(2, 4, 3, device=device)] * 2, [torch.zeros(2, 3, 2, device=device)] * 2
    _, sent, rows = expert_parallel_moe(x, experts, weights, gate_up, down)
    # Rank 0 sends 3 rows to rank 1, which sends 3 to rank 0: each sends as many back.
    assert rows == [1 + 3, 3 + 1]
    assert sent == [3 * (3 + 3), 3 * (3 + 3)]


def test_sent_away_and_back_are_alike_in_all(device):
    parts = layer(device, lean=0.7)
    _, sent, rows = expert_parallel_moe(*parts)
    owner = [experts // (E // R) for experts in parts[1]]
    away = [[int((owner[s] == r).sum()) for r in range(R)] for s in range(R)]
    assert rows == [sum(away[s][r] for s in range(R)) for r in range(R)]
    for r in range(R):
        others = [s for s in range(R) if s != r]
        assert sent[r] == C * (sum(away[r][s] for s in others) + sum(away[s][r] for s in others))


def test_groups_of_any_size_are_each_experts_own(device):
    _, _, _, gate_up, down = layer(device)
    x = torch.randn(9, C, device=device, dtype=torch.float64)
    counts = torch.tensor([4, 0, 5], device=device)
    gate_up, down = torch.cat(gate_up)[:3], torch.cat(down)[:3]
    expected = [ffn(row, gate_up[e], down[e]) for row, e in zip(x, [0] * 4 + [2] * 5, strict=True)]
    torch.testing.assert_close(grouped_ffn(x, counts, gate_up, down), torch.stack(expected))


def test_capacity_by_hand():
    """Switch: 1.25 times 64 tokens over 8 experts are 10; with two choices each, 20; it is rounded up."""
    assert expert_capacity(64, 1, 8) == 10
    assert expert_capacity(64, 2, 8) == 20
    assert expert_capacity(5, 1, 4, 1.0) == 2


def work(rank, path, answers):
    """One process: its tokens through `all_to_all_single`, its own experts, and back."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=R, timeout=timedelta(seconds=30)
    )
    x, experts, weights, gate_up, down = (one[rank] for one in layer())
    pairs = [(int(experts[n, j]), n, j) for n in range(len(x)) for j in range(k)]
    pairs.sort(key=lambda pair: pair[0])
    local = E // R
    to = torch.tensor([sum(e // local == r for e, _, _ in pairs) for r in range(R)])
    come = torch.empty_like(to)
    distributed.all_to_all_single(come, to)
    there = torch.stack([torch.cat([x[n], x.new_tensor([e])]) for e, n, _ in pairs])  # the expert's number travels too
    received = x.new_empty(int(come.sum()), C + 1)
    distributed.all_to_all_single(received, there, come.tolist(), to.tolist())
    results = torch.stack(
        [ffn(row[:C], gate_up[int(row[C]) - rank * local], down[int(row[C]) - rank * local]) for row in received]
    )
    back = x.new_empty(len(pairs), C)
    distributed.all_to_all_single(back, results, to.tolist(), come.tolist())
    output = torch.zeros_like(x)
    for (_, n, j), row in zip(pairs, back, strict=True):
        output[n] += weights[n, j] * row
    answers.put((rank, output.tolist()))
    distributed.destroy_process_group()


@pytest.mark.slow
def test_equals_gloo_over_several_processes(over_processes):
    theirs = over_processes(work, R)
    outputs, _, _ = expert_parallel_moe(*layer())
    for rank, ours in enumerate(outputs):
        torch.testing.assert_close(ours, torch.tensor(theirs[rank], dtype=torch.float64))


def test_one_rank_has_all_experts_and_sends_nothing(device):
    alone = [[torch.cat(part)] for part in layer(device)]
    outputs, sent, rows = expert_parallel_moe(*alone)
    torch.testing.assert_close(outputs, by_loop(*alone))
    assert (sent, rows) == ([0], [k * sum(LENGTHS)])


def test_a_plan_stays_as_it_was_made():
    with pytest.raises(dataclasses.FrozenInstanceError):
        dispatch_plan(CHOSEN, 4).counts = CHOSEN


def test_all_to_all_is_a_transposition():
    sends = [[torch.tensor(10 * s + r) for r in range(3)] for s in range(3)]
    received = all_to_all(sends)
    assert [[int(x) for x in one] for one in received] == [[0, 10, 20], [1, 11, 21], [2, 12, 22]]


def test_half_precision_stays_what_it_is(device):
    x, experts, weights, gate_up, down = layer(device)
    half = [[one.bfloat16() for one in part] for part in (x, gate_up, down)]
    outputs, _, _ = expert_parallel_moe(half[0], experts, weights, half[1], half[2])
    assert all(one.dtype == torch.bfloat16 for one in outputs)


CHOSEN = torch.zeros(4, 2, dtype=torch.long)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expert_capacity(0, 1, 4), "tokens 0"),
        (lambda: expert_capacity(4, 0, 4), "k 0"),
        (lambda: expert_capacity(4, 1, 0), "num_experts 0"),
        (lambda: expert_capacity(4, 1, 4, 0.0), "factor 0.0"),
        (lambda: expert_capacity(4, 1, 4, math.inf), "factor inf"),
        (lambda: dispatch_plan(CHOSEN[0], 4), r"experts \(2,\)"),
        (lambda: dispatch_plan(CHOSEN, 4, -1), "capacity -1"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_lists_that_are_not_one_for_each_rank_are_refused():
    parts = layer()
    for at in range(5):
        with pytest.raises(ValueError, match="not one for each rank"):
            expert_parallel_moe(*(part[:2] if at == place else part for place, part in enumerate(parts)))
    with pytest.raises(ValueError, match="not one for each rank"):
        expert_parallel_moe([], [], [], [], [])
    with pytest.raises(ValueError, match="differ in their number of experts"):
        expert_parallel_moe(*parts[:3], [*parts[3][:2], parts[3][2][:1]], parts[4])


def test_essence_gives_what_the_module_gives():
    parts = layer()
    pairs = zip(torch.cat(parts[3]), torch.cat(parts[4]), strict=True)
    experts = [lambda row, g=gate_up, d=down: ffn(row, g, d) for gate_up, down in pairs]
    for ours, shown in zip(expert_parallel_moe(*parts)[0], essence.moe(*parts[:3], experts), strict=True):
        torch.testing.assert_close(shown, ours)
