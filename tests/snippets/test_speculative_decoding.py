"""Speculative decoding: the same distribution, exactly and by χ², and the tree mask against separate passes."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from snippets.essence import speculative_decoding as essence
from snippets.speculative_decoding import speculative_decode, tree_mask, verify


def markov(logits):
    """A model that knows the last token alone."""
    return lambda tokens: logits[tokens]


def chi_square(counts, probs):
    """Pearson's statistic, and a bound it exceeds by chance about once in a million (Wilson and Hilferty)."""
    expected = probs * counts.sum()
    freedom = len(counts) - 1
    bound = freedom * (1 - 2 / (9 * freedom) + 4.75 * math.sqrt(2 / (9 * freedom))) ** 3
    return ((counts - expected) ** 2 / expected).sum().item(), bound


def test_first_token_has_the_models_distribution():
    """Accepted with q min(1, p/q) = min(p, q), or rejected and drawn from the rest: together p."""
    torch.manual_seed(0)
    q, p = torch.tensor([0.6, 0.1, 0.2, 0.1]), torch.tensor([0.2, 0.5, 0.2, 0.1])
    counts = torch.zeros(4)
    for drafted in torch.multinomial(q, 1500, replacement=True):
        new, accepted = verify(drafted.reshape(1), q.unsqueeze(0), torch.stack([p, p]))
        counts[new[0]] += 1
        assert len(new) == accepted + 1
    statistic, bound = chi_square(counts, p)
    assert statistic < bound


def test_every_transition_has_the_models_distribution():
    """One long run of a chain: accepted, replaced and extra tokens alike follow the model, not the draft."""
    torch.manual_seed(0)
    table, off = torch.randn(2, 3, 3)
    new, accepted = speculative_decode(markov(table), markov(off), torch.tensor([0]), 900, lookahead=3)
    assert {0, 1, 2, 3} == set(accepted)
    tokens = torch.cat([torch.tensor([0]), new])
    for state, probs in enumerate(table.softmax(dim=-1)):
        counts = torch.bincount(tokens[1:][tokens[:-1] == state], minlength=3).float()
        statistic, bound = chi_square(counts, probs)
        assert statistic < bound
        if state == 0:  # the test would see the draft's own distribution
            assert chi_square(counts, off[state].softmax(dim=-1))[0] > bound


def test_share_accepted_is_the_overlap_of_the_distributions():
    """P(accept) = Σ q min(1, p/q) = Σ min(p, q); here 0.2 + 0.1 + 0.3 = 0.6, within 5 standard deviations."""
    torch.manual_seed(0)
    q, p = torch.tensor([0.6, 0.1, 0.3]), torch.tensor([0.2, 0.5, 0.3])
    drafts = torch.multinomial(q, 1500, replacement=True)
    accepted = sum(verify(draft.reshape(1), q.unsqueeze(0), p.expand(2, 3))[1] for draft in drafts)
    assert abs(accepted / 1500 - 0.6) < 5 * math.sqrt(0.6 * 0.4 / 1500)


def test_rejected_tokens_are_replaced_by_what_the_draft_left_out(device):
    """q = (0.5, 0.5, 0), p = (0, 0.5, 0.5): token 0 is never accepted, 1 always; p - q leaves token 2 alone."""
    draft_probs = torch.tensor([[0.5, 0.5, 0.0]], device=device)
    probs = torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]], device=device)
    for _ in range(20):
        new, accepted = verify(torch.tensor([0], device=device), draft_probs, probs)
        assert (new.tolist(), accepted) == ([2], 0)
        new, accepted = verify(torch.tensor([1], device=device), draft_probs, probs)
        assert (new.tolist(), accepted) == ([1, 2], 1)


def test_impossible_token_is_rejected_even_by_a_draw_of_zero(device, monkeypatch):
    def zeros(count, generator, device, dtype):
        assert dtype == torch.float64  # float32 draws 0 once in 16 million
        return torch.zeros(count, device=device, dtype=dtype)

    monkeypatch.setattr(torch, "rand", zeros)
    probs = torch.tensor([[0.0, 1.0], [0.0, 1.0]], device=device)
    new, accepted = verify(torch.tensor([0], device=device), torch.full((1, 2), 0.5, device=device), probs)
    assert (new.tolist(), accepted) == ([1], 0)


def test_nothing_after_the_first_rejection_is_kept(device):
    draft_probs = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], device=device)
    probs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]], device=device)
    new, accepted = verify(torch.tensor([0, 0, 0], device=device), draft_probs, probs)
    assert (new.tolist(), accepted) == ([0, 1], 1)


def test_perfect_draft_is_accepted_whole_and_saves_passes(device):
    table = torch.randn(6, 6, device=device)
    new, accepted = speculative_decode(markov(table), markov(table), torch.tensor([0, 3], device=device), 12, 3)
    assert len(new) == 12
    assert accepted == [3, 3, 3]  # 4 tokens a pass
    assert speculative_decode(markov(table), markov(table), torch.tensor([0], device=device), 10)[1] == [4, 4]


def test_certain_model_gives_its_only_sequence_whatever_the_draft(device):
    table = torch.full((4, 4), -math.inf, device=device)
    for token in range(4):
        table[token, (token + 1) % 4] = 0.0
    draft = markov(torch.zeros(4, 4, device=device))
    for lookahead in (1, 3, 5):
        new, _ = speculative_decode(markov(table), draft, torch.tensor([0], device=device), 7, lookahead)
        assert new.tolist() == [1, 2, 3, 0, 1, 2, 3]


def test_low_temperature_is_greedy_decoding_of_a_transformer():
    torch.manual_seed(0)
    shape = {"vocab_size": 20, "n_positions": 40, "n_embd": 16, "n_layer": 1, "n_head": 2, "initializer_range": 0.5}
    model, draft = (GPT2LMHeadModel(GPT2Config(**shape)).eval() for _ in range(2))
    prompt = torch.tensor([3, 1, 4])
    tokens = prompt
    with torch.no_grad():
        for _ in range(15):
            tokens = torch.cat([tokens, model(tokens.unsqueeze(0)).logits[0, -1:].argmax(dim=-1)])
    new, accepted = speculative_decode(
        lambda x: model(x).logits, lambda x: draft(x).logits, prompt, 15, lookahead=3, temperature=1e-4
    )
    assert new.tolist() == tokens[3:].tolist()
    assert 4 <= len(accepted) <= 15


def test_temperature_reaches_both_models(device):
    """At a very high temperature all tokens are equally likely to both: every draft is accepted."""
    table, off = torch.randn(2, 5, 5, device=device)
    _, accepted = speculative_decode(
        markov(table), markov(off), torch.tensor([0], device=device), 40, 4, temperature=1e9
    )
    assert set(accepted) == {4}


def test_same_generator_gives_the_same_tokens(device):
    table, off = torch.randn(2, 5, 5, device=device)

    def draw():
        generator = torch.Generator(device).manual_seed(7)
        prompt = torch.tensor([0], device=device)
        return speculative_decode(markov(table), markov(off), prompt, 20, generator=generator)[0].tolist()

    first = draw()
    torch.rand(3, device=device)
    assert draw() == first


def test_no_steps_ask_no_model():
    new, accepted = speculative_decode(None, None, torch.tensor([0]), 0)
    assert (new.tolist(), accepted) == ([], [])


def test_tree_mask_by_hand():
    """Two first tokens (0, 1); 0 has children 2 and 3, 1 has 4, and 3 has 5."""
    expected = [[0], [1], [0, 2], [0, 3], [1, 4], [0, 3, 5]]
    mask = tree_mask([-1, -1, 0, 0, 1, 3])
    assert [row.nonzero().flatten().tolist() for row in mask] == expected
    assert torch.equal(tree_mask(range(-1, 4)), torch.ones(5, 5).tril().bool())  # a chain is causal
    assert tree_mask([]).shape == (0, 0)


def test_tree_attention_equals_one_pass_per_branch(device):
    """Attention of each node under the mask, against causal attention over its branch alone."""
    parents = [-1, -1, 0, 0, 1, 3]
    query, key, value = torch.randn(3, 1, 2 + len(parents), 8, device=device, dtype=torch.float64)  # context of 2
    mask = torch.ones(8, 8, dtype=torch.bool, device=device).tril()
    mask[2:, 2:] = tree_mask(parents).to(device)
    together = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    for node in range(len(parents)):
        branch = [node]
        while parents[branch[0]] >= 0:
            branch.insert(0, parents[branch[0]])
        rows = [0, 1, *(2 + n for n in branch)]
        alone = F.scaled_dot_product_attention(query[:, rows], key[:, rows], value[:, rows], is_causal=True)
        torch.testing.assert_close(together[:, 2 + node], alone[:, -1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: verify(torch.tensor([0]), torch.ones(2, 3), torch.ones(2, 3)), "are not"),
        (lambda: verify(torch.tensor([0]), torch.ones(1, 3), torch.ones(1, 3)), "are not"),
        (lambda: verify(torch.tensor([0]), torch.ones(1, 3), torch.ones(2, 4)), "are not"),
        (lambda: speculative_decode(None, None, torch.zeros(0), 1), "prompt"),
        (lambda: speculative_decode(None, None, torch.zeros(1, 1), 1), "prompt"),
        (lambda: speculative_decode(None, None, torch.zeros(1), 1, 0), "lookahead 0"),
        (lambda: speculative_decode(None, None, torch.zeros(1), 1, 2, 0.0), "temperature 0.0"),
        (lambda: tree_mask([0]), "parent of node 0 is 0"),
        (lambda: tree_mask([-1, -2]), "parent of node 1 is -2"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_accepts_as_the_module():
    rejected = 0
    for seed in range(60):
        torch.manual_seed(seed)
        q, p = torch.randn(3, 7).double().softmax(-1), torch.randn(4, 7).double().softmax(-1)
        drafted = torch.cat([row.multinomial(1) for row in q])
        torch.manual_seed(seed)
        expected, accepted = verify(drafted, q, p)
        torch.manual_seed(seed)
        assert torch.equal(essence.verify(drafted, q, p), expected)
        rejected += accepted < 3
    assert 0 < rejected < 60
    half = torch.tensor([0.9, 0.1]), torch.tensor([0.7, 0.3])
    torch.testing.assert_close(essence.expected_tokens(*half, K=4), torch.tensor(3.3616))
