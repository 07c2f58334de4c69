"""Ring attention and Ulysses against torch's attention in one piece, over gloo, and counts by hand."""

from datetime import timedelta

import pytest
import torch
import torch.nn.functional as F
from torch import distributed

from snippets.context_parallel import attend, merge, ring_attention, split_positions, ulysses_attention
from snippets.essence import context_parallel as essence

FORMS = [ring_attention, ulysses_attention]
B, H, T, D = 2, 6, 12, 4


def whole(device="cpu", dtype=torch.float64):
    """Queries, keys and values of the whole sequence."""
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(B, H, T, D, generator=draw, dtype=torch.float64).to(device, dtype) for _ in range(3)]


def parts(tensors, positions):
    """Each rank's share of each tensor."""
    return [[x[:, :, one] for one in positions] for x in tensors]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("zigzag", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 3, 6])
def test_outputs_and_gradients_are_those_of_attention_in_one_piece(device, form, causal, zigzag, ranks):
    positions = [one.to(device) for one in split_positions(T, ranks, zigzag)]
    inputs = [x.requires_grad_() for x in whole(device)]
    outputs, _, _ = form(*parts(inputs, positions), positions, causal)
    found = torch.cat(outputs, dim=2)[:, :, torch.cat(positions).argsort()]
    expected = F.scaled_dot_product_attention(*inputs, is_causal=causal)
    torch.testing.assert_close(found, expected)
    weights = torch.linspace(-1, 1, found.numel(), device=device, dtype=found.dtype).view_as(found)
    for ours, theirs in zip(
        *(torch.autograd.grad((y * weights).sum(), inputs) for y in (found, expected)), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_positions_may_lie_anywhere(device):
    """Striped: rank r has every third token from r on."""
    positions = [torch.arange(r, T, 3, device=device) for r in range(3)]
    tensors = whole(device)
    expected = F.scaled_dot_product_attention(*tensors, is_causal=True)
    for form in FORMS:
        outputs, _, _ = form(*parts(tensors, positions), positions)
        for one, output in zip(positions, outputs, strict=True):
            torch.testing.assert_close(output, expected[:, :, one])


def test_zigzag_takes_from_both_ends():
    assert [one.tolist() for one in split_positions(8, 2)] == [[0, 1, 6, 7], [2, 3, 4, 5]]
    assert [one.tolist() for one in split_positions(8, 2, zigzag=False)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [one.tolist() for one in split_positions(0, 2)] == [[], []]


def test_work_is_counted_and_zigzag_evens_it_out(device):
    """Twelve tokens, 78 visible scores a head. In a row 4 tokens each: 10, 26 and 42; zigzag: 26 each."""
    tensors = whole(device)
    counts = {}
    for zigzag in (False, True):
        positions = [one.to(device) for one in split_positions(T, 3, zigzag)]
        for form in FORMS:
            counts[form, zigzag] = form(*parts(tensors, positions), positions)[2]
    assert counts[ring_attention, False] == [6 * 10, 6 * 26, 6 * 42]
    assert counts[ring_attention, True] == [6 * 26] * 3
    assert counts[ulysses_attention, True] == counts[ulysses_attention, False] == [2 * 78] * 3
    positions = [one.to(device) for one in split_positions(T, 3)]
    for form in FORMS:
        assert form(*parts(tensors, positions), positions, causal=False)[2] == [6 * 4 * 12] * 3


@pytest.mark.parametrize("form", FORMS)
def test_what_is_counted_is_whole(form):
    positions = split_positions(T, 2)
    _, sent, work = form(*parts(whole(), positions), positions)
    assert all(isinstance(count, int) for count in (*sent, *work))


def test_each_query_is_scaled_by_its_own_largest_score(device):
    """One of them a million times as long as the others, in float32."""
    query, key, value = whole(device, torch.float32)
    query[:, :, 0] *= 1e6
    rows = torch.arange(T, device=device)
    found, _ = attend(query, key, value, rows, rows, causal=False)
    torch.testing.assert_close(found, F.scaled_dot_product_attention(query, key, value))


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_traffic_is_the_formulas(device, ranks):
    """Of C = H D numbers a token: the ring sends keys and values on R - 1 times, Ulysses 4 shares of (R - 1) / R."""
    positions = [one.to(device) for one in split_positions(T, ranks)]
    share = B * T // ranks * H * D
    assert ring_attention(*parts(whole(device), positions), positions)[1] == [2 * (ranks - 1) * share] * ranks
    assert (
        ulysses_attention(*parts(whole(device), positions), positions)[1] == [4 * (ranks - 1) * share // ranks] * ranks
    )


def test_pieces_merge_in_any_order_to_the_whole(device):
    q, k, v = whole(device)
    rows, pieces = torch.arange(T, device=device), torch.arange(T, device=device).split(5)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        seen = [attend(q, k[:, :, p], v[:, :, p], rows, p, True) for p in (pieces[i] for i in order)]
        output, logsumexp = merge(*merge(*seen[0], *seen[1]), *seen[2])
        torch.testing.assert_close(output, F.scaled_dot_product_attention(q, k, v, is_causal=True))
        scores = (q @ k.mT / 2).masked_fill(rows > rows[:, None], -torch.inf)
        torch.testing.assert_close(logsumexp.squeeze(-1), scores.logsumexp(dim=-1))


def test_queries_that_see_nothing_give_zero_and_change_nothing(device):
    q, k, v = (x[:, :, :3] for x in whole(device))
    early, late = torch.arange(3, device=device), torch.arange(5, 8, device=device)
    nothing = attend(q, k, v, early, late, True)
    assert nothing[0].eq(0).all()
    something = attend(q, k, v, late, early, True)
    for both in (merge(*nothing, *something), merge(*something, *nothing)):
        torch.testing.assert_close(both[0], something[0])
        torch.testing.assert_close(both[1], something[1])


@pytest.mark.parametrize("form", FORMS)
def test_half_precision_is_merged_in_float32(device, form):
    positions = [one.to(device) for one in split_positions(T, 2)]
    half = [x.bfloat16() for x in whole(device)]
    outputs, _, _ = form(*parts(half, positions), positions)
    expected, _, _ = form(*parts([x.float() for x in half], positions), positions)
    for ours, wide in zip(outputs, expected, strict=True):
        assert ours.dtype == torch.bfloat16
        torch.testing.assert_close(ours, wide.bfloat16())


def work(rank, path, answers):
    """One process of two: keys and values go to the other by send and receive; then Ulysses by all_to_all_single."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=2, timeout=timedelta(seconds=30)
    )
    positions = split_positions(T, 2)
    q, k, v = (x[:, :, positions[rank]].contiguous() for x in whole())
    other = [torch.empty_like(k), torch.empty_like(v)]
    for mine, theirs in zip((k, v), other, strict=True):
        requests = [distributed.isend(mine, 1 - rank), distributed.irecv(theirs, 1 - rank)]
        for request in requests:
            request.wait()
    keys = torch.cat([positions[rank], positions[1 - rank]])
    mask = keys <= positions[rank][:, None]
    own = [torch.cat(pair, dim=2) for pair in zip((k, v), other, strict=True)]
    ring = F.scaled_dot_product_attention(q, *own, attn_mask=mask)

    def exchange(x):
        """Of the first dimension the r-th part goes to rank r."""
        there = torch.empty_like(x)
        distributed.all_to_all_single(there, x.contiguous())
        return there

    heads = [exchange(torch.stack(x.chunk(2, dim=1))) for x in (q, k, v)]  # (2, B, H / 2, T / 2, D)
    everywhere = torch.cat(positions)
    all_tokens = [torch.cat(list(x), dim=2) for x in heads]
    y = F.scaled_dot_product_attention(*all_tokens, attn_mask=everywhere <= everywhere[:, None])
    ulysses = torch.cat(list(exchange(torch.stack(y.chunk(2, dim=2)))), dim=1)
    answers.put((rank, (ring.tolist(), ulysses.tolist())))
    distributed.destroy_process_group()


@pytest.mark.slow
def test_equals_gloo_over_two_processes(over_processes):
    theirs = over_processes(work, 2)
    positions = split_positions(T, 2)
    for at, form in enumerate(FORMS):
        outputs, _, _ = form(*parts(whole(), positions), positions)
        for rank in range(2):
            torch.testing.assert_close(outputs[rank], torch.tensor(theirs[rank][at], dtype=torch.float64))


@pytest.mark.parametrize(("length", "ranks", "zigzag"), [(10, 3, False), (6, 2, True), (4, 0, False)])
def test_pieces_that_are_not_even_are_refused(length, ranks, zigzag):
    with pytest.raises(ValueError, match=f"length {length} is not a multiple"):
        split_positions(length, ranks, zigzag)


@pytest.mark.parametrize("form", FORMS)
def test_lists_that_are_not_one_for_each_rank_are_refused(form):
    positions = split_positions(T, 2)
    good = [*parts(whole(), positions), positions]
    for at in range(4):
        with pytest.raises(ValueError, match="not one entry for each rank"):
            form(*(part[:1] if at == place else part for place, part in enumerate(good)))
    with pytest.raises(ValueError, match="not one entry for each rank"):
        form([], [], [], [])


def test_heads_that_do_not_divide_are_refused():
    positions = split_positions(T, 4, zigzag=False)
    with pytest.raises(ValueError, match="2 ranks do not divide 6 and 1 heads"):
        ulysses_attention([torch.ones(1, 6, 3, 4)] * 2, *[[torch.ones(1, 1, 3, 4)] * 2] * 2, [torch.arange(3)] * 2)
    with pytest.raises(ValueError, match="4 ranks do not divide 6 and 6 heads"):
        ulysses_attention(*parts(whole(), positions), positions)


def test_essence_gives_what_the_module_gives():
    positions = split_positions(T, 3)
    split = parts(whole(), positions)
    for ours, shown in zip(ring_attention(*split, positions, causal=False)[0], essence.ring(*split), strict=True):
        torch.testing.assert_close(shown, ours)
