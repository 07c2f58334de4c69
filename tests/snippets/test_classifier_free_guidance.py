"""Guidance against transformers, in a step and through `generate`, by hand, and at its limits."""

import itertools
import math

import pytest
import torch
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import UnbatchedClassifierFreeGuidanceLogitsProcessor

from snippets.classifier_free_guidance import generate, guide
from snippets.essence import classifier_free_guidance as essence


@pytest.fixture(scope="module")
def gpt2():
    """A tiny random GPT-2, with a large spread of logits so that no two are near."""
    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=30,
        n_positions=40,
        n_embd=16,
        n_layer=2,
        n_head=2,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=None,
    )
    return GPT2LMHeadModel(config).eval()


@pytest.mark.parametrize("gamma", [0.0, 0.7, 1.0, 1.5, 5.0])
def test_step_equals_transformers(gpt2, gamma):
    torch.manual_seed(0)
    tokens, negative = torch.randint(30, (1, 7)), torch.randint(30, (1, 4))
    processor = UnbatchedClassifierFreeGuidanceLogitsProcessor(gamma, gpt2, unconditional_ids=negative)
    with torch.no_grad():
        logits, negative_logits = gpt2(tokens).logits[:, -1], gpt2(negative).logits[:, -1]
        expected = processor(tokens, logits).log_softmax(dim=-1)
    torch.testing.assert_close(guide(logits, negative_logits, gamma), expected)


@pytest.mark.parametrize("gamma", [1.5, 3.0])
def test_generation_equals_transformers(gpt2, gamma):
    torch.manual_seed(0)
    prompt, negative = torch.randint(30, (1, 7)), torch.randint(30, (1, 4))
    config = GenerationConfig(guidance_scale=gamma, max_new_tokens=12, do_sample=False, pad_token_id=0)
    expected = gpt2.generate(
        prompt, attention_mask=torch.ones_like(prompt), generation_config=config, negative_prompt_ids=negative
    )
    ours = generate(lambda tokens: gpt2(tokens).logits, prompt, negative, gamma, 12)
    assert ours.tolist() == expected[:, 7:].tolist()
    plain = generate(lambda tokens: gpt2(tokens).logits, prompt, negative, 1.0, 12)
    assert plain.tolist() != ours.tolist()


def test_guidance_by_hand(device):
    """p(c) = (1/2, 1/2), p(c̄) = (4/5, 1/5), γ = 2: p² / p̄ = (1/4 · 5/4, 1/4 · 5) = (5/16, 20/16), so (1/5, 4/5)."""
    logits = torch.tensor([0.5, 0.5], device=device, dtype=torch.float64).log()
    negative_logits = torch.tensor([0.8, 0.2], device=device, dtype=torch.float64).log()
    expected = torch.tensor([0.2, 0.8], device=device, dtype=torch.float64)
    torch.testing.assert_close(guide(logits, negative_logits, 2.0).exp(), expected)


def test_strengths_of_zero_and_one_are_the_two_distributions(device):
    logits, negative_logits = torch.randn(2, 3, 10, device=device)
    torch.testing.assert_close(guide(logits, negative_logits, 0.0), negative_logits.log_softmax(dim=-1))
    torch.testing.assert_close(guide(logits, negative_logits, 1.0), logits.log_softmax(dim=-1))


def test_result_is_a_distribution_and_blind_to_shifts(device):
    logits, negative_logits = torch.randn(2, 3, 10, device=device, dtype=torch.float64)
    guided = guide(logits, negative_logits, 4.0)
    torch.testing.assert_close(guided.exp().sum(dim=-1), torch.ones(3, device=device, dtype=torch.float64))
    torch.testing.assert_close(guide(logits + 5, negative_logits - 3, 4.0), guided)
    logits, negative_logits = (logits * 2**10).round() / 2**10, (negative_logits * 2**10).round() / 2**10
    far = guide((logits + 2**13).float(), (negative_logits - 2**13).float(), 4.0)  # exact in float32
    torch.testing.assert_close(far.double(), guide(logits, negative_logits, 4.0), atol=1e-5, rtol=0)


def test_odds_move_by_gamma_times_the_prompts_influence(device):
    """The log-odds of any two tokens are linear in γ."""
    logits, negative_logits = torch.randn(2, 8, device=device, dtype=torch.float64)
    odds = [guide(logits, negative_logits, gamma) for gamma in (1.0, 2.0, 3.0)]
    first, second = ((b - b[0]) - (a - a[0]) for a, b in itertools.pairwise(odds))
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(first, (logits - logits[0]) - (negative_logits - negative_logits[0]))


def test_same_prompt_twice_changes_nothing(device):
    logits = torch.randn(2, 5, device=device)
    torch.testing.assert_close(guide(logits, logits, 7.0), logits.log_softmax(dim=-1))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 3.0])
def test_banned_tokens_stay_banned_without_nan(device, gamma):
    inf = math.inf
    logits = torch.tensor([1.0, -inf, -inf, 0.0], device=device, requires_grad=True)
    negative_logits = torch.tensor([0.5, -inf, 2.0, -1.0], device=device)
    guided = guide(logits, negative_logits, gamma)
    assert guided.isfinite().tolist() == [True, False, False, True]
    torch.testing.assert_close(guided.detach().exp().sum().item(), 1.0)
    guided[0].backward()
    assert logits.grad.isfinite().all()
    swapped = guide(negative_logits, logits.detach(), gamma)
    assert swapped.isfinite().tolist() == [True, False, False, True]


def test_gradients_are_right(device):
    logits, negative_logits = (
        torch.randn(2, 5, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2)
    )
    assert torch.autograd.gradcheck(lambda a, b: guide(a, b, 2.5), (logits, negative_logits))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_and_huge_logits_stay_finite(device, dtype):
    logits, negative_logits = (20 * torch.randn(2, 3, 50, device=device)).to(dtype)
    guided = guide(logits, negative_logits, 3.0)
    assert guided.dtype == torch.float32
    torch.testing.assert_close(guided, guide(logits.float(), negative_logits.float(), 3.0))
    huge = torch.tensor([6e4, -6e4], device=device, dtype=torch.float16)
    assert guide(huge, -huge, 5.0).isfinite().all()


def test_choice_and_number_of_steps(device):
    def model(tokens):
        return torch.nn.functional.one_hot((tokens + 1) % 5, 5).float()

    prompt, negative = torch.tensor([[1], [3]], device=device), torch.tensor([[0, 0], [0, 0]], device=device)
    assert generate(model, prompt, negative, 1.0, 3).tolist() == [[2, 3, 4], [4, 0, 1]]
    last = generate(model, prompt, negative, 1.0, 2, choose=lambda logps: logps.argmin(dim=-1) * 0 + 4)
    assert last.tolist() == [[4, 4], [4, 4]]
    assert generate(model, prompt, negative, 1.0, 0).shape == (2, 0)


@pytest.mark.parametrize(("prompt", "negative"), [((1, 0), (1, 2)), ((1, 2), (1, 0)), ((1, 2), (2, 2))])
def test_empty_or_unmatched_prompts_are_refused(prompt, negative):
    with pytest.raises(ValueError, match="are empty or do not match"):
        generate(
            lambda tokens: torch.zeros(*tokens.shape, 3),
            torch.zeros(prompt, dtype=torch.long),
            torch.zeros(negative, dtype=torch.long),
            1.5,
            2,
        )


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        guide(torch.zeros(2, 3), torch.zeros(3), 1.5)


def test_essence_equals_the_module():
    torch.manual_seed(0)
    logits, negative = torch.randn(2, 3, 9)
    for gamma in (0.0, 0.5, 1.0, 3.0):
        torch.testing.assert_close(essence.guide(logits, negative, gamma), guide(logits, negative, gamma))
    table = torch.randn(9, 9)
    prompt, other = torch.randint(9, (3, 4)), torch.randint(9, (3, 2))

    def causal(ids):
        """Logits from the running mean, so that the prompt counts."""
        return table[ids].cumsum(dim=1)

    expected = generate(causal, prompt, other, 2.0, steps=6)
    assert torch.equal(essence.generate(causal, prompt, other, 2.0, 6), expected)
