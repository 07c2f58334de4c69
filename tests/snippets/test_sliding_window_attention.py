"""Windows against masked full attention, sinks against transformers' gpt-oss, the rolling cache step by step."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import sliding_window_attention as essence
from snippets.sliding_window_attention import (
    RollingCache,
    cached_attention,
    held_positions,
    receptive_field,
    window_attention,
)


def mask_by_hand(T, S, window, sinks):
    """Which key each of the last `T` positions may look at, one by one."""
    mask = torch.zeros(T, S, dtype=torch.bool)
    for row, i in enumerate(range(S - T, S)):
        for j in range(S):
            mask[row, j] = j <= i and (i - j < window or j < sinks)
    return mask


def inputs(device, T=9, S=9, heads=4, groups=4, dtype=torch.float32):
    query = torch.randn(2, heads, T, 8, device=device, dtype=dtype)
    return query, *(torch.randn(2, groups, S, 8, device=device, dtype=dtype) for _ in range(2))


@pytest.mark.parametrize(("T", "groups"), [(9, 4), (9, 2), (3, 1), (1, 4)])
@pytest.mark.parametrize(("window", "sinks"), [(1, 0), (3, 0), (3, 2), (4, 9), (20, 0)])
def test_window_is_masked_full_attention(device, T, groups, window, sinks):
    query, key, value = inputs(device, T=T, groups=groups)
    mask = mask_by_hand(T, 9, window, sinks).to(device)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    torch.testing.assert_close(window_attention(query, key, value, window, sinks), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("groups", [4, 2])
def test_learned_sinks_are_gpt_oss(groups):
    from transformers.models.gpt_oss.modeling_gpt_oss import eager_attention_forward

    query, key, value = inputs("cpu", groups=groups)
    sinks = torch.randn(4)
    module = SimpleNamespace(sinks=sinks, num_key_value_groups=4 // groups, training=False)
    bias = torch.zeros(9, 9).masked_fill(~mask_by_hand(9, 9, 3, 0), torch.finfo(torch.float32).min)
    expected, _ = eager_attention_forward(module, query, key, value, bias, scaling=8**-0.5)
    found = window_attention(query, key, value, 3, sink_logits=sinks)
    torch.testing.assert_close(found, expected.transpose(1, 2), atol=1e-5, rtol=1e-4)


def test_sink_logit_takes_weight_by_hand(device):
    """One key of score 0 and a logit of log 3: the value is weighted 1 / (1 + 3)."""
    query = torch.zeros(1, 1, 1, 2, device=device)
    value = torch.tensor([[[[4.0, 8.0]]]], device=device)
    logit = torch.tensor([3.0], device=device).log()
    torch.testing.assert_close(window_attention(query, value, value, 1, sink_logits=logit), value / 4)
    nothing = torch.tensor([float("-inf")], device=device)
    torch.testing.assert_close(window_attention(query, value, value, 1, sink_logits=nothing), value)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize(("window", "sinks"), [(3, 0), (3, 2), (1, 1), (12, 4)])
def test_rolling_cache_gives_what_the_mask_gives(device, window, sinks, learned):
    query, key, value = inputs(device, T=14, S=14, groups=2)
    logits = torch.randn(4, device=device) if learned else None
    whole = window_attention(query, key, value, window, sinks, logits)
    cache = RollingCache(window, sinks)
    for p in range(14):
        keys, values = cache.append(key[:, :, p : p + 1], value[:, :, p : p + 1])
        assert keys.shape[2] == min(p + 1, window + sinks)
        step = cached_attention(query[:, :, p : p + 1], keys, values, logits)
        torch.testing.assert_close(step[:, :, 0], whole[:, :, p], atol=1e-5, rtol=1e-4)


def test_held_positions_and_their_places_by_hand():
    """Two sinks and four slots after eight positions: 6 overwrote 2, 7 overwrote 3; places count without the gap."""
    cache = RollingCache(window=4, sinks=2)
    for _ in range(8):
        cache.append(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1))
    assert cache.held == [0, 1, 6, 7, 4, 5]
    assert cache.places().tolist() == [0, 1, 4, 5, 2, 3]


@pytest.mark.parametrize(("layers", "window"), [(1, 1), (1, 4), (3, 4), (5, 2)])
def test_receptive_field_is_what_influence_reaches(layers, window):
    reached = torch.eye(30)
    for _ in range(layers):
        reached = mask_by_hand(30, 30, window, 0).float() @ reached
    assert int((reached[-1] > 0).sum()) == receptive_field(layers, window)


def test_positions_held_by_hand():
    """Six layers, one of them full, 100 tokens, windows of 10: 100 + 5 * 10. A short text fills no window."""
    assert held_positions(100, 6, 10, full_every=6) == 150
    assert held_positions(100, 6, 10) == 60
    assert held_positions(7, 6, 10, full_every=2) == 42


def test_gradients_are_right(device):
    query, key, value = (
        x[:1].requires_grad_() for x in inputs(device, T=4, S=4, heads=2, groups=1, dtype=torch.float64)
    )
    logits = torch.randn(2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *x: window_attention(*x[:3], 2, 1, x[3]), (query, key, value, logits))


def test_narrow_inputs_are_summed_in_float32(device):
    query, key, value = inputs(device, dtype=torch.bfloat16)
    found = window_attention(query, key, value, 4, 1)
    assert found.dtype == torch.bfloat16
    wide = window_attention(query.double(), key.double(), value.double(), 4, 1)
    torch.testing.assert_close(found, wide.to(torch.bfloat16), atol=0.01, rtol=0.01)


ONE = torch.zeros(1, 1, 1, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: window_attention(ONE, ONE, ONE, 0), "window 0"),
        (lambda: window_attention(ONE, ONE, ONE, 1, -1), "sinks -1"),
        (lambda: window_attention(ONE.expand(1, 1, 2, 2), ONE, ONE, 1), "2 queries"),
        (lambda: window_attention(ONE, ONE, ONE.expand(1, 1, 2, 2), 1), "do not fit"),
        (lambda: window_attention(ONE, ONE, ONE, 1, sink_logits=torch.zeros(2)), r"\(2,\) are not \(1,\)"),
        (lambda: RollingCache(0), "window 0"),
        (lambda: RollingCache(1).append(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)), r"\(B, G, 1, D\)"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    query, key, value = (x[0] for x in inputs("cpu"))
    logits = torch.randn(4)
    expected = window_attention(query[None], key[None], value[None], 3, 2, logits)[0]
    torch.testing.assert_close(essence.attention(query, key, value, 3, 2, logits), expected)
    cache = RollingCache(5, 3)
    assert [essence.slot(p, 5, 3) for p in range(40)] == [cache.slot(p) for p in range(40)]
