"""Tree verification: the exact law of all draws and all coins, a transformer's passes, Medusa's rule path by path."""

import itertools
import math

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import tree_verify as essence
from snippets.speculative_decoding import tree_mask
from snippets.tree_verify import draft_tree, typical_acceptance, verify_tree

# Rows of a chain of Markov: what follows a token. All that is compared with a coin is a multiple of 1/4, or 1 and more,
# so that coins of 1/8, 3/8, 5/8 and 7/8 have every outcome as often as it happens.
P = torch.stack([torch.tensor([1.0, 1, 2, 4]).div(8).roll(by) for by in range(4)]).double()
Q = torch.stack([torch.tensor([4.0, 2, 1, 1]).div(8).roll(by) for by in range(4)]).double()
V, START = 4, 0


def tree(branching):
    parents, level = [], [-1]
    for width in branching:
        start = len(parents)
        parents += [node for node in level for _ in range(width)]
        level = range(start, len(parents))
    return parents


def outcomes(branching, kind, monkeypatch):
    """Every tree that may be drawn, every throw of the coins: weights, tokens, what is accepted, what is left."""
    parents = tree(branching)
    rows, weights = [], []
    for tokens in itertools.product(range(V), repeat=len(parents)):
        weight = 1.0
        for node, parent in enumerate(parents):
            last = tokens[parent] if parent >= 0 else START
            before = [tokens[other] for other in range(node) if parents[other] == parent]
            if kind == "chosen":  # in some order
                weight *= tokens[node] == P[last].argsort(descending=True, stable=True)[len(before)].item()
            elif kind == "replacement":
                weight *= Q[last, tokens[node]].item()
            elif tokens[node] in before:
                weight = 0.0
            elif weight:
                weight *= Q[last, tokens[node]].item() / (1 - Q[last, before].sum().item())
        if weight:
            rows.append(tokens)
            weights.append(weight)
    coins = torch.tensor(list(itertools.product((0.125, 0.375, 0.625, 0.875), repeat=len(parents))))
    tokens = torch.tensor(rows).repeat_interleave(len(coins), dim=0)  # (B, N)
    weights = torch.tensor(weights, dtype=torch.float64).repeat_interleave(len(coins)) / len(coins)
    asked = []
    monkeypatch.setattr(torch, "rand", lambda shape, **more: coins.to(more["dtype"]).repeat(len(rows), 1))
    monkeypatch.setattr(torch, "multinomial", lambda left, *_, **__: asked.append(left) or left[:, :1].long())
    places = torch.cat([torch.full((len(tokens), 1), START), tokens], dim=1)
    draft_probs = None if kind == "chosen" else Q[places]
    accepted, _ = verify_tree(tokens, parents, P[places], draft_probs, kind == "replacement")
    monkeypatch.undo()
    assert weights.sum().item() == pytest.approx(1)
    return weights, tokens, accepted, asked[0] / asked[0].sum(dim=1, keepdim=True)


@pytest.mark.parametrize("kind", ["drawn", "replacement", "chosen"])
@pytest.mark.parametrize("branching", [(1,), (2,), (3,), (1, 1), (1, 2), (2, 1)])
def test_what_comes_out_has_the_models_distribution(branching, kind, monkeypatch):
    """Exactly: the accepted path, the token after it, and on by the model, against the product of its probabilities."""
    weights, tokens, accepted, left = outcomes(branching, kind, monkeypatch)
    count = accepted.sum(dim=1)
    law = weights
    for at in range(len(branching) + 1):
        which = (accepted & (accepted.cumsum(dim=1) == at + 1)).long().argmax(dim=1, keepdim=True)
        path = torch.nn.functional.one_hot(tokens.gather(1, which).squeeze(1), V).double()  # (B, V)
        own = torch.where((at < count).unsqueeze(1), path, left)
        if at == 0:
            law = law.unsqueeze(1) * own
            expected = P[START]
            continue
        step = torch.where((at > count)[:, None, None], P, own.unsqueeze(1))  # (B, before, V)
        law = law.unsqueeze(-1) * step.view(len(law), *[1] * (at - 1), V, V)
        expected = expected.unsqueeze(-1) * P
    torch.testing.assert_close(law.sum(dim=0), expected)


def test_siblings_are_worth_more_when_they_differ(monkeypatch):
    """By hand: p (1, 1, 2, 4) / 8, q (4, 2, 1, 1) / 8. Σ min(p, q) = 1/2 of first children are kept, and p becomes
    (0, 0, 1/4, 3/4). Drawn from q again, a second one is kept with 1/8 + 1/8. Where siblings differ, q has become
    (0, 2, 1, 1) / 4 after a 0 that was refused (3/8 of all), of which 1/2 is kept, or (4, 0, 1, 1) / 6 after a 1 that
    was refused (1/8), of which 1/3 is.
    """
    shares = {}
    for branching, kind in (((1,), "drawn"), ((2,), "replacement"), ((2,), "drawn")):
        weights, _, accepted, _ = outcomes(branching, kind, monkeypatch)
        shares[branching, kind] = (weights * accepted.any(dim=1)).sum().item()
    assert shares[(1,), "drawn"] == pytest.approx(1 / 2)
    assert shares[(2,), "replacement"] == pytest.approx(1 / 2 + 1 / 2 * 1 / 4)
    assert shares[(2,), "drawn"] == pytest.approx(1 / 2 + 3 / 8 * 1 / 2 + 1 / 8 * 1 / 3)


def test_coins_and_last_tokens_are_drawn_as_they_should(device):
    """20,000 rows of one tree of two children; five standard deviations, which the draft's own law is far beyond."""
    p, q = P[START].to(device).float(), Q[START].to(device).float()
    context = torch.zeros(20_000, 1, dtype=torch.long, device=device)
    tokens, parents, draft_probs = draft_tree(lambda path: q.expand(len(path), V), context, (2,))
    accepted, extra = verify_tree(tokens, parents, p.expand(len(context), 3, V), draft_probs)
    first = torch.where(accepted.any(dim=1), (tokens * accepted).sum(dim=1), extra)
    found = torch.bincount(first, minlength=V) / len(context)
    assert ((found - p).abs() < 5 * (p * (1 - p) / len(context)).sqrt()).all()
    assert (found - q).abs().max() > 0.3


def test_children_nobody_can_want_are_refused_even_by_a_coin_of_zero(device, monkeypatch):
    def zeros(shape, generator, device, dtype):
        assert dtype == torch.float64  # float32 draws 0 once in 16 million
        return torch.zeros(shape, device=device, dtype=dtype)

    monkeypatch.setattr(torch, "rand", zeros)
    probs = torch.tensor([0.0, 1.0], device=device).expand(1, 3, 2)
    accepted, extra = verify_tree(torch.tensor([[0, 0]], device=device), [-1, -1], probs)
    assert (accepted.tolist(), extra.tolist()) == ([[False, False]], [1])


def test_certain_model_walks_down_its_only_path(device):
    """Each row of the batch its own: of two levels of two, one path; what is beside it is not taken."""
    tokens = torch.tensor([[1, 2, 0, 3, 3, 1], [0, 2, 3, 1, 3, 1], [0, 1, 2, 3, 2, 3]], device=device)
    table = torch.eye(4, device=device).roll(1, dims=1)  # 0, 1, 2, 3, 0
    places = torch.cat([torch.tensor([[1], [1], [1]], device=device), tokens], dim=1)
    parents = [-1, -1, 0, 0, 1, 1]
    accepted, extra = verify_tree(tokens, parents, table[places])
    assert accepted.int().tolist() == [[0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]]
    assert extra.tolist() == [0, 0, 2]


def test_order_of_the_nodes_may_be_any_with_parents_first(device):
    """A child between its parent and its parent's sibling."""
    tokens = torch.tensor([[2, 3, 0], [0, 3, 2]], device=device)
    table = torch.eye(4, device=device).roll(1, dims=1)
    places = torch.cat([torch.tensor([[1], [1]], device=device), tokens], dim=1)
    accepted, extra = verify_tree(tokens, [-1, 0, -1], table[places])
    assert accepted.int().tolist() == [[1, 1, 0], [0, 0, 1]]
    assert extra.tolist() == [0, 3]


def test_tree_is_drawn_level_by_level(device):
    seen = []

    def draft(paths):
        seen.append(paths.tolist())
        one = torch.eye(5, device=device)
        return 0.9 * one[(paths[:, -1] + 1) % 5] + 0.1 * one[paths[:, 0]]

    context = torch.tensor([[0, 1], [3, 0]], device=device)
    tokens, parents, draft_probs = draft_tree(draft, context, (2, 1))
    assert parents == [-1, -1, 0, 1]
    assert seen[0] == context.tolist()
    assert seen[1] == [[0, 1, *tokens[0, :1].tolist()], [0, 1, *tokens[0, 1:2].tolist()],
                       [3, 0, *tokens[1, :1].tolist()], [3, 0, *tokens[1, 1:2].tolist()]]  # fmt: skip
    assert sorted(tokens[0, :2].tolist()) == [0, 2] and sorted(tokens[1, :2].tolist()) == [1, 3]  # no two the same
    torch.testing.assert_close(draft_probs[0, 0].cpu(), torch.tensor([0.1, 0, 0.9, 0, 0]))
    torch.testing.assert_close(draft_probs[:, 1:3].flatten(0, 1), draft(torch.tensor(seen[1], device=device)))
    assert draft_probs.shape == (2, 5, 5) and not draft_probs[:, 3:].any()


def test_siblings_may_be_the_same_with_replacement(device):
    one = torch.tensor([0.0, 1.0, 0.0], device=device)
    tokens, _, _ = draft_tree(lambda paths: one.expand(len(paths), 3), torch.zeros(1, 1).long().to(device), (2,), True)
    assert tokens.tolist() == [[1, 1]]
    with pytest.raises(RuntimeError):
        draft_tree(lambda paths: one[1:].expand(len(paths), 2), torch.zeros(1, 1).long().to(device), (3,))


def test_same_generators_give_the_same_tree_and_the_same_tokens(device):
    def once():
        generator = torch.Generator(device).manual_seed(5)
        context = torch.zeros(40, 1, dtype=torch.long, device=device)
        q, p = Q.to(device), P.to(device)
        tokens, parents, drawn = draft_tree(lambda path: q[path[:, -1]], context, (2, 2), generator=generator)
        return tokens, *verify_tree(tokens, parents, p[torch.cat([context, tokens], 1)], drawn, generator=generator)

    first = once()
    torch.rand(3, device=device)
    for one, other in zip(first, once(), strict=True):
        assert torch.equal(one, other)


def test_one_pass_under_the_mask_scores_all_branches_of_a_transformer():
    """Positions are depths; then a greedy model's own words come out, in fewer passes."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 11, "hidden_size": 16, "intermediate_size": 24}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "initializer_range": 0.5}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **layers)).eval()
    context = torch.tensor([[3, 1, 4, 1]])

    def draft(paths):  # near the model: its logits, and something else
        logits = model(paths).logits[:, -1]
        return (logits + 2 * torch.sin(7 * logits)).softmax(dim=-1)

    with torch.no_grad():
        wanted, passes = context, 0
        for _ in range(12):
            wanted = torch.cat([wanted, model(wanted).logits[:, -1:].argmax(dim=-1)], dim=1)
        while context.shape[1] < wanted.shape[1]:
            tokens, parents, _ = draft_tree(draft, context, (3, 2))
            size, length = len(parents), context.shape[1]
            mask = torch.ones(length + size, length + size, dtype=torch.bool).tril()
            mask[length:, length:] = tree_mask(parents)
            positions = torch.cat([torch.arange(length), length - 1 + tree_mask(parents).sum(dim=1)])
            given = {"attention_mask": torch.where(mask, 0.0, -torch.inf)[None, None], "position_ids": positions[None]}
            logits = model(torch.cat([context, tokens], dim=1), **given).logits[:, length - 1 :]
            for node in range(size):
                branch = torch.cat([context[0], tokens[0, tree_mask(parents)[node]]])[None]
                torch.testing.assert_close(logits[0, node + 1], model(branch).logits[0, -1], atol=1e-4, rtol=1e-4)
            accepted, extra = verify_tree(tokens, parents, torch.eye(11)[logits.argmax(dim=-1)])
            context = torch.cat([context, tokens[accepted][None], extra[None]], dim=1)
            passes += 1
    assert context[0, : wanted.shape[1]].tolist() == wanted[0].tolist()
    assert passes < 12


def medusa(tokens, parents, probs, threshold, alpha):
    """From each node up to the root, in plain Python."""
    best = (0, 0.0, [])
    for leaf in range(len(parents)):
        path = [leaf]
        while parents[path[0]] >= 0:
            path.insert(0, parents[path[0]])
        likely = 0.0
        for node in path:
            p = probs[parents[node] + 1]
            entropy = -sum(x * math.log(x) for x in p if x > 0)
            if not p[tokens[node]] > min(threshold, alpha * math.exp(-entropy)):
                break
            likely += math.log(p[tokens[node]])
        else:
            best = max(best, (len(path), likely, path), key=lambda one: one[:2])
    return [node in best[2] for node in range(len(parents))]


def test_typical_acceptance_equals_medusas_rule_path_by_path(device):
    parents = [-1, -1, 0, 0, 1, 3, 4]
    tokens = torch.randint(5, (60, 7), device=device)
    probs = (2.5 * torch.randn(60, 8, 5, device=device)).softmax(dim=-1)
    depths = set()
    for settings in ({}, {"posterior_threshold": 0.3, "posterior_alpha": 0.9}):
        found = typical_acceptance(tokens, parents, probs, **settings)
        depths |= set(found.sum(dim=1).tolist())
        limits = (settings.get("posterior_threshold", 0.09), settings.get("posterior_alpha", 0.3))
        assert found.tolist() == [
            medusa(row, parents, p, *limits) for row, p in zip(tokens.tolist(), probs.double().tolist(), strict=True)
        ]
    assert depths == {0, 1, 2, 3}


def test_typical_acceptance_by_hand(device):
    """Two even words: exp(-entropy) = 1/2, the bar is min(0.09, 0.15). A sure place has the bar min(0.09, 0.3)."""
    even, sure = [0.5, 0.5, 0.0], [0.92, 0.08, 0.0]
    probs = torch.tensor([[even, sure, sure]], device=device)
    assert typical_acceptance(torch.tensor([[1, 0]], device=device), [-1, 0], probs).tolist() == [[True, True]]
    assert typical_acceptance(torch.tensor([[1, 1]], device=device), [-1, 0], probs).tolist() == [[True, False]]
    assert typical_acceptance(torch.tensor([[2, 0]], device=device), [-1, 0], probs).tolist() == [[False, False]]
    lower = typical_acceptance(torch.tensor([[1, 1]], device=device), [-1, 0], probs, posterior_threshold=0.07)
    assert lower.tolist() == [[True, True]]
    flat, first = torch.full((1, 2, 16), 1 / 16, device=device), torch.zeros(1, 1, dtype=torch.long, device=device)
    assert typical_acceptance(first, [-1], flat).item()  # 1/16 is below 0.09 and above 0.3 / 16
    assert not typical_acceptance(first, [-1], probs[:, :2], posterior_threshold=0.5, posterior_alpha=9.0).item()


def test_typical_acceptance_takes_the_longer_path_before_the_likelier(device):
    """One sure word, or two of 0.3 each; of paths as long as each other the likelier."""
    tokens, sure = torch.tensor([[0, 1, 2, 0, 1]], device=device), [0.0, 0.0, 1.0]
    probs = torch.tensor([[[0.3, 0.35, 0.35], [0.3, 0.4, 0.3], sure, sure, sure, sure]], device=device)
    found = typical_acceptance(tokens, [-1, -1, -1, 0, 0], probs)
    assert found.tolist() == [[True, False, False, False, True]]


TOKENS, PROBS = torch.zeros(2, 3, dtype=torch.long), torch.full((2, 4, 5), 0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((TOKENS, [-1, 0], PROBS), "2 parents"),
        ((TOKENS, [-1, 0, 0], PROBS[:, :3]), "do not fit"),
        ((TOKENS, [-1, 0, 0], PROBS[:1]), "do not fit"),
        ((TOKENS, [-1, 0, 0], PROBS[..., 0]), "do not fit"),
        ((TOKENS[:, :0], [], PROBS[:, :1]), "0 parents"),
        ((TOKENS, [-1, 1, 0], PROBS), "parent of node 1 is 1, not between -1 and 0"),
        ((TOKENS, [-1, 0, -2], PROBS), "parent of node 2 is -2"),
    ],
)
def test_trees_that_do_not_fit_are_refused(arguments, message):
    for rule in (verify_tree, typical_acceptance):
        with pytest.raises(ValueError, match=message):
            rule(*arguments)


def test_drafts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="draft_probs"):
        verify_tree(TOKENS, [-1, 0, 0], PROBS, PROBS[:, :3])
    for context, branching in ((TOKENS[0], (2,)), (TOKENS[:, :0], (2,)), (TOKENS, ()), (TOKENS, (2, 0))):
        with pytest.raises(ValueError, match="branching"):
            draft_tree(lambda paths: PROBS[0, :1], context, branching)


def test_essence_accepts_as_the_module():
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        context = torch.zeros(1, 1, dtype=torch.long)
        tokens, parents, drawn = draft_tree(lambda path: Q[path[:, -1]], context, (2, 2), generator=generator)
        probs = P[torch.cat([context, tokens], dim=1)]
        torch.manual_seed(seed)
        accepted, extra = verify_tree(tokens, parents, probs, drawn)
        torch.manual_seed(seed)
        path = essence.verify(tokens[0], parents, probs[0], drawn[0])
        assert path.tolist() == [*tokens[accepted].tolist(), *extra.tolist()]
