"""Attention masks against brute force over all pairs, and against what attention does with them."""

import pytest
import torch
import torch.nn.functional as F
from torch.nn.attention.bias import causal_lower_right
from transformers import LlamaConfig
from transformers.masking_utils import create_causal_mask, create_sliding_window_causal_mask

from snippets.attention_mask import (
    additive_mask,
    causal_mask,
    padding_mask,
    position_ids,
    prefix_mask,
    sliding_window_mask,
)
from snippets.essence import attention_mask as essence

SHAPES = [(0, 0), (1, 1), (4, 4), (1, 5), (3, 7), (0, 3)]


def brute(queries, keys, may_look):
    """The mask by asking about every pair of absolute positions."""
    rows = [[may_look(i + keys - queries, j) for j in range(keys)] for i in range(queries)]
    return torch.tensor(rows, dtype=torch.bool).reshape(queries, keys)


@pytest.mark.parametrize(("queries", "keys"), SHAPES)
def test_causal_equals_brute_force(device, queries, keys):
    mask = causal_mask(queries, keys, device)
    assert (mask.dtype, mask.device.type) == (torch.bool, device.type)
    assert torch.equal(mask.cpu(), brute(queries, keys, lambda i, j: j <= i))
    if queries == keys:
        assert torch.equal(causal_mask(queries, device=device), mask)


@pytest.mark.parametrize("window", [1, 2, 3, 99])
@pytest.mark.parametrize(("queries", "keys"), SHAPES)
def test_sliding_window_equals_brute_force(device, queries, keys, window):
    mask = sliding_window_mask(queries, window, keys, device)
    assert mask.device.type == device.type
    assert torch.equal(mask.cpu(), brute(queries, keys, lambda i, j: i - window < j <= i))


def test_prefix_equals_brute_force(device):
    prefixes = [0, 1, 3, 5]
    masks = prefix_mask(torch.tensor(prefixes, device=device), 5)
    for mask, prefix in zip(masks.cpu(), prefixes, strict=True):
        assert torch.equal(mask, brute(5, 5, lambda i, j, prefix=prefix: j <= i or j < prefix))


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_equals_brute_force(device, side):
    lengths = [0, 1, 3, 4]
    real = padding_mask(torch.tensor(lengths, device=device), 4, side)
    for row, count in zip(real.tolist(), lengths, strict=True):
        assert row == [False] * (4 - count) * (side == "left") + [True] * count + [False] * (4 - count) * (
            side == "right"
        )


def test_causal_equals_torchs_lower_right_bias(device):
    query, key = torch.randn(1, 1, 3, 8, device=device), torch.randn(1, 1, 7, 8, device=device)
    expected = F.scaled_dot_product_attention(query, key, key, attn_mask=causal_lower_right(3, 7))
    output = F.scaled_dot_product_attention(query, key, key, attn_mask=causal_mask(3, 7, device))
    torch.testing.assert_close(output, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("window", [None, 2])
def test_masks_equal_transformers(side, window):
    config = LlamaConfig(hidden_size=8, num_attention_heads=1, num_hidden_layers=1, attn_implementation="sdpa")
    config.sliding_window = window
    real = padding_mask(torch.tensor([2, 5]), 5, side)
    create = create_causal_mask if window is None else create_sliding_window_causal_mask
    # by place: transformers 5 has two names for the cache
    expected = create(config, torch.zeros(2, 5, 8), real.long(), None).squeeze(1)
    ours = (causal_mask(5) if window is None else sliding_window_mask(5, window)) & real[:, None, :]
    seen = ours.any(dim=-1)  # transformers lets a query that may look nowhere look everywhere
    assert torch.equal(ours[seen], expected[seen])


@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_batch_gives_every_row_what_it_gets_alone(device, side):
    lengths = torch.tensor([2, 5, 3], device=device)
    real = padding_mask(lengths, 5, side)
    x = torch.randn(3, 5, 8, device=device)
    mask = causal_mask(5, device=device) & real[:, None, :]
    together = F.scaled_dot_product_attention(x, x, x, attn_mask=mask)
    for row, keep, output in zip(x, real, together, strict=True):
        alone = F.scaled_dot_product_attention(row[None, keep], row[None, keep], row[None, keep], is_causal=True)
        torch.testing.assert_close(output[keep], alone[0], atol=1e-6, rtol=0)


def test_window_layers_see_n_times_window_minus_one_back(device):
    mask = sliding_window_mask(9, 3, device=device).float()
    reach = torch.linalg.matrix_power(mask, 3)[-1] > 0
    assert reach.nonzero().min().item() == 8 - 3 * (3 - 1)


def test_positions_count_from_the_first_real_token(device):
    real = padding_mask(torch.tensor([2, 4, 0], device=device), 4, "left")
    assert position_ids(real).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3], [0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_additive_mask_acts_as_the_boolean_one(device, dtype):
    mask = causal_mask(4, device=device)
    bias = additive_mask(mask, dtype)
    assert (bias.dtype, bias.device.type) == (dtype, device.type)
    scores = torch.randn(4, 4, device=device).to(dtype)
    weights = (scores + bias).softmax(dim=-1)
    assert weights[~mask].abs().max() == 0
    expected = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    assert torch.equal(weights, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_row_that_may_look_nowhere_stays_finite_under_very_negative_scores(device, dtype):
    bias = additive_mask(torch.zeros(2, 3, dtype=torch.bool, device=device), dtype)
    scores = torch.full((2, 3), -20000.0, device=device, dtype=dtype)
    assert (scores + bias).softmax(dim=-1).isfinite().all()
    assert (bias < -30000).all()


def test_one_query_over_a_cache_sees_every_key(device):
    assert causal_mask(1, 6, device).tolist() == [[True] * 6]


@pytest.mark.parametrize(("queries", "keys"), [(3, 2), (-1, 2), (-1, None)])
def test_queries_that_are_not_the_last_keys_are_refused(queries, keys):
    for build in (lambda: causal_mask(queries, keys), lambda: sliding_window_mask(queries, 2, keys)):
        with pytest.raises(ValueError, match=f"{queries} queries are not the last of"):
            build()


@pytest.mark.parametrize("lengths", [[1, 5], [-1, 2]])
def test_lengths_beyond_the_row_are_refused(lengths):
    for build in (padding_mask, prefix_mask):
        with pytest.raises(ValueError, match="are not all in 0 to 4"):
            build(torch.tensor(lengths), 4)


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="window 0 is below 1"):
        sliding_window_mask(3, 0)
    with pytest.raises(ValueError, match="side 'middle'"):
        padding_mask(torch.tensor([1]), 2, "middle")
    with pytest.raises(ValueError, match=r"mask has dtype torch\.float32"):
        additive_mask(torch.ones(2, 2))
    mask = torch.tensor([[1, 0]])
    assert torch.equal(additive_mask(mask), additive_mask(mask.bool()))
    assert position_ids(torch.tensor([[0, 1, 1]])).tolist() == [[0, 0, 1]]


def test_essence_is_the_module(device):
    i, j = torch.arange(7, device=device)[:, None], torch.arange(7, device=device)
    assert torch.equal(essence.causal(i, j), causal_mask(7, device=device))
    assert torch.equal(essence.window(i, j, 3), sliding_window_mask(7, 3, device=device))
    assert torch.equal(essence.prefix(i, j, 4), prefix_mask(torch.tensor([4], device=device), 7)[0])
    query, key, value = torch.randn(3, 7, 4)
    expected = F.scaled_dot_product_attention(query[None], key[None], value[None], attn_mask=causal_mask(7)[None])
    torch.testing.assert_close(essence.attend(query, key, value, essence.causal), expected[0])
