"""ALiBi against transformers' BLOOM, the paper's numbers, and brute force."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers.models.bloom.modeling_bloom import build_alibi_tensor

from snippets.alibi import alibi_attention, alibi_bias, alibi_row, alibi_slopes
from snippets.essence import alibi as essence


def reference_slopes(heads):
    """The slopes that transformers gives BLOOM: its bias at position 1."""
    return build_alibi_tensor(torch.ones(1, 2, dtype=torch.long), heads, torch.float32)[:, 0, 1]


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 8, 12, 16, 24, 32, 112])
def test_slopes_equal_those_of_bloom(device, heads):
    slopes = alibi_slopes(heads, device)
    assert (slopes.shape, slopes.dtype) == ((heads,), torch.float32)
    torch.testing.assert_close(slopes.cpu(), reference_slopes(heads), atol=0, rtol=1e-6)


def test_slopes_of_eight_heads_are_the_papers():
    assert alibi_slopes(8).tolist() == [2.0**-h for h in range(1, 9)]


def test_slopes_of_twelve_heads_by_hand():
    """Those of eight, then the first, third, … of sixteen: 2^-0.5, 2^-1.5, 2^-2.5, 2^-3.5."""
    expected = [2.0**-h for h in range(1, 9)] + [2.0 ** -(h + 0.5) for h in range(4)]
    torch.testing.assert_close(alibi_slopes(12), torch.tensor(expected))


@pytest.mark.parametrize(("queries", "keys"), [(0, 0), (1, 1), (4, 4), (1, 5), (3, 7)])
def test_bias_equals_brute_force(device, queries, keys):
    slopes = alibi_slopes(4, device)
    bias = alibi_bias(slopes, queries, keys)
    assert bias.shape == (4, queries, keys)
    for h, slope in enumerate(slopes.tolist()):
        for i in range(queries):
            for j in range(keys):
                distance = i + keys - queries - j
                assert bias[h, i, j].item() == (-slope * distance if distance >= 0 else -math.inf)
    if queries == keys:
        assert torch.equal(alibi_bias(slopes, queries), bias)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-7), (torch.bfloat16, 3e-2)])
def test_attention_equals_sdpa_with_blooms_bias(device, dtype, atol):
    query, key, value = (torch.randn(2, 6, 9, 4, device=device, dtype=dtype) for _ in range(3))
    bloom = build_alibi_tensor(torch.ones(2, 9, dtype=torch.long), 6, torch.float32).view(2, 6, 1, 9)
    future = torch.ones(9, 9, dtype=torch.bool).triu(1)
    mask = bloom.expand(2, 6, 9, 9).masked_fill(future, -torch.inf).to(device)
    wide = [tensor.double() for tensor in (query, key, value)]
    expected = F.scaled_dot_product_attention(*wide, attn_mask=mask.double()).to(dtype)
    output = alibi_attention(query, key, value)
    assert output.dtype == dtype
    torch.testing.assert_close(output, expected, atol=atol, rtol=0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_row_form_equals_bloom_and_gives_the_same_weights(device, side):
    real = torch.ones(2, 6, dtype=torch.bool, device=device)
    real[0, : 2 if side == "left" else None] = side == "right"
    if side == "right":
        real[0, 4:] = False
    slopes = alibi_slopes(4, device)
    row = alibi_row(slopes, real)
    expected = build_alibi_tensor(real.long().cpu(), 4, torch.float32).view(2, 4, 1, 6)
    torch.testing.assert_close(row.cpu(), expected)

    scores = torch.randn(2, 4, 6, 6, device=device)
    allowed = torch.ones(6, 6, dtype=torch.bool, device=device).tril() & real[:, None, None, :]
    rows = real[:, None, :, None].expand(2, 4, 6, 6)
    full, short = (
        (scores + bias).masked_fill(~allowed, -torch.inf).softmax(dim=-1)[rows] for bias in (alibi_bias(slopes, 6), row)
    )
    torch.testing.assert_close(short, full, atol=1e-6, rtol=0)


def test_weights_by_hand(device):
    """One head has slope 2^-8 = 1/256. With scores 0, the keys 256 and 0 steps back share e^-1 to 1.

    Only these two have values: 1 and 0, so the output is e^-1 over the sum of all e^(-d / 256).
    """
    query = torch.zeros(1, 1, 1, 2, device=device)
    key, value = torch.zeros(1, 1, 257, 2, device=device), torch.zeros(1, 1, 257, 1, device=device)
    value[0, 0, 0] = 1.0
    total = sum(math.exp(-d / 256) for d in range(257))
    assert math.isclose(alibi_attention(query, key, value).item(), math.exp(-1) / total, rel_tol=1e-5)


def test_bias_is_added_after_the_scaling(device):
    """D = 4, two keys; q·k is 4 for the far one (score 2) and 0 for the near one; the slope is 1/2 for head 1 of 8."""
    query = torch.zeros(1, 8, 1, 4, device=device)
    query[..., 0] = 2.0
    key, value = torch.zeros(1, 8, 2, 4, device=device), torch.zeros(1, 8, 2, 1, device=device)
    key[:, :, 0, 0] = 2.0
    value[:, :, 0] = 1.0
    expected = 1 / (1 + math.exp(-(2 - 0.5)))
    assert math.isclose(alibi_attention(query, key, value)[0, 0].item(), expected, rel_tol=1e-6)


def test_output_depends_on_distances_alone(device):
    """Keys in front that weigh nothing do not change the last outputs: nothing counts from the start."""
    query, key, value = (torch.randn(1, 4, 5, 8, device=device) for _ in range(3))
    longer_key = torch.cat([torch.zeros(1, 4, 3, 8, device=device), key], dim=2)
    longer_value = torch.cat([torch.zeros(1, 4, 3, 8, device=device), value], dim=2)
    bias = alibi_bias(alibi_slopes(4, device), 5, 8)
    torch.testing.assert_close(bias[..., 3:], alibi_bias(alibi_slopes(4, device), 5))
    step = alibi_attention(query[:, :, 4:], longer_key, longer_value)
    full = alibi_attention(torch.cat([query.new_zeros(1, 4, 3, 8), query], dim=2), longer_key, longer_value)
    torch.testing.assert_close(step, full[:, :, 7:], atol=1e-6, rtol=0)


def test_steep_heads_look_nearby_and_flat_ones_far(device):
    weights = alibi_bias(alibi_slopes(8, device), 1, 512)[:, 0].softmax(dim=-1)
    near = weights[:, -16:].sum(dim=-1)
    assert (near[1:] < near[:-1]).all()
    assert near[0] > 0.99
    assert near[-1] < 0.1


def test_gradients_are_right(device):
    tensors = [torch.randn(1, 2, 3, 2, device=device, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(alibi_attention, tensors)


def test_single_position_gets_its_own_value_and_huge_scores_stay_finite(device):
    query, value = torch.randn(2, 2, 3, 1, 4, device=device)
    torch.testing.assert_close(alibi_attention(query, query, value), value)
    query = 1e4 * torch.randn(1, 2, 4, 8, device=device)
    assert alibi_attention(query, query, query).isfinite().all()


def test_wrong_arguments_are_refused():
    for heads in (0, -1):
        with pytest.raises(ValueError, match=f"heads {heads} is below 1"):
            alibi_slopes(heads)
    for queries in (3, -1):
        with pytest.raises(ValueError, match=f"{queries} queries are not the last of 2 keys"):
            alibi_bias(alibi_slopes(2), queries, 2)


@pytest.mark.parametrize("heads", [1, 4, 8])
def test_essence_is_the_module(heads):
    query, key, value = torch.randn(3, heads, 9, 4)
    expected = alibi_attention(query[None], key[None], value[None])[0]
    torch.testing.assert_close(essence.alibi(query, key, value), expected)
