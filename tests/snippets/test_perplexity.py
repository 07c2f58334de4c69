"""Perplexity against F.cross_entropy and a transformers model, windows against one pass per token."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from snippets.essence import perplexity as essence
from snippets.perplexity import bits_per_byte, perplexity, sliding_nll, token_nll, windows


@pytest.fixture
def model(device) -> GPT2LMHeadModel:
    """A tiny GPT-2 whose predictions differ clearly."""
    config = GPT2Config(vocab_size=17, n_positions=32, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5)
    return GPT2LMHeadModel(config).eval().to(device)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_token_nll_equals_cross_entropy(device, dtype):
    logits = 5 * torch.randn(3, 7, 11, device=device).to(dtype)
    tokens = torch.randint(11, (3, 7), device=device)
    wide = logits.double() if dtype == torch.float64 else logits.float()
    expected = F.cross_entropy(wide.flatten(0, 1), tokens.flatten(), reduction="none").view(3, 7)
    torch.testing.assert_close(token_nll(logits, tokens), expected)


def test_perplexity_equals_the_exponential_of_a_transformers_loss(device, model):
    tokens = torch.randint(17, (3, 20), device=device)
    labels = tokens.clone()
    labels[1, 12:] = -100
    labels[2, :5] = -100
    output = model(tokens, labels=labels)
    torch.testing.assert_close(perplexity(output.logits, labels), output.loss.exp())


def test_other_mark_is_ignored_as_well(device):
    logits, labels = torch.randn(1, 5, 4, device=device), torch.tensor([[0, 1, 2, 3, 0]], device=device)
    padded = torch.tensor([[0, 1, 2, -1, -1]], device=device)
    torch.testing.assert_close(perplexity(logits, padded, ignore=-1), perplexity(logits[:, :3], labels[:, :3]))


def test_perplexity_by_hand(device):
    """The tokens come with 1/2, 1/4 and 1/8: (1/2 · 1/4 · 1/8)^(-1/3) = 64^(1/3) = 4."""
    probabilities = torch.tensor([[[0.5, 0.5], [0.75, 0.25], [0.125, 0.875], [0.1, 0.9]]], device=device)
    labels = torch.tensor([[1, 0, 1, 0]], device=device)
    assert perplexity(probabilities.log(), labels).item() == pytest.approx(4)


@pytest.mark.parametrize("choices", [1, 2, 50])
def test_uniform_guessing_has_the_number_of_choices(device, choices):
    labels = torch.randint(choices, (2, 6), device=device)
    assert perplexity(torch.full((2, 6, choices), 3.0, device=device), labels).item() == pytest.approx(choices)


def test_huge_logits_stay_finite_and_a_certain_token_costs_nothing(device):
    logits = torch.tensor([[1e30, 0.0], [-1e4, 1e4], [-math.inf, 2.0]], device=device)
    assert token_nll(logits, torch.tensor([0, 1, 1], device=device)).tolist() == [0, 0, 0]
    assert token_nll(logits[1:], torch.tensor([0, 0], device=device)).tolist() == [2e4, math.inf]


def test_gradients_are_right(device):
    logits = torch.randn(2, 4, 3, device=device, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0, 1, 2, 0], [1, -100, 2, -100]], device=device)
    assert torch.autograd.gradcheck(lambda logits: perplexity(logits, labels), logits)


@pytest.mark.parametrize(("window", "stride"), [(2, 1), (6, 1), (6, 3), (6, 5), (20, 7), (64, 1)])
def test_each_token_is_scored_with_the_context_its_window_leaves(device, model, window, stride):
    """Each token once, by a pass of its own over the context that `windows` promises."""
    tokens = torch.randint(17, (21,), device=device)
    nll = sliding_nll(lambda ids: model(ids).logits, tokens, window, stride)
    assert nll.shape == (20,)
    for begin, end, first in windows(21, window, stride):
        for at in range(first, end):
            with torch.no_grad():
                logits = model(tokens[None, begin:at]).logits[0, -1]
            expected = F.cross_entropy(logits, tokens[at])
            torch.testing.assert_close(nll[at - 1], expected, atol=1e-5, rtol=1e-4)


def test_window_over_the_whole_text_is_one_pass(device, model):
    tokens = torch.randint(17, (20,), device=device)
    nll = sliding_nll(lambda ids: model(ids).logits, tokens, window=20, stride=1)
    torch.testing.assert_close(nll.mean(), model(tokens[None], labels=tokens[None]).loss)


@pytest.mark.parametrize(
    ("length", "window", "stride", "expected"),
    [
        (10, 4, 2, [(0, 4, 1), (2, 6, 4), (4, 8, 6), (6, 10, 8)]),
        (7, 4, 3, [(0, 4, 1), (3, 7, 4)]),
        (8, 4, 3, [(0, 4, 1), (3, 7, 4), (4, 8, 7)]),
        (4, 4, 2, [(0, 4, 1)]),
        (3, 4, 2, [(0, 3, 1)]),
        (1, 4, 2, []),
        (0, 4, 2, []),
    ],
)
def test_windows_by_hand(length, window, stride, expected):
    assert list(windows(length, window, stride)) == expected


def test_shorter_stride_never_shortens_a_context():
    for length in range(2, 30):
        contexts = []
        for stride in (1, 2, 5):
            found = {at: at - begin for begin, end, first in windows(length, 6, stride) for at in range(first, end)}
            assert list(found) == list(range(1, length))
            contexts.append([found[at] for at in range(1, length)])
            assert min(found.values()) >= 1
        assert contexts[0] == [min(at, 5) for at in range(1, length)]
        assert all(long >= short for long, short in zip(contexts[0], contexts[2], strict=True))


def test_bits_per_byte_by_hand():
    """中文 is 6 bytes. Two tokens of 1/8 each cost 2 · 3 bits: 1 bit per byte. One token of 1/64 costs the same."""
    assert bits_per_byte(torch.tensor([8.0, 8.0]).log(), "中文") == pytest.approx(1)
    assert bits_per_byte(torch.tensor([64.0]).log(), "中文") == pytest.approx(1)


def test_nothing_to_score_has_no_perplexity(device):
    assert perplexity(torch.zeros(1, 1, 3, device=device), torch.tensor([[1]], device=device)).isnan()
    assert perplexity(torch.zeros(1, 3, 3, device=device), torch.tensor([[1, -100, -100]], device=device)).isnan()
    with pytest.raises(ValueError, match=r"tokens \(1, 1\) do not fit"):  # they would broadcast
        perplexity(torch.zeros(3, 2, 5), torch.tensor([[1, 1]]))
    with pytest.raises(ValueError, match="a text of 1 tokens"):
        sliding_nll(lambda ids: torch.zeros(1, 1, 3), torch.tensor([1]), 4, 2)
    with pytest.raises(ValueError, match="the text is empty"):
        bits_per_byte(torch.tensor([1.0]), "")


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (4, 0), (1, 1)])
def test_stride_that_leaves_no_context_is_refused(window, stride):
    with pytest.raises(ValueError, match=f"stride {stride}"):
        list(windows(10, window, stride))


def test_text_of_two_tokens_has_one_to_score():
    assert sliding_nll(lambda ids: torch.zeros(1, ids.shape[1], 4), torch.tensor([1, 2]), 2, 1).exp().tolist() == [4]


def test_essence_equals_the_module():
    torch.manual_seed(0)
    table, tokens = torch.randn(11, 11), torch.randint(11, (50,))

    def causal(ids):
        """Logits from the running mean, so that the context counts."""
        return table[ids].cumsum(dim=1) / torch.arange(1, ids.shape[1] + 1)[:, None]

    torch.testing.assert_close(essence.perplexity(causal, tokens), perplexity(causal(tokens[None]), tokens[None]))
    for window, stride in ((8, 7), (8, 3), (8, 1), (60, 5)):
        expected = sliding_nll(causal, tokens, window, stride)
        torch.testing.assert_close(essence.sliding(causal, tokens, window, stride), expected)
