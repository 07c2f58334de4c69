"""Packed rows against each sample alone, through a transformers model; the packing itself by brute force."""

import itertools
import random

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import sequence_packing as essence
from snippets.sequence_packing import (
    IGNORE,
    assign_rows,
    block_causal_mask,
    cumulative_lengths,
    efficiency,
    pack,
    packed_labels,
)


@pytest.fixture
def model(device) -> LlamaForCausalLM:
    """A tiny LLaMA whose predictions differ clearly."""
    config = LlamaConfig(
        vocab_size=23,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).eval().to(device)


def samples(device: torch.device, lengths: tuple[int, ...] = (5, 1, 9, 3, 7)) -> list[torch.Tensor]:
    """Random tokens."""
    return [torch.randint(23, (length,), device=device) for length in lengths]


def test_packed_loss_and_gradients_are_those_of_the_padded_batch(device, model):
    texts = samples(device)
    padded = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
    expected = model(padded, attention_mask=mask, labels=padded.masked_fill(mask == 0, IGNORE)).loss
    expected.backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()

    tokens, segments, positions = (part.to(device) for part in pack(texts, assign_rows([5, 1, 9, 3, 7], 14), 14))
    assert tokens.shape == (2, 14)
    output = model(
        tokens,
        attention_mask=block_causal_mask(segments)[:, None],
        position_ids=positions,
        labels=packed_labels(tokens, segments),
    )
    torch.testing.assert_close(output.loss, expected, atol=1e-5, rtol=1e-5)
    output.loss.backward()
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-4, rtol=1e-3)


def test_each_sample_gets_the_logits_it_would_get_alone(device, model):
    texts = samples(device)
    rows = [[2, 0], [4, 1, 3]]
    tokens, segments, positions = (part.to(device) for part in pack(texts, rows, 15))
    logits = model(tokens, attention_mask=block_causal_mask(segments)[:, None], position_ids=positions).logits
    for row, members in enumerate(rows):
        for place, member in enumerate(members):
            alone = model(texts[member][None]).logits[0]
            torch.testing.assert_close(logits[row, segments[row] == place], alone, atol=1e-4, rtol=1e-4)


def test_plain_causal_mask_would_leak(device, model):
    texts = samples(device)
    tokens, _, positions = (part.to(device) for part in pack(texts, [[0, 2]], 14))
    logits = model(tokens, position_ids=positions, attention_mask=torch.ones_like(tokens)).logits[0, 5:]
    assert not torch.allclose(logits, model(texts[2][None]).logits[0], atol=0.1)


def test_efficiency_by_hand():
    """(100 + 200 + 300 + 1,400) / (4 · 1,400) = 2,000 / 5,600."""
    assert efficiency([100, 200, 300, 1400]) == pytest.approx(2000 / 5600)
    assert efficiency([7]) == efficiency([3, 3]) == efficiency([1]) == 1


def test_rows_by_hand():
    """Rows of 10: 7; then 6; then 4 fits beside the 6 alone; 3 beside the 7; 2 and 1 share a third."""
    assert assign_rows([2, 7, 4, 6, 1, 3], 10) == [[1, 5], [3, 2], [0, 4]]


def test_sample_goes_where_least_room_is_left():
    """8 and 7 leave 5 of 20, three 6 leave 2: a 2 fits both and fills the second, though the first comes first."""
    assert assign_rows([8, 7, 6, 6, 6, 2], 20) == [[0, 1], [2, 3, 4, 5]]
    assert assign_rows([8, 7, 3, 2], 10) == [[0, 3], [1, 2]]


def test_every_sample_has_one_row_and_rows_are_near_the_best_possible():
    choose = random.Random(0)
    for _ in range(100):
        lengths = [choose.randint(1, 20) for _ in range(choose.randint(0, 25))]
        rows = assign_rows(lengths, 20)
        assert sorted(itertools.chain(*rows)) == list(range(len(lengths)))
        assert all(0 < sum(lengths[sample] for sample in row) <= 20 for row in rows)
        least = -(-sum(lengths) // 20)
        assert len(rows) <= 11 / 9 * max(least, sum(length > 10 for length in lengths)) + 4
        for one, two in itertools.combinations(rows, 2):
            assert sum(lengths[sample] for sample in one + two) > 20  # two rows that fit into one would be one


def test_layout_by_hand(device):
    texts = [
        torch.tensor([4, 5, 6], device=device),
        torch.tensor([7, 8], device=device),
        torch.tensor([9], device=device),
    ]
    tokens, segments, positions = pack(texts, [[0, 1], [2]], capacity=6, pad=3)
    assert tokens.tolist() == [[4, 5, 6, 7, 8, 3], [9, 3, 3, 3, 3, 3]]
    assert segments.tolist() == [[0, 0, 0, 1, 1, -1], [0, -1, -1, -1, -1, -1]]
    assert positions.tolist() == [[0, 1, 2, 0, 1, 0], [0] * 6]
    labels = packed_labels(tokens, segments)
    assert labels.tolist() == [[IGNORE, 5, 6, IGNORE, 8, IGNORE], [IGNORE] * 6]
    assert cumulative_lengths(segments[0]).tolist() == [0, 3, 5]
    assert cumulative_lengths(segments[1]).tolist() == [0, 1]
    assert cumulative_lengths(segments[0]).dtype == torch.int32
    assert pack(texts, [[2]], 2)[0].tolist() == [[9, 0]]


def test_mask_by_brute_force(device):
    segments = torch.tensor([[0, 0, 1, 1, 1, -1], [0, 1, 2, 2, -1, -1]], device=device)
    mask = block_causal_mask(segments)
    for row, t, u in itertools.product(range(2), range(6), range(6)):
        assert mask[row, t, u] == (segments[row, t] == segments[row, u] and u <= t)
    assert mask.any(dim=-1).all()
    attended = F.scaled_dot_product_attention(*torch.randn(3, 2, 1, 6, 4, device=device), attn_mask=mask[:, None])
    assert attended.isfinite().all()


def test_full_row_has_labels_to_its_end():
    """The last sample of a row is not the one before the first, though both may have the same number."""
    tokens = torch.tensor([[4, 5, 6]])
    assert packed_labels(tokens, torch.tensor([[0, 0, 0]])).tolist() == [[IGNORE, 5, 6]]


def test_nothing_to_pack_gives_no_rows():
    assert assign_rows([], 10) == []
    assert pack([], [], 4)[0].shape == (0, 4)


@pytest.mark.parametrize("lengths", [[3, 11], [3, 0]])
def test_sample_that_fits_no_row_is_refused(lengths):
    with pytest.raises(ValueError, match=f"sample 1 has {lengths[1]} tokens; a row takes 1 to 10"):
        assign_rows(lengths, 10)


def test_row_of_exactly_its_capacity_fits_and_one_token_more_does_not():
    texts = [torch.arange(4), torch.arange(2)]
    assert pack(texts, [[0, 1]], 6)[1].tolist() == [[0, 0, 0, 0, 1, 1]]
    assert assign_rows([4, 6, 10], 10) == [[2], [1, 0]]
    with pytest.raises(ValueError, match="row 0 needs 6 tokens and takes 5"):
        pack(texts, [[0, 1]], 5)


@pytest.mark.parametrize("lengths", [[], [3, 0]])
def test_efficiency_of_nothing_is_refused(lengths):
    with pytest.raises(ValueError, match="empty"):
        efficiency(lengths)


def test_essence_equals_the_module():
    torch.manual_seed(0)
    samples = [torch.randint(50, (length,)) for length in (5, 1, 3, 4)]
    tokens, segments, positions = (part[0] for part in pack(samples, [[0, 1, 2, 3]], capacity=13))
    x, places, mask, labels = essence.pack(samples)
    assert torch.equal(x, tokens) and torch.equal(places, positions)
    assert torch.equal(mask, block_causal_mask(segments))
    assert torch.equal(labels, packed_labels(tokens, segments))
    assert essence.eta([100, 200, 300, 1400]) == efficiency([100, 200, 300, 1400])
