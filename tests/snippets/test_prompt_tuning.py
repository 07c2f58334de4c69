"""Soft prompts and prefixes against peft on a tiny LLaMA, and the attention against torch's."""

import pytest
import torch
import torch.nn.functional as F
from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from snippets.essence import prompt_tuning as essence
from snippets.prompt_tuning import Prefix, SoftPrompt, attention_with_prefix, prepend

M, C, LAYERS, HEADS = 3, 16, 2, 2


@pytest.fixture
def model(device) -> LlamaForCausalLM:
    """A tiny LLaMA with fewer heads for keys than for queries."""
    config = LlamaConfig(
        vocab_size=23,
        hidden_size=C,
        intermediate_size=C,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=HEADS,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).eval().to(device)


def batch(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens, the second row padded on the right."""
    return torch.randint(23, (2, 6), device=device), torch.tensor([[1] * 6, [1] * 4 + [0] * 2], device=device)


@pytest.mark.parametrize("encoder", ["none", "mlp", "lstm"])
def test_soft_prompt_equals_peft(device, model, encoder):
    if encoder == "none":
        config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=M)
    else:
        config = PromptEncoderConfig(
            task_type="CAUSAL_LM",
            num_virtual_tokens=M,
            encoder_reparameterization_type=encoder.upper(),
            encoder_hidden_size=5,
            encoder_num_layers=2,
        )
    theirs = get_peft_model(model, config).eval()
    reference = theirs.prompt_encoder["default"]
    ours = SoftPrompt(M, C, encoder, hidden=None if encoder == "none" else 5).to(device)
    ours.vectors.data.copy_(reference.embedding.weight)
    if encoder != "none":
        ours.mlp.load_state_dict(reference.mlp_head.state_dict())
    if encoder == "lstm":
        ours.lstm.load_state_dict(reference.lstm_head.state_dict())
    tokens, mask = batch(device)
    embeddings, longer = prepend(ours(), model.get_input_embeddings()(tokens), mask)
    assert embeddings.shape == (2, M + 6, C)
    logits = model(inputs_embeds=embeddings, attention_mask=longer).logits
    expected = theirs(input_ids=tokens, attention_mask=mask).logits
    torch.testing.assert_close(logits[longer == 1], expected[longer == 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("hidden", [None, 5])
def test_prefix_in_the_cache_equals_peft(device, model, hidden):
    config = PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=M, prefix_projection=hidden is not None, encoder_hidden_size=hidden
    )
    theirs = get_peft_model(model, config).eval()
    reference = theirs.prompt_encoder["default"]
    torch.nn.init.normal_(reference.embedding.weight)
    ours = Prefix(M, LAYERS, HEADS, C // 4, hidden).to(device)
    if hidden is None:
        ours.vectors.data.copy_(reference.embedding.weight)
    else:
        assert ours.vectors.shape == reference.embedding.weight.shape
        ours.vectors.data.copy_(reference.embedding.weight)
        ours.mlp.load_state_dict(reference.transform.state_dict())
    tokens, mask = batch(device)
    cache = DynamicCache(config=model.config)
    for layer, (key, value) in enumerate(ours(batch=2)):
        cache.update(key, value, layer)
    longer = torch.cat([mask.new_ones(2, M), mask], dim=1)
    logits = model(tokens, longer, None, cache).logits  # by place: transformers 5 has two names for the cache
    expected = theirs(input_ids=tokens, attention_mask=mask).logits
    torch.testing.assert_close(logits[mask == 1], expected[mask == 1], atol=1e-5, rtol=1e-4)


def test_attention_equals_torchs_over_the_longer_sequence(device):
    query, key, value = torch.randn(3, 2, HEADS, 5, 6, device=device)
    prefix = torch.randn(2, 2, HEADS, M, 6, device=device)
    mask = torch.ones(5, M + 5, dtype=torch.bool, device=device).tril(M)
    keys, values = (torch.cat([part, own], dim=2) for part, own in zip(prefix, (key, value), strict=True))
    expected = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
    torch.testing.assert_close(attention_with_prefix(query, key, value, tuple(prefix)), expected)


def test_first_token_sees_itself_and_the_prefix_by_hand(device):
    """Queries 0: equal weights. The first token averages 2, 4 of the prefix and its 9: 5; the second 12 too: 6.75."""
    zeros = torch.zeros(1, 1, 2, 1, device=device)
    value = torch.tensor([9.0, 12.0], device=device).view(1, 1, 2, 1)
    prefix = (torch.randn(1, 1, 2, 1, device=device), torch.tensor([2.0, 4.0], device=device).view(1, 1, 2, 1))
    out = attention_with_prefix(zeros, torch.randn_like(zeros), value, prefix)
    assert out.flatten().tolist() == pytest.approx([5, 6.75])


def test_parameters_are_counted_by_hand():
    """m C for the input; 2 L m H D for every layer; with an MLP of width h: m HD + HD h + h + 2 L HD h + 2 L HD."""

    def count(module: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    assert count(SoftPrompt(M, C)) == M * C
    assert count(Prefix(M, LAYERS, HEADS, 4)) == 2 * LAYERS * M * HEADS * 4
    assert count(Prefix(M, LAYERS, HEADS, 4, hidden=5)) == M * 8 + 8 * 5 + 5 + 2 * LAYERS * 8 * 5 + 2 * LAYERS * 8
    assert count(SoftPrompt(M, C, "mlp")) == M * C + 3 * (C * C + C)


def test_start_at_real_words_is_a_copy(device, model):
    table = model.get_input_embeddings().weight
    prompt = SoftPrompt(2, C, start=table[[4, 7]])
    assert torch.equal(prompt(), table[[4, 7]])
    prompt.vectors.data.zero_()
    assert table[[4, 7]].any()
    assert prompt.vectors.requires_grad


@pytest.mark.parametrize("encoder", ["none", "mlp", "lstm"])
def test_prompt_learns_while_the_model_stays(device, model, encoder):
    model.requires_grad_(False)
    tokens, mask = batch(device)
    torch.manual_seed(1)
    prompt = SoftPrompt(M, C, encoder).to(device)
    optimizer = torch.optim.Adam(prompt.parameters(), lr=0.05)
    target = torch.tensor([3, 8], device=device)
    last = M + mask.sum(dim=1) - 1
    losses = []
    for _ in range(25):
        embeddings, longer = prepend(prompt(), model.get_input_embeddings()(tokens), mask)
        logits = model(inputs_embeds=embeddings, attention_mask=longer).logits[torch.arange(2, device=device), last]
        loss = F.cross_entropy(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5
    assert all(parameter.grad is not None for parameter in prompt.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_gradients_are_right(device):
    query, key, value = torch.randn(3, 1, 2, 3, 2, device=device, dtype=torch.float64)
    module = Prefix(2, 2, 2, 2, hidden=3).to(device, torch.float64)

    def attended(vectors: torch.Tensor) -> torch.Tensor:
        layers = torch.func.functional_call(module, {"vectors": vectors}, (1,))
        return sum(attention_with_prefix(query, key, value, layer) for layer in layers)

    assert torch.autograd.gradcheck(attended, module.vectors.detach().requires_grad_())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_prompt_in_float32_serves_a_model_in_16_bits(device, dtype):
    prompt = SoftPrompt(M, C).to(device)
    embeddings, mask = prepend(
        prompt(), torch.randn(2, 4, C, device=device, dtype=dtype), torch.ones(2, 4, device=device)
    )
    assert embeddings.dtype == dtype
    assert mask.tolist() == [[1] * 7] * 2


def test_empty_input_leaves_the_prompt(device):
    prompt = SoftPrompt(M, C).to(device)
    embeddings, mask = prepend(prompt(), torch.zeros(1, 0, C, device=device), torch.ones(1, 0, device=device))
    assert torch.equal(embeddings[0], prompt())
    assert mask.shape == (1, M)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SoftPrompt(0, C), "size 0"),
        (lambda: SoftPrompt(M, C, "gru"), "'gru' is not"),
        (lambda: SoftPrompt(M, C, start=torch.zeros(M, C + 1)), r"start \(3, 17\)"),
        (lambda: SoftPrompt(M, C, "mlp", start=torch.zeros(M, C)), "with encoder 'mlp'"),
        (lambda: Prefix(0, 1, 1, 1), "size 0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_single_virtual_token_works():
    assert SoftPrompt(1, C)().shape == (1, C)
    assert Prefix(1, 1, 1, 2)(batch=3)[0][0].shape == (3, 1, 1, 2)


def test_half_precision_scores_do_not_overflow(device):
    """64 entries of 40 make 102,400 before the division by 8; float16 ends at 65,504."""
    x = torch.full((1, 1, 2, 64), 40.0, device=device, dtype=torch.float16)
    output = attention_with_prefix(x, x, x, (x, x))
    assert output.dtype == torch.float16
    assert output.flatten().tolist() == [40.0] * 128


def test_essence_equals_the_module():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 5, 8)
    p_key, p_value = torch.randn(2, 3, 8)
    batched = [x[None, None] for x in (query, key, value)]
    expected = attention_with_prefix(*batched, (p_key[None, None], p_value[None, None]))[0, 0]
    torch.testing.assert_close(essence.deep(query, key, value, p_key, p_value), expected)
    prompt, embeddings = torch.randn(3, 8), torch.randn(2, 5, 8)
    assert torch.equal(essence.shallow(prompt, embeddings), prepend(prompt, embeddings, torch.ones(2, 5))[0])
    shallow, deep = SoftPrompt(3, 8), Prefix(3, layers=4, heads=2, head_width=4)
    assert essence.parameters(3, 8, 4) == tuple(sum(p.numel() for p in part.parameters()) for part in (shallow, deep))
