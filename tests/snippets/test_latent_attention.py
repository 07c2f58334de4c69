"""MLA against transformers' DeepseekV3 attention with the same weights, and its two forms against each other."""

import math

import pytest
import torch
from transformers import DynamicCache
from transformers.models.deepseek_v3.configuration_deepseek_v3 import DeepseekV3Config
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Attention, DeepseekV3RotaryEmbedding

from snippets.essence import latent_attention as essence
from snippets.latent_attention import LatentAttention, cached_numbers, rotate

SIZES = {"kv_lora_rank": 6, "qk_nope_head_dim": 5, "qk_rope_head_dim": 4, "v_head_dim": 3}
RANKS = pytest.mark.parametrize("rank", [None, 7])
ABSORB = pytest.mark.parametrize("absorb", [False, True])


def build(device, rank=None, dtype=torch.float32, theta=10000.0) -> LatentAttention:
    """A layer of width 10 with 3 heads, whose norms are not ones."""
    layer = LatentAttention(10, 3, **SIZES, q_lora_rank=rank, rope_theta=theta)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, 1.0 if weight.ndim == 1 else 0.0, 0.4)
    return layer.to(device, dtype)


def deepseek(ours: LatentAttention, device, rank, theta) -> tuple[DeepseekV3Attention, DeepseekV3RotaryEmbedding]:
    """Transformers' layer with our weights, and what makes its angles."""
    config = DeepseekV3Config(
        hidden_size=10, num_attention_heads=3, num_key_value_heads=3, q_lora_rank=rank, attn_implementation="eager",
        rope_parameters={"rope_type": "default", "rope_theta": theta}, num_hidden_layers=1, **SIZES,
    )  # fmt: skip
    theirs = DeepseekV3Attention(config, layer_idx=0).to(device)
    theirs.load_state_dict(ours.state_dict())
    return theirs, DeepseekV3RotaryEmbedding(config).to(device)


def causal(T, S, device):
    """Transformers' additive mask."""
    future = torch.ones(T, S, dtype=torch.bool, device=device).triu(S - T + 1)
    return torch.zeros(1, 1, T, S, device=device).masked_fill(future, torch.finfo(torch.float32).min)


@RANKS
@ABSORB
@pytest.mark.parametrize("theta", [10000.0, 50.0])
def test_outputs_and_gradients_equal_deepseek_v3s(device, rank, absorb, theta):
    ours = build(device, rank, theta=theta)
    theirs, rotary = deepseek(ours, device, rank, theta)
    x = torch.randn(2, 6, 10, device=device)
    output, cache = ours(x, absorb=absorb)
    expected, _ = theirs(x, rotary(x, torch.arange(6, device=device)[None]), causal(6, 6, device))
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)
    assert cache.shape == (2, 6, 10)
    signal = torch.randn_like(output)
    (output * signal).sum().backward()
    (expected * signal).sum().backward()
    for (name, weight), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, reference.grad, atol=1e-4, rtol=1e-3, msg=name)


def test_cache_equals_transformers(device):
    ours = build(device)
    theirs, rotary = deepseek(ours, device, None, 10000.0)
    x, kept = torch.randn(2, 6, 10, device=device), DynamicCache(config=theirs.config)
    theirs(x, rotary(x, torch.arange(6, device=device)[None]), causal(6, 6, device), kept)
    _, cache = ours(x)
    reference = torch.cat([kept.layers[0].keys, kept.layers[0].values], dim=-1)[:, 0]
    torch.testing.assert_close(cache, reference, atol=1e-5, rtol=1e-5)


@RANKS
@pytest.mark.parametrize("pieces", [[6], [1] * 6, [4, 1, 1], [2, 4]])
@ABSORB
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.bfloat16, 0.1)])
def test_pieces_and_both_forms_give_the_full_pass(device, rank, pieces, absorb, dtype, atol):
    layer, x = build(device, rank, dtype), torch.randn(2, 6, 10, device=device, dtype=dtype)
    whole, cache = layer(x)
    past, found = None, []
    for piece in x.split(pieces, dim=1):
        output, past = layer(piece, past, absorb)
        found.append(output)
    assert output.dtype == past.dtype == dtype
    torch.testing.assert_close(torch.cat(found, dim=1), whole, atol=atol, rtol=0)
    torch.testing.assert_close(past, cache, atol=atol, rtol=0)


def test_absorbed_scores_are_the_same_product_in_another_order(device):
    """q · (W c) = (Wᵀ q) · c, by hand: q = (1, 2), W = ((1, 0, 2), (0, 3, 1)), c = (1, 1, 1): W c = (3, 4), 11."""
    q, W = torch.tensor([1.0, 2.0], device=device), torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]], device=device)
    c = torch.ones(3, device=device)
    assert ((W @ c) @ q).item() == ((q @ W) @ c).item() == 11


def test_no_position_sees_what_comes_after(device):
    layer, x = build(device), torch.randn(1, 6, 10, device=device)
    changed = x.clone()
    changed[0, 3] += 1
    for absorb in (False, True):
        moved = (layer(x, absorb=absorb)[0] - layer(changed, absorb=absorb)[0]).abs().amax(dim=(0, 2)) > 1e-6
        assert moved.tolist() == [False] * 3 + [True] * 3


def test_rotation_by_hand(device):
    """P = 4, θ = 100: frequencies 1 and 1/10. Position 1 turns (1, 0) by 1 and (0, 1) by 1/10; halves apart."""
    x = torch.tensor([[9.0, 9.0, 9.0, 9.0], [1.0, 0.0, 0.0, 1.0]], device=device)
    expected = torch.tensor([math.cos(1), -math.sin(0.1), math.sin(1), math.cos(0.1)], device=device)
    torch.testing.assert_close(rotate(x, 0, 100.0)[1], expected)
    torch.testing.assert_close(rotate(x[1:], 1, 100.0)[0], expected)
    assert rotate(x.bfloat16(), 0, 100.0).dtype == torch.bfloat16


def test_gradients_are_right(device):
    layer = build(device, dtype=torch.float64)
    x = torch.randn(1, 3, 10, device=device, dtype=torch.float64, requires_grad=True)
    for absorb in (False, True):
        assert torch.autograd.gradcheck(lambda x, absorb=absorb: layer(x, absorb=absorb)[0], (x,))


def test_cached_numbers_of_real_models():
    """128 heads of 128: MHA 2 · 128 · 128; DeepSeek-V3 512 + 64, 57 times less; Llama 3 70B, 8 heads: 2,048."""
    assert cached_numbers(128, 128) == 32768
    assert cached_numbers(128, 128, latent=576) == 576
    assert cached_numbers(64, 128, kv_heads=8) == 2048
    assert cached_numbers(1, 1, 1, 1) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: LatentAttention(10, 3, 6, 5, 3, 3),
        lambda: LatentAttention(10, 0, 6, 5, 4, 3),
        lambda: LatentAttention(10, 3, 6, 5, 0, 3),
        lambda: cached_numbers(0, 128),
        lambda: cached_numbers(1, 128, 0),
        lambda: cached_numbers(0, 128, 8),
        lambda: cached_numbers(8, 0),
        lambda: cached_numbers(1, 128, latent=0),
    ],
)
def test_wrong_sizes_are_refused(call):
    with pytest.raises(ValueError, match="not all positive"):
        call()


def test_settings_that_are_not_given_are_deepseeks():
    layer = LatentAttention(4, 1, 1, 1, 2, 1, q_lora_rank=1)
    assert layer.kv_a_layernorm.eps == layer.q_a_layernorm.eps == 1e-6
    assert layer.rope_theta == DeepseekV3Config().rope_parameters["rope_theta"] == 10000.0


def test_smallest_layer_works(device):
    layer = LatentAttention(1, 1, 1, 1, 2, 1, q_lora_rank=1).to(device)
    assert layer(torch.ones(2, 3, 1, device=device))[0].shape == (2, 3, 1)


@torch.no_grad()
def test_essence_is_the_module():
    """The last token's heads, against what the module makes of its cache: N 5, P 4, V 3, R 6."""
    layer = build(torch.device("cpu"))
    x = torch.randn(1, 7, layer.q_proj.in_features)
    output, cache = layer(x)
    W = layer.kv_b_proj.weight.view(layer.num_heads, 5 + 3, 6)
    query = layer.q_proj(x[:, -1]).view(layer.num_heads, 5 + 4)
    q_rope = rotate(query[:, None, 5:], 6, layer.rope_theta)[:, 0]
    for form in (essence.plain, essence.absorbed):
        heads = form(query[:, :5], q_rope, cache[0, :, :6], cache[0, :, 6:], W[:, :5], W[:, 5:])
        torch.testing.assert_close(layer.o_proj(heads.flatten()), output[0, -1], atol=1e-5, rtol=1e-5)
