"""Grouped-query attention against torch's SDPA, transformers' Llama, and multi-head attention with copied heads."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaRotaryEmbedding

from snippets.attention_mask import padding_mask, position_ids
from snippets.essence import grouped_query_attention as essence
from snippets.grouped_query_attention import GroupedQueryAttention, grouped_query_attention, pool_heads
from snippets.kv_cache import KVCache
from snippets.rope import rope, rope_angles, rope_frequencies


def heads(device, G, H=8, T=5, S=7, D=4, dtype=torch.float32):
    """Query `(2, H, T, D)`, key and value `(2, G, S, D)`."""
    shapes = ((2, H, T, D), (2, G, S, D), (2, G, S, D))
    return [torch.randn(shape, device=device, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize("G", [1, 2, 4, 8])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("masked", [False, True])
def test_output_equals_sdpa_with_enable_gqa(device, G, dtype, atol, masked):
    query, key, value = heads(device, G, dtype=dtype)
    mask = torch.ones(5, 7, dtype=torch.bool, device=device).tril(2) if masked else None
    output = grouped_query_attention(query, key, value, mask)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    assert output.dtype == dtype
    torch.testing.assert_close(output, expected, atol=atol, rtol=0)


def test_groups_are_of_neighbouring_heads(device):
    """Head h reads key/value head h // (H / G): copies by repeat_interleave, not by repeat."""
    query, key, value = heads(device, 2)
    output = grouped_query_attention(query, key, value)
    copied = [tensor.repeat_interleave(4, dim=1) for tensor in (key, value)]
    torch.testing.assert_close(output, grouped_query_attention(query, *copied), atol=1e-6, rtol=0)
    interleaved = [tensor.repeat(1, 4, 1, 1) for tensor in (key, value)]
    assert not torch.allclose(output, grouped_query_attention(query, *interleaved), atol=1e-2)


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("bias", [False, True])
def test_layer_equals_transformers_llama_attention(device, kv_heads, bias):
    """With positions all 0 (cos 1, sin 0) Llama's rotation does nothing."""
    config = LlamaConfig(
        hidden_size=16,
        num_attention_heads=4,
        num_key_value_heads=kv_heads,
        attention_bias=bias,
        attn_implementation="sdpa",
    )
    theirs, ours = (
        LlamaAttention(config, layer_idx=0).to(device),
        GroupedQueryAttention(16, 4, kv_heads, bias).to(device),
    )
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 6, 16, device=device)
    still = torch.ones(2, 6, 4, device=device), torch.zeros(2, 6, 4, device=device)
    torch.testing.assert_close(ours(x), theirs(x, still, None)[0], atol=1e-6, rtol=0)


def test_weights_by_hand(device):
    """One key/value head, two query heads, D = 1: scores 0 and ln 3 for the first head give weights 1/4 and 3/4.

    Values 0 and 8 give 6; the second head's query is 0: half and half, 4.
    """
    query = torch.tensor([math.log(3), 0.0], device=device).view(1, 2, 1, 1)
    key = torch.tensor([0.0, 1.0], device=device).view(1, 1, 2, 1)
    value = torch.tensor([0.0, 8.0], device=device).view(1, 1, 2, 1)
    output = grouped_query_attention(query, key, value)
    torch.testing.assert_close(output.flatten(), torch.tensor([6.0, 4.0], device=device))


def test_layer_pooled_from_equal_heads_computes_the_same(device):
    """Where the heads of a group are the same already, their mean changes nothing."""
    grouped = GroupedQueryAttention(16, 4, 2).to(device)
    full = GroupedQueryAttention(16, 4, 4).to(device)
    full.load_state_dict(
        {
            name: weight.view(2, 4, 16).repeat_interleave(2, dim=0).reshape(16, 16) if name[0] in "kv" else weight
            for name, weight in grouped.state_dict().items()
        }
    )
    for name in ("k_proj", "v_proj"):
        pooled = pool_heads(getattr(full, name).weight, 4, 2)
        torch.testing.assert_close(pooled, getattr(grouped, name).weight)
    x = torch.randn(2, 5, 16, device=device)
    torch.testing.assert_close(full(x), grouped(x), atol=1e-6, rtol=0)


def test_pooling_is_the_mean_of_neighbouring_heads(device):
    """Four heads of D = 1, C = 2: (1, 2), (3, 4) and (5, 6), (9, 10) become (2, 3) and (7, 8)."""
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [9.0, 10.0]], device=device)
    assert pool_heads(weight, 4, 2).tolist() == [[2.0, 3.0], [7.0, 8.0]]
    assert pool_heads(weight, 2, 1).tolist() == [[3.0, 4.0], [6.0, 7.0]]  # two heads of D = 2
    assert pool_heads(weight[:, 0], 4, 1).tolist() == [4.5]
    assert torch.equal(pool_heads(weight, 4, 4), weight)


def test_llama_2_70b_shares_its_keys_among_eight_heads():
    """Of a layer's 8192 x 8192 projections, K and V keep one eighth: 2 (1 + 1/8) · 8192² parameters."""
    with torch.device("meta"):
        layer = GroupedQueryAttention(8192, 64, 8)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 2 * 8192 * (8192 + 1024)


def test_layer_does_not_see_the_future(device):
    layer = GroupedQueryAttention(16, 4, 2).to(device)
    x = torch.randn(2, 5, 16, device=device)
    changed = x.clone()
    changed[:, 3:] += 1.0
    before, after = layer(x), layer(changed)
    torch.testing.assert_close(before[:, :3], after[:, :3], atol=1e-6, rtol=0)
    assert not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-3)


def test_mask_of_one_row_and_a_query_that_may_look_nowhere(device):
    query, key, value = heads(device, 2)
    mask = torch.ones(2, 1, 5, 7, dtype=torch.bool, device=device)
    mask[0, :, 1] = False
    mask[1, :, :, 4:] = False
    query.requires_grad_()
    output = grouped_query_attention(query, key, value, mask)
    assert output[0, :, 1].abs().max() == 0
    shorter = grouped_query_attention(query[1:], key[1:, :, :4], value[1:, :, :4])
    torch.testing.assert_close(output[1:], shorter, atol=1e-6, rtol=0)
    output.sum().backward()
    assert query.grad.isfinite().all()


def test_gradients_are_right(device):
    tensors = heads(device, 2, H=4, T=2, S=3, D=2, dtype=torch.float64)
    mask = torch.tensor([[True, True, False], [False, False, False]], device=device)
    for tensor in tensors:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda *qkv: grouped_query_attention(*qkv, mask), tensors)


def test_one_position_and_huge_scores(device):
    query, key, value = heads(device, 2, T=1, S=1)
    expected = value.repeat_interleave(4, dim=1)
    torch.testing.assert_close(grouped_query_attention(query, key, value), expected)
    query, key, value = heads(device, 2)
    assert grouped_query_attention(1e4 * query, 1e4 * key, value).isfinite().all()


@pytest.mark.parametrize(("count", "kv_heads"), [(8, 3), (8, 0), (0, 1), (8, -2), (4, 8)])
def test_groups_that_do_not_divide_are_refused(count, kv_heads):
    message = f"heads {count} are not divisible by kv_heads {kv_heads}"
    with pytest.raises(ValueError, match=message):
        GroupedQueryAttention(8, count, kv_heads)
    with pytest.raises(ValueError, match=message):
        pool_heads(torch.ones(8, 8), count, kv_heads)


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="heads 8 are not divisible by kv_heads 3"):
        grouped_query_attention(torch.ones(1, 8, 2, 4), *torch.ones(2, 1, 3, 2, 4))
    for mask in (torch.ones(2, 2), torch.ones(1, 2, 2, dtype=torch.bool)):  # floats; no heads: would meet the heads
        with pytest.raises(ValueError, match="not bool or 0/1"):
            grouped_query_attention(*torch.ones(3, 1, 2, 2, 4), mask)
    with pytest.raises(ValueError, match="width 10 is not divisible by heads 4"):
        GroupedQueryAttention(10, 4, 2)
    with pytest.raises(ValueError, match="6 rows are not divisible by heads 4"):
        pool_heads(torch.ones(6, 8), 4, 2)


def test_smallest_layer_works():
    assert GroupedQueryAttention(1, 1, 1)(torch.ones(2, 3, 1)).shape == (2, 3, 1)
    assert pool_heads(torch.ones(1, 2), 1, 1).tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("pieces", [[6], [4, 1, 1]])
def test_mask_rope_groups_and_cache_together_equal_transformers_llama_attention(device, pieces):
    """Rows of 6 and 4 tokens, padded on the left: what a tokenizer returns goes in as it is."""
    config = LlamaConfig(hidden_size=32, num_attention_heads=4, num_key_value_heads=2, attn_implementation="eager")
    theirs, ours = LlamaAttention(config, layer_idx=0).to(device), GroupedQueryAttention(32, 4, 2).to(device)
    ours.load_state_dict(theirs.state_dict())
    real = padding_mask(torch.tensor([6, 4], device=device), 6, "left").long()
    x, places = torch.randn(2, 6, 32, device=device), position_ids(real)
    seen = torch.ones(6, 6, dtype=torch.bool, device=device).tril() & real.bool()[:, None, None, :]
    bias = torch.zeros(2, 1, 6, 6, device=device).masked_fill(~seen, torch.finfo(torch.float32).min)
    expected, _ = theirs(x, LlamaRotaryEmbedding(config).to(device)(x, places), bias)
    cache, outputs, end = KVCache(2, 2, max_length=8, head_width=8), [], 0
    for piece in x.split(pieces, dim=1):
        start, end = end, end + piece.shape[1]
        cos, sin = rope_angles(places[:, start:end], rope_frequencies(8, device=device))
        outputs.append(ours(piece, real[:, :end], lambda q, cos=cos, sin=sin: rope(q, cos, sin), cache))
    output = torch.cat(outputs, dim=1)
    torch.testing.assert_close(output[real.bool()], expected[real.bool()], atol=1e-6, rtol=0)
    assert (cache.keys.shape, cache.length) == ((2, 2, 8, 8), 6)


@pytest.mark.parametrize("G", [1, 2, 8])
def test_essence_is_the_module(device, G):
    query, key, value = heads(device, G)
    expected = grouped_query_attention(query, key, value)
    for row in range(len(query)):
        torch.testing.assert_close(essence.gqa(query[row], key[row], value[row]), expected[row])
    weight = torch.randn(8 * 3, 5, device=device)
    torch.testing.assert_close(essence.from_mha(weight, 8, G), pool_heads(weight, 8, G))
