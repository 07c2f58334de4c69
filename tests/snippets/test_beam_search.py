"""Beam search against transformers' `generate`, and against trying everything."""

import itertools
import math

import pytest
import torch
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

from snippets.beam_search import beam_search, sequence_score
from snippets.essence import beam_search as essence


@pytest.fixture(scope="module")
def gpt2():
    """A tiny random GPT-2 with decided opinions: no two sequences score nearly the same."""
    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=7, n_positions=16, n_embd=16, n_layer=1, n_head=2, initializer_range=0.6, bos_token_id=None
    )
    config.eos_token_id = None
    return GPT2LMHeadModel(config).eval()


def forward(gpt2):
    """The model as `beam_search` wants it."""
    return lambda tokens: gpt2(tokens).logits


def markov(table):
    """A model that knows the last token alone."""
    return lambda tokens: table.log()[tokens]


def everything(model, prompt, vocabulary, steps, eos, alpha):
    """Every sequence that ends with `eos` or has full length, scored in one pass each, the best first."""
    found = {}
    for sequence in itertools.product(range(vocabulary), repeat=steps):
        end = sequence.index(eos) + 1 if eos in sequence else steps
        found[sequence[:end]] = sequence_score(model, prompt, list(sequence[:end]), alpha)
    return sorted(found.items(), key=lambda pair: -pair[1])


@pytest.mark.parametrize(("beams", "alpha"), [(1, 0.0), (2, 1.0), (4, 0.0), (4, 2.0)])
@pytest.mark.parametrize("eos", [None, 0, 5])
def test_equals_transformers(gpt2, beams, alpha, eos):
    prompt = torch.tensor([1, 4, 2])
    config = GenerationConfig(
        num_beams=beams,
        num_return_sequences=beams,
        max_new_tokens=6,
        length_penalty=alpha,
        early_stopping="never",
        do_sample=False,
        eos_token_id=eos,
        pad_token_id=6,
        return_dict_in_generate=True,
        output_scores=True,
    )
    if beams == 1:  # greedy, in transformers
        config.length_penalty = None
        config.early_stopping = None
    output = gpt2.generate(
        prompt.unsqueeze(0), attention_mask=torch.ones(1, 3, dtype=torch.long), generation_config=config
    )
    ours = beam_search(forward(gpt2), prompt, beams, 6, eos, alpha)
    assert len(ours) == beams
    for (sequence, _), theirs in zip(ours, output.sequences[:, 3:].tolist(), strict=True):
        assert sequence == theirs[: len(sequence)]
        assert set(theirs[len(sequence) :]) <= {6}
    if beams > 1:
        torch.testing.assert_close(
            torch.tensor([score for _, score in ours]), output.sequences_scores, atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("alpha", [-0.5, 0.0, 1.0])
@pytest.mark.parametrize("eos", [None, 1])
def test_enough_beams_find_the_best_of_all(device, alpha, eos):
    """With as many beams as there are beginnings nothing is ever dropped."""
    table = torch.rand(3, 3, device=device, dtype=torch.float64).softmax(dim=-1)
    prompt = torch.tensor([2, 0], device=device)
    expected = everything(markov(table), prompt, 3, 3, eos, alpha)
    ours = beam_search(markov(table), prompt, 27, 3, eos, alpha)
    assert len(ours) == len(expected)
    for (sequence, score), (best, value) in zip(ours, expected, strict=True):
        assert math.isclose(score, value, rel_tol=1e-9)
        assert math.isclose(sequence_score(markov(table), prompt, list(best), alpha), score, rel_tol=1e-9)
        assert sequence[-1] == eos or len(sequence) == 3


@pytest.mark.parametrize(("beams", "alpha"), [(1, 0.0), (4, 1.0)])
def test_scores_are_those_of_a_single_pass(gpt2, beams, alpha):
    prompt = torch.tensor([3, 3])
    for sequence, score in beam_search(forward(gpt2), prompt, beams, 5, 0, alpha):
        assert math.isclose(sequence_score(forward(gpt2), prompt, sequence, alpha), score, rel_tol=1e-5)


def test_page_example_by_hand(device):
    """A (1) has 0.5, then at best 0.4: 0.20. B (2) has 0.4, then 0.9: 0.36. Two beams find B."""
    table = torch.tensor([[1e-9, 0.5, 0.4, 0.1], [0.4, 0.2, 0.2, 0.2], [0.9, 0.05, 0.03, 0.02], [0.25] * 4])
    prompt = torch.tensor([0], device=device)
    for beams, first, probability in ((1, 1, 0.20), (2, 2, 0.36)):
        sequence, score = beam_search(markov(table.to(device)), prompt, beams, 2, alpha=0.0)[0]
        assert sequence == [first, 0]
        assert math.isclose(math.exp(score), probability, rel_tol=1e-5)


def test_length_penalty_decides_between_short_and_long(device):
    """End now with 0.4 (token 0), or go on with 0.6, then 0.6 and end with 1: 0.36 over 3 tokens.

    α = 0: ln 0.4 = -0.916 beats ln 0.36 = -1.022. α = 1: -0.916 / 1 loses to -1.022 / 3 = -0.341.
    """
    table = torch.tensor([[1.0, 0, 0, 0], [0.4, 0, 0.6, 0], [0.4, 0, 0, 0.6], [1.0, 0, 0, 0]], device=device)
    prompt = torch.tensor([1], device=device)
    best = [beam_search(markov(table), prompt, 3, 5, eos=0, alpha=alpha)[0] for alpha in (0.0, 1.0)]
    assert [sequence for sequence, _ in best] == [[0], [2, 3, 0]]
    assert [score for _, score in best] == pytest.approx([math.log(0.4), math.log(0.36) / 3], rel=1e-6)
    assert beam_search(markov(table), prompt, 3, 5, eos=0)[0] == best[1]
    assert sequence_score(markov(table), prompt, [2, 3, 0]) == pytest.approx(best[1][1])


def test_negative_length_penalty_looks_as_far_as_the_next_step(device):
    """α = -1 multiplies by the length. End (0) with 0.1; after 2 with 0.4; after 2, 3 for certain.

    ln 0.1 = -2.303, 2 ln 0.36 = -2.043. 2, 3 has ln 0.54 = -0.616: at least -1.849 after 3 tokens, -2.465 after 4.
    """
    table = torch.tensor([[1.0, 0, 0, 0], [0.1, 0, 0.9, 0], [0.4, 0, 0, 0.6], [1.0, 0, 0, 0]], device=device)
    found = beam_search(markov(table), torch.tensor([1], device=device), 2, 9, eos=0, alpha=-1.0)
    assert [sequence for sequence, _ in found] == [[2, 3, 0], [2, 0]]
    assert [score for _, score in found] == pytest.approx([3 * math.log(0.54), 2 * math.log(0.36)], rel=1e-6)


def test_impossible_sequences_are_not_returned(device):
    """Only one path exists: more beams find no second one."""
    table = torch.eye(3, device=device)[[1, 2, 0]]
    assert beam_search(markov(table), torch.tensor([0], device=device), 4, 3) == [([1, 2, 0], 0.0)]


def test_beams_beyond_the_vocabulary_and_a_vocabulary_of_one(device):
    table = torch.tensor([[0.7, 0.3], [0.2, 0.8]], device=device)
    found = beam_search(markov(table), torch.tensor([0], device=device), 10, 1)
    assert [sequence for sequence, _ in found] == [[0], [1]]
    one = torch.ones(1, 1, device=device)
    assert beam_search(markov(one), torch.tensor([0], device=device), 2, 3) == [([0, 0, 0], 0.0)]


def test_search_stops_once_nothing_can_become_better():
    """Ended with 1/2: ln 0.5 = -0.693. α = 0 or below: the other half starts lower and can only fall; one call.

    α = 1: it could score ln(0.25) / 5 = -0.277, then ln(0.25 · 0.3) / 5 = -0.518, then ln(0.25 · 0.09) / 5 = -0.759.
    """
    calls = []
    table = torch.tensor([[0.5, 0.25, 0.25], [0.4, 0.3, 0.3], [0.4, 0.3, 0.3]])

    def model(tokens):
        calls.append(tokens.shape)
        return table.log()[tokens]

    for alpha, asked in ((0.0, 1), (1.0, 3), (-2.0, 1)):
        calls.clear()
        assert beam_search(model, torch.tensor([0]), 1, 5, eos=0, alpha=alpha)[0][0] == [0]
        assert len(calls) == asked
    calls.clear()
    table = torch.eye(3)  # only the end is possible
    assert beam_search(model, torch.tensor([0]), 2, 5, eos=0) == [([0], 0.0)]
    assert len(calls) == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_models_are_summed_in_float64(device, dtype):
    logits = (4 * torch.randn(6, 6, device=device)).to(dtype)
    prompt = torch.tensor([0], device=device)
    half = beam_search(lambda tokens: logits[tokens], prompt, 3, 6)
    assert half == beam_search(lambda tokens: logits.double()[tokens], prompt, 3, 6)


@pytest.mark.parametrize(
    ("prompt", "beams", "steps", "message"),
    [
        (torch.tensor([0]), 0, 1, "beams 0"),
        (torch.tensor([0]), 1, 0, "steps 0"),
        (torch.zeros(0, dtype=torch.long), 1, 1, "prompt"),
        (torch.zeros(1, 1, dtype=torch.long), 1, 1, "prompt"),
    ],
)
def test_wrong_arguments_are_refused(prompt, beams, steps, message):
    with pytest.raises(ValueError, match=message):
        beam_search(lambda tokens: torch.zeros(*tokens.shape, 3), prompt, beams, steps)


def test_essence_equals_the_module():
    for seed in range(5):
        torch.manual_seed(seed)
        model, prompt = torch.randn(5, 5).__getitem__, torch.tensor([0, 2])
        for beams, alpha in ((1, 1.0), (3, 1.0), (4, 0.0)):
            expected = beam_search(model, prompt, beams, steps=4, alpha=alpha)
            sequences, scores = essence.beam_search(model, prompt, beams, 4, alpha)
            assert sequences.tolist() == [sequence for sequence, _ in expected]
            torch.testing.assert_close(scores, torch.tensor([score for _, score in expected]))
