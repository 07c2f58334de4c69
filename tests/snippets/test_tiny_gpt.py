"""The whole model against transformers' Llama with the same weights, and its cache against the full pass."""

import math
from dataclasses import asdict, replace

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import tiny_gpt as essence
from snippets.grouped_query_attention import GroupedQueryAttention
from snippets.kv_cache import KVCache
from snippets.rope import rope, rope_angles, rope_frequencies
from snippets.tiny_gpt import Config, TinyGPT, generate, next_token_loss, rotate

SMALL = Config(vocab_size=17, hidden_size=16, intermediate_size=24)
PADDED = [[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]]  # a tokenizer's attention_mask, padding on the left


def build(device, config=SMALL, dtype=torch.float32) -> TinyGPT:
    """A model whose weights are large enough to matter."""
    model = TinyGPT(config).to(device, dtype)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 1.0 if weight.ndim == 1 else 0.0, 0.3)
    return model


def llama(ours: TinyGPT) -> LlamaForCausalLM:
    """Transformers' model with our weights: every one of them, and none left."""
    sizes = asdict(ours.config)
    theta = sizes.pop("rope_theta")
    config = LlamaConfig(
        **sizes, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": theta},
        attn_implementation="eager",
    )  # fmt: skip
    theirs = LlamaForCausalLM(config).to(ours.norm.weight)
    weights = {f"model.{name}": weight for name, weight in ours.state_dict().items()}
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert (set(missing), unexpected) == ({"lm_head.weight"}, [])
    theirs.tie_weights()
    return theirs


@pytest.mark.parametrize(
    "change",
    [{}, {"num_key_value_heads": 4}, {"num_key_value_heads": 1}, {"num_hidden_layers": 1}, {"rope_theta": 100.0},
     {"rms_norm_eps": 0.1}, {"hidden_size": 8, "num_attention_heads": 1, "num_key_value_heads": 1}],
)  # fmt: skip
@pytest.mark.parametrize("padded", [False, True])
def test_logits_loss_and_gradients_equal_llamas(device, change, padded):
    ours = build(device, replace(SMALL, **change))
    theirs = llama(ours)
    ids = torch.randint(17, (2, 6), device=device)
    mask = torch.tensor(PADDED, device=device) if padded else None
    places = None if mask is None else (mask.cumsum(dim=1) - 1).clamp(min=0)
    labels = ids if places is None else ids.masked_fill(places == 0, -100)  # padding, and what padding would predict
    expected = theirs(ids, attention_mask=mask, position_ids=places, labels=labels)
    logits, _ = ours(ids, mask)
    loss = next_token_loss(logits, labels)
    real = torch.ones_like(ids).bool() if mask is None else mask.bool()
    torch.testing.assert_close(logits[real], expected.logits[real], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(loss, expected.loss, atol=1e-6, rtol=1e-5)
    loss.backward()
    expected.loss.backward()
    gradients = {name.removeprefix("model."): weight.grad for name, weight in theirs.named_parameters()}
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], atol=1e-5, rtol=1e-4)


def test_sizes_that_are_not_given_are_llamas_defaults_where_it_has_one():
    ours, theirs = Config(), LlamaConfig()
    assert ours.rms_norm_eps == theirs.rms_norm_eps
    assert ours.rope_theta == theirs.rope_parameters["rope_theta"]


def test_one_layer_goes_on_from_its_cache(device):
    model, ids = build(device, replace(SMALL, num_hidden_layers=1)), torch.randint(17, (1, 4), device=device)
    _, past = model(ids[:, :3])
    torch.testing.assert_close(model(ids[:, 3:], past=past)[0], model(ids)[0][:, 3:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pieces", [[6], [1] * 6, [4, 1, 1], [2, 3, 1]])
@pytest.mark.parametrize("padded", [False, True])
def test_pieces_through_the_cache_equal_the_full_pass(device, pieces, padded):
    model, ids = build(device), torch.randint(17, (2, 6), device=device)
    mask = torch.tensor(PADDED, device=device) if padded else torch.ones(2, 6, device=device).long()
    past, found, end = None, [], 0
    for piece in ids.split(pieces, dim=1):
        end += piece.shape[1]
        logits, past = model(piece, mask[:, :end], past)
        found.append(logits)
    whole, cache = model(ids, mask)
    torch.testing.assert_close(torch.cat(found, dim=1)[mask.bool()], whole[mask.bool()], atol=1e-5, rtol=1e-5)
    assert [keys.shape for keys, _ in cache] == [(2, 2, 6, 4)] * 2  # G = 2 of 4 heads, D = 4
    for pair, reference in zip(past, cache, strict=True):
        for part, wanted in zip(pair, reference, strict=True):
            torch.testing.assert_close(part, wanted, atol=1e-5, rtol=1e-5)


def test_generation_equals_transformers(device):
    """Greedy, two prompts of 6 and 4 tokens in one batch."""
    ours, ids = build(device), torch.randint(1, 17, (2, 6), device=device)
    mask = torch.tensor(PADDED, device=device)
    settings = {"max_new_tokens": 5, "min_new_tokens": 5, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    expected = llama(ours).generate(ids, attention_mask=mask, **settings)
    assert torch.equal(generate(ours, ids, 5, mask), expected)


def test_generation_continues_each_row_as_if_alone_and_asks_once_for_each_token(device):
    model, ids = build(device), torch.randint(17, (2, 6), device=device)
    mask, seen = torch.tensor(PADDED, device=device), []
    model.register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[1]))
    together = generate(model, ids, 4, mask)
    assert seen == [6, 1, 1, 1]
    assert torch.equal(together[:, :6], ids)
    assert torch.equal(together[:1], generate(model, ids[:1], 4))
    assert torch.equal(together[1:, 2:], generate(model, ids[1:, 2:], 4))


def test_tokens_are_chosen_by_the_rule_that_is_given(device):
    model, ids = build(device), torch.tensor([[1, 2]], device=device)
    worst = generate(model, ids, 3, choose=lambda logits: logits.argmin(dim=-1))
    for at in (2, 3, 4):
        assert worst[0, at] == model(worst[:, :at])[0][0, -1].argmin()
    assert torch.equal(generate(model, ids, 0), ids)


def test_attention_is_what_the_snippets_of_its_parts_make(device):
    """GQA, RoPE, a cache and a tokenizer's mask, each from its own page, in one call."""
    model = build(device)
    parts = GroupedQueryAttention(16, 4, 2).to(device)
    attention = model.layers[0].self_attn
    parts.load_state_dict(attention.state_dict())
    x, mask = torch.randn(2, 6, 16, device=device), torch.tensor(PADDED, device=device)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    cos, sin = rope_angles(positions, rope_frequencies(4, device=device))
    output = parts(x, mask, lambda heads: rope(heads, cos, sin), KVCache(2, 2, 6, 4))
    angles = positions.unsqueeze(-1) * rope_frequencies(4, device=device)
    causal = torch.ones(6, 6, dtype=torch.bool, device=device).tril() & mask.bool()[:, None, None, :]
    expected, _ = attention(x, angles, causal, None)
    torch.testing.assert_close(output[mask.bool()], expected[mask.bool()], atol=1e-6, rtol=1e-5)


def test_no_position_sees_what_comes_after(device):
    model, ids = build(device), torch.randint(17, (1, 6), device=device)
    changed = ids.clone()
    changed[0, 3] = (changed[0, 3] + 1) % 17
    moved = (model(ids)[0] - model(changed)[0]).abs().amax(dim=(0, 2)) > 1e-6
    assert moved.tolist() == [False] * 3 + [True] * 3


def test_rotation_by_hand(device):
    """D = 2, angle π/2: (1, 0) becomes (0, 1), the same for both heads."""
    x = torch.tensor([1.0, 0.0], device=device).expand(1, 2, 1, 2)
    turned = rotate(x, torch.full((1, 1, 1), math.pi / 2, device=device))
    torch.testing.assert_close(turned, torch.tensor([0.0, 1.0], device=device).expand(1, 2, 1, 2))


def test_loss_by_hand(device):
    """Three tokens, the first not asked for, one of the others ignored: -log of 6/8 of the vocabulary {2, 6}."""
    logits = torch.tensor([[[2.0, 6.0], [9.0, 1.0], [1.0, 1.0]]], device=device).log()
    assert next_token_loss(logits, torch.tensor([[0, 1, -100]], device=device)).item() == pytest.approx(
        -math.log(3 / 4)
    )
    both = next_token_loss(logits, torch.tensor([[0, 1, 0]], device=device)).item()
    assert both == pytest.approx(-(math.log(3 / 4) + math.log(9 / 10)) / 2)
    assert next_token_loss(logits.bfloat16(), torch.tensor([[0, 1, 0]], device=device)).dtype == torch.float32


def test_fresh_model_knows_nothing_and_has_llamas_parameters(device):
    """Embedding 64 · 32, two blocks of 2 · 32 · 32 + 2 · 32 · 16 + 3 · 32 · 96 + 2 · 32, a norm of 32; no head."""
    model = TinyGPT(Config()).to(device)
    assert sum(weight.numel() for weight in model.parameters()) == 64 * 32 + 2 * (2048 + 1024 + 9216 + 64) + 32
    for name, weight in model.named_parameters():
        assert weight.std().item() == pytest.approx(0.02, rel=0.15) if weight.ndim == 2 else (weight == 1).all(), name
    ids = torch.randint(64, (4, 12), device=device)
    assert next_token_loss(model(ids)[0], ids).item() == pytest.approx(math.log(64), rel=0.02)


def test_it_learns_what_only_attention_can_tell(device):
    """Two digits, a separator, the digits again: chance would be log 3."""
    model = TinyGPT(Config(vocab_size=4)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        digits = torch.randint(3, (16, 2), device=device)
        tokens = torch.cat([digits, torch.full_like(digits[:, :1], 3), digits], dim=1)
        loss = next_token_loss(model(tokens)[0], F.pad(tokens[:, 3:], (3, 0), value=-100))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3
    prompts = torch.tensor([[0, 1, 3], [2, 0, 3]], device=device)
    assert generate(model, prompts, 2)[:, 3:].tolist() == [[0, 1], [2, 0]]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_near(device, dtype):
    model, ids = build(device), torch.randint(17, (2, 6), device=device)
    expected, _ = model(ids)
    logits, cache = model.to(dtype)(ids)
    assert logits.dtype == cache[0][0].dtype == dtype
    torch.testing.assert_close(logits.float(), expected, atol=0.25 if dtype == torch.bfloat16 else 0.05, rtol=0)


def test_positions_beyond_what_half_precision_can_count_are_told_apart(device):
    """256 and 257 are one number in bfloat16; angles are made in float32."""
    model = build(device, dtype=torch.bfloat16)
    ids = torch.zeros(1, 258, dtype=torch.long, device=device)
    ids[0, 0] = 1
    keys = model(ids)[1][0][0][0, 0]  # (S, D) of the first layer: they differ by the position alone
    assert not torch.equal(keys[256], keys[257])


@pytest.mark.parametrize(
    "change",
    [{"num_attention_heads": 3, "num_key_value_heads": 3}, {"num_key_value_heads": 3}, {"num_attention_heads": 16}],
)
def test_sizes_that_do_not_divide_are_refused(change):
    with pytest.raises(ValueError, match="does not divide into heads of even width"):
        TinyGPT(replace(SMALL, **change))


@torch.no_grad()
def test_essence_is_the_module():
    model = build(torch.device("cpu"))
    blocks = []
    for block in model.layers:
        attention, mlp = block.self_attn, block.mlp
        weights = {"q": attention.q_proj, "k": attention.k_proj, "v": attention.v_proj, "o": attention.o_proj}
        weights |= {"gate": mlp["gate_proj"], "up": mlp["up_proj"], "down": mlp["down_proj"]}
        weights |= {"γ1": block.input_layernorm, "γ2": block.post_attention_layernorm}
        blocks.append({name: module.weight for name, module in weights.items()})
    ids = torch.randint(17, (6,))
    logits = essence.tiny_gpt(ids, model.embed_tokens.weight, blocks, model.norm.weight, D=4)
    torch.testing.assert_close(logits, model(ids[None])[0][0])
