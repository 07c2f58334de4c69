"""Self-attention against torch's own two, against numbers by hand, and where it usually breaks."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from snippets.essence import self_attention as essence
from snippets.self_attention import SelfAttention, attention, attention_fused, causal_mask

MASKS = {
    "none": None,
    "causal": causal_mask(6),
    "padding": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]], dtype=torch.bool)[:, None, None, :],
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
def test_attention_equals_torch_sdpa(device, name, dtype, atol):
    query, key, value = (torch.randn(2, 3, 6, 4, device=device, dtype=dtype) for _ in range(3))
    mask = None if MASKS[name] is None else MASKS[name].to(device)
    output, _ = attention(query, key, value, mask)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert output.dtype == dtype
    torch.testing.assert_close(output, expected, atol=atol, rtol=0)


def test_cross_attention_lengths_may_differ(device):
    query, key, value = (torch.randn(2, length, 4, device=device) for length in (3, 5, 5))
    output, weights = attention(query, key, value)
    assert weights.shape == (2, 3, 5)
    torch.testing.assert_close(output, F.scaled_dot_product_attention(query, key, value), atol=1e-6, rtol=0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("heads", "bias"), [(4, False), (4, True), (1, False)])
def test_layer_equals_torch_multihead_attention_with_the_same_weights(device, heads, bias, causal):
    ours = SelfAttention(32, heads, bias=bias).to(device)
    theirs = nn.MultiheadAttention(32, heads, bias=bias, batch_first=True, device=device)
    projections = (ours.q_proj, ours.k_proj, ours.v_proj)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([projection.weight for projection in projections]))
        theirs.out_proj.weight.copy_(ours.o_proj.weight)
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([projection.bias for projection in projections]))
            theirs.out_proj.bias.copy_(ours.o_proj.bias)
    x = torch.randn(3, 7, 32, device=device)
    keep = torch.arange(7, device=device) < torch.tensor([[7], [4], [1]], device=device)
    expected, _ = theirs(
        x, x, x, key_padding_mask=~keep, attn_mask=~causal_mask(7, device) if causal else None, need_weights=False
    )
    output = ours(x, padding_mask=keep, causal=causal)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=0)


def test_weights_by_hand(device):
    """Two positions, D = 2: the first query (2, 0) scores the keys (1, 0), (0, 1) with 2/√2 = √2 and 0.

    Its weights are e^√2 / (e^√2 + 1) = 4.11325 / 5.11325 = 0.80443 and 0.19557. The second query is 0: half and half.
    With values 1 and 0 the outputs are the first weights.
    """
    query = torch.tensor([[2.0, 0.0], [0.0, 0.0]], device=device)
    key = torch.eye(2, device=device)
    value = torch.tensor([[1.0], [0.0]], device=device)
    output, weights = attention(query, key, value)
    expected = torch.tensor([[0.80443, 0.19557], [0.5, 0.5]], device=device)
    torch.testing.assert_close(weights, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(output, expected[:, :1], atol=1e-5, rtol=0)


def test_classic_sizes_keep_their_shape_and_count_four_square_matrices(device):
    layer = SelfAttention(512, 8).to(device)
    assert layer(torch.randn(16, 10, 512, device=device)).shape == (16, 10, 512)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 4 * 512**2


def test_without_a_mask_positions_have_no_order(device):
    layer = SelfAttention(16, 2).to(device)
    x = torch.randn(2, 5, 16, device=device)
    order = torch.randperm(5, device=device)
    torch.testing.assert_close(layer(x)[:, order], layer(x[:, order]), atol=1e-6, rtol=0)


def test_causal_layer_does_not_see_the_future(device):
    layer = SelfAttention(16, 2).to(device)
    x = torch.randn(2, 5, 16, device=device)
    changed = x.clone()
    changed[:, 3:] = torch.randn(2, 2, 16, device=device)
    before, after = layer(x, causal=True), layer(changed, causal=True)
    torch.testing.assert_close(before[:, :3], after[:, :3], atol=1e-6, rtol=0)
    assert not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_row_equals_the_row_alone(device, side):
    layer = SelfAttention(16, 2).to(device)
    row, filler = torch.randn(1, 4, 16, device=device), 100 * torch.randn(1, 3, 16, device=device)
    real = torch.ones(1, 7, dtype=torch.bool, device=device)
    if side == "left":
        padded, kept = torch.cat([filler, row], dim=1), slice(3, 7)
        real[:, :3] = False
    else:
        padded, kept = torch.cat([row, filler], dim=1), slice(0, 4)
        real[:, 4:] = False
    output = layer(padded, padding_mask=real, causal=True)
    torch.testing.assert_close(output[:, kept], layer(row, causal=True), atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_position_that_may_look_nowhere_gets_zeros_and_a_finite_gradient(device, dtype):
    query, key, value = (torch.randn(1, 3, 4, device=device, dtype=dtype, requires_grad=True) for _ in range(3))
    mask = causal_mask(3, device)
    mask[1] = False
    output, weights = attention(query, key, value, mask)
    assert output[0, 1].tolist() == [0.0] * 4
    assert weights[0, 1].tolist() == [0.0] * 3
    with torch.autograd.set_detect_anomaly(True):  # no NaN on the way either
        output, _ = attention(query, key, value, mask)
        output.sum().backward()
    assert all(tensor.grad.isfinite().all() for tensor in (query, key, value))
    assert query.grad[0, 1].tolist() == [0.0] * 4


def test_row_of_nothing_but_padding_is_not_nan(device):
    layer = SelfAttention(16, 2).to(device)
    real = torch.tensor([[True] * 4, [False] * 4], device=device)
    output = layer(torch.randn(2, 4, 16, device=device), padding_mask=real)
    assert output[1].abs().max() == 0
    output.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


def test_gradients_are_right(device):
    tensors = [torch.randn(2, 3, 2, device=device, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    mask = causal_mask(3, device)
    mask[1] = False
    assert torch.autograd.gradcheck(lambda query, key, value: attention(query, key, value, mask), tensors)


def test_single_position_gets_its_own_value(device):
    layer = SelfAttention(16, 2).to(device)
    x = torch.randn(2, 1, 16, device=device)
    torch.testing.assert_close(layer(x, causal=True), layer.o_proj(layer.v_proj(x)), atol=1e-6, rtol=0)


def test_equal_keys_share_the_weight_equally(device):
    query, key = torch.randn(1, 2, 4, device=device), torch.ones(1, 4, 4, device=device)
    _, weights = attention(query, key, key)
    torch.testing.assert_close(weights, torch.full((1, 2, 4), 0.25, device=device))


def test_huge_scores_pick_one_key_without_overflow(device):
    query = 1e4 * torch.eye(3, device=device)
    _, weights = attention(query, query, query)
    torch.testing.assert_close(weights, torch.eye(3, device=device))


def test_half_precision_does_not_overflow_where_the_scaled_score_fits(device):
    """D = 64 entries of 40: the product is 64 · 1600 = 102,400 > 65,504, but divided by √64 it is 12,800."""
    query = torch.full((1, 2, 64), 40.0, device=device, dtype=torch.float16)
    output, weights = attention(query, query, query)
    assert weights.tolist() == [[[0.5, 0.5], [0.5, 0.5]]]
    assert output.isfinite().all()


def test_variance_of_the_weights_stays_away_from_one_hot(device):
    """Without 1/√D, 512 random features would give scores of standard deviation √512 ≈ 23: a one-hot softmax."""
    query, key = (torch.randn(64, 512, device=device) for _ in range(2))
    _, weights = attention(query, key, key)
    unscaled = (query @ key.T).softmax(dim=-1)
    assert weights.amax(dim=-1).mean() < 0.3
    assert unscaled.amax(dim=-1).mean() > 0.8
    assert math.isclose(weights.sum(dim=-1).mean().item(), 1.0, rel_tol=1e-5)


@pytest.mark.parametrize(("width", "heads"), [(10, 3), (8, 0), (8, -2)])
def test_heads_that_do_not_divide_the_width_are_refused(width, heads):
    with pytest.raises(ValueError, match=f"width {width} is not divisible by heads {heads}"):
        SelfAttention(width, heads)


def test_masks_of_floats_are_refused():
    x = torch.randn(1, 3, 8)
    for call in (lambda: attention(x, x, x, torch.ones(3, 3)), lambda: SelfAttention(8, 2)(x, torch.ones(1, 3))):
        with pytest.raises(ValueError, match=r"mask has dtype torch\.float32"):
            call()


@pytest.mark.parametrize("fused", [False, True])
def test_a_tokenizers_mask_is_taken(device, fused):
    layer, x = SelfAttention(8, 2, fused=fused).to(device), torch.randn(2, 4, 8, device=device)
    real = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]], device=device)
    assert torch.equal(layer(x, real), layer(x, real.bool()))


@pytest.mark.parametrize("form", [attention, attention_fused])
def test_a_mask_without_heads_does_not_meet_the_heads(device, form):
    """(B, T, T) would broadcast over the heads where there are as many of them as rows in the batch."""
    x = torch.randn(2, 2, 3, 4, device=device)
    mask = torch.ones(2, 3, 3, dtype=torch.bool, device=device).tril()
    with pytest.raises(ValueError, match=r"neither 2 nor 4 dimensions"):
        form(x, x, x, mask)
    form(x, x, x, mask[:, None])
    form(x[0], x[0], x[0], mask)


def test_softmax_of_half_precision_is_summed_in_float32(device):
    """1,000 equal scores: weights of 1/1000 in bfloat16 add up to 1; a sum that stops at 256 would give 4."""
    x = torch.zeros(1, 1000, 4, device=device, dtype=torch.bfloat16)
    output, weights = attention(x[:, :1], x, x + 1)
    assert (output.dtype, weights.dtype) == (torch.bfloat16, torch.bfloat16)
    torch.testing.assert_close(weights.float().sum().item(), 1.0, atol=4e-3, rtol=0)


def test_padding_mask_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"is not \(1, 3\)"):
        SelfAttention(8, 2)(torch.randn(1, 3, 8), padding_mask=torch.ones(3, 3, dtype=torch.bool))


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("causal", [False, True])
def test_fused_form_equals_the_plain_one_in_values_and_gradients(device, name, causal):
    """Where there is a mask, a query of the second row may look nowhere: zeros, and no NaN in the gradient."""
    mask = None if MASKS[name] is None else MASKS[name].to(device).expand(2, 1, 6, 6).clone()
    if mask is not None:
        mask[1, :, 2] = False
    past = causal_mask(6, device)
    allowed = mask if not causal else past if mask is None else mask & past
    tensors = [torch.randn(2, 3, 6, 4, device=device, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    fused, (plain, _) = attention_fused(*tensors, mask, causal), attention(*tensors, allowed)
    torch.testing.assert_close(fused, plain, atol=1e-12, rtol=0)
    upstream = torch.randn_like(plain)
    for ours, theirs in zip(
        torch.autograd.grad(fused, tensors, upstream), torch.autograd.grad(plain, tensors, upstream), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_fused_layer_equals_the_plain_one(device, causal, padded):
    plain, fused = SelfAttention(32, 4).to(device), SelfAttention(32, 4, fused=True).to(device)
    assert (plain.fused, fused.fused) == (False, True)
    fused.load_state_dict(plain.state_dict())
    x = torch.randn(2, 7, 32, device=device)
    keep = torch.arange(7, device=device) < torch.tensor([[7], [4]], device=device) if padded else None
    torch.testing.assert_close(fused(x, keep, causal), plain(x, keep, causal), atol=1e-6, rtol=0)


def test_fused_form_refuses_what_it_would_read_wrongly():
    query, key = torch.randn(1, 2, 4), torch.randn(1, 5, 4)
    with pytest.raises(ValueError, match="mask has dtype torch"):
        attention_fused(query, key, key, torch.ones(2, 5))
    with pytest.raises(ValueError, match="2 queries to 5 keys"):
        attention_fused(query, key, key, causal=True)


@torch.no_grad()
def test_essence_is_the_module():
    layer, x = SelfAttention(width=12, heads=3), torch.randn(1, 5, 12)
    weights = [projection.weight for projection in (layer.q_proj, layer.k_proj, layer.v_proj, layer.o_proj)]
    torch.testing.assert_close(essence.self_attention(x[0], *weights, 3), layer(x, causal=True)[0])
