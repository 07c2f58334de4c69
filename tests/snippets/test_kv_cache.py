"""Incremental decoding against the full pass, against torch's SDPA, and the size of transformers' own cache."""

import pytest
import torch
import torch.nn.functional as F
from transformers import DynamicCache, LlamaConfig, LlamaModel

from snippets.essence import kv_cache as essence
from snippets.kv_cache import CachedSelfAttention, KVCache, cache_bytes


def layer_and_input(device, dtype=torch.float32, B=2, T=7):
    """A layer of 4 heads of 8, and input for it."""
    return CachedSelfAttention(32, 4).to(device, dtype), torch.randn(B, T, 32, device=device, dtype=dtype)


@pytest.mark.parametrize("pieces", [[7], [1] * 7, [4, 1, 1, 1], [2, 3, 2], [1, 6], [3, 0, 4]])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
def test_pieces_give_the_full_pass(device, pieces, dtype, atol):
    layer, x = layer_and_input(device, dtype)
    cache = KVCache(2, 4, 10, 8, dtype, device)
    output = torch.cat([layer(piece, cache) for piece in x.split(pieces, dim=1)], dim=1)
    assert (output.dtype, cache.length) == (dtype, 7)
    torch.testing.assert_close(output, layer(x), atol=atol, rtol=0)


def test_full_pass_equals_sdpa(device):
    layer, x = layer_and_input(device)
    query, key, value = (part.view(2, 7, 4, 8).transpose(1, 2) for part in layer.qkv_proj(x).chunk(3, dim=-1))
    heads = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    expected = layer.o_proj(heads.transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer(x), expected, atol=1e-6, rtol=0)


def test_cache_holds_the_keys_and_values_of_the_full_pass(device):
    layer, x = layer_and_input(device)
    cache = KVCache(2, 4, 9, 8, device=device)
    for position in x.split(1, dim=1):
        layer(position, cache)
    _, key, value = (part.view(2, 7, 4, 8).transpose(1, 2) for part in layer.qkv_proj(x).chunk(3, dim=-1))
    torch.testing.assert_close(cache.keys[:, :, :7], key, atol=1e-6, rtol=0)
    torch.testing.assert_close(cache.values[:, :, :7], value, atol=1e-6, rtol=0)
    assert cache.keys[:, :, 7:].abs().max() == cache.values[:, :, 7:].abs().max() == 0
    assert cache.keys.device.type == device.type


def test_append_returns_views_of_all_so_far(device):
    cache = KVCache(1, 1, 3, 2, device=device)
    cache.append(torch.full((1, 1, 1, 2), 1.0), torch.full((1, 1, 1, 2), -1.0))
    keys, values = cache.append(torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), -2.0))
    assert keys[0, 0].tolist() == [[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]]
    assert values[0, 0].tolist() == [[-1.0, -1.0], [-2.0, -2.0], [-2.0, -2.0]]
    assert (keys.data_ptr(), values.data_ptr()) == (cache.keys.data_ptr(), cache.values.data_ptr())
    assert not keys.requires_grad


def test_truncated_cache_goes_on_as_if_the_rest_had_never_been(device):
    layer, x = layer_and_input(device)
    cache = KVCache(2, 4, 8, 8, device=device)
    layer(x[:, :3], cache)
    layer(torch.randn(2, 5, 32, device=device), cache)
    cache.truncate(cache.length)  # nothing to forget
    cache.truncate(3)
    torch.testing.assert_close(layer(x[:, 3:], cache), layer(x)[:, 3:], atol=1e-6, rtol=0)
    cache.truncate(0)
    torch.testing.assert_close(layer(x, cache), layer(x), atol=1e-6, rtol=0)


def test_training_without_a_cache_has_gradients(device):
    layer, x = layer_and_input(device, torch.float64, B=1, T=3)
    x.requires_grad_()
    assert torch.autograd.gradcheck(layer, (x,))
    assert layer(x.detach()).requires_grad


def test_new_queries_see_the_past_through_their_own_gradient_alone(device):
    """What is cached is constant: generation needs no graph through the past."""
    layer, x = layer_and_input(device)
    cache = KVCache(2, 4, 8, 8, device=device)
    layer(x[:, :6], cache)
    layer(x[:, 6:], cache).sum().backward()
    assert layer.qkv_proj.weight.grad[:32].abs().max() > 0
    assert layer.qkv_proj.weight.grad[32:].abs().max() == 0


@pytest.mark.parametrize("kv_heads", [4, 1])
def test_bytes_equal_those_transformers_really_caches(kv_heads):
    config = LlamaConfig(
        vocab_size=10, hidden_size=32, intermediate_size=8, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=kv_heads, attn_implementation="sdpa",
    )  # fmt: skip
    cache = DynamicCache(config=config)
    with torch.no_grad():
        # by place: transformers 5 has two names for the cache
        LlamaModel(config)(torch.zeros(2, 5, dtype=torch.long), None, None, cache, use_cache=True)
    held = sum(tensor.numel() * 4 for layer in cache.layers for tensor in (layer.keys, layer.values))
    assert cache_bytes(3, kv_heads, 8, 5, batch=2, bytes_per_number=4) == held


def test_bytes_equal_those_held_here():
    cache = KVCache(3, 2, 5, 7, torch.float16)
    cache.append(*torch.ones(2, 3, 2, 1, 7))
    held = sum(tensor.numel() * tensor.element_size() for tensor in (cache.keys, cache.values))
    assert cache_bytes(1, 2, 7, 5, batch=3) == held


@pytest.mark.parametrize(
    ("layers", "kv_heads", "kib"), [(32, 32, 512), (80, 8, 320), (80, 64, 2560)], ids=["7B", "70B", "70B as MHA"]
)
def test_bytes_of_a_token_in_real_models(layers, kv_heads, kib):
    """LLaMA 7B: 2 · 32 · 4096 · 2 bytes = 512 KiB. Llama 2 70B: 2 · 80 · 8 · 128 · 2 = 320 KiB, 2.5 MiB as MHA."""
    assert cache_bytes(layers, kv_heads, 128, 1) == kib * 1024


def test_full_cache_refuses_and_stays_as_it_was():
    cache = KVCache(1, 1, 2, 1)
    cache.append(*torch.ones(2, 1, 1, 2, 1))
    with pytest.raises(ValueError, match="3 positions do not fit into a cache for 2"):
        cache.append(*torch.ones(2, 1, 1, 1, 1))
    assert cache.length == 2


@pytest.mark.parametrize(("key", "value"), [((1, 2, 1, 4), (1, 2, 2, 4)), ((3, 2, 1, 4),) * 2, ((1, 1, 1, 4),) * 2])
def test_shapes_that_do_not_fit_are_refused(key, value):
    with pytest.raises(ValueError, match=r"are not \(1, 2, T, 4\)"):
        KVCache(1, 2, 5, 4).append(torch.ones(key), torch.ones(value))


@pytest.mark.parametrize("length", [-1, 1])
def test_truncating_to_what_is_not_there_is_refused(length):
    with pytest.raises(ValueError, match=f"cannot keep {length} of 0 positions"):
        KVCache(1, 1, 2, 1).truncate(length)


def test_other_wrong_arguments_are_refused():
    for heads in (3, 0):
        with pytest.raises(ValueError, match=f"width 10 is not divisible by heads {heads}"):
            CachedSelfAttention(10, heads)
    with pytest.raises(ValueError, match="are not all 0 or more"):
        cache_bytes(1, 1, -1, 1)


def test_smallest_layer_works():
    layer = CachedSelfAttention(1, 1)
    assert layer(torch.ones(2, 3, 1)).shape == (2, 3, 1)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 4
    assert cache_bytes(1, 1, 1, 0) == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_cache_takes_the_dtype_and_place_of_the_first_keys(device, dtype):
    layer, x = layer_and_input(device, dtype)
    cache = KVCache(2, 4, 8, 8)
    assert layer(x, cache).dtype == dtype
    assert (cache.keys.dtype, cache.values.dtype, cache.keys.device.type) == (dtype, dtype, device.type)


def test_cache_may_be_narrower_than_the_layer(device):
    layer, x = layer_and_input(device)
    torch.testing.assert_close(layer(x, KVCache(2, 4, 8, 8, torch.bfloat16)), layer(x), atol=2e-2, rtol=0)


@pytest.mark.parametrize("pieces", [[5], [3, 1, 1]])
def test_left_padded_rows_give_what_they_give_alone(device, pieces):
    """Two prompts of 5 and 3 tokens; the second has two columns of padding, which nobody may see."""
    layer, x = layer_and_input(device, T=5)
    mask = torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]], device=device)
    x[1, :2] = 100.0
    cache, outputs, end = KVCache(2, 4, 6, 8), [], 0
    for piece in x.split(pieces, dim=1):
        end += piece.shape[1]
        outputs.append(layer(piece, cache, mask[:, :end]))
    output = torch.cat(outputs, dim=1)
    torch.testing.assert_close(output[:1], layer(x[:1]), atol=1e-6, rtol=0)
    torch.testing.assert_close(output[1:, 2:], layer(x[1:, 2:]), atol=1e-6, rtol=0)
    assert (output[1, :2] == 0).all()  # they may look nowhere
    torch.testing.assert_close(output, layer(x, attention_mask=mask.bool()), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "mask", [torch.ones(2, 3, dtype=torch.long), torch.ones(1, 4, dtype=torch.bool), torch.ones(2, 4)]
)
def test_masks_that_do_not_fit_are_refused(mask):
    layer, x = layer_and_input("cpu", T=4)
    with pytest.raises(ValueError, match=r"not bool or 0/1 \(2, 4\)"):
        layer(x, attention_mask=mask)


@torch.no_grad()
def test_essence_is_the_module():
    torch.manual_seed(0)
    layer, x = CachedSelfAttention(16, 4).double(), torch.randn(2, 6, 16, dtype=torch.float64)
    K = V = torch.zeros(2, 4, 0, 4, dtype=torch.float64)
    outputs = []
    for t in range(6):
        output, K, V = essence.step(x[:, t : t + 1], layer.qkv_proj.weight, layer.o_proj.weight, K, V)
        outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, dim=1), layer(x))
    sizes = {"L": 3, "H_kv": 2, "d_h": 8, "T": 5, "B": 4, "b": 2}
    assert essence.cache_bytes(**sizes) == cache_bytes(3, 2, 8, 5, 4, 2)
